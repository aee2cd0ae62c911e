#!/usr/bin/env python3
"""
The checker: reads the database and says in plain words which invariant does not hold.

    checker.py [--event NUMBER] [FILE…]

FILE (or - for standard input) holds ids of bookings that were acknowledged with 201, one a
line. Prints one line a finding, and ends with 1 if there are any. The database is found by
ADMIN_DATABASE_URL, else DATABASE_URL.

I1  every acknowledged booking exists
I2  no seat has two live bookings; a seat's owner and its booking agree
I3  only legal moves (R-1), and the journal tells all of them, in the order in which it is read;
    a booking that was accepted to be seated later begins as requested, and no other does
I4  what the journal tells of seats is what they are

A pending booking whose window has passed is live until it has been expired, and a seat whose hold
has passed is held until it has been released or taken (R-11). What has been moved to the archive
(R-28) is looked at as well, as if it were still in its old place.
"""

import argparse
import contextlib
import itertools
import os
import sys

import psycopg2

LIVE = ("pending", "paying", "confirmed")

# R-1; None is a booking that was not there before. A payment that arrives late may take the seats
# again of a booking that has ended.
LEGAL = {
    None: ("requested", "pending"),
    "requested": ("pending", "failed", "cancelled"),
    "pending": ("paying", "confirmed", "cancelled", "expired"),
    "paying": ("confirmed", "pending", "cancelled", "expired"),
    "confirmed": ("refunded", "cancelled"),
    "expired": ("confirmed",),
    "cancelled": ("confirmed",),
}

# The state that a booking has after a journal row of each type.
STATE_AFTER = {
    "booking.requested": "requested",
    "booking.created": "pending",
    "booking.paying": "paying",
    "booking.payment_failed": "pending",
    "booking.confirmed": "confirmed",
    "booking.cancelled": "cancelled",
    "booking.expired": "expired",
    "booking.failed": "failed",
    "booking.refunded": "refunded",
}

# Types that name a booking and leave its state as it is.
NO_MOVE = ("booking.extended", "refund.requested", "refund.completed", "seats.held",
           "seats.released")

# In front of a statement: its tables have the rows of the archive, too.
EVERYWHERE = "WITH " + ", ".join(
    f"{table} AS NOT MATERIALIZED (SELECT * FROM {table} UNION ALL SELECT * FROM archive_{table})"
    for table in ("booking", "seat", "journal"))


def everywhere(sql):
    return EVERYWHERE + (sql.replace("WITH", ",", 1) if sql.lstrip().startswith("WITH") else sql)


