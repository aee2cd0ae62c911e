"""
The relay: whatever the journal says reaches Kafka and Redis, in its order, whoever is killed,
frozen or away meanwhile; twice if need be, but then it is the same both times.

ROWLOCK_MESSAGES_BOOKINGS (500): bookings while the relay is killed ten times;
ROWLOCK_MESSAGES_AWAY_S (3): how long Kafka is away, while memory is watched.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time

import pytest

import crowd
import journal
import processes
from broker import ONCE
from listener import Listener
from processes import wait_for

CLIENTS = 8
BOOKINGS = int(os.environ.get("ROWLOCK_MESSAGES_BOOKINGS", "500"))
AWAY_S = float(os.environ.get("ROWLOCK_MESSAGES_AWAY_S", "3"))
GROWTH_KIB = 65536  # sanitizers keep what was freed for a while
TAKE_OVER_S = 2
LOCK = 7021843956

LEADERS = """
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND (classid::bigint << 32) + objid::bigint = %s"""


@pytest.fixture
def relay():
    """The relay of the stack; it is up and thawed again at the end."""
    service = processes.Service("relay")
    yield service
    service.thaw()
    service.start()


@pytest.fixture
def told(ask):
    """told(): waits until everything that is committed has reached all sinks."""
    def wait(timeout_s=60, sinks=("redis", "kafka")):
        for sink in sinks:
            wait_for(lambda: journal.untold(ask, sink) == 0, f"{sink} to hear everything", timeout_s)
    return wait


@pytest.fixture
def busy(stack, hall):
    """busy(): clients who buy and cancel in a hall until its finish()."""
    crowds = []

    def start(clients=CLIENTS):
        crowds.append(crowd.Crowd(stack, hall(rows=20, cols=20), clients).start(crowd.trade))
        return crowds[-1]
    yield start
    for one in crowds:
        one.stop.set()


class Second:
    """One more relay, of the test's own."""

    def __init__(self):
        home = os.environ["ROWLOCK_DIR"]
        env = {key: value for key, value in os.environ.items() if not key.startswith(("ROWLOCK_", "REDIS_"))}
        env.update(ROWLOCK_CONFIG=os.path.join(home, "conf", "rowlock.conf"))
        self.process = subprocess.Popen([os.path.join(home, "inst", "bin", "rowlockd"), "relay"], env=env,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(30)


@pytest.fixture
def second():
    with contextlib.ExitStack() as later:
        def start():
            one = Second()
            later.callback(one.end, signal.SIGKILL)
            return one
        yield start


def checks(stack):
    health = stack.anyone().get("/health")
    assert health.status == 200, health
    return {name: check["status"] for name, check in health.json["checks"].items()}


def test_every_move_under_load_is_told_once_and_as_it_was(busy, told, ask, broker):
    crowd_ = busy()
    wait_for(lambda: len(crowd_.ledger.cancelled) > 500, "so many moves")
    ledger = crowd_.finish()
    told()
    rows = journal.read(ask, crowd_.hall.number)
    types = [row.type for row in rows]
    assert types.count("booking.created") == len(ledger.booked) and "booking.cancelled" in types
    journal.compare(rows, journal.heard(broker, rows), once=True)


def test_the_journals_order_is_that_of_the_moves_of_each_booking(busy, ask):
    crowd_ = busy(32)
    wait_for(lambda: len(crowd_.ledger.cancelled) > 300, "so many moves")
    crowd_.finish()
    assert ask("""
        SELECT booking_id, seq FROM (
            SELECT booking_id, seq, row_number() OVER (PARTITION BY booking_id ORDER BY seq) AS moved,
                   row_number() OVER (PARTITION BY booking_id ORDER BY xid, seq) AS told
            FROM journal WHERE booking_id IS NOT NULL) AS places
        WHERE moved <> told""") == []


def test_an_expiry_is_told_as_a_cancellation_too(buyer, hall, let_window_pass, told, ask, broker):
    place = hall()
    late = buyer().book(place, 1, 2).ok(201)["bookingId"]
    let_window_pass(place, late)
    buyer().book(place, 2).ok(201)
    told()
    rows = journal.read(ask, place.number)
    assert "booking.expired" in [row.type for row in rows]
    messages = journal.heard(broker, rows)
    journal.compare(rows, messages, once=True)
    reasons = {message.topic: message.json["payload"].get("reason") for message in messages if message.key == late}
    assert reasons == {"booking.created": None, "booking.expired": "EXPIRED", "booking.cancelled": "EXPIRED"}


def test_redis_hears_of_bookings_and_of_seats(buyer, hall, let_window_pass, told, ask):
    place = hall(status="draft")
    with Listener(f"booking:status:*:{place.number}", f"event:seats:{place.number}") as listener:
        place.seller.patch(f"events/{place.id}", {"status": "on_sale"}).ok()
        ann = buyer("a:nn b")
        first = ann.book(place, 1, 2).ok(201)["bookingId"]
        ann.delete("bookings/" + first).ok()
        late = ann.book(place, 1, 3).ok(201)["bookingId"]
        let_window_pass(place, late)
        buyer().book(place, 3).ok(201)
        told()
        rows = journal.read(ask, place.number)
        expected = [message for row in rows for message in row.redis()]
        assert len(expected) == 11
        assert listener.wait(len(expected)) == expected


def test_killed_ten_times_it_forgets_nothing(busy, relay, told, ask, broker):
    crowd_ = busy()
    for _ in range(10):
        before = len(crowd_.ledger.booked)
        wait_for(lambda: len(crowd_.ledger.booked) >= before + BOOKINGS // 10, "some bookings", 300)
        relay.kill()
    crowd_.finish()
    told(600)
    rows = journal.read(ask, crowd_.hall.number)
    journal.compare(rows, journal.heard(broker, rows), once=False)


def test_it_tells_what_was_written_while_it_was_down(buyer, hall, relay, told, ask, broker):
    place = hall()
    relay.stop()
    booked = buyer().book(place, 1).ok(201)["bookingId"]
    assert journal.untold(ask, "kafka") > 0
    with Listener(f"event:seats:{place.number}") as listener:
        relay.start()
        told()
        assert [1, "reserved"] in [change for _, value in listener.wait(1) for change in value["changes"]]
    rows = journal.read(ask, place.number)
    assert booked in [row.booking for row in rows]
    journal.compare(rows, journal.heard(broker, rows), once=False)


def heard_within(listener, buyer, place, seat, timeout_s):
    """Books a seat: seconds until Redis' listeners hear of it."""
    began = time.monotonic()
    buyer().book(place, seat).ok(201)
    wait_for(lambda: any([seat, "reserved"] in value.get("changes", ()) for _, value in listener.said()),
             f"seat {seat} to be told", timeout_s)
    return time.monotonic() - began


def test_of_two_one_is_active_and_the_other_takes_over(buyer, hall, relay, second, told, ask, broker):
    place = hall()
    leader, = ask(LEADERS, LOCK)
    other = second()
    with Listener(f"event:seats:{place.number}") as listener:
        heard_within(listener, buyer, place, 1, 10)
        assert ask(LEADERS, LOCK) == [leader]
        told()  # and noted, so that nobody has a reason to tell it again
        relay.freeze()
        heard_within(listener, buyer, place, 2, TAKE_OVER_S)
        successor, = ask(LEADERS, LOCK)
        assert successor != leader
        relay.thaw()
        heard_within(listener, buyer, place, 3, 10)
        assert ask(LEADERS, LOCK) == [successor], "the one that was frozen took the lock back"
        told()
        other.end(signal.SIGKILL)
        heard_within(listener, buyer, place, 4, TAKE_OVER_S)
        assert len(ask(LEADERS, LOCK)) == 1
    told()
    rows = journal.read(ask, place.number)
    # The one that was frozen had rows to read as well, and did not tell them without its lock.
    journal.compare(rows, journal.heard(broker, rows), once=True)


def test_a_leader_that_ends_in_order_tells_nothing_twice(busy, relay, second, told, ask, broker):
    crowd_ = busy()
    wait_for(lambda: len(crowd_.ledger.booked) > 100, "some bookings")
    for _ in range(3):
        other = second()
        relay.stop()
        before = len(crowd_.ledger.booked)
        wait_for(lambda: len(crowd_.ledger.booked) > before + 50, "some bookings")
        relay.start()
        assert other.end() == 0
    crowd_.finish()
    told()
    rows = journal.read(ask, crowd_.hall.number)
    journal.compare(rows, journal.heard(broker, rows), once=True)


def test_without_its_lock_it_sends_nothing_and_asks_for_it_again(buyer, hall, ask, told, broker):
    place = hall()
    for seat in (1, 2, 3):
        leader = ask(LEADERS, LOCK)[0][0]
        assert ask("SELECT pg_terminate_backend(%s)", leader) == [(True,)]
        buyer().book(place, seat).ok(201)
        told()
        wait_for(lambda: ask(LEADERS, LOCK) not in ([], [(leader,)]), "somebody to lead")
    rows = journal.read(ask, place.number)
    journal.compare(rows, journal.heard(broker, rows), once=False)


def memory_kib():
    """{service: KiB that its processes have in memory}"""
    services = {"relay": processes.Service("relay").programs(), "api": processes.workers()}
    return {name: sum(processes.memory_kib(pid) for pid in pids) for name, pids in services.items()}


@ONCE
def test_what_waits_for_kafka_waits_in_the_journal(hall, ask, db, told, broker, stack):
    """As much as shall be is in the relay's memory, however much there is to tell."""
    place = hall()
    with broker.away():
        wait_for(lambda: checks(stack)["kafka"] == "down", "somebody to miss Kafka")
        before = memory_kib()["relay"]
        with db.cursor() as cursor:
            cursor.execute("""INSERT INTO journal (event_id, type, payload)
                              SELECT %s, 'aisle.swept', '{}' FROM generate_series(1, 100000)""", (place.number,))
        told(sinks=["redis"])  # and so Kafka's sink has had its turn as well
        growth = memory_kib()["relay"] - before
    assert growth < GROWTH_KIB, f"{growth} KiB"
    told(120)
    last = journal.read(ask, place.number)[-1]  # a broker in memory may have forgotten the first
    assert last.cursor in {one.headers["cursor"] for one in broker.read("aisle.swept") if one.key == place.id}


def test_kafka_away_holds_nothing_up_and_loses_nothing(busy, stack, told, ask, broker):
    crowd_ = busy()
    with broker.away(), Listener(f"event:seats:{crowd_.hall.number}") as listener:
        wait_for(lambda: checks(stack)["kafka"] == "down", "somebody to miss Kafka")
        listener.wait(len(listener.heard) + 50)
        before = memory_kib()
        threading.Event().wait(AWAY_S)
        after = memory_kib()
        ledger = crowd_.finish()
    print(f"KiB of memory: {before} and {AWAY_S:.0f} s later {after}; {len(ledger.booked):,} bookings")
    assert all(after[name] - before[name] < GROWTH_KIB for name in before), (before, after)
    assert set(ledger.statuses()) <= {200, 201, 409}, (ledger.answers, ledger.odd)
    wait_for(lambda: checks(stack)["kafka"] == "ok", "Kafka to be seen again")
    told(600)
    rows = journal.read(ask, crowd_.hall.number)
    journal.compare(rows, journal.heard(broker, rows), once=False)


def test_kafka_frozen_loses_nothing(busy, stack, told, ask, broker):
    crowd_ = busy()
    with broker.frozen():
        wait_for(lambda: checks(stack)["kafka"] == "down", "somebody to miss Kafka")
    crowd_.finish()
    told()
    wait_for(lambda: checks(stack)["kafka"] == "ok", "Kafka to be seen again")
    rows = journal.read(ask, crowd_.hall.number)
    journal.compare(rows, journal.heard(broker, rows), once=False)


def test_killed_with_rows_on_their_way_it_sends_them_again(buyer, hall, relay, told, ask, broker):
    place = hall()
    told()
    with broker.frozen():
        for seat in range(1, 6):
            buyer().book(place, seat).ok(201)
        told(sinks=["redis"])  # and so they are on their way to Kafka, too
        relay.kill()
        assert journal.untold(ask, "kafka") == 5
    told()
    rows = journal.read(ask, place.number)
    journal.compare(rows, journal.heard(broker, rows), once=False)


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_redis_away_holds_nothing_up_and_skips_nothing(how, buyer, hall, redis, told, ask):
    place = hall()
    told()
    {"stop": redis.stop, "freeze": redis.freeze}[how]()
    for seat in range(1, 6):
        buyer().book(place, seat).ok(201)
    told(sinks=["kafka"])
    wait_for(lambda: ask("SELECT trouble IS NOT NULL FROM cursor WHERE name = 'redis'") == [(True,)],
             "the trouble to be noted")
    assert journal.untold(ask, "redis") == 5
    if how == "stop":
        redis.start()
        told()
    else:
        redis.thaw()
        told()
    assert ask("SELECT trouble FROM cursor WHERE name = 'redis'") == [(None,)]


def test_listeners_hear_what_was_written_while_redis_was_away(buyer, hall, redis, relay, told, ask):
    place = hall()
    told()
    relay.freeze()  # it would be quicker than a listener
    redis.stop()
    for seat in range(1, 6):
        buyer().book(place, seat).ok(201)
    redis.start()
    with Listener(f"event:seats:{place.number}") as listener:
        relay.thaw()
        listener.wait(5)
        told()
        changes = [change for _, value in listener.said() for change in value["changes"]]
    assert changes == [[seat, "reserved"] for seat in range(1, 6)]


def test_a_relay_that_is_not_seen_is_missed(stack, relay):
    relay.stop()
    wait_for(lambda: checks(stack)["journal"] == "down" and checks(stack)["kafka"] == "down",
             "somebody to miss the relay")
    assert stack.anyone().get("/health").json["status"] == "degraded"
    relay.start()
    wait_for(lambda: checks(stack)["journal"] == "ok" and checks(stack)["kafka"] == "ok",
             "the relay to be seen again")


def lags(stack):
    """How far each sink is behind, in ms."""
    figures = stack.figures()
    return [figures[f'rowlock_journal_lag_milliseconds{{sink="{sink}"}}'] for sink in ("redis", "kafka")]


def test_the_lag_is_seen_while_there_is_no_relay(stack, buyer, hall, relay, told):
    place = hall()
    told()
    relay.stop()
    buyer().book(place, 1).ok(201)
    wait_for(lambda: min(lags(stack)) >= 1000, "the lag of what nobody was told to grow")
    relay.start()
    told()
    wait_for(lambda: lags(stack) == [0, 0], "no lag when all was told")


def test_rows_that_nobody_understands_stop_nothing(buyer, hall, told, ask, db, broker):
    place = hall()
    with db.cursor() as cursor:
        cursor.execute("""
            INSERT INTO journal (event_id, type, payload)
            VALUES (%(event)s, 'aisle.swept', '{"by": "nobody"}'), (%(event)s, 'seats.held', '[1, 2]'),
                   (%(event)s, 'no topic/of that name', '{"seats": "all"}')""", {"event": place.number})
    buyer().book(place, 1).ok(201)
    told()
    topics = "aisle.swept", "seats.held", "_no_topic_of_that_name", "booking.created"
    sent = [message for message in broker.read(*topics)
            if message.key == place.id or message.json["payload"].get("eventId") == place.id]
    assert [(message.topic, message.json["payload"]) for message in sent if message.key == place.id] == [
        ("aisle.swept", {"eventId": place.id}), ("seats.held", {"eventId": place.id}),
        ("_no_topic_of_that_name", {"eventId": place.id})]
    assert "booking.created" in {message.topic for message in sent}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_asked_to(how, second):
    one = second()
    wait_for(lambda: signal_is_caught(one.process.pid, how), "it to have started")
    assert one.end(how) == 0


def signal_is_caught(pid, which):
    with open(f"/proc/{pid}/status") as file:
        caught = next(line for line in file if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (which - 1) & 1)
