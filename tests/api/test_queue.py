"""
/api/booking: accepted now, seated later. What a booking looks like in every answer, what is
refused and with which words, and what becomes of those that were accepted.

Tests that need the seats to be given out take the fixture `reserve`; those that need them not to
be given out take `unseated`.
"""

import json
import random
import re
import uuid
from datetime import datetime, timedelta

import pytest

from processes import wait_for
from rowlock_client import QUEUE, open_hall

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UNKNOWN = "0197aaaa-0000-7000-8000-000000000001"
BUYERS_ONLY = "Only buyers can perform this action"

CORE = ["id", "buyer_id", "event_id", "section", "subsection", "seat_positions", "quantity",
        "total_price", "status", "seat_selection_mode", "created_at", "updated_at", "paid_at"]
NAMES = ["event_name", "venue_name", "seller_name", "buyer_name"]
DETAILS = ["seller_id", "currency", "ticket_reference", "error_message", "event_starts_at", "seats"]

# Two sections; A has two blocks of 2 rows x 4 seats, whose two first seats are for wheelchairs.
HOUSE = {"name": "House", "sections": [
    {"name": "A", "subsections": 2, "rows": 2, "cols": 4, "price": 20, "tier": "VIP",
     "accessible": ["A-1", "A-2"]},
    {"name": "B", "rows": 4, "cols": 10, "price": 12.5, "tier": "REGULAR"}]}


def instant(text):
    assert INSTANT.fullmatch(text), text
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def place(hall):
    """4 rows of 10 seats in the section Stalls, 20.00 each."""
    return hall()


@pytest.fixture
def house(hall):
    return hall(plan=HOUSE)


# --- accepting ---

@pytest.mark.parametrize("quantity", [1, 2, 3, 4])
def test_manual_request_as_it_is_accepted(quantity, place, buyer, unseated, clean):
    who = buyer()
    positions = [f"B-{n}" for n in range(quantity, 0, -1)]
    reply = who.queue(place, *positions)
    booking = reply.plain(202)
    assert reply.headers["Content-Type"].startswith("application/json")
    assert list(booking) == CORE
    assert uuid.UUID(booking["id"]).version == 7
    assert (booking["buyer_id"], booking["event_id"]) == (who.sub, place.number)
    assert (booking["section"], booking["subsection"]) == ("Stalls", 1)
    assert booking["seat_positions"] == positions, "as the buyer has put it"
    assert (booking["quantity"], booking["total_price"]) == (quantity, 20 * quantity)
    assert booking["status"] == "processing"
    assert booking["seat_selection_mode"] == "manual"
    assert instant(booking["created_at"]) == instant(booking["updated_at"])
    assert booking["paid_at"] is None
    assert set(place.statuses().values()) == {"available"}, "no seat is anybody's yet"
    clean(place, [booking["id"]])


@pytest.mark.parametrize("quantity", [1, 2, 3, 4])
def test_best_available_request_as_it_is_accepted(quantity, place, buyer, unseated, clean):
    booking = buyer().queue_best(place, quantity).plain(202)
    assert list(booking) == CORE
    assert booking["seat_positions"] == []
    assert (booking["quantity"], booking["total_price"]) == (quantity, 20 * quantity)
    assert booking["status"] == "processing"
    assert booking["seat_selection_mode"] == "best_available"
    clean(place, [booking["id"]])


@pytest.mark.parametrize("leave_out", [{"seat_positions"}, {"section", "subsection"},
                                       {"seat_positions", "section", "subsection"}])
def test_best_available_needs_neither_positions_nor_a_place(leave_out, place, buyer, unseated):
    wish = {key: value for key, value in place.queue_best_wish(2).items() if key not in leave_out}
    booking = buyer().post(QUEUE, wish).plain(202)
    assert booking["section"] == (None if "section" in leave_out else "Stalls")
    assert booking["subsection"] == (None if "section" in leave_out else 1)


def test_best_available_in_any_subsection(house, buyer, unseated):
    booking = buyer().queue_best(house, 4, section="A", subsection=None).plain(202)
    assert (booking["section"], booking["subsection"], booking["total_price"]) == ("A", None, 80)


@pytest.mark.parametrize("price, quantity, total", [
    (20, 1, "20"), (12.5, 2, "25"), (12.5, 1, "12.50"), (0.05, 3, "0.15"), (0, 1, "0"),
    (1000000, 4, "4000000")])
def test_total_price_is_an_integer_when_whole(price, quantity, total, hall, buyer, unseated):
    reply = buyer().queue_best(hall(price=price), quantity)
    assert re.search(rb'"total_price":([^,]+),', reply.body)[1].decode() == total, reply
    assert isinstance(reply.plain(202)["total_price"], int) == (total.isdigit())


def test_total_price_in_a_currency_without_decimals(hall, buyer, unseated):
    reply = buyer().queue_best(hall(price=1500, currency="JPY"), 3)
    assert b'"total_price":4500,' in reply.body, reply


def test_total_price_of_named_seats_that_differ(seller, buyer, unseated):
    place = open_hall(seller, plan_by_category({"1": ["Dear", "Cheap"]}))
    booking = buyer().queue(place, "1-1", "1-2").plain(202)
    assert booking["total_price"] == 37.5


@pytest.mark.parametrize("sub, shown", [
    ("{n}", int), ("u{n}", str), ("0{n}", str), ("{n}.0", str), ("9{n}9999", str), ("-{n}", str)])
