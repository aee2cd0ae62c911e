"""
What becomes of a booking that is there: extended, cancelled, refunded, swept (R-1 to R-3, R-11,
R-24 to R-27, R-45, R-46).
"""

import concurrent.futures
import contextlib
import datetime
import os

import psycopg2
import pytest

import processes
from processes import sweep
from rowlock_client import QUEUE, gateway_event

HOUR = 3600
STATES = ("REQUESTED", "PENDING", "PROCESSING", "CONFIRMED", "CANCELLED", "EXPIRED", "FAILED", "REFUNDED")


def statuses(ask, place):
    """Of an event's bookings, in the order in which they were made."""
    return [row[0] for row in ask("SELECT status::text FROM booking WHERE event_id = %s ORDER BY number",
                                  place.number)]


def look(who, booking_id):
    return who.get("bookings/" + booking_id).ok()


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def in_hours(hours):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


# --- extending

def test_an_extension_adds_to_the_old_end(ann, place):
    made = ann.book(place, 1).ok(201)
    found = ann.post(f"bookings/{made['bookingId']}/extend", {"minutes": 5}).ok()
    assert instant(found["expiresAt"]) - instant(made["expiresAt"]) == datetime.timedelta(minutes=5)
    history = ann.get(f"bookings/{made['bookingId']}/history").ok()["items"]
    assert [row["type"] for row in history] == ["booking.created", "booking.extended"]
    assert history[1]["payload"]["expiresAt"] == found["expiresAt"]


def test_an_extension_holds_the_seats(ann, buyer, place, ask):
    """Once the old end has passed; until then all ends are moved, by what is left and a minute more."""
    made = ann.book(place, 1).ok(201)
    one = made["bookingId"]
    ann.post(f"bookings/{one}/extend", {"minutes": 10}).ok()
    ask("""UPDATE booking SET expires_at = expires_at - (%s::timestamptz - now()) - interval '1 minute'
           WHERE id = %s RETURNING 1""", made["expiresAt"], one)
    ask("""UPDATE seat SET hold_until = hold_until - (%s::timestamptz - now()) - interval '1 minute'
           WHERE booking_id = %s RETURNING 1""", made["expiresAt"], one)
    assert ask("SELECT expires_at > now() + interval '8 minutes' FROM booking WHERE id = %s", one) == [(True,)]
    assert place.statuses()[1] == "reserved"
    buyer().book(place, 1).refused(409, "SEAT_ALREADY_RESERVED")


def test_at_most_two_extensions(ann, place):
    one = ann.book(place, 1).ok(201)["bookingId"]
    for _ in range(2):
        ann.post(f"bookings/{one}/extend", {"minutes": 1}).ok()
    ann.post(f"bookings/{one}/extend", {"minutes": 1}).refused(409, "EXTENSION_LIMIT")


def test_never_more_than_thirty_minutes_after_it_was_made(ann, place):
    one = ann.book(place, 1).ok(201)
    ann.post(f"bookings/{one['bookingId']}/extend", {"minutes": 15}).ok()
    ann.post(f"bookings/{one['bookingId']}/extend", {"minutes": 6}).refused(409, "EXTENSION_LIMIT")
    found = ann.post(f"bookings/{one['bookingId']}/extend", {"minutes": 5}).ok()
    assert instant(found["expiresAt"]) - instant(found["createdAt"]) == datetime.timedelta(minutes=30)


def test_two_extensions_at_once_are_two(ann, place, ask):
    """The first is a deadlock's victim and tries again behind the second, which it must not take for its own."""
    one = ann.book(place, 1).ok(201)

    def extend():
        return ann.post(f"bookings/{one['bookingId']}/extend", {"minutes": 5})

    def waiting(backends):
        processes.wait_for(lambda: len(ask("""SELECT FROM pg_stat_activity WHERE datname = current_database()
                                              AND pg_blocking_pids(pid) <> '{}'""")) == backends, "locks")

    other = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    with contextlib.closing(other), other.cursor() as cursor, concurrent.futures.ThreadPoolExecutor(3) as pool:
        cursor.execute("SELECT FROM seat WHERE event_id = %s AND no = 1 FOR UPDATE", (place.number,))
        first = pool.submit(extend)
        waiting(1)
        crossing = pool.submit(cursor.execute, "SELECT FROM booking WHERE id = %s FOR UPDATE", (one["bookingId"],))
        waiting(2)
        second = pool.submit(extend)
        with contextlib.suppress(psycopg2.errors.DeadlockDetected):  # it may be the victim, on a slow machine
            crossing.result()
        other.rollback()
        first.result().ok()
        second.result().ok()
    assert instant(look(ann, one["bookingId"])["expiresAt"]) - instant(one["expiresAt"]) == \
        datetime.timedelta(minutes=10)


