"""Bookings: all seats or none, what is answered, who sees it, and what the journal tells."""

import re
import uuid
from datetime import datetime, timedelta

import pytest

from rowlock_client import grid, open_hall, uuid_of

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "0197aaaa-0000-7000-8000-000000000001"


def instant(text):
    assert INSTANT.fullmatch(text), text
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def place(hall):
    return hall(rows=2, cols=10, price=75)


# --- making one ---

def test_booking_as_it_is_answered(place, buyer, clean):
    reply = buyer().book(place, 1, 2)
    booking = reply.ok(201)
    assert reply.headers["Location"] == "/api/v1/bookings/" + booking["bookingId"]
    assert uuid.UUID(booking["bookingId"]).version == 7
    assert isinstance(booking["number"], int)
    assert (booking["eventId"], booking["status"]) == (place.id, "PENDING")
    assert (booking["totalAmount"], booking["currency"]) == (150, "EUR")
    window = instant(booking["expiresAt"]) - instant(booking["createdAt"])
    assert abs(window - timedelta(minutes=10)) < timedelta(seconds=1)
    assert [seat["seatId"] for seat in booking["seats"]] == [place.seat(1), place.seat(2)]
    first = booking["seats"][0]
    assert (first["section"], first["number"]) == ("Stalls", 1)
    assert (first["tier"], first["price"]) == ("REGULAR", 75)
    assert isinstance(first["row"], str) and first["row"]
    clean(place, [booking["bookingId"]])


def test_seats_may_be_named_in_any_order(place, buyer):
    booking = buyer().book(place, 7, 3, 5).ok(201)
    assert {seat["seatId"] for seat in booking["seats"]} == {place.seat(no) for no in (3, 5, 7)}


def test_booking_takes_all_its_seats_or_none(place, buyer, clean):
    buyer().book(place, 2, 4).ok(201)
    details = buyer().book(place, 1, 2, 3, 4, 5).refused(409, "SEAT_ALREADY_RESERVED")
    assert sorted(details["unavailableSeatIds"]) == [place.seat(2), place.seat(4)]
    assert [place.statuses()[no] for no in (1, 2, 3, 4, 5)] == \
        ["available", "reserved", "available", "reserved", "available"]
    clean(place)


def test_own_seat_again_is_unavailable_too(place, buyer):
    who = buyer()
    who.book(place, 1).ok(201)
    details = who.book(place, 1).refused(409, "SEAT_ALREADY_RESERVED")
    assert details["unavailableSeatIds"] == [place.seat(1)]


def test_a_seat_that_the_hall_has_not_is_404(place, buyer):
    buyer().book(place, 1, 9999).refused(404, "SEAT_NOT_FOUND")
    assert place.statuses()[1] == "available"


def test_a_seat_of_another_event_is_refused(place, hall, buyer):
    other = hall(rows=1, cols=2)
    reply = buyer().post("bookings", {"eventId": place.id, "seatIds": [other.seat(1)]})
    assert (reply.status, reply.code) in ((400, "VALIDATION_ERROR"), (404, "SEAT_NOT_FOUND")), reply
    assert other.statuses()[1] == place.statuses()[1] == "available"


def test_no_such_event_is_404(buyer):
    buyer().post("bookings", {"eventId": uuid_of(999999999), "seatIds": [uuid_of(999999999, 1)]}) \
        .refused(404, "EVENT_NOT_FOUND")


@pytest.mark.parametrize("status", ["draft", "closed"])
def test_event_that_is_not_on_sale(status, hall, buyer):
    buyer().book(hall(status=status), 1).refused(409, "EVENT_NOT_ON_SALE")


def test_closing_an_event_keeps_its_bookings(place, buyer):
    who = buyer()
    booking = who.book(place, 1).ok(201)
    place.seller.patch("events/" + place.id, {"status": "closed"}).ok()
    assert who.get("bookings/" + booking["bookingId"]).ok()["status"] == "PENDING"
    buyer().book(place, 2).refused(409, "EVENT_NOT_ON_SALE")


# --- limits ---

def test_ten_seats_are_the_most(place, buyer):
    """R-20"""
    buyer().book(place, *range(1, 12)).refused(400, "VALIDATION_ERROR", "seatIds")
    assert len(buyer().book(place, *range(1, 11)).ok(201)["seats"]) == 10


