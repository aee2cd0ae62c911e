-- The whole life of a booking: holds, payments and refunds, tickets, cancelled events, what is
-- done once however often it is asked for.

-- Seats that somebody keeps for a while before booking them (R-23): a row per user and event,
-- for caps, lists and the sweeper. Who holds a seat, and until when, the seat's own row decides.
CREATE TABLE hold (
	event_id   int NOT NULL,
	user_id    text NOT NULL,
	seats      int[] NOT NULL,
	expires_at timestamptz NOT NULL,              -- when the last of them ends
	PRIMARY KEY (event_id, user_id)
);
CREATE INDEX hold_user ON hold (user_id);
CREATE INDEX hold_expiring ON hold (expires_at);

ALTER TABLE booking
	ADD COLUMN attempts smallint NOT NULL DEFAULT 0, -- payments that failed (R-25)
	ADD COLUMN kept bigint NOT NULL DEFAULT 0 CHECK (kept >= 0); -- of one that was paid and has
	                                              -- ended: what was not given back (R-26), minor units
CREATE UNIQUE INDEX booking_ticket ON booking (ticket_ref) WHERE ticket_ref IS NOT NULL;

-- amount and currency are what was asked for; captured and captured_currency what the provider
-- says it took, null until it does.
ALTER TABLE payment
	ADD COLUMN url text,                          -- where the buyer pays
	ADD COLUMN expires_at timestamptz,            -- of the session
	ADD COLUMN captured bigint CHECK (captured >= 0),
	ADD COLUMN captured_currency text,
	ADD COLUMN trouble text;                      -- why it is not what pays for the booking: WRONG_AMOUNT …
UPDATE payment SET captured = amount, captured_currency = currency WHERE status = 'completed';
CREATE UNIQUE INDEX payment_session ON payment (provider, session) WHERE session IS NOT NULL;
CREATE UNIQUE INDEX payment_number ON payment (number);

CREATE TYPE refund_status AS ENUM ('pending', 'completed', 'failed');

CREATE TABLE refund (
	event_id    int NOT NULL,
	id          uuid NOT NULL,                    -- version 7, ends in the event's number
	number      bigint GENERATED ALWAYS AS IDENTITY,
	booking_id  uuid NOT NULL,
	payment_id  uuid NOT NULL,
	amount      bigint NOT NULL CHECK (amount > 0), -- minor units
	currency    text NOT NULL,
	status      refund_status NOT NULL,
	reason      text NOT NULL,                    -- USER_CANCELLED, EVENT_CANCELLED, WRONG_AMOUNT …
	gateway_ref text,
	attempts    smallint NOT NULL DEFAULT 0,      -- how often the provider refused
	due_at      timestamptz,                      -- when it is asked (again); null: it is not
	created_at  timestamptz NOT NULL DEFAULT now(),
	updated_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (event_id, id)
);
CREATE INDEX refund_booking ON refund (booking_id);
CREATE INDEX refund_due ON refund (due_at) WHERE status = 'pending' AND due_at IS NOT NULL;

-- What others told us and has had its effect, in the transaction of that effect (R-41).
CREATE TABLE processed_event (
	source     text NOT NULL,                     -- webhook, kafka
	id         text NOT NULL,
	booking_id uuid,
	at         timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (source, id)
);
CREATE INDEX processed_event_at ON processed_event (at);

-- Call-backs about bookings that nobody knows, kept for somebody to look at.
CREATE TABLE parked_event (
	source text NOT NULL,
	id     text NOT NULL,
	at     timestamptz NOT NULL DEFAULT now(),
	reason text NOT NULL,
	body   text NOT NULL,
	PRIMARY KEY (source, id)
);

-- Answers to requests with an Idempotency-Key, written in the transaction of what they tell.
CREATE TABLE idempotency_key (
	principal  text NOT NULL,
	route      text NOT NULL,                     -- "POST /api/v1/bookings"
	key        text NOT NULL,
	hash       text NOT NULL,                     -- SHA-256 of the request's body, hex
	status     int NOT NULL,                      -- of the answer, HTTP
	location   text,                              -- its Location header
	body       text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_key_at ON idempotency_key (created_at);

-- Tickets that were checked in, each once (R-47). A ticket's reference is its booking's, and
-- behind it the place of its seat in the booking when that has several; it needs no row before.
CREATE TABLE ticket (
	ref           text PRIMARY KEY,
	event_id      int NOT NULL,
	booking_id    uuid NOT NULL,
	seat          int NOT NULL,
	checked_in_at timestamptz NOT NULL DEFAULT now(),
	checked_in_by text NOT NULL
);
CREATE INDEX ticket_booking ON ticket (booking_id);

-- Events whose bookings are being cancelled (R-46), a row each.
CREATE TABLE event_cancellation (
	event_id     int PRIMARY KEY REFERENCES event (id),
	requested_by text NOT NULL,
	correlation_id text,
	requested_at timestamptz NOT NULL DEFAULT now(),
	after        xid8,                            -- transactions below this may still book: they are
	                                              -- waited for; null: not begun yet
	total        int,                             -- bookings that there were to end; null: not counted yet
	cancelled    int NOT NULL DEFAULT 0,          -- of them so far
	refunded     int NOT NULL DEFAULT 0,          -- likewise
	finished_at  timestamptz
);
CREATE INDEX event_cancellation_open ON event_cancellation (event_id) WHERE finished_at IS NULL;

CREATE OR REPLACE FUNCTION rowlock_grant(worker name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
	EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', worker);
	EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', worker);
	EXECUTE format('GRANT INSERT ON plan, event, section, seat, booking, journal, cursor, stream_ticket,'
	               ' hold, payment, refund, processed_event, parked_event, idempotency_key, ticket,'
	               ' event_cancellation TO %I', worker);
	EXECUTE format('GRANT UPDATE ON event, seat, booking, cursor, hold, payment, refund, parked_event,'
	               ' event_cancellation TO %I', worker);
	EXECUTE format('GRANT DELETE ON stream_ticket, hold, processed_event, parked_event, idempotency_key'
	               ' TO %I', worker);
	EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', worker);
END
$$;
