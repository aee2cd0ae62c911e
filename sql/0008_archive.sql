-- An event is in the archive once nobody can book any more who had begun before, and once the sweeper has
-- set its held seats free: a booking that was accepted at that moment stayed behind for ever, and so
-- did what the journal says of those seats.

ALTER TABLE event
	ADD COLUMN archiving_after xid8;              -- all who may have seen the event on sale are below

-- Moves a piece of one event that began more than `days` days ago: at most `most` of its bookings,
-- each with its payments, refunds and journal rows; when none are left, of the journal rows of the
-- event itself; then of its seats. Says what it moved, and in outcome:
--   more    call again
--   waits   what is left cannot be moved yet: it is not settled, not told, not swept, or somebody is at it
--   others  nothing is left, but a transaction that may have seen the event on sale has not ended
--   done    nothing is left; archived_at is set
--   busy    it is not due, or done already, or somebody else is at it
--
-- The workers may call this and not delete rows by themselves; hence it runs with the rights of its
-- owner, and looks for itself whether the event is due. It never waits for rows that others have
-- locked, and may be ended or called twice at any point: a piece is one transaction.
CREATE OR REPLACE FUNCTION rowlock_archive(which int, days int, most int, OUT bookings int, OUT payments int,
                                OUT refunds int, OUT journal_rows int, OUT seats int, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	told_xid xid8;  -- the slowest reader's place; null: there are no readers
	told_seq bigint;
	since xid8;     -- all who may have seen the event on sale are below; null: that is not known yet
	ids uuid[];
BEGIN
	bookings := 0; payments := 0; refunds := 0; journal_rows := 0; seats := 0; outcome := 'busy';
	IF days IS NULL OR days < 1 OR most IS NULL OR most < 1 THEN
		RAISE EXCEPTION 'days and most must be 1 or more' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM FROM event WHERE id = which AND starts_at < now() - days * interval '1 day' AND archived_at IS NULL
		FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	UPDATE event SET archiving_at = now(), status = CASE status WHEN 'on_sale' THEN 'closed' ELSE status END
		WHERE id = which AND archiving_at IS NULL;
	-- By a later transaction, because whoever began before that COMMIT does not see it.
	UPDATE event SET archiving_after = pg_snapshot_xmax(pg_current_snapshot())
		WHERE id = which AND archiving_at < now() AND archiving_after IS NULL;
	SELECT e.archiving_after INTO since FROM event e WHERE e.id = which;
	SELECT c.xid, c.seq INTO told_xid, told_seq FROM cursor c ORDER BY c.xid, c.seq LIMIT 1;

	-- Locked first, then looked at again: what was changed meanwhile is only seen by a new statement.
	SELECT array_agg(c.id) INTO ids FROM (
		SELECT b.id FROM booking b WHERE b.event_id = which AND rowlock_settled(b, told_xid, told_seq)
		ORDER BY b.id LIMIT most FOR UPDATE SKIP LOCKED) AS c;
	IF ids IS NOT NULL THEN
		SELECT array_agg(b.id) INTO ids FROM booking b
			WHERE b.event_id = which AND b.id = ANY (ids) AND rowlock_settled(b, told_xid, told_seq);
		WITH gone AS (DELETE FROM journal j WHERE j.booking_id = ANY (ids) RETURNING *)
			INSERT INTO archive_journal SELECT * FROM gone;
		GET DIAGNOSTICS journal_rows = ROW_COUNT;
		WITH gone AS (DELETE FROM payment p WHERE p.booking_id = ANY (ids) RETURNING *)
			INSERT INTO archive_payment SELECT * FROM gone;
		GET DIAGNOSTICS payments = ROW_COUNT;
		WITH gone AS (DELETE FROM refund r WHERE r.booking_id = ANY (ids) RETURNING *)
			INSERT INTO archive_refund SELECT * FROM gone;
		GET DIAGNOSTICS refunds = ROW_COUNT;
		WITH gone AS (DELETE FROM booking b WHERE b.event_id = which AND b.id = ANY (ids) RETURNING *)
			INSERT INTO archive_booking SELECT * FROM gone;
		GET DIAGNOSTICS bookings = ROW_COUNT;
		outcome := 'more';
		RETURN;
	END IF;
	outcome := 'waits';
	IF EXISTS (SELECT FROM booking b WHERE b.event_id = which) THEN
		RETURN;
	END IF;

	-- A booking may have been made since: its rows stay with it.
	WITH told AS (
		SELECT j.xid, j.seq FROM journal j
		WHERE j.event_id = which AND ((j.xid, j.seq) > (told_xid, told_seq)) IS NOT TRUE
		      AND NOT EXISTS (SELECT FROM booking b WHERE b.event_id = which AND b.id = j.booking_id)
		ORDER BY j.xid, j.seq LIMIT most FOR UPDATE OF j SKIP LOCKED),
	gone AS (
		DELETE FROM journal j USING told WHERE j.event_id = which AND j.xid = told.xid AND j.seq = told.seq
		RETURNING j.*)
	INSERT INTO archive_journal SELECT * FROM gone;
	GET DIAGNOSTICS journal_rows = ROW_COUNT;
	IF journal_rows > 0 THEN
		outcome := 'more';
		RETURN;
	END IF;
	IF EXISTS (SELECT FROM journal j WHERE j.event_id = which) THEN
		RETURN;
	END IF;

	-- A seat whose booking is not in the archive was taken by one that has just been made. One that was
	-- held until a time is the sweeper's: he sets it free and says so.
	WITH free AS (
		SELECT s.no FROM seat s
		WHERE s.event_id = which AND (s.hold_until > now()) IS NOT TRUE
		      AND (s.status <> 'held' OR NOT EXISTS (
		           SELECT FROM hold h WHERE h.event_id = which AND s.no = ANY (h.seats)))
		      AND (s.booking_id IS NULL OR EXISTS (
		           SELECT FROM archive_booking b WHERE b.event_id = which AND b.id = s.booking_id))
		ORDER BY s.no LIMIT most FOR UPDATE OF s SKIP LOCKED),
	gone AS (DELETE FROM seat s USING free WHERE s.event_id = which AND s.no = free.no RETURNING s.*)
	INSERT INTO archive_seat SELECT * FROM gone;
	GET DIAGNOSTICS seats = ROW_COUNT;
	IF seats > 0 THEN
		outcome := 'more';
	ELSIF EXISTS (SELECT FROM seat s WHERE s.event_id = which) THEN
		RETURN;
	ELSIF (pg_snapshot_xmin(pg_current_snapshot()) >= since) IS NOT TRUE THEN
		outcome := 'others';
	ELSIF EXISTS (SELECT FROM booking b WHERE b.event_id = which)
	      OR EXISTS (SELECT FROM journal j WHERE j.event_id = which) THEN
		outcome := 'more';  -- that is what one of them did
	ELSE
		UPDATE event SET archived_at = now() WHERE id = which;
		outcome := 'done';
	END IF;
END
$$;