def test_buyer_id_is_a_number_where_it_is_one(sub, shown, place, stack, unseated):
    sub = sub.format(n=random.randrange(10 ** 11, 10 ** 12))
    who = stack.buyer(sub)
    booking = who.queue(place, "A-1").plain(202)
    assert booking["buyer_id"] == shown(sub)
    assert who.get(f"{QUEUE}/{booking['id']}").plain()["buyer_id"] == shown(sub)


def test_unknown_fields_are_ignored(place, buyer, unseated):
    booking = buyer().queue(place, "A-1", coupon="FREE", seats=9).plain(202)
    assert (booking["quantity"], list(booking)) == (1, CORE)


def test_request_id_goes_with_the_booking(place, buyer, reserve):
    who = buyer()
    reply = who.post(QUEUE, place.queue_wish("A-1"), headers={"X-Request-Id": "asked-by-me"})
    booking = reply.plain(202)["id"]
    assert reply.headers["X-Request-Id"] == "asked-by-me"
    who.wait_status(booking, "pending_payment")
    paid = who.post(f"{QUEUE}/{booking}/pay", headers={"X-Request-Id": "paid-by-me"})
    assert paid.headers["X-Request-Id"] == "paid-by-me"
    rows = who.get(f"bookings/{booking}/history").ok()["items"]
    assert [(row["type"], row["correlationId"]) for row in rows] == \
        [("booking.requested", "asked-by-me"), ("booking.created", "asked-by-me"),
         ("booking.confirmed", "paid-by-me")]


def test_every_answer_has_a_request_id(place, buyer, stack):
    for reply in (buyer().queue(place), stack.anyone().queue(place, "A-1"),
                  buyer().get(f"{QUEUE}/{UNKNOWN}"), buyer().get(QUEUE + "/my_booking")):
        assert uuid.UUID(reply.headers["X-Request-Id"]), reply


# --- which seats are meant ---

@pytest.mark.parametrize("position, no", [("C-5", 25), ("3-5", 25), ("A-1", 1), ("1-1", 1),
                                          ("4-10", 40)])
def test_a_seat_as_printed_and_by_its_rows_number(position, no, place, buyer, reserve):
    who = buyer()
    booking = who.queue(place, position).plain(202)
    assert booking["seat_positions"] == [position]
    seated = who.wait_status(booking["id"], "pending_payment")
    assert seated["seat_positions"] == [position], "the buyer's own spelling stays"
    assert [n for n, status in place.statuses().items() if status == "reserved"] == [no]


def plan_by_category(rows):
    """A plan in the pretix form; rows: {its label: [category of each seat]}, in order."""
    return {"name": "Rows with numbers", "categories": [
        {"name": "Dear", "price": 25, "tier": "VIP"}, {"name": "Cheap", "price": 12.5}],
            "zones": [{"name": "Stalls", "rows": [
                {"row_number": label, "seats": [
                    {"seat_number": str(n), "seat_guid": f"{label}-{n}", "category": category}
                    for n, category in enumerate(categories, 1)]}
                for label, categories in rows.items()]}]}


def test_what_is_printed_goes_before_what_is_counted(seller, buyer, reserve):
    """Row 2 is in front of row 1 here: "1-1" is a seat of the second row."""
    place, who = open_hall(seller, plan_by_category({"2": ["Dear"] * 2, "1": ["Dear"] * 2})), buyer()
    who.wait_status(who.queue(place, "1-1").plain(202)["id"], "pending_payment")
    assert [n for n, status in place.statuses().items() if status == "reserved"] == [3]


@pytest.mark.parametrize("position", ["E-1", "A-11", "5-1", "A-0", "A-", "-1", "A", "", "a-1", "A-1 ",
                                      "A1", "1-1-1", "99999999999999999999-1", "é-1", "A-1\t"])
def test_unknown_seat(position, place, buyer):
    buyer().queue(place, "A-1", position).declined(404, "SEAT_NOT_FOUND",
                                                   f"Seat not found: {position}")


@pytest.mark.parametrize("positions", [["A-1", "A-1"], ["A-1", "1-1"], ["B-2", "A-1", "B-2"]])
def test_seat_named_twice(positions, place, buyer):
    """R-30"""
    buyer().queue(place, *positions).declined(400, "VALIDATION_ERROR", field="seat_positions")


@pytest.mark.parametrize("positions", ["A-1", 7, {"A": 1}, [1], [None], [["A-1"]], ["x" * 1000]])
def test_positions_of_another_kind(positions, place, buyer):
    wish = {**place.queue_wish("A-1"), "seat_positions": positions}
    buyer().post(QUEUE, wish).declined(400, "VALIDATION_ERROR", field="seat_positions")


@pytest.mark.parametrize("where, field", [
    ({"section": "C"}, "section"), ({"section": "stalls"}, "section"), ({"section": ""}, "section"),
    ({"section": 1}, "section"), ({"subsection": 0}, "subsection"), ({"subsection": "1"}, "subsection"),
    ({"subsection": 1.5}, "subsection"), ({"subsection": -1}, "subsection")])
@pytest.mark.parametrize("mode", ["manual", "best_available"])
def test_no_such_place(mode, where, field, place, buyer):
    wish = place.queue_wish("A-1") if mode == "manual" else place.queue_best_wish(1)
    buyer().post(QUEUE, {**wish, **where}).declined(400, "VALIDATION_ERROR", field=field)


def test_no_such_subsection(house, buyer):
    reply = buyer().queue_best(house, 1, section="A", subsection=3)
    reply.declined(400, "VALIDATION_ERROR")
    assert set(reply.json["details"]["fields"]) <= {"section", "subsection"}, reply


def test_named_seats_need_a_place(house, buyer):
    wish = house.queue_wish("A-1", section="A")
    del wish["subsection"]
    buyer().post(QUEUE, wish).declined(400, "VALIDATION_ERROR", field="subsection")
    del wish["section"]
    buyer().post(QUEUE, wish).declined(400, "VALIDATION_ERROR", field="section")


