"""
How PostgreSQL goes about the statements of a booking, with the very settings of our
connections. A worker prepares a statement once and keeps its generic plan, maybe from when the
tables were empty: so the plan must be the good one from the beginning, whatever is in them.

A plan is written down as what it reads, in its order, outer side first: `unnest` for the
arrays, and index(columns that it is searched by) for tables.
"""

import ast
import contextlib
import os
import re
import subprocess

import pytest

import scratch as scratch_databases

SOURCES = os.path.join(scratch_databases.ROOT, "src")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def joined(code):
    """The value of the C strings in a row."""
    return "".join(ast.literal_eval(literal) for literal in STRING.findall(code))


def read_statements():
    """{name: text} of statements.def, as the compiler sees it."""
    done = subprocess.run(["cc", "-E", "-P", "-I", SOURCES, "-x", "c", "-"], text=True, check=True,
                          capture_output=True, input='#define STMT(id, n, text) @ id @ text\n'
                                                     '#include "store/statements.def"\n')
    return {name: joined(text) for name, text in re.findall(rf"@ (\w+) @((?:{STRING.pattern}|[^@])*)", done.stdout)}


def read_options():
    """What db.c asks for when it connects."""
    with open(os.path.join(SOURCES, "store", "db.c"), encoding="utf-8") as file:
        return joined(re.search(r"#define OPTIONS ((?:.*\\\n)*.*)", file.read()).group(1))


STATEMENTS = read_statements()
OPTIONS = read_options()

BOOKING = "0197aaaa-0000-7000-8000-000000000007"  # of event 1, once the tables are filled
NEW = "0197aaaa-0000-7000-8000-ffffffffffff"
BOOKINGS = f"'{{1,1}}', '{{{BOOKING},{NEW}}}'"
OLD = "0197bbbb-0000-7000-8000-000000000007"  # likewise, in the archive
OLD_BOOKINGS = f"'{{1,1}}', '{{{OLD},{NEW}}}'"

BOOKINGS_AND_ENDS = BOOKINGS + ", 1, '{NULL,NULL}'"

