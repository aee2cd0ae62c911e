"""
The audit can fail: every rule of it is shown a database with the fault planted, and has to find
just that. The database is a copy of bookings that were made through the API, as they are after
holds, payments, refunds and a cancelled event; every fault is planted in a copy of its own.
"""

import contextlib
import hashlib
import hmac
import io
import itertools
import json
import os
import socket
import time
import types
import uuid

import psycopg2
import pytest

import checker
from processes import wait_for
from rowlock_client import grid, open_hall

STRANGER = "0197aaaa-0000-7000-8000-0000000000ff"
TABLES = ("event", "section", "seat", "booking", "journal", "hold", "payment", "refund", "ticket",
          "event_cancellation")


# --- The scene.

class Till:
    """Pays for bookings, as buyers and the gateway do it."""

    def __init__(self, stack):
        self.gateway = stack.anyone()
        self.secret = os.environ["PAYMENT_WEBHOOK_SECRET"].split(",")[0].encode()

    def initiate(self, who, booking):
        reply = who.post("payments/initiate", {"bookingId": booking})
        assert reply.status == 200, reply
        return reply.json["sessionId"]

    def simulate(self, session, outcome):
        reply = self.gateway.post("payments/simulate/" + session, {"outcome": outcome})
        assert reply.status == 200 and reply.data["webhookStatus"] == 200, reply

    def tell(self, kind, booking, **data):
        """A call-back that no gateway of ours would make."""
        raw = json.dumps({"id": uuid.uuid4().hex, "type": kind, "created": "2026-01-01T00:00:00Z",
                          "data": {"bookingId": booking, **data}}).encode()
        at = str(int(time.time()))
        mac = hmac.new(self.secret, at.encode() + b"." + raw, hashlib.sha256).hexdigest()
        reply = self.gateway.post("payments/webhook", raw,
                                  headers={"X-Gateway-Signature": f"t={at},v1={mac}"})
        assert reply.status == 200, reply

    def pay(self, who, booking, outcome="success"):
        self.simulate(self.initiate(who, booking), outcome)


def make_money(till, hall, buyer):
    """Bookings of a hall that have been through all that can happen to money, by name."""
    def book(*seats):
        who = buyer()
        return who, who.book(hall, *seats).ok(201)["bookingId"]

    made = {}
    who, made["paid"] = book(1, 2)
    till.pay(who, made["paid"])
    who, made["partly"] = book(3)
    till.pay(who, made["partly"])
    assert who.delete("bookings/" + made["partly"]).ok()["status"] == "REFUNDED"
    who, made["wrong"] = book(4)
    till.tell("payment.succeeded", made["wrong"], sessionId=till.initiate(who, made["wrong"]), amount=1.5,
              currency="USD", gatewayRef=uuid.uuid4().hex)
    who, made["failed"] = book(5)
    assert who.post(f"bookings/{made['failed']}/extend", {"minutes": 5}).status == 200
    till.pay(who, made["failed"], "failed")
    who, made["paying"] = book(6)
    till.initiate(who, made["paying"])
    who, made["early"] = book(7)
    till.tell("refund.succeeded", made["early"], sessionId=till.initiate(who, made["early"]), amount=20.0,
              currency="EUR")
    who, made["mock"] = book(8)
    assert who.post(f"/api/booking/{made['mock']}/pay").status == 200
    return made


def dump(conn, events):
    """The rows of events, by table, as COPY writes them."""
    def copied(query):
        text = io.StringIO()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", text)
        return text.getvalue()

    numbers = ", ".join(str(number) for number in events)
    with conn.cursor() as cursor:
        text = {"plan": copied(f"SELECT * FROM plan WHERE id IN (SELECT plan_id FROM event WHERE id IN ({numbers}))")}
        for table in TABLES:
            key = "id" if table == "event" else "event_id"
            text[table] = copied(f"SELECT * FROM {table} WHERE {key} IN ({numbers}) ORDER BY 1, 2")
    return text


def load(database, text):
    """
    Puts rows into another cluster's database. Its transactions have other numbers: those of the
    journal become the first that there can be, in their order.
    """
    with contextlib.closing(database.connect()) as conn, conn.cursor() as cursor:
        for table, rows in text.items():
            cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(rows))
        cursor.execute("""
            WITH ranked AS (SELECT event_id AS e, seq AS s, dense_rank() OVER (ORDER BY xid) AS rank FROM journal)
            UPDATE journal SET xid = (2 + rank)::text::xid8 FROM ranked WHERE event_id = e AND seq = s""")
        for table, column in (("journal", "seq"), ("booking", "number"), ("payment", "number"), ("refund", "number")):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), max({column})) FROM {table}")
        cursor.execute("INSERT INTO cursor (name, xid, seq) SELECT 'redis', max(xid), max(seq) FROM journal")
        cursor.execute("ANALYZE")


