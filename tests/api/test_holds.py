"""Seats held for a while (R-11, R-12, R-23): who may, how many, how long, and what becomes of them."""

import concurrent.futures
from datetime import datetime, timedelta, timezone

import pytest

import rush
from processes import sweep, wait_for
from rowlock_client import uuid_of

HOLD = "bookings/hold-seats"


@pytest.fixture
def place(hall):
    return hall(rows=2, cols=10, price=75)


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def held(reply):
    """The seats of a hold that was granted, and until when."""
    assert reply.status == 200, reply
    answer = reply.json
    assert set(answer) == {"success", "holds", "expiresAt"} and answer["success"] is True
    assert {one["expiresAt"] for one in answer["holds"]} == {answer["expiresAt"]}
    return [one["seatId"] for one in answer["holds"]], instant(answer["expiresAt"])


def released(reply):
    assert reply.status == 200, reply
    answer = reply.json
    assert answer["success"] is True and answer["released"] == len(answer["seatIds"])
    return sorted(answer["seatIds"])


def about(minutes):
    """Whether a time is so many minutes from now, by a clock of the same machine."""
    class Near:
        def __eq__(self, at):
            return abs(at - datetime.now(timezone.utc) - timedelta(minutes=minutes)) < \
                timedelta(seconds=20)
    return Near()


@pytest.fixture
def end_soon(ask):
    """end_soon(hall, user, milliseconds): makes all that a user holds of an event end so soon."""
    def shorten(hall, user, ms):
        ask("""UPDATE hold SET expires_at = now() + %s * interval '1 millisecond'
               WHERE event_id = %s AND user_id = %s RETURNING 1""", ms, hall.number, user.sub)
        ask("""UPDATE seat SET hold_until = hold.expires_at FROM hold
               WHERE seat.event_id = %s AND hold.event_id = seat.event_id AND hold.user_id = %s
               AND seat.holder = hold.user_id RETURNING 1""", hall.number, user.sub)
    return shorten


# --- holding ---

def test_a_hold_names_its_seats_and_its_end(place, buyer, clean):
    seats, until = held(buyer().hold(place, 3, 2))
    assert sorted(seats) == [place.seat(2), place.seat(3)]
    assert until == about(5)
    clean(place)


def test_the_event_may_have_another_time(hall, buyer):
    assert held(buyer().hold(hall(policy={"holdMinutes": 2}), 1))[1] == about(2)


def test_own_holds_show_as_such_and_anybody_elses_as_held(place, buyer, stack):
    who = buyer()
    assert place.statuses(who)[2] == "available"
    held(who.hold(place, 2, 3))
    mine = place.map(who)
    assert place.statuses(who)[2] == place.statuses(who)[3] == "held_by_me"
    assert (mine["summary"]["heldByMe"], mine["summary"]["held"]) == (2, 0)
    assert (mine["summary"]["available"], mine["summary"]["total"]) == (18, 20)
    for other in (None, buyer()):
        assert place.statuses(other)[2] == "held"
        summary = place.map(other)["summary"]
        assert (summary["heldByMe"], summary["held"]) == (0, 2)
    assert stack.anyone().get("events/" + place.id).ok()["seats"]["held"] == 2


def test_a_map_that_others_are_answered_with_has_no_holds_of_mine(place, buyer, stack):
    """Asked for often enough it lies in a file; whoever has a token gets a map of one's own."""
    who, path = buyer(), f"events/{place.id}/seats"
    held(who.hold(place, 1))
    tags = set()
    for _ in range(4):
        public, own = stack.anyone().get(path), who.get(path)
        assert b'"heldByMe":0' in public.body and b'"heldByMe":1' in own.body
        tags |= {public.headers["ETag"], own.headers["ETag"]}
    assert len(tags) == 2
    assert who.get(path, headers={"If-None-Match": public.headers["ETag"]}).status == 200


def test_all_seats_or_none(place, buyer, clean):
    held(buyer().hold(place, 2))
    buyer().book(place, 4).ok(201)
    details = buyer().hold(place, 1, 2, 3, 4).refused(409, "SEAT_ALREADY_RESERVED")
    assert sorted(details["unavailableSeatIds"]) == [place.seat(2), place.seat(4)]
    assert [place.statuses()[no] for no in (1, 2, 3, 4)] == ["available", "held", "available",
                                                             "reserved"]
    clean(place)


def test_own_booked_seats_cannot_be_held(place, buyer):
    who = buyer()
    who.book(place, 1).ok(201)
    who.hold(place, 1).refused(409, "SEAT_ALREADY_RESERVED")