# Each row of an answer fills the sentence. %(event)s is null for the whole database.
RULES = (
    ("I2: event {}: seat {} is in {} live bookings at once: {}", """
        SELECT b.event_id, n, count(*), string_agg(b.id::text, ', ' ORDER BY b.id)
        FROM booking b CROSS JOIN unnest(b.seats) n
        WHERE b.status::text = ANY(%(live)s) AND b.event_id = coalesce(%(event)s, b.event_id)
        GROUP BY b.event_id, n HAVING count(*) > 1 ORDER BY 1, 2"""),
    ("I2: event {}: booking {} ({}) of {} lists seat {}, but that seat is {}", """
        SELECT b.event_id, b.id, b.status, b.user_id, n,
               CASE WHEN s.no IS NULL THEN 'not in the hall'
                    ELSE format('%%s, of %%s, booking %%s', s.status, coalesce(s.holder, 'nobody'),
                                coalesce(s.booking_id::text, 'none')) END
        FROM booking b CROSS JOIN unnest(b.seats) n
             LEFT JOIN seat s ON s.event_id = b.event_id AND s.no = n
        WHERE b.status::text = ANY(%(live)s) AND b.event_id = coalesce(%(event)s, b.event_id)
          AND (s.no IS NULL OR s.booking_id IS DISTINCT FROM b.id
               OR s.holder IS DISTINCT FROM b.user_id
               OR s.status::text <> CASE b.status WHEN 'confirmed' THEN 'sold' ELSE 'reserved' END)
        ORDER BY 1, 2, 5"""),
    ("I2: event {}: seat {} ({}) belongs to booking {}, {}", """
        SELECT s.event_id, s.no, s.status, s.booking_id,
               CASE WHEN b.id IS NULL THEN 'which does not exist'
                    WHEN b.status::text <> ALL(%(live)s) THEN format('which is %%s', b.status)
                    ELSE 'which does not list it' END
        FROM seat s LEFT JOIN booking b ON b.event_id = s.event_id AND b.id = s.booking_id
        WHERE s.booking_id IS NOT NULL AND s.event_id = coalesce(%(event)s, s.event_id)
          AND (b.id IS NULL OR b.status::text <> ALL(%(live)s) OR s.no <> ALL(b.seats))
        ORDER BY 1, 2"""),
    ("I2: event {}: seat {} is {}, with holder {}, end {}, booking {}", """
        SELECT event_id, no, status, coalesce(holder, 'none'), coalesce(hold_until::text, 'none'),
               coalesce(booking_id::text, 'none')
        FROM seat
        WHERE event_id = coalesce(%(event)s, event_id) AND NOT CASE
            WHEN status = 'held'
                THEN holder IS NOT NULL AND hold_until IS NOT NULL AND booking_id IS NULL
            WHEN status IN ('reserved', 'sold') THEN holder IS NOT NULL AND booking_id IS NOT NULL
            ELSE holder IS NULL AND hold_until IS NULL AND booking_id IS NULL END
        ORDER BY 1, 2"""),
    ("I2: event {}: seat {} is held by {}, but is not listed among what they hold", """
        SELECT s.event_id, s.no, s.holder
        FROM seat s LEFT JOIN hold h ON h.event_id = s.event_id AND h.user_id = s.holder
        WHERE s.status = 'held' AND s.event_id = coalesce(%(event)s, s.event_id)
          AND (s.no = ANY (h.seats)) IS NOT TRUE ORDER BY 1, 2"""),
    ("I2: event {} was made with {} seats, and has {}", """
        SELECT e.id, e.seats, count(s.no) FROM event e LEFT JOIN seat s ON s.event_id = e.id
        WHERE e.id = coalesce(%(event)s, e.id)
        GROUP BY e.id, e.seats HAVING count(s.no) <> e.seats ORDER BY 1"""),
    ("R-40: event {}: booking {} has {} seats, quantity {}, total {}, but its prices add up to {}",
     """
        SELECT event_id, id, cardinality(seats), quantity, total, paid
        FROM booking
             CROSS JOIN LATERAL (SELECT coalesce(sum(p), 0) AS paid FROM unnest(prices) p) AS sums
        WHERE status::text = ANY(%(live)s) AND event_id = coalesce(%(event)s, event_id)
          AND (paid <> total OR cardinality(seats) <> quantity) ORDER BY 1, 2"""),
    ("I2: event {}: booking {} of {} seats shows the positions {}", """
        SELECT event_id, id, quantity, coalesce(positions::text, 'null') FROM booking
        WHERE queued AND status::text = ANY(%(live)s) AND event_id = coalesce(%(event)s, event_id)
          AND jsonb_array_length(positions) IS DISTINCT FROM quantity ORDER BY 1, 2"""),
    ("I3: event {}: booking {} came through /api/booking, but its journal row {} does not say where", """
        SELECT j.event_id, j.booking_id, j.type
        FROM booking b JOIN journal j ON j.event_id = b.event_id AND j.booking_id = b.id
        WHERE b.queued AND j.type LIKE 'booking.%%' AND b.event_id = coalesce(%(event)s, b.event_id)
          AND NOT coalesce(j.payload -> 'queue' ?& ARRAY['section', 'subsection', 'positions'], false)
        ORDER BY 1, 2, j.seq"""),
    ("I3: event {}: of booking {}, {} is read before {}, which came first", """
        SELECT event_id, booking_id, type, former FROM (
            SELECT event_id, booking_id, seq, type, xid, lag(xid) OVER story AS xid_before,
                   lag(type) OVER story AS former
            FROM journal
            WHERE booking_id IS NOT NULL AND event_id = coalesce(%(event)s, event_id)
            WINDOW story AS (PARTITION BY event_id, booking_id ORDER BY seq)) AS j
        WHERE xid < xid_before ORDER BY 1, 2, seq"""),
    ("I4: event {}: seat {} is {}, but the journal says that it is {}", """
        WITH told AS (
            SELECT DISTINCT ON (j.event_id, n) j.event_id, n::int AS no,
                   CASE j.type WHEN 'booking.created' THEN 'reserved'
                               WHEN 'booking.confirmed' THEN 'sold'
                               WHEN 'seats.held' THEN 'held' ELSE 'free' END AS status
            FROM journal j
                 CROSS JOIN LATERAL jsonb_array_elements_text(j.payload -> 'seats') AS n
            WHERE j.type IN ('booking.created', 'booking.confirmed', 'booking.cancelled',
                             'booking.expired', 'booking.refunded', 'seats.held',
                             'seats.released')
              AND j.event_id = coalesce(%(event)s, j.event_id)
            ORDER BY j.event_id, n, j.seq DESC),
        states AS (
            SELECT event_id, no,
                   CASE status WHEN 'blocked' THEN 'free' ELSE status::text END AS status
            FROM seat WHERE event_id = coalesce(%(event)s, event_id))
        SELECT s.event_id, s.no, s.status, coalesce(t.status, 'free')
        FROM states s LEFT JOIN told t USING (event_id, no)
        WHERE s.status <> coalesce(t.status, 'free') ORDER BY 1, 2"""),
    ("I3: event {}: the journal speaks of booking {}, which does not exist there", """
        SELECT DISTINCT j.event_id, j.booking_id FROM journal j
        WHERE j.booking_id IS NOT NULL AND j.event_id = coalesce(%(event)s, j.event_id)
          AND NOT EXISTS (SELECT FROM booking b
                          WHERE b.event_id = j.event_id AND b.id = j.booking_id)
        ORDER BY 1, 2"""),
    ("R-28: event {}: booking {} is in the archive, and live as well", """
        SELECT a.event_id, a.id FROM archive_booking a JOIN public.booking b USING (event_id, id)
        WHERE a.event_id = coalesce(%(event)s, a.event_id) ORDER BY 1, 2"""),
    ("R-28: event {} is all in the archive, but {} rows are not", """
        SELECT e.id, n FROM event e CROSS JOIN LATERAL (SELECT
            (SELECT count(*) FROM public.booking b WHERE b.event_id = e.id) +
            (SELECT count(*) FROM public.journal j WHERE j.event_id = e.id) +
            (SELECT count(*) FROM public.seat s WHERE s.event_id = e.id) AS n) AS left_over
        WHERE e.archived_at IS NOT NULL AND n > 0 AND e.id = coalesce(%(event)s, e.id) ORDER BY 1"""),
)

