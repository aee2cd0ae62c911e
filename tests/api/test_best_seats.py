"""
Best available seats of /api/v1 (R-31, R-32): which seats somebody gets who leaves the choice to
us, and that a party never fails while there are enough free seats in what it asked for.

Seats of a grid are numbered row by row from the front: row r, seat c of a hall of 10 columns
is number 10 (r - 1) + c.
"""

import contextlib
import json
import os
import threading
import time

import pytest

import processes
import rush
from processes import wait_for
from rowlock_client import grid, open_hall

PLANS = os.path.join(os.path.dirname(__file__), "..", "plans")


def plan(name):
    with open(os.path.join(PLANS, name), encoding="utf-8") as file:
        return json.load(file)


def numbers(booking):
    return [int(seat["seatId"][-12:], 16) for seat in booking["seats"]]


def printed(booking):
    return [(seat["section"], seat["row"], seat["number"]) for seat in booking["seats"]]


@pytest.fixture
def best(buyer):
    """best(hall, quantity, wishes…): the numbers of the seats that somebody new gets."""
    return lambda hall, quantity, **wishes: numbers(
        buyer().book_best(hall, quantity, **wishes).ok(201))


@pytest.fixture
def block(ask):
    """block(hall, seat number…): those seats are the house's own."""
    return lambda hall, *seat_nos: ask(
        "UPDATE seat SET status = 'blocked' WHERE event_id = %s AND no = ANY(%s) RETURNING no",
        hall.number, list(seat_nos))


@pytest.fixture
def only(block):
    """only(hall, seat number…): all seats but these are the house's own."""
    return lambda hall, *seat_nos: block(hall, *set(range(1, hall.seats + 1)) - set(seat_nos))


# --- which ---

def test_as_it_is_answered(hall, buyer, clean):
    place, who = hall(), buyer()
    reply = who.book_best(place, 2)
    booking = reply.ok(201)
    named = buyer().book(place, 31, 32).ok(201)
    assert list(booking) == list(named), "as if they had been named"
    assert list(booking["seats"][0]) == list(named["seats"][0])
    assert reply.headers["Location"] == "/api/v1/bookings/" + booking["bookingId"]
    assert (booking["status"], booking["totalAmount"]) == ("PENDING", 40)
    read = who.get("bookings/" + booking["bookingId"]).ok()
    assert read["seats"] == booking["seats"]
    assert place.statuses()[numbers(booking)[0]] == "reserved"
    clean(place, [booking["bookingId"]])


@pytest.mark.parametrize("quantity, seats", [
    (1, [5]), (2, [5, 6]), (3, [4, 5, 6]), (4, [4, 5, 6, 7]), (5, [3, 4, 5, 6, 7]),
    (8, [1, 2, 3, 4, 5, 6, 7, 8]), (10, list(range(1, 11)))])
def test_middle_of_the_front_row(quantity, seats, hall, best):
    """8 of 10 in the middle would leave a seat alone on either side: at a side it leaves two."""
    assert best(hall(), quantity) == seats


def test_one_party_after_the_other(hall, best, clean):
    place = hall(rows=3)
    assert [best(place, 4) for _ in range(3)] == [[4, 5, 6, 7], [14, 15, 16, 17], [24, 25, 26, 27]]
    assert [best(place, 3) for _ in range(6)] == [[1, 2, 3], [8, 9, 10], [11, 12, 13], [18, 19, 20],
                                                  [21, 22, 23], [28, 29, 30]]
    clean(place)


def test_neighbours_further_back_go_before_pieces_in_front(hall, best, only):
    place = hall()
    only(place, 1, 3, 5, 7, 31, 32, 33)
    assert best(place, 2) in ([31, 32], [32, 33])


def test_no_seat_is_left_alone(hall, best, only):
    """Five in a row: a pair in the middle, or at one from the side, would leave somebody alone."""
    place = hall()
    only(place, 3, 4, 5, 6, 7)
    assert best(place, 2) in ([3, 4], [6, 7])
    assert best(place, 3) in ([5, 6, 7], [3, 4, 5])
    assert set(place.statuses().values()) == {"blocked", "reserved"}


def test_a_single_seat_is_filled_by_who_comes_alone(hall, best, only):
    place = hall()
    only(place, 2, 11, 12, 13, 14)
    assert best(place, 1) == [2]