@pytest.mark.parametrize("minutes", [0, 16, -1, 1.5, "5", None, True])
def test_nonsense_minutes(ann, place, minutes):
    one = ann.book(place, 1).ok(201)["bookingId"]
    ann.post(f"bookings/{one}/extend", {"minutes": minutes}).refused(400, "VALIDATION_ERROR", "minutes")
    ann.post(f"bookings/{one}/extend", {}).refused(400, "VALIDATION_ERROR", "minutes")


def test_a_window_that_has_passed_is_not_extended(ann, place, let_window_pass):
    one = ann.book(place, 1).ok(201)["bookingId"]
    let_window_pass(place, one)
    ann.post(f"bookings/{one}/extend", {"minutes": 5}).refused(409, "BOOKING_EXPIRED")


def test_what_has_no_window_is_not_extended(ann, hall):
    endless = hall(policy={"windowMinutes": None})
    one = ann.book(endless, 1).ok(201)["bookingId"]
    ann.post(f"bookings/{one}/extend", {"minutes": 5}).refused(409, "INVALID_STATE")


# --- cancelling what was paid

@pytest.mark.parametrize("hours, tiers, given", [
    (25, None, 40.00), (23, None, 0), (25, [{"hours": 24, "percent": 50}], 20.00),
    (80, [{"hours": 72, "percent": 100}, {"hours": 24, "percent": 50}], 40.00),
    (48, [{"hours": 24, "percent": 50}, {"hours": 72, "percent": 100}], 20.00),
    (12, [{"hours": 24, "percent": 50}, {"hours": 72, "percent": 100}], 0),
    (20, [{"hours": hours, "percent": 25} for hours in range(16)], 10.00),
    (1, [{"hours": 0, "percent": 33.33}], 13.34), (-1, [{"hours": 0, "percent": 100}], 0), (48, [], 0)])
def test_a_confirmed_booking_gives_back_what_its_tier_says(ann, hall, money, hours, tiers, given):
    place = hall(rows=1, cols=4, startsAt=in_hours(hours), policy={} if tiers is None else {"refundTiers": tiers})
    one = ann.booked_and_paid(place, 1, 2)["bookingId"]
    found = ann.delete("bookings/" + one).ok()
    assert found["status"] == ("REFUNDED" if given else "CANCELLED")
    assert found["cancelReason"] == "USER_CANCELLED"
    account = money(ann, one)
    assert [refund["amount"] for refund in account["refunds"]] == ([given] if given else [])
    assert all(refund["status"] == "completed" for refund in account["refunds"])
    assert place.statuses() == {no: "available" for no in range(1, 5)}


def test_patch_cancels_only_what_is_not_paid(ann, place):
    paid = ann.booked_and_paid(place, 1)["bookingId"]
    ann.patch(f"bookings/{paid}/cancel").refused(409, "INVALID_STATE")
    assert look(ann, paid)["status"] == "CONFIRMED"
    waiting = ann.book(place, 2).ok(201)["bookingId"]
    assert ann.patch(f"bookings/{waiting}/cancel").ok()["status"] == "CANCELLED"


def test_cancelling_while_it_is_being_paid_closes_the_payment(ann, place):
    one = ann.book(place, 1).ok(201)["bookingId"]
    ann.post("payments/initiate", {"bookingId": one})
    found = ann.delete("bookings/" + one).ok()
    assert found["status"] == "CANCELLED"
    assert [payment["status"] for payment in found["payments"]] == ["expired"]
    assert place.statuses()[1] == "available"


def test_refund_by_its_own_call(ann, place, money):
    one = ann.booked_and_paid(place, 1)["bookingId"]
    answer = ann.post("payments/refund/" + one).ok()
    assert answer["status"] == "REFUNDED" and answer["refunds"][0]["reason"] == "USER_CANCELLED"
    assert money(ann, one)["refunds"][0]["status"] == "completed"
    assert place.statuses()[1] == "available"
    ann.post("payments/refund/" + one).refused(409, "INVALID_STATE")


