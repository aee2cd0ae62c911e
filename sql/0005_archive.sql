-- The archive (R-28): what belongs to events that are long over, out of the way of those that are not.
--
-- A table here has the columns of the live one, in its order; a migration that changes one of them
-- changes both. A row is in one of the two, never in both: it moves in one transaction.

CREATE TABLE archive_booking (LIKE booking, PRIMARY KEY (event_id, id));
CREATE UNIQUE INDEX archive_booking_ticket ON archive_booking (ticket_ref) WHERE ticket_ref IS NOT NULL;

CREATE TABLE archive_seat (LIKE seat, PRIMARY KEY (event_id, no));

CREATE TABLE archive_payment (LIKE payment, PRIMARY KEY (event_id, id));
CREATE INDEX archive_payment_booking ON archive_payment (booking_id);

CREATE TABLE archive_refund (LIKE refund, PRIMARY KEY (event_id, id));
CREATE INDEX archive_refund_booking ON archive_refund (booking_id);

CREATE TABLE archive_journal (LIKE journal, PRIMARY KEY (event_id, xid, seq));
CREATE INDEX archive_journal_booking ON archive_journal (booking_id, seq) WHERE booking_id IS NOT NULL;

ALTER TABLE event
	ADD COLUMN archiving_at timestamptz,          -- since then its rows are moved, and it is not to be changed
	ADD COLUMN archived_at timestamptz;           -- all of them are

-- Whether nothing will happen to a booking any more that somebody would have to be told of: it is
-- final or confirmed, no money is on its way, and every reader of the journal has passed (told_xid,
-- told_seq) and so all of its rows. A session that never ended counts as open for a day.
CREATE FUNCTION rowlock_settled(b booking, told_xid xid8, told_seq bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT b.status IN ('confirmed', 'cancelled', 'expired', 'failed', 'refunded')
	       AND NOT EXISTS (SELECT FROM refund r WHERE r.booking_id = b.id AND r.status = 'pending')
	       AND NOT EXISTS (SELECT FROM payment p WHERE p.booking_id = b.id AND p.status = 'pending'
	                       AND coalesce(p.expires_at, p.created_at + interval '1 day') > now())
	       AND NOT EXISTS (SELECT FROM journal j WHERE j.booking_id = b.id
	                       AND (j.xid, j.seq) > (told_xid, told_seq))
$$;

-- Moves a piece of one event that began more than `days` days ago: at most `most` of its bookings,
-- each with its payments, refunds and journal rows; when none are left, of the journal rows of the
-- event itself; then of its seats. Says what it moved, and in outcome:
--   more    call again
--   waits   what is left cannot be moved yet: it is not settled, not told, or somebody is at it
--   done    nothing is left; archived_at is set
--   busy    it is not due, or done already, or somebody else is at it
--
-- The workers may call this and not delete rows by themselves; hence it runs with the rights of its
-- owner, and looks for itself whether the event is due. It never waits for rows that others have
-- locked, and may be ended or called twice at any point: a piece is one transaction.
CREATE FUNCTION rowlock_archive(which int, days int, most int, OUT bookings int, OUT payments int,
                                OUT refunds int, OUT journal_rows int, OUT seats int, OUT outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	told_xid xid8;  -- the slowest reader's place; null: there are no readers
	told_seq bigint;
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

	-- A seat whose booking is not in the archive was taken by one that has just been made.
	WITH free AS (
		SELECT s.no FROM seat s
		WHERE s.event_id = which AND (s.hold_until > now()) IS NOT TRUE
		      AND (s.booking_id IS NULL OR EXISTS (
		           SELECT FROM archive_booking b WHERE b.event_id = which AND b.id = s.booking_id))
		ORDER BY s.no LIMIT most FOR UPDATE OF s SKIP LOCKED),
	gone AS (DELETE FROM seat s USING free WHERE s.event_id = which AND s.no = free.no RETURNING s.*)
	INSERT INTO archive_seat SELECT * FROM gone;
	GET DIAGNOSTICS seats = ROW_COUNT;
	IF seats > 0 THEN
		outcome := 'more';
	ELSIF NOT EXISTS (SELECT FROM seat s WHERE s.event_id = which) THEN
		UPDATE event SET archived_at = now() WHERE id = which;
		outcome := 'done';
	END IF;
END
$$;

-- New functions are everybody's to call unless that is taken back.
REVOKE ALL ON FUNCTION rowlock_settled(booking, xid8, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION rowlock_archive(int, int, int) FROM PUBLIC;

CREATE OR REPLACE FUNCTION rowlock_grant(worker name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
	EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', worker);
	EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', worker);
	EXECUTE format('GRANT INSERT ON plan, event, section, seat, booking, journal, cursor, stream_ticket,'
	               ' hold, payment, refund, processed_event, parked_event, idempotency_key, ticket,'
	               ' event_cancellation, gateway_session, gateway_refund, gateway_callback TO %I', worker);
	EXECUTE format('GRANT UPDATE ON event, seat, booking, cursor, hold, payment, refund, parked_event,'
	               ' event_cancellation, gateway_session, gateway_callback TO %I', worker);
	EXECUTE format('GRANT DELETE ON stream_ticket, hold, processed_event, parked_event, idempotency_key'
	               ' TO %I', worker);
	EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', worker);
	EXECUTE format('GRANT EXECUTE ON FUNCTION rowlock_archive(int, int, int) TO %I', worker);
END
$$;
