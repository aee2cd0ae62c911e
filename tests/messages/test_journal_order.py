"""
A transaction that takes a lower place in the journal may commit after those with higher ones
have been read. Readers that only ask for what is behind the last row they saw would lose it.
"""

import os
import threading

import psycopg2
import pytest

import journal
from listener import Listener
from processes import wait_for

LATE_S = 3


@pytest.fixture
def slow():
    """A connection with a transaction that is left open."""
    conn = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    yield conn
    conn.close()


def write(conn, event, user):
    with conn.cursor() as cursor:
        cursor.execute("""INSERT INTO journal (event_id, type, user_id, payload) VALUES
                          (%s, 'seats.released', %s, '{"seats": []}') RETURNING xid::text::bigint, seq""",
                       (event, user))
        return cursor.fetchone()


@pytest.fixture
def place(hall, ask):
    """A hall of which nothing is left to be told."""
    made = hall()
    wait_for(lambda: journal.untold(ask, "redis") == 0, "everything to be told")
    return made


def test_a_row_that_is_committed_late_is_told_in_its_place(slow, db, buyer, place, ask, broker):
    with Listener(f"event:seats:{place.number}") as listener:
        early = write(slow, place.number, "early")
        later = write(db, place.number, "later")
        booked = buyer().book(place, 1).ok(201)["bookingId"]
        assert early < later
        threading.Event().wait(LATE_S)
        assert listener.said() == [], "told over the head of a transaction that is still open"
        slow.commit()
        said = [value["cursor"] for _, value in listener.wait(3)]
    rows = [row for row in journal.read(ask, place.number) if row.place >= early]
    assert [row.place for row in rows][:2] == [early, later]
    assert said == [row.cursor for row in rows]
    assert booked in {row.booking for row in rows}
    wait_for(lambda: journal.untold(ask, "kafka") == 0, "Kafka to hear everything")
    heard = {message.headers["cursor"] for message in broker.read("seats.released", "booking.created")}
    assert {row.cursor for row in rows} <= heard


def test_a_row_that_is_rolled_back_is_never_told(slow, db, place):
    with Listener(f"event:seats:{place.number}") as listener:
        never, later = write(slow, place.number, "never"), write(db, place.number, "later")
        slow.rollback()
        said = [value["cursor"] for _, value in listener.wait(1)]
    assert said == ["%d-%d" % later] and never < later