@pytest.mark.parametrize("words", ["I am ill", "GATEWAY_REFUND", "EVENT_CANCELLED"])
def test_why_a_buyer_wants_a_refund_is_for_people(ann, place, clean, ask, words):
    """Programs go by the reason, which is ours."""
    one = ann.booked_and_paid(place, 1)["bookingId"]
    ann.post("payments/refund/" + one, {"reason": words}).ok()
    assert look(ann, one)["cancelReason"] == "USER_CANCELLED"
    assert ask("SELECT reason FROM refund WHERE booking_id = %s", one) == [("USER_CANCELLED",)]
    told = {row["type"]: row["payload"] for row in ann.get(f"bookings/{one}/history").ok()["items"]}
    assert (told["booking.refunded"]["reason"], told["booking.refunded"]["note"]) == ("USER_CANCELLED", words)
    assert told["refund.requested"]["reason"] == "USER_CANCELLED"
    clean(place)


def test_nothing_to_refund(ann, buyer, hall, place):
    soon = hall(rows=1, cols=2, startsAt=in_hours(2))
    paid = ann.booked_and_paid(soon, 1)["bookingId"]
    ann.post("payments/refund/" + paid).refused(409, "NOTHING_TO_REFUND")
    assert look(ann, paid)["status"] == "CONFIRMED"
    waiting = ann.book(place, 1).ok(201)["bookingId"]
    ann.post("payments/refund/" + waiting).refused(409, "INVALID_STATE")
    buyer().post("payments/refund/" + paid).refused(403, "FORBIDDEN")
    ann.post("payments/refund/" + paid, {"reason": ""}).refused(400, "VALIDATION_ERROR", "reason")
    ann.post("payments/refund/" + paid, {"why": "x"}).refused(400, "VALIDATION_ERROR", "why")


def test_what_the_mock_took_it_gives_back_at_once(ann, hall):
    place = hall(rows=2, cols=5)
    one = ann.queue(place, "A-1").plain(202)["id"]
    ann.wait_status(one, "pending_payment")
    ann.post(f"{QUEUE}/{one}/pay").plain()
    answer = ann.post("payments/refund/" + one).ok()
    assert [(refund["status"], refund["amount"]) for refund in answer["refunds"]] == [("completed", 20.0)]
    assert answer["payments"][0]["status"] == "refunded"


def wait_for_gateway(stack):
    """A web server that has missed it asks it again only after a while, and so does each of its processes."""
    def everybody_finds_it():
        return all(stack.anyone().get("payments/fake-checkout/nobodys").status == 404 for _ in range(20))
    processes.wait_for(everybody_finds_it, "the web server to find the gateway")


def test_a_refund_waits_for_a_gateway_that_is_away(ann, place, money):
    one = ann.booked_and_paid(place, 1)["bookingId"]
    gateway = processes.Service("gateway")
    gateway.stop()
    try:
        assert ann.delete("bookings/" + one).ok()["status"] == "REFUNDED"
        assert ann.get("payments/status/" + one).ok()["refunds"][0]["status"] == "pending"
        other = ann.book(place, 2).ok(201)["bookingId"]
        ann.post("payments/initiate", {"bookingId": other}).refused(503, "UNAVAILABLE")
        assert look(ann, other)["status"] == "PENDING"
    finally:
        gateway.start()
        wait_for_gateway(ann.stack)
    refund, = money(ann, one)["refunds"]
    assert refund["status"] == "completed"


# --- every state, every move; those that are final stay as they are