# A sequence hands out its numbers under the booking's row lock, so seq is the order of moves.
STORIES = """
    SELECT b.event_id, b.id::text, b.status::text, b.queued,
           coalesce(array_agg(j.type ORDER BY j.seq) FILTER (WHERE j.type IS NOT NULL), '{}'),
           coalesce(array_agg(j.payload ->> 'from' ORDER BY j.seq), '{}')
    FROM booking b LEFT JOIN journal j ON j.event_id = b.event_id AND j.booking_id = b.id
    WHERE b.event_id = coalesce(%(event)s, b.event_id)
    GROUP BY b.event_id, b.id, b.status, b.queued ORDER BY 1, 2"""


def misstep(types, status, queued=None, said=()):
    """
    What is wrong with the journal rows of a booking that has this status; None if nothing.

    queued  whether it was to be seated later; None: not known
    said    of each row, the state before it as it says; None where it says nothing
    """
    if not types:
        return "has no journal row at all"
    if queued is not None and queued != (types[0] == "booking.requested"):
        return f"came {'' if queued else 'not '}through /api/booking, and began as {types[0]}"
    state = None
    for kind, before in itertools.zip_longest(types, said):
        if before is not None and before != state:
            return f"was {state or 'nothing'}, but {kind} says that it was {before}"
        if kind in NO_MOVE and state is not None:
            continue
        after = STATE_AFTER.get(kind)
        if after is None:
            return f"has a journal row {kind} where none can be"
        if after not in LEGAL.get(state, ()):
            return f"went from {state or 'nothing'} to {after}, which is not a legal move"
        state = after
    if state != status:
        return f"is {status}, but its journal ends with {state}"
    return None


