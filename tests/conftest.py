"""
What all tests share. They are black-box tests of a running stack, which they find through
the variables that `./stack env` prints:

    env $(./stack env) /usr/bin/python3 -m pytest tests/api
"""

import contextlib
import itertools
import os
import sys
import uuid

import pytest

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(__file__), "load"))

import psycopg2  # noqa: E402

import checker  # noqa: E402
import processes  # noqa: E402
import rowlock_client  # noqa: E402

NEEDED = ("ROWLOCK_URL", "DATABASE_URL", "ADMIN_DATABASE_URL", "JWT_SECRET")


def pytest_configure(config):
    if config.option.collectonly or config.option.help:
        return
    missing = [key for key in NEEDED if not os.environ.get(key)]
    if missing:
        raise pytest.UsageError("no stack to test: " + ", ".join(missing) + " not set; start one "
                                "with `./stack up` and run the tests under `env $(./stack env)`")


@pytest.fixture(scope="session")
def stack():
    return rowlock_client.Stack()


@pytest.fixture(scope="session", autouse=True)
def database_is_sound_at_the_end(stack):
    """Whatever the tests did: no broken invariant, and every acknowledged booking is there."""
    yield
    found = checker.findings(acknowledged=stack.acknowledged)
    assert not found, "\n".join(found)


@pytest.fixture
def db():
    """The owner's own connection; every statement is its own transaction."""
    conn = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    conn.autocommit = True
    yield conn
    conn.close()


@pytest.fixture
def ask(db):
    """ask(sql, *values): the rows, as tuples."""
    def rows(sql, *values):
        with db.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()
    return rows


RUN = uuid.uuid4().hex[:8]
_counter = itertools.count(1)


@pytest.fixture
def name():
    """name("ann"): a user name that nobody has had before."""
    return lambda who="user": f"{who}-{RUN}-{next(_counter)}"


@pytest.fixture
def buyer(stack, name):
    """buyer(): somebody new with a buyer's token."""
    return lambda who="buyer": stack.buyer(name(who))


@pytest.fixture
def seller(stack, name):
    return stack.seller(name("seller"))


@pytest.fixture
def hall(seller):
    """hall(rows=…, cols=…, price=…, policy=…, status=…): an event on sale, of this test's seller."""
    def make(rows=4, cols=10, price=20.0, plan=None, **more):
        return rowlock_client.open_hall(seller, plan or rowlock_client.grid(rows=rows, cols=cols,
                                                                            price=price), **more)
    return make


@pytest.fixture
def clean(stack):
    """clean(hall): asserts that the checker finds nothing wrong with an event."""
    def check(hall, acknowledged=()):
        found = checker.findings(event=hall.number, acknowledged=acknowledged)
        assert not found, "\n".join(found)
    return check


@pytest.fixture
def let_window_pass(db):
    """let_window_pass(hall, booking id…): makes payment windows end a second ago."""
    def pass_by(hall, *booking_ids):
        with db.cursor() as cursor:
            cursor.execute("""
                WITH late AS (
                    UPDATE booking SET expires_at = now() - interval '1 second'
                    WHERE event_id = %(event)s AND id = ANY(%(ids)s::uuid[]) AND status = 'pending'
                    RETURNING id)
                UPDATE seat SET hold_until = now() - interval '1 second'
                FROM late WHERE seat.event_id = %(event)s AND seat.booking_id = late.id""",
                           {"event": hall.number, "ids": list(booking_ids)})
            assert cursor.rowcount > 0, "no pending booking to let pass"
    return pass_by


@pytest.fixture
def money(stack):
    """money(caller, booking id): its payments and refunds, once no refund is on its way any more."""
    def settled(caller, booking_id):
        def at_rest():
            found = caller.get("payments/status/" + booking_id).ok()
            return found if all(one["status"] != "pending" for one in found["refunds"]) else None
        processes.wait_for(at_rest, "the refunds")
        return at_rest()
    return settled


@pytest.fixture
def let_holds_pass(ask):
    """let_holds_pass(hall, user): makes all that a user holds of an event end a second ago."""
    def pass_by(hall, user):
        ask("""UPDATE hold SET expires_at = now() - interval '1 second'
               WHERE event_id = %s AND user_id = %s RETURNING 1""", hall.number, user.sub)
        assert ask("""UPDATE seat SET hold_until = now() - interval '1 second'
                      WHERE event_id = %s AND holder = %s AND status = 'held' RETURNING 1""",
                   hall.number, user.sub), "nothing is held"
    return pass_by


@pytest.fixture
def reserve():
    """The service that seats accepted bookings."""
    service = processes.Service("reserve")
    assert service.programs(), "this stack has no `rowlockd reserve`"
    return service


@pytest.fixture
def unseated(reserve, ask):
    """
    Nobody is seated meanwhile: what is accepted stays in processing, until unseated(). First
    all who wait are seated, so that it is not frozen in a transaction which others wait for.
    """
    processes.wait_for(lambda: ask("SELECT EXISTS (SELECT FROM booking WHERE status = 'requested')")
                       == [(False,)], "everybody to be seated")
    with contextlib.ExitStack() as stopped:
        stopped.enter_context(reserve.frozen())
        yield stopped.close


@pytest.fixture(scope="module")
def workers_live_on():
    """For modules that send rubbish: the very same worker processes are there afterwards."""
    before = processes.workers()
    yield
    assert processes.workers() == before, "a worker died of bad input"