MOVES = {
    "cancel": ({"REQUESTED": "CANCELLED", "PENDING": "CANCELLED", "PROCESSING": "CANCELLED",
                "CONFIRMED": "REFUNDED"}, lambda who, one: who.delete("bookings/" + one)),
    "cancel unpaid": ({"REQUESTED": "CANCELLED", "PENDING": "CANCELLED", "PROCESSING": "CANCELLED"},
                      lambda who, one: who.patch(f"bookings/{one}/cancel")),
    "pay at once": ({"PENDING": "CONFIRMED", "PROCESSING": "CONFIRMED"},
                    lambda who, one: who.post(f"{QUEUE}/{one}/pay")),
    "initiate": ({"PENDING": "PROCESSING", "PROCESSING": "PROCESSING"},
                 lambda who, one: who.post("payments/initiate", {"bookingId": one})),
    "extend": ({"PENDING": "PENDING"}, lambda who, one: who.post(f"bookings/{one}/extend", {"minutes": 1})),
    "refund": ({"CONFIRMED": "REFUNDED"}, lambda who, one: who.post("payments/refund/" + one)),
}
# What the gateway says: of the payment under way, if there is one, else of one that nobody knows.
NEWS = {
    "payment.succeeded": {"PENDING": "CONFIRMED", "PROCESSING": "CONFIRMED", "EXPIRED": "CONFIRMED"},
    "payment.failed": {"PROCESSING": "PENDING"},
    "payment.expired": {"PROCESSING": "PENDING"},
    "refund.succeeded": {},
    "refund.failed": {},
}


@pytest.fixture
def in_state(ann, place, unseated, let_window_pass, ask):
    """in_state(state): a booking that is in it, of one seat."""
    def pending():
        return ann.book(place, 1).ok(201)["bookingId"]

    def requested():
        return ann.queue(place, "A-2").plain(202)["id"]

    def moved(one, move):
        reply = MOVES[move][1](ann, one)
        assert reply.status == 200, reply
        return one

    def expired():
        one = pending()
        let_window_pass(place, one)
        sweep()
        return one

    def failed():
        one = requested()
        ask("""UPDATE seat SET status = 'blocked' WHERE event_id = %s AND no = 2 RETURNING 1""", place.number)
        unseated()
        ann.wait_status(one, "failed")
        return one

    makers = {"REQUESTED": requested, "PENDING": pending, "PROCESSING": lambda: moved(pending(), "initiate"),
              "CONFIRMED": lambda: moved(pending(), "pay at once"),
              "CANCELLED": lambda: moved(pending(), "cancel"), "EXPIRED": expired, "FAILED": failed,
              "REFUNDED": lambda: moved(moved(pending(), "pay at once"), "refund")}

    def make(state):
        one = makers[state]()
        assert look(ann, one)["status"] == state
        return one
    return make


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("move", MOVES)
def test_every_state_and_every_move(state, move, in_state, ann, place, clean):
    goes_to, make_move = MOVES[move]
    one = in_state(state)
    before = look(ann, one)
    reply = make_move(ann, one)
    after = look(ann, one)
    if state in goes_to:
        assert reply.status == 200, reply
        assert after["status"] == goes_to[state]
    else:
        assert reply.code in ("INVALID_STATE", "BOOKING_EXPIRED"), reply
        assert after == before
    clean(place)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("news", NEWS)
def test_every_state_and_all_news(state, news, in_state, stack, ann, place, clean):
    one = in_state(state)
    sessions = [payment["sessionId"] for payment in look(ann, one)["payments"] if payment["sessionId"]]
    session = sessions[-1] if sessions else "session-" + one
    assert stack.webhook(gateway_event(news, one, sessionId=session, amount=20, currency="EUR")).status == 200
    found = look(ann, one)
    assert found["status"] == NEWS[news].get(state, state)
    if news == "payment.succeeded" and state not in NEWS[news]:  # never dropped
        refunds = ann.get("payments/status/" + one).ok()["refunds"]
        assert refunds[-1]["amount"] == 20.0 and refunds[-1]["status"] == "pending"
    clean(place)


# --- the sweep

def test_the_sweep_expires_what_time_has_ended_and_nothing_else(ann, buyer, place, let_window_pass, ask):
    late, fresh, paying = (buyer().book(place, no).ok(201)["bookingId"] for no in (1, 2, 3))
    payer = buyer()
    paying = payer.book(place, 4).ok(201)["bookingId"]
    payer.post("payments/initiate", {"bookingId": paying})
    let_window_pass(place, late)
    sweep()
    states = dict(ask("SELECT id::text, status::text FROM booking WHERE event_id = %s", place.number))
    assert (states[late], states[fresh], states[paying]) == ("expired", "pending", "paying")
    assert place.statuses()[1] == "available"
    rows = ask("SELECT type, payload ->> 'reason' FROM journal WHERE booking_id = %s ORDER BY seq", late)
    assert rows == [("booking.created", None), ("booking.expired", "EXPIRED")]


