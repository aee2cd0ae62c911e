"""Paying through the gateway: sessions, call-backs, and what each of them does (R-25, R-27, R-41 to R-43)."""

import concurrent.futures
import json
import random
import time

import pytest

import processes
import rowlock_client
from rowlock_client import gateway_event

GONE = {"USER_CANCELLED": "CANCELLED", "EXPIRED": "EXPIRED", "PAYMENT_FAILED": "CANCELLED"}


@pytest.fixture
def pending(ann, place):
    return ann.book(place, 1, 2).ok(201)


@pytest.fixture
def opened(ann, pending):
    """A booking that is being paid: (its id, the session's id)."""
    reply = ann.post("payments/initiate", {"bookingId": pending["bookingId"]})
    assert reply.status == 200, reply
    return pending["bookingId"], reply.json["sessionId"]


def look(who, booking_id):
    return who.get("bookings/" + booking_id).ok()


def told(stack, kind, booking_id, **data):
    """A call-back that is handled."""
    reply = stack.webhook(gateway_event(kind, booking_id, **data))
    assert reply.status == 200, reply
    return reply.data["result"]


def types(who, booking_id):
    return [row["type"] for row in who.get(f"bookings/{booking_id}/history").ok()["items"]]


# --- sessions

def test_initiate_moves_to_paying_and_gives_where_to_pay(ann, pending, place):
    reply = ann.post("payments/initiate", {"bookingId": pending["bookingId"]})
    assert reply.status == 200, reply
    answer = reply.json
    assert answer["success"] is True and answer["expiresAt"] == pending["expiresAt"]
    assert answer["sessionId"] in answer["paymentUrl"]
    assert look(ann, pending["bookingId"])["status"] == "PROCESSING"
    assert place.statuses()[1] == "reserved"
    page = ann.stack.anyone().get("/" + answer["paymentUrl"].split("/", 3)[3])
    assert page.status == 200 and b"40" in page.body


def test_initiate_again_gives_the_open_session(ann, opened):
    again = ann.post("payments/initiate", {"bookingId": opened[0]})
    assert again.status == 200 and again.json["sessionId"] == opened[1]


def test_two_at_once_open_one_session(ann, pending, ask):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: ann.post("payments/initiate", {"bookingId": pending["bookingId"]}),
                                range(16)))
    assert {reply.status for reply in replies} == {200}, replies
    assert len({reply.json["sessionId"] for reply in replies}) == 1
    assert ask("SELECT count(*) FROM payment WHERE booking_id = %s", pending["bookingId"]) == [(1,)]


def test_initiate_is_for_the_buyer_and_for_bookings_that_wait(ann, buyer, pending, place):
    wish = {"bookingId": pending["bookingId"]}
    buyer().post("payments/initiate", wish).refused(403, "FORBIDDEN")
    ann.delete("bookings/" + pending["bookingId"]).ok()
    ann.post("payments/initiate", wish).refused(409, "INVALID_STATE")
    paid = ann.booked_and_paid(place, 5)["bookingId"]
    ann.post("payments/initiate", {"bookingId": paid}).refused(409, "INVALID_STATE")
    ann.post("payments/initiate", {"bookingId": "0197aaaa-0000-7000-8000-000000000001"}).refused(
        404, "BOOKING_NOT_FOUND")
    ann.post("payments/initiate", {"bookingId": "rubbish"}).refused(400, "VALIDATION_ERROR", "bookingId")
    ann.post("payments/initiate", {}).refused(400, "VALIDATION_ERROR", "bookingId")
    ann.post("payments/initiate", {**wish, "more": 1}).refused(400, "VALIDATION_ERROR", "more")


def test_a_window_that_has_passed_cannot_be_paid(ann, pending, place, let_window_pass):
    let_window_pass(place, pending["bookingId"])
    ann.post("payments/initiate", {"bookingId": pending["bookingId"]}).refused(409, "BOOKING_EXPIRED")


# --- outcomes by the gateway's own call-back

def test_paid_is_confirmed_with_a_ticket(ann, pending, place):
    session = ann.pay(pending["bookingId"])
    found = look(ann, pending["bookingId"])
    assert found["status"] == "CONFIRMED" and len(found["ticketReference"]) == 29
    assert found["expiresAt"] is None and found["paidAt"]
    payment, = found["payments"]
    assert (payment["status"], payment["captured"], payment["sessionId"]) == ("completed", 40.0, session)
    assert place.statuses()[1] == place.statuses()[2] == "sold"
    assert types(ann, pending["bookingId"]) == ["booking.created", "booking.paying", "booking.confirmed"]


