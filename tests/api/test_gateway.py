"""
The fake payment gateway as its peers see it: merchants who sign, buyers with a browser, and a
server that is called back, which is a listener of the test's own.
"""

import base64
import collections
import contextlib
import hashlib
import json
import re
import threading
import time
import uuid

import pytest

import processes
from gateway_client import CHECKOUT, FORM, HEADER, REFUNDS, SESSIONS, SIMULATE, Listener, Merchant, signature

SESSION_ID = re.compile(r"cs_[0-9a-f]{40}")


@pytest.fixture
def listener():
    made = Listener()
    yield made
    with contextlib.suppress(OSError):
        made.close()


@pytest.fixture
def merchant(stack, listener):
    return Merchant(stack, listener.url)


def soon(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


# --- Sessions.

def test_session_has_what_a_buyer_needs(stack, merchant):
    reply = merchant.post(SESSIONS, merchant.order(expiresAt="2031-05-01T18:30:00.250Z"))
    assert reply.status == 200, reply
    answer = reply.json
    assert set(answer) == {"sessionId", "paymentUrl", "expiresAt", "status"}
    assert SESSION_ID.fullmatch(answer["sessionId"])
    assert answer["paymentUrl"] == stack.url + CHECKOUT + answer["sessionId"]
    assert answer["expiresAt"] == "2031-05-01T18:30:00.250Z" and answer["status"] == "open"


def test_session_of_no_stated_end_lasts_half_an_hour(merchant):
    answer = merchant.post(SESSIONS, merchant.order()).json
    assert soon(29 * 60) < answer["expiresAt"] < soon(31 * 60)


def test_same_payment_again_is_the_same_session(merchant):
    order = merchant.order()
    first, again = (merchant.post(SESSIONS, order) for _ in range(2))
    assert first.status == again.status == 200 and first.json == again.json
    assert merchant.open() != first.json["sessionId"]


@pytest.mark.parametrize("other", [{"amount": 150.49}, {"currency": "USD"}, {"bookingId": str(uuid.uuid4())}])
def test_same_payment_for_something_else_is_refused(merchant, other):
    order = merchant.order()
    merchant.open(**order)
    merchant.post(SESSIONS, {**order, **other}).refused(422, "IDEMPOTENCY_MISMATCH")


def test_same_payment_asked_for_by_many_at_once(merchant):
    order, seen = merchant.order(), []
    threads = [threading.Thread(target=lambda: seen.append(merchant.open(**order))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16 and len(set(seen)) == 1


# --- Signatures.

@pytest.mark.parametrize("path", [SESSIONS, REFUNDS])
def test_only_who_knows_the_secret_is_served(stack, merchant, ask, path):
    order = merchant.order()
    body = json.dumps(order).encode()
    good = signature(body)
    bad = {"none": None, "empty": "", "forged": signature(body, secret="x" * 64), "of another body": signature(body + b" "),
           "stale": signature(body, time.time() - 310), "of the future": signature(body, time.time() + 310),
           "rubbish": "t=now,v1=yes", "twice": good + good, "without a time": good.split(",")[1]}
    for why, header in bad.items():
        reply = stack.anyone().post(path, body, headers={HEADER: header} if header is not None else {})
        assert reply.status == 401, (why, reply)
        reply.refused(401, "UNAUTHORIZED")
    assert ask("SELECT FROM gateway_session WHERE payment_id = %s", order["paymentId"]) == []


def test_signature_among_several_is_good(stack, merchant):
    body = json.dumps(merchant.order()).encode()
    good = signature(body)
    header = good.replace("v1=", "v1=" + "0" * 64 + ",v1=")
    assert stack.anyone().post(SESSIONS, body, headers={HEADER: header}).status == 200


# --- Outcomes.

@pytest.mark.parametrize("outcome, kind", [("success", "payment.succeeded"), ("failed", "payment.failed"),
                                           ("expired", "payment.expired")])
def test_outcome_is_told_before_the_answer(merchant, listener, outcome, kind):
    order = merchant.order()
    session = merchant.open(**order)
    done = merchant.simulate(session, outcome).ok()
    assert done == {"sessionId": session, "outcome": outcome, "webhookStatus": 200}
    [told] = listener.got
    assert set(told) == {"id", "type", "created", "data"} and told["type"] == kind
    data = told["data"]
    assert {name: data.pop(name) for name in ("sessionId", "bookingId", "amount", "currency")} == {
        "sessionId": session, "bookingId": order["bookingId"], "amount": 150.5, "currency": "EUR"}
    assert list(data) == (["gatewayRef"] if outcome == "success" else ["reason"])


@pytest.mark.parametrize("outcome", ["success", "failed", "expired"])
def test_same_outcome_again_is_the_same_message_again(merchant, listener, outcome):
    session = merchant.open()
    merchant.simulate(session, outcome).ok()
    merchant.simulate(session, outcome).ok()
    assert merchant.simulate(session).ok()["outcome"] == outcome
    first, *others = listener.got
    assert others == [first, first]
    for other in {"success", "failed", "expired"} - {outcome}:
        merchant.simulate(session, other).refused(409, "INVALID_STATE")
    assert len(listener.got) == 3


def test_chance_decides_when_nobody_does(merchant, listener, ask):
    for _ in range(60):
        merchant.simulate(merchant.open()).ok()
    kinds = collections.Counter(told["type"] for told in listener.got)
    assert sum(kinds.values()) == 60 and kinds["payment.succeeded"] > 30, kinds
    assert set(kinds) <= {"payment.succeeded", "payment.failed"}


def test_two_outcomes_at_once_and_one_wins(merchant, listener):
    for _ in range(10):
        session, replies = merchant.open(), []
        threads = [threading.Thread(target=lambda how=how: replies.append((how, merchant.simulate(session, how))))
                   for how in ("success", "failed") * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        won = {how for how, reply in replies if reply.status == 200}
        assert len(won) == 1 and sorted(reply.status for _, reply in replies) == [200] * 4 + [409] * 4
    ids = collections.defaultdict(set)
    for told in listener.got:
        ids[told["data"]["sessionId"]].add((told["id"], told["type"]))
    assert len(ids) == 10 and all(len(messages) == 1 for messages in ids.values())


def test_unknown_session(merchant, listener):
    for session in ("cs_" + "0" * 40, "x", "cs_" + "0" * 400, "%27--"):
        merchant.simulate(session, "success").refused(404, "PAYMENT_NOT_FOUND")
    assert listener.got == []


# --- Call-backs that are not heard.

def test_what_is_not_answered_with_2xx_is_sent_again(merchant, listener):
    listener.statuses.extend([500, 302])
    session = merchant.open()
    assert merchant.simulate(session, "success").ok()["webhookStatus"] == 500
    began = time.monotonic()
    told = listener.wait(3)
    assert 1 + 2 - 0.5 < time.monotonic() - began
    assert all(message == told[0] for message in told)


def test_listener_that_was_away_hears_of_it(merchant, listener):
    session = merchant.open()
    listener.close()
    assert merchant.simulate(session, "failed").ok()["webhookStatus"] is None
    assert merchant.simulate(session, "failed").ok()["webhookStatus"] is None
    listener.open()
    assert listener.wait(1)[0]["type"] == "payment.failed"


def test_gateway_that_is_killed_before_it_told_tells_later(merchant, listener, ask):
    gateway = processes.Service("gateway")
    session, reached, go_on = merchant.open(), threading.Event(), threading.Event()

    class Slow(collections.deque):
        def __bool__(self):
            reached.set()
            go_on.wait(30)
            return False

    listener.statuses = Slow()
    asking = threading.Thread(target=merchant.simulate, args=(session, "success"))
    asking.start()
    assert reached.wait(30)
    gateway.kill()
    go_on.set()
    asking.join()
    assert ask("""UPDATE gateway_callback c SET due_at = now() FROM gateway_session s
                  WHERE c.id = s.payment_id AND s.id = %s AND c.due_at IS NOT NULL RETURNING 1""", session) == [(1,)]
    first, again = listener.wait(2)
    assert first == again
    processes.wait_for(lambda: ask("SELECT due_at FROM gateway_callback c JOIN gateway_session s ON c.id = s.payment_id"
                                   " WHERE s.id = %s", session) == [(None,)], "the answer to be noted")


def test_what_is_usual_is_called_back_where_no_url_is_given(stack):
    """Whoever answers there: that somebody did is what the gateway says."""
    merchant = Merchant(stack)
    assert merchant.simulate(merchant.open(), "failed").ok()["webhookStatus"] >= 200


# --- Expiry.

def test_session_that_nobody_ends_expires(merchant, listener):
    session = merchant.open(expiresAt=soon(2))
    told, = listener.wait(1)
    assert told["type"] == "payment.expired" and told["data"]["sessionId"] == session
    merchant.simulate(session, "success").refused(409, "INVALID_STATE")
    merchant.simulate(session, "expired").ok()
    assert listener.got == [told, told]


def test_session_that_is_over_takes_no_money(merchant, listener):
    """Whether or not the gateway has looked at it since."""
    for _ in range(20):
        merchant.simulate(merchant.open(expiresAt=soon(-1)), "success").refused(409, "INVALID_STATE")
    assert {told["type"] for told in listener.wait(20)} == {"payment.expired"}


def test_session_that_has_an_outcome_does_not_expire(merchant, listener, ask):
    _, session = merchant.paid()
    other = merchant.open()
    ask("UPDATE gateway_session SET expires_at = now() WHERE id = ANY(%s) RETURNING 1", [session, other])
    told = listener.wait(2)
    assert [(message["type"], message["data"]["sessionId"]) for message in told] == [
        ("payment.succeeded", session), ("payment.expired", other)]


# --- Refunds.

def test_refund_is_pending_and_then_told(merchant, listener):
    order, session = merchant.paid()
    refund = str(uuid.uuid4())
    reply = merchant.refund(order, session, refundId=refund, amount=100.25)
    assert reply.status == 200 and set(reply.json) == {"refundId", "gatewayRef", "status"}
    assert reply.json["refundId"] == refund and reply.json["status"] == "pending"
    told = listener.wait(2)[1]
    assert told["type"] == "refund.succeeded" and told["id"] != listener.got[0]["id"]
    assert told["data"] == {"sessionId": session, "bookingId": order["bookingId"], "amount": 100.25,
                            "currency": "EUR", "gatewayRef": reply.json["gatewayRef"], "refundId": refund}


def test_same_refund_again_is_given_back_once_and_told_again(merchant, listener, ask):
    order, session = merchant.paid()
    refund = str(uuid.uuid4())
    first = merchant.refund(order, session, refundId=refund)
    listener.wait(2)
    again = merchant.refund(order, session, refundId=refund)
    assert first.status == again.status == 200 and first.json == again.json
    assert listener.wait(3)[2] == listener.got[1]
    assert ask("SELECT refunded FROM gateway_session WHERE id = %s", session) == [(15050,)]
    merchant.refund(order, session, refundId=refund, amount=1).refused(422, "IDEMPOTENCY_MISMATCH")


def test_no_more_is_given_back_than_was_paid(merchant, listener):
    order, session = merchant.paid()
    assert merchant.refund(order, session, amount=100).status == 200
    merchant.refund(order, session, amount=50.51).refused(409, "INVALID_STATE")
    assert merchant.refund(order, session, amount=50.5).status == 200
    merchant.refund(order, session, amount=0.01).refused(409, "INVALID_STATE")


def test_same_refund_asked_for_by_many_at_once(merchant, listener, ask):
    order, session = merchant.paid()
    refund, seen = str(uuid.uuid4()), []
    threads = [threading.Thread(target=lambda: seen.append(merchant.refund(order, session, refundId=refund, amount=10)))
               for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status for reply in seen} == {200} and len({reply.body for reply in seen}) == 1
    assert ask("SELECT refunded FROM gateway_session WHERE id = %s", session) == [(1000,)]


def test_refund_of_what_was_not_paid(merchant):
    order = merchant.order()
    session = merchant.open(**order)
    merchant.refund(order, session).refused(409, "INVALID_STATE")
    merchant.simulate(session, "failed").ok()
    merchant.refund(order, session).refused(409, "INVALID_STATE")
    merchant.refund(order, "cs_" + "0" * 40).refused(409, "INVALID_STATE")
    paid, session = merchant.paid()
    merchant.refund(paid, session, currency="USD").refused(409, "INVALID_STATE")
    merchant.refund(paid, session, bookingId=order["bookingId"]).refused(409, "INVALID_STATE")


# --- The page.

def test_page_says_what_is_paid_and_has_three_buttons(merchant):
    order = merchant.order(currency="JPY", amount=1500)
    session = merchant.open(**order)
    page = merchant.anyone.get(CHECKOUT + session)
    text = page.body.decode()
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Pay 1500 JPY" in text and order["bookingId"] in text and "29 min left" in text
    assert re.findall(r'<button[^>]* value="(\w+)"', text) == ["success", "failed", "expired"]
    assert not re.search(r"(src|href|action)=|<script|url\(|@import", text), "nothing from elsewhere"


def test_page_is_shown_under_a_strict_policy(merchant):
    page = merchant.anyone.get(CHECKOUT + merchant.open())
    policy = page.headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", page.body.decode(), re.DOTALL).group(1)
    named = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{named}'" in policy and "default-src 'none'" in policy
    assert "form-action 'self'" in policy and "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("outcome, kind, title", [
    ("success", "payment.succeeded", "Paid"), ("failed", "payment.failed", "Declined"),
    ("expired", "payment.expired", "Not paid")])
def test_button_ends_the_session(merchant, listener, outcome, kind, title):
    session = merchant.open()
    pressed = merchant.press(session, outcome)
    assert pressed.status == 303 and pressed.headers["Location"] == CHECKOUT + session
    assert [told["type"] for told in listener.got] == [kind]
    page = merchant.anyone.get(pressed.headers["Location"])
    assert page.status == 200 and f"<h1>{title}</h1>" in page.body.decode() and b"<button" not in page.body


def test_button_that_comes_too_late(merchant, listener):
    session = merchant.open()
    merchant.press(session, "success")
    late = merchant.press(session, "failed")
    assert late.status == 409 and b"The payment session is over" in late.body and b"<h1>" in late.body
    assert merchant.press(session, "success").status == 303
    assert len(listener.got) == 2


def test_pages_of_what_does_not_exist_echo_nothing(merchant):
    for session in ("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "%22onload=", "%3Cb%3E", "cs_" + "0" * 40):
        for reply in (merchant.anyone.get(CHECKOUT + session), merchant.press(session, "success")):
            assert reply.status in (400, 404) and b"script" not in reply.body.lower()
            assert b"onload" not in reply.body and b"<b>" not in reply.body


@pytest.mark.parametrize("body", [b"", b"outcome", b"outcome=", b"outcome=paid", b"outcome=%zz", b"outcome=succeeded",
                                  b"x=success", b"outcome=success\0", b"%00=success", b"{}", b"\xff" * 100])
def test_form_that_is_nonsense(merchant, listener, body):
    session = merchant.open()
    reply = merchant.anyone.post(CHECKOUT + session, body, headers=FORM)
    if reply.status == 303:
        assert body == b"outcome=success\0", "a form ends at its end"
    else:
        assert reply.status == 400 and b"<h1>" in reply.body
        assert listener.got == []


# --- Bad input.

NOT_JSON = [b"{", b"[]", b"7", b"null", b'{"a":1}x', b'{"a":1,"a":2}', b"\xff\xfe", b'{"a":"\\ud800"}', b'{"a":007}',
            b'{"a":' * 40 + b"1" + b"}" * 40, b'{"amount":' + b"9" * 5000 + b"}", b"{}"]


@pytest.mark.parametrize("path", [SESSIONS, REFUNDS])
@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
def test_body_that_is_nonsense(merchant, path, body):
    merchant.post(path, body).refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize("member, value", [
    ("paymentId", 5), ("paymentId", "x"), ("paymentId", None), ("paymentId", ""), ("bookingId", []),
    ("bookingId", "0197aaaa-0000-7000-8000-00000000000"), ("amount", "5"), ("amount", -1), ("amount", 0.001),
    ("amount", 1e18), ("amount", True), ("currency", "eur"), ("currency", "EURO"), ("currency", 978),
    ("expiresAt", "tomorrow"), ("expiresAt", 1700000000), ("webhookUrl", "file:///etc/passwd"),
    ("webhookUrl", "javascript:alert(1)"), ("webhookUrl", "http://" + "x" * 2048), ("currency", "E\u0007R")])
def test_member_of_a_session_that_is_wrong(merchant, ask, member, value):
    order = merchant.order()
    reply = merchant.post(SESSIONS, {**order, member: value})
    reply.refused(400, "VALIDATION_ERROR")
    assert reply.json["error"]["message"].startswith(member + " "), reply
    assert ask("SELECT FROM gateway_session WHERE payment_id = %s", order["paymentId"]) == []


@pytest.mark.parametrize("member, value", [("refundId", "x"), ("sessionId", None), ("sessionId", "x" * 65), ("amount", 0),
                                           ("amount", -5), ("currency", None), ("bookingId", 7)])
def test_member_of_a_refund_that_is_wrong(merchant, listener, member, value):
    order, session = merchant.paid()
    reply = merchant.refund(order, session, **{member: value})
    reply.refused(400, "VALIDATION_ERROR")
    assert reply.json["error"]["message"].startswith(member + " "), reply


@pytest.mark.parametrize("body", [b"{", b"[]", b'"success"', b'{"outcome":"won"}', b'{"outcome":1}', b'{"outcome":""}',
                                  b'{"outcome":"success","outcome":"failed"}', b'{"result":"success"}',
                                  b'{"outcome":"success","x":1}'])
def test_simulation_of_nonsense(merchant, listener, body):
    session = merchant.open()
    merchant.anyone.post(SIMULATE + session, body).refused(400, "VALIDATION_ERROR")
    assert listener.got == []


def test_bodies_of_another_kind_or_size(merchant):
    session = merchant.open()
    merchant.post(SESSIONS, b'{"a":"' + b"x" * 65536 + b'"}').refused(413, "PAYLOAD_TOO_LARGE")
    merchant.anyone.post(SIMULATE + session, b"x" * 65537).refused(413, "PAYLOAD_TOO_LARGE")
    merchant.anyone.post(SIMULATE + session, b"outcome=success", headers=FORM).refused(415, "UNSUPPORTED_MEDIA_TYPE")
    assert merchant.anyone.post(CHECKOUT + session, {"outcome": "success"}).status == 415
    assert merchant.anyone.post(CHECKOUT + session, b"x" * 65537, headers=FORM).status == 413


def test_other_methods_and_paths(merchant):
    session = merchant.open()
    get = merchant.anyone.get(SIMULATE + session)
    get.refused(405, "METHOD_NOT_ALLOWED")
    assert get.headers["Allow"] == "POST"
    assert merchant.anyone.request("PUT", CHECKOUT + session).headers["Allow"] == "GET, HEAD, POST"
    merchant.anyone.get(SESSIONS).refused(405, "METHOD_NOT_ALLOWED")
    merchant.anyone.get("/fake-gateway/nothing").refused(404, "NOT_FOUND")
    merchant.anyone.post(SIMULATE + session + "/x").refused(404, "NOT_FOUND")
    head = merchant.anyone.request("HEAD", CHECKOUT + session)
    assert head.status == 200 and head.body == b""