RUNS, FAILURES = 'rowlock_job_seconds_count{job="sweep"}', 'rowlock_job_failures_total{job="sweep"}'
SWEPT = "rowlock_swept_bookings_total{}"


def test_the_role_sweeps_by_itself(buyer, place, let_window_pass, ask, stack):
    """R-61: every 5 s"""
    before = stack.figures()
    late = buyer().book(place, 1).ok(201)["bookingId"]
    let_window_pass(place, late)
    processes.wait_for(lambda: ask("SELECT status::text FROM booking WHERE id = %s", late) == [("expired",)],
                       "the sweep")
    processes.wait_for(lambda: stack.figures()[RUNS] > before[RUNS], "the sweep to be counted")
    after = stack.figures()
    assert after[SWEPT] > before[SWEPT] and after[FAILURES] == before[FAILURES]


def test_a_sweep_that_fails_is_counted(stack, db):
    before = stack.figures()
    with db.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE parked_event")  # for which it waits for 2 s
        processes.wait_for(lambda: stack.figures()[FAILURES] > before[FAILURES], "it to be counted")
        cursor.execute("ROLLBACK")
    assert stack.figures()[RUNS] > before[RUNS]


def test_a_payment_that_takes_too_long_expires_its_booking(ann, place, ask, db):
    one = ann.book(place, 1).ok(201)["bookingId"]
    ann.post("payments/initiate", {"bookingId": one})
    with db.cursor() as cursor:
        cursor.execute("UPDATE booking SET paying_since = now() - interval '6 minutes' WHERE id = %s", (one,))
    sweep()
    found = look(ann, one)
    assert found["status"] == "EXPIRED" and found["payments"][0]["status"] == "expired"
    assert place.statuses()[1] == "available"


def test_without_a_window_it_waits_for_another_payment(ann, hall, db):
    endless = hall(policy={"windowMinutes": None})
    one = ann.book(endless, 1).ok(201)["bookingId"]
    ann.post("payments/initiate", {"bookingId": one})
    with db.cursor() as cursor:
        cursor.execute("UPDATE booking SET paying_since = now() - interval '6 minutes' WHERE id = %s", (one,))
    sweep()
    assert look(ann, one)["status"] == "PENDING" and endless.statuses()[1] == "reserved"
    assert [payment["status"] for payment in look(ann, one)["payments"]] == ["expired"]
    ann.pay(one)
    assert look(ann, one)["status"] == "CONFIRMED"


def test_what_is_kept_for_a_while_is_dropped_after_that(stack, ann, place, ask):
    """Messages about payments: those that have had their effect, and those that are kept for review."""
    booking = ann.booked_and_paid(place, 1)["bookingId"]
    kept = gateway_event("payment.succeeded", "0197aaaa-0000-7000-8000-000000000001", amount=1, currency="EUR")
    assert stack.webhook(kept).status == 202

    def there():
        return (ask("SELECT count(*) FROM processed_event WHERE booking_id = %s", booking)[0][0],
                ask("SELECT count(*) FROM parked_event WHERE id = %s", kept["id"])[0][0])

    def age(days):
        for table, key, one in (("processed", "booking_id", booking), ("parked", "id", kept["id"])):
            ask(f"UPDATE {table}_event SET at = now() - %s * interval '1 day' WHERE {key} = %s RETURNING 1", days, one)
    age(29)
    sweep()
    assert there() == (1, 1)
    age(31)
    sweep()
    assert there() == (0, 0)


def test_sweeps_at_once_expire_each_booking_once(buyer, hall, let_window_pass, ask):
    place = hall(rows=10, cols=20)
    late = [buyer().book(place, no).ok(201)["bookingId"] for no in range(1, 201)]
    let_window_pass(place, *late)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: sweep(), range(4)))
    assert ask("""SELECT count(*), count(DISTINCT booking_id) FROM journal
                  WHERE event_id = %s AND type = 'booking.expired'""", place.number) == [(200, 200)]


# --- a whole event

