-- A refund that its provider refused for good is not over: somebody has to look after it. Until then
-- its booking stays where things can be changed, and is not moved to the archive (R-28).

-- Whether money is owed by a refund that failed: not so once it was given back in another way.
-- Everybody's to call: it reads with the rights of its caller.
CREATE FUNCTION rowlock_owed(r refund) RETURNS boolean LANGUAGE sql STABLE AS $$
	SELECT r.status = 'failed' AND EXISTS (
		SELECT FROM payment p WHERE p.event_id = r.event_id AND p.id = r.payment_id AND p.captured > (
			SELECT coalesce(sum(o.amount), 0) FROM refund o
			WHERE o.booking_id = r.booking_id AND o.payment_id = r.payment_id AND o.status <> 'failed'))
$$;

CREATE OR REPLACE FUNCTION rowlock_settled(b booking, told_xid xid8, told_seq bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT b.status IN ('confirmed', 'cancelled', 'expired', 'failed', 'refunded')
	       AND NOT EXISTS (SELECT FROM refund r WHERE r.booking_id = b.id
	                       AND (r.status = 'pending' OR rowlock_owed(r)))
	       AND NOT EXISTS (SELECT FROM payment p WHERE p.booking_id = b.id AND p.status = 'pending'
	                       AND coalesce(p.expires_at, p.created_at + interval '1 day') > now())
	       AND NOT EXISTS (SELECT FROM journal j WHERE j.booking_id = b.id
	                       AND (j.xid, j.seq) > (told_xid, told_seq))
$$;
