"""
The checker can fail: every rule of it is shown a database with the bug planted, inside a
transaction that is rolled back, and has to find exactly that bug.
"""

import os
import subprocess
import sys
import uuid

import psycopg2
import pytest

import checker

STRANGER = "0197aaaa-0000-7000-8000-0000000000ff"
FREE = "status = 'free', holder = NULL, hold_until = NULL, booking_id = NULL"
AGAIN = """INSERT INTO booking
               (event_id, id, user_id, status, seats, prices, quantity, total, currency)
           SELECT event_id, gen_random_uuid(), 'twin', status, seats, prices, quantity,
                  total, currency FROM booking WHERE id = %(booking)s"""
TOLD_AGAIN = """INSERT INTO journal (event_id, booking_id, type)
                SELECT event_id, id, 'booking.created' FROM booking
                WHERE user_id = 'twin' AND event_id = %(event)s"""


def became(status):
    return f"UPDATE booking SET status = '{status}' WHERE id = %(booking)s"


def told(kind):
    return f"""INSERT INTO journal (event_id, booking_id, type)
               VALUES (%(event)s, %(booking)s, '{kind}')"""


def seat(no, change):
    return f"UPDATE seat SET {change} WHERE event_id = %(event)s AND no = {no}"


QUEUED = "UPDATE booking SET queued = true WHERE id = %(booking)s"
BEGAN = "UPDATE journal SET type = '{}' WHERE booking_id = %(booking)s"
HELD = "status = 'held', holder = 'x', hold_until = now() - interval '1 hour'"
LISTED = "INSERT INTO hold VALUES (%(event)s, 'x', '{5}', now())"
TOLD_HELD = """INSERT INTO journal (event_id, user_id, type, payload)
               VALUES (%(event)s, 'x', 'seats.held', '{"seats":[5]}')"""
NO_CONSTRAINT = "ALTER TABLE seat DROP CONSTRAINT seat_owner"

