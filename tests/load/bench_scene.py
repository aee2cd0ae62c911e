"""
The database side of the benchmarks: events to book in, all seats free again before every
round, and the checker after it.
"""

import os
import re
import subprocess
import sys
import threading

import psycopg2
import psycopg2.extensions

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import checker  # noqa: E402
import rowlock_client  # noqa: E402

SHOWN = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers",
         "max_wal_size", "wal_compression", "wal_level")

# What rowlock-api asks of its connections; the peer gets the same.
OPTIONS = ("-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off"
           " -c enable_mergejoin=off -c jit=off -c synchronous_commit=on")


class CannotRun(Exception):
    """There is no sound way to measure: not a result."""


class Broken(Exception):
    """A promise was not kept during a round: worse than slow."""


def need(name):
    value = os.environ.get(name)
    if not value:
        raise CannotRun(f"{name} is not set: run `./stack bench`, or with what `./stack env` prints")
    return value


MADE_BY_BOOKINGS = ("journal", "refund", "payment", "booking")
LEAN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lean_booking.sql")


class Events:
    """Consecutive events of one size: what a round works on."""

    def __init__(self, first, count, seats):
        self.first, self.count, self.seats = first, count, seats
        self.span = (first, first + count - 1)


def pgbench(url, events, *how):
    """Runs the lean statement as `how` says: transactions done, and how many a second."""
    worker, env = psycopg2.extensions.parse_dsn(url), dict(os.environ)
    for key, name in (("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"),
                      ("password", "PGPASSWORD"), ("dbname", "PGDATABASE")):
        if key in worker:
            env[name] = worker[key]
    run = os.path.join(os.environ.get("ROWLOCK_DIR", ""), "run")
    if os.path.exists(os.path.join(run, ".s.PGSQL." + worker.get("port", "5432"))):
        env["PGHOST"] = run  # the workers go by this socket: so does the peer, TCP would slow it down
    env["PGOPTIONS"] = " ".join((worker.get("options", ""), OPTIONS)).strip()
    command = [os.path.join(need("ROWLOCK_PG_BIN"), "pgbench"), "-n", "-M", "prepared", "-f", LEAN,
               "-D", f"first={events.first}", "-D", f"events={events.count}", "-D", f"seats={events.seats}"]
    ran = subprocess.run([*command, *how], env=env, text=True, capture_output=True, check=False)
    tps = re.search(r"^tps = ([\d.]+)", ran.stdout, re.M)
    count = re.search(r"actually processed: (\d+)", ran.stdout)
    if ran.returncode != 0 or not tps or not count:
        raise CannotRun(f"pgbench failed: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return int(count[1]), float(tps[1])


class Scene:
    """The owner's connection to the database, and the events that were made."""

    def __init__(self):
        self.url = need("DATABASE_URL")
        self.worker = psycopg2.extensions.parse_dsn(self.url)
        self.conn = psycopg2.connect(need("ADMIN_DATABASE_URL"))
        self.conn.autocommit = True
        self.may_checkpoint = True
        self.made = []

    def rows(self, sql, *args):
        with self.conn.cursor() as cur:
            cur.execute(sql, args)
            return cur.fetchall() if cur.description else []

    def settings(self):
        """As the workers' role sees them; bookings that are not durable are no bookings."""
        conn = psycopg2.connect(self.url)
        with conn, conn.cursor() as cur:
            cur.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) name", (list(SHOWN),))
            found = dict(cur.fetchall())
        conn.close()
        for name in ("fsync", "synchronous_commit"):
            if found[name] != "on":
                raise CannotRun(f"{name} is {found[name]}: bookings that are not durable are not counted")
        return found

    def make_events(self, rows, cols, copies=0):
        """One event over HTTP, as a seller makes it; copies of it in SQL, because that is quick."""
        seller = rowlock_client.Stack().seller("bench-seller")
        try:
            hall = rowlock_client.open_hall(
                seller, rowlock_client.grid(name=f"Bench {rows} x {cols}", rows=rows, cols=cols),
                title="Bench", currency="USD")
        except AssertionError as e:
            raise CannotRun(f"no event could be made: {e}") from e
        one = Events(hall.number, 1, hall.seats)
        self.made.append(one)
        if copies:
            self.made.append(self.copy_event(one, copies))
        return self.made[-1]

    def copy_event(self, one, count):
        columns = {
            "section": "no, name, subsection, rows, cols, tier, price",
            "seat": "no, section, row_no, col, price, x, y, accessible, row_label, label, tier",
        }
        with psycopg2.connect(need("ADMIN_DATABASE_URL")) as conn, conn.cursor() as cur:
            cur.execute("""
                INSERT INTO event (seller, title, venue_name, plan_id, seats, starts_at, timezone,
                                   currency, status, policy, metadata, price_min, price_max)
                SELECT seller, title, venue_name, plan_id, seats, starts_at, timezone,
                       currency, status, policy, metadata, price_min, price_max
                FROM event, generate_series(1, %s) n WHERE id = %s RETURNING id""", (count, one.first))
            numbers = [row[0] for row in cur.fetchall()]
            copies = Events(min(numbers), count, one.seats)
            if max(numbers) != copies.span[1]:
                raise CannotRun("somebody else makes events just now: the numbers are not in one piece")
            for table, names in columns.items():
                cur.execute(f"""INSERT INTO {table} (event_id, {names})
                                SELECT e, {names} FROM {table}, generate_series(%s, %s) e
                                WHERE event_id = %s ORDER BY e, no""", (*copies.span, one.first))
        conn.close()
        return copies

    def restore(self, events, checkpoint=True):
        """All seats free, no bookings, tables vacuumed: every round starts alike."""
        self.rows("""UPDATE seat SET status = 'free', holder = NULL, hold_until = NULL, booking_id = NULL
                     WHERE event_id BETWEEN %s AND %s AND status <> 'free'""", *events.span)
        self.forget(MADE_BY_BOOKINGS, events)
        self.rows("VACUUM ANALYZE seat, booking, journal")
        if checkpoint and self.may_checkpoint:
            try:
                self.rows("CHECKPOINT")
            except psycopg2.errors.InsufficientPrivilege:
                print("the owner's role may not CHECKPOINT: rounds start without one", flush=True)
                self.may_checkpoint = False

    def forget(self, tables, events):
        for table in tables:
            self.rows(f"DELETE FROM {table} WHERE event_id BETWEEN %s AND %s", *events.span)

    def clean_up(self):
        """Takes everything away again that was made here."""
        plans = set()
        for events in reversed(self.made):
            self.forget((*MADE_BY_BOOKINGS, "event_cancellation", "seat", "section"), events)
            plans.update(row[0] for row in self.rows(
                "DELETE FROM event WHERE id BETWEEN %s AND %s RETURNING plan_id::text", *events.span))
        self.made.clear()
        self.rows("DELETE FROM plan WHERE id = ANY (%s::uuid[])", list(plans))
        self.rows("VACUUM ANALYZE seat, booking, journal")

    def booked(self, events):
        return self.rows("SELECT count(*) FROM booking WHERE event_id BETWEEN %s AND %s", *events.span)[0][0]

    def check(self, events, ids):
        """The invariants, and that every acknowledged booking of the round is there."""
        found = checker.findings(events.first if events.count == 1 else None, ids)
        if found:
            raise Broken(f"{len(found)} findings of the checker, the first: {found[0]}")
        if len(set(ids)) != len(ids):
            raise Broken(f"{len(ids) - len(set(ids))} bookings were acknowledged twice")


class Sampler(threading.Thread):
    """The most connections that the workers' role had at any moment while this ran."""

    def __init__(self, scene):
        super().__init__(daemon=True)
        self.user, self.most, self.end = scene.worker["user"], 0, threading.Event()

    def run(self):
        conn = psycopg2.connect(need("ADMIN_DATABASE_URL"))
        conn.autocommit = True
        with conn.cursor() as cur:
            while not self.end.wait(0.25):
                cur.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (self.user,))
                self.most = max(self.most, cur.fetchone()[0])
        conn.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.end.set()
        self.join()
