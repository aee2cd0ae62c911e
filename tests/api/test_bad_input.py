"""
Bad input of every kind: a clear error, nothing changes, and the very same workers go on.
"""

import json
import re
import uuid

import pytest

from rowlock_client import grid, open_hall, uuid_of

pytestmark = pytest.mark.usefixtures("workers_live_on")

DEEP = b'{"a":' * 33 + b"1" + b"}" * 33

# Texts that are not the JSON we take; EVENT and SEAT are filled in, so that all else is right.
GOOD = b'{"eventId":"EVENT","seatIds":["SEAT"]}'
NOT_JSON = {
    "malformed": b'{"eventId" "EVENT","seatIds":["SEAT"]}',
    "truncated": GOOD[:-1],
    "truncated in a string": GOOD[:20],
    "empty": b"",
    "white space": b" \n\t",
    "trailing bytes": GOOD + b"x",
    "a second value": GOOD + GOOD,
    "a trailing comma": b'{"eventId":"EVENT","seatIds":["SEAT",]}',
    "a comment": b'{"eventId":"EVENT",/* here */"seatIds":["SEAT"]}',
    "single quotes": GOOD.replace(b'"', b"'"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "NaN": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":NaN}',
    "Infinity": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":Infinity}',
    "007": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":007}',
    "1.": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":1.}',
    ".5": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":.5}',
    "+1": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":+1}',
    "True": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":True}',
    "a list": b'["EVENT"]',
    "a string": b'"EVENT"',
    "a number": b"5",
    "null": b"null",
    "33 deep": DEEP,
    "60,000 opened": b"[" * 60000,
    "a name twice": b'{"eventId":"EVENT","seatIds":["SEAT"],"eventId":"EVENT"}',
    "a name twice, once escaped": b'{"eventId":"EVENT","seatIds":["SEAT"],"event\\u0049d":"EVENT"}',
    "a name in another case": b'{"eventId":"EVENT","seatIds":["SEAT"],"EVENTID":"EVENT"}',
    "a name in another case alone": b'{"EventId":"EVENT","seatIds":["SEAT"]}',
    "a lone byte of UTF-8": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"\xff"}',
    "overlong UTF-8": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"\xed\xa0\x80"}',
    "a lone surrogate escaped": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"\\ud800"}',
    "a raw line feed": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"a\nb"}',
    "a raw NUL": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"a\0b"}',
    "a NUL at the end": GOOD + b"\0",
    "an escaped NUL": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"a\\u0000b"}',
    "a bad escape": b'{"eventId":"EVENT","seatIds":["SEAT"],"userId":"\\x41"}',
}


@pytest.fixture(scope="module")
def ground(stack):
    """One hall for the whole module, in which nothing may ever happen."""
    return open_hall(stack.seller("bad-input-" + uuid.uuid4().hex), grid(rows=2, cols=10))


@pytest.fixture
def untouched(ground, ask):
    """Whatever was sent: the hall has no booking afterwards, and all its seats are free."""
    yield ground
    assert ask("SELECT count(*) FROM booking WHERE event_id = %s", ground.number) == [(0,)]
    assert ask("SELECT DISTINCT status::text FROM seat WHERE event_id = %s",
               ground.number) == [("free",)]


def fill(text, hall):
    return text.replace(b"EVENT", hall.id.encode()).replace(b"SEAT", hall.seat(1).encode())


@pytest.mark.parametrize("what", NOT_JSON)
def test_what_is_not_our_json_is_400(what, untouched, buyer):
    buyer().post("bookings", fill(NOT_JSON[what], untouched)).refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize("path", ["plans", "events"])
@pytest.mark.parametrize("what", NOT_JSON)
def test_what_is_not_our_json_is_400_for_sellers_too(what, path, untouched, seller):
    seller.post(path, fill(NOT_JSON[what], untouched)).refused(400, "VALIDATION_ERROR")


def test_thirty_two_deep_is_still_json(untouched, buyer):
    """The limit is where it should be: this one is refused for its field, not for its depth."""
    deep = {"unknown": None}
    for _ in range(30):
        deep = {"unknown": deep}
    buyer().post("bookings", {**untouched.wish(1), "other": deep}).refused(400, "VALIDATION_ERROR",
                                                                           "other")


