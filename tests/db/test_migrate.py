"""
Migrations: `rowlockctl migrate` applies each file once, whole or not at all, and refuses what
does not fit; afterwards the workers' role can do its work and nothing else.
"""

import contextlib
import hashlib
import os
import pathlib
import shutil

import psycopg2.errors as refused
import pytest

import scratch as scratch_databases
from processes import wait_for

FILES = sorted(name for name in os.listdir(scratch_databases.SQL) if name.endswith(".sql"))
NEXT = len(FILES) + 1  # the number that a new file gets


@pytest.fixture
def files(tmp_path):
    """A copy of sql/, to be edited."""
    return pathlib.Path(shutil.copytree(scratch_databases.SQL, tmp_path / "sql"))


@pytest.fixture
def add(files):
    """add(number, text): a migration more; its name."""
    def write(number, text):
        name = f"{number:04}_more.sql"
        (files / name).write_text(text)
        return name
    return write


def applied(database):
    return [row[0] for row in database.ask("SELECT name FROM schema_migration ORDER BY no")]


def refuses(done, *words):
    """Asserts that it failed, and that the last line for the operator says all the words."""
    assert done.returncode == 1, done
    last = done.stderr.splitlines()[-1]
    assert last.startswith("rowlockctl: ") and all(str(word) in last for word in words), done
    assert "up to date" not in done.stdout, done


def test_from_empty(scratch):
    said = scratch.migrate().splitlines()
    assert said[:-1] == [f"applied {name}" for name in FILES]
    assert "up to date" in said[-1]
    assert scratch.ask("SELECT no, name, checksum FROM schema_migration ORDER BY no") == [
        (no, name, hashlib.sha256(pathlib.Path(scratch_databases.SQL, name).read_bytes()).hexdigest())
        for no, name in enumerate(FILES, 1)]
    tables = {name for kind, name in scratch.relations() if kind == "r"}
    assert {"plan", "event", "section", "seat", "booking", "journal"} <= tables


def test_owner_of_everything_is_the_role_that_migrates(migrated):
    assert migrated.ask("""SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class
                           WHERE relnamespace = 'public'::regnamespace""") == [(scratch_databases.OWNER,)]


def test_again_changes_nothing(migrated):
    look = """SELECT oid, relfilenode, relname::text, relacl::text FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY 1"""
    marks = "SELECT no, name, checksum, applied_at FROM schema_migration"
    before = migrated.ask(look), migrated.ask(marks)
    said = migrated.migrate()
    assert "applied" not in said and "up to date" in said
    assert (migrated.ask(look), migrated.ask(marks)) == before


def test_a_new_file_is_all_that_is_applied(migrated, files, add):
    name = add(NEXT, "CREATE TABLE more (n int);\nINSERT INTO more VALUES (1);\n")
    assert migrated.migrate("--dir", files).splitlines()[0] == f"applied {name}"
    assert "applied" not in migrated.migrate("--dir", files)
    assert migrated.ask("SELECT n FROM more") == [(1,)]
    assert applied(migrated) == [*FILES, name]


def waiters(database):
    """How many connections of rowlockctl's wait for a lock."""
    (count,), = database.ask("""SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                                AND application_name = 'rowlockctl' AND wait_event_type = 'Lock'""",
                             scratch_databases.SUPERUSER)
    return count


@pytest.mark.parametrize("held, why", [
    ("SELECT pg_advisory_xact_lock(7021843955)", "the migrations' own lock"),
    ("CREATE TABLE schema_migration (no int)", "the name of the list of migrations"),
])
def test_two_at_once_both_end_well_and_apply_once(scratch, held, why):
    with contextlib.closing(scratch.connect()) as conn, conn.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(held)
        both = [scratch.start_ctl("migrate") for _ in range(2)]
        try:
            wait_for(lambda: waiters(scratch) == 2, f"both to wait for {why}")
        finally:
            cursor.execute("ROLLBACK")
            done = [scratch_databases.finish(one) for one in both]
    assert [one.returncode for one in done] == [0, 0], done
    assert sorted(line for one in done for line in one.stdout.splitlines() if line.startswith("applied")) == \
        [f"applied {name}" for name in FILES]
    assert applied(scratch) == FILES


