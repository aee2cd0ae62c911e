"""
`rowlockd payments`: what becomes of payments that Kafka tells of. Each message has its effect once,
however often and in whatever order it comes and whoever is killed meanwhile (R-41 to R-43); what
can have none goes to the dead letters, and comes back from there when it was mended.

ROWLOCK_MESSAGES_KILLS (5): how often the role is killed between a COMMIT and the group's place;
ROWLOCK_MESSAGES_COPIES (100): how often each message comes then.
"""

import contextlib
import itertools
import json
import os
import random
import re
import signal
import subprocess
import threading

import psycopg2
import pytest

import processes
from broker import ONCE, SLOW_ON_THE_MOCK
from processes import wait_for
from rowlock_client import gateway_event, uuid_of

KILLS = int(os.environ.get("ROWLOCK_MESSAGES_KILLS", "5"))
COPIES = int(os.environ.get("ROWLOCK_MESSAGES_COPIES", "100"))
HOME = os.environ.get("ROWLOCK_DIR", "")
TIMEOUT_S = 90  # a member of a group that dies is missed for 10 s
NOBODYS = "0197aaaa-0000-7000-8000-00000000000{:d}"
_ids = itertools.count(1)


def configured(**more):
    """An environment in which our programs find the stack, and these settings."""
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("ROWLOCK_", "REDIS_", "KAFKA_"))}
    return {**env, "ROWLOCK_CONFIG": os.path.join(HOME, "conf", "rowlock.conf"), **more}


def event(booking, event_id=None, **payload):
    """The text of a message about a booking; a new one unless it is given an id."""
    number = next(_ids)
    return json.dumps({"eventId": event_id or f"evt-{os.getpid()}-{number}", "version": "1.0",
                       "payload": {"bookingId": booking, "transactionId": f"tx-{os.getpid()}-{number}", **payload}})


