"""
Streams: what they begin with, what they tell, to whom, when they end, and where they go on. The
same whether what is new comes from Redis or from the journal.
"""

import hashlib
import json
import os
import threading
import time
import uuid

import psycopg2
import pytest

import processes
from sse_client import Stream

UNKNOWN = "0197aaaa-0000-7000-8000-000000000001"


@pytest.fixture
def place(hall):
    return hall(rows=2, cols=10)


@pytest.fixture
def follow(stack):
    """follow(path, caller, …): an open stream; closed when the test is over."""
    opened = []

    def open_one(path, caller=None, **more):
        opened.append(Stream(stack, path, caller, **more))
        return opened[-1]
    yield open_one
    for stream in opened:
        stream.close()


def own(place):
    return f"/api/booking/event/{place.number}/sse"


def one(booking):
    return f"/api/v1/bookings/{booking['bookingId']}/stream"


def seats(place):
    return f"/api/v1/events/{place.id}/stream"


def cancel(who, booking):
    who.delete("bookings/" + booking["bookingId"]).ok()


@pytest.fixture
def confirm(stack, name):
    """confirm(booking): it is paid for, at the box office."""
    staff = stack.caller(name("staff"), "admin")

    def paid(booking):
        assert staff.post(f"/api/booking/{booking['bookingId']}/pay").status == 200
    return paid


def extend(db, booking, times):
    """Rows of the journal that change nothing, many of them."""
    with db.cursor() as cursor:
        cursor.execute("""
            WITH b AS (UPDATE booking SET extensions = extensions + %(times)s WHERE id = %(id)s RETURNING *)
            INSERT INTO journal (event_id, booking_id, user_id, type, payload)
            SELECT event_id, id, user_id, 'booking.extended', '{"from":"pending"}'
            FROM b, generate_series(1, %(times)s)""", {"times": times, "id": booking["bookingId"]})


# --- The answer. ---

def test_head_of_a_stream(follow, place, buyer):
    stream = follow(own(place), buyer())
    assert stream.status == 200
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["x-request-id"]
    assert stream.block() == "retry: 2000"


def test_request_id_is_kept(follow, place):
    assert follow(seats(place), headers={"X-Request-Id": "my-own.1"}).headers["x-request-id"] \
        == "my-own.1"


@pytest.mark.parametrize("path", ["/api/booking/event/{n}/sse", "/api/v1/bookings/{b}/stream",
                                  "/api/v1/events/{n}/stream"])
@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "PUT"])
def test_other_methods_are_405(path, method, stack, place):
    reply = stack.anyone().request(method, path.format(n=place.number, b=UNKNOWN))
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_the_body(stack, place, buyer):
    who = buyer()
    booking = who.book(place, 1).ok(201)
    for path in (own(place), one(booking), seats(place)):
        reply = who.request("HEAD", path)
        assert (reply.status, reply.body) == (200, b"")
        assert reply.headers["Content-Type"] == "text/event-stream"
    assert who.request("HEAD", one({"bookingId": UNKNOWN})).status == 404
    assert stack.anyone().request("HEAD", own(place)).status == 401


@pytest.mark.parametrize("path, status, code", [
    ("/api/booking/event/x/sse", 400, "VALIDATION_ERROR"),
    ("/api/booking/event/0/sse", 400, "VALIDATION_ERROR"),
    ("/api/booking/event/99999999999/sse", 400, "VALIDATION_ERROR"),
    ("/api/booking/event/999999999/sse", 404, "EVENT_NOT_FOUND"),
    ("/api/v1/bookings/x/stream", 400, "VALIDATION_ERROR"),
    (f"/api/v1/bookings/{UNKNOWN}/stream", 404, "BOOKING_NOT_FOUND"),
    ("/api/v1/events/x/stream", 400, "VALIDATION_ERROR"),
    ("/api/v1/events/999999999/stream", 404, "EVENT_NOT_FOUND"),
    (f"/api/v1/events/{UNKNOWN}/stream", 404, "EVENT_NOT_FOUND"),
    ("/api/v1/events/1/stream?since=x", 400, "VALIDATION_ERROR"),
    ("/api/v1/events/1/stream?since=-1", 400, "VALIDATION_ERROR"),
])
def test_errors_have_the_shape_of_their_face(path, status, code, follow, buyer):
    stream = follow(path, buyer())
    assert stream.status == status
    error = stream.error
    assert (error["code"] if path.startswith("/api/booking/") else error["error"]["code"]) == code
    if path.startswith("/api/booking/"):
        assert isinstance(error["detail"], str) and error["detail"]
    else:
        assert error["success"] is False