def pieces(seat_nos, cols=10):
    """How many seats of each run of neighbours there are, in order of size."""
    sizes, last = [], None
    for no in sorted(seat_nos):
        if last is not None and no == last + 1 and (no - 1) % cols:
            sizes[-1] += 1
        else:
            sizes.append(1)
        last = no
    return sorted(sizes)


@pytest.mark.parametrize("free, quantity, sizes", [
    ((1, 2, 5, 6, 25), 3, [1, 2]),
    ((1, 2, 5, 6, 9, 10), 4, [2, 2]),
    ((1, 2, 3, 5, 6, 7), 4, [2, 2]),  # and not 3 and 1: nobody sits alone if that can be
    ((1, 2, 4, 5, 31, 32, 33), 5, [2, 3]),
    ((10, 11), 2, [1, 1]),
    ((1, 3, 5, 7), 4, [1, 1, 1, 1])])
def test_fewest_pieces_when_there_is_no_block(free, quantity, sizes, hall, best, only):
    place = hall()
    only(place, *free)
    got = best(place, quantity)
    assert len(set(got)) == quantity and set(got) <= set(free)
    assert pieces(got) == sizes


def test_pieces_lie_close_together(hall, best, only):
    place = hall()
    only(place, 1, 2, 9, 10, 21, 22, 31, 32)
    assert best(place, 4) == [21, 22, 31, 32]


def test_an_aisle_parts_a_row(hall, best):
    """Five and three: a party of four fits on one side only."""
    place = hall(plan=grid(rows=2, cols=8, aisles=[5]))
    first, second = best(place, 4), best(place, 4)
    assert max(first) <= 5 and 9 <= min(second) and max(second) <= 13, (first, second)
    assert best(place, 3) == [6, 7, 8]
    assert best(place, 3) == [14, 15, 16]


def test_coordinates_of_a_plan(seller, best, buyer):
    """The theatre's stage is in front of row A; a wide gap after seat 5 is an aisle."""
    place = open_hall(seller, plan("theatre.json"))
    first = buyer().book_best(place, 2).ok(201)
    assert {(section, row) for section, row, _ in printed(first)} == {("Stalls", "A")}
    assert [number for *_, number in printed(first)] in ([4, 5], [6, 7])
    for _ in range(5):
        booking = buyer().book_best(place, 5).ok(201)
        assert len({(section, row) for section, row, _ in printed(booking)}) == 1
        seats = [number for *_, number in printed(booking)]
        assert seats == list(range(seats[0], seats[0] + 5)), printed(booking)
        assert {section for section, *_ in printed(booking)} == {"Stalls"} or \
            {section for section, *_ in printed(booking)} == {"Balcony"}


def test_every_seat_of_a_plan_with_coordinates_can_be_had(seller, buyer, clean):
    place = open_hall(seller, plan("theatre.json"))
    accessible = sum(len(part.get("accessible", ())) for part in place.map()["sections"])
    assert accessible == 3
    left = place.seats - accessible
    while left > 0:
        left -= len(buyer().book_best(place, min(4, left)).ok(201)["seats"])
    buyer().book_best(place, 1).refused(409, "NOT_ENOUGH_SEATS")
    clean(place)


# --- wishes ---

@pytest.fixture
def house(seller):
    """Floor 1 and Floor 2 (3 x 8, an aisle after 4, A-1 and A-8 for wheelchairs), Gallery, Boxes."""
    return open_hall(seller, plan("hall.json"), prices={"Boxes": 30})


@pytest.mark.parametrize("wish, places", [
    ({"section": "Floor"}, {("Floor", 1), ("Floor", 2)}),
    ({"section": "Floor", "subsection": 2}, {("Floor", 2)}),
    ({"subsection": 2}, {("Floor", 2)}),
    ({"section": "Gallery"}, {("Gallery", 1)}),
    ({"section": "Gallery", "subsection": 1}, {("Gallery", 1)}),
    ({"tier": "CHEAP"}, {("Gallery", 1)}),
    ({"tier": "REGULAR"}, {("Floor", 1), ("Floor", 2), ("Boxes", 1)}),
    ({"section": "Floor", "tier": "REGULAR"}, {("Floor", 1), ("Floor", 2)}),
    ({"accessible": True}, {("Floor", 1), ("Floor", 2)}),
    ({"section": "Floor", "subsection": 2, "accessible": True}, {("Floor", 2)}),
    ({}, {("Floor", 1), ("Floor", 2), ("Gallery", 1), ("Boxes", 1)})])