def test_cancelling_an_event_ends_all_its_bookings(seller, buyer, hall, ask, money, clean, stack):
    place = hall(rows=4, cols=10, startsAt=in_hours(1))
    paid = [(who, who.booked_and_paid(place, no)["bookingId"]) for no, who in ((1, buyer()), (2, buyer()))]
    waiting, paying, holder = buyer(), buyer(), buyer()
    pending = waiting.book(place, 3).ok(201)["bookingId"]
    open_ = paying.book(place, 4).ok(201)["bookingId"]
    paying.post("payments/initiate", {"bookingId": open_})
    assert holder.hold(place, 5).status == 200
    answer = seller.post(f"events/{place.id}/cancel").ok(202)
    assert answer["status"] == "cancelled" and "cancellation" in answer
    buyer().book(place, 10).refused(409, "EVENT_CANCELLED")
    buyer().hold(place, 10).refused(409, "EVENT_CANCELLED")
    progress = finished(seller, place)
    assert (progress["total"], progress["cancelled"], progress["refunded"]) == (4, 2, 2)
    for who, one in paid:
        account = money(who, one)
        assert account["status"] == "REFUNDED"
        assert [(r["amount"], r["status"], r["reason"]) for r in account["refunds"]] == [
            (20.0, "completed", "EVENT_CANCELLED")], "in full, whatever the tiers say"
    for who, one in ((waiting, pending), (paying, open_)):
        assert (look(who, one)["status"], look(who, one)["cancelReason"]) == ("CANCELLED", "EVENT_CANCELLED")
    types = [row[0] for row in ask("SELECT type FROM journal WHERE event_id = %s AND booking_id IS NULL"
                                   " ORDER BY xid, seq", place.number)]
    assert "event.cancelled" in types and types[-1] == "seats.released"
    assert place.statuses()[5] == "available"
    late = stack.webhook(gateway_event("payment.succeeded", open_, amount=20, currency="EUR"))
    assert late.status == 200 and look(paying, open_)["status"] == "CANCELLED"
    clean(place)


def test_a_booking_without_seats_ends_with_its_event(seller, ann, place, unseated, ask, clean):
    one = ann.queue(place, "A-2").plain(202)["id"]
    seller.post(f"events/{place.id}/cancel").ok(202)
    progress = finished(seller, place)
    assert (progress["total"], progress["cancelled"], progress["refunded"]) == (1, 1, 0)
    unseated()
    found = look(ann, one)
    assert (found["status"], found["cancelReason"]) == ("CANCELLED", "EVENT_CANCELLED")
    history = ann.get(f"bookings/{one}/history").ok()["items"]
    assert [row["type"] for row in history] == ["booking.requested", "booking.cancelled"]
    assert set(place.statuses().values()) == {"available"}
    clean(place)


def test_a_buyer_who_is_quicker_than_the_cancellation_of_the_event_gets_all_back(ann, hall, money, ask):
    place = hall(startsAt=in_hours(1))
    paid, asked = (ann.booked_and_paid(place, no)["bookingId"] for no in (1, 2))
    pending = ann.book(place, 3).ok(201)["bookingId"]
    ask("UPDATE event SET status = 'cancelled' WHERE id = %s RETURNING 1", place.number)
    ann.delete("bookings/" + paid).ok()
    assert ann.post("payments/refund/" + asked, {}).status == 200
    for one in (paid, asked):
        assert [refund["amount"] for refund in money(ann, one)["refunds"]] == [20.0]
    ann.post(f"/api/booking/{pending}/pay").declined(400, "EVENT_CANCELLED")
    ann.delete("bookings/" + pending).ok()


def test_a_late_success_that_waited_while_the_event_was_cancelled_goes_back(stack, seller, ann, place, db, ask,
                                                                            let_window_pass):
    """What is read of the event is not older than the lock on the booking."""
    one = ann.book(place, 1).ok(201)["bookingId"]
    let_window_pass(place, one)
    sweep()
    body = gateway_event("payment.succeeded", one, amount=20, currency="EUR")
    with concurrent.futures.ThreadPoolExecutor(2) as pool, db.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM booking WHERE id = %s FOR UPDATE", (one,))
        late = pool.submit(stack.webhook, body)
        processes.wait_for(lambda: processes.waiting(ask), "the call-back to wait for the booking")
        cancelled = pool.submit(seller.post, f"events/{place.id}/cancel")
        processes.wait_for(lambda: ask("SELECT status::text FROM event WHERE id = %s", place.number) == [("cancelled",)],
                           "the cancellation")
        cursor.execute("COMMIT")
        assert late.result().status == 200 and cancelled.result().status == 202
    assert look(ann, one)["status"] == "EXPIRED"
    assert "booking.confirmed" not in [row["type"] for row in ann.get(f"bookings/{one}/history").ok()["items"]]