class Role:
    """A `rowlockd payments` of the test's own."""

    def __init__(self, **settings):
        self.logged = []
        self.process = subprocess.Popen([os.path.join(HOME, "inst", "bin", "rowlockd"), "payments"],
                                        env=configured(**settings), stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stderr:
            self.logged.append(line.rstrip("\n"))

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(60)
        self.thread.join(10)
        return status


@pytest.fixture
def role():
    """role(SETTING=…): starts one; gone at the end of the test."""
    with contextlib.ExitStack() as later:
        def start(**settings):
            one = Role(**settings)
            later.callback(one.end, signal.SIGKILL)
            return one
        yield start


@pytest.fixture
def payments():
    """The role of the stack; it is up and thawed at the end."""
    service = processes.Service("payments")
    assert service.programs(), "this stack has no `rowlockd payments`"
    yield service
    service.thaw()


class Desk:
    """Tells of payments, and looks what becomes of bookings."""

    def __init__(self, broker, ask, buyer, prefix=""):
        self.broker, self.ask, self.buyer, self.prefix = broker, ask, buyer, prefix

    def book(self, hall, *seats):
        return self.buyer().book(hall, *seats).ok(201)["bookingId"]

    def tell(self, topic, *texts, key="same"):
        assert self.broker.write(self.prefix + topic, *texts, key=key)

    def success(self, booking, **payload):
        self.tell("payment.success", event(booking, **payload), key=booking)

    def failed(self, booking, **payload):
        self.tell("payment.failed", event(booking, **payload), key=booking)

    def status(self, booking):
        return self.ask("SELECT status::text FROM booking WHERE id = %s", booking)[0][0]

    def wait(self, booking, status):
        wait_for(lambda: self.status(booking) == status, f"{booking} to be {status}, not {self.status(booking)}",
                 TIMEOUT_S)

    def journal(self, booking):
        return [row[0] for row in self.ask("SELECT type FROM journal WHERE booking_id = %s ORDER BY seq", booking)]

    def payments(self, booking):
        """(status, captured, its currency, trouble) of each, oldest first."""
        return self.ask("""SELECT status::text, captured, captured_currency, trouble FROM payment
                           WHERE booking_id = %s ORDER BY number""", booking)

    def refunds(self, booking):
        """(amount, currency, reason) of each, oldest first."""
        return self.ask("SELECT amount, currency, reason FROM refund WHERE booking_id = %s ORDER BY number", booking)

    def seats(self, booking):
        """{status of a seat: how many} of those that are the booking's."""
        return dict(self.ask("SELECT status::text, count(*) FROM seat WHERE booking_id = %s GROUP BY 1", booking))

    def heard(self, topic, booking):
        """The payloads of what Kafka got about a booking, once there is something."""
        def found():
            return [message.json["payload"] for message in self.broker.read(topic) if message.key == booking]
        wait_for(found, f"{topic} about {booking}", TIMEOUT_S)
        return found()

    def letters(self, topic):
        return [message for message in self.broker.read(self.prefix + topic + ".dlq")
                if "replayed" not in message.headers]

    def letter(self, topic, text):
        """The dead letter with this text, once it is there; and it is the only one."""
        def found():
            return [letter for letter in self.letters(topic) if letter.text == text]
        wait_for(found, f"a dead letter {text}", TIMEOUT_S)
        one, = found()
        return one


@pytest.fixture
def desk(broker, ask, buyer, payments):
    return Desk(broker, ask, buyer)


@pytest.fixture
def own_desk(broker, ask, buyer, name, role, hall):
    """A desk with topics and a role of its own, which has taken a message from each."""
    prefix = name("own") + "."
    one = Desk(broker, ask, buyer, prefix)
    one.settings = {"KAFKA_TOPIC_PREFIX": prefix, "KAFKA_GROUP_ID": prefix + "group"}
    booking = one.book(hall(), 1)
    one.failed(booking)
    one.role = role(**one.settings)
    one.wait(booking, "cancelled")
    one.success(booking)
    one.wait(booking, "confirmed")
    return one


# --- one message ---

def test_success_confirms_with_a_ticket(desk, hall, stack, buyer, clean):
    place, ann = hall(), buyer()
    booking = ann.book(place, 1, 2).ok(201)["bookingId"]
    desk.success(booking, amount=40, currency="EUR")
    desk.wait(booking, "confirmed")
    seen = ann.get(f"bookings/{booking}").ok()
    assert seen["status"] == "CONFIRMED" and seen["ticketReference"], seen
    assert desk.journal(booking) == ["booking.created", "booking.confirmed"]
    assert desk.payments(booking) == [("completed", 4000, "EUR", None)] and desk.refunds(booking) == []
    assert desk.seats(booking) == {"sold": 2}
    told, = desk.heard("booking.confirmed", booking)
    assert told == {"bookingId": booking, "userId": ann.sub, "ticketReference": seen["ticketReference"],
                    "confirmedAt": told["confirmedAt"]}
    clean(place)


@ONCE
def test_failure_cancels_and_releases(desk, hall, buyer, clean):
    place = hall()
    booking = desk.book(place, 3, 4)
    desk.failed(booking, reason="card declined\nby its bank " + "x" * 300)
    desk.wait(booking, "cancelled")
    assert desk.ask("SELECT cancel_reason FROM booking WHERE id = %s", booking) == [("PAYMENT_FAILED",)]
    assert desk.journal(booking) == ["booking.created", "booking.cancelled"]
    told, = desk.heard("booking.cancelled", booking)
    assert told["reason"] == "PAYMENT_FAILED"
    assert told["releasedSeatIds"] == [uuid_of(place.number, no) for no in (3, 4)]
    buyer().book(place, 3, 4).ok(201)
    clean(place)


RIGHT = [{}, {"amount": 20}, {"amount": 20.0, "currency": "EUR"}, {"currency": "EUR"}, {"amount": None}]


@ONCE
@pytest.mark.parametrize("money", RIGHT, ids=json.dumps)
def test_amounts_that_are_right(desk, hall, money):
    booking = desk.book(hall(), 1)
    desk.success(booking, **money)
    desk.wait(booking, "confirmed")
    assert desk.payments(booking) == [("completed", 2000, "EUR", None)]


WRONG = [({"amount": 19.99, "currency": "EUR"}, (1999, "EUR")), ({"amount": 20.01}, (2001, "EUR")),
         ({"amount": 20, "currency": "USD"}, (2000, "USD")), ({"amount": 2000, "currency": "JPY"}, (2000, "JPY"))]


@ONCE
@pytest.mark.parametrize("money, taken", WRONG, ids=json.dumps)
def test_amounts_that_are_wrong_never_confirm(desk, hall, clean, money, taken):
    place = hall()
    booking = desk.book(place, 1)
    desk.success(booking, **money)
    wait_for(lambda: desk.refunds(booking), "a refund", TIMEOUT_S)
    assert desk.status(booking) == "pending" and desk.seats(booking) == {"reserved": 1}
    assert desk.refunds(booking) == [(*taken, "WRONG_AMOUNT")]
    assert desk.payments(booking) == [("refunded", *taken, "WRONG_AMOUNT")]
    told = desk.heard("refund.requested", booking)[0]
    assert (told["reason"], told["currency"]) == ("WRONG_AMOUNT", taken[1])
    desk.success(booking, amount=20, currency="EUR")  # which is another payment
    desk.wait(booking, "confirmed")
    assert len(desk.refunds(booking)) == 1 and len(desk.payments(booking)) == 2
    clean(place)


# --- payments that we have begun ourselves ---

@ONCE
def test_a_session_that_is_paid_is_that_payment(desk, hall, buyer):
    ann = buyer()
    booking = ann.book(hall(), 1).ok(201)["bookingId"]
    session = ann.post("payments/initiate", {"bookingId": booking}).plain()["sessionId"]
    desk.wait(booking, "paying")
    for _ in range(2):  # two messages about one payment
        desk.success(booking, transactionId=session, amount=20, currency="EUR")
    desk.wait(booking, "confirmed")
    settle_behind(desk)
    assert desk.payments(booking) == [("completed", 2000, "EUR", None)] and desk.refunds(booking) == []


@ONCE
@pytest.mark.parametrize("first", ["kafka", "webhook"])
def test_a_transaction_and_a_session_are_two_payments(desk, hall, buyer, stack, first):
    """R-41: whichever is told first; the money of the other goes back."""
    ann = buyer()
    booking = ann.book(hall(), 1).ok(201)["bookingId"]
    session = ann.post("payments/initiate", {"bookingId": booking}).plain()["sessionId"]

    def call_back():
        told = gateway_event("payment.succeeded", booking, sessionId=session, amount=20, currency="EUR",
                             gatewayRef="ch_" + booking)
        assert stack.webhook(told).status == 200
    if first == "webhook":
        call_back()
    desk.success(booking, transactionId="tx_" + booking, amount=20, currency="EUR")
    wait_for(lambda: desk.ask("SELECT 1 FROM payment WHERE booking_id = %s AND gateway_ref = %s", booking,
                              "tx_" + booking), "the message to be settled", TIMEOUT_S)
    if first == "kafka":
        call_back()
    assert desk.status(booking) == "confirmed"
    given = desk.ask("""SELECT session, captured FROM payment
                        WHERE booking_id = %s AND trouble = 'ALREADY_PAID'""", booking)
    assert given == [(session if first == "kafka" else None, 2000)] and len(desk.payments(booking)) == 2
    assert desk.refunds(booking) == [(2000, "EUR", "ALREADY_PAID")]


@ONCE
def test_failure_while_it_is_paid_is_final(desk, hall, buyer):
    ann = buyer()
    booking = ann.book(hall(), 1).ok(201)["bookingId"]
    ann.post("payments/initiate", {"bookingId": booking}).plain()
    desk.failed(booking)
    desk.wait(booking, "cancelled")
    assert [status for status, *_ in desk.payments(booking)] == ["failed"]


def settle_behind(desk):
    """
    Waits until all that was told is settled: one dead letter behind each partition's messages
    tells. (Messages that have no effect leave no other trace.)
    """
    texts = {}
    for topic in ("payment.success", "payment.failed"):
        for partition in range(desk.broker.partitions(desk.prefix + topic)):
            text = f"behind {topic} {partition} {next(_ids)}"
            assert desk.broker.write(desk.prefix + topic, text, partition=partition)
            texts.setdefault(topic, set()).add(text)
    for topic, behind in texts.items():
        wait_for(lambda topic=topic, behind=behind: behind <= {letter.text for letter in desk.letters(topic)},
                 "what is behind to be buried", TIMEOUT_S)


# --- out of order ---

@ONCE
def test_failure_after_success_changes_nothing(desk, hall, clean):
    place = hall()
    booking = desk.book(place, 1)
    desk.success(booking)
    desk.wait(booking, "confirmed")
    desk.failed(booking)
    settle_behind(desk)
    assert desk.status(booking) == "confirmed" and desk.refunds(booking) == []
    clean(place)


@ONCE
def test_success_after_failure_takes_the_seats_again(desk, hall, clean):
    place = hall()
    booking = desk.book(place, 1, 2)
    desk.failed(booking)
    desk.wait(booking, "cancelled")
    desk.success(booking)
    desk.wait(booking, "confirmed")
    assert desk.journal(booking) == ["booking.created", "booking.cancelled", "booking.confirmed"]
    assert desk.seats(booking) == {"sold": 2} and desk.refunds(booking) == []
    clean(place)


@ONCE
@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_success_after_the_end_with_the_seats_taken_is_given_back(desk, hall, let_window_pass, clean, end):
    place = hall()
    booking = desk.book(place, 1, 2)
    end_booking(desk, place, booking, let_window_pass, end)
    other = desk.book(place, 2)
    desk.success(booking, amount=40, currency="EUR")
    wait_for(lambda: desk.refunds(booking), "a refund", TIMEOUT_S)
    assert desk.refunds(booking) == [(4000, "EUR", "SEATS_TAKEN")] and desk.status(booking) == end
    assert desk.payments(booking) == [("refunded", 4000, "EUR", "SEATS_TAKEN")]
    assert desk.status(other) == "pending" and desk.seats(booking) == {}
    assert desk.heard("refund.requested", booking)[0]["reason"] == "SEATS_TAKEN"
    clean(place)


def end_booking(desk, place, booking, let_window_pass, end):
    if end == "cancelled":
        desk.failed(booking)
    else:
        let_window_pass(place, booking)
    desk.wait(booking, end)


@ONCE
def test_success_after_expiry_takes_the_seats_again(desk, hall, let_window_pass, clean):
    place = hall()
    booking = desk.book(place, 1, 2)
    end_booking(desk, place, booking, let_window_pass, "expired")
    desk.success(booking)
    desk.wait(booking, "confirmed")
    assert desk.journal(booking) == ["booking.created", "booking.expired", "booking.confirmed"]
    assert desk.seats(booking) == {"sold": 2} and desk.refunds(booking) == []
    clean(place)


# --- again and again ---

class Storm:
    """Bookings of every fate, the messages that bring it about, and what must have come of them."""

    def __init__(self, desk, hall, bookings):
        self.desk, self.place = desk, hall(rows=10, cols=10)
        self.fates = {}
        self.messages = []  # (topic, text, key)
        for n in range(bookings):
            booking = desk.book(self.place, n + 1)
            fate = ("paid", "failed", "underpaid")[n % 3]
            self.fates[booking] = fate
            topic = "payment.failed" if fate == "failed" else "payment.success"
            # Without a transaction's id nothing but the message's own tells that it is the same.
            payload = {"transactionId": None} if n % 2 and fate == "failed" else {}
            self.messages.append((topic, event(booking, amount=12 if fate == "underpaid" else 20, **payload), booking))

    def send(self, messages, key_of=lambda message: message[2]):
        for topic in ("payment.success", "payment.failed"):
            pairs = [(key_of(message), message[1]) for message in messages if message[0] == topic]
            assert self.desk.broker.write_pairs(topic, pairs)

    def is_over(self):
        return all(self.has_come(booking) for booking in self.fates)

    def has_come(self, booking):
        fate = self.fates[booking]
        if fate == "underpaid":
            return bool(self.desk.refunds(booking))
        return self.desk.status(booking) == {"paid": "confirmed", "failed": "cancelled"}[fate]

    def check(self):
        """One effect each."""
        for booking, fate in self.fates.items():
            moves = {"paid": ["booking.confirmed"], "failed": ["booking.cancelled"], "underpaid": ["refund.requested"]}
            journal = [kind for kind in self.desk.journal(booking) if not kind.startswith("refund.completed")]
            assert journal == ["booking.created", *moves[fate]], (booking, fate)
            assert len(self.desk.payments(booking)) == (fate != "failed"), (booking, fate)
            assert len(self.desk.refunds(booking)) == (fate == "underpaid"), (booking, fate)


def heard_so_far(stack):
    """{result: how many messages} since the stack is up."""
    text = stack.anyone().get("/metrics").body.decode()
    return {result: float(n) for result, n in
            re.findall(r'^rowlock_payment_messages_total\{result="(\w+)"\} (\S+)$', text, re.M)}


@ONCE
def test_every_message_100_times_in_any_order(desk, hall, stack, clean):
    storm = Storm(desk, hall, 12)
    before = heard_so_far(stack)
    many = storm.messages * COPIES
    random.Random(41).shuffle(many)
    storm.send(many, key_of=lambda message: random.Random(message[1]).choice("abcd"))
    wait_for(storm.is_over, "all effects", TIMEOUT_S)
    wait_for(lambda: sum(heard_so_far(stack).values()) - sum(before.values()) >= len(many), "all messages", TIMEOUT_S)
    storm.check()
    clean(storm.place)


@SLOW_ON_THE_MOCK
def test_killed_between_commit_and_the_groups_place(desk, hall, stack, payments, clean):
    storm = Storm(desk, hall, 6 * KILLS)
    before = heard_so_far(stack)
    sent = 0
    for kill in range(KILLS):
        mine = storm.messages[6 * kill:6 * (kill + 1)]
        storm.send(mine * 20)
        sent += 20 * len(mine)
        # The place is noted once a second: what was settled since then comes again.
        wait_for(lambda first=mine[0][2]: storm.has_come(first), "the first effect", TIMEOUT_S)
        payments.kill()
    wait_for(storm.is_over, "all effects", TIMEOUT_S)
    wait_for(lambda: sum(heard_so_far(stack).values()) - sum(before.values()) >= sent, "all messages", TIMEOUT_S)
    settle_behind(desk)
    storm.check()
    assert sum(heard_so_far(stack).values()) - sum(before.values()) > sent, "nothing came twice: killed too late"
    clean(storm.place)


@SLOW_ON_THE_MOCK
def test_two_roles_at_once_share_and_lose_nothing(desk, hall, role, clean):
    storm = Storm(desk, hall, 30)

    def another():
        """One more role, once it has partitions of its own: what it buries, it logs."""
        one = role()
        for _ in range(30):
            settle_behind(desk)
            if any("message buried" in line for line in one.logged):
                return one
        raise AssertionError(f"it never had a partition: {one.logged}")
    # One change of the group after the other: the mock forgets members that wait for two at once.
    for n, how in enumerate((signal.SIGKILL, signal.SIGTERM)):
        second = another()
        mine = storm.messages[15 * n:15 * (n + 1)]
        many = mine * 20
        random.Random(n).shuffle(many)
        storm.send(many)
        wait_for(lambda mine=mine: any(storm.has_come(booking) for _, _, booking in mine), "a first effect", TIMEOUT_S)
        assert second.end(how) == (0 if how == signal.SIGTERM else -how)
        wait_for(lambda mine=mine: all(storm.has_come(booking) for _, _, booking in mine), "all effects", TIMEOUT_S)
        settle_behind(desk)
    storm.check()
    clean(storm.place)


# --- dead letters ---

POISON = [
    ("payment", "not JSON: something that is no value, at byte 0"),
    ("[]", "not a JSON object"),
    ('{"payload":{"bookingId":"%s"}}' % NOBODYS.format(7), "eventId is missing"),
    ('{"eventId":"e","version":"2.0","payload":{"bookingId":"%s"}}' % NOBODYS.format(7), "version is not 1.0"),
    ('{"eventId":"e"}', "payload is missing"),
    ('{"eventId":"e","payload":{}}', "payload.bookingId is missing"),
    ('{"eventId":7,"payload":{"bookingId":"%s"}}' % NOBODYS.format(7), "eventId is not a string"),
    ('{"eventId":"e","payload":{"bookingId":7}}', "payload.bookingId is not a string"),
    ('{"eventId":"e","payload":{"bookingId":"7"}}', "payload.bookingId is not a UUID"),
    ('{"eventId":"e","payload":{"bookingId":"%s","transactionId":"t","amount":"20"}}' % NOBODYS.format(7),
     "payload.amount is not a number"),
]
NOBODY = "payload.bookingId: there is no such booking"


@pytest.mark.parametrize("topic", ["payment.success", "payment.failed"])
def test_poison_is_buried_with_its_reason_and_holds_nothing_up(own_desk, hall, topic, stack):
    desk, booking = own_desk, own_desk.book(hall(), 1)
    buried = 'rowlock_dead_letters_total{role="payments"}'
    before = stack.figures()[buried]
    unknown = event(NOBODYS.format(7))
    texts = [text for text, _ in POISON]
    desk.tell(topic, *texts, unknown, event(booking), key="one partition")
    desk.wait(booking, "confirmed" if topic == "payment.success" else "cancelled")
    letters = {letter.text: letter for letter in desk.letters(topic)}
    for text, reason, attempts in [*((*pair, "1") for pair in POISON), (unknown, NOBODY, "5")]:
        letter = desk.letter(topic, text)
        assert (letter.headers["reason"], letter.headers["attempts"]) == (reason, attempts), letters
        assert letter.headers["topic"] == desk.prefix + topic and letter.key == "one partition"
    wait_for(lambda: stack.figures()[buried] == before + len(texts) + 1, "all of them to be counted")


@ONCE
def test_an_unknown_booking_has_all_its_tries_whatever_troubles_the_database(own_desk, hall):
    desk, booking, unknown = own_desk, own_desk.book(hall(), 1), event(NOBODYS.format(8))

    def waiting():
        return desk.ask("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s",
                        "%FROM booking%")
    with contextlib.closing(psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM booking WHERE id = %s FOR UPDATE", (booking,))
        desk.tell("payment.success", unknown, event(booking))
        wait_for(waiting, "the role to wait for the booking")
        wait_for(lambda: not waiting(), "it to give up for now")
    assert desk.letter("payment.success", unknown).headers["attempts"] == "5"
    desk.wait(booking, "confirmed")


@ONCE
def test_an_amount_that_the_bookings_currency_does_not_have(own_desk, hall):
    booking = own_desk.book(hall(), 1)
    text = event(booking, amount=20.001)
    own_desk.tell("payment.success", text)
    letter = own_desk.letter("payment.success", text)
    assert letter.headers["reason"] == "payload.amount is too large, or finer than the booking's currency"
    assert own_desk.status(booking) == "pending" and own_desk.payments(booking) == []


@ONCE
def test_a_success_that_does_not_say_of_which_transaction(own_desk, hall):
    """Nobody could tell it from a second payment, and money would be given back that was never there."""
    desk, booking = own_desk, own_desk.book(hall(), 1)
    desk.success(booking)
    desk.wait(booking, "confirmed")
    text = event(booking, transactionId=None)
    desk.tell("payment.success", text)
    assert desk.letter("payment.success", text).headers["reason"] == "payload.transactionId is missing"
    assert len(desk.payments(booking)) == 1 and desk.refunds(booking) == []


@ONCE
@pytest.mark.parametrize("topic", ["payment.success", "payment.failed"])
def test_a_transaction_that_is_another_bookings_session(own_desk, hall, buyer, topic):
    desk, place, ann = own_desk, hall(), buyer()
    paying = ann.book(place, 1).ok(201)["bookingId"]
    session = ann.post("payments/initiate", {"bookingId": paying}).plain()["sessionId"]
    booking = desk.book(place, 2)
    text = event(booking, transactionId=session)
    desk.tell(topic, text)
    assert desk.letter(topic, text).headers["reason"] == "payload.transactionId is a session of another booking"
    assert (desk.status(booking), desk.status(paying)) == ("pending", "paying")


@ONCE
def test_a_message_in_the_wrong_topic(own_desk, hall):
    booking = own_desk.book(hall(), 1)
    text = json.dumps({"eventId": "e", "eventType": "payment.failed", "payload": {"bookingId": booking}})
    own_desk.tell("payment.success", text)
    assert own_desk.letter("payment.success", text).headers["reason"] == "eventType is not that of the topic"
    assert own_desk.status(booking) == "pending"


@ONCE
def test_nothing_is_lost_while_dead_letters_cannot_be_written(own_desk, hall, broker):
    desk, place = own_desk, hall()
    first, last = desk.book(place, 1), desk.book(place, 2)
    poison = event(NOBODYS.format(3))
    desk.tell("payment.success", event(first), poison, event(last))
    desk.wait(first, "confirmed")
    with broker.frozen():  # the poison is in the role's hands, and tried again for a second and a half
        wait_for(lambda: desk.status(last) == "confirmed", "what is behind it")
        threading.Event().wait(7.5)  # longer than it waits for an acknowledgement
    assert desk.letter("payment.success", poison).headers["reason"] == NOBODY
    again = desk.book(place, 3)
    desk.tell("payment.success", event(again))
    desk.wait(again, "confirmed")
    assert [letter.text for letter in desk.letters("payment.success")].count(poison) == 1


@ONCE
def test_nothing_is_lost_when_the_role_is_killed_with_poison_in_its_hands(own_desk, hall, role):
    desk, place = own_desk, hall()
    first = desk.book(place, 1)
    poison = event(NOBODYS.format(4))
    desk.tell("payment.success", event(first), poison)
    desk.wait(first, "confirmed")
    threading.Event().wait(1.2)  # the group's place is noted once a second, the poison tried for longer
    desk.role.end(signal.SIGKILL)
    role(**desk.settings)
    desk.letter("payment.success", poison)


@ONCE
def test_a_broker_that_was_away(desk, hall, broker):
    place = hall()
    first, second = desk.book(place, 1), desk.book(place, 2)
    desk.success(first)
    desk.wait(first, "confirmed")
    with broker.away():
        threading.Event().wait(2)
    wait_for(lambda: broker.write("payment.success", event(second), key=second, timeout_ms=2000), "the broker")
    desk.wait(second, "confirmed")


# --- rowlockctl dlq ---

class Clerk:
    """Somebody with rowlockctl dlq."""

    def __init__(self, settings):
        self.settings = settings

    def run(self, *args, **settings):
        return subprocess.run([os.path.join(HOME, "inst", "bin", "rowlockctl"), "dlq", *map(str, args)],
                              env=configured(**self.settings, **settings), stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=60, check=False)

    def say(self, *args):
        ran = self.run(*args)
        assert ran.returncode == 0, ran
        return ran.stdout

    def lines(self, *args):
        """[(topic, partition, offset, the line's rest)] of dlq list."""
        return [tuple(line.split(None, 3)) for line in self.say("list", *args).splitlines()]


@pytest.fixture
def clerk(own_desk):
    """At the desk's own topics."""
    one = Clerk(own_desk.settings)
    assert one.say("list") == ""
    return one


def test_dlq_replay_brings_a_mended_message_back(own_desk, clerk, hall, tmp_path):
    desk, booking = own_desk, own_desk.book(hall(), 1)
    typo = booking[:10] + ("0" if booking[10] != "0" else "1") + booking[11:]
    text = event(typo, amount=20, currency="EUR")
    desk.broker.write(desk.prefix + "payment.success", text, key="k-1", headers=[("trace", "t-1"), ("reason", "mine")])
    letter = desk.letter("payment.success", text)

    (topic, partition, offset, rest), = clerk.lines()
    assert (topic, int(partition), int(offset)) == ("payment.success", letter.partition, letter.offset)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z  k-1  5  " + NOBODY, rest), rest
    place = ("payment.success", partition, offset)
    shown = clerk.say("show", *place)
    for line in ("key: k-1", "trace: t-1", "reason: mine", f"reason: {NOBODY}", "attempts: 5", text):
        assert line in shown.splitlines(), shown
    assert clerk.say("show", *place, "--value") == text

    mended = tmp_path / "mended.json"
    mended.write_text(text.replace(typo, booking))
    assert clerk.say("replay", *place, "--value", mended) == f"payment.success {partition} {offset} replayed\n"
    desk.wait(booking, "confirmed")
    again, = [message for message in desk.broker.read(desk.prefix + "payment.success") if message.key == "k-1"
              and message.text == mended.read_text()]
    assert again.headers == {"trace": "t-1", "reason": "mine"}
    assert clerk.lines() == [] and clerk.say("replay", "payment.success", "--all") == ""
    (*seen, rest), = [line for line in clerk.lines("--all") if line[1:3] == (partition, offset)]
    assert seen[0] == "payment.success" and rest.endswith(" (replayed)")
    settle_behind(desk)
    assert desk.status(booking) == "confirmed" and len(desk.payments(booking)) == 1


@ONCE
def test_dlq_replay_of_bookings_that_are_there_by_now(own_desk, clerk, hall, ask, db):
    desk, place = own_desk, hall()
    bookings = [desk.book(place, seat) for seat in range(1, 6)]

    def there(yes):
        with db.cursor() as cursor:
            cursor.execute("UPDATE booking SET deleted_at = CASE WHEN %s THEN NULL ELSE now() END"
                           " WHERE id = ANY (%s::uuid[])", (yes, bookings))
    there(False)
    for booking in bookings:
        desk.success(booking)
    wait_for(lambda: len(clerk.lines("payment.success")) == len(bookings), "the dead letters", TIMEOUT_S)
    # Too early: each dies again, and only what has died since is sent the next time.
    assert len(clerk.say("replay", "payment.success", "--all").splitlines()) == len(bookings)
    wait_for(lambda: len(clerk.lines("payment.success")) == len(bookings), "them to die again", TIMEOUT_S)
    there(True)
    one = clerk.lines("payment.success")[0]
    clerk.say("replay", *one[:3])
    assert len(clerk.say("replay", "payment.success", "--all").splitlines()) == len(bookings) - 1
    for booking in bookings:
        desk.wait(booking, "confirmed")
    assert clerk.lines("payment.success") == [] and clerk.say("replay", "payment.success", "--all") == ""
    assert len(clerk.lines("payment.success", "--all")) >= 2 * len(bookings)


@ONCE
def test_dlq_of_what_is_not_there(own_desk, clerk, tmp_path):
    for args in (("show", "payment.success", 0, 9999), ("replay", "payment.success", 77, 0),
                 ("show", "no.such.topic", 0, 0)):
        ran = clerk.run(*args)
        assert ran.returncode == 1 and "has no dead letter at" in ran.stderr, ran
    assert clerk.say("list", "no.such.topic") == "" and clerk.say("replay", "no.such.topic", "--all") == ""
    for args in (("show", "payment.success"), ("replay", "payment.success"), ("replay", "a", "0", "0", "--all"),
                 ("replay", "--all"), ("show", "a", "x", "0"), ("list", "a", "b"), ("show", "a", "0", "-1")):
        assert clerk.run(*args).returncode == 2, args
    own_desk.tell("payment.success", "a", key="k")
    place = own_desk.letter("payment.success", "a")
    ran = clerk.run("replay", "payment.success", place.partition, place.offset, "--value", tmp_path / "missing")
    assert ran.returncode == 1 and "cannot be opened" in ran.stderr and ran.stdout == ""


@ONCE
def test_dlq_without_a_broker(name):
    clerk = Clerk({"KAFKA_BROKER": "127.0.0.1:1"})
    for args in (("list",), ("show", "payment.success", 0, 0), ("replay", "payment.success", "--all")):
        ran = clerk.run(*args)
        assert ran.returncode == 1 and "no answer from Kafka at 127.0.0.1:1" in ran.stderr, ran
    ran = Clerk({"KAFKA_BROKER": ""}).run("list")
    assert ran.returncode == 1 and "KAFKA_BROKER is not set" in ran.stderr, ran
