-- The fake gateway's own books (rowlock-gateway): a peer that knows payments and nothing of
-- bookings. No other program reads or writes them.

CREATE TYPE gateway_status AS ENUM ('open', 'succeeded', 'failed', 'expired');

CREATE TABLE gateway_session (
	id          text PRIMARY KEY,             -- unguessable: whoever knows it may pay
	payment_id  uuid NOT NULL UNIQUE,         -- whose payment it is; asked for again, the same session
	booking_id  uuid NOT NULL,                -- only handed back
	amount      bigint NOT NULL CHECK (amount >= 0), -- minor units
	currency    text NOT NULL,
	status      gateway_status NOT NULL DEFAULT 'open',
	gateway_ref text,                         -- of the money, once it is taken
	refunded    bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
	webhook_url text,                         -- where to call back; null: where the gateway is set to
	expires_at  timestamptz NOT NULL,
	created_at  timestamptz NOT NULL DEFAULT now(),
	updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX gateway_session_expiring ON gateway_session (expires_at) WHERE status = 'open';

CREATE TABLE gateway_refund (
	id          uuid PRIMARY KEY,             -- whose refund it is
	session_id  text NOT NULL REFERENCES gateway_session (id),
	amount      bigint NOT NULL CHECK (amount > 0),
	gateway_ref text NOT NULL,
	created_at  timestamptz NOT NULL DEFAULT now()
);

-- What is to be told: an outcome under its payment's id, a refund under its own. The same id and
-- the same text however often it is sent.
CREATE TABLE gateway_callback (
	id         uuid PRIMARY KEY,
	url        text,                          -- as webhook_url
	body       text NOT NULL,
	due_at     timestamptz,                   -- when it is sent (again); null: it is not
	attempts   int NOT NULL DEFAULT 0,
	status     int,                           -- HTTP status of the last answer; 0: there was none
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX gateway_callback_due ON gateway_callback (due_at) WHERE due_at IS NOT NULL;

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
END
$$;