def test_all_seats_of_a_wish_and_no_others(wish, places, house, buyer, clean):
    """Sold one by one until there are none."""
    there = [(part, seat) for part in house.map()["sections"] for seat in part["seats"]
             if (part["name"], part["subsection"]) in places]
    wanted = {seat[0] for part, seat in there
              if (seat[0] in part.get("accessible", ())) == wish.get("accessible", False)}
    assert wanted
    got = []
    while len(got) < len(wanted):
        got += numbers(buyer().book_best(house, 1, **wish).ok(201))
    assert len(got) == len(wanted) and set(got) == wanted
    buyer().book_best(house, 1, **wish).refused(409, "NOT_ENOUGH_SEATS")
    clean(house)


def test_wishes_that_contradict_each_other_have_no_seats(house, buyer):
    buyer().book_best(house, 1, section="Gallery", tier="REGULAR").refused(409, "NOT_ENOUGH_SEATS")
    buyer().book_best(house, 1, section="Boxes", accessible=True).refused(409, "NOT_ENOUGH_SEATS")


@pytest.mark.parametrize("wish, field", [
    ({"section": "Roof"}, "section"), ({"section": "floor"}, "section"), ({"section": ""}, "section"),
    ({"section": 1}, "section"), ({"section": None}, "section"), ({"section": "x" * 65}, "section"),
    ({"subsection": 3}, "subsection"), ({"subsection": 0}, "subsection"),
    ({"subsection": "1"}, "subsection"), ({"subsection": 1.5}, "subsection"),
    ({"tier": "GOLD"}, "tier"), ({"tier": "cheap"}, "tier"), ({"tier": 2}, "tier"),
    ({"accessible": "yes"}, "accessible"), ({"accessible": 1}, "accessible"),
    ({"quantity": 0}, "quantity"), ({"quantity": -1}, "quantity"), ({"quantity": 11}, "quantity"),
    ({"quantity": 1.5}, "quantity"), ({"quantity": "2"}, "quantity"), ({"quantity": None}, "quantity"),
    ({"quantity": 2 ** 53}, "quantity"), ({"row": "A"}, "row"), ({"Section": "Floor"}, "Section"),
    ({"userId": ""}, "userId")])
def test_bad_wish_is_named(wish, field, house, buyer):
    buyer().post("bookings", {**house.best_wish(1), **wish}).refused(400, "VALIDATION_ERROR", field)
    assert "reserved" not in house.statuses().values()


def test_neither_seats_nor_how_many(house, buyer):
    reply = buyer().post("bookings", {"eventId": house.id})
    reply.refused(400, "VALIDATION_ERROR", "quantity")
    reply.refused(400, "VALIDATION_ERROR", "seatIds")


def test_how_many_beside_the_seats(house, buyer):
    who = buyer()
    for wrong in (1, 3):
        who.post("bookings", {**house.wish(1, 2), "quantity": wrong}).refused(
            400, "VALIDATION_ERROR", "quantity")
    assert numbers(who.post("bookings", {**house.wish(1, 2), "quantity": 2}).ok(201)) == [1, 2]


@pytest.mark.parametrize("wish", [{"section": "Floor"}, {"subsection": 1}, {"tier": "REGULAR"},
                                  {"accessible": False}])
def test_wishes_beside_the_seats(wish, house, buyer):
    buyer().post("bookings", {**house.wish(1), **wish}).refused(400, "VALIDATION_ERROR",
                                                                list(wish)[0])


def test_somebody_elses_name(house, buyer, stack, name):
    guest = buyer("guest")
    buyer().book_best(house, 1, userId=guest.sub).refused(403, "FORBIDDEN")
    booking = stack.caller(name("office"), "admin").book_best(house, 1, userId=guest.sub).ok(201)
    assert guest.get("bookings/" + booking["bookingId"]).ok()["status"] == "PENDING"


@pytest.mark.parametrize("status", ["draft", "closed"])
def test_event_that_is_not_on_sale(status, hall, buyer):
    buyer().book_best(hall(status=status), 1).refused(409, "EVENT_NOT_ON_SALE")


def test_no_such_event(buyer, house):
    wish = {**house.best_wish(1), "eventId": "00000999-9999-8000-8000-000000000000"}
    buyer().post("bookings", wish).refused(404, "EVENT_NOT_FOUND")


# --- limits ---

def test_event_may_allow_fewer_seats(hall, buyer):
    place = hall(policy={"maxSeats": 2})
    buyer().book_best(place, 3).refused(400, "VALIDATION_ERROR", "quantity")
    buyer().book_best(place, 2).ok(201)