# Statement: its arguments, and the plan that it must have.
HOT = {
    "SHARE_EVENTS": ("'{1,2}'", ["unnest"]),
    "LOCK_EVENTS": ("'{1,2}'", ["unnest"]),
    "LOCK_USERS": ("'{1,2}'", ["unnest"]),
    "COUNT_PENDING": ("'{user-1,user-2}'",
                      ["unnest", "booking_pending(hashtextextended(user_id, 0::bigint), expires_at)"]),
    "READ_EVENTS": ("'{1,2}'", ["event_pkey(id)"]),
    "LOCK_SEATS": ("'{1,1}', '{3,5}'",
                   ["unnest", "seat_pkey(event_id, no)", "section by event_id"]),
    "LOCK_IDLE_SEATS": ("'{1,1}', '{3,5}'",
                        ["unnest", "seat_pkey(event_id, no)", "section by event_id"]),
    "READ_HELD": ("'{1,2}', '{user-1,user-2}'",
                  ["unnest", "hold_pkey(event_id, user_id)", "unnest", "seat_pkey(event_id, no)"]),
    "HOLD_SEATS": ("'{1,1}', '{3,5}', '{ann,ann}', '{5,5}'", ["unnest", "seat_pkey(event_id, no)"]),
    "PUT_HOLDS": ("'{1}', '{user-1}', '{\"{3,5}\"}', '{5}'", ["unnest"]),
    "LIST_HOLDS": ("'user-1', NULL", ["hold_user(user_id)"]),
    "ENDED_HOLDS": ("10", ["hold_expiring(expires_at)"]),
    "TRY_LOCKS": ("'{1,2}'", ["unnest"]),
    "HOLDS_OF_EVENT": ("10, 1", ["hold_pkey(event_id)"]),
    "STILL_ENDED": ("'{1,2}', '{user-1,user-2}', false", ["unnest", "hold_pkey(event_id, user_id)"]),
    "FREE_HELD": ("'{1,1}', '{3,5}', '{ann,ann}', '{0,0}', false",
                  ["unnest", "seat_pkey(event_id, no)"]),
    "TRIM_HOLDS": ("'{1,2}', '{user-1,user-2}'",
                   ["unnest", "hold_pkey(event_id, user_id)", "unnest", "seat_pkey(event_id, no)"]),
    "DELETE_EMPTY_HOLDS": ("'{1,2}', '{user-1,user-2}'", ["unnest", "hold_pkey(event_id, user_id)"]),
    "FIND_KEYS": ("'{user-1,user-2}', '{r,r}', '{key-1,key-2}'",
                  ["unnest", "idempotency_key_pkey(principal, route, key)"]),
    "DROP_OLD_KEYS": ("'{user-1,user-2}', '{r,r}', '{key-1,key-2}'",
                      ["unnest", "idempotency_key_pkey(principal, route, key)"]),
    "INSERT_KEYS": ("'{new}', '{r}', '{k}', '{h}', '{201}', '{NULL}', '{x}'", ["unnest"]),
    "OFFER_KEYS": ("'{new}', '{r}', '{k}', '{h}', '{201}', '{NULL}', '{x}'", ["unnest"]),
    "SWEEP_KEYS": ("10", ["idempotency_key_at(created_at)",
                          "idempotency_key_pkey(principal, route, key)"]),
    "LOCK_REQUESTED": (BOOKINGS, ["unnest", "booking_pkey(event_id, id)"]),
    "INSERT_BOOKINGS": (f"'{{1}}', '{{{NEW}}}', '{{user-1}}', '{{Ann}}', '{{\"{{1,2}}\"}}',"
                        " '{\"{100,100}\"}', '{200}', '{EUR}', '{10}', '{manual}'", ["unnest"]),
    "INSERT_REQUESTS": (f"'{{1}}', '{{{NEW}}}', '{{user-1}}', '{{Ann}}', '{{\"{{1,2}}\"}}',"
                        " '{\"{100,100}\"}', '{200}', '{EUR}', '{2}', '{manual}', '{A}', '{1}', '{NULL}'", ["unnest"]),
    "SEAT_BOOKINGS": ("'{1}', '{" + BOOKING + "}', '{\"{1,2}\"}', '{\"{100,100}\"}', '{200}', '{NULL}', '{NULL}'",
                      ["unnest", "booking_pkey(event_id, id)"]),
    "FAIL_BOOKINGS": ("'{1}', '{" + BOOKING + "}', '{why}'", ["unnest", "booking_pkey(event_id, id)"]),
    "OLDEST_REQUESTS": ("10, 0", ["booking_requested()", "journal_booking(booking_id)"]),
    "WAITING_REQUESTS": ("100", ["booking_requested()"]),
    "REQUESTS": (BOOKINGS, ["unnest", "booking_pkey(event_id, id)", "journal_booking(booking_id)"]),
    "RESERVE_SEATS": (f"'{{1,1}}', '{{3,5}}', '{{ann,ann}}', '{{10,10}}', '{{{NEW},{NEW}}}'",
                      ["unnest", "seat_pkey(event_id, no)"]),
    "INSERT_JOURNAL": (f"'{{1}}', '{{{NEW}}}', '{{user-1}}', '{{booking.created}}', '{{r}}', '{{\"{{}}\"}}'",
                       ["unnest"]),
    "FIND_BOOKINGS": (BOOKINGS, ["unnest", "booking_pkey(event_id, id)"]),
    "LOCK_LAPSED": (BOOKINGS + ", 5", ["unnest", "booking_pkey(event_id, id)"]),
    "EXPIRE_DUE": ("1000", ["booking_expiring(expires_at)", "booking_pkey(event_id, id)", "unnest",
                            "seat_pkey(event_id, no)"]),
    "LOCK_OVERDUE": ("1000, 5", ["booking_paying(paying_since)"]),
    "LOCK_LIVE": (f"1, '{BOOKING}', 500", ["booking_pkey(event_id, id)"]),
    "AWAIT_BOOKING": (f"1, '{BOOKING}'", ["booking_pkey(event_id, id)"]),
    "SESSION_OWNER": ("'gateway', 'cs_1'", ["payment_session(provider, session)"]),
    "LOCK_BOOKING": (f"1, '{BOOKING}'", ["booking_pkey(event_id, id)", "event_pkey(id)"]),
    "KEEP_LESS": (f"1, '{BOOKING}', 5", ["booking_pkey(event_id, id)"]),
    "FREE_SEATS": (f"'{{1,1}}', '{{3,5}}', '{{{BOOKING},{BOOKING}}}'",
                   ["unnest", "seat_pkey(event_id, no)"]),
    "END_BOOKINGS": (BOOKINGS + ", 'cancelled', 'why', '{0,0}'", ["unnest", "booking_pkey(event_id, id)"]),
    "GET_BOOKINGS": (BOOKINGS, ["unnest", "booking_pkey(event_id, id)", "event_pkey(id)",
                                "journal_booking(booking_id)"]),
    "GET_BOOKED_SEATS": (BOOKINGS, ["unnest", "booking_pkey(event_id, id)", "unnest",
                                    "seat_pkey(event_id, no)", "section by event_id"]),
    "LIST_BOOKINGS": (f"'user-1', NULL, 1, '{BOOKING}', 20, 0",
                      ["booking_pkey(event_id, id)", "booking_user(user_id)", "event_pkey(id)",
                       "journal_booking(booking_id)"]),
    "COUNT_BOOKINGS": ("'user-1', '{cancelled}'", ["booking_user(user_id)"]),
    "BOOKING_OWNERS": (f"1, '{BOOKING}'", ["booking_pkey(event_id, id)", "event_pkey(id)"]),
    "BOOKING_HISTORY": (f"'{BOOKING}'", ["journal_booking(booking_id)"]),
    "GET_ARCHIVED_BOOKINGS": (OLD_BOOKINGS, ["unnest", "archive_booking_pkey(event_id, id)", "event_pkey(id)",
                                             "archive_journal_booking(booking_id)"]),
    "GET_ARCHIVED_SEATS": (OLD_BOOKINGS, ["unnest", "archive_booking_pkey(event_id, id)", "unnest",
                                          "seat_pkey(event_id, no)", "archive_seat_pkey(event_id, no)",
                                          "section by event_id"]),
    "ARCHIVED_OWNERS": (f"1, '{OLD}'", ["archive_booking_pkey(event_id, id)", "event_pkey(id)"]),
    "ARCHIVED_HISTORY": (f"'{OLD}'", ["archive_journal_booking(booking_id)"]),
    "ARCHIVED_TICKET": ("'T-3'", ["archive_booking_ticket(ticket_ref)", "event_pkey(id)"]),
    "GET_EVENT": ("1", ["event_pkey(id)"]),
    "LOCK_EVENT": ("1", ["event_pkey(id)"]),
    "COUNT_SEATS": ("'{1,2}'", ["seat_pkey(event_id)", "archive_seat_pkey(event_id)"]),
    "MAP_VERSION": ("1, '1'", ["journal_pkey(event_id, xid)", "archive_journal_pkey(event_id, xid)"]),
    "READ_FEED": ("'100', 3, 20", ["journal_cursor(xid, seq)"]),
    "MOVE_CURSOR": ("'kafka', '1', 2, '3', 4, NULL", ["cursor_pkey(name)"]),
    "LIST_CURSORS": ("'{redis,kafka}'", ["cursor_pkey(name)", "journal_cursor(xid, seq)"]),
    "MAP_SECTIONS": ("1", ["section by event_id"]),
    "MAP_SEATS": ("1", ["seat_pkey(event_id)", "archive_seat_pkey(event_id)"]),
    "INVENTORY_SEATS": ("1", ["seat_pkey(event_id)"]),
    "INVENTORY_TAKEN": ("1", ["seat_pkey(event_id)"]),
    "CONFIRM_BOOKING": (f"1, '{BOOKING}', 'REF'", ["booking_pkey(event_id, id)"]),
    "SELL_SEATS": (f"'{{1,1}}', '{{3,5}}', '{{{BOOKING},{BOOKING}}}'",
                   ["unnest", "seat_pkey(event_id, no)"]),
    "TAKE_SEATS": (f"'{{1,1}}', '{{3,5}}', '{BOOKING}', 'ann'", ["unnest", "seat_pkey(event_id, no)"]),
    "SEATS_UNTIL": (f"'{{1,1}}', '{{3,5}}', '{{{BOOKING},{BOOKING}}}', '{{NULL,NULL}}'",
                    ["unnest", "seat_pkey(event_id, no)"]),
    "PAY_BOOKING": (f"1, '{BOOKING}'", ["booking_pkey(event_id, id)"]),
    "RETURN_BOOKINGS": (BOOKINGS_AND_ENDS, ["unnest", "booking_pkey(event_id, id)"]),
    "EXTEND_BOOKING": (f"1, '{BOOKING}', now()", ["booking_pkey(event_id, id)"]),
    "PAYMENTS_OF": (BOOKINGS, ["unnest", "payment_booking(booking_id)"]),
    "REFUNDS_OF": (BOOKINGS, ["unnest", "refund_booking(booking_id)"]),
    "ARCHIVED_PAYMENTS": (OLD_BOOKINGS, ["unnest", "archive_payment_booking(booking_id)"]),
    "ARCHIVED_REFUNDS": (OLD_BOOKINGS, ["unnest", "archive_refund_booking(booking_id)"]),
    "UPDATE_PAYMENT": (f"1, '{BOOKING}', 'completed', 100, 'EUR', 'ref', NULL", ["payment_pkey(event_id, id)"]),
    "CLOSE_PAYMENTS": (BOOKINGS, ["unnest", "payment_booking(booking_id)"]),
    "REFUND_PAYMENTS": (BOOKINGS, ["unnest", "payment_pkey(event_id, id)"]),
    "UPDATE_REFUND": (f"1, '{BOOKING}', 'completed', 'ref', 0", ["refund_pkey(event_id, id)"]),
    "RETRY_REFUND": (f"1, '{BOOKING}'", ["refund_pkey(event_id, id)"]),
    "REFUND_OWNERS": (f"1, 2, '{BOOKING}'", ["refund_pkey(event_id, id)"]),
    "RESCHEDULE_REFUNDS": (BOOKINGS + ", '{1,1}'", ["unnest", "refund_pkey(event_id, id)"]),
    "GET_PARKED": ("'webhook', 'id'", ["parked_event_pkey(source, id)"]),
    "DROP_PARKED": ("'webhook', 'id'", ["parked_event_pkey(source, id)"]),
    "CLAIM_REFUNDS": ("8", ["refund_due(due_at)", "refund_pkey(event_id, id)", "payment_pkey(event_id, id)"]),
    "IS_PROCESSED": ("'webhook', 'id'", ["processed_event_pkey(source, id)"]),
    "LIST_SOLD": ("'seller-1', NULL, 20, 0", ["event_seller(seller)", "booking_pkey(event_id)",
                                                  "journal_booking(booking_id)"]),
    "POLL_JOURNAL": ("'100', 1, '{1,2}', 2000", ["journal_cursor(xid, seq)", "unnest"]),
    "RELAY_STATE": ("'redis'", ["cursor_pkey(name)", "journal_cursor(xid, seq)"]),
    "OWN_STANDING": ("'{user-1,user-2}', '{1,2}'",
                     ["unnest", "booking_user(user_id)", "journal_booking(booking_id)", "unnest"]),
    "OWN_CHANGES": ("'{user-1,user-2}', '{1,2}', '{1,1}', '{1,1}'",
                    ["unnest", "booking_user(user_id)", "journal_booking(booking_id)", "unnest"]),
    "BOOKING_STANDING": (BOOKINGS, ["unnest", "booking_pkey(event_id, id)", "archive_booking_pkey(event_id, id)",
                                    "event_pkey(id)", "journal_booking(booking_id)",
                                    "archive_journal_booking(booking_id)", "unnest"]),
    "BOOKING_CHANGES": (f"'{{{BOOKING},{NEW}}}', '{{1,1}}', '{{1,1}}'",
                        ["unnest", "journal_booking(booking_id)", "archive_journal_booking(booking_id)", "unnest"]),
    "SEAT_VERSIONS": ("'{1,2}', '{1,1}'", ["unnest", "event_pkey(id)", "journal_pkey(event_id, xid)",
                                           "archive_journal_pkey(event_id, xid)"]),
    "TAKEN_SEATS": ("'{1,2}'", ["unnest", "seat_pkey(event_id)", "archive_seat_pkey(event_id)"]),
    "SEAT_CHANGES": ("'{1,2}', '{1,1}', '{1,1}', '{1000,1000}'",
                     ["unnest", "journal_pkey(event_id, xid, seq)", "archive_journal_pkey(event_id, xid, seq)",
                      "unnest"]),
    "SEAT_STATES": ("'{1,1}', '{3,5}'", ["unnest", "seat_pkey(event_id, no)", "archive_seat_pkey(event_id, no)"]),
    "LOCK_TICKETED": ("'T-3'", ["booking_ticket(ticket_ref)"]),
    "CHECK_IN": (f"1, '{BOOKING}', '{{T-7-1,T-7-2}}', '{{1,2}}', 'usher'", ["unnest"]),
    "CHECKED_IN": (f"'{BOOKING}'", ["ticket_booking(booking_id)"]),
    "EVENT_WHEN": ("1", ["event_pkey(id)"]),
    "REDEEM_TICKETS": ("'{a,b}'", ["stream_ticket_pkey(hash)"]),
    "GATEWAY_OPEN": (f"'cs_new', '{NEW}', '{NEW}', 100, 'EUR', NULL, NULL", []),
    "GATEWAY_SESSION_OF": (f"'{BOOKING}'", ["gateway_session_payment_id_key(payment_id)"]),
    "GATEWAY_SESSION": ("'cs_7'", ["gateway_session_pkey(id)"]),
    "GATEWAY_EXPIRING": ("20", ["gateway_session_expiring(expires_at)"]),
    "GATEWAY_SETTLE": ("'{cs_20,cs_40}', 'succeeded', '{a,b}', '{x,y}'", ["unnest", "gateway_session_pkey(id)"]),
    "GATEWAY_TAKE": ("'cs_7', 'succeeded'", ["gateway_session_pkey(id)", "gateway_callback_pkey(id)"]),
    "GATEWAY_REFUND": (f"'{NEW}', 'cs_7', '{BOOKING}', 100, 'EUR', 're_1', 'x'",
                       ["gateway_refund_pkey(id)", "gateway_session_pkey(id)"]),
    "GATEWAY_RECALL": (f"'{BOOKING}'", ["gateway_callback_pkey(id)"]),
    "GATEWAY_REFUND_OF": (f"'{BOOKING}'", ["gateway_refund_pkey(id)"]),
    "GATEWAY_DUE": ("20", ["gateway_callback_due(due_at)", "gateway_callback_pkey(id)"]),
    "GATEWAY_NOTE": (f"'{{{BOOKING},{NEW}}}', '{{200,500}}'", ["unnest", "gateway_callback_pkey(id)"]),
}

