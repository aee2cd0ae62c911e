"""Health, request ids, and what every answer has in common."""

import uuid

import pytest


def test_health_names_what_it_looked_at(stack):
    reply = stack.anyone().get("/health")
    assert reply.status == 200, reply
    assert reply.json["status"] in ("ok", "degraded")
    assert "database" in reply.json["checks"]


def test_live_answers(stack):
    assert stack.anyone().get("/health?live").status == 200


def test_health_shows_no_secret(stack):
    body = stack.anyone().get("/health").body.decode()
    assert stack.secret not in body and "postgres" not in body.lower()


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