def test_time_outs_of_the_workers_are_not_for_migrations(scratch, files, add):
    """An index on ten million bookings takes longer than any request may."""
    add(NEXT, "CREATE TABLE limits AS SELECT current_setting('statement_timeout') AS statement;\n")
    scratch.migrate("--dir", files)
    assert scratch.ask("SELECT statement FROM limits") == [("0",)]


@pytest.mark.parametrize("status", [(), ("--status",)])
def test_edited_file_is_refused(migrated, files, status):
    name = FILES[0]
    with open(files / name, "a", encoding="utf-8") as file:
        file.write("-- a comment is an edit as well\n")
    refuses(migrated.ctl("migrate", "--dir", files, *status), name, "edited")
    assert applied(migrated) == FILES


def test_edited_file_keeps_the_files_after_it_from_being_applied(migrated, files, add):
    with open(files / FILES[0], "a", encoding="utf-8") as file:
        file.write("\n")
    add(NEXT, "CREATE TABLE more (n int);\n")
    before = migrated.relations()
    refuses(migrated.ctl("migrate", "--dir", files), FILES[0])
    assert migrated.relations() == before


def test_hole_in_the_numbers_is_refused(scratch, files, add):
    name = add(NEXT + 1, "CREATE TABLE more (n int);\n")
    refuses(scratch.ctl("migrate", "--dir", files), name, "number")
    assert scratch.relations() == [], "nothing is applied when not all is well"


def test_number_used_twice_is_refused(scratch, files):
    (files / "0001_zwei.sql").write_text("CREATE TABLE more (n int);\n")
    refuses(scratch.ctl("migrate", "--dir", files), "0001_zwei.sql", "number")
    assert scratch.relations() == []


def test_first_file_missing_is_refused(scratch, files):
    (files / FILES[0]).rename(files / f"{NEXT:04}_late.sql")
    refuses(scratch.ctl("migrate", "--dir", files), "number")
    assert scratch.relations() == []


def test_folder_without_migrations_is_refused(scratch, tmp_path):
    refuses(scratch.ctl("migrate", "--dir", tmp_path), tmp_path, "no migrations")


def test_folder_that_is_not_there_is_refused(scratch, tmp_path):
    refuses(scratch.ctl("migrate", "--dir", tmp_path / "away"), tmp_path / "away")


HALF = {
    "an error at its end": "CREATE TABLE half (n int);\nINSERT INTO half VALUES (1);\nSELECT 1 / 0;\n",
    "an error of grammar at its end": "CREATE TABLE half (n int);\nCREATE TALBE other (n int);\n",
    "a constraint that the rows do not keep":
        "CREATE TABLE half (n int);\nINSERT INTO half VALUES (1);\n"
        "ALTER TABLE half ADD CONSTRAINT none CHECK (n > 1);\n",
    "what cannot be in a transaction": "CREATE TABLE half (n int);\nCREATE INDEX CONCURRENTLY i ON half (n);\n",
}


@pytest.mark.parametrize("fault", HALF)
def test_file_that_fails_half_way_leaves_nothing(scratch, files, add, fault):
    name = add(NEXT, HALF[fault])
    add(NEXT + 1, "CREATE TABLE after_it (n int);\n")
    done = scratch.ctl("migrate", "--dir", files)
    assert done.returncode == 1 and name in done.stderr and "ERROR" in done.stderr, done
    assert done.stdout.splitlines() == [f"applied {one}" for one in FILES]
    names = {one for _, one in scratch.relations()}
    assert not names & {"half", "after_it"}
    assert applied(scratch) == FILES
    (files / name).write_text("CREATE TABLE half (n int);\n")
    scratch.migrate("--dir", files)
    assert applied(scratch) == [*FILES, name, f"{NEXT + 1:04}_more.sql"]


def test_status_says_what_is_missing_and_applies_nothing(migrated, files, add):
    name = add(NEXT, "CREATE TABLE more (n int);\n")
    before = migrated.relations()
    said = migrated.migrate("--dir", files, "--status").splitlines()
    assert said == [*(f"applied  {one}" for one in FILES), f"missing  {name}"]
    assert migrated.relations() == before and applied(migrated) == FILES


def test_status_of_what_is_installed(migrated):
    """The installed folder holds every file of sql/: none was forgotten in the Makefile."""
    assert migrated.migrate("--status").splitlines() == [f"applied  {one}" for one in FILES]