# These run once in a while, or read a table that is short.
RARE = {"INSERT_PAYMENT", "INSERT_REFUNDS", "OPEN_REFUNDS", "INSERT_PROCESSED", "DELETE_PROCESSED", "PARK_EVENT",
        "DELETE_PARKED", "LIST_PARKED",
        "CANCEL_EVENT", "INSERT_CANCELLATION", "GET_CANCELLATION", "OPEN_CANCELLATIONS", "BEGIN_CANCELLATION",
        "ADD_CANCELLED", "END_CANCELLATION",
        "TAKE_LIMIT", "AFTER_ALL", "BEGIN", "COMMIT", "ROLLBACK", "PING", "LOCK_PLAN_NAME", "INSERT_PLAN", "FIND_PLAN",
        "GET_PLAN", "LIST_PLANS", "COUNT_PLANS",
        "IS_TIMEZONE", "INSERT_EVENT", "INSERT_SECTIONS", "INSERT_SEATS", "LIST_EVENTS", "COUNT_EVENTS",
        "UPDATE_EVENT", "MIGRATE_PATIENCE", "MIGRATE_LOCK", "MIGRATE_CARE", "HAS_MIGRATIONS", "MIGRATIONS",
        "INSERT_MIGRATION", "GRANT_WORKER", "DOCTOR_SETTINGS", "MAKE_CURSOR", "GET_CURSOR",
        "LOCK_RELAY", "HORIZON", "INSERT_TICKET", "DELETE_TICKETS", "DUE_EVENTS", "ARCHIVE", "ENDLESS_BOOKINGS",
        "BEGIN_SNAPSHOT"}