def test_repeating_refreshes_own_holds(place, buyer, ask, clean):
    who = buyer()
    held(who.hold(place, 1, 2))
    ask("""UPDATE seat SET hold_until = now() + interval '10 seconds'
           WHERE event_id = %s AND no <= 2 RETURNING 1""", place.number)
    assert held(who.hold(place, 2, 1))[1] == about(5)
    assert ask("SELECT count(*) FROM hold WHERE event_id = %s", place.number) == [(1,)]
    assert ask("""SELECT bool_and(hold_until > now() + interval '4 minutes') FROM seat
                  WHERE event_id = %s AND no <= 2""", place.number) == [(True,)]
    clean(place)


def test_several_calls_add_up(place, buyer, ask, clean):
    who = buyer()
    held(who.hold(place, 1, 2))
    held(who.hold(place, 2, 7))
    assert [no for no, status in place.statuses(who).items() if status == "held_by_me"] == [1, 2, 7]
    assert ask("SELECT seats FROM hold WHERE event_id = %s", place.number) == [([1, 2, 7],)]
    clean(place)


def test_ten_seats_of_an_event_are_the_most(place, hall, buyer, clean):
    who = buyer()
    who.hold(place, *range(1, 12)).refused(400, "VALIDATION_ERROR", "seatIds")
    held(who.hold(place, *range(1, 8)))
    details = who.hold(place, 8, 9, 10, 11).refused(400, "VALIDATION_ERROR", "seatIds")
    assert "10 seats" in details["fields"]["seatIds"]
    assert place.statuses()[8] == "available"
    held(who.hold(place, 7, 8, 9, 10))  # one of them is held already
    who.hold(place, 11).refused(400, "VALIDATION_ERROR", "seatIds")
    held(who.hold(place, 1))
    held(who.hold(hall(), *range(1, 11)))  # another event
    held(buyer().hold(place, *range(11, 21)))  # another user
    clean(place)


def test_the_limit_of_a_booking_is_none_of_a_hold(hall, buyer):
    held(buyer().hold(hall(policy={"maxSeats": 2}), 1, 2, 3))


def test_holds_count_as_no_pending_booking(hall, buyer):
    place, who = hall(policy={"maxPending": 1}), buyer()
    held(who.hold(place, 1, 2))
    who.book(place, 1).ok(201)
    held(who.hold(place, 3))


@pytest.mark.parametrize("status", ["draft", "closed"])
def test_nothing_is_held_that_is_not_on_sale(status, hall, buyer):
    buyer().hold(hall(status=status), 1).refused(409, "EVENT_NOT_ON_SALE")


def test_what_is_not_there_cannot_be_held(place, buyer):
    details = buyer().hold(place, 1, 9999).refused(404, "SEAT_NOT_FOUND")
    assert details["unknownSeatIds"] == [place.seat(9999)]
    buyer().post(HOLD, {"eventId": uuid_of(999999999), "seatIds": [uuid_of(999999999, 1)]}) \
        .refused(404, "EVENT_NOT_FOUND")
    assert place.statuses()[1] == "available"


@pytest.mark.parametrize("change, field", [
    ({"seatIds": []}, "seatIds"), ({"seatIds": "all"}, "seatIds"), ({"seatIds": [1]}, "seatIds"),
    ({"seatIds": None}, "seatIds"), ({"eventId": "x"}, "eventId"), ({"eventId": -1}, "eventId"),
    ({"eventId": None}, "eventId"), ({"quantity": 2}, "quantity"), ({"colour": "red"}, "colour"),
    ({"userId": 7}, "userId"), ({"minutes": 60}, "minutes"),
])
def test_bad_field_is_named(change, field, place, buyer):
    buyer().post(HOLD, {**place.wish(1), **change}).refused(400, "VALIDATION_ERROR", field)
    assert place.statuses()[1] == "available"


def test_a_seat_named_twice_is_refused(place, buyer):
    buyer().hold(place, 1, 2, 1).refused(400, "VALIDATION_ERROR", "seatIds")


def test_nobody_holds_for_somebody_else_but_staff(place, buyer, stack, name):
    guest = buyer("guest")
    buyer().post(HOLD, {**place.wish(1), "userId": guest.sub}).refused(403, "FORBIDDEN")
    staff = stack.caller(name("office"), "service")
    held(staff.post(HOLD, {**place.wish(1), "userId": guest.sub}))
    assert place.statuses(guest)[1] == "held_by_me"
    assert place.statuses(staff)[1] == "held"