def test_an_attempt_that_failed_waits_for_another_three_in_all(ann, pending, place, db):
    one = pending["bookingId"]
    with db.cursor() as cursor:  # so that the window would end in a minute
        cursor.execute("UPDATE booking SET expires_at = now() + interval '1 minute' WHERE id = %s", (one,))
    for attempt in (1, 2):
        ann.pay(one, "failed")
        found = look(ann, one)
        assert found["status"] == "PENDING", attempt
        assert [payment["status"] for payment in found["payments"]] == ["failed"] * attempt
        left = seconds_until(found["expiresAt"])
        assert 280 < left <= 301, "R-25: at least five more minutes"
    ann.pay(one, "failed")
    found = look(ann, one)
    assert (found["status"], found["cancelReason"]) == ("CANCELLED", "PAYMENT_FAILED")
    assert place.statuses()[1] == "available"


def seconds_until(instant):
    at = time.strptime(instant[:19], "%Y-%m-%dT%H:%M:%S")
    return (time.mktime(at) - time.timezone) - time.time()


def test_an_attempt_that_failed_never_shortens_the_window(ann, pending):
    ann.pay(pending["bookingId"], "failed")
    assert look(ann, pending["bookingId"])["expiresAt"] == pending["expiresAt"]


def test_second_attempt_may_succeed(ann, pending):
    ann.pay(pending["bookingId"], "failed")
    ann.pay(pending["bookingId"])
    found = look(ann, pending["bookingId"])
    assert found["status"] == "CONFIRMED"
    assert [payment["status"] for payment in found["payments"]] == ["failed", "completed"]


def test_a_session_that_ended_in_the_window_leaves_the_booking_pending(ann, pending):
    ann.pay(pending["bookingId"], "expired")
    found = look(ann, pending["bookingId"])
    assert found["status"] == "PENDING" and found["expiresAt"] == pending["expiresAt"]
    assert [payment["status"] for payment in found["payments"]] == ["expired"]


def test_a_session_that_ended_with_the_window_expires_the_booking(stack, ann, opened, place, db):
    booking, session = opened
    with db.cursor() as cursor:
        cursor.execute("UPDATE booking SET expires_at = now() - interval '1 second' WHERE id = %s", (booking,))
    told(stack, "payment.expired", booking, sessionId=session)
    assert look(ann, booking)["status"] == "EXPIRED"
    assert place.statuses()[1] == "available"


def test_paying_outlives_the_window_and_ends_after_five_minutes(stack, ann, buyer, opened, place, db):
    """R-27, and R-11: until then nobody gets the seats."""
    booking, _ = opened
    with db.cursor() as cursor:
        cursor.execute("UPDATE booking SET expires_at = now() - interval '1 second' WHERE id = %s", (booking,))
    buyer().book(place, 1).refused(409, "SEAT_ALREADY_RESERVED")
    assert look(ann, booking)["status"] == "PROCESSING"
    with db.cursor() as cursor:
        cursor.execute("UPDATE booking SET paying_since = now() - interval '5 minutes 1 second' WHERE id = %s",
                       (booking,))
        cursor.execute("UPDATE seat SET hold_until = now() - interval '1 second' WHERE booking_id = %s",
                       (booking,))
    buyer().book(place, 1).ok(201)
    assert look(ann, booking)["status"] == "EXPIRED"


# --- call-backs by hand

def test_the_same_message_a_hundred_times_over_eight_connections(stack, ann, opened, ask):
    booking, session = opened
    event = gateway_event("payment.succeeded", booking, sessionId=session, amount=40.00, currency="EUR",
                          gatewayRef="ch_1")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: stack.webhook(event), range(100)))
    assert {reply.status for reply in replies} == {200}
    assert sorted(reply.data["result"] for reply in replies).count("handled") == 1
    assert types(ann, booking).count("booking.confirmed") == 1
    assert ask("SELECT count(*) FROM processed_event WHERE booking_id = %s", booking) == [(1,)]