@pytest.mark.parametrize("header", [None, "Bearer x", "Bearer a.b.c", "Basic eDp5"])
def test_who_is_nobody_has_no_stream_of_bookings(header, stack, follow, place, buyer):
    booking = buyer().book(place, 1).ok(201)
    headers = {"Authorization": header} if header else {}
    stream = follow(own(place), headers=headers)
    assert (stream.status, stream.error["code"]) == (401, "UNAUTHORIZED")
    stream = follow(one(booking), headers=headers)
    assert (stream.status, stream.error["error"]["code"]) == (401, "UNAUTHORIZED")


def test_a_token_that_has_expired_is_401(stack, follow, place, name):
    late = stack.caller(name("late"), ttl_s=-5)
    assert follow(own(place), late).status == 401


def test_a_token_in_the_url_is_none(stack, follow, place, buyer):
    token = buyer().token
    for parameter in ("token", "access_token", "ticket"):
        assert follow(f"{own(place)}?{parameter}={token}").status == 401


# --- Own bookings of an event. ---

def test_booking_and_cancelling_are_told_and_end_the_stream(follow, place, buyer):
    who = buyer()
    stream = follow(own(place), who)
    booking = who.book(place, 1, 2).ok(201)
    event = stream.next()
    assert event.name == "status_update"
    at = event.data.pop("at")
    assert at.endswith("Z") and len(at) == 24
    assert event.data == {"event_type": "status_update", "booking_id": booking["bookingId"],
                          "event_id": place.number, "status": "pending_payment"}
    cancel(who, booking)
    assert stream.states(1) == ["cancelled"]
    assert stream.next() is None


def test_a_completed_booking_ends_the_stream(follow, place, buyer, confirm):
    who = buyer()
    stream = follow(own(place), who)
    booking = who.book(place, 1).ok(201)
    confirm(booking)
    assert stream.states(2) == ["pending_payment", "completed"]
    assert stream.next() is None


def test_an_expired_booking_reads_as_cancelled(follow, place, buyer, let_window_pass):
    who = buyer()
    stream = follow(own(place), who)
    booking = who.book(place, 1).ok(201)
    assert stream.states(1) == ["pending_payment"]
    let_window_pass(place, booking["bookingId"])
    buyer().book(place, 1).ok(201)  # somebody else takes the seat: the old booking is expired
    assert stream.states(1) == ["cancelled"]
    assert stream.next() is None


def test_the_stream_goes_on_while_another_booking_is_live(follow, place, buyer, confirm):
    who = buyer()
    first, second = who.book(place, 1).ok(201), who.book(place, 2).ok(201)
    stream = follow(own(place), who)
    assert [stream.next().data["booking_id"] for _ in range(2)] == \
        [first["bookingId"], second["bookingId"]]
    third = who.book(place, 3).ok(201)
    cancel(who, first)
    confirm(second)
    assert stream.states(3) == ["pending_payment", "cancelled", "completed"]
    cancel(who, third)
    assert stream.states(1) == ["cancelled"]
    assert stream.next() is None


