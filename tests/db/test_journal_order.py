"""(xid, seq) is the order in which each booking moved, whichever transaction was numbered first."""

import contextlib

import pytest

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


def move(cursor, kind, statement="INSERT_MOVES", booking=BOOKING):
    cursor.execute(f"PREPARE move AS {STATEMENTS[statement]}")
    cursor.execute("EXECUTE move ('{1}', %s, '{ann}', %s, '{r}', '{\"{}\"}')", (f"{{{booking}}}", f"{{{kind}}}"))
    cursor.execute("DEALLOCATE move")


def test_a_later_move_of_an_earlier_transaction_comes_later(database):
    with transaction(database) as (early, early_no):
        with transaction(database) as (late, late_no):
            assert early_no < late_no
            move(late, "booking.paying")
        move(early, "booking.confirmed")
    rows = database.ask("SELECT type, xid::text::bigint FROM journal ORDER BY xid, seq")
    assert rows == [("booking.paying", late_no), ("booking.confirmed", late_no)]


def test_a_reader_never_passes_a_row_that_is_to_come(database):
    """The number that a row takes is not behind the horizon while its own transaction is open."""
    with transaction(database) as (early, _):
        with transaction(database) as (late, late_no):
            move(late, "booking.paying", booking=BOOKING[:-1] + "2")
        move(early, "booking.confirmed", booking=BOOKING[:-1] + "2")
        horizon = database.ask("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")[0][0]
        assert horizon <= late_no
