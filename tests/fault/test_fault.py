"""
Things that break under load: workers are killed, PostgreSQL crashes, its connections are
cut, strangers hold locks. Whatever happens, what was acknowledged is there afterwards, and
the checker finds nothing wrong.

ROWLOCK_FAULT_SECONDS (12): how long each load lasts.
"""

import http.client
import os
import signal
import threading
import time

import psycopg2
import psycopg2.errors
import pytest

import crowd
import processes
from processes import wait_for

SECONDS = int(os.environ.get("ROWLOCK_FAULT_SECONDS", "12"))
CLIENTS = 32


@pytest.fixture
def market(stack, hall):
    """A hall of 2,000 seats with a crowd that trades in it; stopped at the end of the test."""
    place = hall(rows=20, cols=100)
    busy = crowd.Crowd(stack, place, clients=CLIENTS).start(crowd.trade)
    wait_for(lambda: len(busy.ledger.booked) >= 20, "the crowd to get going")
    yield busy
    busy.stop.set()


def settled(busy, clean, ask):
    """Ends the load; asserts that all promises were kept (I1), and that the database is sound."""
    ledger = busy.finish()
    print(dict(ledger.answers))
    busy.stack.acknowledged += ledger.booked
    clean(busy.hall, ledger.booked)
    still_there = ask("""SELECT id::text, status::text FROM booking
                         WHERE id = ANY(%s::uuid[]) AND status <> 'cancelled'""",
                         list(ledger.cancelled))
    assert still_there == [], "a cancellation was acknowledged, and lost"
    return ledger


def kill_workers():
    """One after the other, while the load goes on; each is replaced before the next."""
    before = processes.workers()
    if not before:
        pytest.skip("the worker processes cannot be seen from here")
    killed, end, pause = [], time.monotonic() + SECONDS, threading.Event()
    while time.monotonic() < end:
        victim = processes.workers()[-1 if len(killed) % 2 else 0]
        os.kill(victim, signal.SIGKILL)
        killed.append(victim)
        pause.wait(2)
        wait_for(lambda: len(processes.workers()) == len(before)
                 and not set(killed) & set(processes.workers()),
                 "a new worker in the place of the one killed")


def test_workers_killed_under_load(market, clean, ask):
    kill_workers()
    booked = len(market.ledger.booked)
    wait_for(lambda: len(market.ledger.booked) > booked, "bookings after the last kill")
    ledger = settled(market, clean, ask)
    # What a dying worker leaves behind is the web server's to say; all else is as ever.
    assert set(ledger.statuses()) <= {200, 201, 409, 500, 502, 503, 504, None}, (ledger.answers,
                                                                                 ledger.odd)


def check_settled(ledger, hall, ask):
    """Whoever was told of a booking has that one, and nobody has two, or one that was refused."""
    there = dict(ask("SELECT user_id, array_agg(id::text) FROM booking WHERE event_id = %s GROUP BY 1",
                     hall.number))
    told = {user: [booking] for user, booking in ledger.settled.items() if booking}
    assert there == told
    assert len(told) > 20 and len(ledger.settled) > len(told)


def test_one_booking_a_key_while_workers_are_killed(stack, hall, clean, ask):
    place = hall(rows=20, cols=100)
    busy = crowd.Crowd(stack, place, clients=CLIENTS).start(crowd.persist)
    kill_workers()
    ledger = settled(busy, clean, ask)
    check_settled(ledger, place, ask)
    statuses = ledger.statuses()
    assert statuses[None] + sum(statuses[one] for one in (500, 502, 503)) > 0, "nobody noticed"


def test_one_booking_a_key_while_connections_to_the_database_are_cut(stack, hall, clean, ask):
    place = hall(rows=20, cols=100)
    busy = crowd.Crowd(stack, place, clients=CLIENTS).start(crowd.persist)
    end, pause, cut = time.monotonic() + SECONDS, threading.Event(), 0
    while time.monotonic() < end:
        cut += terminate_backends(ask, worker_role())
        pause.wait(0.3)
    assert cut > 0, "there was no connection to cut"
    check_settled(settled(busy, clean, ask), place, ask)