def finished(who, place):
    def progress():
        return who.get(f"events/{place.id}").ok()["cancellation"]
    processes.wait_for(lambda: progress()["finishedAt"], "the cancellation to be finished")
    return progress()


def test_a_cancellation_that_cannot_go_on_holds_up_nothing_else(seller, buyer, hall, ask, let_window_pass, clean):
    """Whoever does not end may still book, for all that is known; the sweep goes on without."""
    stuck, other = hall(), hall()
    buyer().book(stuck, 1).ok(201)
    by_role, by_hand = (buyer().book(other, no).ok(201)["bookingId"] for no in (1, 2))
    idle = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    with contextlib.closing(idle), idle.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        seller.post(f"events/{stuck.id}/cancel").ok(202)
        processes.wait_for(lambda: statuses(ask, stuck) == ["cancelled"], "the booking to be cancelled")
        let_window_pass(other, by_role)
        processes.wait_for(lambda: statuses(ask, other) == ["expired", "pending"], "the role's sweep")
        let_window_pass(other, by_hand)
        assert processes.ctl("job", "sweep", "--once", timeout_s=60).returncode == 0
        assert statuses(ask, other) == ["expired", "expired"]
        assert seller.get(f"events/{stuck.id}").ok()["cancellation"]["finishedAt"] is None
    finished(seller, stuck)
    clean(stuck)


def test_whoever_cancels_an_event_again_waits_as_long(seller, hall, ask):
    """Once the answer is there, nobody books any more who had begun before (R-46)."""
    place = hall()
    other = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    with contextlib.closing(other), other.cursor() as cursor, concurrent.futures.ThreadPoolExecutor(2) as pool:
        cursor.execute("SELECT pg_current_xact_id()")
        first = pool.submit(seller.post, f"events/{place.id}/cancel")
        processes.wait_for(lambda: ask("SELECT status::text FROM event WHERE id = %s", place.number) == [
            ("cancelled",)], "the event to be cancelled")
        again = pool.submit(seller.post, f"events/{place.id}/cancel")
        assert concurrent.futures.wait([again], timeout=1).not_done
        other.rollback()
        first.result().ok(202)
        again.result().ok(202)


def test_cancelling_an_event_locks_its_seats_in_order(seller, buyer, hall, ask, clean):
    """R-14, though those that are paid end in another way than those that are not."""
    place = hall()
    buyer().booked_and_paid(place, 1)
    buyer().book(place, 2).ok(201)
    other = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    with contextlib.closing(other), other.cursor() as cursor:
        cursor.execute("SELECT FROM seat WHERE event_id = %s AND no = 1 FOR UPDATE", (place.number,))
        seller.post(f"events/{place.id}/cancel").ok(202)
        processes.wait_for(lambda: ask("SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))",
                                       other.get_backend_pid()), "the sweep to wait for the first seat")
        cursor.execute("SELECT FROM seat WHERE event_id = %s AND no = 2 FOR UPDATE NOWAIT", (place.number,))
    finished(seller, place)
    clean(place)


def test_an_event_is_cancelled_by_its_seller_or_an_admin_once(stack, seller, buyer, name, hall):
    place = hall()
    buyer().post(f"events/{place.id}/cancel").refused(403, "FORBIDDEN")
    stack.seller(name("rival")).post(f"events/{place.id}/cancel").refused(403, "FORBIDDEN")
    seller.post("events/4711000/cancel").refused(404, "EVENT_NOT_FOUND")
    stack.caller(name("admin"), "admin").post(f"events/{place.id}/cancel").ok(202)
    seller.post(f"events/{place.id}/cancel").ok(202)
    seller.patch(f"events/{place.id}", {"status": "on_sale"}).refused(409, "EVENT_CANCELLED")


def test_an_event_is_cancelled_at_the_keyboard(seller, buyer, hall):
    place = hall()
    buyer().booked_and_paid(place, 1)
    done = processes.ctl("event", "cancel", place.number)
    assert done.returncode == 0 and "1 refunded" in done.stdout, done
    again = processes.ctl("event", "cancel", place.number)
    assert again.returncode == 0, again
    assert processes.ctl("event", "cancel", 4711000).returncode == 1
    assert processes.ctl("event", "cancel").returncode == 2