def test_event_may_allow_fewer_seats(hall, buyer):
    """R-20"""
    place = hall(policy={"maxSeats": 2})
    buyer().book(place, 1, 2, 3).refused(400, "VALIDATION_ERROR", "seatIds")
    buyer().book(place, 1, 2).ok(201)


def test_event_may_have_another_window(hall, buyer):
    booking = buyer().book(hall(policy={"windowMinutes": 3}), 1).ok(201)
    window = instant(booking["expiresAt"]) - instant(booking["createdAt"])
    assert abs(window - timedelta(minutes=3)) < timedelta(seconds=1)


def test_three_pending_bookings_are_the_most(place, buyer, clean):
    who = buyer()
    first = [who.book(place, no).ok(201)["bookingId"] for no in (1, 2, 3)][0]
    who.book(place, 4).refused(409, "TOO_MANY_PENDING_BOOKINGS")
    who.delete("bookings/" + first).ok()
    who.book(place, 4).ok(201)
    who.book(place, 5).refused(409, "TOO_MANY_PENDING_BOOKINGS")
    buyer().book(place, 5).ok(201)
    clean(place)


def test_pending_bookings_count_over_all_events(hall, buyer):
    who = buyer()
    for place in (hall(), hall(), hall()):
        who.book(place, 1).ok(201)
    who.book(hall(), 1).refused(409, "TOO_MANY_PENDING_BOOKINGS")


def test_event_may_allow_fewer_pending_bookings(hall, buyer):
    place, who = hall(policy={"maxPending": 1}), buyer()
    who.book(place, 1).ok(201)
    who.book(place, 2).refused(409, "TOO_MANY_PENDING_BOOKINGS")


def test_bookings_whose_window_has_passed_do_not_count(place, buyer, let_window_pass):
    who = buyer()
    let_window_pass(place, *[who.book(place, no).ok(201)["bookingId"] for no in (1, 2, 3)])
    who.book(place, 4).ok(201)


# --- the window passes (R-11) ---

def test_seats_are_bookable_the_moment_the_window_has_passed(place, buyer, clean, let_window_pass):
    late, quick = buyer("late"), buyer("quick")
    old = late.book(place, 1, 2).ok(201)["bookingId"]
    quick.book(place, 2, 3).refused(409, "SEAT_ALREADY_RESERVED")
    let_window_pass(place, old)
    new = quick.book(place, 2, 3).ok(201)["bookingId"]
    assert late.get("bookings/" + old).ok()["status"] == "EXPIRED"
    assert place.statuses()[1] == "available", "the other seat is free as well"
    assert [row["type"] for row in late.get(f"bookings/{old}/history").ok()["items"]] == \
        ["booking.created", "booking.expired"]
    clean(place, [old, new])


def test_booking_whose_window_has_passed_reads_as_expired(place, buyer, let_window_pass):
    who = buyer()
    booking = who.book(place, 1).ok(201)["bookingId"]
    let_window_pass(place, booking)
    assert who.get("bookings/" + booking).ok()["status"] == "EXPIRED"
    assert [b["status"] for b in who.get("bookings/my").ok()["items"]] == ["EXPIRED"]


def test_one_request_may_take_over_from_several_expired_bookings(place, buyer, clean,
                                                                 let_window_pass):
    old = [buyer().book(place, no).ok(201)["bookingId"] for no in (1, 2, 3)]
    let_window_pass(place, *old)
    new = buyer().book(place, 1, 2, 3).ok(201)["bookingId"]
    clean(place, [*old, new])


def test_a_booking_of_several_seats_expires_once(place, buyer, clean, let_window_pass):
    late = buyer()
    old = late.book(place, 1, 2, 3).ok(201)["bookingId"]
    let_window_pass(place, old)
    new = buyer().book(place, 1, 2, 3).ok(201)["bookingId"]
    assert [row["type"] for row in late.get(f"bookings/{old}/history").ok()["items"]] == \
        ["booking.created", "booking.expired"]
    clean(place, [old, new])


@pytest.mark.parametrize("path", ["bookings/my", "events", "plans"])
def test_the_last_page_that_can_be_asked_for_is_empty(path, stack, name):
    caller = stack.caller(name("far"), role="admin")
    assert caller.get(path + "?page=2147483647&limit=100").ok()["items"] == []


def test_a_refusal_names_only_seats_that_are_really_taken(place, buyer, let_window_pass):
    let_window_pass(place, buyer().book(place, 1).ok(201)["bookingId"])
    buyer().book(place, 2).ok(201)
    details = buyer().book(place, 1, 2).refused(409, "SEAT_ALREADY_RESERVED")
    assert details["unavailableSeatIds"] == [place.seat(2)]