# The audit reads whole tables, in a transaction that has settings of its own.
RARE |= {name for name in STATEMENTS if name.startswith("AUDIT_")}

# Rows are locked in the order of the arrays: nothing may come between them and the loop.
IN_ORDER = ("LOCK_REQUESTED", "LOCK_SEATS", "LOCK_IDLE_SEATS", "RESERVE_SEATS", "FREE_SEATS", "SELL_SEATS",
            "TAKE_SEATS", "SEATS_UNTIL", "HOLD_SEATS", "FREE_HELD")
ORDER_KEEPERS = {"ModifyTable", "LockRows", "Nested Loop", "Function Scan", "Index Scan"}

# An event has few sections: whichever index finds them, and whether one or all, makes no difference.
SECTIONS = re.compile(r"section_\w+\(event_id\b.*")

# Answers or counts a whole event, or all of a user: as many pages as there is to read.
LONG = ("MAP_SEATS", "EXPIRE_DUE", "LOCK_LIVE", "INVENTORY_SEATS", "INVENTORY_TAKEN", "LIST_SOLD", "MAP_VERSION",
        "COUNT_SEATS", "COUNT_BOOKINGS", "LIST_BOOKINGS", "POLL_JOURNAL", "OWN_STANDING", "OWN_CHANGES", "SEAT_VERSIONS",
        "TAKEN_SEATS", "SEAT_CHANGES", "WAITING_REQUESTS")