def test_the_present_state_is_told_first_and_never_ends_a_stream(follow, place, buyer):
    who = buyer()
    gone, live = who.book(place, 1).ok(201), who.book(place, 2).ok(201)
    cancel(who, gone)
    stream = follow(own(place), who)
    told = {event.data["booking_id"]: event.data["status"]
            for event in (stream.next(), stream.next())}
    assert told == {gone["bookingId"]: "cancelled", live["bookingId"]: "pending_payment"}
    cancel(who, live)
    assert [event.data["booking_id"] for event in stream.rest()] == [live["bookingId"]]


def test_what_became_final_a_while_ago_is_not_told(follow, place, buyer, db):
    who = buyer()
    old = who.book(place, 1).ok(201)
    cancel(who, old)
    with db.cursor() as cursor:
        cursor.execute("UPDATE booking SET updated_at = now() - interval '61 seconds' WHERE id = %s",
                       (old["bookingId"],))
    stream = follow(own(place), who)
    new = who.book(place, 2).ok(201)
    assert stream.next().data["booking_id"] == new["bookingId"]


def test_nobody_sees_the_bookings_of_others(stack, follow, place, buyer, name):
    who, other = buyer(), buyer()
    admin = stack.caller(name("admin"), "admin")
    mine = who.book(place, 1).ok(201)
    streams = {caller: follow(own(place), caller) for caller in (other, place.seller, admin)}
    cancel(who, mine)
    theirs = other.book(place, 2).ok(201)
    assert streams[other].next().data["booking_id"] == theirs["bookingId"]
    # An admin's own booking is the first that he hears of: those of others came before it.
    his = admin.book(place, 3).ok(201)
    assert streams[admin].next().data["booking_id"] == his["bookingId"]


def test_the_same_user_at_another_event_is_another_stream(follow, place, hall, buyer):
    who, there = buyer(), hall(rows=1, cols=4)
    stream = follow(own(place), who)
    who.book(there, 1).ok(201)
    here = who.book(place, 1).ok(201)
    event = stream.next()
    assert (event.data["booking_id"], event.data["event_id"]) == (here["bookingId"], place.number)


@pytest.mark.parametrize("sub", [":b", "r:1", " b", "%41", "*", "\u00e4\u00f6\u4e2d", "x" * 255],
                         ids=range(7))
def test_any_name_of_a_user(sub, stack, follow, place, name):
    who = stack.buyer((name("n") + sub)[:255])
    stream = follow(own(place), who)
    booking = who.book(place, 1).ok(201)
    assert stream.next().data["booking_id"] == booking["bookingId"]


def test_every_stream_of_a_user_is_told(follow, place, buyer):
    who = buyer()
    streams = [follow(own(place), who) for _ in range(5)]
    booking = who.book(place, 1).ok(201)
    cancel(who, booking)
    for stream in streams:
        assert [event.data["status"] for event in stream.rest()] == ["pending_payment", "cancelled"]


def test_positions_and_message_of_a_queued_booking(follow, place, buyer, db):
    """Rows as the reserve role writes them."""
    who = buyer()
    booking = who.book(place, 1, 2).ok(201)
    stream = follow(own(place), who)
    assert stream.states(1) == ["pending_payment"]
    queue = {"section": "A", "subsection": 1, "positions": ["1-1", "1-2"]}
    with db.cursor() as cursor:
        cursor.execute("""
            WITH b AS (UPDATE booking SET extensions = extensions + 1 WHERE id = %s RETURNING *)
            INSERT INTO journal (event_id, booking_id, user_id, type, payload)
            SELECT event_id, id, user_id, 'booking.extended', %s FROM b""",
                       (booking["bookingId"], json.dumps({"from": "pending", "queue": queue})))
    event = stream.next()
    assert event.data["seat_positions"] == ["1-1", "1-2"]
    assert follow(own(place), who).next().data["seat_positions"] == ["1-1", "1-2"]


# --- One booking. ---