@pytest.mark.parametrize("how", ["delete", "cancel"])
def test_cancelling_too_late_is_409(how, place, buyer, clean, let_window_pass):
    who = buyer()
    booking = who.book(place, 1).ok(201)["bookingId"]
    let_window_pass(place, booking)
    cancel(who, how, booking).refused(409, "BOOKING_EXPIRED")
    assert who.get("bookings/" + booking).ok()["status"] == "EXPIRED"
    clean(place)


# --- cancelling ---

def cancel(who, how, booking):
    if how == "delete":
        return who.delete("bookings/" + booking)
    return who.patch(f"bookings/{booking}/cancel")


@pytest.mark.parametrize("how", ["delete", "cancel"])
def test_cancelled_booking_sets_its_seats_free(how, place, buyer, clean):
    who = buyer()
    booking = who.book(place, 1, 2).ok(201)["bookingId"]
    answer = cancel(who, how, booking).ok()
    assert (answer["bookingId"], answer["status"]) == (booking, "CANCELLED")
    read = who.get("bookings/" + booking).ok()
    assert (read["status"], read["cancelReason"]) == ("CANCELLED", "USER_CANCELLED")
    kept = [seat["seatId"] for seat in read["seats"]]
    assert kept == [place.seat(1), place.seat(2)], "its seats stay on record"
    buyer().book(place, 1, 2).ok(201)
    clean(place, [booking])


@pytest.mark.parametrize("how", ["delete", "cancel"])
def test_cancelling_twice_is_409(how, place, buyer):
    who = buyer()
    booking = who.book(place, 1).ok(201)["bookingId"]
    cancel(who, "delete", booking).ok()
    cancel(who, how, booking).refused(409, "INVALID_STATE")
    assert [row["type"] for row in who.get(f"bookings/{booking}/history").ok()["items"]] == \
        ["booking.created", "booking.cancelled"]


@pytest.mark.parametrize("how", ["delete", "cancel"])
def test_cancelling_somebody_elses_booking_is_403(how, place, buyer):
    """R-51, R-53"""
    booking = buyer().book(place, 1).ok(201)["bookingId"]
    cancel(buyer(), how, booking).refused(403, "FORBIDDEN")
    assert place.statuses()[1] == "reserved"


# --- reading ---

def test_booking_reads_back_with_its_event(place, buyer):
    who = buyer()
    made = who.book(place, 1, 2).ok(201)
    read = who.get("bookings/" + made["bookingId"]).ok()
    for key in ("bookingId", "number", "eventId", "status", "totalAmount", "currency", "expiresAt",
                "seats"):
        assert read[key] == made[key], key
    instant(read["createdAt"])
    assert (read["ticketReference"], read["payments"], read["cancelReason"]) == (None, [], None)
    assert read["event"] == {"eventId": place.id, "number": place.number,
                             "title": "Evening concert",
                             "venueName": "Test hall", "startsAt": "2031-05-01T18:30:00.000Z",
                             "timezone": "Europe/Riga", "status": "on_sale"}


@pytest.mark.parametrize("method, path", [("GET", "{}"), ("GET", "{}/history"), ("DELETE", "{}"),
                                          ("PATCH", "{}/cancel")])
def test_booking_that_is_not_there(method, path, buyer):
    """R-53"""
    who = buyer()
    who.request(method, "bookings/" + path.format(UNKNOWN)).refused(404, "BOOKING_NOT_FOUND")
    for bad in ("seventeen", "1", UNKNOWN[:-1], UNKNOWN[:-1] + "g", "x" * 65):
        who.request(method, "bookings/" + path.format(bad)).refused(400, "VALIDATION_ERROR")


def test_own_bookings_newest_first(hall, buyer):
    place, who = hall(policy={"maxPending": 10}), buyer()
    ids = [who.book(place, no).ok(201)["bookingId"] for no in range(1, 4)]
    buyer().book(place, 9).ok(201)
    listed = who.get("bookings/my").ok()
    assert [booking["bookingId"] for booking in listed["items"]] == ids[::-1]
    assert listed["pagination"] == {"page": 1, "limit": 20, "total": 3, "hasMore": False}
    assert who.get("bookings/user/" + who.sub).ok()["items"] == listed["items"]