# What went wrong: how it is planted, and words of the finding. Seats 1 and 2 are booked, 3 to 8
# are free.
BUGS = {
    "a second booking got the seats, because the row lock was dropped":
        ([AGAIN, TOLD_AGAIN], "I2", "seat 1 is in 2 live bookings at once"),
    "a booking lists one seat twice":
        (["UPDATE booking SET seats = '{1,1}' WHERE id = %(booking)s"], "I2",
         "seat 1 is in 2 live bookings"),
    "a live booking's seat was set free":
        ([seat(1, FREE)], "I2", "lists seat 1, but that seat is free, of nobody"),
    "a live booking's seat went to somebody else":
        ([seat(2, "holder = 'thief'")], "I2", "lists seat 2, but that seat is reserved, of thief"),
    "the seat of an unpaid booking was sold":
        ([seat(1, "status = 'sold', hold_until = NULL")], "I2",
         "lists seat 1, but that seat is sold"),
    "a booking was confirmed, and its seats not sold":
        ([became("confirmed"), told("booking.confirmed")], "I2",
         "lists seat 1, but that seat is reserved"),
    "a booking lists a seat that the hall has not":
        (["""UPDATE booking SET seats = '{1,2,99}', prices = prices || 0, quantity = 3
             WHERE id = %(booking)s"""],
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
    "a held seat is in nobody's list":
        ([seat(5, HELD), TOLD_HELD], "I2", "seat 5 is held by x, but is not listed"),
    "somebody lists a seat that another one holds":
        ([seat(5, HELD), TOLD_HELD, """INSERT INTO hold VALUES (%(event)s, 'y', '{5}', now())"""],
         "I2", "seat 5 is held by x, but is not listed"),
    "a seat is held, and nobody told":
        ([seat(5, HELD), LISTED], "I4", "seat 5 is held, but the journal says that it is free"),
    "a hold was told, and not made":
        ([TOLD_HELD], "I4", "seat 5 is free, but the journal says that it is held"),
    "a hold was set free, and nobody told":
        ([TOLD_HELD, seat(5, FREE)], "I4", "seat 5 is free, but the journal says that it is held"),
    "a seat is gone":
        (["DELETE FROM seat WHERE event_id = %(event)s AND no = 8"], "I2",
         "was made with 8 seats, and has 7"),
    "a total is not the sum of the prices":
        (["UPDATE booking SET total = total + 1 WHERE id = %(booking)s"], "R-40",
         "total 4001, but its prices add up"),
    "a move was not written down":
        ([became("cancelled"), "UPDATE seat SET " + FREE + " WHERE booking_id = %(booking)s"],
         "I3", "is cancelled, but its journal ends with pending"),
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
        ([told("booking.cancelled"), told("booking.created"), told("booking.cancelled"),
          became("cancelled"),
          "UPDATE seat SET " + FREE + " WHERE booking_id = %(booking)s"],
         "I3", "went from cancelled to pending, which is not a legal move"),
    "an unpaid booking was refunded":
        ([told("booking.refunded"), became("refunded"),
          "UPDATE seat SET " + FREE + " WHERE booking_id = %(booking)s"], "I3",
          "went from pending to refunded"),
    "an accepted booking was seated at once":
        ([QUEUED], "I3", "came through /api/booking, and began as booking.created"),
    "a booking began by waiting that nobody lets wait":
        ([BEGAN.format("booking.requested"), told("booking.created")], "I3",
         "came not through /api/booking, and began as booking.requested"),
    "an accepted booking's journal does not say where it is":
        ([QUEUED], "I3", "its journal row booking.created does not say where"),
    "an accepted booking shows fewer positions than it has seats":
        ([QUEUED, """UPDATE booking SET positions = '["A-1"]' WHERE id = %(booking)s"""], "I2",
         'of 2 seats shows the positions ["A-1"]'),
    "a seat was given to a booking that still waits":
        ([QUEUED, BEGAN.format("booking.requested"), became("requested")], "I2",
         "which is requested"),
    "a seat was given to a booking that has failed":
        ([QUEUED, BEGAN.format("booking.requested"), told("booking.failed"), became("failed")],
         "I2", "which is failed"),
    "a row says that the booking was something else before":
        ([told("booking.cancelled"), """UPDATE journal SET payload = '{"from":"paying"}'
           WHERE booking_id = %(booking)s AND type = 'booking.cancelled'"""], "I3",
         "was pending, but booking.cancelled says that it was paying"),
    "a later row has an earlier transaction's number":
        (["""INSERT INTO journal (event_id, booking_id, type, xid)
             VALUES (%(event)s, %(booking)s, 'booking.extended', '3')"""], "I3",
         "booking.extended is read before booking.created, which came first"),
    "the journal forgot a seat":
        (["UPDATE journal SET payload = '{\"seats\":[1]}' WHERE booking_id = %(booking)s"], "I4",
         "seat 2 is reserved, but the journal says that it is free"),
    "the journal speaks of a seat that is nobody's":
        (["UPDATE journal SET payload = '{\"seats\":[1,2,5]}' WHERE booking_id = %(booking)s"],
         "I4", "seat 5 is free, but the journal says that it is reserved"),
    "a seat was given back, and nobody told":
        (["UPDATE booking SET seats = '{1}', prices = '{2000}', quantity = 1, total = 2000"
          " WHERE id = %(booking)s", seat(2, FREE)], "I4",
         "seat 2 is free, but the journal says that it is reserved"),
    "the journal has a type that nobody knows":
        ([told("booking.teleported")], "I3",
         "has a journal row booking.teleported where none can be"),
    "a booking was copied to the archive, and not moved":
        (["INSERT INTO archive_booking SELECT * FROM booking WHERE id = %(booking)s"], "R-28",
         "is in the archive, and live as well"),
    "an event that was archived has bookings":
        (["UPDATE event SET archived_at = now() WHERE id = %(event)s"], "R-28", "but 11 rows are not"),
    "the journal speaks of a booking that is not there":
        ([f"""INSERT INTO journal (event_id, booking_id, type)
              VALUES (%(event)s, '{STRANGER}', 'booking.created')"""],
         "I3", f"speaks of booking {STRANGER}, which does not exist there"),
}


@pytest.fixture
def booked(hall, buyer):
    """A hall of 8 seats, and the id of a booking of seats 1 and 2."""
    place = hall(rows=1, cols=8, price=20.0)
    return place, buyer().book(place, 1, 2).ok(201)["bookingId"]


@pytest.fixture
def bench():
    """A connection whose one transaction is always rolled back."""
    conn = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    yield conn
    conn.rollback()
    conn.close()


@pytest.mark.parametrize("bug", BUGS)
def test_planted_bug_is_found(bug, booked, bench):
    place, booking = booked
    plant, rule, words = BUGS[bug]
    assert checker.findings(bench, place.number, [booking]) == []
    with bench.cursor() as cursor:
        for sql in plant:
            cursor.execute(sql, {"event": place.number, "booking": booking})
            assert cursor.rowcount != 0, f"planted nothing: {sql}"
    found = checker.findings(bench, place.number)
    assert any(line.startswith(rule + ":") and words in line for line in found), found
    bench.rollback()
    assert checker.findings(bench, place.number, [booking]) == []


def test_acknowledged_booking_that_vanished_is_found(booked, bench):
    place, booking = booked
    with bench.cursor() as cursor:
        cursor.execute("DELETE FROM booking WHERE id = %s", (booking,))
    assert f"I1: booking {booking} was acknowledged, but does not exist" in \
        checker.findings(bench, place.number, [booking])


def test_acknowledged_booking_that_never_was_is_found(booked, bench):
    place, booking = booked
    never = str(uuid.uuid4())
    assert checker.findings(bench, place.number, [booking, never]) == \
        [f"I1: booking {never} was acknowledged, but does not exist"]


def test_the_whole_database_is_looked_at_without_an_event(booked, bench):
    place, booking = booked
    with bench.cursor() as cursor:
        cursor.execute(seat(1, FREE), {"event": place.number})
    assert any(f"event {place.number}: booking {booking}" in line
               for line in checker.findings(bench))
    assert checker.findings(bench, place.number + 1_000_000) == []


def test_pending_booking_with_a_past_window_is_live(booked, bench, let_window_pass):
    place, booking = booked
    let_window_pass(place, booking)
    assert checker.findings(bench, place.number) == []


@pytest.mark.parametrize("types, status", [
    (["booking.created"], "pending"),
    (["booking.requested", "booking.created", "booking.confirmed"], "confirmed"),
    (["booking.requested", "booking.failed"], "failed"),
    (["booking.created", "booking.extended", "booking.paying", "booking.payment_failed",
      "booking.paying",
      "booking.confirmed", "refund.requested", "booking.refunded", "refund.completed"], "refunded"),
    (["booking.created", "booking.paying", "booking.expired"], "expired"),
])
def test_misstep_legal_story_has_none(types, status):
    assert checker.misstep(types, status) is None


@pytest.mark.parametrize("types, status", [
    ([], "pending"),
    (["booking.extended", "booking.created"], "pending"),
    (["booking.requested", "booking.confirmed"], "confirmed"),
    (["booking.created", "booking.expired", "booking.cancelled"], "cancelled"),
    (["booking.created", "booking.confirmed", "booking.expired"], "expired"),
    (["booking.created", "booking.failed"], "failed"),
    (["booking.created", "booking.requested"], "requested"),
])
def test_misstep_illegal_story_has_one(types, status):
    assert checker.misstep(types, status)


@pytest.mark.parametrize("types, status, queued, said", [
    (["booking.requested", "booking.created"], "pending", False, ()),
    (["booking.created"], "pending", True, ()),
    (["booking.requested", "booking.created"], "pending", True, [None, "pending"]),
    (["booking.created", "booking.extended", "booking.cancelled"], "cancelled", False,
     [None, "paying", "pending"]),
])
def test_misstep_by_what_else_is_known(types, status, queued, said):
    assert checker.misstep(types, status) is None
    assert checker.misstep(types, status, queued, said)


def run_checker(*args, stdin=""):
    return subprocess.run([sys.executable, checker.__file__, *map(str, args)], input=stdin,
                          text=True,
                          capture_output=True, timeout=120)


def test_a_hold_that_has_ended_is_a_hold_until_somebody_takes_it(booked, bench):
    place, booking = booked
    with bench.cursor() as cursor:
        for sql in (seat(5, HELD), LISTED, TOLD_HELD):
            cursor.execute(sql, {"event": place.number})
    assert checker.findings(bench, place.number, [booking]) == []


def test_command_says_nothing_wrong(booked):
    place, booking = booked
    done = run_checker("--event", place.number, "-", stdin=booking + "\n")
    assert done.returncode == 0, done
    assert done.stdout == "Findings: none. Read: bookings 1, seats 8, journal rows 2.\n"


def test_command_prints_findings_and_ends_with_one(booked, tmp_path):
    place, booking = booked
    never = str(uuid.uuid4())
    (tmp_path / "ids").write_text(f"{booking}\n\n{never}\n")
    done = run_checker("--event", place.number, tmp_path / "ids")
    assert done.returncode == 1, done
    first = done.stdout.splitlines()[0]
    assert first == f"I1: booking {never} was acknowledged, but does not exist"