def test_success_twice_under_two_ids_is_one_payment(stack, ann, opened, money):
    booking, session = opened
    for _ in range(2):
        told(stack, "payment.succeeded", booking, sessionId=session, amount=40.00, currency="EUR")
    account = money(ann, booking)
    assert len(account["payments"]) == 1 and account["refunds"] == [] and account["status"] == "CONFIRMED"


@pytest.mark.parametrize("wrong", [{"amount": 39.99, "currency": "EUR"}, {"amount": 40.00, "currency": "USD"},
                                   {"amount": 0, "currency": "EUR"}, {"amount": 39.99}])
def test_a_wrong_amount_never_confirms_and_goes_back(stack, ann, opened, place, money, wrong):
    """R-43"""
    booking, session = opened
    told(stack, "payment.succeeded", booking, sessionId=session, **wrong)
    found = look(ann, booking)
    assert found["status"] == "PENDING" and place.statuses()[1] == "reserved"
    account = money_without_waiting(ann, booking)
    payment, = account["payments"]
    assert payment["trouble"] == "WRONG_AMOUNT" and payment["status"] == "refunded"
    given = [(refund["amount"], refund["currency"], refund["reason"]) for refund in account["refunds"]]
    assert given == ([] if wrong["amount"] == 0 else
                     [(wrong["amount"], wrong.get("currency", "EUR"), "WRONG_AMOUNT")])


def test_the_third_wrong_amount_is_the_last(stack, ann, pending, place):
    booking = pending["bookingId"]
    for status in ("PENDING", "PENDING", "CANCELLED"):
        session = ann.post("payments/initiate", {"bookingId": booking}).json["sessionId"]
        told(stack, "payment.succeeded", booking, sessionId=session, amount=39, currency="EUR")
        assert look(ann, booking)["status"] == status
    assert look(ann, booking)["cancelReason"] == "PAYMENT_FAILED" and place.statuses()[1] == "available"
    assert len(money_without_waiting(ann, booking)["refunds"]) == 3


def money_without_waiting(who, booking_id):
    """A gateway does not give back what it never took: such refunds stay pending here."""
    return who.get("payments/status/" + booking_id).ok()


def end(how, who, place, booking, let_window_pass, stack):
    """Ends a pending booking in one of the ways."""
    if how == "USER_CANCELLED":
        who.delete("bookings/" + booking).ok()
    elif how == "EXPIRED":
        let_window_pass(place, booking)
        processes.sweep()
    else:
        for _ in range(3):
            who.pay(booking, "failed")
    assert look(who, booking)["cancelReason"] == how


@pytest.mark.parametrize("how", ["EXPIRED", "PAYMENT_FAILED"])
def test_late_success_takes_the_seats_again_if_they_are_free(how, stack, ann, pending, place, let_window_pass):
    """R-42"""
    booking = pending["bookingId"]
    end(how, ann, place, booking, let_window_pass, stack)
    told(stack, "payment.succeeded", booking, sessionId="late-" + booking, amount=40, currency="EUR")
    found = look(ann, booking)
    assert found["status"] == "CONFIRMED" and found["cancelReason"] is None and found["ticketReference"]
    assert place.statuses()[1] == place.statuses()[2] == "sold"


@pytest.mark.parametrize("how", ["EXPIRED", "PAYMENT_FAILED"])
def test_late_success_goes_back_if_a_seat_is_taken(how, stack, ann, buyer, pending, place, let_window_pass):
    """R-42: all of them or none"""
    booking = pending["bookingId"]
    end(how, ann, place, booking, let_window_pass, stack)
    buyer().book(place, 2).ok(201)
    told(stack, "payment.succeeded", booking, sessionId="late-" + booking, amount=40, currency="EUR")
    assert look(ann, booking)["status"] == GONE[how]
    account = money_without_waiting(ann, booking)
    assert [refund["reason"] for refund in account["refunds"]] == ["SEATS_TAKEN"]
    assert "refund.requested" in types(ann, booking)
    assert place.statuses()[1] == "available"


def test_late_success_takes_seats_whose_next_owner_let_them_lapse(stack, ann, buyer, pending, place,
                                                                 let_window_pass):
    booking = pending["bookingId"]
    end("EXPIRED", ann, place, booking, let_window_pass, stack)
    bob = buyer("bob")
    other = bob.book(place, 2, 3).ok(201)["bookingId"]
    let_window_pass(place, other)
    told(stack, "payment.succeeded", booking, sessionId="late-" + booking, amount=40, currency="EUR")
    assert look(ann, booking)["status"] == "CONFIRMED"
    assert look(bob, other)["status"] == "EXPIRED"
    assert (place.statuses()[2], place.statuses()[3]) == ("sold", "available")