def test_postgresql_crashes_under_load(stack, market, clean, name):
    if "ROWLOCK_PG_DATA" not in os.environ:
        pytest.skip("ROWLOCK_PG_DATA is not set: this PostgreSQL is not ours to stop")
    postgres = processes.Postgres()
    workers = processes.workers()
    postgres.crash()
    try:
        # A seat map that was read before stays good for at most a second.
        seats = f"events/{market.hall.id}/seats"
        wait_for(lambda: stack.anyone().get(seats).status == 503, "the last map to go stale", 5)
        for reply in (stack.buyer(name("patient")).book(market.hall, 1), stack.anyone().get(seats),
                      stack.anyone().get("events")):
            reply.refused(503, "UNAVAILABLE")
            assert int(reply.headers["Retry-After"]) >= 1
        health = stack.anyone().get("/health")
        assert health.status == 503, health
        assert stack.anyone().get("/health?live").status == 200
    finally:
        postgres.start()
    started = time.monotonic()
    booked = len(market.ledger.booked)
    wait_for(lambda: len(market.ledger.booked) > booked, "the first booking after the crash")
    # Each worker process finds out for itself.
    wait_for(lambda: stack.anyone().get("/health").status == 200, "a healthy worker")
    assert time.monotonic() - started < 5, "service came back too late"
    assert processes.workers() == workers, "a worker did not survive the crash of the database"

    with psycopg2.connect(os.environ["ADMIN_DATABASE_URL"]) as conn:
        conn.autocommit = True

        def ask(sql, *values):
            with conn.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()
        ledger = settled(market, clean, ask)
    conn.close()
    assert set(ledger.statuses()) <= {200, 201, 409, 503}, (ledger.answers, ledger.odd)
    assert ledger.statuses()[503] > 0, "nobody noticed that the database was away"


def test_worker_that_never_saw_the_database_says_what_it_knows(stack):
    if "ROWLOCK_PG_DATA" not in os.environ:
        pytest.skip("ROWLOCK_PG_DATA is not set: this PostgreSQL is not ours to stop")
    postgres, before = processes.Postgres(), processes.workers()
    if not before:
        pytest.skip("the worker processes cannot be seen from here")
    postgres.crash()
    try:
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(processes.workers()) == len(before) and not set(before) & set(processes.workers()),
                 "new workers")
        for _ in range(5 * len(before)):
            health = stack.anyone().get("/health")
            assert health.status == 503, health
            seen = {name: check["status"] for name, check in health.json["checks"].items()}
            assert seen == {"database": "down", "redis": "ok", "journal": "down",
                            "kafka": "down" if os.environ.get("KAFKA_BROKER") else "disabled"}
    finally:
        postgres.start()
    wait_for(lambda: stack.anyone().get("/health").json["status"] == "ok", "everything to be back")


def terminate_backends(ask, role):
    """Ends every connection of the workers; how many there were."""
    try:
        return len(ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s",
                       role))
    except psycopg2.errors.InsufficientPrivilege:
        pids = [row[0] for row in ask("SELECT pid FROM pg_stat_activity WHERE usename = %s", role)]
        for pid in pids:
            os.kill(pid, signal.SIGTERM)  # what pg_terminate_backend does
        return len(pids)


def worker_role():
    conn = psycopg2.connect(os.environ["DATABASE_URL"])
    try:
        return conn.info.user
    finally:
        conn.close()


