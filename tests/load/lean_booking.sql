-- One booking of two random seats as one lean statement, for pgbench: locks and writes exactly
-- the rows that one booking of ours locks and writes, and decides nothing else (no limits,
-- no policy, no token). P-1 and P-2 are measured against it; tests/db/test_lean_booking.py holds
-- the two to the same rows.
--
-- Variables: first, events (the events' numbers), seats (how many each has).
\set e random(:first, :first + :events - 1)
\set a random(1, :seats)
\set b (:a + random(1, :seats - 1) - 1) % :seats + 1
\set u random(1, 1000000000)
WITH free AS MATERIALIZED (
	SELECT no, price FROM seat
	WHERE event_id = :e::int AND no IN (:a::int, :b::int) AND status = 'free'
	ORDER BY no FOR UPDATE
), booked AS (
	INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total, currency, expires_at)
	SELECT :e::int, gen_random_uuid(), :u::text, 'pending', array_agg(no), array_agg(price),
	       2, sum(price), 'USD', now() + interval '10 minutes'
	FROM free HAVING count(*) = 2
	RETURNING *
), taken AS (
	UPDATE seat s
	SET status = 'reserved', holder = b.user_id, hold_until = b.expires_at, booking_id = b.id
	FROM booked b
	WHERE s.event_id = :e::int AND s.no IN (:a::int, :b::int)
)
INSERT INTO journal (event_id, booking_id, user_id, type, correlation_id, payload)
SELECT event_id, id, user_id, 'booking.created', gen_random_uuid()::text,
       jsonb_build_object('seats', seats, 'prices', prices, 'total', total,
                          'currency', currency, 'expiresAt', expires_at)
FROM booked;