def test_the_good_text_is_good(hall, buyer):
    """The texts above are refused for what is wrong with them, and for nothing else."""
    place = hall(rows=1, cols=2)
    buyer().post("bookings", fill(b" \r\n" + GOOD + b"\n ", place)).ok(201)


# Fields of POST /bookings: what is put in the place of the good value.
BAD_FIELDS = [
    ("eventId", None), ("eventId", True), ("eventId", []), ("eventId", {}),
    ("eventId", ""),
    ("eventId", "tonight"), ("eventId", "-1"), ("eventId", -1), ("eventId", 1.5),
    ("eventId", 2 ** 53 + 2),
    ("eventId", "x" * 65), ("eventId", "x" * 5000), ("eventId", uuid_of(5)[:-1]),
    ("eventId", uuid_of(5) + "0"),
    ("eventId", uuid_of(5).replace("-", "")), ("eventId", "{" + uuid_of(5) + "}"),
    ("eventId", "é" * 36),
    ("seatIds", None), ("seatIds", 1), ("seatIds", "one"), ("seatIds", {}), ("seatIds", []),
    ("seatIds", [1]),
    ("seatIds", [None]), ("seatIds", [""]), ("seatIds", ["one"]), ("seatIds", [[]]),
    ("seatIds", [{}]),
    ("seatIds", ["x" * 65]), ("seatIds", [True]), ("seatIds", [-1]), ("seatIds", [1.5]),
    ("userId", 7), ("userId", None), ("userId", ""), ("userId", []), ("userId", "x" * 256),
]


@pytest.mark.parametrize("field, value", BAD_FIELDS, ids=lambda v: json.dumps(v)[:30])
def test_bad_field_is_named(field, value, untouched, stack, name):
    staff = stack.caller(name("office"), "admin")
    staff.post("bookings", {**untouched.wish(1), field: value}).refused(400, "VALIDATION_ERROR",
                                                                        field)


@pytest.mark.parametrize("field", ["eventId", "seatIds"])
def test_missing_field_is_named(field, untouched, buyer):
    wish = untouched.wish(1)
    del wish[field]
    buyer().post("bookings", wish).refused(400, "VALIDATION_ERROR", field)


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9007199254740993", b"1e-400"])
def test_number_beyond_all_bounds_is_named(number, untouched, buyer):
    text = json.dumps(untouched.wish(1)).encode().replace(b'"%s"' % untouched.id.encode(), number)
    buyer().post("bookings", text).refused(400, "VALIDATION_ERROR", "eventId")


def test_duplicate_seats_are_named(untouched, buyer):
    buyer().book(untouched, 1, 2, 1).refused(400, "VALIDATION_ERROR", "seatIds")


@pytest.mark.parametrize("count", [11, 51, 1000])
def test_too_many_seats_are_named(count, untouched, buyer):
    buyer().book(untouched, *range(1, count + 1)).refused(400, "VALIDATION_ERROR", "seatIds")


@pytest.mark.parametrize("field", ["colour", "eventid2", "__proto__", "seat_ids"])
def test_unknown_field_is_named(field, untouched, buyer):
    buyer().post("bookings", {**untouched.wish(1), field: 1}).refused(400, "VALIDATION_ERROR",
                                                                      field)


def test_unknown_field_of_any_length_is_refused(untouched, buyer):
    buyer().post("bookings", {**untouched.wish(1), "x" * 20000: 1}).refused(400, "VALIDATION_ERROR")


def test_unknown_field_that_is_no_name_at_all(untouched, buyer):
    reply = buyer().post("bookings", {**untouched.wish(1), 'a"b\r\nSet-Cookie: x=y\\': 1})
    reply.refused(400, "VALIDATION_ERROR")
    assert "Set-Cookie" not in reply.headers


def test_seat_number_zero_and_beyond_are_refused(untouched, buyer):
    for no in (0, 0xffffffffffff, 2 ** 31):
        reply = buyer().post("bookings", {"eventId": untouched.id,
                                          "seatIds": [uuid_of(untouched.number, no)]})
        assert (reply.status, reply.code) in ((400, "VALIDATION_ERROR"),
                                              (404, "SEAT_NOT_FOUND")), reply


