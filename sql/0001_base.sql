-- Plans, events, seats, bookings and the journal.
--
-- Two habits hold for every table here. The hot ones lead their key with event_id, so that
-- an event is one shard of a distributed PostgreSQL. And no foreign key or index stands on
-- the hot path that is not read: a booking writes its own row, its seats (HOT updates: no
-- index mentions a column that changes) and one journal row, nothing else.

CREATE TYPE event_status AS ENUM ('draft', 'on_sale', 'closed', 'cancelled');
CREATE TYPE seat_status AS ENUM ('free', 'held', 'reserved', 'sold', 'blocked');
CREATE TYPE booking_status AS ENUM ('requested', 'pending', 'paying', 'confirmed',
                                    'cancelled', 'expired', 'failed', 'refunded');
CREATE TYPE booking_mode AS ENUM ('manual', 'best_available');

-- A seating plan as it was imported; never edited, a new import of a name is a new version.
CREATE TABLE plan (
	id         uuid PRIMARY KEY,
	owner      text NOT NULL,
	name       text NOT NULL,
	version    int NOT NULL CHECK (version > 0),
	sections   int NOT NULL,
	row_count  int NOT NULL,
	seats      int NOT NULL CHECK (seats > 0),
	checksum   text NOT NULL,                     -- SHA-256 of the document, hex
	document   text NOT NULL,                     -- the JSON, byte for byte
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (owner, name, version)
);

CREATE TABLE event (
	id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	seller      text NOT NULL,
	seller_name text,
	title       text NOT NULL CHECK (title <> ''),
	venue_name  text NOT NULL,
	plan_id     uuid NOT NULL REFERENCES plan (id),
	seats       int NOT NULL CHECK (seats > 0),
	starts_at   timestamptz NOT NULL,
	timezone    text NOT NULL,                    -- IANA name, for display only (R-60)
	currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
	status      event_status NOT NULL DEFAULT 'draft',
	policy      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(policy) = 'object'),
	metadata    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata) = 'object'),
	price_min   int NOT NULL CHECK (price_min >= 0),
	price_max   int NOT NULL CHECK (price_max >= price_min),
	created_at  timestamptz NOT NULL DEFAULT now(),
	updated_at  timestamptz NOT NULL DEFAULT now(),
	deleted_at  timestamptz
);
CREATE INDEX event_movie ON event ((metadata ->> 'movieId'));

CREATE TABLE section (
	event_id   int NOT NULL REFERENCES event (id),
	no         smallint NOT NULL CHECK (no > 0),
	name       text NOT NULL,
	subsection int NOT NULL DEFAULT 1 CHECK (subsection > 0),
	rows       int NOT NULL CHECK (rows > 0),
	cols       int NOT NULL CHECK (cols > 0),
	tier       text,                              -- null: the seats differ
	price      int CHECK (price >= 0),            -- minor units; null: the seats differ
	PRIMARY KEY (event_id, no),
	UNIQUE (event_id, name, subsection)
);

-- One row a seat: one owner is all that a row can hold (R-10).
CREATE TABLE seat (
	event_id   int NOT NULL,
	no         int NOT NULL CHECK (no > 0),       -- in the order of R-14
	section    smallint NOT NULL,
	row_no     int NOT NULL,
	col        int NOT NULL,                      -- neighbours differ by 1
	price      int NOT NULL CHECK (price >= 0),   -- minor units
	x          real,
	y          real,
	accessible boolean NOT NULL DEFAULT false,
	row_label  text NOT NULL,
	label      text NOT NULL,                     -- the seat's number as printed
	tier       text NOT NULL,
	status     seat_status NOT NULL DEFAULT 'free',
	hold_until timestamptz,                       -- null on an owned seat: without end
	booking_id uuid,
	holder     text,
	PRIMARY KEY (event_id, no),
	CONSTRAINT seat_owner CHECK (CASE status
		WHEN 'held' THEN holder IS NOT NULL AND hold_until IS NOT NULL AND booking_id IS NULL
		WHEN 'reserved' THEN holder IS NOT NULL AND booking_id IS NOT NULL
		WHEN 'sold' THEN holder IS NOT NULL AND booking_id IS NOT NULL AND hold_until IS NULL
		ELSE holder IS NULL AND hold_until IS NULL AND booking_id IS NULL END)
) WITH (fillfactor = 60);

CREATE TABLE booking (
	event_id      int NOT NULL,
	id            uuid NOT NULL,                  -- version 7, ends in the event's number
	number        bigint GENERATED ALWAYS AS IDENTITY,
	user_id       text NOT NULL,
	user_name     text,
	status        booking_status NOT NULL,
	mode          booking_mode NOT NULL DEFAULT 'manual',
	seats         int[] NOT NULL,
	prices        int[] NOT NULL,                 -- minor units, at the time of booking (R-40)
	quantity      int NOT NULL CHECK (quantity > 0),
	total         bigint NOT NULL CHECK (total >= 0),
	currency      text NOT NULL,
	ticket_ref    text,
	expires_at    timestamptz,                    -- null: no window
	extensions    smallint NOT NULL DEFAULT 0,
	paying_since  timestamptz,
	paid_at       timestamptz,
	cancel_reason text,
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now(),
	deleted_at    timestamptz,
	PRIMARY KEY (event_id, id),
	CONSTRAINT booking_counts CHECK (cardinality(seats) = cardinality(prices) AND
	                                 (cardinality(seats) = quantity OR status IN ('requested', 'failed', 'cancelled')))
) WITH (fillfactor = 85);
-- Which index a statement can use must not depend on how full the tables are: a generic plan
-- that was made while all indexes were empty, and looked the same, stays. So each of these
-- fits the conditions of its own statements and of no others.
CREATE INDEX booking_user ON booking (user_id, number);
CREATE INDEX booking_pending ON booking (hashtextextended(user_id, 0), expires_at)
	WHERE status IN ('pending', 'paying') AND expires_at IS NOT NULL;
CREATE INDEX booking_expiring ON booking (expires_at)
	WHERE status = 'pending' AND expires_at IS NOT NULL;
CREATE INDEX booking_paying ON booking (paying_since) WHERE status = 'paying';

-- Every change, once, in the transaction that made it: outbox, audit trail and history.
-- Readers go by (xid, seq) and only below the snapshot horizon.
CREATE TABLE journal (
	seq            bigint GENERATED ALWAYS AS IDENTITY,
	xid            xid8 NOT NULL DEFAULT pg_current_xact_id(),
	event_id       int NOT NULL,
	booking_id     uuid,
	at             timestamptz NOT NULL DEFAULT now(),
	user_id        text,
	type           text NOT NULL,
	correlation_id text,
	payload        jsonb NOT NULL DEFAULT '{}',
	PRIMARY KEY (event_id, xid, seq)
);
CREATE INDEX journal_cursor ON journal (xid, seq);
CREATE INDEX journal_booking ON journal (booking_id, seq) WHERE booking_id IS NOT NULL;

-- Gives a role what the programs need and nothing more: no ownership, no DDL, no deletion
-- of what is kept for ever. Run by `rowlockctl migrate` after every migration.
CREATE FUNCTION rowlock_grant(worker name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
	EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', worker);
	EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', worker);
	EXECUTE format('GRANT INSERT ON plan, event, section, seat, booking, journal TO %I', worker);
	EXECUTE format('GRANT UPDATE ON event, seat, booking TO %I', worker);
	EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I', worker);
END
$$;
