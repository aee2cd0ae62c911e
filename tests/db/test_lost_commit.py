"""
An answer to COMMIT that is lost, although the transaction was committed. PostgreSQL is made to wait
for a standby that there is not: a commit is durable then, and its answer does not come. The
connection is ended in that state, and the program has to find out what is true.
"""

import contextlib
import json
import threading

import psycopg2
import pytest

from processes import wait_for
from rowlock_client import grid
from scratch import finish

REFERENCE = "7K3M-9QXA-2WTP-5NEB-8RCD-4FGH"


def in_commit(database, program):
    """The backends of a program that wait for the standby."""
    return [pid for pid, in database.cluster.admin(
        f"""SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = '{database.name}'
            AND application_name = '{program}'""")]


def commits_hang(database):
    """Whether one does by now: the setting takes effect soon after it was made."""
    def commit():
        with contextlib.suppress(psycopg2.OperationalError), contextlib.closing(
                database.connect(application_name="probe")) as conn:
            conn.cursor().execute("CREATE TABLE IF NOT EXISTS probe ()")
            conn.cursor().execute("DROP TABLE probe")
    thread = threading.Thread(target=commit, daemon=True)
    thread.start()
    while thread.is_alive():
        for pid in in_commit(database, "probe"):
            database.cluster.admin(f"SELECT pg_terminate_backend({pid})")
            thread.join(10)
            return True
    return False


@contextlib.contextmanager
def no_standby(database):
    admin = database.cluster.admin
    admin("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    admin("SELECT pg_reload_conf()")
    try:
        wait_for(lambda: commits_hang(database), "commits to wait for the standby")
        yield
    finally:
        admin("ALTER SYSTEM RESET synchronous_standby_names")
        admin("SELECT pg_reload_conf()")


def ctl_with_lost_commit(database, *args):
    """Runs rowlockctl, and cuts its connection off when it has committed; what it does then is answered."""
    with no_standby(database):
        process = database.start_ctl(*args)
        try:
            wait_for(lambda: in_commit(database, "rowlockctl") or process.poll() is not None, "COMMIT")
            pid, = in_commit(database, "rowlockctl")
            database.cluster.admin(f"SELECT pg_terminate_backend({pid})")
        except BaseException:
            process.kill()
            raise
    return finish(process)


@pytest.fixture
def plan_file(tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(grid(rows=1, cols=4, price=20)), encoding="utf-8")
    return file


@pytest.fixture
def plan(migrated, plan_file):
    assert migrated.ctl("plan", "import", plan_file).returncode == 0
    return migrated.ask("SELECT id::text FROM plan")[0][0]


@pytest.fixture
def event(migrated, plan):
    done = migrated.ctl("event", "create", "--plan", plan, "--title=Evening concert", "--starts=2031-05-01T18:30:00Z")
    assert done.returncode == 0, done
    return migrated.ask("SELECT id FROM event")[0][0]


def test_an_import_is_found(migrated, plan_file):
    done = ctl_with_lost_commit(migrated, "plan", "import", plan_file)
    assert done.returncode == 0, done
    (plan_id, version), = migrated.ask("SELECT id::text, version FROM plan")
    assert version == 1
    assert plan_id in done.stdout


def test_a_new_event_is_found(migrated, plan):
    done = ctl_with_lost_commit(migrated, "event", "create", "--plan", plan, "--title=Made once",
                                "--starts=2031-05-01T18:30:00Z")
    assert done.returncode == 0, done
    (number, seats), = migrated.ask("SELECT e.id, count(*) FROM event e JOIN seat s ON s.event_id = e.id GROUP BY 1")
    assert seats == 4
    assert str(number) in done.stdout


def test_a_cancellation_is_found(migrated, event):
    done = ctl_with_lost_commit(migrated, "event", "cancel", event, "--no-wait")
    assert done.returncode == 0, done
    assert migrated.ask("SELECT type FROM journal") == [("event.cancelled",)]
    assert migrated.ask("SELECT count(*) FROM event_cancellation") == [(1,)]


def test_a_change_of_an_event_stays_unknown(migrated, event):
    """Done twice, it could undo what another has changed meanwhile: the caller has to look."""
    done = ctl_with_lost_commit(migrated, "event", "open", event)
    assert done.returncode != 0
    assert migrated.ask("SELECT status FROM event") == [("on_sale",)]
    assert migrated.ask("SELECT type FROM journal") == [("event.on_sale",)]


def test_a_check_in_is_found(migrated, event):
    migrated.ask(f"""
        INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total, currency, ticket_ref, paid_at)
        VALUES ({event}, '0197aaaa-0000-7000-8000-{event:012x}', 'ann', 'confirmed', '{{1,2}}', '{{2000,2000}}', 2,
                4000, 'EUR', '{REFERENCE}', now());
        UPDATE seat SET status = 'sold', holder = 'ann', booking_id = '0197aaaa-0000-7000-8000-{event:012x}'
        WHERE event_id = {event} AND no <= 2""")
    done = ctl_with_lost_commit(migrated, "check-in", REFERENCE)
    assert done.returncode == 0, done
    assert migrated.ask("SELECT ref FROM ticket ORDER BY ref") == [(REFERENCE + "-1",), (REFERENCE + "-2",)]
    assert migrated.ctl("check-in", REFERENCE).returncode != 0  # they are in already
