"""
Refunds that the gateway refuses: asked for again, ever later, for days; then somebody has to look
after them, with rowlockctl (R-42 to R-46).
"""

import http.server
import json
import threading

import pytest

import processes
from processes import ctl, logged, wait_for
from rowlock_client import gateway_event

LAST = 20  # refusals


class Stubborn:
    """A gateway that has nothing left of a booking's payment, and so refuses to give it back."""

    def __init__(self, ask, booking):
        self.ask, self.booking = ask, booking
        self.refuse("amount")

    def refuse(self, spent):
        assert self.ask(f"UPDATE gateway_session SET refunded = {spent} WHERE booking_id = %s RETURNING 1",
                        self.booking)

    def relent(self):
        self.refuse("0")

    def refund(self):
        """(id, status, refusals, minutes until it is asked for again) of the only one."""
        one, = self.ask("""SELECT id::text, status::text, attempts,
                                  round(extract(epoch FROM due_at - updated_at) / 60)::int
                           FROM refund WHERE booking_id = %s""", self.booking)
        return one

    def wait(self, refusals):
        wait_for(lambda: self.refund()[2] == refusals, f"refusal {refusals}, not {self.refund()}")
        return self.refund()

    def ask_now(self, refusals=None):
        """Its time has come; and so often it was refused before."""
        self.ask("""UPDATE refund SET due_at = now(), attempts = coalesce(%s, attempts)
                    WHERE booking_id = %s AND status = 'pending' RETURNING 1""", refusals, self.booking)

    def give_up(self):
        """The id of the refund, which is refused for the last time."""
        self.wait(1)
        self.ask_now(LAST - 1)
        refund, status, _, due = self.wait(LAST)
        assert (status, due) == ("failed", None)
        return refund


@pytest.fixture
def stubborn(ask):
    return lambda booking: Stubborn(ask, booking)


def refund_ctl(*args):
    return ctl("refund", *args)


def done(ran):
    assert ran.returncode == 0, ran
    return ran.stdout


def listed(refund, *options):
    """The line about a refund, or None."""
    lines = [line for line in done(refund_ctl("list", *options)).splitlines() if line.startswith(refund)]
    assert len(lines) < 2
    return lines[0] if lines else None


def types(who, booking):
    return [row["type"] for row in who.get(f"bookings/{booking}/history").ok()["items"]]


def test_refused_for_days_then_asked_for_again_by_hand_and_paid(ann, seller, place, stubborn, money, clean):
    booking = ann.booked_and_paid(place, 1)["bookingId"]
    gateway = stubborn(booking)
    seller.post(f"events/{place.id}/cancel").ok(202)
    wait_for(lambda: types(ann, booking)[-1] == "refund.requested", "the event's bookings to be ended")
    for refusals, minutes in ((1, 1), (2, 2), (3, 4)):
        refund, status, _, wait_min = gateway.wait(refusals)
        assert (status, wait_min) == ("pending", minutes)
        gateway.ask_now()
    for refusals, minutes in ((9, 256), (10, 360), (LAST - 1, 360)):
        gateway.ask_now(refusals - 1)
        assert gateway.wait(refusals)[3] == minutes
    assert progress(seller, place) == (1, 0)
    assert listed(refund, "--failed") is None and f" pending  booking {booking}  20.00 EUR " in listed(refund)
    gateway.ask_now()
    assert gateway.wait(LAST)[1:] == ("failed", LAST, None)
    assert progress(seller, place) == (0, 1)
    clean(place)

    line = f"{refund}  failed  booking {booking}  20.00 EUR  EVENT_CANCELLED  refused {LAST} times  since "
    assert listed(refund, "--failed").startswith(line) and listed(refund).startswith(line)
    assert done(refund_ctl("retry", refund)) == f"{refund} is asked for again\n"
    assert gateway.wait(1)[1] == "pending"  # from the beginning
    ran = refund_ctl("retry", refund)
    assert ran.returncode == 1 and ran.stderr == f"rowlockctl: {refund}: it has not failed\n"
    gateway.relent()
    gateway.ask_now()
    assert [one["status"] for one in money(ann, booking)["refunds"]] == ["completed"]
    assert types(ann, booking)[-3:] == ["refund.requested", "refund.requested", "refund.completed"]
    assert progress(seller, place) == (0, 0) and listed(refund) is None
    clean(place)


def progress(who, place):
    """Refunds of a cancelled event that are (pending, failed)."""
    found = who.get("events/" + place.id).ok()["cancellation"]
    return found["refundsPending"], found["refundsFailed"]


def refused_for_good(ann, place, stubborn):
    """(booking, session, refund): she has cancelled, and no money was given back."""
    found = ann.booked_and_paid(place, 1)
    booking = found["bookingId"]
    gateway = stubborn(booking)
    ann.delete("bookings/" + booking).ok()
    return booking, found["payments"][0]["sessionId"], gateway.give_up()