def test_more_than_there_are(hall, buyer, best):
    place = hall(rows=1, cols=7)
    buyer().book_best(place, 8).refused(409, "NOT_ENOUGH_SEATS")
    best(place, 3)
    buyer().book_best(place, 5).refused(409, "NOT_ENOUGH_SEATS")
    assert len(best(place, 4)) == 4
    buyer().book_best(place, 1).refused(409, "NOT_ENOUGH_SEATS")


def test_who_has_too_many_pending_bookings_keeps_no_seat_from_others(hall, buyer, best, clean):
    place, who = hall(rows=1, cols=5), buyer()
    for _ in range(3):
        who.book_best(place, 1).ok(201)
    who.book_best(place, 2).refused(409, "TOO_MANY_PENDING_BOOKINGS")
    who.book_best(place, 1).refused(409, "TOO_MANY_PENDING_BOOKINGS")
    assert len(best(place, 2)) == 2
    clean(place)


def test_those_who_may_not_book_do_not_make_a_hall_seem_full(hall, stack, name, buyer, clean):
    """
    Many are looked at together: the seats that are chosen for who is refused in the end are
    there for who comes after.
    """
    place, elsewhere = hall(rows=1, cols=4, policy={"maxPending": 1}), hall()
    capped = buyer("capped")
    capped.book_best(elsewhere, 1).ok(201)
    for _ in range(5):
        tokens = [capped.token] * 40 + [stack.token(name("honest"))]
        answers = rush.volley(stack, [rush.best_bytes(stack, token, place, 4) for token in tokens])
        booking = answers[-1].reply.ok(201)["bookingId"]
        assert {answer.reply.code for answer in answers[:-1]} <= {"TOO_MANY_PENDING_BOOKINGS",
                                                                   "NOT_ENOUGH_SEATS"}
        stack.caller(name("office"), "admin").delete("bookings/" + booking).ok()
    clean(place)


# --- seats that are not free, and those that are again ---

def test_seats_of_the_house_are_not_given_out(hall, best, block):
    place = hall()
    block(place, 5, 6)
    assert best(place, 4) in ([1, 2, 3, 4], [7, 8, 9, 10])
    assert place.statuses()[5] == place.statuses()[6] == "blocked"


@pytest.fixture
def hold(buyer, ask):
    """hold(place, seat numbers, seconds): somebody holds them for so long from now on."""
    def make(place, seat_nos, seconds):
        who = buyer("somebody")
        assert who.hold(place, *seat_nos).status == 200
        return ask("""WITH h AS (UPDATE hold SET expires_at = now() + %(s)s * interval '1 second'
                                 WHERE event_id = %(event)s AND user_id = %(user)s)
                      UPDATE seat SET hold_until = now() + %(s)s * interval '1 second'
                      WHERE event_id = %(event)s AND holder = %(user)s RETURNING no""".replace(
                          "%(s)s", str(seconds)).replace("%(event)s", str(place.number)).replace("%(user)s", "%s"),
                   who.sub, who.sub)
    return make


def test_seats_that_somebody_holds_are_not_given_out(hall, best, hold):
    place = hall()
    hold(place, (5, 6), 600)
    assert not {5, 6} & set(best(place, 4))


def test_hold_that_has_passed_is_none(hall, best, hold):
    place = hall()
    hold(place, (5, 6), -1)
    assert best(place, 2) == [5, 6]


def test_hold_that_passes_meanwhile(hall, best, hold, buyer):
    """It is known when it will: no news is needed."""
    place = hall(rows=1, cols=2)
    hold(place, (1, 2), 3)
    buyer().book_best(place, 2).refused(409, "NOT_ENOUGH_SEATS")
    assert eventually(lambda: buyer().book_best(place, 2), "NOT_ENOUGH_SEATS") == [1, 2]


def eventually(ask_for, code, timeout_s=10):
    """Asks again while it is refused with this code: the numbers of the seats."""
    deadline = time.monotonic() + timeout_s
    while (reply := ask_for()).status != 201:
        reply.refused(409, code)
        assert time.monotonic() < deadline, f"still {code} after {timeout_s} s"
        time.sleep(0.01)
    return numbers(reply.data)