def lost(cursor, acknowledged):
    """I1: of the ids given, those that are not there."""
    ids = list(acknowledged)
    cursor.execute(everywhere(" SELECT id::text FROM booking WHERE id = ANY(%s::uuid[])"), (ids,))
    there = {row[0] for row in cursor.fetchall()}
    return [f"I1: booking {one} was acknowledged, but does not exist" for one in ids
            if one.lower() not in there]


def findings(conn, event=None, acknowledged=()):
    """
    Everything that is wrong, as sentences; an empty list is a sound database.

    conn          a psycopg2 connection; all is read in its transaction, so give it one snapshot
    event         the number of an event, or None for all of them
    acknowledged  ids of bookings that were answered with 201
    """
    found = []
    with conn.cursor() as cursor:
        # Whole tables are joined, and the planner takes them for short ones.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off")
        for sentence, sql in RULES:
            cursor.execute(everywhere(sql), {"event": event, "live": list(LIVE)})
            found += [sentence.format(*row) for row in cursor.fetchall()]
        cursor.execute(everywhere(STORIES), {"event": event})
        for number, booking, status, queued, types, said in cursor.fetchall():
            if wrong := misstep(types, status, queued, said):
                story = ", ".join(types)
                found.append(f"I3: event {number}: booking {booking} {wrong} (journal: {story})")
        if acknowledged:
            found += lost(cursor, acknowledged)
    return found


def census(conn, event=None):
    """How much was looked at: {"bookings", "seats", "journal rows"}."""
    counts = {}
    with conn.cursor() as cursor:
        for what, table in (("bookings", "booking"), ("seats", "seat"),
                            ("journal rows", "journal")):
            cursor.execute(everywhere(f" SELECT count(*) FROM {table} WHERE event_id = coalesce(%s, event_id)"),
                           (event,))
            counts[what] = cursor.fetchone()[0]
    return counts


def in_words(counts):
    return ", ".join(f"{what} {count:,}" for what, count in counts.items())


@contextlib.contextmanager
def snapshot(url):
    """A connection that sees one moment of the database, however busy it is."""
    conn = psycopg2.connect(url)
    try:
        conn.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield conn
    finally:
        conn.close()


def read_ids(names):
    ids = []
    for name in names:
        with (sys.stdin if name == "-" else open(name, encoding="ascii")) as file:
            ids += [line.strip() for line in file if line.strip()]
    return ids


def main():
    parser = argparse.ArgumentParser(description="Checks the invariants of a Rowlock database.")
    parser.add_argument("--event", type=int, help="look at this event alone")
    parser.add_argument("file", nargs="*",
                        help="ids of acknowledged bookings, one a line; - is standard input")
    args = parser.parse_args()
    url = os.environ.get("ADMIN_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if not url:
        parser.error("neither ADMIN_DATABASE_URL nor DATABASE_URL is set")
    with snapshot(url) as conn:
        found = findings(conn, args.event, read_ids(args.file))
        seen = census(conn, args.event)
    for line in found:
        print(line)
    print(f"Findings: {len(found) or 'none'}. Read: {in_words(seen)}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