FEW_PAGES = 80


def test_every_statement_is_hot_or_rare():
    """Whoever adds a statement says here which it is, and what its plan shall be."""
    assert set(HOT).isdisjoint(RARE)
    assert set(STATEMENTS) == set(HOT) | RARE


def test_options_are_those_of_the_connections():
    assert "plan_cache_mode=force_generic_plan" in OPTIONS and "enable_seqscan=off" in OPTIONS


# --- Reading a plan.

def bare(expression):
    """Without what the two ways of printing an expression differ in."""
    return re.sub(r"\bROW\b|[()']", "", expression)


class Catalog:
    """The columns of the indexes, as PostgreSQL writes them."""

    def __init__(self, database):
        self.columns = {}
        for name, column in database.ask("""
                SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid, at, true)
                FROM pg_index CROSS JOIN LATERAL generate_series(1, indnkeyatts) AS at
                WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
                ORDER BY 1, at"""):
            self.columns.setdefault(name, []).append(column)

    def searched_by(self, node):
        """index(columns): the leading columns that the condition names, without a gap."""
        condition, used = bare(node.get("Index Cond", "")), []
        for column in self.columns[node["Index Name"]]:
            if not re.search(r"(?<![\w.])" + re.escape(bare(column)) + r"(?!\w)", condition):
                break
            used.append(column)
        return f"{node['Index Name']}({', '.join(used)})"