def test_seats_of_a_cancelled_booking_are_the_best_again(hall, buyer, best, clean):
    """At once where they are the only ones; where others are free, as soon as it is worth a look."""
    for place in (hall(rows=1, cols=4), hall()):
        who = buyer()
        first = who.book_best(place, 4).ok(201)
        who.delete("bookings/" + first["bookingId"]).ok()

        def are_had_again():
            other = buyer()
            booking = other.book_best(place, 4).ok(201)
            other.delete("bookings/" + booking["bookingId"]).ok()
            return numbers(booking) == numbers(first)
        assert are_had_again() or place.seats > 4
        wait_for(are_had_again, f"the best of {place.seats} seats")
        clean(place)


def test_seats_of_somebody_whose_window_has_passed(hall, buyer, let_window_pass, clean):
    place, late = hall(rows=1, cols=4), buyer("late")
    old = late.book_best(place, 4).ok(201)["bookingId"]
    buyer().book_best(place, 4).refused(409, "NOT_ENOUGH_SEATS")
    let_window_pass(place, old)
    assert eventually(lambda: buyer().book_best(place, 4), "NOT_ENOUGH_SEATS") == [1, 2, 3, 4]
    assert late.get("bookings/" + old).ok()["status"] == "EXPIRED"
    clean(place)


def test_seats_that_were_named_are_not_given_out(hall, buyer, best, clean):
    place = hall()
    buyer().book(place, 5).ok(201)
    assert best(place, 4) == [1, 2, 3, 4]
    clean(place)


def test_a_seat_that_somebody_is_at_is_left_to_him(hall, best, db, clean):
    """Nobody waits for a lock as long as there are other seats (R-32)."""
    place = hall()
    assert best(place, 1) == [5]
    with db.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM seat WHERE event_id = %s AND no IN (6, 15, 16) FOR UPDATE",
                       (place.number,))
        began = time.monotonic()
        got = best(place, 2)
        assert not {6, 15, 16} & set(got)
        assert time.monotonic() - began < 2, "it waited for the lock"
        cursor.execute("ROLLBACK")
    clean(place)


@contextlib.contextmanager
def asking(who, hall, quantity):
    """A booking that is asked for meanwhile; afterwards the list has its Reply."""
    replies = []
    thread = threading.Thread(target=lambda: replies.append(who.book_best(hall, quantity)))
    thread.start()
    try:
        yield replies
    finally:
        thread.join()


def test_last_seats_that_somebody_was_at(hall, buyer, ask, db, clean):
    """He looks at them and goes away again: who waited has them."""
    place = hall(rows=1, cols=2)
    with db.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM seat WHERE event_id = %s FOR UPDATE", (place.number,))
        with asking(buyer(), place, 2) as replies:
            processes.wait_for(lambda: processes.waiting(ask), "the worker to wait for the seats")
            cursor.execute("ROLLBACK")
    assert numbers(replies[0].ok(201)) == [1, 2]
    clean(place)


def test_house_is_known_again_after_a_reading_that_broke_off(hall, buyer, best, ask, db, clean):
    place, who = hall(rows=1, cols=5), buyer()
    for _ in range(5):
        who.delete("bookings/" + who.book_best(place, 4).ok(201)["bookingId"]).ok()
    kept = who.book_best(place, 4).ok(201)["bookingId"]
    who.delete("bookings/" + who.book_best(place, 1).ok(201)["bookingId"]).ok()
    with db.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE seat IN ACCESS EXCLUSIVE MODE")
        with asking(buyer(), place, 4) as replies:
            processes.wait_for(lambda: processes.waiting(ask), "the worker to wait for the table")
            cursor.execute("SELECT pg_terminate_backend(%s)", (processes.waiting(ask)[0],))
            cursor.execute("ROLLBACK")
    replies[0].refused(409, "NOT_ENOUGH_SEATS")
    who.delete("bookings/" + kept).ok()
    assert len(best(place, 4)) == 4
    clean(place)


def test_a_seat_that_another_host_gives_back_is_had_at_once(hall, buyer, block, ask):
    """Nothing on this host says that the event has changed; a no is not said from memory for long."""
    place = hall(rows=1, cols=2)
    block(place, 1, 2)
    for _ in range(2):
        buyer().book_best(place, 1).refused(409, "NOT_ENOUGH_SEATS")
    ask("UPDATE seat SET status = 'free' WHERE event_id = %s RETURNING no", place.number)
    refused = next(n for n in range(10000) if buyer().book_best(place, 2).status == 201)
    assert refused < 25, "a reading costs a few requests' time, not a hundred's"