def test_status_of_an_empty_database(scratch):
    assert scratch.migrate("--status").splitlines() == [f"missing  {one}" for one in FILES]
    assert scratch.relations() == []


def test_unknown_newer_migration_in_the_database_is_refused(migrated, files, add):
    migrated.ask(f"INSERT INTO schema_migration (no, name, checksum) VALUES ({NEXT}, 'later.sql', 'x')")
    for status in ((), ("--status",)):
        refuses(migrated.ctl("migrate", *status), f"migration {NEXT}", "older version")
    add(NEXT, "CREATE TABLE more (n int);\n")
    refuses(migrated.ctl("migrate", "--dir", files), f"{NEXT:04}_more.sql", "edited")


def test_no_connection_is_said(scratch, tmp_path):
    refuses(scratch.ctl("migrate", ADMIN_DATABASE_URL=f"postgresql://u:secretword@/x?host={tmp_path}"),
            "no connection", tmp_path)


def test_no_database_named(scratch):
    refuses(scratch.ctl("migrate", ADMIN_DATABASE_URL=None, DATABASE_URL=None), "ADMIN_DATABASE_URL")


# --- The workers' role.

ALLOWED = (
    "SELECT FROM plan, event, section, seat, booking, journal, schema_migration LIMIT 0",
    """INSERT INTO plan (id, owner, name, version, sections, row_count, seats, checksum, document)
       VALUES ('0197aaaa-0000-7000-8000-000000000001', 'x', 'x', 1, 1, 1, 1, '', '')""",
    """INSERT INTO event (seller, title, venue_name, plan_id, seats, starts_at, timezone, currency,
                          price_min, price_max)
       SELECT 'x', 'x', 'x', id, 1, now(), 'UTC', 'EUR', 0, 0 FROM plan""",
    "INSERT INTO section (event_id, no, name, rows, cols) SELECT id, 1, 'x', 1, 1 FROM event",
    """INSERT INTO seat (event_id, no, section, row_no, col, price, row_label, label, tier)
       SELECT id, 1, 1, 1, 1, 0, '1', '1', 'x' FROM event""",
    """INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total, currency)
       SELECT id, gen_random_uuid(), 'x', 'pending', '{1}', '{0}', 1, 0, 'EUR' FROM event""",
    "INSERT INTO journal (event_id, booking_id, type) SELECT event_id, id, 'booking.created' FROM booking",
    "UPDATE seat SET status = 'reserved', holder = 'x', booking_id = booking.id FROM booking",
    "UPDATE booking SET status = 'cancelled'",
    "UPDATE event SET status = 'on_sale'",
    "SELECT FROM rowlock_archive(1, 30, 1000)",
)
ARCHIVED = ("booking", "seat", "payment", "refund", "journal")
FORBIDDEN = (
    *(f"{verb} archive_{table}" for table in ARCHIVED for verb in ("DELETE FROM", "TRUNCATE", "DROP TABLE")),
    *(f"INSERT INTO archive_{table} SELECT * FROM {table}" for table in ARCHIVED),
    "UPDATE archive_booking SET status = 'confirmed'",
    "DROP FUNCTION rowlock_archive",
    "CREATE OR REPLACE FUNCTION rowlock_archive(int, int, int) RETURNS void LANGUAGE sql AS 'SELECT'",
    *(f"DROP TABLE {table}" for table in ("plan", "event", "section", "seat", "booking", "journal",
                                          "schema_migration")),
    *(f"DELETE FROM {table}" for table in ("plan", "event", "section", "seat", "booking", "journal",
                                           "schema_migration")),
    *(f"TRUNCATE {table}" for table in ("booking", "journal", "seat")),
    "ALTER TABLE booking DROP COLUMN user_id",
    "ALTER TABLE seat DISABLE TRIGGER ALL",
    "ALTER TYPE seat_status ADD VALUE 'lost'",
    "DROP INDEX booking_user",
    "DROP FUNCTION rowlock_grant",
    "CREATE TABLE own (n int)",
    "CREATE FUNCTION own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA own",
    "CREATE TEMPORARY TABLE own (n int)",
    "UPDATE journal SET type = 'x'",
    "UPDATE plan SET document = ''",
    "INSERT INTO schema_migration (no, name, checksum) VALUES (99, 'x', 'x')",
    "UPDATE schema_migration SET checksum = 'x'",
    "SET ROLE rowlock_owner",
)