def test_event_number_beyond_an_int_is_refused(buyer):
    for number in (0, 2 ** 31, 2 ** 48 - 1):
        reply = buyer().post("bookings", {"eventId": uuid_of(number),
                                          "seatIds": [uuid_of(number, 1)]})
        assert (reply.status, reply.code) in ((400, "VALIDATION_ERROR"),
                                              (404, "EVENT_NOT_FOUND")), reply


# --- sizes and types of bodies ---

@pytest.mark.parametrize("path", ["bookings", "events"])
def test_body_over_64_kib_is_413(path, untouched, stack, name):
    who = stack.caller(name("x"), "seller" if path == "events" else "buyer")
    text = json.dumps(untouched.wish(1)).encode()
    reply = who.post(path, text + b" " * (65 * 1024 - len(text)))
    reply.refused(413, "PAYLOAD_TOO_LARGE")


def test_body_of_64_kib_is_read(hall, buyer):
    place = hall(rows=1, cols=2)
    text = json.dumps(place.wish(1)).encode()
    buyer().post("bookings", text + b" " * (64 * 1024 - len(text))).ok(201)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x",
                                  "application/xml", "application/jsonx", "text/json",
                                  "application", "json"])
def test_wrong_content_type_is_415(kind, untouched, buyer):
    buyer().post("bookings", untouched.wish(1), headers={"Content-Type": kind}) \
        .refused(415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8",
                                  "Application/JSON",
                                  "application/json;charset=UTF-8"])
def test_right_content_type_in_any_spelling(kind, hall, buyer):
    buyer().post("bookings", hall(rows=1, cols=2).wish(1), headers={"Content-Type": kind}).ok(201)


# --- methods and paths ---

@pytest.mark.parametrize("method, path, allowed", [
    ("PUT", "bookings", {"POST"}), ("GET", "bookings", {"POST"}), ("DELETE", "bookings", {"POST"}),
    ("POST", "bookings/my", {"GET"}), ("PUT", "bookings/" + uuid_of(1), {"GET", "DELETE"}),
    ("GET", f"bookings/{uuid_of(1)}/cancel", {"PATCH"}), ("POST", f"bookings/{uuid_of(1)}/history",
                                                          {"GET"}),
    ("DELETE", "events", {"GET", "POST"}), ("PUT", "events/1", {"GET", "PATCH"}),
    ("POST", "events/1/seats", {"GET"}),
    ("PATCH", "plans", {"GET", "POST"}), ("DELETE", "plans/" + uuid_of(1), {"GET"}),
    ("POST", "/health", {"GET"}),
    ("BREW", "bookings", {"POST"}),
])
def test_wrong_method_is_405_with_allow(method, path, allowed, stack, name):
    reply = stack.caller(name("any"), "admin").request(method, path, body={}
                                                       if method in ("PUT", "POST") else None)
    if method == "BREW":  # a method that nobody knows may be the web server's to refuse
        assert reply.status in (400, 405, 501), reply
        return
    assert reply.status == 405, reply
    assert allowed <= {word.strip() for word in reply.headers["Allow"].split(",")}


@pytest.mark.parametrize("path", [
    "/api/v1/events/../../../../etc/passwd", "/api/v1/events/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/api/v1/bookings/..%2f..%2fx",
    "/api/v1/bookings/%2f", "/api/v1/events/1%2fseats", "/api/v1/events/%00", "/api/v1/events/1%00",
    "/api/v1/bookings/my%00x", "/api/v1/events/%", "/api/v1/events/%zz", "/api/v1/events/%ff",
    "/api/v1/events/%c0%af",
    "/api/v1//events//1", "/api/v1/events/1;x=y", "/api/v1/events/%0d%0aSet-Cookie:%20x=y",
    "/api/v1/events/" + "x" * 3000,
])
def test_strange_path_is_400_or_404(path, stack, name):
    reply = stack.caller(name("any"), "admin").get(path)
    assert reply.status in (400, 404, 414), reply
    assert "Set-Cookie" not in reply.headers
    assert b"root:" not in reply.body


@pytest.mark.parametrize("query", ["%00", "q=%00", "q=%ff", "q=%zz", "q=%c0%af",
                                   "q=a%0d%0aSet-Cookie:%20x=y", "q=%"])
def test_strange_query_is_400_or_harmless(query, stack):
    reply = stack.anyone().get("events?" + query)
    assert reply.status in (200, 400), reply
    assert "Set-Cookie" not in reply.headers


