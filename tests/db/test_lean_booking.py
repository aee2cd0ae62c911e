"""
The lean statement that P-1 and P-2 are measured against is only a fair peer while it touches
what a booking of ours touches. Here each is done once, and PostgreSQL itself is asked which
rows the two transactions wrote and locked.
"""

import concurrent.futures
import contextlib
import os

import psycopg2
import pytest

import bench_scene

URL = os.environ.get("DATABASE_URL")


@pytest.fixture
def booked_over_http(hall, buyer):
    """A hall of two seats, both of them booked over HTTP."""
    place = hall(rows=1, cols=2, price=75.0, currency="USD")
    buyer().book(place, 1, 2).ok(201)
    return place.number


@pytest.fixture
def booked_lean(hall):
    """The same by the lean statement: with two seats in all, it cannot choose others."""
    place = hall(rows=1, cols=2, price=75.0, currency="USD")
    done, _ = bench_scene.pgbench(URL, bench_scene.Events(place.number, 1, 2), "-c", "1", "-t", "1")
    assert done == 1
    return place.number


@pytest.fixture
def tables(ask):
    return [row[0] for row in ask("SELECT relname FROM pg_class WHERE relkind = 'r' AND"
                                  " relnamespace = 'public'::regnamespace ORDER BY 1")]


@pytest.fixture
def footprint(ask, tables):
    """footprint(event): {table: (rows written, rows only locked)} of the booking's transaction."""
    def look(event):
        (xid,), = ask("SELECT DISTINCT (xid::text::bigint %% 4294967296)::text FROM journal"
                      " WHERE event_id = %s AND type = 'booking.created'", event)
        found = {}
        for table in tables:
            counts, = ask(f"""SELECT count(*) FILTER (WHERE xmin::text = '{xid}'),
                                     count(*) FILTER (WHERE xmin::text <> '{xid}')
                              FROM "{table}" WHERE '{xid}' IN (xmin::text, xmax::text)""")
            if counts != (0, 0):
                found[table] = counts
        return found
    return look


@pytest.fixture
def filled(ask):
    """filled(event): {table: names of the columns that are not null}, of the rows a booking writes."""
    def look(event):
        return {table: ask(f"""SELECT DISTINCT array_agg(k ORDER BY k) FROM "{table}" t
                               CROSS JOIN LATERAL jsonb_object_keys(jsonb_strip_nulls(to_jsonb(t))) k
                               WHERE event_id = %s {only} GROUP BY t.ctid""", event)
                for table, only in (("booking", ""), ("seat", ""), ("journal", "AND booking_id IS NOT NULL"))}
    return look


def test_lean_statement_writes_and_locks_what_a_booking_does(booked_over_http, booked_lean, footprint):
    ours = footprint(booked_over_http)
    assert ours == {"booking": (1, 0), "journal": (1, 0), "seat": (2, 0)}
    assert footprint(booked_lean) == ours


def test_lean_statement_fills_the_columns_that_a_booking_does(booked_over_http, booked_lean, filled):
    ours = filled(booked_over_http)
    assert all(len(kinds) == 1 for kinds in ours.values()), ours
    assert filled(booked_lean) == ours


def test_lean_statement_gives_the_values_that_a_booking_does(booked_over_http, booked_lean, ask):
    def story(event):
        return ask("""
            SELECT b.status, b.mode, b.quantity, b.prices, b.total, b.currency, b.expires_at - b.created_at,
                   array_agg(s.no ORDER BY s.no) = (SELECT array_agg(n ORDER BY n) FROM unnest(b.seats) n),
                   array_agg(s.status ORDER BY s.no), bool_and(s.holder = b.user_id),
                   bool_and(s.hold_until = b.expires_at)
            FROM booking b JOIN seat s ON s.event_id = b.event_id AND s.booking_id = b.id
            WHERE b.event_id = %s GROUP BY b.event_id, b.id""", event)

    ours = story(booked_over_http)
    assert len(ours) == 1
    assert story(booked_lean) == ours


def test_lean_statement_journals_what_a_booking_does(booked_over_http, booked_lean, ask):
    def shape(event):
        return ask("""SELECT j.type, k, jsonb_typeof(v), CASE WHEN k IN ('prices', 'total', 'currency') THEN v END
                      FROM journal j CROSS JOIN LATERAL jsonb_each(j.payload) AS e (k, v)
                      WHERE j.event_id = %s AND j.booking_id IS NOT NULL ORDER BY 2""", event)

    ours = shape(booked_over_http)
    assert ours
    assert shape(booked_lean) == ours


def test_lean_statement_decides_under_the_lock(hall, ask):
    place = hall(rows=1, cols=2)
    other = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    with concurrent.futures.ThreadPoolExecutor(1) as pool, contextlib.closing(other), other.cursor() as cursor:
        cursor.execute("UPDATE seat SET status = 'blocked' WHERE event_id = %s AND no = 2", (place.number,))
        lean = pool.submit(bench_scene.pgbench, URL, bench_scene.Events(place.number, 1, 2), "-c", "1", "-t", "1")
        waiting = False
        while not waiting:
            assert not lean.done(), "the statement did not wait for a seat that is being changed"
            (waiting,), = ask("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid)))",
                              other.info.backend_pid)
        other.commit()
        lean.result()
    assert ask("SELECT status::text FROM seat WHERE event_id = %s ORDER BY no", place.number) == [("free",), ("blocked",)]
    assert ask("SELECT count(*) FROM booking WHERE event_id = %s", place.number) == [(0,)]
