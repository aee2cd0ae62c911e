"""
Crowds. What is asserted is who got what; times are printed, and asserted only with
ROWLOCK_LOAD_LATENCY=1, on a machine that is known to be quiet.

ROWLOCK_LOAD_ROUNDS (3): rounds of the rush; ROWLOCK_LOAD_SEATS (2000): the hall that is
bought out; ROWLOCK_LOAD_SEED (1): the same seed makes the same wishes.
"""

import os
import resource

import pytest

import crowd
import processes
import rush
from rowlock_client import grid

ROUNDS = int(os.environ.get("ROWLOCK_LOAD_ROUNDS", "3"))
SEATS = int(os.environ.get("ROWLOCK_LOAD_SEATS", "2000"))
LATENCY = os.environ.get("ROWLOCK_LOAD_LATENCY") == "1"


def replies(answers):
    """The Reply of each; an answer that did not come fails the test."""
    assert all(answer.reply is not None for answer in answers), "a connection was cut"
    return [answer.reply for answer in answers]


def winners(stack, answers):
    """Data of the 201s; all others must be 409 with a code, and never a 5xx."""
    won = [reply.data for reply in replies(answers) if reply.status == 201]
    stack.acknowledged += [booking["bookingId"] for booking in won]
    return won


def test_a_thousand_people_want_one_seat(stack, hall, clean):
    """R-13"""
    place = hall(rows=1, cols=max(ROUNDS, 2))
    for seat_no in range(1, ROUNDS + 1):
        result = rush.one_seat(stack, place, seat_no, 1000)
        p50, p95, p99 = result.percentiles()
        print(f"round {seat_no}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
        assert not result.others, result.others
        assert len(result.winners) == 1
        assert len(result.refused) == 999
        assert not LATENCY or p95 < 500
    clean(place, stack.acknowledged)


def test_more_people_at_once_than_the_listen_queue_holds(stack, hall, clean):
    """The kernel's queue of the workers' socket ends at somaxconn; the workers hold the rest."""
    with open("/proc/sys/net/core/somaxconn") as file:
        people = int(file.read()) + 1500
    if 2 * people + 1000 > resource.getrlimit(resource.RLIMIT_NOFILE)[1]:
        pytest.skip(f"{people} connections take more descriptors than a process may have here")
    if not processes.workers():
        pytest.skip("the worker processes cannot be seen: under valgrind this would take minutes")
    place = hall(rows=1, cols=1)
    result = rush.one_seat(stack, place, 1, people)
    assert not result.others, result.others
    assert (len(result.winners), len(result.refused)) == (1, people - 1)
    clean(place, stack.acknowledged)


def test_a_hall_is_bought_out_in_random_overlapping_pairs(stack, hall, clean, ask):
    place = hall(plan=grid(rows=-(-SEATS // 100), cols=100))
    ledger = crowd.Crowd(stack, place, clients=64).start(crowd.buy_out).join()
    stack.acknowledged += ledger.booked
    assert set(ledger.answers) <= {"book: 201", "book: 409 SEAT_ALREADY_RESERVED"}, (ledger.answers,
                                                                                     ledger.odd)
    assert ledger.answers["book: 409 SEAT_ALREADY_RESERVED"] > 0, "nobody met anybody"

    sold = [no for pair in ledger.booked.values() for no in pair]
    assert len(sold) == len(set(sold)), "a seat was promised twice"
    states = dict(ask("SELECT status::text, count(*) FROM seat WHERE event_id = %s GROUP BY 1",
                      place.number))
    assert states.get("reserved", 0) == len(sold)
    assert states.get("reserved", 0) + states.get("free", 0) == place.seats
    assert states.get("free", 0) == 0, "seats were refused that nobody has"
    summary = place.map()["summary"]
    assert (summary["reserved"], summary["available"], summary["total"]) == (place.seats, 0,
                                                                             place.seats)
    clean(place, ledger.booked)
    print(f"{len(ledger.booked):,} bookings, {sum(ledger.answers.values()):,} requests, "
          f"p50 {rush.percentile(ledger.ms, 50):.0f} ms, "
          f"p99 {rush.percentile(ledger.ms, 99):.0f} ms")


def test_forty_bookings_of_one_user_at_once_three_succeed(stack, hall, clean, name):
    place = hall(rows=1, cols=40)
    token = stack.token(name("eager"))
    answers = rush.volley(stack, [rush.booking_bytes(stack, token, place, no)
                                  for no in range(1, 41)])
    assert len(winners(stack, answers)) == 3
    for reply in replies(answers):
        if reply.status != 201:
            reply.refused(409, "TOO_MANY_PENDING_BOOKINGS")
    assert list(place.statuses().values()).count("reserved") == 3
    clean(place)


def test_forty_bookings_of_one_user_in_many_events_three_succeed(stack, hall, name, ask):
    """The limit is the user's, so it holds over different events, and over different locks."""
    places = [hall(rows=1, cols=10) for _ in range(4)]
    user = name("eager")
    token = stack.token(user)
    answers = rush.volley(stack, [rush.booking_bytes(stack, token, place, no)
                                  for no in range(1, 11) for place in places])
    assert len(winners(stack, answers)) == 3
    assert {reply.code for reply in replies(answers)
            if reply.status != 201} == {"TOO_MANY_PENDING_BOOKINGS"}
    assert ask("SELECT count(*) FROM booking WHERE user_id = %s", user) == [(3,)]


def test_a_seat_whose_window_has_passed_goes_to_exactly_one_of_many(stack, hall, buyer, clean,
                                                                    let_window_pass):
    place, late = hall(rows=1, cols=4), buyer("late")
    old = late.book(place, 1, 2).ok(201)["bookingId"]
    let_window_pass(place, old)
    result = rush.one_seat(stack, place, 2, 50)
    assert result.fair, (len(result.winners), result.others)
    assert late.get("bookings/" + old).ok()["status"] == "EXPIRED"
    assert place.statuses()[1] == "available"
    clean(place, stack.acknowledged)


@pytest.mark.parametrize("length", [2, 10])
def test_lists_in_opposite_orders_do_not_deadlock(stack, hall, clean, name, length):
    place = hall(rows=5, cols=length)
    for row in range(5):
        there = range(row * length + 1, (row + 1) * length + 1)
        answers = rush.volley(stack, [
            rush.booking_bytes(stack, stack.token(name("crossing")), place,
                               *(there if n % 2 else reversed(there)))
            for n in range(40)])
        assert len(winners(stack, answers)) == 1
        for reply in replies(answers):
            if reply.status != 201:
                details = reply.refused(409, "SEAT_ALREADY_RESERVED")
                assert sorted(details["unavailableSeatIds"]) == [place.seat(no) for no in there]
    clean(place)


def test_overlapping_lists_leave_no_seat_to_two_people(stack, hall, clean, name):
    """A chain: everybody wants a seat of each neighbour; those who win have no seat in common."""
    place = hall(rows=1, cols=41)
    answers = rush.volley(stack, [
        rush.booking_bytes(stack, stack.token(name("chain")), place,
                           *([n, n + 1] if n % 2 else [n + 1, n]))
        for n in range(1, 41)])
    taken = [seat["seatId"] for won in winners(stack, answers) for seat in won["seats"]]
    assert len(taken) == len(set(taken))
    assert {reply.status for reply in replies(answers)} == {201, 409}
    clean(place)


def test_expiry_races_a_cancellation_and_one_of_them_wins(stack, hall, buyer, clean, name,
                                                          let_window_pass):
    """R-3: the owner cancels while somebody else takes the seat, whose window has passed."""
    place = hall(rows=1, cols=20)
    for seat_no in range(1, 21):
        owner = buyer("owner")
        old = owner.book(place, seat_no).ok(201)["bookingId"]
        let_window_pass(place, old)
        answers = rush.volley(stack, [
            rush.request_bytes(stack, "DELETE", "/api/v1/bookings/" + old, owner.token),
            rush.booking_bytes(stack, stack.token(name("taker")), place, seat_no)])
        cancel, take = replies(answers)
        assert cancel.status in (200, 409), cancel
        assert take.status == 201, take
        ended = owner.get("bookings/" + old).ok()["status"]
        assert ended == ("CANCELLED" if cancel.status == 200 else "EXPIRED")
    clean(place)