def test_connections_to_the_database_cut_under_load(market, clean, ask):
    role, workers = worker_role(), processes.workers()
    cut, end, pause = 0, time.monotonic() + SECONDS, threading.Event()
    while time.monotonic() < end:
        cut += terminate_backends(ask, role)
        pause.wait(0.5)
    assert cut > 0, "there was no connection to cut"
    booked = len(market.ledger.booked)
    wait_for(lambda: len(market.ledger.booked) > booked, "bookings after the last cut")
    ledger = settled(market, clean, ask)
    assert set(ledger.statuses()) <= {200, 201, 409, 503}, (ledger.answers, ledger.odd)
    assert processes.workers() == workers, "a worker died with its connection"


class Stranger:
    """Somebody at a psql prompt, in a transaction of their own."""

    def __init__(self):
        self.conn = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
        self.pid = self.conn.info.backend_pid

    def lock(self, hall, seat_no):
        with self.conn.cursor() as cursor:
            cursor.execute("SELECT 1 FROM seat WHERE event_id = %s AND no = %s FOR UPDATE",
                           (hall.number, seat_no))

    def is_waited_for(self, ask):
        """By a worker, and not by whoever else is at work on the same rows."""
        return bool(ask("""SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))
                           AND application_name = 'rowlock-api'""", self.pid))

    def leave(self):
        self.conn.rollback()
        self.conn.close()


@pytest.fixture
def stranger():
    someone = Stranger()
    yield someone
    if not someone.conn.closed:
        someone.leave()


class Later:
    """A booking asked for in the background, maybe with a key."""

    def __init__(self, caller, hall, *wanted, key=None):
        self.reply, self.fault = None, None
        self.thread = threading.Thread(target=self._ask, args=(caller, hall, wanted, key),
                                       daemon=True)
        self.thread.start()

    def _ask(self, caller, hall, wanted, key):
        headers = {"Idempotency-Key": key} if key else {}
        try:
            self.reply = caller.post("bookings", hall.wish(*wanted), headers=headers)
        except (OSError, http.client.HTTPException) as fault:
            self.fault = fault

    def answer(self, timeout_s=30):
        self.thread.join(timeout_s)
        assert self.reply is not None, self.fault or f"no answer within {timeout_s} s"
        return self.reply


def test_no_booking_is_made_once_a_close_was_answered(stack, hall, seller, name, db, ask, clean):
    place, seen = hall(rows=1, cols=4), {}

    def bookings():
        with psycopg2.connect(os.environ["ADMIN_DATABASE_URL"]) as conn, conn.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM booking WHERE event_id = %s", (place.number,))
            return cursor.fetchone()[0]

    def book():
        seen["book"] = stack.buyer(name("late")).book(place, 1).status

    def close():
        seen["close"] = seller.patch(f"events/{place.id}", {"status": "closed"}).status
        seen["then"] = bookings()

    def one(sql, *values):
        with db.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone()[0]

    threads = [threading.Thread(target=book), threading.Thread(target=close)]
    with psycopg2.connect(os.environ["ADMIN_DATABASE_URL"]) as stranger:
        stranger.cursor().execute("SELECT FROM seat WHERE event_id = %s AND no = 1 FOR UPDATE",
                                  (place.number,))
        threads[0].start()
        wait_for(lambda: processes.waiting(ask),
                 "the booking to wait for the seat")
        threads[1].start()
        wait_for(lambda: one("SELECT status FROM event WHERE id = %s", place.number) == "closed",
                 "the close")
        stranger.rollback()
    stranger.close()
    for thread in threads:
        thread.join()
    assert seen["close"] == 200 and seen["book"] in (201, 409), seen
    assert bookings() == seen["then"], "booked after the close was answered"
    clean(place)


def test_a_strangers_lock_only_delays(hall, buyer, stranger, ask, clean):
    place = hall(rows=1, cols=4)
    stranger.lock(place, 2)
    waiting = Later(buyer(), place, 1, 2)
    wait_for(lambda: stranger.is_waited_for(ask), "the worker to wait for the lock")
    assert waiting.reply is None
    stranger.leave()
    booking = waiting.answer().ok(201)
    clean(place, [booking["bookingId"]])