@pytest.fixture(scope="module")
def scene(stack, cluster):
    """
    A database to be copied, and who is who in it: event, of 8 seats, with booking, of seats 1 and
    2, and till, of 12, with bookings by name; gone is an event that was cancelled.
    """
    def buyer():
        return stack.buyer("audit-" + uuid.uuid4().hex[:12])

    def hall(cols, **more):
        return open_hall(seller, grid(rows=1, cols=cols, price=20.0), **more)

    seller, till = stack.seller("audit-" + uuid.uuid4().hex[:12]), Till(stack)
    place, shop, gone = hall(8), hall(12, policy={"refundTiers": [{"hours": 1, "percent": 50}]}), hall(4)
    booking = buyer().book(place, 1, 2).ok(201)["bookingId"]
    made = make_money(till, shop, buyer)
    who = buyer()
    made["gone_booking"] = who.book(gone, 1).ok(201)["bookingId"]
    till.pay(who, made["gone_booking"])
    assert seller.post(f"events/{gone.id}/cancel").status in (200, 202)

    conn = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    conn.autocommit = True
    events = [place.number, shop.number, gone.number]
    with contextlib.closing(conn), conn.cursor() as cursor:
        def at_rest():
            cursor.execute("""SELECT (SELECT count(*) FROM refund WHERE event_id = ANY (%(e)s) AND status = 'pending')
                                   + (SELECT count(*) FROM event_cancellation WHERE event_id = ANY (%(e)s)
                                                                                AND finished_at IS NULL)
                                   + (SELECT count(*) FROM booking WHERE event_id = %(gone)s AND status <> 'refunded')""",
                           {"e": events, "gone": gone.number})
            # The gateway does not know the payment in another currency: that refund stays open.
            return cursor.fetchone()[0] == 1
        wait_for(at_rest, "refunds and the cancelled event to be done")
        text = dump(conn, events)
    database = cluster.database()
    database.migrate()
    load(database, text)
    return types.SimpleNamespace(database=database, event=place.number, shop=shop.number, gone=gone.number,
                                 booking=booking, **made)


class Copy:
    """A copy of the scene, to be broken."""

    def __init__(self, scene, database):
        self.scene, self.database = scene, database

    def plant(self, *steps):
        """Runs SQL in which %(booking)s … name what the scene has; each must change something."""
        with contextlib.closing(self.database.connect()) as conn, conn.cursor() as cursor:
            for sql in steps:
                cursor.execute(sql, {key: str(value) for key, value in vars(self.scene).items()})
                assert cursor.rowcount != 0, f"planted nothing: {sql}"

    def run(self, *args, **more):
        return checker.run(*args, DATABASE_URL=self.database.worker_url, **more)

    def findings(self, event=None, acknowledged=()):
        return checker.findings(event, acknowledged, DATABASE_URL=self.database.worker_url)


@pytest.fixture
def copy(scene, cluster):
    database = cluster.database(template=scene.database)
    yield Copy(scene, database)
    database.drop()


# --- Faults.

FREE = "status = 'free', holder = NULL, hold_until = NULL, booking_id = NULL"
AGAIN = """INSERT INTO booking
               (event_id, id, user_id, status, seats, prices, quantity, total, currency)
           SELECT event_id, gen_random_uuid(), 'twin', status, seats, prices, quantity,
                  total, currency FROM booking WHERE id = %(booking)s"""
TOLD_AGAIN = """INSERT INTO journal (event_id, booking_id, type)
                SELECT event_id, id, 'booking.created' FROM booking
                WHERE user_id = 'twin' AND event_id = %(event)s"""


def became(status, booking="booking"):
    return f"UPDATE booking SET status = '{status}' WHERE id = %({booking})s"


def told(kind, booking="booking", payload="{}"):
    return f"""INSERT INTO journal (event_id, booking_id, type, payload)
               SELECT event_id, id, '{kind}', '{payload}' FROM booking WHERE id = %({booking})s"""


def seat(no, change, event="event"):
    return f"UPDATE seat SET {change} WHERE event_id = %({event})s AND no = {no}"


def set_booking(change, booking="booking"):
    return f"UPDATE booking SET {change} WHERE id = %({booking})s"


def set_payment(change, booking):
    return f"UPDATE payment SET {change} WHERE booking_id = %({booking})s"


def set_refund(change, booking):
    return f"UPDATE refund SET {change} WHERE booking_id = %({booking})s"


def forget(kind, booking):
    return f"DELETE FROM journal WHERE booking_id = %({booking})s AND type = '{kind}'"


def pay_again(status="completed", trouble="NULL"):
    return f"""INSERT INTO payment (event_id, id, booking_id, provider, amount, currency, status, captured,
                                    captured_currency, trouble)
               SELECT event_id, gen_random_uuid(), booking_id, provider, amount, currency, '{status}', captured,
                      captured_currency, {trouble} FROM payment WHERE booking_id = %(paid)s"""


def give_back(booking, amount, status="completed", reason="MISTAKE"):
    return f"""INSERT INTO refund (event_id, id, booking_id, payment_id, amount, currency, status, reason)
               SELECT event_id, '{STRANGER}', booking_id, id, {amount}, currency, '{status}', '{reason}'
               FROM payment WHERE booking_id = %({booking})s"""


def told_refund(kind, booking):
    return told(kind, booking, f'{{"refundId":"{STRANGER}"}}')


def check_in(no, ref="b.ticket_ref || '-' || array_position(b.seats, {no})", at="now()", booking="paid"):
    return f"""INSERT INTO ticket (ref, event_id, booking_id, seat, checked_in_at, checked_in_by)
               SELECT {ref.format(no=no)}, event_id, id, {no}, {at}, 'door' FROM booking b WHERE id = %({booking})s"""


QUEUED = set_booking("queued = true")
BEGAN = "UPDATE journal SET type = '{}' WHERE booking_id = %(booking)s"
HELD = "status = 'held', holder = 'x', hold_until = now() - interval '1 hour'"
LISTED = "INSERT INTO hold VALUES (%(event)s, 'x', '{5}', now() - interval '2 hours')"
TOLD_HELD = """INSERT INTO journal (event_id, user_id, type, payload)
               VALUES (%(event)s, 'x', 'seats.held', '{"seats":[5]}')"""
