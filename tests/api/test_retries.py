"""
Transactions that are tried again (src/store/transact.h): when the connection is lost before
COMMIT, and when the answer to COMMIT is lost. The backend that serves a request is ended while it
waits for a lock that the test has.
"""

import contextlib
import threading

import pytest

import processes
from rowlock_client import event_body, grid

TRIES = 5  # TRANSACT_TRIES


@contextlib.contextmanager
def held(db, sql, *values):
    """Locks what a statement locks, in a transaction that is rolled back at the end, or before by leave()."""
    with db.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            cursor.execute(sql, values)
            yield lambda: cursor.execute("ROLLBACK")
        finally:
            cursor.execute("ROLLBACK")


@contextlib.contextmanager
def under_way(request):
    """A request that goes on at the same time; its reply is in the list at the end."""
    replies = []
    thread = threading.Thread(target=lambda: replies.append(request()), daemon=True)
    thread.start()
    yield replies
    thread.join(30)
    assert replies, "no answer"


@pytest.fixture
def cut(ask):
    """cut(): waits until a worker waits for a lock, and ends its connection. Which one it was."""
    def end(*before):
        def others():
            return [pid for pid in processes.waiting(ask) if pid not in before]
        processes.wait_for(others, "the worker to wait for the lock")
        pid = others()[0]
        assert ask("SELECT pg_terminate_backend(%s)", pid) == [(True,)]
        return pid
    return end


def journal(ask, place, kind):
    return ask("SELECT count(*) FROM journal WHERE event_id = %s AND type = %s", place.number, kind)[0][0]


LOCK_EVENT = "SELECT FROM event WHERE id = %s FOR UPDATE"
LOCK_BOOKING = "SELECT FROM booking WHERE id = %s FOR UPDATE"


def test_a_change_of_an_event_survives_a_lost_connection(hall, db, ask, cut):
    place = hall(rows=1, cols=2)
    place.seller.patch("events/" + place.id, {"status": "closed"}).ok()
    with held(db, LOCK_EVENT, place.number) as leave, under_way(
            lambda: place.seller.patch("events/" + place.id, {"status": "on_sale", "title": "Later"})) as replies:
        cut()
        leave()
    assert replies[0].ok()["title"] == "Later"
    assert journal(ask, place, "event.on_sale") == 2  # once when the hall was opened


def test_a_change_is_given_up_after_some_tries(hall, db, ask, cut):
    place, pid = hall(rows=1, cols=2), 0
    with held(db, LOCK_EVENT, place.number), under_way(
            lambda: place.seller.patch("events/" + place.id, {"title": "Never"})) as replies:
        for _ in range(TRIES):
            pid = cut(pid)
    replies[0].refused(503, "UNAVAILABLE")
    assert place.seller.get("events/" + place.id).ok()["title"] != "Never"


def test_a_cancellation_survives_a_lost_connection(hall, db, ask, cut):
    place = hall(rows=1, cols=2)
    with held(db, LOCK_EVENT, place.number) as leave, under_way(
            lambda: place.seller.post(f"events/{place.id}/cancel")) as replies:
        cut()
        leave()
    replies[0].ok(202)
    assert journal(ask, place, "event.cancelled") == 1


def test_a_change_of_a_booking_survives_a_lost_connection(hall, buyer, db, ask, cut, clean):
    place, who = hall(rows=1, cols=2), buyer()
    booking = who.book(place, 1).ok(201)["bookingId"]
    with held(db, LOCK_BOOKING, booking) as leave, under_way(
            lambda: who.delete("bookings/" + booking)) as replies:
        cut()
        leave()
    replies[0].ok()
    assert journal(ask, place, "booking.cancelled") == 1
    clean(place)


def test_a_check_in_survives_a_lost_connection(hall, buyer, db, cut):
    place, who = hall(rows=1, cols=2), buyer()
    booking = who.booked_and_paid(place, 1, 2)
    with held(db, LOCK_BOOKING, booking["bookingId"]) as leave, under_way(
            lambda: place.seller.post(f"tickets/{booking['ticketReference']}/check-in")) as replies:
        cut()
        leave()
    assert len(replies[0].ok()["tickets"]) == 2
    place.seller.post(f"tickets/{booking['ticketReference']}-1/check-in").refused(409, "ALREADY_CHECKED_IN")


def test_a_check_in_whose_commit_is_not_answered_is_made_once(hall, buyer, db, ask, cut):
    """It waits for another ticket of that reference, with COMMIT already sent."""
    place, who = hall(rows=1, cols=2), buyer()
    booking = who.booked_and_paid(place, 1)
    with held(db, """INSERT INTO ticket (ref, event_id, booking_id, seat, checked_in_by)
                     VALUES (%s, %s, %s, 1, 'another')""",
              booking["ticketReference"], place.number, booking["bookingId"]) as leave, under_way(
                  lambda: place.seller.post(f"tickets/{booking['ticketReference']}/check-in")) as replies:
        first = cut()
        processes.wait_for(lambda: set(processes.waiting(ask)) - {first}, "the next try")
        leave()
    assert replies[0].ok()["reference"] == booking["ticketReference"]


def test_a_new_event_whose_commit_is_not_answered_is_made_once(seller, db, ask, cut):
    """
    The worker has sent all up to COMMIT, and waits for another answer to the same request. Its
    connection is lost: it finds out that nothing was committed, and does it again.
    """
    body = event_body(seller.post("plans", grid(rows=2, cols=5, price=20)).ok(201)["planId"], title="Made once")
    with held(db, """INSERT INTO idempotency_key (principal, route, key, hash, status, body)
                     VALUES (%s, 'POST /api/v1/events', 'once', '', 201, '{}')""", seller.sub) as leave, under_way(
                         lambda: seller.post("events", body, headers={"Idempotency-Key": "once"})) as replies:
        first = cut()
        processes.wait_for(lambda: set(processes.waiting(ask)) - {first}, "the next try")
        leave()
    event = replies[0].ok(201)
    assert ask("SELECT id, seats FROM event WHERE seller = %s", seller.sub) == [(event["number"], 10)]
    again = seller.post("events", body, headers={"Idempotency-Key": "once"})
    assert again.ok(201) == event and again.headers["Idempotent-Replayed"] == "true"
