"""Health, request ids, and what every answer has in common."""

import os
import re
import uuid

import pytest

import processes
from rowlock_client import QUEUE


def test_health_names_what_it_looked_at(stack):
    reply = stack.anyone().get("/health")
    assert reply.status == 200, reply
    checks = reply.json["checks"]
    assert set(checks) == {"database", "redis", "kafka", "journal"}
    assert all(check["status"] in ("ok", "down", "disabled") for check in checks.values())
    assert checks["database"]["status"] == "ok" and checks["database"]["latencyMs"] > 0
    assert checks["redis"] == {"status": "ok"}
    assert checks["journal"]["lagSeconds"] >= 0


def test_health_is_degraded_when_anything_but_the_database_is_down(stack):
    answer = stack.anyone().get("/health").json
    down = [name for name, check in answer["checks"].items() if check["status"] == "down"]
    assert answer["status"] == ("degraded" if down else "ok"), answer


def test_kafka_is_disabled_exactly_when_none_is_configured(stack):
    kafka = stack.anyone().get("/health").json["checks"]["kafka"]
    assert (kafka["status"] == "disabled") == (not os.environ.get("KAFKA_BROKER"))


def test_live_answers(stack):
    assert stack.anyone().get("/health?live").status == 200


def test_health_shows_no_secret(stack):
    body = stack.anyone().get("/health").body.decode()
    assert stack.secret not in body and "postgres" not in body.lower()


def test_the_manual_names_every_figure_and_no_other(stack):
    with open(os.path.join(os.path.dirname(processes.STACK), "man", "rowlock-api.8"), encoding="utf-8") as file:
        named = re.findall(r"^\.It Li (rowlock_\w+)$", file.read(), re.M)
    there = re.findall(r"^# TYPE (\w+) ", stack.anyone().get("/metrics").body.decode(), re.M)
    assert sorted(named) == sorted(there)


@pytest.mark.parametrize("given", ["abc-123", "0197aaaa-0000-7000-8000-000000000001", "a.b_c-D9"])
def test_a_sane_request_id_is_kept(given, stack):
    reply = stack.anyone().get("events", headers={"X-Request-Id": given})
    assert reply.headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 300, "<script>", 'a"b', "a;b=c", "\xe9"])
def test_any_other_request_id_is_replaced(given, stack):
    uuid.UUID(stack.anyone().get("events", headers={"X-Request-Id": given}).headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["events", "events/x", "bookings/my", "no/such/thing"])
def test_every_answer_has_a_request_id_and_says_what_it_is(path, stack):
    reply = stack.anyone().get(path)
    assert reply.headers["X-Request-Id"]
    assert reply.headers["Content-Type"].startswith("application/json")


@pytest.fixture
def logged(name):
    """logged(caller, method, path, body): the reply, and the pairs of the line that tells of it."""
    def ask(who, method, path, body=None):
        own = name("told")
        reply = who.request(method, path, body, headers={"X-Request-Id": own})
        with open(os.path.join(os.environ["ROWLOCK_DIR"], "log", "api.log"), encoding="utf-8") as log:
            lines = [line for line in log if f" id={own} " in line]
        assert len(lines) == 1, lines
        return reply, dict(re.findall(r'(\w+)=("[^"]*"|\S*)', lines[0]))
    return ask


def test_line_of_a_request_tells_who_and_what(logged, hall, buyer):
    place, who = hall(), buyer()
    reply, line = logged(who, "POST", "bookings", place.wish(1))
    booking = reply.ok(201)["bookingId"]
    assert line["user"] == who.sub and line["booking"] == booking and line["status"] == "201", line
    reply, line = logged(who, "POST", QUEUE, place.queue_wish("1-3"))
    assert line["booking"] == reply.plain(202)["id"], line
    for method, path in (("GET", "bookings/" + booking), ("GET", f"{QUEUE}/{booking}"),
                         ("GET", f"bookings/{booking}/ticket.svg"), ("GET", "payments/status/" + booking)):
        assert logged(who, method, path)[1].get("booking") == booking, path
    line = logged(who, "POST", "payments/initiate", {"bookingId": booking})[1]
    assert line["booking"] == booking and "error" not in line, line
    nobodys = "0197aaaa-0000-7000-8000-000000000001"
    assert logged(who, "GET", "bookings/" + nobodys)[1]["booking"] == nobodys


def test_line_of_a_request_names_no_booking_where_there_is_none(logged, hall, buyer):
    place, who = hall(), buyer()
    who.book(place, 1).ok(201)
    for method, path, body in (("POST", "bookings", place.wish(1)), ("GET", "bookings/x%20booking=1", None),
                               ("GET", f"events/{place.id}", None)):
        assert "booking" not in logged(who, method, path, body)[1], path


def test_two_requests_have_two_ids(stack):
    assert len({stack.anyone().get("events").headers["X-Request-Id"] for _ in range(5)}) == 5


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1", "/api/v1/", "/api/v1/nothing",
                                  "/api/v2/events",
                                  "/api/v1/events/1/nothing"])
def test_a_path_that_is_not_there_is_404(path, stack):
    assert stack.anyone().get(path).status == 404


@pytest.mark.parametrize("path", ["events", "/health"])
def test_head_is_get_without_the_body(path, stack):
    reply = stack.anyone().request("HEAD", path)
    assert (reply.status, reply.body) == (200, b"")