NO_CONSTRAINT = "ALTER TABLE seat DROP CONSTRAINT seat_owner"
FREED = f"UPDATE seat SET {FREE} WHERE booking_id = %(booking)s"

# What went wrong: how it is planted, the rule, and words of the finding. Of the event, seats 1 and
# 2 are booked, 3 to 8 are free.
FAULTS = {
    # I2
    "a second booking got the seats, because the row lock was dropped":
        ([AGAIN, TOLD_AGAIN], "I2", "seat 1 is in 2 live bookings at once"),
    "a booking lists one seat twice":
        ([set_booking("seats = '{1,1}'")], "I2", "seat 1 is in 2 live bookings"),
    "a live booking's seat was set free":
        ([seat(1, FREE)], "I2", "lists seat 1, but that seat is free, of no user"),
    "a live booking's seat went to somebody else":
        ([seat(2, "holder = 'thief'")], "I2", "lists seat 2, but that seat is reserved, of thief"),
    "the seat of an unpaid booking was sold":
        ([seat(1, "status = 'sold', hold_until = NULL")], "I2",
         "lists seat 1, but that seat is sold"),
    "a booking was confirmed, and its seats not sold":
        ([became("confirmed"), told("booking.confirmed")], "I2",
         "lists seat 1, but that seat is reserved"),
    "a booking lists a seat that the hall has not":
        ([set_booking("seats = '{1,2,99}', prices = prices || 0, quantity = 3")],
         "I2", "lists seat 99, but that seat is not in the hall"),
    "a cancelled booking kept its seats":
        ([became("cancelled"), told("booking.cancelled")], "I2", "which is cancelled"),
    "an expired booking kept its seats":
        ([became("expired"), told("booking.expired")], "I2", "which is expired"),
    "a seat belongs to no booking":
        ([seat(5, f"status = 'reserved', holder = 'x', booking_id = '{STRANGER}'")],
         "I2", f"seat 5 (reserved) belongs to booking {STRANGER}, which does not exist"),
    "a seat belongs to a booking that does not list it":
        ([seat(5, "status = 'reserved', holder = 'x', booking_id = %(booking)s")],
         "I2", "which does not list it"),
    "a free seat has a holder":
        ([NO_CONSTRAINT, seat(6, "holder = 'ghost'")], "I2", "seat 6 is free, with holder ghost"),
    "a free seat has an end":
        ([NO_CONSTRAINT, seat(6, "hold_until = now()")], "I2", "seat 6 is free, with holder none"),
    "a free seat has a booking":
        ([NO_CONSTRAINT, seat(6, f"booking_id = '{STRANGER}'")], "I2",
         "seat 6 (free) belongs to booking"),
    "a house seat has a holder":
        ([NO_CONSTRAINT, seat(7, "status = 'blocked', holder = 'ghost'")], "I2",
         "seat 7 is blocked"),
    "a held seat has no end":
        ([NO_CONSTRAINT, seat(7, "status = 'held', holder = 'x'")], "I2",
         "seat 7 is held, with holder x"),
    "a sold seat has no owner":
        ([NO_CONSTRAINT, seat(8, "status = 'sold'")], "I2", "seat 8 is sold, with holder none"),
    "a sold seat is sold for a while":
        ([NO_CONSTRAINT, seat(1, "hold_until = now()", "shop")], "I2", "seat 1 is sold, with holder"),
    "a held seat is in nobody's list":
        ([seat(5, HELD), TOLD_HELD], "I2", "seat 5 is held by x, but is not listed"),
    "somebody lists a seat that another one holds":
        ([seat(5, HELD), TOLD_HELD, """INSERT INTO hold VALUES (%(event)s, 'y', '{5}', now())"""],
         "I2", "seat 5 is held by x, but is not listed"),
    "a seat ends before its holder's list is looked at":
        ([seat(5, HELD), TOLD_HELD, LISTED, "UPDATE hold SET expires_at = now() + interval '2 hours'"],
         "I2", "seat 5 is held by x, but no sweep looks when it ends, but at "),
    "a seat is gone":
        (["DELETE FROM seat WHERE event_id = %(event)s AND no = 8"], "I2",
         "was made with 8 seats, and has 7"),
    "all seats are gone":
        (["DELETE FROM seat WHERE event_id = %(gone)s"], "I2", "was made with 4 seats, and has 0"),
    "an accepted booking shows fewer positions than it has seats":
        ([QUEUED, set_booking("""positions = '["A-1"]'""")], "I2",
         'of 2 seats shows the positions ["A-1"]'),
    "an accepted booking shows no list of positions":
        ([QUEUED, set_booking("""positions = '{"A": 1}'""")], "I2", 'of 2 seats shows the positions {"A": 1}'),
    "a seat was given to a booking that still waits":
        ([QUEUED, BEGAN.format("booking.requested"), became("requested")], "I2",
         "which is requested"),
    "a seat was given to a booking that has failed":
        ([QUEUED, BEGAN.format("booking.requested"), told("booking.failed"), became("failed")],
         "I2", "which is failed"),
    # I3
    "a move was not written down":
        ([became("cancelled"), FREED], "I3", "is cancelled, but its journal ends with pending"),
    "a move was written down, and not made":
        ([told("booking.cancelled")], "I3", "is pending, but its journal ends with cancelled"),
    "the journal forgot a booking":
        (["DELETE FROM journal WHERE booking_id = %(booking)s"], "I3", "has no journal row at all"),
    "the journal begins in the middle":
        (["UPDATE journal SET type = 'booking.paying' WHERE booking_id = %(booking)s"],
         "I3", "went from nothing to paying"),
    "a booking was created twice":
        ([told("booking.created")], "I3", "went from pending to pending"),
    "a cancelled booking came back":
        ([told("booking.cancelled"), told("booking.confirmed"), told("booking.refunded"),
          became("refunded"), FREED],
         "I3", "went from cancelled to confirmed, which is not a legal move"),
    "an unpaid booking was refunded":
        ([told("booking.refunded"), became("refunded"), FREED], "I3",
         "went from pending to refunded"),
    "a row between two moves does not hide that the second is none":
        ([told("booking.extended"), told("booking.created")], "I3", "went from pending to pending"),
    "an accepted booking was seated at once":
        ([QUEUED], "I3", "came through /api/booking, and began as booking.created"),
    "a booking began by waiting that nobody lets wait":
        ([BEGAN.format("booking.requested"), told("booking.created")], "I3",
         "came not through /api/booking, and began as booking.requested"),
    "an accepted booking's journal does not say where it is":
        ([QUEUED], "I3", "its journal row booking.created does not say where"),
    "a row says that the booking was something else before":
        ([told("booking.cancelled", payload='{"from":"paying"}')], "I3",
         "was pending, but booking.cancelled says that it was paying"),
    "a row of a new booking says that it was something before":
        (["UPDATE journal SET payload = payload || '{\"from\":\"pending\"}' WHERE booking_id = %(booking)s"], "I3",
         "was nothing, but booking.created says that it was pending"),
    "a row between two others is gone":
        ([forget("booking.paying", "paid")], "I3", "was pending, but booking.confirmed says that it was paying"),
    "a later row has an earlier transaction's number":
        (["""INSERT INTO journal (event_id, booking_id, type, xid)
             VALUES (%(event)s, %(booking)s, 'booking.extended', '2')"""], "I3",
         "booking.extended is read before booking.created, which came first"),
    "the journal has a type that nobody knows":
        ([told("booking.teleported")], "I3",
         "has a journal row booking.teleported where none can be"),
    "a booking was copied to the archive, and not moved":
        (["INSERT INTO archive_booking SELECT * FROM booking WHERE id = %(booking)s"], "R-28",
         "is in the archive, and live as well"),
    "an event that was archived has bookings":
        (["UPDATE event SET archived_at = now() WHERE id = %(event)s"], "R-28", "but 11 rows are not"),
    "the journal begins with something that is no move":
        ([BEGAN.format("refund.requested")], "I3", "has a journal row refund.requested where none can be"),
    "the journal speaks of a booking that is not there":
        ([f"""INSERT INTO journal (event_id, booking_id, type)
              VALUES (%(event)s, '{STRANGER}', 'booking.created')"""],
         "I3", f"speaks of booking {STRANGER}, which does not exist there"),
    # I4
    "the journal forgot a seat":
        (["UPDATE journal SET payload = '{\"seats\":[1]}' WHERE booking_id = %(booking)s"], "I4",
         "seat 2 is reserved, but the journal says that it is free"),
    "the journal speaks of a seat that is nobody's":
        (["UPDATE journal SET payload = '{\"seats\":[1,2,5]}' WHERE booking_id = %(booking)s"],
         "I4", "seat 5 is free, but the journal says that it is reserved"),
    "a seat was given back, and nobody told":
        ([set_booking("seats = '{1}', prices = '{2000}', quantity = 1, total = 2000"), seat(2, FREE)], "I4",
         "seat 2 is free, but the journal says that it is reserved"),
    "a seat is held, and nobody told":
        ([seat(5, HELD), LISTED], "I4", "seat 5 is held, but the journal says that it is free"),
    "a hold was told, and not made":
        ([TOLD_HELD], "I4", "seat 5 is free, but the journal says that it is held"),
    "what was told last of a seat is read first":
        (["""INSERT INTO journal (event_id, type, payload, xid)
             VALUES (%(event)s, 'seats.released', '{"seats":[1]}', (SELECT max(xid) FROM journal)),
                    (%(event)s, 'booking.created', '{"seats":[1]}', '2')"""], "I4",
         "seat 1 is reserved, but the journal says that it is free"),
    "a cursor is ahead of all rows":
        (["UPDATE cursor SET seq = seq + 1"], "I4", "the cursor of redis is at"),
    "a cursor is ahead of all transactions":
        (["UPDATE cursor SET xid = '99999999', seq = 0"], "I4", "the cursor of redis is at 99999999-0"),
    "the journal comes from another database":
        (["UPDATE journal SET xid = '99999999' WHERE booking_id = %(booking)s"], "I4",
         "bear numbers of transactions up to 99999999"),
    # bookings by themselves
    "a total is not the sum of the prices":
        ([set_booking("total = total + 1")], "R-40", "total 4001, but its prices add up to 4000"),
    "a confirmed booking has no ticket reference":
        ([set_booking("ticket_ref = NULL", "paid")], "R-47", "is confirmed, but has no ticket reference"),
    "a confirmed booking was paid at no time":
        ([set_booking("paid_at = NULL", "paid")], "R-47", "is confirmed, but has no time of payment"),
    "a confirmed booking can still expire":
        ([set_booking("expires_at = now()", "paid")], "R-47", "is confirmed, but its payment window ends at"),
    "an unpaid booking has a ticket reference":
        ([set_booking("ticket_ref = 'FREE-RIDE'")], "R-47", "is pending, but has a ticket reference"),
    "nobody knows since when a booking is being paid":
        ([set_booking("paying_since = NULL", "paying")], "R-27", "is paying, but since an unknown time"),
    "a booking is being paid without a payment":
        ([set_payment("status = 'failed'", "paying")], "R-27", "is paying, but no payment is under way"),
    "an extension was not counted":
        ([set_booking("extensions = 0", "failed")], "R-24", "has 0 extensions, but its journal tells of 1"),
    "an extension was not written down":
        ([forget("booking.extended", "failed")], "R-24", "has 1 extensions, but its journal tells of 0"),
    "an attempt that failed was not counted":
        ([set_booking("attempts = 0", "failed")], "R-25",
         "has 0 attempts to pay that failed, but its journal tells of 1"),
    "a fourth attempt was let fail":
        ([set_booking("attempts = 4", "failed"),
          told("booking.payment_failed", "failed", '{"attempt":4}')], "R-25", "only 3 are allowed"),
    # tickets
    "somebody was let in to a seat of another booking":
        ([check_in(3, "b.ticket_ref")], "R-47", "seat 3 of booking %(paid)s was checked in, but the booking does not"),
    "somebody was let in without having paid":
        ([check_in(1, "'FREE-RIDE'", booking="booking")], "R-47", "but the booking has never been confirmed"),
    "somebody was let in with a ticket of his own making":
        ([check_in(1, "'FREE-RIDE'")], "R-47", "but with a ticket that is not its own"),
    "somebody was let in with the ticket of his neighbour":
        ([check_in(1, "b.ticket_ref || '-2'")], "R-47", "but with a ticket that is not its own"),
    "somebody was let in after he had given his seat back":
        ([check_in(3, "b.ticket_ref", "now() + interval '1 day'", "partly")], "R-47",
         "but after the booking had ended"),
    "somebody was let in who is not in the book":
        ([f"INSERT INTO ticket VALUES ('X', %(event)s, '{STRANGER}', 1, now(), 'door')"], "R-47",
         "but there is no such booking"),
    "two were let in on one ticket":
        (["ALTER TABLE ticket DROP CONSTRAINT ticket_pkey", check_in(1), check_in(1)], "R-47", "but more than once"),
    # events
    "a cancelled event has a live booking":
        (["UPDATE booking SET status = 'pending' WHERE id = %(gone_booking)s"], "R-46",
         "was cancelled, but 1 of its bookings have not ended"),
    "seats of a cancelled event are held":
        ([seat(2, "status = 'held', holder = 'x', hold_until = now() + interval '1 hour'", "gone")], "R-46",
         "was cancelled, but 1 of its seats are held"),
    "a cancelled event is on sale again":
        (["UPDATE event SET status = 'on_sale' WHERE id = %(gone)s"], "R-46",
         "is on_sale, but its bookings are being cancelled"),
    # I5, payments
    "a payment is for no booking":
        ([set_payment(f"booking_id = '{STRANGER}'", "paying")], "R-44",
         f"is for booking {STRANGER}, which does not exist"),
    "nobody knows what a payment captured":
        ([set_payment("captured = NULL", "paid")], "R-44", "is completed, but the captured amount is missing"),
    "nobody knows in which currency a payment was captured":
        ([set_payment("captured_currency = NULL", "partly")], "R-44",
         "is refunded, but the captured amount is missing"),
    "a payment that is not completed captured something":
        ([set_payment("captured = 2000, captured_currency = 'EUR'", "paying")], "R-44",
         "is pending, but 2000 was captured"),
    "a payment in trouble was kept":
        ([set_payment("status = 'completed'", "wrong")], "R-44", "does not pay for its booking (WRONG_AMOUNT)"),
    "a payment does not know of its refund":
        ([set_payment("status = 'completed'", "partly")], "R-44", "is completed, but has refunds"),
    "a payment is refunded without a refund":
        ([set_payment("status = 'refunded'", "paid")], "R-44", "is refunded, but has no refund"),
    "more was given back than was captured":
        ([set_refund("amount = 2001", "partly")], "R-44", "captured 2000 EUR, but gave 2001 back"),
    "a refund gives nothing back that is known":
        ([set_refund(f"payment_id = '{STRANGER}'", "partly")], "R-44",
         f"gives back payment {STRANGER}, which does not exist"),
    "a refund gives another booking's money back":
        ([set_refund("booking_id = %(paid)s", "partly")], "R-44", "gives back a payment of"),
    "a refund gives back what was not captured":
        ([set_refund("reason = 'USER_CANCELLED'", "early")], "R-44", "which has captured nothing"),
    "a refund is in another currency than its payment":
        ([set_refund("currency = 'JPY'", "wrong")], "R-44", "is in JPY, but its payment was in USD"),
    # I5, the formula
    "a booking was confirmed for less":
        ([set_payment("captured = 3999", "paid")], "R-44", "4000 EUR of its money should be here, not 3999"),
    "a booking was confirmed for money in another currency":
        ([set_payment("captured_currency = 'USD'", "paid")], "R-44", "4000 EUR of its money should be here, not 0"),
    "a booking was confirmed without a payment":
        (["DELETE FROM payment WHERE booking_id = %(paid)s"], "R-44",
         "4000 EUR of its money should be here, not 0"),
    "a booking was given money back and stayed confirmed":
        ([give_back("paid", 1000, "pending")], "R-44", "4000 EUR of its money should be here, not 3000"),
    "a refund was made twice":
        ([give_back("partly", 1000)], "R-44", "1000 EUR of its money should be here, not 0"),
    "a refund was forgotten":
        (["DELETE FROM refund WHERE booking_id = %(partly)s"], "R-44",
         "1000 EUR of its money should be here, not 2000"),
    "the money of a booking that cannot have it was not given back":
        (["DELETE FROM refund WHERE booking_id = %(wrong)s"], "R-44", "no money in USD should be here, not 150"),
    "an unpaid booking has money":
        ([set_payment("status = 'completed', captured = 2000, captured_currency = 'EUR'", "failed")], "R-44",
         "is pending, and 0 EUR of its money should be here, not 2000"),
    "more is said to be kept than is there":
        ([set_booking("kept = 1500", "partly")], "R-44", "1500 EUR of its money should be here, not 1000"),
    "an unpaid booking keeps something":
        ([set_booking("kept = 1")], "R-26", "of 4000 is pending, but 1 is said to be kept"),
    "more is kept than there was to pay":
        ([set_booking("kept = 2001", "partly")], "R-26", "of 2000 is refunded, but 2001 is said to be kept"),
    # I5, one effect
    "a booking was paid for twice":
        ([pay_again()], "R-41", "was paid for 2 times, and confirmed 1 times"),
    "a payment had no effect":
        ([set_payment("trouble = NULL", "wrong")], "R-41", "was paid for 1 times, and confirmed 0 times"),
    "a payment had its effect twice":
        ([told("booking.refunded", "paid"), told("booking.confirmed", "paid")], "R-41",
         "was paid for 1 times, and confirmed 2 times"),
    "nobody was told of a refund":
        ([forget("refund.completed", "partly")], "R-41", "is completed, but completed 0 times"),
    "nobody was told that a refund is under way":
        ([forget("refund.requested", "wrong")], "R-41", "(WRONG_AMOUNT) was asked for 0 times"),
    "a refund was told twice":
        ([give_back("paid", 1), told_refund("refund.requested", "paid"), told_refund("refund.completed", "paid"),
          told_refund("refund.completed", "paid")], "R-41", "is completed, but completed 2 times"),
    "a refund was told that is not done":
        ([set_refund("status = 'pending'", "partly")], "R-41", "is pending, but completed 1 times"),
    "a refund was told that is none":
        ([told_refund("refund.requested", "paid")], "R-41", f"refund {STRANGER} is in the journal, but does not"),
}