def test_the_log_says_whose_money_it_is(ann, place, stubborn):
    booking, _, refund = refused_for_good(ann, place, stubborn)
    lines = logged('msg="a refund was refused', refund)
    assert [line.split(" level=")[1].split()[0] for line in lines] == ["warn", "error"]
    for line in lines:
        assert f" booking={booking} amount=20.00 currency=EUR " in line


class Peer:
    """A gateway that gives one answer to whoever asks for one refund, and is not there for others."""

    def __init__(self, refund, status, answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                ours = asked["refundId"] == refund
                body = json.dumps(answer).encode() if ours else b""
                self.send_response(status if ours else 503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


TAKEN_ON = {"gatewayRef": "re_1", "status": "pending"}
ANSWERS = [((200, TAKEN_ON), 0), ((200, {**TAKEN_ON, "status": "failed"}), 1), ((200, {"status": "failed"}), 1),
           ((409, {}), 1), ((422, TAKEN_ON), 1), ((404, {}), 0), ((429, {}), 0), ((500, {}), 0), ((200, {}), 0)]


@pytest.mark.parametrize("answer, refusals", ANSWERS)
def test_what_counts_as_a_refusal(ann, place, stubborn, monkeypatch, answer, refusals):
    booking = ann.booked_and_paid(place, 1)["bookingId"]
    with processes.Service("payments").frozen():
        gateway = stubborn(booking)
        ann.delete("bookings/" + booking).ok()
        with Peer(gateway.refund()[0], *answer) as peer:
            monkeypatch.setenv("PAYMENT_GATEWAY_URL", peer.url)
            done(ctl("job", "payments", "--once"))
        assert gateway.refund()[1:3] == ("pending", refusals)
        gateway.relent()


def test_given_back_by_hand(ann, place, stubborn, clean):
    booking, _, refund = refused_for_good(ann, place, stubborn)
    assert done(refund_ctl("done", refund, "--ref", "bank transfer 7")) == f"{refund} is done\n"
    one, = ann.get("payments/status/" + booking).ok()["refunds"]
    assert (one["status"], one["gatewayRef"]) == ("completed", "bank transfer 7")
    assert types(ann, booking)[-2:] == ["refund.requested", "refund.completed"]
    for verb, wrong in (("done", "it is done already"), ("retry", "it has not failed")):
        ran = refund_ctl(verb, refund)
        assert ran.returncode == 1 and wrong in ran.stderr, ran
    assert listed(refund) is None
    clean(place)


def test_what_a_gateway_gave_back_beside_a_refund_that_failed_is_kept_for_review(stack, ann, place, stubborn, clean):
    """It may stand for a part of it: who then asks for the whole once more would give back too much."""
    booking, session, refund = refused_for_good(ann, place, stubborn)

    def give(amount):
        told = gateway_event("refund.succeeded", booking, sessionId=session, amount=amount, currency="EUR",
                             gatewayRef=f"desk-{amount}", refundId=refund[:-12] + f"{amount:012}")
        return stack.webhook(told).status
    assert give(15) == 202
    assert "INVALID_STATE" in ctl("parked", "list").stdout
    assert refund_ctl("done", refund, "--ref", "15 at the desk, 5 by bank").returncode == 0
    assert listed(refund, "--failed") is None
    assert give(5) == 200, "nothing is left: it tells again of what is done"
    clean(place)


def test_refused_to_us_and_given_back_at_the_gateways_desk(stack, ann, place, stubborn, clean):
    booking, session, refund = refused_for_good(ann, place, stubborn)
    for _ in range(2):
        told = gateway_event("refund.succeeded", booking, sessionId=session, amount=20, currency="EUR",
                             gatewayRef="re_" + booking, refundId="desk-7")
        assert stack.webhook(told).status == 200
    one, = ann.get("payments/status/" + booking).ok()["refunds"]
    assert (one["refundId"], one["status"], one["gatewayRef"]) == (refund, "completed", "re_" + booking)
    assert listed(refund) is None
    clean(place)


@pytest.mark.parametrize("args", [("retry",), ("retry", "x"), ("done", "a", "b"), ("list", "a"), ("list", "--all"),
                                  ("done", "0197aaaa-0000-7000-8000-000000000001", "--ref", "")])
def test_commands_that_make_no_sense(args):
    assert refund_ctl(*args).returncode == 2


def test_a_refund_that_is_not_there():
    for verb in ("retry", "done"):
        ran = refund_ctl(verb, "0197aaaa-0000-7000-8000-000000000001")
        assert ran.returncode == 1 and "there is no such refund" in ran.stderr, ran