# --- how many ---

def test_too_many(place, buyer):
    """R-20"""
    who, text = buyer(), "Maximum 4 tickets per booking"
    who.queue_best(place, 5).declined(400, "VALIDATION_ERROR", text)
    who.queue(place, *[f"A-{n}" for n in range(1, 6)]).declined(400, "VALIDATION_ERROR", text)
    who.queue_best(place, 2147483647).declined(400, "VALIDATION_ERROR", text)


@pytest.mark.parametrize("quantity", [0, -1, -2147483648])
def test_too_few(quantity, place, buyer):
    text = "Minimum 1 ticket per booking"
    buyer().queue_best(place, quantity).declined(400, "VALIDATION_ERROR", text)
    buyer().queue(place, quantity=quantity).declined(400, "VALIDATION_ERROR", text)


@pytest.mark.parametrize("quantity, positions", [(1, []), (2, ["A-1"]), (1, ["A-1", "A-2"]),
                                                 (4, ["A-1", "A-2", "A-3", "A-4", "A-5"])])
def test_count_that_differs(quantity, positions, place, buyer):
    """R-30"""
    buyer().queue(place, *positions, quantity=quantity).declined(
        400, "VALIDATION_ERROR", "quantity must match the number of selected seat positions")


def test_manual_without_positions(place, buyer):
    for nothing in ({}, {"seat_positions": None}):
        wish = {**place.queue_wish("A-1"), **nothing}
        if not nothing:
            del wish["seat_positions"]
        buyer().post(QUEUE, wish).declined(
            400, "VALIDATION_ERROR", "quantity must match the number of selected seat positions")


def test_best_available_with_positions(place, buyer):
    buyer().queue_best(place, 1, seat_positions=["A-1"]).declined(
        400, "VALIDATION_ERROR", "seat_positions must be empty for best_available")


def test_event_may_allow_fewer_seats(hall, buyer, unseated):
    place, text = hall(policy={"maxSeats": 2}), "Maximum 2 tickets per booking"
    buyer().queue_best(place, 3).declined(400, "VALIDATION_ERROR", text)
    buyer().queue(place, "A-1", "A-2", "A-3").declined(400, "VALIDATION_ERROR", text)
    buyer().queue_best(place, 2).plain(202)


def test_event_cannot_allow_more_seats(hall, buyer, unseated):
    place = hall(policy={"maxSeats": 8})
    buyer().queue_best(place, 5).declined(400, "VALIDATION_ERROR", "Maximum 4 tickets per booking")
    buyer().queue_best(place, 4).plain(202)


def test_any_number_may_wait_for_payment(hall, buyer, reserve, clean):
    """R-22 has no cap here, and what waits here does not count elsewhere."""
    place, who = hall(policy={"maxPending": 1}), buyer()
    ids = [who.queue_best(place, 1).plain(202)["id"] for _ in range(6)]
    for booking in ids:
        who.wait_status(booking, "pending_payment")
    who.book_best(place, 1).ok(201)
    who.book_best(place, 1).refused(409, "TOO_MANY_PENDING_BOOKINGS")
    who.wait_status(who.queue_best(place, 1).plain(202)["id"], "pending_payment")
    clean(place, ids)


# --- too few seats left (R-33) ---

def sell(house, buyer, section, subsection, quantity):
    """Lets somebody have so many of the best seats there, at once."""
    buyer("early").book_best(house, quantity, section=section, subsection=subsection).ok(201)


def too_few(reply):
    reply.declined(400, "NOT_ENOUGH_SEATS")


def test_right_after_the_last_seats_were_sold(hall, buyer, unseated):
    place = hall(rows=1, cols=4)
    buyer().queue_best(place, 4).plain(202)
    sell(place, buyer, "Stalls", 1, 4)
    too_few(buyer().queue_best(place, 1))
    too_few(buyer().queue(place, "A-1"))


def test_fewer_seats_left_than_asked_for(hall, buyer, unseated):
    place = hall(rows=1, cols=4)
    sell(place, buyer, "Stalls", 1, 2)
    too_few(buyer().queue_best(place, 3))
    too_few(buyer().queue(place, "A-1", "A-2", "A-3"))
    buyer().queue_best(place, 2).plain(202)
    sell(place, buyer, "Stalls", 1, 1)
    too_few(buyer().queue_best(place, 2))
    buyer().queue_best(place, 1).plain(202)


def test_seats_left_elsewhere_do_not_count(house, buyer, unseated):
    sell(house, buyer, "A", 1, 6)
    too_few(buyer().queue_best(house, 1, section="A", subsection=1))
    buyer().queue_best(house, 4, section="A", subsection=2).plain(202)
    sell(house, buyer, "A", 2, 3)
    buyer().queue_best(house, 3, section="A", subsection=2).plain(202)
    too_few(buyer().queue_best(house, 4, section="A", subsection=2))
    wish = house.queue_best_wish(4, section="A")
    del wish["subsection"]
    too_few(buyer().post(QUEUE, wish))
    buyer().post(QUEUE, {**wish, "quantity": 3}).plain(202)
    buyer().queue_best(house, 4, section="B").plain(202)


def test_seats_for_wheelchairs_can_be_named_when_all_others_are_sold(house, buyer, unseated):
    sell(house, buyer, "A", 1, 6)
    too_few(buyer().queue_best(house, 1, section="A"))
    booking = buyer().queue(house, "A-1", "A-2", section="A").plain(202)
    assert booking["status"] == "processing"