def test_nothing_is_wrong_before_anything_is_planted(copy):
    assert copy.findings(acknowledged=[copy.scene.booking]) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_found(fault, copy):
    plant, rule, words = FAULTS[fault]
    copy.plant(*plant)
    words = words % vars(copy.scene) if "%(" in words else words
    found = copy.findings()
    assert any(line.startswith(rule + ":") and words in line for line in found), found


def test_fault_of_another_event_is_not_looked_at(copy):
    copy.plant(seat(1, FREE), set_payment("captured = 3999", "paid"))
    assert copy.findings(copy.scene.gone) == []
    assert {line.split(":")[0] for line in copy.findings(copy.scene.event)} == {"I2", "I4"}
    assert {line.split(":")[0] for line in copy.findings(copy.scene.shop)} == {"R-44"}
    assert len(copy.findings()) == len(copy.findings(copy.scene.event)) + len(copy.findings(copy.scene.shop))


# --- What is no fault.

FINE = {
    "a pending booking whose window has passed is live until somebody expires it (R-11)":
        [set_booking("expires_at = now() - interval '1 hour'"), seat(1, "hold_until = now() - interval '1 hour'")],
    "a hold that has ended is a hold until somebody takes the seat (R-11)":
        [seat(5, HELD), LISTED, TOLD_HELD],
    "a hold that somebody else took over, and gave back":
        [LISTED.replace("'x'", "'y'"), TOLD_HELD, TOLD_HELD.replace("'x'", "'y'"),
         TOLD_HELD.replace("held", "released")],
    "a held seat that was booked":
        ["UPDATE journal SET seq = DEFAULT, xid = (SELECT max(xid) FROM journal) WHERE booking_id = %(booking)s",
         """INSERT INTO journal (event_id, type, payload, xid) VALUES (%(event)s, 'seats.held', '{"seats":[1,2]}', '3')"""],
    "a payment that is late finds its seats still free (R-42)":
        [told("booking.expired", payload='{"from":"pending"}'), told("booking.confirmed", payload='{"from":"expired","seats":[1,2]}'),
         set_booking("status = 'confirmed', ticket_ref = 'T', paid_at = now(), expires_at = NULL"),
         "UPDATE seat SET status = 'sold', hold_until = NULL WHERE booking_id = %(booking)s",
         """INSERT INTO payment (event_id, id, booking_id, provider, amount, currency, status, captured, captured_currency)
            SELECT event_id, gen_random_uuid(), id, 'gateway', total, currency, 'completed', total, currency
            FROM booking WHERE id = %(booking)s"""],
    "a refund that was refused for good is owed":
        [set_refund("status = 'failed'", "wrong")],
    "an operator asks for it anew":
        [told("refund.requested", "wrong", '{"again":true}'),
         """UPDATE journal SET payload = payload || jsonb_build_object('refundId', (SELECT id FROM refund
            WHERE booking_id = %(wrong)s)) WHERE booking_id = %(wrong)s AND payload ? 'again'"""],
    "one that was made by hand is not":
        [set_refund("status = 'failed'", "wrong"), give_back("wrong", 150, reason="GATEWAY_REFUND"),
         set_refund("currency = 'USD'", "wrong"), told_refund("refund.completed", "wrong")],
    "a booking that costs nothing is confirmed without a payment":
        ["DELETE FROM payment WHERE booking_id = %(paid)s", set_booking("prices = '{0,0}', total = 0", "paid")],
    "everybody of a booking was let in":
        [check_in(1), check_in(2), check_in(8, "b.ticket_ref", booking="mock")],
    "somebody was let in, and gave his seat back later":
        [check_in(3, "b.ticket_ref", "now() - interval '1 day'", "partly")],
    "a payment of nothing was given back":
        [set_refund("status = 'failed'", "wrong"), "DELETE FROM refund WHERE booking_id = %(wrong)s",
         "DELETE FROM journal WHERE booking_id = %(wrong)s AND type LIKE 'refund.%%'",
         set_payment("captured = 0", "wrong")],
    "a reader has not begun":
        ["UPDATE cursor SET xid = pg_snapshot_xmin(pg_current_snapshot()), seq = 0"],
    "rows that nobody understands":
        ["""INSERT INTO journal (event_id, type, payload) VALUES (%(event)s, 'seats.held', '[1, 2]'),
            (%(event)s, 'seats.held', '{"seats": "all"}'), (%(event)s, 'seats.released', '{"seats": ["1e9", {}, null]}'),
            (%(event)s, 'aisle.swept', '{}')"""],
}


