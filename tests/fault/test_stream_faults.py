"""
Streams while things break: Redis, the relay, the database, the process that serves them, and
readers that do not read. However it goes, every stream tells the final state of its bookings.
"""

import concurrent.futures
import contextlib
import os
import selectors
import signal
import socket
import struct
import threading
import time

import psycopg2
import pytest

import crowd
import processes
from processes import wait_for
from sse_client import Stream

USERS = 24
SOON_S = 5
SOURCE = "rowlock_stream_source_redis"


@pytest.fixture
def place(hall):
    return hall(rows=10, cols=20)


class Watcher:
    """A buyer with a stream of his own bookings, and one of each booking that he makes."""

    def __init__(self, stack, place, who):
        self.stack, self.place, self.who, self.streams = stack, place, who, []
        self.own = self._open(f"/api/booking/event/{place.number}/sse")

    def _open(self, path, after=None):
        self.streams.append(Stream(self.stack, path, self.who, after=after, timeout_s=30))
        return self.streams[-1]

    def book(self, seat):
        self.booking = self.who.book(self.place, seat).ok(201)
        self.path = f"/api/v1/bookings/{self.booking['bookingId']}/stream"
        self.one = self._open(self.path)

    def cancel(self):
        self.who.delete("bookings/" + self.booking["bookingId"]).ok()

    def settle(self):
        """Reads both streams to their ends, which are final states."""
        assert [event.data["status"] for event in self.own.rest()][-1] == "cancelled"
        assert [event.data["status"] for event in self.one.rest()][-1] == "CANCELLED"

    def close(self):
        for stream in self.streams:
            stream.close()


@pytest.fixture
def watchers(stack, place, buyer):
    """watchers(n): so many buyers with open streams, each with a booking."""
    made = []

    def make(n=USERS):
        fresh = [Watcher(stack, place, buyer()) for _ in range(n)]
        made.extend(fresh)
        for i, watcher in enumerate(fresh):
            watcher.book(1 + i)
        return fresh
    yield make
    for watcher in made:
        watcher.close()


def seats_stream(stack, place, **more):
    return Stream(stack, f"/api/v1/events/{place.id}/stream", **more)


def until_seat(stream, no, status, timeout_s):
    """Reads changes of seats until one is told; how long that took."""
    began = time.monotonic()
    while True:
        left = began + timeout_s - time.monotonic()
        assert left > 0, f"seat {no} was not {status} within {timeout_s} s"
        if [no, status] in stream.next(left).data["changes"]:
            return time.monotonic() - began


def service(name):
    """A service of the stack that is up."""
    try:
        found = processes.Service(name)
    except KeyError:
        pytest.skip("the services of this stack cannot be seen from here")
    if found.pid() is None:
        pytest.skip(f"{name} is no service of this stack")
    return found


@pytest.fixture
def streamer():
    """The process that serves streams."""
    pids = service("sse").programs()
    assert len(pids) == 1, pids
    return pids[0]


def figure(stack, name):
    for line in stack.anyone().get("/metrics").body.decode().splitlines():
        if line.startswith(name):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"no {name} among the figures")


# --- Redis and the relay. ---