def test_seats_that_were_given_back_count_again(hall, buyer, unseated):
    place, who = hall(rows=1, cols=4), buyer()
    booking = who.book_best(place, 4).ok(201)["bookingId"]
    too_few(buyer().queue_best(place, 1))
    who.delete("bookings/" + booking).ok()
    buyer().queue_best(place, 4).plain(202)


def test_what_was_refused_left_no_trace(hall, buyer, ask):
    place, who = hall(rows=1, cols=2), buyer()
    too_few(who.queue_best(place, 3))
    who.queue(place, "A-9").declined(404, "SEAT_NOT_FOUND")
    assert who.get(QUEUE + "/my_booking").plain() == []
    assert ask("SELECT count(*) FROM booking WHERE event_id = %s", place.number) == [(0,)]


# --- the event ---

@pytest.mark.parametrize("status", ["draft", "closed"])
def test_event_that_is_not_on_sale(status, hall, buyer):
    place = hall(status=status)
    buyer().queue_best(place, 1).declined(400, "EVENT_NOT_ON_SALE")
    buyer().queue(place, "A-1").declined(400, "EVENT_NOT_ON_SALE")


def test_event_that_is_cancelled(place, buyer, ask):
    ask("UPDATE event SET status = 'cancelled' WHERE id = %s RETURNING 1", place.number)
    buyer().queue_best(place, 1).declined(400, "EVENT_CANCELLED")


@pytest.mark.parametrize("number", [999999999, 0, 2147483647])
def test_no_such_event(number, place, buyer):
    buyer().queue_best(place, 1, event_id=number).declined(404, "EVENT_NOT_FOUND")


@pytest.mark.parametrize("number", [-1, 1.5, "7", None, True, 2 ** 31, [], {}])
def test_what_is_no_number_of_an_event(number, place, buyer):
    buyer().queue_best(place, 1, event_id=number).declined(400, "VALIDATION_ERROR", field="event_id")


# --- the body ---

@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"{}x", b'{"event_id":1,}',
                                  b'{"event_id":1,"event_id":1}', b'{"quantity":NaN}', b"\xff"])
def test_what_is_not_our_json(body, buyer):
    buyer().post(QUEUE, body).declined(400, "VALIDATION_ERROR")


@pytest.mark.parametrize("field, value", [
    ("quantity", "2"), ("quantity", 1.5), ("quantity", None), ("quantity", 2 ** 31),
    ("quantity", 1e300), ("quantity", [1]), ("quantity", True),
    ("seat_selection_mode", "best"), ("seat_selection_mode", ""), ("seat_selection_mode", 1),
    ("seat_selection_mode", None), ("seat_selection_mode", "MANUAL"),
    ("section", []), ("section", "x" * 65), ("section", "A\nB"),
    ("subsection", True), ("subsection", 2 ** 31)])
def test_bad_field_is_named(field, value, place, buyer):
    wish = {**place.queue_wish("A-1"), field: value}
    buyer().post(QUEUE, wish).declined(400, "VALIDATION_ERROR", field=field)


@pytest.mark.parametrize("field", ["event_id", "quantity", "seat_selection_mode"])
def test_missing_field_is_named(field, place, buyer):
    wish = place.queue_wish("A-1")
    del wish[field]
    buyer().post(QUEUE, wish).declined(400, "VALIDATION_ERROR", field=field)


def test_nothing_at_all_is_named(buyer):
    reply = buyer().post(QUEUE, {})
    reply.declined(400, "VALIDATION_ERROR")
    assert set(reply.json["details"]["fields"]) == {"event_id", "quantity", "seat_selection_mode"}


def test_errors_before_the_body_is_read(place, buyer):
    who, wish = buyer(), json.dumps(place.queue_wish("A-1")).encode()
    who.post(QUEUE, wish, headers={"Content-Type": "text/plain"}).declined(
        415, "UNSUPPORTED_MEDIA_TYPE")
    who.post(QUEUE, wish + b" " * 70000).declined(413, "PAYLOAD_TOO_LARGE")
    reply = who.delete(QUEUE)
    reply.declined(405, "METHOD_NOT_ALLOWED")
    assert reply.headers["Allow"] == "POST"
    who.get(f"{QUEUE}/{UNKNOWN}/nothing").declined(404, "NOT_FOUND")


# --- who may ---

def test_without_a_good_token(place, stack, buyer):
    booking = buyer().book(place, 1).ok(201)["bookingId"]
    expired = stack.caller("late", ttl_s=-60)
    for who in (stack.anyone(), expired):
        for reply in (who.queue(place, "A-1"), who.get(QUEUE + "/my_booking"),
                      who.get(f"{QUEUE}/{booking}"), who.patch(f"{QUEUE}/{booking}"),
                      who.post(f"{QUEUE}/{booking}/pay")):
            reply.declined(401, "UNAUTHORIZED")
            assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_sellers_do_not_buy(place, buyer):
    """R-52"""
    booking = buyer().book(place, 1).ok(201)["bookingId"]
    for reply in (place.seller.queue(place, "A-2"), place.seller.queue_best(place, 1),
                  place.seller.patch(f"{QUEUE}/{booking}"),
                  place.seller.post(f"{QUEUE}/{booking}/pay")):
        reply.declined(403, "FORBIDDEN", BUYERS_ONLY)
    assert place.statuses()[1] == "reserved"


def test_somebody_elses_booking(place, buyer):
    booking, other = buyer().book(place, 1).ok(201)["bookingId"], buyer("other")
    other.get(f"{QUEUE}/{booking}").declined(403, "FORBIDDEN")
    other.patch(f"{QUEUE}/{booking}").declined(403, "FORBIDDEN",
                                               "Only the buyer can cancel this booking")
    other.post(f"{QUEUE}/{booking}/pay").declined(403, "FORBIDDEN",
                                                  "Only the buyer can pay for this booking")
    assert place.statuses()[1] == "reserved"