def test_own_bookings_by_status(place, buyer):
    who = buyer()
    gone, kept = (who.book(place, no).ok(201)["bookingId"] for no in (1, 2))
    who.delete("bookings/" + gone).ok()

    def ids(status):
        return [booking["bookingId"]
                for booking in who.get("bookings/my?status=" + status).ok()["items"]]
    assert ids("CANCELLED") == [gone]
    assert ids("PENDING") == [kept]
    assert ids("CONFIRMED") == []


def test_own_bookings_in_pages(hall, buyer):
    place, who = hall(), buyer()
    ids = []
    for no in range(1, 6):
        ids.insert(0, who.book(place, no).ok(201)["bookingId"])
        who.delete("bookings/" + ids[0]).ok()

    def page(query):
        data = who.get("bookings/my?limit=2" + query).ok()
        return [booking["bookingId"] for booking in data["items"]], data["pagination"]["hasMore"]
    assert page("") == (ids[:2], True)
    assert page("&page=3") == (ids[4:], False)
    assert page("&page=1000") == ([], False)
    assert page("&after=" + ids[1])[0] == ids[2:4]


@pytest.mark.parametrize("query, field", [("status=PAID", "status"), ("status=pending", "status"),
                                          ("page=0", "page"),
                                          ("limit=101", "limit"), ("limit=-1", "limit"),
                                          ("after=x", "after")])
def test_bad_query_is_named(query, field, buyer):
    buyer().get("bookings/my?" + query).refused(400, "VALIDATION_ERROR", field)


def test_history_tells_every_move(place, buyer):
    who = buyer()
    made = who.request("POST", "bookings", place.wish(1), headers={"X-Request-Id": "made-by-me"})
    booking = made.ok(201)["bookingId"]
    who.delete("bookings/" + booking, headers={"X-Request-Id": "undone-by-me"}).ok()
    rows = who.get(f"bookings/{booking}/history").ok()["items"]
    assert [(row["type"], row["correlationId"]) for row in rows] == \
        [("booking.created", "made-by-me"), ("booking.cancelled", "undone-by-me")]
    assert rows[0]["seq"] < rows[1]["seq"]
    assert instant(rows[0]["at"]) <= instant(rows[1]["at"])
    assert all(isinstance(row["payload"], dict) for row in rows)


# --- for somebody else (R-51) ---

def test_buyer_may_name_oneself_and_nobody_else(place, buyer):
    who = buyer()
    who.post("bookings", {**place.wish(1), "userId": who.sub}).ok(201)
    who.post("bookings", {**place.wish(2), "userId": "somebody-else"}).refused(403, "FORBIDDEN")
    assert place.statuses()[2] == "available"


@pytest.mark.parametrize("role", ["admin", "service"])
def test_box_office_books_for_somebody(role, place, buyer, stack, name, ask):
    who, staff = buyer("guest"), stack.caller(name("office"), role)
    booking = staff.post("bookings", {**place.wish(1), "userId": who.sub}).ok(201)["bookingId"]
    assert who.get("bookings/" + booking).ok()["status"] == "PENDING"
    assert ask("SELECT user_id FROM booking WHERE id = %s", booking) == [(who.sub,)]
    assert [b["bookingId"]
            for b in staff.get("bookings/user/" + who.sub).ok()["items"]] == [booking]


def test_prices_are_kept_as_they_were_when_booked(seller, buyer, ask):
    """R-40"""
    place, who = open_hall(seller, grid(rows=1, cols=2, price=10)), buyer()
    booking = who.book(place, 1).ok(201)["bookingId"]
    ask("UPDATE seat SET price = 9900 WHERE event_id = %s AND no = 1 RETURNING 1", place.number)
    read = who.get("bookings/" + booking).ok()
    assert (read["totalAmount"], read["seats"][0]["price"]) == (10, 10)


@pytest.mark.parametrize("sub", ["o'neil\"; DROP TABLE booking; --", "é-ü-漢字-🎟", "a" * 255, "{x,y}",
                                 "\\N", "NULL"])
def test_any_user_name_is_only_a_name(sub, place, stack, name, ask):
    who = stack.buyer(sub if len(sub) == 255 else sub + name(""))
    booking = who.book(place, 1).ok(201)["bookingId"]
    assert ask("SELECT user_id FROM booking WHERE id = %s", booking) == [(who.sub,)]
    assert who.get("bookings/my?limit=1").ok()["items"][0]["bookingId"] == booking
    who.delete("bookings/" + booking).ok()
