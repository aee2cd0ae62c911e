"""
(xid, seq) is the order in which each booking moved and each seat changed, whichever transaction
was numbered first.
"""

import contextlib
import threading

import pytest

import processes
from test_statement_plans import STATEMENTS

BOOKING = "0197aaaa-0000-7000-8000-000000000001"


@pytest.fixture(scope="module")
def database(cluster):
    made = cluster.database()
    made.migrate()
    return made


@contextlib.contextmanager
def transaction(database):
    """A cursor in an open transaction that has its number."""
    with contextlib.closing(database.connect()) as conn, conn.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        yield cursor, cursor.fetchone()[0]
        cursor.execute("COMMIT")


def move(cursor, kind, booking=BOOKING):
    cursor.execute(f"PREPARE move AS {STATEMENTS['INSERT_JOURNAL']}")
    cursor.execute("EXECUTE move ('{1}', %s, '{ann}', %s, '{r}', '{\"{}\"}')", (f"{{{booking}}}", f"{{{kind}}}"))
    cursor.execute("DEALLOCATE move")


def test_a_later_move_of_an_earlier_transaction_comes_later(database):
    with transaction(database) as (early, early_no):
        with transaction(database) as (late, late_no):
            assert early_no < late_no
            move(late, "booking.paying")
        move(early, "booking.confirmed")
    rows = database.ask("SELECT type, xid::text::bigint FROM journal ORDER BY xid, seq")
    assert [kind for kind, _ in rows] == ["booking.paying", "booking.confirmed"]
    assert all(number >= late_no for _, number in rows)


def test_a_reader_never_passes_a_row_that_is_to_come(database):
    """The number that a row takes is not behind the horizon while its own transaction is open."""
    with transaction(database) as (early, _):
        with transaction(database) as (late, late_no):
            move(late, "booking.paying", booking=BOOKING[:-1] + "2")
        move(early, "booking.confirmed", booking=BOOKING[:-1] + "2")
        horizon = database.ask("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")[0][0]
        assert horizon <= late_no


# --- the order of what becomes of a seat, through the API ---

def test_a_booking_comes_after_the_cancellation_that_made_it_possible(hall, buyer, db, ask):
    """
    It began before: it had locked one seat and waited for another when that was given back.
    """
    place, first, second, replies = hall(rows=1, cols=2), buyer(), buyer(), []
    old = first.book(place, 2).ok(201)["bookingId"]
    thread = threading.Thread(target=lambda: replies.append(second.book(place, 1, 2)))
    with db.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT FROM seat WHERE event_id = %s AND no = 1 FOR UPDATE", (place.number,))
        thread.start()
        processes.wait_for(lambda: processes.waiting(ask), "the booking to wait for seat 1")
        first.delete("bookings/" + old).ok()
        cursor.execute("ROLLBACK")
    thread.join()
    new = replies[0].ok(201)["bookingId"]
    assert ask("SELECT type, booking_id::text FROM journal WHERE event_id = %s AND booking_id IS NOT NULL"
               " ORDER BY xid, seq", place.number) == [
        ("booking.created", old), ("booking.cancelled", old), ("booking.created", new)]
