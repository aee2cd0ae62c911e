"""
The schema refuses by itself what must never be: each constraint is tried with the owner's
rights, and the workers' role with the statements it must not be able to run.
"""

import os

import psycopg2
import psycopg2.errors as refused
import pytest

OTHER = "0197aaaa-0000-7000-8000-0000000000fe"
BOOKING = """INSERT INTO booking
                 (event_id, id, user_id, status, seats, prices, quantity, total, currency)
             VALUES (%(event)s, gen_random_uuid(), 'x', '{}', '{}', '{}', {}, {}, 'EUR')"""


def seat(change):
    return f"UPDATE seat SET {change} WHERE event_id = %(event)s AND no = 1"


REFUSED = {
    "a seat number exists once an event (R-10)":
        ("INSERT INTO seat SELECT * FROM seat WHERE event_id = %(event)s AND no = 1",
         refused.UniqueViolation),
    "a free seat has no holder": (seat("holder = 'x'"), refused.CheckViolation),
    "a free seat has no end": (seat("hold_until = now()"), refused.CheckViolation),
    "a free seat has no booking": (seat(f"booking_id = '{OTHER}'"), refused.CheckViolation),
    "a held seat has a holder": (seat("status = 'held', hold_until = now()"),
                                 refused.CheckViolation),
    "a held seat has an end": (seat("status = 'held', holder = 'x'"), refused.CheckViolation),
    "a held seat has no booking":
        (seat(f"status = 'held', holder = 'x', hold_until = now(), booking_id = '{OTHER}'"),
         refused.CheckViolation),
    "a reserved seat has a booking": (seat("status = 'reserved', holder = 'x'"),
                                      refused.CheckViolation),
    "a reserved seat has a holder": (seat(f"status = 'reserved', booking_id = '{OTHER}'"),
                                     refused.CheckViolation),
    "a sold seat has an owner": (seat("status = 'sold'"), refused.CheckViolation),
    "a sold seat has no end":
        (seat(f"status = 'sold', holder = 'x', booking_id = '{OTHER}', hold_until = now()"),
         refused.CheckViolation),
    "a blocked seat has no holder": (seat("status = 'blocked', holder = 'x'"),
                                     refused.CheckViolation),
    "a seat's state is one of five": (seat("status = 'wanted'"), refused.InvalidTextRepresentation),
    "a seat costs nothing less than nothing": (seat("price = -1"), refused.CheckViolation),
    "a seat number is positive": (seat("no = 0"), refused.CheckViolation),
    "a live booking has as many seats as it says": (BOOKING.format("pending", "{1}", "{100}", 2,
                                                                   100),
                                                    refused.CheckViolation),
    "a booking has a price a seat": (BOOKING.format("pending", "{1,2}", "{100}", 2, 100),
                                     refused.CheckViolation),
    "a booking has a seat at least": (BOOKING.format("pending", "{}", "{}", 0, 0),
                                      refused.CheckViolation),
    "a total is not negative": (BOOKING.format("pending", "{1}", "{100}", 1, -1),
                                refused.CheckViolation),
    "a booking's state is one of eight": (BOOKING.format("lost", "{1}", "{100}", 1, 100),
                                          refused.InvalidTextRepresentation),
    "an event has a title": ("UPDATE event SET title = '' WHERE id = %(event)s",
                             refused.CheckViolation),
    "a currency has three capitals": ("UPDATE event SET currency = 'eur' WHERE id = %(event)s",
                                      refused.CheckViolation),
    "a policy is an object": ("UPDATE event SET policy = '[]' WHERE id = %(event)s",
                              refused.CheckViolation),
    "an event has a plan that exists":
        (f"UPDATE event SET plan_id = '{OTHER}' WHERE id = %(event)s", refused.ForeignKeyViolation),
}

FORBIDDEN = (
    "DROP TABLE seat",
    "ALTER TABLE seat DROP CONSTRAINT seat_owner",
    "CREATE TABLE own (n int)",
    "TRUNCATE journal",
    "DELETE FROM journal WHERE event_id = %(event)s",
    "UPDATE journal SET type = 'x' WHERE event_id = %(event)s",
    "DELETE FROM booking WHERE event_id = %(event)s",
    "DELETE FROM seat WHERE event_id = %(event)s",
    "DELETE FROM event WHERE id = %(event)s",
)


def attempt(url, sql, event):
    """Runs one statement and rolls it back whatever it does."""
    conn = psycopg2.connect(url)
    try:
        with conn.cursor() as cursor:
            cursor.execute(sql, {"event": event})
            return cursor.rowcount
    finally:
        conn.rollback()
        conn.close()


@pytest.mark.parametrize("rule", REFUSED)
def test_constraint(rule, hall):
    sql, error = REFUSED[rule]
    with pytest.raises(error):
        attempt(os.environ["ADMIN_DATABASE_URL"], sql, hall(rows=1, cols=2).number)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_workers_role_may_not(sql, hall):
    with pytest.raises(refused.InsufficientPrivilege):
        attempt(os.environ["DATABASE_URL"], sql, hall(rows=1, cols=2).number)


def test_workers_role_may_do_its_work(hall):
    """The refusals above are about rights, and not about a role that can do nothing."""
    place = hall(rows=1, cols=2)
    owned = f"status = 'reserved', holder = 'x', booking_id = '{OTHER}'"
    assert attempt(os.environ["DATABASE_URL"], seat(owned), place.number) == 1
    good = BOOKING.format("pending", "{1}", "{100}", 1, 100)
    assert attempt(os.environ["DATABASE_URL"], good, place.number) == 1


def test_workers_role_is_not_a_superuser(ask):
    with psycopg2.connect(os.environ["DATABASE_URL"]) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
    conn.close()
    rights = ask("SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles"
                 " WHERE rolname = %s", role)
    assert rights == [(False, False, False, False)]
    assert ask("SELECT relname FROM pg_class WHERE relowner = %s::regrole", role) == []