def test_the_journal_tells_of_it(place, buyer, ask):
    who = buyer()
    reply = who.request("POST", HOLD, place.wish(2, 1), headers={"X-Request-Id": "hold-me"})
    who.request("DELETE", "bookings/holds/" + who.sub, headers={"X-Request-Id": "free-me"})
    assert ask("""SELECT type, user_id, booking_id, correlation_id, payload FROM journal
                  WHERE event_id = %s AND type LIKE 'seats.%%' ORDER BY seq""", place.number) == \
        [("seats.held", who.sub, None, "hold-me", {"seats": [1, 2],
                                                   "expiresAt": reply.json["expiresAt"]}),
         ("seats.released", who.sub, None, "free-me", {"seats": [1, 2]})]


# --- what a hold is good for ---

def test_somebody_elses_hold_is_in_the_way_of_a_booking(place, buyer):
    held(buyer().hold(place, 2))
    details = buyer().book(place, 1, 2).refused(409, "SEAT_ALREADY_RESERVED")
    assert details["unavailableSeatIds"] == [place.seat(2)]


def test_a_booking_uses_own_holds_up(place, buyer, ask, clean):
    who = buyer()
    held(who.hold(place, 1, 2, 3))
    booking = who.book(place, 2, 3, 4).ok(201)["bookingId"]
    assert [place.statuses(who)[no] for no in (1, 2, 3, 4)] == ["held_by_me", "reserved", "reserved",
                                                               "reserved"]
    assert ask("SELECT hold_until IS NOT NULL FROM seat WHERE event_id = %s AND no = 2",
               place.number) == [(True,)]
    held(who.hold(place, *range(5, 14)))  # 9 and seat 1 are 10: the booked ones count no more
    assert released(who.let_go(place)) == [place.seat(no) for no in (1, *range(5, 14))]
    assert place.statuses()[2] == "reserved"
    clean(place, [booking])


def test_best_seats_are_not_those_that_are_held(hall, buyer, clean):
    place = hall(rows=1, cols=6)
    held(buyer().hold(place, 2, 3, 4, 5))
    got = buyer().book_best(place, 2).ok(201)["seats"]
    assert {seat["number"] for seat in got} == {1, 6}
    buyer().book_best(place, 1).refused(409, "NOT_ENOUGH_SEATS")
    clean(place)


def test_released_seats_are_among_the_best_at_once(hall, buyer):
    place, who = hall(rows=1, cols=4), buyer()
    held(who.hold(place, 1, 2, 3, 4))
    buyer().book_best(place, 2).refused(409, "NOT_ENOUGH_SEATS")
    released(who.let_go(place))
    buyer().book_best(place, 4).ok(201)


def test_an_accepted_booking_is_not_seated_on_held_seats(hall, buyer, stack, clean):
    place = hall(rows=1, cols=4)
    held(buyer().hold(place, 2))
    who = buyer()
    who.wait_status(who.queue(place, "A-1", "A-2").plain(202)["id"], "failed")
    assert place.statuses()[1] == "available"
    clean(place)


# --- the time passes (R-11) ---

def test_a_hold_ends_by_time_alone(place, buyer, end_soon, clean):
    """The map that was read while the seats were held says until when it is good."""
    who = buyer()
    held(who.hold(place, 1, 2))
    end_soon(place, who, 700)
    held(who.hold(place, 3))  # the map is read anew
    assert place.statuses()[1] == "held"
    wait_for(lambda: place.statuses()[1] == place.statuses(who)[1] == "available", "the end", 5)
    assert place.statuses(who)[3] == "held_by_me"
    assert place.map()["summary"]["held"] == 1
    clean(place)


@pytest.mark.parametrize("how", ["hold", "book"])
def test_seats_of_a_hold_that_has_ended_are_anybodys(how, place, buyer, ask, clean, let_holds_pass):
    late, quick = buyer("late"), buyer("quick")
    held(late.hold(place, 1, 2))
    let_holds_pass(place, late)
    reply = quick.hold(place, 2, 3) if how == "hold" else quick.book(place, 2, 3)
    assert reply.status in (200, 201), reply
    assert ask("SELECT holder FROM seat WHERE event_id = %s AND no = 2", place.number) == \
        [(quick.sub,)]
    late.hold(place, 2).refused(409, "SEAT_ALREADY_RESERVED")
    assert released(late.let_go(place)) == [place.seat(1)]
    clean(place)


