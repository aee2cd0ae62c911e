"""
P-8, the relay: how many rows a second it tells Kafka, and how far it is behind while bookings
are made. What counts is the cursor in the database, which moves past what Kafka acknowledged.
"""

import os
import threading
import time

import psycopg2

from bench_scene import CannotRun, need

ROWS = 200_000
PATIENCE_S = 120
LOOK_S = 0.02

# As a booking writes them.
FILL = """
    INSERT INTO journal (event_id, booking_id, user_id, type, correlation_id, payload)
    SELECT %s, gen_random_uuid(), 'bench' || n, 'booking.created', gen_random_uuid()::text,
           jsonb_build_object('seats', jsonb_build_array(n %% 20000 + 1, n %% 20000 + 2),
                              'prices', jsonb_build_array(2000, 2000), 'total', 4000, 'currency', 'USD',
                              'expiresAt', '2031-05-01T18:30:00.000Z')
    FROM generate_series(1, %s) AS n"""

UNTOLD = """SELECT c.name FROM cursor c WHERE c.name = ANY (%s)
            AND EXISTS (SELECT FROM journal j WHERE (j.xid, j.seq) > (c.xid, c.seq))"""

LAG = """SELECT coalesce(max(extract(epoch FROM now() - j.at)), 0)::float8
         FROM cursor c CROSS JOIN LATERAL (SELECT at FROM journal WHERE (xid, seq) > (c.xid, c.seq)
                                           ORDER BY xid, seq LIMIT 1) AS j"""


def connect():
    conn = psycopg2.connect(need("ADMIN_DATABASE_URL"))
    conn.autocommit = True
    return conn


def sinks(scene):
    """Whom the relay tells; there has to be a Kafka among them."""
    if not os.environ.get("KAFKA_BROKER"):
        raise CannotRun("P-8 needs a stack with a broker: KAFKA_BROKER is not set")
    found = [row[0] for row in scene.rows("SELECT name FROM cursor WHERE seen_at > now() - interval '5 s'")]
    if "kafka" not in found:
        raise CannotRun("no relay tells Kafka: is `rowlockd relay` running?")
    return found


def wait_told(scene, names):
    """Waits until these sinks were told everything: seconds that each of them took."""
    began, took = time.monotonic(), {}
    while len(took) < len(names):
        left = {row[0] for row in scene.rows(UNTOLD, list(names))}
        took.update({name: time.monotonic() - began for name in names if name not in left | took.keys()})
        if time.monotonic() > began + PATIENCE_S:
            raise CannotRun(f"{', '.join(left)} were not told everything within {PATIENCE_S} s")
        time.sleep(LOOK_S)
    return took


def drain(scene, names, event):
    """
    Rows a second for each sink. They are written behind the back of a transaction that is
    open, so that the relay can see none of them until all are there.
    """
    wait_told(scene, names)
    with connect() as gate:
        gate.autocommit = False
        with gate.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        scene.rows(FILL, event, ROWS)
        scene.rows("VACUUM ANALYZE journal")
        gate.commit()
        took = wait_told(scene, names)
    scene.rows("DELETE FROM journal WHERE event_id = %s", event)  # of bookings that never were
    return {name: ROWS / seconds for name, seconds in took.items()}


class Lag(threading.Thread):
    """The greatest lag of any sink, in seconds, while this runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.end, self.conn = 0, threading.Event(), connect()

    def run(self):
        with self.conn.cursor() as cursor:
            while not self.end.wait(0.1):
                cursor.execute(LAG)
                self.most = max(self.most, cursor.fetchone()[0])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.end.set()
        self.join()
        self.conn.close()