def test_another_sellers_event(place, buyer, stack, name):
    booking, rival = buyer().book(place, 1).ok(201)["bookingId"], stack.seller(name("rival"))
    rival.get(f"{QUEUE}/{booking}").declined(403, "FORBIDDEN")
    assert place.seller.get(f"{QUEUE}/{booking}").plain()["id"] == booking


def test_no_such_booking(buyer):
    who = buyer()
    for reply in (who.get(f"{QUEUE}/{UNKNOWN}"), who.patch(f"{QUEUE}/{UNKNOWN}"),
                  who.post(f"{QUEUE}/{UNKNOWN}/pay")):
        reply.declined(404, "BOOKING_NOT_FOUND", "Booking not found")


@pytest.mark.parametrize("bad", ["17", "my-booking", UNKNOWN[:-1], UNKNOWN + "0"])
def test_what_is_no_id_of_a_booking(bad, buyer):
    who = buyer()
    for reply in (who.get(f"{QUEUE}/{bad}"), who.patch(f"{QUEUE}/{bad}"),
                  who.post(f"{QUEUE}/{bad}/pay")):
        reply.declined(400, "VALIDATION_ERROR", field="id")


def test_buyer_may_name_oneself_and_nobody_else(place, stack, buyer, unseated):
    who, number = buyer(), random.randrange(10 ** 11, 10 ** 12)
    who.queue(place, "A-1", buyer_id=who.sub).plain(202)
    who.queue(place, "A-2", buyer_id="somebody-else").declined(403, "FORBIDDEN")
    who.queue(place, "A-2", buyer_id=7).declined(403, "FORBIDDEN")
    who.queue(place, "A-2", buyer_id=None).plain(202)
    counted = stack.buyer(str(number))
    assert counted.queue(place, "A-3", buyer_id=number).plain(202)["buyer_id"] == number
    assert counted.queue(place, "A-3", buyer_id=str(number)).plain(202)["buyer_id"] == number


@pytest.mark.parametrize("role", ["admin", "service"])
def test_box_office_books_pays_and_cancels_for_somebody(role, place, buyer, stack, name, reserve):
    who, staff = buyer("guest"), stack.caller(name("office"), role)
    first, second = (staff.queue_best(place, 1, buyer_id=who.sub).plain(202) for _ in range(2))
    assert first["buyer_id"] == who.sub
    who.wait_status(first["id"], "pending_payment")
    assert staff.post(f"{QUEUE}/{first['id']}/pay").plain()["status"] == "completed"
    staff.wait_status(second["id"], "pending_payment")
    assert staff.patch(f"{QUEUE}/{second['id']}").plain()["status"] == "cancelled"
    assert staff.get(QUEUE + "/my_booking").plain() == []
    assert len(who.get(QUEUE + "/my_booking").plain()) == 2


@pytest.mark.parametrize("named", [17, "17"])
def test_box_office_names_a_number(named, place, stack, name, unseated):
    booking = stack.caller(name("office"), "admin").queue(place, "A-1", buyer_id=named).plain(202)
    assert booking["buyer_id"] == 17


@pytest.mark.parametrize("named", [-1, 1.5, "", [], True, "x" * 256])
def test_box_office_names_nobody(named, place, stack, name):
    stack.caller(name("office"), "admin").queue(place, "A-1", buyer_id=named).declined(
        400, "VALIDATION_ERROR", field="buyer_id")


# --- being seated ---

def test_booking_that_was_seated(stack, seller, name, reserve, clean, ask):
    """Everything that is shown of it, in a list and by itself."""
    hostess = stack.seller(name("seller"))
    hostess = stack.caller(hostess.sub, "seller", name="Hall & Söhne")
    place = open_hall(hostess, HOUSE, title="Ein Abend", venueName="Haus")
    who = stack.caller(name("ann"), name="Ann Ó Briain")
    asked = who.queue_best(place, 2, section="A", subsection=2).plain(202)
    seen = who.wait_status(asked["id"], "pending_payment")
    assert list(seen) == CORE + NAMES + DETAILS
    kept = ("id", "buyer_id", "event_id", "section", "subsection", "quantity", "total_price",
            "seat_selection_mode", "created_at", "paid_at")
    assert {key: seen[key] for key in kept} == {key: asked[key] for key in kept}
    assert instant(seen["updated_at"]) >= instant(asked["updated_at"])
    assert seen["seat_positions"] == ["A-3", "A-4"], "the seats for wheelchairs are not given out"
    assert [seen[key] for key in NAMES] == ["Ein Abend", "Haus", "Hall & Söhne", "Ann Ó Briain"]
    assert (seen["seller_id"], seen["currency"]) == (hostess.sub, "EUR")
    assert (seen["ticket_reference"], seen["error_message"]) == (None, None)
    assert seen["event_starts_at"] == "2031-05-01T18:30:00.000Z"
    assert seen["seats"] == [{"section": "A", "subsection": 2, "row": "A", "seat": n, "tier": "VIP",
                              "price": 20} for n in (3, 4)]
    listed = {key: seen[key] for key in CORE + NAMES}
    assert who.get(QUEUE + "/my_booking").plain() == [listed]
    assert [list(one) for one in hostess.get(QUEUE + "/my_booking").plain()] == [CORE + NAMES]
    assert [no for no, status in place.statuses().items() if status == "reserved"] == [11, 12]
    assert ask("SELECT expires_at FROM booking WHERE id = %s", asked["id"]) == [(None,)], "R-21"
    clean(place, [asked["id"]])


