-- A row of hold is looked at when the first of its seats ends, not the last: who went on holding others
-- kept those that had lapsed from being set free.

COMMENT ON COLUMN hold.expires_at IS 'no seat ends before: the sweeper looks at the row then';

UPDATE hold h SET expires_at = coalesce((
	SELECT min(s.hold_until) FROM seat s
	WHERE s.event_id = h.event_id AND s.no = ANY (h.seats) AND s.status = 'held' AND s.holder = h.user_id),
	h.expires_at);