@pytest.mark.parametrize("what", FINE)
def test_what_is_no_fault_is_not_found(what, copy):
    copy.plant(*FINE[what])
    assert copy.findings() == []


# --- The moves of R-1, every one from every state.

MOVES = {  # type of the row, reason if it matters: the state that it leads to
    ("booking.requested", None): "requested", ("booking.created", None): "pending",
    ("booking.paying", None): "paying", ("booking.payment_failed", None): "pending",
    ("booking.confirmed", None): "confirmed", ("booking.cancelled", "USER_CANCELLED"): "cancelled",
    ("booking.cancelled", "PAYMENT_FAILED"): "unpaid", ("booking.expired", None): "expired",
    ("booking.failed", None): "failed", ("booking.refunded", None): "refunded",
}
LEGAL = {
    None: {"requested", "pending"},
    "requested": {"pending", "failed", "cancelled", "unpaid"},
    "pending": {"paying", "confirmed", "cancelled", "unpaid", "expired"},
    "paying": {"confirmed", "pending", "cancelled", "unpaid", "expired"},
    "confirmed": {"refunded", "cancelled", "unpaid"},
    "expired": {"confirmed"},  # R-42, as the next one
    "unpaid": {"confirmed"},
    "cancelled": set(), "failed": set(), "refunded": set(),
}
MOVE = {state: move for move, state in MOVES.items() if move[0] != "booking.payment_failed"}
WAY = {  # how to get into a state
    None: [], "requested": ["requested"], "pending": ["pending"], "paying": ["pending", "paying"],
    "confirmed": ["pending", "confirmed"], "cancelled": ["pending", "cancelled"],
    "unpaid": ["pending", "paying", "unpaid"], "expired": ["pending", "expired"],
    "failed": ["requested", "failed"], "refunded": ["pending", "confirmed", "refunded"],
}
STORIES = list(itertools.product(WAY, MOVES))