@pytest.mark.parametrize("victim", ["redis", "relay"])
def test_frozen_and_thawed_again(victim, stack, place, watchers):
    some = watchers()
    first, second = some[:USERS // 2], some[USERS // 2:]
    with seats_stream(stack, place) as stream:
        with service(victim).frozen():
            for watcher in first:
                watcher.cancel()
            until_seat(stream, USERS // 2, "available", 10)
            for watcher in first:  # they do not wait for the thaw
                watcher.settle()
            for watcher in second[:4]:
                watcher.cancel()
        thawed = time.monotonic()
        for watcher in second[4:]:
            watcher.cancel()
        for watcher in second:
            watcher.settle()
        assert time.monotonic() - thawed < SOON_S
        until_seat(stream, USERS, "available", SOON_S)


def test_redis_killed_and_started_again(stack, place, watchers):
    redis, some = service("redis"), watchers()
    os.kill(redis.pid(), signal.SIGKILL)
    try:
        for watcher in some[:USERS // 2]:
            watcher.cancel()
        for watcher in some[:USERS // 2]:
            watcher.settle()
        with seats_stream(stack, place) as stream:  # new streams do not mind
            assert stream.next(SOON_S).data["snapshot"] is True
    finally:
        redis.start()
    started = time.monotonic()
    for watcher in some[USERS // 2:]:
        watcher.cancel()
    for watcher in some[USERS // 2:]:
        watcher.settle()
    assert time.monotonic() - started < SOON_S


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_redis_goes_and_comes_while_a_crowd_trades(how, stack, hall, watchers, clean):
    """No booking fails, and 40 who follow theirs hear their ends, within 5 s of its return at the latest."""
    redis, some = service("redis"), watchers(40)
    busy = crowd.Crowd(stack, hall(rows=5, cols=20), clients=4)
    with seats_stream(stack, busy.hall) as stream:
        state = {no: "available" for no in range(1, busy.hall.seats + 1)}
        busy.start(crowd.trade)
        wait_for(lambda: len(busy.ledger.booked) >= 10, "the crowd to get going")
        if how == "killed":
            os.kill(redis.pid(), signal.SIGKILL)
        else:
            redis.freeze()
        try:
            booked = len(busy.ledger.booked)
            for watcher in some[:20]:
                watcher.cancel()
            wait_for(lambda: len(busy.ledger.booked) >= booked + 10, "bookings without Redis")
            wait_for(lambda: figure(stack, SOURCE) == 0, "polling", 10)
        finally:
            redis.start() if how == "killed" else redis.thaw()
        back = time.monotonic()
        for watcher in some[20:]:
            watcher.cancel()
        for watcher in some:
            watcher.settle()
        assert time.monotonic() - back < SOON_S
        ledger = busy.finish()
        assert set(ledger.statuses()) <= {200, 201, 409}, (ledger.answers, ledger.odd)
        shown, version = busy.hall.map(), -1
        while version < shown["version"]:
            event = stream.next(SOON_S)
            state.update(dict(event.data["changes"]))
            version = event.data["version"]
        assert (state, version) == (busy.hall.statuses(), shown["version"])
    clean(busy.hall, ledger.booked)


def test_streams_hear_from_redis_again(stack, place, buyer):
    """Polling is for bad times only."""
    service("relay")
    wait_for(lambda: figure(stack, SOURCE) == 1, "Redis to be heard")
    with service("redis").frozen():
        wait_for(lambda: figure(stack, SOURCE) == 0, "polling", 10)
    wait_for(lambda: figure(stack, SOURCE) == 1, "Redis to be heard again", 15)
    with seats_stream(stack, place) as stream:
        stream.next()
        buyer().book(place, 1).ok(201)
        until_seat(stream, 1, "reserved", SOON_S)


def test_damaged_rows_of_the_journal_stop_nobody(stack, place, watchers, db):
    """What a stream reads from the journal, with Redis away: of a list of seats, the numbers."""
    one, other = watchers(2)
    lists = ('["x"]', "[1.5]", "[null]", "[1e99]", "[-1,0,2147483648]", "[[3]]", '{"a":1}', "5", "null")
    with seats_stream(stack, place) as stream:
        before = stream.next()
        with service("redis").frozen():
            wait_for(lambda: figure(stack, SOURCE) == 0, "polling", 10)
            with db.cursor() as cursor:
                for seats in (*lists, '["x",1,null,2]'):
                    cursor.execute("""
                        WITH b AS (UPDATE booking SET extensions = extensions + 1 WHERE id = %(booking)s RETURNING *),
                        x AS (INSERT INTO journal (event_id, booking_id, user_id, type, payload)
                              SELECT event_id, id, user_id, 'booking.extended', %(payload)s FROM b)
                        INSERT INTO journal (event_id, type, payload) SELECT event_id, 'seats.released', %(payload)s
                        FROM b""", {"booking": one.booking["bookingId"], "payload": '{"seats":%s}' % seats})
            event = stream.next(SOON_S)
            assert event.data["changes"] == [[1, "reserved"], [2, "reserved"]], "they are, and that is told"
            for watcher in (one, other):
                watcher.one = watcher._open(watcher.path)  # begins with the damaged row
                watcher.cancel()
                watcher.settle()
            with seats_stream(stack, place, after=before.id) as again:
                assert dict(again.next(SOON_S).data["changes"]) == {1: "available", 2: "available"}


# --- While streams begin. ---

@contextlib.contextmanager
def reading_halted(ask, begin):
    """
    Begins a stream of seats, and stops the database's process that reads for it: it has read the
    version by then, but not the seats. After 2 s in all that reading is refused.
    """
    waiting = """SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'archive_seat'::regclass"""
    with contextlib.closing(psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])) as conn:
        conn.cursor().execute("LOCK TABLE archive_seat IN ACCESS EXCLUSIVE MODE")  # nobody else needs it
        begun = begin()
        wait_for(lambda: ask(waiting), "a stream to be read for")
        reader = ask(waiting)[0][0]
        os.kill(reader, signal.SIGSTOP)
    try:
        yield begun
    finally:
        os.kill(reader, signal.SIGCONT)


def leave(sock):
    """As one whose network is gone: the web server notices at once."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_who_comes_while_one_leaves_that_is_read_for(stack, place, buyer, ask):
    """Both share what is read; it is older than the booking, which those who follow already hear of."""
    request = f"GET /api/v1/events/{place.id}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    service("sse").kill()  # what earlier tests left behind would be counted, too
    streamer = service("sse").programs()[0]

    def begin():
        sock = stack.connect()
        sock.sendall(request)
        return sock

    def come_late(seat):
        with reading_halted(ask, begin) as sock:
            buyer().book(place, seat).ok(201)
            until_seat(first, seat, "reserved", SOON_S)
            leave(sock)
            wait_for(lambda: processes.descriptors(streamer) == before, "the one who leaves to be gone")
            late = pool.submit(seats_stream, stack, place)
            wait_for(lambda: processes.descriptors(streamer) > before, "the one who comes to be there")
        return late.result()

    with seats_stream(stack, place) as first, concurrent.futures.ThreadPoolExecutor() as pool:
        first.next()
        before = processes.descriptors(streamer)
        late = (come_late(seat) for seat in range(1, 10))
        with next(stream for stream in late if stream.status == 200) as second:  # the machine may be too slow
            version, told = place.map()["version"], 0
            while told < version:
                told = second.next(10).data["version"]
            assert told == version


@pytest.mark.parametrize("kind", ["own", "one"])
def test_nothing_is_lost_between_the_present_state_and_what_follows(kind, stack, hall, buyer):
    """
    Stopped while streams begin, with answers of the database on their way to it, the process finds
    the end of these bookings next to them, told by Redis.
    """
    place, n = hall(rows=10, cols=20), 40

    def begin(who, booking):
        path = f"/api/booking/event/{place.number}/sse" if kind == "own" else f"/api/v1/bookings/{booking}/stream"
        return Stream(stack, path, who, timeout_s=20)

    for _ in range(4):
        callers = [buyer() for _ in range(n)]
        bookings = [who.book(place, 1 + i).ok(201)["bookingId"] for i, who in enumerate(callers)]
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            streams = [pool.submit(begin, *each) for each in zip(callers, bookings)]
            concurrent.futures.wait(streams, return_when=concurrent.futures.FIRST_COMPLETED)
            with service("sse").frozen():
                for who, booking in zip(callers, bookings):
                    who.delete("bookings/" + booking).ok()
            for stream in streams:
                with stream.result() as one:
                    while one.next(10).data["status"].lower() != "cancelled":
                        pass


# --- The process itself. ---

def test_killed_under_way_streams_go_on_by_their_ids(stack, place, watchers):
    some = watchers()
    seen = [(watcher.own.next().id, watcher.one.next().id) for watcher in some]
    service("sse").kill()
    for watcher in some:
        watcher.cancel()
    for watcher, (own, one) in zip(some, seen):
        watcher.own = watcher._open(f"/api/booking/event/{place.number}/sse", after=own)
        watcher.one = watcher._open(watcher.path, after=one)
        assert [event.data["status"] for event in watcher.own.rest()] == ["cancelled"]
        assert [event.data["status"] for event in watcher.one.rest()] == ["CANCELLED"]


def test_asked_to_stop_it_ends_streams_politely(stack, place, watchers, streamer):
    some = watchers(6)
    for watcher in some:
        watcher.own.next()
    os.kill(streamer, signal.SIGTERM)
    for watcher in some:
        assert watcher.own.next() is None  # the end of the answer, not of the connection
        assert watcher.own.ended and not watcher.own.raw
    wait_for(lambda: service("sse").programs() not in ([], [streamer]), "another process", 10)


def test_out_of_descriptors_it_waits(stack, place, streamer):
    with seats_stream(stack, place) as stream:  # it has its connections to the database by now
        stream.next()
    before = processes.descriptor_limit(streamer)
    late = []
    processes.limit_descriptors(streamer, processes.descriptors(streamer) + 5)
    try:
        while len(late) < 20:
            sock = stack.connect()
            sock.sendall(f"GET /api/v1/events/{place.number}/stream HTTP/1.1\r\nHost: x\r\n\r\n"
                         .encode())
            late.append(sock)
        used = processes.cpu_s(streamer)
        threading.Event().wait(2)
        assert processes.cpu_s(streamer) - used < 1, "it spins"
    finally:
        processes.limit_descriptors(streamer, before)
    for sock in late:
        assert b"200 OK" in sock.recv(4096)
        sock.close()


# --- The database. ---

def test_database_away_and_back(stack, place, watchers, buyer):
    if "ROWLOCK_PG_DATA" not in os.environ:
        pytest.skip("ROWLOCK_PG_DATA is not set: this PostgreSQL is not ours to stop")
    some, postgres = watchers(8), processes.Postgres()
    open_seats = seats_stream(stack, place)
    open_seats.next()
    postgres.crash()
    try:
        for path, code in (
                (f"/api/booking/event/{place.number}/sse", lambda error: error["code"]),
                (some[0].path, lambda error: error["error"]["code"]),
                (f"/api/v1/events/{place.number}/stream", lambda error: error["error"]["code"])):
            with Stream(stack, path, some[0].who) as stream:
                assert stream.status == 503
                assert int(stream.headers["retry-after"]) >= 1
                assert code(stream.error) == "UNAVAILABLE"
    finally:
        postgres.start()
    wait_for(lambda: stack.anyone().get("/health").status == 200, "a healthy worker")
    for watcher in some:
        watcher.cancel()
    began = time.monotonic()
    for watcher in some:
        watcher.settle()
    until_seat(open_seats, 8, "available", SOON_S)
    assert time.monotonic() - began < SOON_S
    open_seats.close()


# --- Readers. ---

def big_changes(db, place, seats):
    """A row of the journal that names many seats: 20 bytes each for every reader."""
    with db.cursor() as cursor:
        cursor.execute("""INSERT INTO journal (event_id, type, payload)
                          VALUES (%s, 'seats.released', jsonb_build_object('seats', ARRAY(
                              SELECT n FROM generate_series(1, %s) AS n)))""",
                       (place.number, seats))


def test_a_reader_that_does_not_read_is_dropped(stack, hall, db):
    place = hall(rows=50, cols=100)
    before = figure(stack, "rowlock_streams_dropped_total")
    with seats_stream(stack, place, rcvbuf=4096) as lazy, seats_stream(stack, place) as keen:
        keen.next()
        for _ in range(200):
            big_changes(db, place, 5000)
            assert len(keen.next(SOON_S).data["changes"]) == 5000
            if figure(stack, "rowlock_streams_dropped_total") > before:
                break
        else:
            pytest.fail("20 MB are waiting, and the reader was not dropped")
        seen = None
        for event in iter(lambda: lazy.next(SOON_S), None):  # what was on its way, then the end
            seen = event
        with seats_stream(stack, place, after=seen.id) as again:
            assert len(again.next(SOON_S).data["changes"]) == 5000


def test_a_thousand_readers_that_do_not_read(stack, hall, db, buyer, streamer):
    place, lazy = hall(rows=50, cols=100), []
    request = f"GET /api/v1/events/{place.number}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    before = figure(stack, "rowlock_streams_dropped_total")
    try:
        for _ in range(1000):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect((stack.host, stack.port))
            sock.sendall(request)
            lazy.append(sock)
        with selectors.DefaultSelector() as all_of_them:
            for sock in lazy:
                all_of_them.register(sock, selectors.EVENT_READ)
            begun, deadline = set(), time.monotonic() + 20
            while len(begun) < len(lazy):
                assert time.monotonic() < deadline, f"{len(begun)} of {len(lazy)} streams began"
                begun.update(key.fd for key, _ in all_of_them.select(1))
        memory = processes.memory_kib(streamer)
        with seats_stream(stack, place) as keen:
            keen.next()
            for _ in range(200):
                big_changes(db, place, 5000)
                keen.next(SOON_S)
                if figure(stack, "rowlock_streams_dropped_total") >= before + 1000:
                    break
            else:
                pytest.fail("not all of them were dropped")
            # Who reads is served as if they were not there.
            buyer().book(place, 1).ok(201)
            until_seat(keen, 1, "reserved", SOON_S)
        assert processes.memory_kib(streamer) < memory + 128 * 1024
    finally:
        for sock in lazy:
            sock.close()


def test_clients_that_go_away_leave_nothing_behind(stack, place, streamer):
    descriptors = processes.descriptors(streamer)
    for _ in range(3):
        streams = [seats_stream(stack, place) for _ in range(50)]
        for stream in streams:
            stream.next()
            stream.close()
    wait_for(lambda: processes.descriptors(streamer) <= descriptors,
             "the streams of those who went away to be closed", 40)