def test_names_are_null_where_the_token_has_none(place, buyer, unseated):
    who = buyer()
    seen = who.get(f"{QUEUE}/{who.queue(place, 'A-1').plain(202)['id']}").plain()
    assert [seen[key] for key in NAMES] == ["Evening concert", "Test hall", None, None]
    assert seen["status"] == "processing"


def test_price_of_best_seats_is_told_when_they_are_known(seller, buyer, reserve, clean):
    """Accepted for the least that it can cost, then what the seats cost."""
    place = open_hall(seller, plan_by_category({"1": ["Dear"] * 4, "2": ["Cheap"] * 4}))
    who = buyer()
    asked = who.queue_best(place, 2).plain(202)
    assert asked["total_price"] == 25
    assert who.wait_status(asked["id"], "pending_payment")["total_price"] == 50
    clean(place)


def test_event_may_have_a_window(hall, buyer, reserve, ask):
    place, who = hall(policy={"windowMinutes": 3}), buyer()
    booking = who.queue_best(place, 1).plain(202)["id"]
    who.wait_status(booking, "pending_payment")
    [(window,)] = ask("SELECT expires_at - updated_at FROM booking WHERE id = %s", booking)
    assert abs(window - timedelta(minutes=3)) < timedelta(seconds=1)


def test_event_may_say_that_it_has_no_window(hall, buyer, reserve, ask):
    place, who = hall(policy={"windowMinutes": None}), buyer()
    booking = who.queue_best(place, 1).plain(202)["id"]
    who.wait_status(booking, "pending_payment")
    assert ask("SELECT expires_at FROM booking WHERE id = %s", booking) == [(None,)]


def test_seat_that_somebody_has(place, buyer, reserve, clean):
    """Accepted, and then failed, naming the seats that are taken."""
    buyer("early").book(place, 2, 13).ok(201)
    who = buyer()
    asked = who.queue(place, "A-1", "1-2", "B-3").plain(202)
    seen = who.wait_status(asked["id"], "failed")
    assert seen["error_message"] and seen["paid_at"] is None
    assert seen["seat_positions"] == ["A-1", "1-2", "B-3"]
    assert place.statuses()[1] == "available", "all or none"
    [created, failed] = who.get(f"bookings/{asked['id']}/history").ok()["items"]
    assert (created["type"], failed["type"]) == ("booking.requested", "booking.failed")
    assert failed["payload"]["reason"] == "SEAT_ALREADY_RESERVED"
    assert failed["payload"]["message"] == "One or more seats are already reserved: A-2, B-3"
    clean(place, [asked["id"]])


def test_two_want_one_seat(place, buyer, unseated, clean):
    first, second = buyer("first"), buyer("second")
    ids = [who.queue(place, *seats).plain(202)["id"]
           for who, seats in ((first, ("C-5", "C-6")), (second, ("C-6", "C-7")))]
    unseated()
    first.wait_status(ids[0], "pending_payment")
    second.wait_status(ids[1], "failed")
    assert {no for no, status in place.statuses().items() if status == "reserved"} == {25, 26}
    clean(place, ids)


def test_more_want_best_seats_than_there_are(hall, buyer, unseated, clean):
    """All are accepted while seats are free; who comes too late has failed."""
    place = hall(rows=1, cols=7)
    crowd = [buyer() for _ in range(3)]
    ids = [who.queue_best(place, 3).plain(202)["id"] for who in crowd]
    unseated()
    for who, booking in zip(crowd[:2], ids):
        who.wait_status(booking, "pending_payment")
    late = crowd[2].wait_status(ids[2], "failed")
    assert (late["error_message"], late["seat_positions"]) == ("Not enough seats are available", [])
    assert list(place.statuses().values()).count("available") == 1
    clean(place, ids)


def test_those_who_wait_are_seen(place, buyer, unseated, stack):
    """Above all when there is no role that would seat them."""
    many, age = "rowlock_requested_bookings{}", "rowlock_requested_age_milliseconds{}"
    assert (stack.figures()[many], stack.figures()[age]) == (0, 0)
    for _ in range(3):
        buyer().queue_best(place, 1).plain(202)
    wait_for(lambda: stack.figures()[age] >= 300, "the first to have waited for so long")
    assert stack.figures()[many] == 3
    unseated()
    wait_for(lambda: (stack.figures()[many], stack.figures()[age]) == (0, 0), "nobody to wait")


def test_a_booking_is_counted_once_when_accepted_and_once_when_seated(hall, buyer, unseated, stack):
    place, who = hall(rows=1, cols=3), buyer()
    accepted, seated = 'rowlock_bookings_total{outcome="OK"}', 'rowlock_seatings_total{outcome="OK"}'
    failed = 'rowlock_seatings_total{outcome="NOT_ENOUGH_SEATS"}'
    before = stack.figures()
    for _ in range(2):
        who.queue_best(place, 2).plain(202)
    assert stack.figures()[accepted] == before[accepted] + 2
    unseated()
    wait_for(lambda: [stack.figures()[name] - before[name] for name in (seated, failed)] == [1, 1],
             "one to be counted as seated, and one as failed")
    assert stack.figures()[accepted] == before[accepted] + 2


def test_seat_whose_window_has_passed(place, buyer, reserve, clean, let_window_pass):
    old = buyer("late").book(place, 1, 2).ok(201)["bookingId"]
    let_window_pass(place, old)
    who = buyer()
    booking = who.queue(place, "A-2", "A-3").plain(202)["id"]
    who.wait_status(booking, "pending_payment")
    assert place.statuses()[1] == "available"
    clean(place, [old, booking])