@pytest.fixture(scope="module")
def told_stories(cluster, scene):
    """{(state, move): what the audit says of the booking that is in the state and makes the move}"""
    database = cluster.database(template=scene.database)
    ids = {story: str(uuid.uuid4()) for story in STORIES}
    with contextlib.closing(database.connect()) as conn, conn.cursor() as cursor:
        for (before, move), booking in ids.items():
            rows = [MOVE[state] for state in WAY[before]] + [move]
            after = MOVES[move].replace("unpaid", "cancelled")
            cursor.execute("""INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total,
                                                   currency, queued)
                              VALUES (%s, %s, 'x', %s, '{1}', '{1}', 1, 1, 'EUR', %s)""",
                           (scene.event, booking, after, rows[0][0] == "booking.requested"))
            for kind, reason in rows:
                cursor.execute("INSERT INTO journal (event_id, booking_id, type, payload) VALUES (%s, %s, %s, %s)",
                               (scene.event, booking, kind, json.dumps({"reason": reason, "queue": {
                                   "section": None, "subsection": None, "positions": []}})))
    found = [line for line in checker.findings(DATABASE_URL=database.worker_url) if line.startswith("I3:")]
    database.drop()
    return {story: [line for line in found if booking in line] for story, booking in ids.items()}


@pytest.mark.parametrize("before, move", STORIES)
def test_moves_that_are_legal_and_no_others(before, move, told_stories):
    found, after = told_stories[before, move], MOVES[move]
    begin, end = (str(state or "nothing").replace("unpaid", "cancelled") for state in (before, after))
    if after not in LEGAL[before]:
        assert len(found) == 1, found
        assert f"went from {begin} to {end}, which is not a legal move" in found[0]
    elif after == "pending" and (before == "paying") != (move[0] == "booking.payment_failed"):
        assert len(found) == 1 and f"and {move[0]} says so, which tells of something else" in found[0], found
    else:
        assert found == []