def test_booking_stream_tells_its_states_in_the_names_of_v1(follow, place, buyer):
    who = buyer()
    booking = who.book(place, 3, 4).ok(201)
    stream = follow(one(booking), who)
    event = stream.next()
    assert event.name == "status_update"
    assert event.data.pop("at") == booking["createdAt"]
    assert event.data == {"eventType": "status_update", "bookingId": booking["bookingId"],
                          "eventId": place.id, "status": "PENDING",
                          "seatIds": [place.seat(3), place.seat(4)]}
    cancel(who, booking)
    assert stream.states(1) == ["CANCELLED"]
    assert stream.next() is None


def test_booking_stream_tells_of_its_own_booking_only(follow, place, buyer):
    who = buyer()
    mine, other = who.book(place, 1).ok(201), who.book(place, 2).ok(201)
    stream = follow(one(mine), who)
    cancel(who, other)
    cancel(who, mine)
    assert [event.data["bookingId"] for event in stream.rest()] == [mine["bookingId"]] * 2


def test_a_confirmed_booking_is_not_over(follow, place, buyer, confirm):
    who = buyer()
    booking = who.book(place, 1).ok(201)
    stream = follow(one(booking), who)
    confirm(booking)
    assert stream.states(2) == ["PENDING", "CONFIRMED"]
    late = follow(one(booking), who)
    assert late.states(1) == ["CONFIRMED"]
    cancel(who, booking)
    for each in (stream, late):
        assert [event.data["status"] for event in each.rest()] == ["REFUNDED"]


def test_a_final_booking_is_told_and_that_is_all(follow, place, buyer):
    who = buyer()
    booking = who.book(place, 1).ok(201)
    cancel(who, booking)
    events = follow(one(booking), who).rest()
    assert [event.data["status"] for event in events] == ["CANCELLED"]
    assert follow(one(booking), who, after=events[0].id).rest() == []


def test_a_booking_whose_window_has_passed_reads_as_expired(follow, place, buyer, let_window_pass):
    who = buyer()
    booking = who.book(place, 1).ok(201)
    first = follow(one(booking), who)
    id_before = first.next().id
    let_window_pass(place, booking["bookingId"])
    assert [event.data["status"] for event in follow(one(booking), who).rest()] == ["EXPIRED"]
    again = follow(one(booking), who, after=id_before)
    assert [event.data["status"] for event in again.rest()] == ["EXPIRED"]


@pytest.mark.parametrize("role, status", [("owner", 200), ("other", 403), ("seller", 200),
                                          ("rival", 403), ("admin", 200), ("service", 200)])
def test_who_may_follow_a_booking(role, status, stack, follow, place, buyer, name):
    owner = buyer()
    caller = {"owner": owner, "other": buyer(), "seller": place.seller,
              "rival": stack.seller(name("rival")), "admin": stack.caller(name("a"), "admin"),
              "service": stack.caller(name("s"), "service")}[role]
    booking = owner.book(place, 1).ok(201)
    stream = follow(one(booking), caller)
    assert stream.status == status
    if status == 403:
        assert stream.error["error"]["code"] == "FORBIDDEN"
        return
    assert stream.states(1) == ["PENDING"]
    cancel(owner, booking)
    assert [event.data["status"] for event in stream.rest()] == ["CANCELLED"]


# --- Seats of an event. ---

def test_seats_begin_with_all_that_are_not_available(follow, place, buyer, confirm):
    who = buyer()
    who.book(place, 3).ok(201)
    confirm(who.book(place, 7, 8).ok(201))
    event = follow(seats(place)).next()
    assert event.name == "seats"
    assert event.data["snapshot"] is True
    assert event.data["changes"] == [[3, "reserved"], [7, "sold"], [8, "sold"]]
    assert event.data["version"] == place.map()["version"]


def test_seats_of_an_empty_hall(follow, hall):
    for status in ("draft", "on_sale", "closed"):
        place = hall(rows=1, cols=4, status=status)
        assert follow(seats(place)).next().data == {"version": place.map()["version"],
                                                    "snapshot": True, "changes": []}