@pytest.fixture(scope="module")
def settled(cluster):
    """A migrated database, for tests that change nothing in it."""
    database = cluster.database()
    database.migrate()
    return database


def attempt(database, *statements):
    """Runs them as the workers' role, and rolls back whatever they do; rows of the last."""
    with contextlib.closing(database.connect(scratch_databases.WORKER)) as conn, conn.cursor() as cursor:
        cursor.execute("BEGIN")
        for sql in statements:
            cursor.execute(sql)
        count = cursor.rowcount
        cursor.execute("ROLLBACK")
        return count


@pytest.mark.parametrize("last", range(len(ALLOWED)))
def test_workers_role_can(settled, last):
    assert attempt(settled, *ALLOWED[:last + 1]) == (1 if last else 0)


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_workers_role_cannot(settled, sql):
    with pytest.raises(refused.InsufficientPrivilege):
        attempt(settled, sql)


def test_the_archive_has_the_columns_of_the_live_tables(settled):
    """Rows are moved as they are: a migration changes both, or neither."""
    columns = """SELECT attname::text, atttypid::regtype::text, attnotnull FROM pg_attribute
                 WHERE attrelid = '{}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
    for table in ARCHIVED:
        assert settled.ask(columns.format("archive_" + table)) == settled.ask(columns.format(table)), table


def test_archiving_is_for_the_workers_alone(settled):
    """It does what only the owner may do: others who can log in must not call it."""
    owner = scratch_databases.OWNER
    assert settled.ask("SELECT proname::text, proacl::text FROM pg_proc WHERE prosecdef") == [
        ("rowlock_archive", f"{{{owner}=X/{owner},{scratch_databases.WORKER}=X/{owner}}}")]
    assert settled.ask("SELECT proconfig FROM pg_proc WHERE prosecdef") == [(["search_path=public, pg_temp"],)]


def test_workers_role_cannot_hand_on_its_rights(migrated):
    """It may call the function that grants, which then does what the role itself may do: nothing."""
    rights = "SELECT relname::text, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    before = migrated.ask(rights + " ORDER BY 1")
    with contextlib.suppress(refused.InsufficientPrivilege):
        migrated.ask("SELECT rowlock_grant('pg_monitor')", scratch_databases.WORKER)
    assert migrated.ask(rights + " ORDER BY 1") == before


def test_workers_role_without_the_grant_can_do_nothing(scratch):
    """The same role in a database that was migrated without it: the rights are the migration's gift."""
    scratch.migrate(DATABASE_URL=None)
    with pytest.raises(refused.InsufficientPrivilege):
        attempt(scratch, "SELECT FROM booking")


def test_workers_role_named_on_the_command_line(scratch):
    scratch.migrate("--worker", scratch_databases.WORKER, DATABASE_URL=None)
    assert attempt(scratch, *ALLOWED) == 1


def test_workers_role_can_read_the_tables_of_a_later_migration(migrated, files, add):
    add(NEXT, "CREATE TABLE more (n int);\nINSERT INTO more VALUES (1);\n")
    migrated.migrate("--dir", files)
    assert attempt(migrated, "SELECT FROM more") == 1


def test_role_that_is_not_there_is_named(scratch):
    refuses(scratch.ctl("migrate", "--worker", "nobody_at_all"), "nobody_at_all")


def test_role_with_an_odd_name_is_quoted(scratch):
    """A name is a name, whatever is in it, and never SQL."""
    odd = 'od"d; DROP TABLE seat; --'
    scratch.cluster.admin('CREATE ROLE "od""d; DROP TABLE seat; --"')
    try:
        scratch.migrate("--worker", odd)
        assert scratch.ask("""SELECT has_table_privilege('od"d; DROP TABLE seat; --', 'seat', 'UPDATE')""") == \
            [(True,)]
    finally:
        scratch.ask('DROP OWNED BY "od""d; DROP TABLE seat; --"', scratch_databases.SUPERUSER)
        scratch.cluster.admin('DROP ROLE "od""d; DROP TABLE seat; --"')