def test_a_deadlock_with_foreign_sql_settles(hall, buyer, stranger, ask, clean):
    place = hall(rows=1, cols=4)
    stranger.lock(place, 2)
    waiting = Later(buyer(), place, 1, 2)  # has seat 1 by now, and wants seat 2
    wait_for(lambda: stranger.is_waited_for(ask), "the worker to wait for the lock")
    try:
        stranger.lock(place, 1)  # the opposite order: PostgreSQL ends one of the two
    except psycopg2.errors.DeadlockDetected:
        pass
    stranger.leave()
    booking = waiting.answer().ok(201)
    clean(place, [booking["bookingId"]])


def test_deadlocks_with_foreign_sql_under_load(market, clean, ask):
    """A stranger takes the hot seats in the wrong order, again and again."""
    end, victims, rounds = time.monotonic() + SECONDS / 2, 0, 0
    while time.monotonic() < end:
        someone = Stranger()
        try:
            for seat_no in range(crowd.HOT, 0, -1):
                someone.lock(market.hall, seat_no)
        except psycopg2.errors.DeadlockDetected:
            victims += 1
        finally:
            someone.leave()
        rounds += 1
    print(f"{rounds} rounds, the stranger was the victim {victims} times")
    ledger = settled(market, clean, ask)
    assert set(ledger.statuses()) <= {200, 201, 409, 503}, (ledger.answers, ledger.odd)
    assert ledger.statuses()[201] > 0


def test_a_lock_on_the_whole_table_only_delays(hall, buyer, stranger, ask, clean):
    """As a migration takes it: requests wait, and are answered afterwards."""
    place = hall(rows=1, cols=4)
    with stranger.conn.cursor() as cursor:
        cursor.execute("LOCK TABLE booking IN SHARE ROW EXCLUSIVE MODE")
    waiting = Later(buyer(), place, 1)
    wait_for(lambda: stranger.is_waited_for(ask), "the worker to wait for the table")
    stranger.leave()
    clean(place, [waiting.answer().ok(201)["bookingId"]])


def test_worker_killed_after_commit_and_before_the_reply(hall, buyer, stranger, ask, clean):
    """
    The worker has sent all up to COMMIT, and waits: somebody is about to store an answer to the
    same request. It is frozen, PostgreSQL goes on, and then it dies. The retry finds the booking.
    """
    workers = processes.workers()
    if not workers:
        pytest.skip("the worker processes cannot be seen from here")
    place, who = hall(rows=1, cols=4), buyer()
    with stranger.conn.cursor() as cursor:
        cursor.execute("""INSERT INTO idempotency_key (principal, route, key, hash, status, body)
                          VALUES (%s, 'POST /api/v1/bookings', 'once', '', 201, '{}')""", (who.sub,))
    waiting = Later(who, place, 1, 2, key="once")
    wait_for(lambda: stranger.is_waited_for(ask), "the worker to store its answer", 2)
    assert ask("SELECT count(*) FROM booking WHERE event_id = %s", place.number) == [(0,)]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        stranger.leave()
        wait_for(lambda: ask("SELECT count(*) FROM booking WHERE event_id = %s",
                             place.number) == [(1,)], "the COMMIT that was sent")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
    waiting.thread.join(30)
    assert waiting.reply is None or waiting.reply.status >= 500, waiting.reply
    wait_for(lambda: len(processes.workers()) == len(workers)
             and not set(workers) & set(processes.workers()), "new workers")
    first = Later(who, place, 1, 2, key="once").answer()
    assert first.headers["Idempotent-Replayed"] == "true"
    assert ask("SELECT id::text FROM booking WHERE event_id = %s", place.number) == \
        [(first.ok(201)["bookingId"],)]
    assert first.headers["Location"] == "/api/v1/bookings/" + first.data["bookingId"]
    clean(place, [first.data["bookingId"]])