def test_who_has_cancelled_gets_the_money_back(stack, ann, opened, place):
    booking, session = opened
    ann.delete("bookings/" + booking).ok()
    told(stack, "payment.succeeded", booking, sessionId=session, amount=40, currency="EUR")
    assert look(ann, booking)["status"] == "CANCELLED"
    assert [refund["reason"] for refund in money_without_waiting(ann, booking)["refunds"]] == ["BOOKING_CANCELLED"]
    assert place.statuses()[1] == "available"


def test_failed_after_success_changes_nothing(stack, ann, opened):
    booking, session = opened
    told(stack, "payment.succeeded", booking, sessionId=session, amount=40, currency="EUR")
    told(stack, "payment.failed", booking, sessionId=session)
    told(stack, "payment.expired", booking, sessionId=session)
    found = look(ann, booking)
    assert found["status"] == "CONFIRMED" and found["payments"][0]["status"] == "completed"


def test_success_after_failed_confirms(stack, ann, opened):
    booking, session = opened
    told(stack, "payment.failed", booking, sessionId=session, reason="card_declined")
    assert look(ann, booking)["status"] == "PENDING"
    told(stack, "payment.succeeded", booking, sessionId=session, amount=40, currency="EUR")
    assert look(ann, booking)["status"] == "CONFIRMED"


def test_success_that_names_no_payment_is_no_second_one(stack, ann, opened):
    booking, session = opened
    told(stack, "payment.succeeded", booking)  # the one under way
    told(stack, "payment.succeeded", booking, amount=40, currency="EUR")
    account = money_without_waiting(ann, booking)
    assert account["status"] == "CONFIRMED" and account["refunds"] == []
    assert [payment["sessionId"] for payment in account["payments"]] == [session]


def test_two_sessions_that_both_succeed_pay_once(stack, ann, pending):
    booking = pending["bookingId"]
    first = ann.pay(booking, "failed")
    second = ann.post("payments/initiate", {"bookingId": booking}).json["sessionId"]
    told(stack, "payment.succeeded", booking, sessionId=first, amount=40, currency="EUR")
    told(stack, "payment.succeeded", booking, sessionId=second, amount=40, currency="EUR")
    account = money_without_waiting(ann, booking)
    assert account["status"] == "CONFIRMED"
    assert [(refund["amount"], refund["reason"]) for refund in account["refunds"]] == [(40.0, "ALREADY_PAID")]


