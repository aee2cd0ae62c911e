"""
The doctor: every statement of the programs prepares on a migrated database, and whatever is
wrong with an installation is found, said in words, and told by the exit status.
"""

import re
import shutil

import pytest

import scratch as scratch_databases
from processes import wait_for

LINE = re.compile(r"(.{11}) (ok|warn|FAIL)\s+(.*)")


@pytest.fixture
def examine():
    """examine(database, **settings): exit status, and {what: (finding, words)}."""
    def run(database, **settings):
        done = database.ctl("doctor", **settings)
        assert done.stderr == "", done
        found = {}
        for line in done.stdout.splitlines():
            if match := LINE.fullmatch(line):
                what, finding, words = match.groups()
                assert what.strip() not in found, f"said twice: {done.stdout}"
                found[what.strip()] = (finding, words)
        assert found, done
        return done.returncode, found
    return run


def failures(found):
    return {what for what, (finding, _) in found.items() if finding == "FAIL"}


def test_all_is_well_with_a_migrated_database(migrated, examine):
    status, found = examine(migrated)
    assert status == 0, found
    assert {what: finding for what, (finding, _) in found.items() if finding != "ok"} == {}
    assert found["statements"] == ("ok", "all prepare")
    assert set(found) == {"settings", "token key", "database", "postgresql", "connections", "durability",
                          "role", "clock", "schema", "statements", "redis", "descriptors"}


@pytest.mark.parametrize("change, named", [
    ("ALTER TABLE booking DROP COLUMN ticket_ref", "ticket_ref"),
    ("ALTER TABLE section ALTER COLUMN tier TYPE int USING 0", '"tier" is of type integer'),
    ("ALTER TABLE journal RENAME TO diary", '"journal" does not exist'),
    ("DROP FUNCTION rowlock_grant", "rowlock_grant(name) does not exist"),
])
def test_a_statement_that_does_not_fit_the_tables_is_found(migrated, examine, change, named):
    migrated.ask(change)
    status, found = examine(migrated)
    assert status == 1 and failures(found) == {"statements"}, found
    assert named in found["statements"][1]


def test_no_schema(scratch, examine):
    status, found = examine(scratch)
    assert status == 1 and failures(found) == {"schema"}, found
    assert "run `rowlockctl migrate`" in found["schema"][1]
    assert "statements" not in found
    assert scratch.relations() == [], "the doctor is there to look, not to touch"


def test_schema_older_than_the_program(migrated, examine, tmp_path):
    newer = shutil.copytree(scratch_databases.SQL, tmp_path / "sql")
    count = len(list(newer.glob("*.sql")))
    (newer / f"{count + 1:04}_more.sql").write_text("CREATE TABLE more (n int);\n")
    status, found = examine(migrated, ROWLOCK_SQL_DIR=str(newer))
    assert status == 1 and failures(found) == {"schema"}, found
    assert "older than this program" in found["schema"][1]
    assert "run `rowlockctl migrate`" in found["schema"][1]


def test_schema_newer_than_the_program(migrated, examine):
    migrated.ask("INSERT INTO schema_migration (no, name, checksum) VALUES (99, '0099_x.sql', 'x')")
    status, found = examine(migrated)
    assert status == 1 and failures(found) == {"schema"}, found
    assert "migration 99" in found["schema"][1]


@pytest.mark.parametrize("role, words", [
    (scratch_databases.OWNER, "rowlock_owner is the tables' owner"),
    (scratch_databases.SUPERUSER, "postgres is a superuser"),
])
def test_workers_with_more_rights_than_they_need(migrated, examine, role, words):
    status, found = examine(migrated, DATABASE_URL=migrated.cluster.url(role, migrated.name))
    assert status == 0, "it works so, and is a warning only"
    assert found["role"][0] == "warn" and words in found["role"][1], found
    assert "ADMIN_DATABASE_URL" in found["role"][1]


@pytest.fixture
def fsync_off(cluster):
    def setting(value):
        cluster.admin(f"ALTER SYSTEM SET fsync = {value}")
        cluster.admin("SELECT pg_reload_conf()")
        wait_for(lambda: cluster.admin("SHOW fsync") == [(value,)], f"fsync {value}")
    setting("off")
    yield
    setting("on")