def test_best_seats_may_be_those_of_a_hold_that_has_ended(hall, buyer, let_holds_pass, clean):
    place, late = hall(rows=1, cols=4), buyer("late")
    held(late.hold(place, 1, 2, 3, 4))
    let_holds_pass(place, late)
    buyer().book_best(place, 4).ok(201)
    clean(place)


def test_what_has_ended_counts_no_more(place, buyer, let_holds_pass, clean):
    who = buyer()
    held(who.hold(place, *range(1, 11)))
    let_holds_pass(place, who)
    held(who.hold(place, *range(11, 21)))
    assert released(who.let_go()) == [place.seat(no) for no in range(1, 21)]
    clean(place)


def test_own_hold_that_has_ended_may_be_taken_again(place, buyer, let_holds_pass, clean):
    who = buyer()
    held(who.hold(place, 1))
    let_holds_pass(place, who)
    assert held(who.hold(place, 1))[1] == about(5)
    clean(place)


@pytest.mark.parametrize("how", ["hold", "book"])
def test_seats_of_a_booking_whose_window_has_passed_may_be_held(how, place, buyer, clean,
                                                                let_window_pass):
    late, quick = buyer("late"), buyer("quick")
    old = late.book(place, 1, 2).ok(201)["bookingId"]
    let_window_pass(place, old)
    held(quick.hold(place, 2))
    assert late.get("bookings/" + old).ok()["status"] == "EXPIRED"
    assert place.statuses()[1] == "available"
    clean(place, [old])


# --- the sweeper ---

def test_the_sweeper_sets_free_what_has_ended_and_nothing_else(place, hall, buyer, ask, clean,
                                                               let_holds_pass):
    first, second, third, elsewhere = buyer(), buyer(), buyer(), hall()
    for who, seats in ((first, (1, 2, 3)), (second, (4, 5)), (third, (10, 11))):
        held(who.hold(place, *seats))
    held(first.hold(elsewhere, 1))
    let_holds_pass(place, first)
    let_holds_pass(place, second)
    held(third.hold(place, 3))
    second.book(place, 4).ok(201)
    sweep()
    assert [place.statuses(third)[no] for no in (1, 2, 3, 4, 5, 10)] == \
        ["available", "available", "held_by_me", "reserved", "available", "held_by_me"]
    assert ask("SELECT user_id FROM hold WHERE event_id = %s", place.number) == [(third.sub,)]
    rows = ask("""SELECT user_id, payload -> 'seats' FROM journal
                  WHERE event_id = %s AND type = 'seats.released'""", place.number)
    assert sorted(rows) == sorted([(first.sub, [1, 2]), (second.sub, [5])])
    assert elsewhere.statuses()[1] == "held"
    clean(place)


def test_the_sweeper_sets_free_what_has_ended_of_a_hold_that_goes_on(place, buyer, ask, clean, end_soon):
    """Who keeps holding other seats does not keep those that have lapsed from being told of."""
    who = buyer()
    held(who.hold(place, 1, 2, 3))
    end_soon(place, who, 1000)
    held(who.hold(place, 3, 4))
    wait_for(lambda: place.statuses()[1] == "available", "the end")
    sweep()
    assert ask("""SELECT user_id, payload -> 'seats' FROM journal
                  WHERE event_id = %s AND type = 'seats.released'""", place.number) == [(who.sub, [1, 2])]
    assert ask("""SELECT h.seats, h.expires_at = s.hold_until FROM hold h JOIN seat s ON s.event_id = h.event_id
                  WHERE s.event_id = %s AND s.no = 4""", place.number) == [([3, 4], True)]
    assert ask("SELECT count(*) FROM seat WHERE event_id = %s AND status = 'held'", place.number) == [(2,)]
    assert released(who.let_go(place)) == [place.seat(3), place.seat(4)]
    clean(place)


def test_two_sweepers_set_each_seat_free_once(hall, buyer, ask, clean):
    place = hall(rows=10, cols=20)
    for first in range(1, 200, 10):
        held(buyer().hold(place, *range(first, first + 10)))
    ask("UPDATE hold SET expires_at = now() WHERE event_id = %s RETURNING 1", place.number)
    ask("""UPDATE seat SET hold_until = now() WHERE event_id = %s AND status = 'held'
           RETURNING 1""", place.number)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(sweep) for _ in range(4)]:
            done.result()
    assert ask("""SELECT count(*), count(DISTINCT user_id) FROM journal
                  WHERE event_id = %s AND type = 'seats.released'""", place.number) == [(20, 20)]
    assert set(place.statuses().values()) == {"available"}
    clean(place)


# --- letting go ---