def test_query_of_thousands_of_names(stack):
    reply = stack.anyone().get("events?" + "&".join(f"a{n}={n}" for n in range(700)))
    assert reply.status in (200, 400, 414), reply


# --- broken HTTP ---

def head(stack, token, *more, line="POST /api/v1/bookings HTTP/1.1"):
    return "\r\n".join([line, f"Host: {stack.host}", "Connection: close",
                        f"Authorization: Bearer {token}",
                        "Content-Type: application/json", *more, "", ""]).encode()


def still_serves(stack, buyer, hall):
    buyer().book(hall, 9999).refused(404, "SEAT_NOT_FOUND")
    stack.anyone().get(f"events/{hall.id}/seats").ok()


def test_chunked_body_is_read_or_refused(hall, stack, buyer):
    place, who = hall(rows=1, cols=2), buyer()
    body = json.dumps(place.wish(1)).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
                      for part in (body[:10], body[10:])) + b"0\r\n\r\n"
    reply = stack.raw(head(stack, who.token, "Transfer-Encoding: chunked") + chunks)
    assert reply is not None and reply.status in (201, 400, 411, 501), reply
    if reply.status == 201:
        stack.acknowledged.append(reply.data["bookingId"])


def test_body_without_a_length_does_not_hang(untouched, stack, buyer):
    body = json.dumps(untouched.wish(1)).encode()
    reply = stack.raw(head(stack, buyer().token) + body, end=True)
    assert reply is None or 400 <= reply.status < 500, reply
    still_serves(stack, buyer, untouched)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999", "0x10", "5, 6", ""])
def test_senseless_length_does_not_hang(length, untouched, stack, buyer):
    body = json.dumps(untouched.wish(9999)).encode()
    reply = stack.raw(head(stack, buyer().token, "Content-Length: " + length) + body, end=True)
    assert reply is None or 400 <= reply.status < 500, reply
    still_serves(stack, buyer, untouched)


def test_body_that_ends_too_soon_frees_the_worker(untouched, stack, buyer):
    body = json.dumps(untouched.wish(1)).encode()
    reply = stack.raw(head(stack, buyer().token, f"Content-Length: {len(body) + 100}") + body,
                      end=True)
    assert reply is None or reply.status in (400, 408), reply
    still_serves(stack, buyer, untouched)


def test_bodies_that_never_come_do_not_keep_the_workers(untouched, stack, buyer):
    """More half-sent requests than there are request threads, and others are served as ever."""
    sockets = []
    try:
        for _ in range(100):
            sock = stack.connect()
            sock.sendall(head(stack, buyer().token, "Content-Length: 500") + b'{"eventId":')
            sockets.append(sock)
        still_serves(stack, buyer, untouched)
    finally:
        for sock in sockets:
            sock.close()
    still_serves(stack, buyer, untouched)


def test_a_client_that_leaves_before_the_answer_harms_nobody(untouched, stack, buyer):
    body = json.dumps(untouched.wish(9999)).encode()
    for _ in range(50):
        with stack.connect() as sock:
            sock.sendall(head(stack, buyer().token, f"Content-Length: {len(body)}") + body)
    still_serves(stack, buyer, untouched)


@pytest.mark.parametrize("line", [
    "X-Request-Id: a\r\n b", "X-Request-Id: a\rSet-Cookie: x=y",
    "X-Request-Id: %0d%0aSet-Cookie: x=y",
    "X-Request-Id: a\nSet-Cookie: x=y",
])
def test_line_ends_are_never_echoed(line, stack, buyer):
    reply = stack.raw(head(stack, buyer().token, line, line="GET /api/v1/bookings/my HTTP/1.1"),
                      method="GET")
    if reply is None:
        return  # refused by hanging up
    assert "Set-Cookie" not in reply.headers
    assert b"Set-Cookie" not in reply.body
    assert re.fullmatch(r"[\w.-]*", reply.headers.get("X-Request-Id", "")), reply.headers


def test_rubbish_instead_of_http(stack, buyer, untouched):
    for rubbish in (b"\0" * 100 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
                    b"GET\r\n\r\n", b"\r\n" * 50):
        reply = stack.raw(rubbish, method="GET", end=True)
        assert reply is None or reply.status >= 400, reply
    still_serves(stack, buyer, untouched)