# --- The command.

def test_command_says_that_nothing_is_wrong(copy):
    done = copy.run("--event", copy.scene.event, "-", acknowledged=[copy.scene.booking])
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout == "1 booking, 8 seats, 2 journal rows, 0 payments: clean\n"


def test_command_adds_up_the_money_of_each_currency(copy):
    copy.plant(set_refund("status = 'failed'", "wrong"))
    done = copy.run("--event", copy.scene.shop)
    assert done.returncode == 0, done
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "EUR: captured 80.00, refunded 10.00, refunds pending 0.00, refunds refused 0.00, kept 10.00, confirmed 60.00",
        "USD: captured 1.50, refunded 0.00, refunds pending 0.00, refunds refused 1.50, kept 0.00, confirmed 0.00"]
    assert lines[2].startswith("7 bookings, 12 seats, ") and lines[2].endswith(" 7 payments: clean")


def test_command_prints_findings_and_ends_with_one(copy, tmp_path):
    never = str(uuid.uuid4())
    copy.plant(set_booking("total = 1"))
    (tmp_path / "ids").write_text(f"{copy.scene.booking}\n\n {never.upper()} \r\n")
    done = copy.run("--event", copy.scene.event, tmp_path / "ids")
    assert done.returncode == 1, done
    lines = done.stdout.splitlines()
    assert lines[0] == f"I1: booking {never} was acknowledged, but does not exist"
    assert lines[1].startswith("R-40: ") and lines[-1].endswith("0 payments: 2 findings")