def test_a_session_that_is_paid_twice_gives_the_second_back(stack, ann, opened):
    booking, session = opened
    for ref in ("ch_1", "ch_2", "ch_1", "ch_2"):  # of which the last two are told again
        told(stack, "payment.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef=ref)
    account = money_without_waiting(ann, booking)
    assert account["status"] == "CONFIRMED"
    assert [(payment["gatewayRef"], payment.get("trouble")) for payment in account["payments"]] == [
        ("ch_1", None), ("ch_2", "ALREADY_PAID")]
    assert [(refund["amount"], refund["reason"]) for refund in account["refunds"]] == [(40.0, "ALREADY_PAID")]


def test_the_log_says_which_payment_is_given_back(stack, ann, opened):
    booking, session = opened
    body = gateway_event("payment.succeeded", booking, sessionId=session, amount=39, currency="EUR")
    assert stack.webhook(body).status == 200
    payment, = money_without_waiting(ann, booking)["payments"]
    line, = processes.logged('msg="a payment is given back"', booking)
    assert line.endswith(f" reason=WRONG_AMOUNT booking={booking} payment={payment['paymentId']} source=webhook"
                         f" message={body['id']}")


def test_refund_told_before_its_payment_never_confirms(stack, ann, opened):
    booking, session = opened
    told(stack, "refund.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef="re_1")
    told(stack, "payment.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef="ch_1")
    account = money_without_waiting(ann, booking)
    assert account["status"] == "PENDING"
    assert [refund["status"] for refund in account["refunds"]] == ["completed"]
    payment, = account["payments"]
    assert (payment["status"], payment["trouble"], payment["gatewayRef"]) == ("refunded", "REFUNDED_BEFORE", "ch_1")


def test_a_refunds_reference_is_not_its_payments(stack, ann, opened):
    booking, session = opened
    told(stack, "payment.succeeded", booking, sessionId=session, amount=40, currency="EUR")
    told(stack, "refund.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef="re_1")
    account = money_without_waiting(ann, booking)
    assert [payment["gatewayRef"] for payment in account["payments"]] == [None]
    assert [refund["gatewayRef"] for refund in account["refunds"]] == ["re_1"]


def test_the_gateways_own_refund_ends_a_confirmed_booking(stack, ann, pending, place):
    booking = pending["bookingId"]
    session = ann.pay(booking)
    told(stack, "refund.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef="re_1")
    assert look(ann, booking)["status"] == "REFUNDED"
    assert place.statuses()[1] == "available"


def test_part_of_the_money_told_back_before_its_payment_never_confirms(stack, ann, opened):
    booking, session = opened
    told(stack, "refund.succeeded", booking, sessionId=session, amount=15, currency="EUR", gatewayRef="re_1")
    told(stack, "payment.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef="ch_1")
    account = money_without_waiting(ann, booking)
    assert account["status"] == "PENDING"
    assert sorted(refund["amount"] for refund in account["refunds"]) == [15.0, 25.0]


def test_a_refund_told_again_without_its_id_gives_nothing_twice(stack, ann, pending, money):
    booking = pending["bookingId"]
    session = ann.pay(booking)
    ann.delete("bookings/" + booking).ok()
    money(ann, booking)  # which waits until it is back
    for ref in ("re_1", "re_2"):
        told(stack, "refund.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef=ref)
    refund, = money_without_waiting(ann, booking)["refunds"]
    assert (refund["amount"], refund["reason"]) == (40.0, "USER_CANCELLED")


def test_the_gateway_gives_back_no_more_than_it_took(stack, ann, pending):
    booking = pending["bookingId"]
    session = ann.pay(booking)
    told(stack, "refund.succeeded", booking, sessionId=session, amount=400, currency="EUR", gatewayRef="re_1")
    assert [refund["amount"] for refund in money_without_waiting(ann, booking)["refunds"]] == [40.0]


def test_a_charge_back_under_the_gateways_own_kind_of_id(stack, ann, pending):
    booking = pending["bookingId"]
    session = ann.pay(booking)
    for name in ("dp_1", "dp_2", "dp_1", "dp_2"):  # the last two tell of the same again
        told(stack, "refund.succeeded", booking, sessionId=session, refundId=name, amount=10, currency="EUR")
    account = money_without_waiting(ann, booking)
    assert account["status"] == "REFUNDED"
    assert [(refund["amount"], refund["gatewayRef"]) for refund in account["refunds"]] == [(10.0, "dp_1"), (10.0, "dp_2")]


def test_a_refund_of_another_amount_than_ours_is_kept_for_review(stack, ann, pending, ask):
    booking = pending["bookingId"]
    session = ann.pay(booking)
    with processes.Service("payments").frozen():
        ann.delete("bookings/" + booking).ok()
        refund = money_without_waiting(ann, booking)["refunds"][0]["refundId"]
        event = gateway_event("refund.succeeded", booking, sessionId=session, refundId=refund, amount=4, currency="EUR")
        assert stack.webhook(event).status == 202
        assert money_without_waiting(ann, booking)["refunds"][0]["status"] == "pending"
    assert ask("SELECT reason FROM parked_event WHERE id = %s", event["id"]) == [("INVALID_STATE",)]


@pytest.mark.parametrize("names", [{"refundId": "desk-7"}, {}])
def test_a_refund_at_the_gateways_desk_is_ours_if_nothing_else_is_left(stack, ann, pending, names):
    booking = pending["bookingId"]
    session = ann.pay(booking)
    with processes.Service("payments").frozen():
        ann.delete("bookings/" + booking).ok()
        for _ in range(2):
            told(stack, "refund.succeeded", booking, sessionId=session, amount=40, currency="EUR", gatewayRef="re_7",
                 **names)
        account = money_without_waiting(ann, booking)
    assert [(refund["amount"], refund["status"], refund["reason"]) for refund in account["refunds"]] == [
        (40.0, "completed", "USER_CANCELLED")]


def test_what_was_kept_may_be_given_back_by_the_gateway(stack, ann, hall, ask):
    """The audit at the end adds up what is kept."""
    place = hall(rows=2, cols=10, policy={"refundTiers": [{"hours": 24, "percent": 50}]})
    booking = ann.booked_and_paid(place, 1)
    ann.delete("bookings/" + booking["bookingId"]).ok()
    told(stack, "refund.succeeded", booking["bookingId"], refundId=rowlock_client.uuid_of(1, 1), amount=5,
         sessionId=booking["payments"][0]["sessionId"], currency="EUR", gatewayRef="re_1")
    assert ask("SELECT kept FROM booking WHERE id = %s", booking["bookingId"]) == [(500,)]


def test_a_booking_that_nobody_knows_is_kept_for_review(stack, ask):
    event = gateway_event("payment.succeeded", "0197aaaa-0000-7000-8000-000000000001", amount=1, currency="EUR")
    for _ in range(2):
        reply = stack.webhook(event)
        assert reply.status == 202 and reply.data["result"] == "parked", reply
    assert ask("SELECT reason FROM parked_event WHERE id = %s", event["id"]) == [("BOOKING_NOT_FOUND",)]
    assert ask("SELECT count(*) FROM processed_event WHERE id = %s", event["id"]) == [(0,)]


def test_a_session_told_with_another_booking_is_kept_for_review(stack, ann, buyer, opened, place, ask):
    """It can never be settled: a gateway that is told to try again would do so for ever."""
    other = buyer().book(place, 5).ok(201)["bookingId"]
    body = gateway_event("payment.succeeded", other, sessionId=opened[1], amount=20, currency="EUR")
    assert stack.webhook(body).status == 202
    assert ask("SELECT reason FROM parked_event WHERE id = %s", body["id"]) == [("PAYMENT_NOT_FOUND",)]
    assert look(ann, opened[0])["status"] == "PROCESSING"


@pytest.mark.parametrize("same_event", [True, False])
def test_a_refund_told_with_another_booking_is_kept_for_review(stack, ann, hall, place, ask, same_event):
    paid = ann.booked_and_paid(place, 1)
    other = ann.booked_and_paid(place if same_event else hall(), 2)["bookingId"]
    ann.delete("bookings/" + paid["bookingId"]).ok()
    refund = ann.get("payments/status/" + paid["bookingId"]).ok()["refunds"][0]["refundId"]
    body = gateway_event("refund.succeeded", other, refundId=refund, amount=20, currency="EUR", gatewayRef="re_1")
    assert stack.webhook(body).status == 202
    assert ask("SELECT reason FROM parked_event WHERE id = %s", body["id"]) == [("PAYMENT_NOT_FOUND",)]
    assert look(ann, other)["status"] == "CONFIRMED"


def parked(*args):
    return processes.ctl("parked", *args)


def test_what_is_kept_for_review_is_settled_once_its_booking_is_there(stack, ann, opened, db):
    booking, session = opened
    body = gateway_event("payment.succeeded", booking, sessionId=session, amount=40, currency="EUR")

    def there(yes):
        with db.cursor() as cursor:
            cursor.execute("UPDATE booking SET deleted_at = CASE WHEN %s THEN NULL ELSE now() END WHERE id = %s",
                           (yes, booking))
    there(False)
    assert stack.webhook(body).status == 202
    shown = parked("list").stdout
    assert f"\n{body['id']}  20" in "\n" + shown and " BOOKING_NOT_FOUND\n" in shown and session not in shown
    assert json.dumps(body) in parked("list", "--body").stdout.splitlines()
    ran = parked("settle", body["id"])
    assert (ran.returncode, ran.stderr) == (1, f"rowlockctl: {body['id']}: it is kept: Booking not found\n")
    assert body["id"] in parked("list").stdout
    there(True)
    ran = parked("settle", body["id"])
    assert (ran.returncode, ran.stdout) == (0, body["id"] + " is settled\n"), ran
    assert look(ann, booking)["status"] == "CONFIRMED" and body["id"] not in parked("list").stdout
    ran = parked("settle", body["id"])
    assert ran.returncode == 1 and "no such message is kept" in ran.stderr
    assert stack.webhook(body).data["result"] == "known"


@pytest.mark.parametrize("args", [("settle",), ("settle", "a", "b"), ("list", "a"), ("list", "--all")])
def test_parked_commands_that_make_no_sense(args):
    assert parked(*args).returncode == 2


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_a_stale_signature_is_refused_and_writes_nothing(stack, ann, opened, ask, seconds):
    event = gateway_event("payment.succeeded", opened[0], sessionId=opened[1], amount=40, currency="EUR")
    stack.webhook(event, at=int(time.time()) + seconds).refused(401, "UNAUTHORIZED")
    assert look(ann, opened[0])["status"] == "PROCESSING"
    assert ask("SELECT count(*) FROM processed_event WHERE id = %s", event["id"]) == [(0,)]


@pytest.mark.parametrize("signature", ["", "rubbish", "t=1,v1=", "t=,v1=00", "v1=00", "t=99999999999999999999,v1=00"])
def test_a_forged_signature_is_refused(stack, ann, opened, signature):
    event = gateway_event("payment.succeeded", opened[0], sessionId=opened[1], amount=40, currency="EUR")
    stack.webhook(event, signature=signature).refused(401, "UNAUTHORIZED")
    stack.webhook(event, secret="another secret").refused(401, "UNAUTHORIZED")
    assert look(ann, opened[0])["status"] == "PROCESSING"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"id":1}', b'{"id":"x","type":"payment.unheard"}',
                                  b'{"id":"x","type":"payment.succeeded","data":{}}',
                                  b'{"id":"x","type":"payment.succeeded","data":{"bookingId":"y"}}'])
def test_a_signed_body_that_makes_no_sense_is_refused(stack, body):
    stack.webhook(body).refused(400, "VALIDATION_ERROR")


def test_nonsense_amounts_are_refused(stack, ann, opened):
    for amount in (-1, "40"):
        event = gateway_event("payment.succeeded", opened[0], sessionId=opened[1], amount=amount, currency="EUR")
        stack.webhook(event).refused(400, "VALIDATION_ERROR")
    assert look(ann, opened[0])["status"] == "PROCESSING"


@pytest.mark.parametrize("money", [{"amount": 40.001, "currency": "EUR"}, {"amount": 40.001},
                                   {"amount": 10.5, "currency": "JPY"}, {"amount": 1e300, "currency": "EUR"}])
def test_amounts_that_cannot_be_booked_are_kept_for_review(stack, ann, opened, ask, money):
    """There is money somewhere: the gateway would not say more if it were refused."""
    event = gateway_event("payment.succeeded", opened[0], sessionId=opened[1], **money)
    assert stack.webhook(event).status == 202
    assert ask("SELECT reason FROM parked_event WHERE id = %s", event["id"]) == [("VALIDATION_ERROR",)]
    assert parked("settle", event["id"]).stderr.endswith(": its amount is finer than its currency, or too large\n")
    assert look(ann, opened[0])["status"] == "PROCESSING" and ask("SELECT count(*) FROM parked_event WHERE id = %s",
                                                                  event["id"]) == [(1,)]


def test_simulate_without_an_outcome_draws_one(stack, ann, place):
    drawn = set()
    for seat in range(1, 8):
        booking = ann.book(place, seat).ok(201)["bookingId"]
        session = ann.post("payments/initiate", {"bookingId": booking}).json["sessionId"]
        answer = stack.anyone().post("payments/simulate/" + session).ok()
        status = look(ann, booking)["status"]
        assert (answer["outcome"], status) in {("success", "CONFIRMED"), ("failed", "PENDING")}
        drawn.add(answer["outcome"])
        if status == "PENDING":
            ann.delete("bookings/" + booking).ok()
    assert "success" in drawn  # all of seven fail once in ten million


def test_messages_in_any_order_end_in_one_of_the_rules_states(stack, buyer, hall, money):
    """A hundred bookings, each told success, failed and expired in an order of its own, each twice."""
    place, rng = hall(rows=10, cols=20), random.Random(7)
    for no in range(1, 101):
        who = buyer()
        booking = who.book(place, no).ok(201)["bookingId"]
        session = who.post("payments/initiate", {"bookingId": booking}).json["sessionId"]
        events = [gateway_event(kind, booking, sessionId=session, amount=20, currency="EUR")
                  for kind in ("payment.succeeded", "payment.failed", "payment.expired")] * 2
        rng.shuffle(events)
        assert {stack.webhook(event).status for event in events} == {200}
        account = money(who, booking)
        assert account["status"] == "CONFIRMED" and account["refunds"] == []
    assert set(list(place.statuses().values())[:100]) == {"sold"}
