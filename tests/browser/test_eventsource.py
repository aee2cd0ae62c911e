"""
A browser's own EventSource: by ticket, and told of each change. A ticket is good once, so that it
cannot come back by itself: the page fetches another one, and goes on after the last event.
"""

import json
import os
import signal

import pytest

import chromium
import processes

pytestmark = pytest.mark.skipif(chromium.program() is None, reason="no Chromium on this machine")

# What a page does: collects what comes in window.seen, and opens another stream when one breaks off.
PAGE = """
Object.assign(window, {seen: [], opened: 0, over: false});
async function call(path, token, body) {
  const answer = await fetch(path, {method: 'POST', body: JSON.stringify(body),
    headers: {Authorization: 'Bearer ' + token, 'Content-Type': 'application/json'}});
  return {code: answer.status, at_ms: performance.now(), body: await answer.json()};
}
async function listen(path, token, after) {
  const {ticket} = (await call('/api/v1/stream-tickets', token)).body.data;
  const source = window.source = new EventSource(`${path}?ticket=${ticket}` + (after ? `&lastEventId=${after}` : ''));
  source.onopen = () => { window.opened++; };
  source.addEventListener('status_update', e => {
    after = e.lastEventId;
    window.seen.push({at_ms: performance.now(), ...JSON.parse(e.data)});
  });
  source.onerror = () => {
    source.close();
    if (!window.over) setTimeout(listen, 100, path, token, after);
  };
}
"""


@pytest.fixture(scope="module")
def browser():
    with chromium.Chromium() as one:
        yield one


@pytest.fixture
def listen(stack, browser):
    """listen(buyer, hall): a page of the same origin, which hears of his bookings there."""
    def start(buyer, hall):
        browser.open(stack.url + "/health?live")
        path = f"/api/booking/event/{hall.number}/sse"
        browser.run(PAGE + f"listen({json.dumps(path)}, {json.dumps(buyer.token)})")
        browser.until(lambda: browser.run("window.opened") == 1)
    yield start
    browser.run("window.over = true; window.source && window.source.close()")


def seen_as(browser, status):
    """What the page has been told of this status, once it has."""
    return browser.until(lambda: [u for u in browser.run("window.seen") if u["status"] == status])


def told(browser):
    return [(update["booking_id"], update["status"]) for update in browser.run("window.seen")]


def test_the_outcome_of_a_booking_reaches_the_page_that_made_it(browser, listen, buyer, hall):
    one, here = buyer(), hall()
    listen(one, here)
    wish = here.queue_best_wish(2)
    booking = browser.run(f"call('/api/booking', {json.dumps(one.token)}, {json.dumps(wish)})")
    assert (booking["code"], booking["body"]["status"]) == (202, "processing"), booking
    one.stack.acknowledged.append(booking["body"]["id"])
    seen = seen_as(browser, "pending_payment")
    assert [update["booking_id"] for update in seen] == [booking["body"]["id"]]
    assert len(seen[0]["seat_positions"]) == 2
    print(f"\nfrom 202 to pending_payment in the page: {seen[0]['at_ms'] - booking['at_ms']:.0f} ms")
    assert one.post(f"/api/booking/{booking['body']['id']}/pay").status == 200
    seen_as(browser, "completed")


def test_a_failure_comes_with_its_reason(browser, listen, buyer, hall):
    first, second, here = buyer(), buyer(), hall()
    assert first.book(here, 1).status == 201
    listen(second, here)
    second.queue(here, "A-1").plain(202)
    assert "A-1" in seen_as(browser, "failed")[0]["error_message"]


def test_nothing_of_another_user_is_told(browser, listen, buyer, hall):
    one, other, here = buyer(), buyer(), hall()
    listen(one, here)
    other.queue_best(here, 2).plain(202)
    own = one.queue_best(here, 2).plain(202)
    seen_as(browser, "pending_payment")
    assert {update["booking_id"] for update in browser.run("window.seen")} == {own["id"]}


def test_the_page_goes_on_after_its_last_event_with_another_ticket(browser, listen, buyer, hall):
    one, other, here = buyer(), buyer(), hall()
    listen(one, here)
    first = one.queue_best(here, 2).plain(202)["id"]
    seen_as(browser, "pending_payment")
    sse = processes.Service("sse")
    os.kill(sse.pid(), signal.SIGSTOP)  # the supervisor: nobody takes the place of the one that dies
    try:
        for pid in sse.programs():
            os.kill(pid, signal.SIGKILL)
        other.book(here, 39).ok(201)
        second = one.book(here, 40).ok(201)["bookingId"]
        one.delete("bookings/" + second).ok()
        other.queue_best(here, 1).plain(202)
        assert one.post(f"/api/booking/{first}/pay").status == 200
        assert told(browser) == [(first, "processing"), (first, "pending_payment")]
    finally:
        os.kill(sse.pid(), signal.SIGCONT)
    seen_as(browser, "completed")
    # With the present state alone it would not hear that the second one had been pending.
    assert told(browser)[2:] == [(second, "pending_payment"), (second, "cancelled"), (first, "completed")]
    assert browser.run("window.opened") >= 2
