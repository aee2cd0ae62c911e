"""What the tests of this folder share: databases of their own, to be broken at will."""

import os

import pytest

import scratch as scratch_databases


@pytest.fixture(scope="session")
def cluster():
    missing = [key for key in ("ROWLOCK_DIR", "ROWLOCK_PG_BIN", "ROWLOCK_PG_DATA") if key not in os.environ]
    if missing:
        pytest.skip(", ".join(missing) + " not set: no programs here to try on a database of our own")
    private = scratch_databases.Cluster()
    try:
        yield private.start()
    finally:
        private.stop()


@pytest.fixture
def scratch(cluster):
    """An empty database."""
    return cluster.database()


@pytest.fixture
def migrated(scratch):
    """A database that is up to date, and without any rows."""
    scratch.migrate()
    return scratch