def test_seats_tell_what_happens(follow, place, buyer, confirm):
    who = buyer()
    stream = follow(seats(place))
    version = stream.next().data["version"]
    booking = who.book(place, 1, 2).ok(201)
    event = stream.next()
    assert event.data == {"version": version + 1, "changes": [[1, "reserved"], [2, "reserved"]]}
    cancel(who, booking)
    event = stream.next()
    assert event.data == {"version": version + 2, "changes": [[1, "available"], [2, "available"]]}
    kept = who.book(place, 9).ok(201)
    assert stream.next().data == {"version": version + 3, "changes": [[9, "reserved"]]}
    confirm(kept)
    assert stream.next().data == {"version": version + 4, "changes": [[9, "sold"]]}
    assert place.map()["version"] == version + 4


def test_seats_tell_of_holds(follow, place, buyer):
    who, stream = buyer(), follow(seats(place))
    version = stream.next().data["version"]
    assert who.hold(place, 1, 2).status == 200
    assert stream.next().data == {"version": version + 1, "changes": [[1, "held"], [2, "held"]]}
    assert follow(seats(place)).next().data["changes"] == [[1, "held"], [2, "held"]]
    who.book(place, 2).ok(201)
    assert stream.next().data == {"version": version + 2, "changes": [[2, "reserved"]]}
    assert who.let_go(place).status == 200
    assert stream.next().data == {"version": version + 3, "changes": [[1, "available"]]}


def test_seats_by_number_or_id_and_with_any_token(follow, place, buyer):
    for path in (f"/api/v1/events/{place.number}/stream", f"/api/v1/events/{place.id}/stream/"):
        assert follow(path).next().data["snapshot"] is True
    assert follow(seats(place), buyer()).next().data["snapshot"] is True