def test_releasing_gives_the_seats_of_one_event_back(place, hall, buyer, clean, ask):
    who, elsewhere = buyer(), hall()
    held(who.hold(place, 1, 2))
    held(who.hold(elsewhere, 3))
    assert released(who.let_go(place)) == [place.seat(1), place.seat(2)]
    assert place.statuses()[1] == "available" and elsewhere.statuses()[3] == "held"
    assert ask("SELECT event_id FROM hold WHERE user_id = %s", who.sub) == [(elsewhere.number,)]
    assert released(who.let_go(place)) == []
    clean(place)


def test_releasing_without_an_event_gives_all_back(place, hall, buyer, clean, ask):
    who, other, elsewhere = buyer(), buyer(), hall()
    held(who.hold(place, 1, 2))
    held(other.hold(place, 3))
    held(who.hold(elsewhere, 3))
    assert released(who.let_go()) == sorted([place.seat(1), place.seat(2), elsewhere.seat(3)])
    assert place.statuses()[3] == "held", "somebody else's"
    assert ask("SELECT count(*) FROM hold WHERE user_id = %s", who.sub) == [(0,)]
    clean(place)
    clean(elsewhere)


def test_an_event_may_be_named_by_its_number(place, buyer):
    who = buyer()
    held(who.hold(place, 1))
    assert released(who.delete(f"bookings/holds/{who.sub}?eventId={place.number}")) == [place.seat(1)]


@pytest.mark.parametrize("event", ["x", "0", "-1", "1.5"])
def test_bad_event_is_named(event, buyer):
    who = buyer()
    who.delete(f"bookings/holds/{who.sub}?eventId={event}").refused(400, "VALIDATION_ERROR", "eventId")


def test_only_staff_releases_for_others(place, buyer, stack, name):
    who = buyer()
    held(who.hold(place, 1))
    buyer().let_go(place, who.sub).refused(403, "FORBIDDEN")
    assert place.statuses()[1] == "held"
    assert released(stack.caller(name("office"), "admin").let_go(place, who.sub)) == [place.seat(1)]


@pytest.mark.parametrize("sub", ["o'neil\"; DROP TABLE hold; --", "é-ü-漢字-🎟", "{x,y}", "NULL", "a b&c?d=e"])
def test_any_user_name_is_only_a_name(sub, place, stack, name, clean):
    who = stack.buyer(sub + name(""))
    held(who.hold(place, 1))
    held(who.hold(place, 2))
    assert released(who.let_go(place)) == [place.seat(1), place.seat(2)]
    clean(place)


# --- two at once ---

def test_two_at_once_want_the_same_seats(place, stack, buyer, clean):
    for no in range(1, 11):
        people = buyer("left"), buyer("right")
        answers = rush.volley(stack, [rush.post_bytes(stack, "/api/v1/" + HOLD, who.token,
                                                      place.wish(no, no + 10)) for who in people])
        assert sorted(answer.reply.status for answer in answers) == [200, 409]
        winner = people[[answer.reply.status for answer in answers].index(200)]
        assert place.statuses(winner)[no] == place.statuses(winner)[no + 10] == "held_by_me"
    clean(place)


def test_one_user_who_holds_in_many_calls_at_once_holds_ten(stack, hall, buyer, ask, clean):
    place, who = hall(rows=2, cols=20), buyer()
    answers = rush.volley(stack, [rush.post_bytes(stack, "/api/v1/" + HOLD, who.token,
                                                  place.wish(no)) for no in range(1, 41)])
    replies = [answer.reply for answer in answers]
    assert sorted({reply.status for reply in replies}) == [200, 400]
    assert [reply.status for reply in replies].count(200) == 10
    assert list(place.statuses(who).values()).count("held_by_me") == 10
    assert ask("SELECT cardinality(seats) FROM hold WHERE event_id = %s", place.number) == [(10,)]
    clean(place)


def test_holding_and_booking_the_same_seat_at_once(stack, hall, buyer, clean):
    """Whichever comes first: the seat is booked in the end, and nothing contradicts that."""
    place = hall(rows=2, cols=20)
    for no in range(1, 31):
        who = buyer()
        answers = rush.volley(stack, [
            rush.post_bytes(stack, "/api/v1/" + HOLD, who.token, place.wish(no)),
            rush.booking_bytes(stack, who.token, place, no)])
        hold, book = [answer.reply for answer in answers]
        assert hold.status in (200, 409), hold
        assert book.status == 201, book
        assert place.statuses(who)[no] == "reserved"
    clean(place)
