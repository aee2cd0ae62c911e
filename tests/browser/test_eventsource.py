"""A browser's own EventSource: by ticket, told of each change, and back again by itself."""

import json

import pytest

import chromium

pytestmark = pytest.mark.skipif(chromium.program() is None, reason="no Chromium on this machine")

# Collects what comes in window.seen; reconnecting is the browser's own affair.
LISTEN = """
window.seen = [];
window.source = new EventSource(%s);
window.source.addEventListener('status_update', e => window.seen.push({id: e.lastEventId, ...JSON.parse(e.data)}));
window.source.readyState
"""


@pytest.fixture(scope="module")
def browser():
    with chromium.Chromium() as one:
        yield one


@pytest.fixture
def listen(stack, browser):
    """listen(buyer, path): an EventSource in a page of the same origin, open."""
    def start(buyer, path):
        browser.open(stack.url + "/health?live")
        ticket = buyer.post("stream-tickets").ok(201)["ticket"]
        browser.run(LISTEN % json.dumps(f"{path}?ticket={ticket}"))
        browser.until(lambda: browser.run("window.source.readyState") == 1)
    yield start
    browser.run("window.source && window.source.close()")


def accepted(buyer, hall, **more):
    answer = buyer.post("/api/booking", {"event_id": hall.number, "section": "Stalls", "subsection": 1, "quantity": 2,
                                         "seat_selection_mode": "best_available", "seat_positions": [], **more})
    assert answer.status == 202, answer
    return answer.json


def test_the_outcome_of_a_booking_reaches_the_page(browser, listen, buyer, hall):
    one, here = buyer(), hall()
    listen(one, f"/api/booking/event/{here.number}/sse")
    booking = accepted(one, here)
    seen = browser.until(lambda: [u for u in browser.run("window.seen") if u["status"] == "pending_payment"])
    assert seen[0]["booking_id"] == booking["id"] and len(seen[0]["seat_positions"]) == 2
    assert one.post(f"/api/booking/{booking['id']}/pay").status == 200
    browser.until(lambda: browser.run("window.seen").pop()["status"] == "completed")


def test_a_failure_comes_with_its_reason(browser, listen, buyer, hall):
    first, second, here = buyer(), buyer(), hall()
    assert first.book(here, 1).status == 201
    listen(second, f"/api/booking/event/{here.number}/sse")
    accepted(second, here, seat_selection_mode="manual", quantity=1, seat_positions=["A-1"])
    seen = browser.until(lambda: [u for u in browser.run("window.seen") if u["status"] == "failed"])
    assert "A-1" in seen[0]["error_message"]


def test_nothing_of_another_user_is_told(browser, listen, buyer, hall):
    one, other, here = buyer(), buyer(), hall()
    listen(one, f"/api/booking/event/{here.number}/sse")
    accepted(other, here)
    own = accepted(one, here)
    browser.until(lambda: [u for u in browser.run("window.seen") if u["status"] == "pending_payment"])
    assert {u["booking_id"] for u in browser.run("window.seen")} == {own["id"]}