def test_event_that_was_closed_meanwhile(place, buyer, unseated):
    """It was on sale when they were accepted."""
    who = buyer()
    booking = who.queue_best(place, 2).plain(202)["id"]
    place.seller.patch("events/" + place.id, {"status": "closed"}).ok()
    unseated()
    who.wait_status(booking, "pending_payment")


def test_event_that_was_cancelled_meanwhile(place, buyer, unseated, ask, clean):
    who = buyer()
    booking = who.queue_best(place, 2).plain(202)["id"]
    ask("UPDATE event SET status = 'cancelled' WHERE id = %s RETURNING 1", place.number)
    unseated()
    assert who.wait_status(booking, "failed")["error_message"] == "The event has been cancelled"
    clean(place)


# --- cancelling and paying, in every state ---

@pytest.fixture
def booking_in(hall, buyer, unseated, let_window_pass):
    """booking_in(state): somebody, and the id of a booking of theirs in that state."""
    def make(state):
        place, who = hall(rows=1, cols=4), buyer()
        if state == "expired":
            booking = who.book(place, 1, 2).ok(201)["bookingId"]
            let_window_pass(place, booking)
            return place, who, booking
        booking = who.queue(place, "A-1", "A-2").plain(202)["id"]
        if state == "processing":
            return place, who, booking
        if state == "cancelled":
            who.patch(f"{QUEUE}/{booking}").plain()
            return place, who, booking
        if state == "failed":
            buyer().book(place, 2).ok(201)
        unseated()
        who.wait_status(booking, "failed" if state == "failed" else "pending_payment")
        if state == "completed":
            who.post(f"{QUEUE}/{booking}/pay").plain()
        return place, who, booking
    return make


def history(who, booking):
    return [row["type"] for row in who.get(f"bookings/{booking}/history").ok()["items"]]


@pytest.mark.parametrize("state", ["processing", "pending_payment"])
def test_cancelling(state, booking_in, clean, buyer):
    place, who, booking = booking_in(state)
    seen = who.patch(f"{QUEUE}/{booking}").plain()
    assert list(seen) == CORE + NAMES + DETAILS
    assert (seen["id"], seen["status"], seen["paid_at"]) == (booking, "cancelled", None)
    assert seen == who.get(f"{QUEUE}/{booking}").plain()
    assert seen["seat_positions"] == ["A-1", "A-2"], "what it was about stays on record"
    assert set(place.statuses().values()) == {"available"}
    assert history(who, booking)[-1] == "booking.cancelled"
    buyer().book(place, 1, 2, 3, 4).ok(201)
    clean(place, [booking])


def test_cancelled_while_it_was_waiting_it_is_not_seated(booking_in, unseated, buyer, clean):
    place, who, booking = booking_in("processing")
    who.patch(f"{QUEUE}/{booking}").plain()
    other = buyer("other")
    after = other.queue(place, "A-2").plain(202)["id"]
    unseated()
    other.wait_status(after, "pending_payment")
    assert who.get(f"{QUEUE}/{booking}").plain()["status"] == "cancelled"
    assert history(who, booking) == ["booking.requested", "booking.cancelled"]
    assert [no for no, status in place.statuses().items() if status == "reserved"] == [2]
    clean(place, [booking, after])


@pytest.mark.parametrize("state, text", [
    ("completed", "Cannot cancel a completed booking"),
    ("cancelled", "Booking already in terminal state"),
    ("expired", "Booking already in terminal state"),
    ("failed", "Cannot cancel failed booking")])
def test_cancelling_too_late(state, text, booking_in, clean):
    place, who, booking = booking_in(state)
    before = place.statuses()
    code = "BOOKING_EXPIRED" if state == "expired" else "INVALID_STATE"
    for _ in range(2):
        who.patch(f"{QUEUE}/{booking}").declined(400, code, text)
    shown = "cancelled" if state == "expired" else state
    assert who.get(f"{QUEUE}/{booking}").plain()["status"] == shown
    assert place.statuses() == before
    clean(place, [booking])


def test_paying(booking_in, clean, ask):
    place, who, booking = booking_in("pending_payment")
    seen = who.post(f"{QUEUE}/{booking}/pay").plain()
    assert list(seen) == CORE + NAMES + DETAILS
    assert (seen["id"], seen["status"]) == (booking, "completed")
    assert instant(seen["paid_at"]) >= instant(seen["created_at"])
    assert re.fullmatch(r"[0-9A-Z-]{20,}", seen["ticket_reference"]), seen
    assert seen == who.get(f"{QUEUE}/{booking}").plain()
    assert place.statuses() == {1: "sold", 2: "sold", 3: "available", 4: "available"}
    assert history(who, booking) == ["booking.requested", "booking.created", "booking.confirmed"]
    assert ask("SELECT amount, currency, status::text FROM payment WHERE booking_id = %s", booking) \
        == [(4000, "EUR", "completed")]
    clean(place, [booking])


def test_paying_with_a_body(booking_in):
    """A body is not needed; one that comes along is no fault."""
    _, who, booking = booking_in("pending_payment")
    assert who.post(f"{QUEUE}/{booking}/pay", {"card": "4242"}).plain()["status"] == "completed"


@pytest.mark.parametrize("state, shown", [
    ("processing", "processing"), ("completed", "completed"), ("cancelled", "cancelled"),
    ("expired", "cancelled"), ("failed", "failed")])