def nodes(plan):
    """All nodes of a plan, outer sides first."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def reads(plan, catalog):
    """What a plan reads, in its order."""
    found = []
    for node in nodes(plan):
        if node["Node Type"] == "Function Scan":
            found.append("unnest")
        elif "Index Name" in node:
            found.append(SECTIONS.sub("section by event_id", catalog.searched_by(node)))
        elif "Relation Name" in node and node["Node Type"] not in ("ModifyTable", "Bitmap Heap Scan"):
            found.append(f"{node['Node Type']} of {node['Relation Name']}")
    return found


def show(plan, depth=0):
    """A plan in lines, for people."""
    words = [plan["Node Type"], *(f"{key}={plan[key]}" for key in ("Index Name", "Relation Name", "Index Cond",
                                                                   "Filter", "Total Cost") if key in plan)]
    return "\n".join(["  " * depth + " ".join(map(str, words)),
                      *(show(below, depth + 1) for below in plan.get("Plans", ()))])


def faults(name, plan, catalog, shall=None):
    """What is wrong with the plan of a statement, in words."""
    found, kinds = [], [node["Node Type"] for node in nodes(plan)]
    does, shall = reads(plan, catalog), shall or HOT[name][1]
    if does != shall:
        found.append(f"reads {does} and not {shall}")
    found += [f"has a {kind}" for kind in kinds if kind in ("Seq Scan", "Hash Join", "Merge Join")]
    if name in IN_ORDER:
        found += [f"has a {kind}, which need not keep the order" for kind in kinds if kind not in ORDER_KEEPERS]
        found += ["is a loop that does not begin with the arrays" for node in nodes(plan)
                  if node["Node Type"] == "Nested Loop" and leftmost(node)["Node Type"] != "Function Scan"]
    return found


def leftmost(node):
    """Where the rows that drive a plan come from."""
    while node.get("Plans"):
        node = node["Plans"][0]
    return node


# --- The tables, in all the states in which a plan may be made.

FILL = """
INSERT INTO plan (id, owner, name, version, sections, row_count, seats, checksum, document)
VALUES ('0197aaaa-0000-7000-8000-000000000001', 'x', 'x', 1, 5, 50, 1000, '', '{{}}');
INSERT INTO event (seller, title, venue_name, plan_id, seats, starts_at, timezone, currency, status,
                   price_min, price_max)
SELECT 'seller-' || e % 3, 'x', 'x', (SELECT id FROM plan), 20000 / {events}, now(), 'UTC', 'EUR', 'on_sale',
       100, 100
FROM generate_series(1, {events}) AS e;
INSERT INTO section (event_id, no, name, rows, cols)
SELECT e, c, 'part ' || c, 20, 20 FROM generate_series(1, {events}) AS e, generate_series(1, 5) AS c;
INSERT INTO seat (event_id, no, section, row_no, col, price, row_label, label, tier)
SELECT e, s, 1 + s % 5, s / 20, s % 20, 100, s / 20, s % 20, 'REGULAR'
FROM generate_series(1, {events}) AS e, generate_series(1, 20000 / {events}) AS s;
INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total, currency, expires_at,
                     queued, mode, section, subsection, positions, ticket_ref)