def test_changes_at_the_same_time_are_one_message(follow, hall, buyer):
    place = hall(rows=10, cols=100)
    stream = follow(seats(place))
    state, version = {}, stream.next().data["version"]
    callers = [buyer() for _ in range(40)]
    for i in range(120):
        callers[i // 3].book(place, 2 * i + 1, 2 * i + 2).ok(201)
    messages = 0
    while len(state) < 240:
        event = stream.next()
        messages += 1
        state.update(dict(event.data["changes"]))
        numbers = [no for no, _ in event.data["changes"]]
        assert numbers == sorted(set(numbers))
    assert set(state.values()) == {"reserved"}
    assert event.data["version"] == version + 120
    assert messages < 60


def test_all_readers_of_an_event_are_told_the_same(follow, place, buyer):
    streams = [follow(seats(place)) for _ in range(5)]
    for stream in streams:
        stream.next()
    buyer().book(place, 4, 5).ok(201)
    told = [stream.next() for stream in streams]
    assert {(event.id, str(event.data)) for event in told} == {(told[0].id, str(told[0].data))}


def test_seats_whose_rows_are_out_of_order(follow, place, buyer, clean):
    """
    A row that is written without INSERT_JOURNAL, by a booking that waited for its seat, may have a
    lower transaction number than the one that let the seat go: what the journal says last of the
    seat is then not what it is.
    """
    who, heir = buyer(), buyer("heir")
    taken = {"bookingId": str(uuid.uuid4())[:-8] + f"{place.number:08x}"}
    booking = who.book(place, 1).ok(201)
    stream = follow(seats(place))
    assert stream.next().data["changes"] == [[1, "reserved"]]
    with psycopg2.connect(os.environ["ADMIN_DATABASE_URL"]) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        cancel(who, booking)  # a higher number, committed first
        cursor.execute("""
            WITH b AS (
                INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total,
                                     currency)
                SELECT event_id, %s, %s, 'pending', seats, prices, quantity, total, currency
                FROM booking WHERE id = %s RETURNING *),
            s AS (
                UPDATE seat SET status = 'reserved', holder = b.user_id, booking_id = b.id
                FROM b WHERE seat.event_id = b.event_id AND seat.no = ANY (b.seats))
            INSERT INTO journal (event_id, booking_id, user_id, type, payload)
            SELECT event_id, id, user_id, 'booking.created', jsonb_build_object('seats', seats)
            FROM b""", (taken["bookingId"], heir.sub, booking["bookingId"]))
        assert cursor.rowcount == 1
    conn.close()
    buyer().book(place, 20).ok(201)
    state = {}
    while 20 not in state:
        state.update(dict(stream.next().data["changes"]))
    assert state == {1: "reserved", 20: "reserved"}
    cancel(heir, taken)
    clean(place)


def test_since_a_version(follow, place, buyer):
    who = buyer()
    who.book(place, 1).ok(201)
    version = place.map()["version"]
    current = follow(f"{seats(place)}?since={version}")
    who.book(place, 2).ok(201)
    event = current.next()
    assert event.data == {"version": version + 1, "changes": [[2, "reserved"]]}
    cancel(who, who.book(place, 3).ok(201))
    event = follow(f"{seats(place)}?since={version}").next()
    assert "snapshot" not in event.data
    assert event.data["version"] == version + 3
    told = dict(event.data["changes"])
    assert (told[2], told[3]) == ("reserved", "available")


def test_since_a_version_that_was_never_there(follow, place, buyer):
    buyer().book(place, 1).ok(201)
    event = follow(f"{seats(place)}?since={place.map()['version'] + 1}").next()
    assert event.data["snapshot"] is True
    assert event.data["changes"] == [[1, "reserved"]]


def test_since_a_version_too_long_ago(follow, place, buyer, db):
    booking = buyer().book(place, 1).ok(201)
    version = place.map()["version"]
    extend(db, booking, 1001)
    event = follow(f"{seats(place)}?since={version}").next()
    assert event.data["snapshot"] is True
    assert event.data["version"] == version + 1001


# --- Where it goes on. ---

@pytest.fixture
def story(follow, place, buyer):
    """A user whose stream was cut off: id of the last event, and what was missed."""
    who, other = buyer(), buyer()
    stream = follow(own(place), who)
    first = who.book(place, 1).ok(201)
    seen = stream.next()
    stream.close()
    other.book(place, 10).ok(201)
    second = who.book(place, 2).ok(201)
    cancel(who, second)
    return who, seen, first, second


@pytest.mark.parametrize("how", ["header", "query"])
def test_own_bookings_go_on_after_the_last_event(how, follow, place, story):
    who, seen, first, second = story
    stream = follow(own(place), who, after=seen.id) if how == "header" else \
        follow(f"{own(place)}?lastEventId={seen.id}", who)
    told = [stream.next() for _ in range(2)]
    assert [(event.data["booking_id"], event.data["status"]) for event in told] == \
        [(second["bookingId"], "pending_payment"), (second["bookingId"], "cancelled")]
    assert told[0].cursor > seen.cursor
    cancel(who, first)
    assert [event.data["booking_id"] for event in stream.rest()] == [first["bookingId"]]


def test_a_missed_final_state_ends_the_stream(follow, place, story):
    who, seen, first, second = story
    cancel(who, first)
    events = follow(own(place), who, after=seen.id).rest()
    assert [event.data["booking_id"] for event in events] == \
        [second["bookingId"], second["bookingId"], first["bookingId"]]
    assert events[-1].data["status"] == "cancelled"


def test_one_may_not_go_on_with_the_stream_of_another(follow, place, story, buyer):
    who, seen, *_ = story
    other = buyer()
    stream = follow(own(place), other, after=seen.id)
    booking = other.book(place, 5).ok(201)
    assert stream.next().data["booking_id"] == booking["bookingId"]
    first = story[2]
    assert follow(one(first), other, after=seen.id).status == 403


@pytest.mark.parametrize("after", ["", "x", "1", "1-", "-1", "1-2-3", "01-1", "1-1 ", "9" * 30 + "-1",
                                   "9223372036854775807-1", "0-0", "<script>", "1-%00"])
def test_a_last_event_id_that_is_none_counts_as_absent(after, follow, place, story):
    who, _seen, first, _second = story
    stream = follow(own(place), who, after=after)
    told = {stream.next().data["booking_id"]: None for _ in range(2)}
    assert first["bookingId"] in told


def test_too_much_missed_gives_the_present_state(follow, place, story, db):
    who, seen, first, _second = story
    extend(db, first, 1001)
    event = follow(one(first), who, after=seen.id).next()
    assert event.data["status"] == "PENDING"
    told = follow(own(place), who, after=seen.id)
    assert first["bookingId"] in {told.next().data["booking_id"] for _ in range(2)}


def test_booking_goes_on_after_the_last_event(follow, place, story):
    who, seen, first, _second = story
    stream = follow(one(first), who, after=seen.id)
    cancel(who, first)
    events = stream.rest()
    assert [event.data["status"] for event in events] == ["CANCELLED"]
    assert events[0].cursor > seen.cursor


def test_seats_go_on_after_the_last_event(follow, place, buyer):
    who = buyer()
    stream = follow(seats(place))
    version = stream.next().data["version"]
    who.book(place, 1).ok(201)
    seen = stream.next()
    stream.close()
    cancel(who, who.book(place, 2).ok(201))
    who.book(place, 3).ok(201)
    again = follow(seats(place), after=seen.id)
    event = again.next()
    assert event.data == {"version": version + 4,
                          "changes": [[2, "available"], [3, "reserved"]]}
    assert event.cursor > seen.cursor
    who.book(place, 4).ok(201)
    assert again.next().data == {"version": version + 5, "changes": [[4, "reserved"]]}


def test_seats_too_much_missed_gives_the_present_state(follow, place, buyer, db):
    booking = buyer().book(place, 1).ok(201)
    seen = follow(seats(place)).next()
    extend(db, booking, 1001)
    event = follow(seats(place), after=seen.id).next()
    assert event.data["snapshot"] is True


# --- Tickets. ---

def test_a_ticket_opens_a_stream_once(follow, place, buyer):
    who = buyer()
    booking = who.book(place, 1).ok(201)
    reply = who.post("stream-tickets")
    made = reply.ok(201)
    assert set(made) == {"ticket", "expiresAt"}
    assert len(made["ticket"]) >= 22 and made["ticket"].isalnum()
    assert reply.headers["Cache-Control"] == "no-store"
    stream = follow(f"{own(place)}?ticket={made['ticket']}")
    assert stream.next().data["booking_id"] == booking["bookingId"]
    again = follow(f"{own(place)}?ticket={made['ticket']}")
    assert (again.status, again.error["code"]) == (401, "UNAUTHORIZED")


def test_a_ticket_has_the_rights_of_who_asked_for_it(follow, place, buyer):
    owner, other = buyer(), buyer()
    booking = owner.book(place, 1).ok(201)
    for caller, status in ((owner, 200), (other, 403), (place.seller, 200)):
        ticket = caller.post("stream-tickets").ok(201)["ticket"]
        assert follow(f"{one(booking)}?ticket={ticket}").status == status


def test_a_ticket_used_by_many_at_once_is_good_for_one(stack, place, buyer):
    ticket = buyer().post("stream-tickets").ok(201)["ticket"]
    statuses, gate = [], threading.Barrier(8)

    def use():
        gate.wait()
        with Stream(stack, f"{own(place)}?ticket={ticket}") as stream:
            statuses.append(stream.status)
    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [401] * 7


@pytest.mark.parametrize("ticket", ["", "x", "0" * 48, "%00", "'; DELETE FROM stream_ticket", "a" * 4000])
def test_a_ticket_that_is_none(ticket, stack, place):
    reply = stack.anyone().get(f"{own(place)}?ticket={ticket.replace(' ', '%20')}")
    assert reply.status in (400, 401), reply


def test_a_ticket_is_good_for_half_a_minute(follow, place, buyer, db):
    made = buyer().post("stream-tickets").ok(201)
    with db.cursor() as cursor:
        digest = hashlib.sha256(made["ticket"].encode()).hexdigest()
        cursor.execute("""SELECT expires_at - now() FROM stream_ticket WHERE hash = %s""", (digest,))
        assert 20 < cursor.fetchone()[0].total_seconds() <= 30
        cursor.execute("UPDATE stream_ticket SET expires_at = now() WHERE hash = %s", (digest,))
        cursor.execute("SELECT count(*) FROM stream_ticket t WHERE t::text LIKE '%%' || %s || '%%'",
                       (made["ticket"],))
        assert cursor.fetchone()[0] == 0, "the ticket itself is in the database"
    assert follow(f"{own(place)}?ticket={made['ticket']}").status == 401


def test_old_tickets_are_deleted_when_new_ones_are_made(buyer, db):
    who = buyer()
    with db.cursor() as cursor:
        cursor.execute("""INSERT INTO stream_ticket (hash, user_id, role, expires_at)
                          SELECT 'old-' || n, 'x', 'buyer', now() - interval '1 hour'
                          FROM generate_series(1, 50) AS n ON CONFLICT DO NOTHING""")

        def old():
            cursor.execute("SELECT count(*) FROM stream_ticket WHERE hash LIKE 'old-%'")
            return cursor.fetchone()[0]
        for _ in range(400):
            who.post("stream-tickets").ok(201)
            if old() == 0:
                return
    pytest.fail("50 old tickets outlived 400 new ones")


def test_only_those_with_a_token_get_a_ticket(stack):
    stack.anyone().post("stream-tickets").refused(401, "UNAUTHORIZED")


# --- At rest. ---

def test_a_stream_at_rest_shows_signs_of_life(follow, place):
    stream = follow(seats(place), timeout_s=30)
    stream.next()
    began = time.monotonic()
    assert stream.block(timeout_s=20) == ":"
    assert time.monotonic() - began < 20
    assert stream.block(timeout_s=20) == ":"


def test_figures_of_streams(stack, follow, place):
    opened = 'rowlock_streams_opened_total{kind="seats"}'
    before = stack.figures()[opened]
    streams = [follow(seats(place)) for _ in range(3)]
    for stream in streams:
        stream.next()
    assert stack.figures()[opened] >= before + 3
    deadline = time.monotonic() + 5
    while stack.figures()['rowlock_streams_open{kind="seats"}'] < 3:
        assert time.monotonic() < deadline, "open streams are not counted"


def test_no_token_and_no_ticket_in_the_log(follow, place, buyer):
    """A stream is logged when it is over."""
    path = os.path.join(os.environ.get("ROWLOCK_DIR", "/nonexistent"), "log", "sse.log")
    if not os.path.exists(path):
        pytest.skip("the log cannot be seen from here")
    who = buyer()
    used, unused = (who.post("stream-tickets").ok(201)["ticket"] for _ in range(2))
    streams = [follow(f"{own(place)}?ticket={used}"), follow(f"{own(place)}?ticket={used}"),
               follow(f"{own(place)}?ticket={unused}", who), follow(f"{own(place)}?access_token={who.token}")]
    assert [stream.status for stream in streams] == [200, 401, 200, 401]
    cancel(who, who.book(place, 1).ok(201))
    for stream in streams:
        stream.body()  # up to its end

    def log():
        with open(path, encoding="utf-8") as file:
            return file.read()
    processes.wait_for(lambda: all(f"msg=stream id={stream.headers['x-request-id']}" in log() for stream in streams),
                       "the streams to be logged")
    assert not [secret for secret in (used, unused, who.token) if secret in log()]