def test_paying_what_does_not_wait_for_payment(state, shown, booking_in, ask, clean):
    place, who, booking = booking_in(state)
    before, told = place.statuses(), history(who, booking)
    code = "BOOKING_EXPIRED" if state == "expired" else "INVALID_STATE"
    who.post(f"{QUEUE}/{booking}/pay").declined(400, code, f"Cannot pay booking in {shown} state")
    assert who.get(f"{QUEUE}/{booking}").plain()["status"] == shown
    assert place.statuses() == before
    assert history(who, booking) == told + (["booking.expired"] if state == "expired" else [])
    paid = ask("SELECT count(*) FROM payment WHERE booking_id = %s", booking)
    assert paid == [(1 if state == "completed" else 0,)]
    clean(place, [booking])


def test_booking_of_the_other_face_is_one_like_any_other(place, buyer, clean):
    who = buyer()
    booking = who.book(place, 11, 12).ok(201)["bookingId"]
    seen = who.get(f"{QUEUE}/{booking}").plain()
    assert list(seen) == CORE + NAMES + DETAILS
    assert (seen["section"], seen["subsection"], seen["seat_positions"]) == ("Stalls", 1,
                                                                             ["B-1", "B-2"])
    assert (seen["status"], seen["seat_selection_mode"]) == ("pending_payment", "manual")
    assert who.post(f"{QUEUE}/{booking}/pay").plain()["status"] == "completed"
    read = who.get("bookings/" + booking).ok()
    assert (read["status"], read["ticketReference"] is None) == ("CONFIRMED", False)
    clean(place, [booking])


def test_booking_of_this_face_as_the_other_shows_it(place, buyer, reserve):
    who = buyer()
    booking = who.queue(place, "A-1").plain(202)["id"]
    who.wait_status(booking, "pending_payment")
    read = who.get("bookings/" + booking).ok()
    assert (read["status"], read["expiresAt"]) == ("PENDING", None)
    assert [seat["seatId"] for seat in read["seats"]] == [place.seat(1)]
    who.delete("bookings/" + booking).ok()
    assert who.get(f"{QUEUE}/{booking}").plain()["status"] == "cancelled"


# --- lists ---

def listed(who, query=""):
    return [booking["id"] for booking in who.get(QUEUE + "/my_booking" + query).plain()]


def test_own_bookings_newest_first_and_by_status(place, buyer, unseated, let_window_pass):
    who = buyer()
    paid = who.book(place, 1).ok(201)["bookingId"]
    who.post(f"{QUEUE}/{paid}/pay").plain()
    gone, late = (who.book(place, no).ok(201)["bookingId"] for no in (2, 3))
    who.patch(f"{QUEUE}/{gone}").plain()
    let_window_pass(place, late)
    waits, asked = who.book(place, 4).ok(201)["bookingId"], who.queue(place, "D-1").plain(202)["id"]
    buyer().queue(place, "D-2").plain(202)
    assert listed(who) == listed(who, "?status=") == [asked, waits, late, gone, paid]
    assert listed(who, "?status=processing") == [asked]
    assert listed(who, "?status=pending_payment") == [waits]
    assert listed(who, "?status=completed") == [paid]
    assert listed(who, "?status=cancelled") == [late, gone]
    assert listed(who, "?status=failed") == []
    assert listed(who, "?limit=2") == [asked, waits]
    assert listed(who, "?limit=2&page=3") == [paid]
    assert listed(who, "?page=4&limit=2") == []


@pytest.mark.parametrize("query, field", [
    ("status=PENDING", "status"), ("status=expired", "status"), ("status=pending", "status"),
    ("page=0", "page"), ("limit=0", "limit"), ("limit=1001", "limit"), ("page=x", "page")])
def test_bad_query_is_named(query, field, buyer):
    buyer().get(f"{QUEUE}/my_booking?{query}").declined(400, "VALIDATION_ERROR", field=field)


def test_seller_sees_the_bookings_of_own_events(hall, stack, name, buyer, unseated):
    """R-52"""
    first, second = hall(), hall()
    elsewhere = open_hall(stack.seller(name("rival")))
    ann, bob = buyer("ann"), buyer("bob")
    ids = [ann.queue(first, "A-1").plain(202)["id"], bob.queue(second, "A-1").plain(202)["id"],
           bob.book(first, 2).ok(201)["bookingId"]]
    other = ann.queue(elsewhere, "A-1").plain(202)["id"]
    assert listed(first.seller) == ids[::-1]
    assert listed(first.seller, "?status=processing") == [ids[1], ids[0]]
    assert listed(first.seller, "?status=pending_payment") == [ids[2]]
    assert listed(first.seller, "?limit=1&page=2") == [ids[1]]
    assert listed(elsewhere.seller) == [other]
    assert listed(stack.seller(name("new"))) == []


@pytest.mark.parametrize("member", ["buyer_id", "user_id", "userId"])
def test_nobody_books_for_somebody_else_under_any_name(member, buyer, hall):
    buyer().queue_best(hall(), 1, **{member: "43"}).declined(403, "FORBIDDEN")


@pytest.mark.parametrize("value", [1.5, -1, 2 ** 60])
def test_a_buyer_that_is_no_id_is_a_fault(value, buyer, hall):
    buyer().queue_best(hall(), 1, buyer_id=value).declined(400, "VALIDATION_ERROR", field="buyer_id")


def test_what_failed_says_which_seat_and_has_none(buyer, hall, reserve):
    here, first, second = hall(), buyer(), buyer()
    assert first.book(here, 1).status == 201
    late = second.queue(here, "A-1", "A-2").plain(202)
    seen = second.wait_status(late["id"], "failed")
    assert "A-1" in seen["error_message"] and seen["seats"] == [] and seen["seat_positions"] == ["A-1", "A-2"]