SELECT 1 + (n - 7 + 7 * {events}) % {events},
       ('0197aaaa-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user-' || n % {users}, status,
       CASE WHEN named THEN ARRAY[2 * n, 2 * n + 1] ELSE '{{}}' END,
       CASE WHEN named THEN ARRAY[100, 100] ELSE '{{}}' END, 2, 200, 'EUR',
       CASE WHEN NOT queued THEN now() + (n % 20 - 10) * interval '1 minute' END,
       queued, CASE WHEN named THEN 'manual' ELSE 'best_available' END::booking_mode,
       CASE WHEN queued THEN 'part 1' END, CASE WHEN queued THEN 1 END,
       CASE WHEN queued AND named THEN '["1-1", "1-2"]'::jsonb END,
       CASE WHEN status = 'confirmed' THEN 'T-' || n END
FROM generate_series(1, 20000) AS n
     CROSS JOIN LATERAL (SELECT CASE WHEN n % 50 = 7 THEN 'requested' ELSE
         (ARRAY['pending', 'pending', 'paying', 'confirmed', 'confirmed', 'confirmed', 'cancelled', 'cancelled',
                'cancelled', 'expired'])[1 + n % 10] END::booking_status AS status, n % 5 = 2 AS queued) AS s
     CROSS JOIN LATERAL (SELECT status <> 'requested' OR n % 100 = 7 AS named) AS m;
INSERT INTO journal (xid, event_id, booking_id, user_id, type)
SELECT (number * 2 + k)::text::xid8, event_id, id, user_id,
       CASE WHEN queued AND k = 0 THEN 'booking.requested' ELSE 'booking.created' END
FROM booking, generate_series(0, 1) AS k;
UPDATE seat SET status = 'reserved', holder = 'x', booking_id = gen_random_uuid() WHERE no % 3 = 0;
INSERT INTO gateway_session (id, payment_id, booking_id, amount, currency, status, expires_at)
SELECT 'cs_' || right(id::text, 12)::int, id, id, 100, 'EUR',
       CASE WHEN right(id::text, 1) = '0' THEN 'open' ELSE 'succeeded' END::gateway_status, now() + interval '1 minute'
FROM booking;
INSERT INTO gateway_refund (id, session_id, amount, gateway_ref) SELECT payment_id, id, 1, 'x' FROM gateway_session;
INSERT INTO gateway_callback (id, body, due_at)
SELECT payment_id, repeat('x', 300), CASE WHEN right(id, 1) = '7' THEN expires_at END FROM gateway_session
WHERE status <> 'open';
INSERT INTO hold (event_id, user_id, seats, expires_at)
SELECT 1 + n % {events}, 'user-' || n, ARRAY[3 * n + 1, 3 * n + 2],
       now() + (n % 20 - 10) * interval '1 minute'
FROM generate_series(1, 2000) AS n;
INSERT INTO payment (event_id, id, booking_id, provider, status, amount, currency, expires_at)
SELECT event_id, id, id, 'http', CASE WHEN status = 'confirmed' THEN 'completed' ELSE 'expired' END::payment_status,
       total, currency, now() FROM booking;
INSERT INTO refund (event_id, id, booking_id, payment_id, amount, currency, status, reason, due_at)
SELECT event_id, id, booking_id, id, 100, 'EUR',
       CASE WHEN right(id::text, 2) = '17' THEN 'pending' ELSE 'completed' END::refund_status, 'USER_CANCELLED',
       now() + (right(id::text, 3)::int % 20 - 10) * interval '1 minute' FROM payment;
INSERT INTO ticket (ref, event_id, booking_id, seat, checked_in_by)
SELECT ticket_ref || '-1', event_id, id, seats[1], 'usher' FROM booking WHERE ticket_ref IS NOT NULL;
INSERT INTO archive_booking SELECT * FROM booking;
UPDATE archive_booking SET id = overlay(id::text PLACING '0197bbbb' FROM 1)::uuid;
INSERT INTO archive_journal SELECT * FROM journal;
UPDATE archive_journal SET booking_id = overlay(booking_id::text PLACING '0197bbbb' FROM 1)::uuid;
INSERT INTO archive_seat SELECT * FROM seat;
UPDATE archive_seat SET event_id = -event_id;
INSERT INTO idempotency_key (principal, route, key, hash, status, body, created_at)
SELECT 'user-' || n % 499, 'r', 'key-' || n, '', 201, '', now() - n * interval '1 minute'
FROM generate_series(1, 3000) AS n;
"""


class Session:
    """A connection like a worker's, in which the hot statements are prepared."""

    def __init__(self, database):
        self.catalog = Catalog(database)
        self.conn = database.connect(scratch_databases.WORKER, options=OPTIONS)
        self.cursor = self.conn.cursor()
        for name in HOT:
            self.cursor.execute(f"PREPARE {name} AS {STATEMENTS[name]}")

    def explain(self, name, *options):
        self.cursor.execute(f"EXPLAIN ({', '.join(('FORMAT JSON', *options))}) EXECUTE {name}({HOT[name][0]})")
        return self.cursor.fetchone()[0][0]["Plan"]

    def explain_and_roll_back(self, name, *options):
        self.cursor.execute("BEGIN")
        try:
            return self.explain(name, *options)
        finally:
            self.cursor.execute("ROLLBACK")

    def execute_all(self):
        """Every statement really runs, which makes the plan that is kept."""
        for name in HOT:
            self.cursor.execute("BEGIN")
            self.cursor.execute(f"EXECUTE {name}({HOT[name][0]})")
            self.cursor.execute("ROLLBACK")


def analyzed(database):
    database.ask("VACUUM ANALYZE", scratch_databases.SUPERUSER)


def filled(database, events=20, users=499):
    database.ask(FILL.format(events=events, users=users))


def new_tables(database):
    return Session(database)


def empty_tables_analyzed(database):
    analyzed(database)
    return Session(database)


def full_tables_not_analyzed(database):
    filled(database)
    return Session(database)


def full_tables(database, **how):
    filled(database, **how)
    analyzed(database)
    return Session(database)


def one_large_event(database):
    return full_tables(database, events=1)


def one_user_of_all(database):
    """A box office that books for everybody."""
    return full_tables(database, users=1)


def made_when_new(database):
    session = Session(database)
    session.execute_all()
    filled(database)
    return session


def made_when_empty_and_analyzed(database):
    analyzed(database)
    return made_when_new(database)


def made_when_empty_and_made_again(database):
    """Statistics that come later throw the kept plans away: those that follow are as good."""
    session = made_when_empty_and_analyzed(database)
    analyzed(database)
    return session


STATES = {state.__name__: state for state in (
    new_tables, empty_tables_analyzed, full_tables_not_analyzed, full_tables, one_large_event, one_user_of_all,
    made_when_new, made_when_empty_and_analyzed, made_when_empty_and_made_again)}


@contextlib.contextmanager
def open_session(cluster, state):
    database = cluster.database()
    database.migrate()
    session = STATES[state](database)
    with contextlib.closing(session.conn):
        yield session


@pytest.fixture(scope="module", params=STATES)
def session(request, cluster):
    with open_session(cluster, request.param) as opened:
        yield opened


@pytest.mark.parametrize("name", HOT)
def test_plan(session, name):
    plan = session.explain(name)
    assert not faults(name, plan, session.catalog), show(plan)


# --- A plan is good when it reads little.

@pytest.fixture(scope="module")
def old_session(cluster):
    with open_session(cluster, "made_when_empty_and_analyzed") as opened:
        yield opened


@pytest.mark.parametrize("name", [name for name in HOT if name not in LONG])
def test_plan_made_on_empty_tables_reads_few_pages_of_full_ones(old_session, name):
    plan = old_session.explain_and_roll_back(name, "ANALYZE", "BUFFERS", "TIMING OFF")
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    assert pages <= FEW_PAGES, show(plan)


def test_the_kept_plan_is_what_is_looked_at(cluster):
    """Otherwise the plans made on empty tables would be tested on plans made anew."""
    database = cluster.database()
    database.migrate()
    analyzed(database)
    session = Session(database)
    with contextlib.closing(session.conn):
        cost = session.explain("MAP_SEATS")["Total Cost"]
        filled(database)
        kept = session.explain("MAP_SEATS")["Total Cost"]
        session.cursor.execute("DISCARD PLANS")
        assert session.explain("MAP_SEATS")["Total Cost"] > 10 * kept
        assert kept == cost


# --- These tests can fail.

def test_without_our_settings_a_plan_made_on_empty_tables_is_found_faulty(cluster):
    database = cluster.database()
    database.migrate()
    analyzed(database)
    catalog = Catalog(database)
    with contextlib.closing(database.connect()) as conn, conn.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        for name in ("LOCK_SEATS", "FREE_SEATS", "COUNT_PENDING"):
            cursor.execute(f"PREPARE {name} AS {STATEMENTS[name]}")
            cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {name}({HOT[name][0]})")
            plan = cursor.fetchone()[0][0]["Plan"]
            assert faults(name, plan, catalog), show(plan)


@pytest.mark.parametrize("sql, finding", [
    ("SELECT FROM seat WHERE no = 1", "seat_pkey()"),
    ("SELECT FROM seat WHERE event_id = 1", "seat_pkey(event_id)"),
    ("SELECT FROM seat WHERE event_id = 1 AND booking_id IS NULL", "seat_pkey(event_id)"),
    ("SELECT FROM booking WHERE event_id = 1 AND seats = '{1}'", "booking_pkey(event_id)"),
    ("SELECT FROM journal WHERE event_id = 1 AND seq = 5", "journal_pkey(event_id)"),
    ("SELECT FROM event WHERE title = 'x'", "Seq Scan of event"),
])
def test_reader_of_plans_tells_indexes_that_are_searched_from_those_read_through(old_session, sql, finding):
    old_session.cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
    plan = old_session.cursor.fetchone()[0][0]["Plan"]
    assert reads(plan, old_session.catalog) == [finding], show(plan)


@pytest.mark.parametrize("sql", [
    STATEMENTS["LOCK_SEATS"].replace("$1::int[], $2::int[]", "'{1}'::int[], '{3}'::int[]").replace(
        " FOR UPDATE", " ORDER BY s.no DESC FOR UPDATE"),
    "SELECT FROM seat s CROSS JOIN LATERAL generate_series(1, s.no) AS n WHERE s.event_id = 1",
])
def test_lock_order_that_is_not_that_of_the_arrays_is_found(old_session, sql):
    old_session.cursor.execute("SET enable_material = off")
    old_session.cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
    plan = old_session.cursor.fetchone()[0][0]["Plan"]
    found = faults("LOCK_SEATS", plan, old_session.catalog, shall=reads(plan, old_session.catalog))
    assert found, show(plan)
