"""Health, request ids, and what every answer has in common."""

import os
import re
import uuid

import pytest

import processes


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