def test_fsync_off(migrated, examine, fsync_off):
    status, found = examine(migrated)
    assert status == 1 and failures(found) == {"durability"}, found
    assert "postgresql.conf" in found["durability"][1]


@pytest.mark.parametrize("where", ["ROLE rowlock_worker", "DATABASE {}", "ROLE rowlock_worker IN DATABASE {}"])
def test_synchronous_commit_off_on_the_server_is_not_what_workers_get(migrated, examine, where):
    """A connection of ours asks for it by itself, and no default of the server's counts."""
    where = where.format(migrated.name)
    migrated.cluster.admin(f"ALTER {where} SET synchronous_commit = off")
    try:
        assert migrated.ask("SHOW synchronous_commit", scratch_databases.WORKER) == [("off",)]
        status, found = examine(migrated)
    finally:
        migrated.cluster.admin(f"ALTER {where} RESET synchronous_commit")
    assert status == 0 and found["durability"][0] == "ok", found


def test_synchronous_commit_off_in_the_url_is_not_what_workers_get(migrated, examine):
    url = migrated.worker_url + "&options=-c%20synchronous_commit%3Doff"
    status, found = examine(migrated, DATABASE_URL=url)
    assert status == 0 and found["durability"][0] == "ok", found


def test_wrong_password(migrated, examine):
    url = migrated.cluster.url(scratch_databases.WORKER, migrated.name, password="wrongpassword")
    status, found = examine(migrated, DATABASE_URL=url)
    assert status == 1 and failures(found) == {"database"}, found
    assert 'password authentication failed for user "rowlock_worker"' in found["database"][1]
    assert not any("wrongpassword" in words for _, words in found.values()), "a password was told"


def test_no_such_database(migrated, examine):
    url = migrated.cluster.url(scratch_databases.WORKER, "elsewhere")
    status, found = examine(migrated, DATABASE_URL=url)
    assert status == 1 and failures(found) == {"database"}, found
    assert '"elsewhere" does not exist' in found["database"][1]


def test_no_server(migrated, examine, tmp_path):
    status, found = examine(migrated, DATABASE_URL=f"postgresql://u:secretword@/x?host={tmp_path}")
    assert status == 1 and failures(found) == {"database"}, found
    assert str(tmp_path) in found["database"][1]
    assert not any("secretword" in words for _, words in found.values()), "a password was told"


def test_database_not_named(migrated, examine):
    status, found = examine(migrated, DATABASE_URL=None)
    assert status == 1 and failures(found) == {"database"}, found
    assert "DATABASE_URL is not set" in found["database"][1]


def test_no_token_key(migrated, examine):
    status, found = examine(migrated, JWT_SECRET=None)
    assert status == 1 and failures(found) == {"token key"}, found
    assert "openssl rand" in found["token key"][1]


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379", "127.0.0.1:6379", "redis://", "unix:"])
def test_redis_url_of_a_wrong_form(migrated, examine, url):
    status, found = examine(migrated, REDIS_URL=url)
    assert status == 1 and failures(found) == {"settings", "redis"}, found
    assert "REDIS_URL must be redis://" in found["redis"][1]


def test_redis_away(migrated, examine, tmp_path):
    status, found = examine(migrated, REDIS_URL=f"unix:{tmp_path}/no.sock")
    assert status == 0, "without Redis the service is degraded, and works"
    assert found["redis"][0] == "warn" and "does not answer" in found["redis"][1], found


def test_redis_not_configured(migrated, examine):
    status, found = examine(migrated, REDIS_URL=None)
    assert status == 0 and found["redis"][0] == "ok", found


def test_settings_that_are_wrong(migrated, examine):
    status, found = examine(migrated, ROWLOCK_THREADS="lots")
    assert status == 1 and failures(found) == {"settings"}, found
    assert "ROWLOCK_THREADS" in found["settings"][1]


def test_two_things_at_once_are_both_said(scratch, examine):
    status, found = examine(scratch, JWT_SECRET=None)
    assert status == 1 and failures(found) == {"schema", "token key"}, found
