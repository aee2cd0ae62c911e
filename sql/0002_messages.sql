-- What is told to the world: readers of the journal, bookings that are seated later, tickets of
-- streams, and the first payments.

-- Through /api/booking a buyer asks for a section and is seated later (R-30, R-31). For such a
-- booking `seats` are those asked for until it is pending, and those that it has from then on.
ALTER TABLE booking
	ADD COLUMN queued boolean NOT NULL DEFAULT false,
	ADD COLUMN section text,                      -- as asked for; null: any
	ADD COLUMN subsection int,                    -- likewise
	ADD COLUMN positions jsonb;                   -- its seats as "row-seat", in the buyer's own spelling

-- Those that wait to be seated, oldest first.
CREATE INDEX booking_requested ON booking (number) WHERE status = 'requested';
CREATE INDEX event_seller ON event (seller);

-- How far each reader of the journal has come: all rows up to and with (xid, seq) are told.
CREATE TABLE cursor (
	name    text PRIMARY KEY,                     -- the sink: redis, kafka
	xid     xid8 NOT NULL,
	seq     bigint NOT NULL,
	trouble text,                                 -- why the sink does not take rows; null: it does
	seen_at timestamptz NOT NULL DEFAULT now()    -- the reader's last sign of life
);

-- A browser's EventSource cannot send a token: it sends one of these, once (http-api.md, Common).
CREATE TABLE stream_ticket (
	hash       text PRIMARY KEY,                  -- SHA-256 of the ticket, hex
	user_id    text NOT NULL,
	user_name  text,
	role       text NOT NULL,
	expires_at timestamptz NOT NULL
);

CREATE TYPE payment_status AS ENUM ('pending', 'completed', 'failed', 'expired', 'refunded');

CREATE TABLE payment (
	event_id     int NOT NULL,
	id           uuid NOT NULL,                   -- version 7, ends in the event's number
	number       bigint GENERATED ALWAYS AS IDENTITY,
	booking_id   uuid NOT NULL,
	provider     text NOT NULL,
	session      text,
	amount       bigint NOT NULL CHECK (amount >= 0), -- minor units
	currency     text NOT NULL,
	status       payment_status NOT NULL,
	gateway_ref  text,
	gateway_data jsonb NOT NULL DEFAULT '{}',
	created_at   timestamptz NOT NULL DEFAULT now(),
	updated_at   timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (event_id, id)
);
CREATE INDEX payment_booking ON payment (booking_id);

CREATE OR REPLACE FUNCTION rowlock_grant(worker name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
	EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', worker);
	EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', worker);
	EXECUTE format('GRANT INSERT ON plan, event, section, seat, booking, journal, cursor,'
	               ' stream_ticket, payment TO %I', worker);
	EXECUTE format('GRANT UPDATE ON event, seat, booking, cursor, payment TO %I', worker);
	EXECUTE format('GRANT DELETE ON stream_ticket TO %I', worker);
	EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', worker);
END
$$;