def test_acknowledged_booking_that_vanished_is_found(copy):
    copy.plant("DELETE FROM booking WHERE id = %(booking)s")
    assert f"I1: booking {copy.scene.booking} was acknowledged, but does not exist" in \
        copy.findings(acknowledged=[copy.scene.paid, copy.scene.booking])


def test_acknowledged_bookings_are_looked_up_in_every_event(copy):
    assert copy.findings(copy.scene.gone, [copy.scene.booking, copy.scene.paid]) == []


def test_many_acknowledged_bookings(copy, tmp_path):
    never = [str(uuid.uuid4()) for _ in range(25_000)]
    (tmp_path / "a").write_text("\n".join(never[:12_000]))
    (tmp_path / "b").write_text("\n".join([copy.scene.booking, *never[12_000:]]) + "\n")
    done = copy.run("--limit", 3, tmp_path / "a", tmp_path / "b")
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[:3] == [
        f"I1: booking {one} was acknowledged, but does not exist" for one in never[:3]]
    assert lines[3] == "… and 24997 more" and lines[-1].endswith(": 25000 findings")


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_limit_is_of_all_rules_together(limit, copy):
    copy.plant(seat(1, FREE), seat(2, FREE))
    everything = copy.findings()
    assert len(everything) == 4
    done = copy.run("--limit", limit)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and lines[:limit] == everything[:limit]
    assert lines[limit] == f"… and {4 - limit} more" and lines[-1].endswith(": 4 findings")


@pytest.mark.parametrize("args, words", [
    (["--event", "0"], "--event must be a whole number"),
    (["--event", "one"], "--event must be a whole number"),
    (["--event", "2000000000"], "could not look: "),
    (["--limit", "-1"], "--limit must be a whole number"),
    (["--all"], "--all: no such option"),
    (["/nowhere/ids"], "/nowhere/ids: cannot be opened"),
    (["/"], "/: cannot be read"),
])
def test_what_cannot_be_looked_at_ends_with_two(args, words, copy):
    done = copy.run(*args)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert words in done.stderr


@pytest.mark.parametrize("line", ["x", "0197aaaa-0000-7000-8000-0000000000f", "seat 5"])
def test_a_line_that_is_no_id_ends_with_two(line, copy):
    done = copy.run("-", acknowledged=[copy.scene.booking, "", line])
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr == "rowlockctl: -: line 3 is not the id of a booking\n"


def test_no_database_ends_with_two(copy):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        done = checker.run(DATABASE_URL=f"postgresql://x@127.0.0.1:{nobody.getsockname()[1]}/x")
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "could not look: " in done.stderr


def test_no_tables_end_with_two(scratch):
    done = checker.run(DATABASE_URL=scratch.worker_url)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "could not look: " in done.stderr and "does not exist" in done.stderr


def test_findings_before_the_end_are_no_clean_bill(copy):
    """Half a look is none: what was found is said, and the exit status is that of a failure."""
    copy.plant(seat(1, FREE), "ALTER TABLE refund RENAME COLUMN reason TO cause")
    done = copy.run()
    assert done.returncode == 2 and done.stdout.startswith("I2: "), done
    assert "clean" not in done.stdout and "finding" not in done.stdout.splitlines()[-1]


def test_it_changes_nothing_and_waits_for_nobody(copy):
    """Somebody has locked all that there is to lock."""
    with contextlib.closing(copy.database.connect()) as conn, conn.cursor() as cursor:
        conn.autocommit = False
        for table in ("booking", "seat", "journal", "payment", "refund"):
            cursor.execute(f"UPDATE {table} SET event_id = event_id")
        assert copy.findings() == []
        conn.rollback()
