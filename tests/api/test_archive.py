"""
The archive (R-28, R-61): events that are long over leave the live tables. Nothing is lost, what
there was can be read by its id, and whoever is killed or not alone at it does no harm.
"""

import contextlib
import os
import re
import signal
import subprocess
import time

import psycopg2
import psycopg2.errors
import pytest

import processes
from rowlock_client import QUEUE, grid
from sse_client import Stream

TABLES = ("booking", "seat", "payment", "refund", "journal")
FORMS = ("", "/history", "/ticket", "/ticket.svg", "/ticket.png")


def program(name, *args, **env):
    return subprocess.Popen(processes.program(name, *args), text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=processes.settings(**env))


def archive():
    """One run, to its end: what it said."""
    run = processes.ctl("job", "archive", "--once")
    assert run.returncode == 0, run
    return run.stdout


@pytest.fixture
def counts(ask):
    """counts(hall): rows of an event in each live table, and in each of the archive, at one moment."""
    columns = ", ".join(f"(SELECT count(*) FROM {kind}{table} WHERE event_id = %s)"
                        for kind in ("", "archive_") for table in TABLES)

    def read(hall):
        row = ask("SELECT " + columns, *[hall.number] * 10)[0]
        return row[:5], row[5:]
    return read


@pytest.fixture
def over(db):
    """over(hall, days): the event began so many days ago."""
    def begin(hall, days=31):
        with db.cursor() as cursor:
            cursor.execute("UPDATE event SET starts_at = now() - %s * interval '1 day' WHERE id = %s",
                           (days, hall.number))
    return begin


@pytest.fixture
def is_archived(ask):
    return lambda hall: ask("SELECT archived_at IS NOT NULL FROM event WHERE id = %s", hall.number) == [(True,)]


@pytest.fixture
def put_away(over, is_archived, ask):
    """put_away(hall): archives it, however long its journal takes to be told."""
    def run(hall):
        if ask("SELECT starts_at > now() FROM event WHERE id = %s", hall.number) == [(True,)]:
            over(hall)
        processes.wait_for(lambda: archive() and is_archived(hall), "the event to be archived")
    return run


@pytest.fixture
def told(db, ask):
    """told(hall): a reader that has not come as far as this event; told.move(id): now behind a booking."""
    class Reader:
        name = f"test-{os.getpid()}"

        def __call__(self, hall):
            with db.cursor() as cursor:
                cursor.execute("INSERT INTO cursor (name, xid, seq) SELECT %s, min(xid::text::bigint)::text::xid8, 0"
                               " FROM journal WHERE event_id = %s", (self.name, hall.number))

        def move(self, booking):
            with db.cursor() as cursor:
                cursor.execute("UPDATE cursor SET (xid, seq) = (SELECT xid, seq FROM journal WHERE booking_id = %s"
                               " ORDER BY xid DESC, seq DESC LIMIT 1) WHERE name = %s", (booking, self.name))
    reader = Reader()
    yield reader
    with db.cursor() as cursor:
        cursor.execute("DELETE FROM cursor WHERE name = %s", (reader.name,))


def paid(who, place, *seats):
    booking = who.book(place, *seats).ok(201)["bookingId"]
    who.post(f"{QUEUE}/{booking}/pay").plain()
    return booking


def everything(who, place, ids):
    """What a person can read of these bookings and of the event."""
    seen = {}
    for one in ids:
        for form in FORMS:
            reply = who.get(f"bookings/{one}{form}")
            seen[one + form] = (reply.status, reply.body)
        reply = who.get(f"{QUEUE}/{one}")
        seen[one + " of the queue"] = (reply.status, reply.body)
    event = who.get("events/" + place.id).ok()
    seen["event"] = {key: value for key, value in event.items() if key not in ("status", "startsAt", "updatedAt")}
    seen["map"] = place.map()
    return seen


def masked(seen):
    """Without what ending the sale of the event itself changes."""
    return {key: tuple(re.sub(rb'"status":"(on_sale|closed)"', b"", part) if isinstance(part, bytes) else part
                       for part in value) if isinstance(value, tuple) else value for key, value in seen.items()}


def test_everything_can_be_read_as_before(stack, name, buyer, hall, over, counts, is_archived, ask, put_away, clean):
    who, place = buyer(), hall(rows=4, cols=10)
    back = paid(who, place, 40)
    who.post("payments/refund/" + back).ok()
    over(place)
    one, two = paid(who, place, 1), paid(who, place, 2, 3, 4)
    place.seller.post(f"tickets/{who.get('bookings/' + two).ok()['ticketReference']}-2/check-in").ok()
    cancelled = who.book(place, 5).ok(201)["bookingId"]
    who.delete("bookings/" + cancelled).ok()
    failed = who.queue(place, "A-1").plain(202)["id"]
    who.wait_status(failed, "failed")
    seated = who.queue_best(place, 2).plain(202)["id"]
    who.wait_status(seated, "pending_payment")
    who.post(f"{QUEUE}/{seated}/pay").plain()
    ids = (one, two, cancelled, failed, seated, back)
    before, rows = everything(who, place, ids), counts(place)[0]
    assert min(rows) > 0, "there is something of everything"
    put_away(place)
    assert counts(place) == ((0,) * 5, rows)
    after = everything(who, place, ids)
    assert masked(after) == masked(before)
    assert {key: status for key, (status, _) in ((k, v) for k, v in after.items() if isinstance(v, tuple))
            if "ticket" not in key and status != 200} == {}
    assert who.get("events/" + place.id).ok()["status"] == "closed"
    clean(place, ids)


def test_whose_it_is_counts_in_the_archive_too(stack, name, buyer, hall, put_away):
    who, place = buyer(), hall()
    booking = paid(who, place, 1)
    put_away(place)
    staff = stack.caller(name("admin"), "admin")
    for form in (*FORMS, "the queue"):
        path = f"{QUEUE}/{booking}" if form == "the queue" else f"bookings/{booking}{form}"
        for caller, status in ((who, 200), (place.seller, 200), (staff, 200), (buyer(), 403),
                               (stack.seller(name("rival")), 403), (stack.anyone(), 401)):
            assert caller.get(path).status == status, path


def test_archived_bookings_are_not_listed_and_not_changed(buyer, hall, put_away, counts):
    who, place, live = buyer(), hall(), hall()
    booking, pending = paid(who, place, 1, 2), who.book(live, 1).ok(201)["bookingId"]
    reference = who.get("bookings/" + booking).ok()["ticketReference"]
    put_away(place)
    assert [b["bookingId"] for b in who.get("bookings/my").ok()["items"]] == [pending]
    rows = counts(place)
    who.delete("bookings/" + booking).refused(404, "BOOKING_NOT_FOUND")
    who.patch(f"bookings/{booking}/cancel").refused(404, "BOOKING_NOT_FOUND")
    who.patch(f"{QUEUE}/{booking}").declined(404, "BOOKING_NOT_FOUND")
    who.post(f"{QUEUE}/{booking}/pay").declined(404, "BOOKING_NOT_FOUND")
    for ticket in (reference, reference + "-1"):
        place.seller.post(f"tickets/{ticket}/check-in").refused(409, "INVALID_STATE")
        who.stack.seller("somebody else").post(f"tickets/{ticket}/check-in").refused(403, "FORBIDDEN")
    assert counts(place) == rows


def test_archived_event_is_not_changed_and_not_sold(buyer, hall, put_away):
    who, place = buyer(), hall(rows=2, cols=5)
    put_away(place)
    for patch in ({"status": "on_sale"}, {"title": "Once more"}, {"startsAt": "2031-05-01T18:30:00.000Z"}):
        place.seller.patch("events/" + place.id, patch).refused(409, "INVALID_STATE")
    who.book(place, 1).refused(409, "EVENT_NOT_ON_SALE")
    who.book_best(place, 2).refused(409, "EVENT_NOT_ON_SALE")
    who.queue(place, "A-1").declined(400, "EVENT_NOT_ON_SALE")
    who.queue_best(place, 1).declined(400, "EVENT_NOT_ON_SALE")
    assert set(place.statuses().values()) == {"available"} and len(place.statuses()) == 10


def test_version_of_the_map_goes_on(buyer, hall, put_away):
    """Somebody may keep a map from long ago: it must not be called the present one."""
    who, place = buyer(), hall(rows=1, cols=6)
    seen = []
    for no in (1, 2, 3):
        seen.append(who.stack.anyone().get(f"events/{place.id}/seats").headers["ETag"])
        paid(who, place, no)
    before = place.map()["version"]
    put_away(place)
    assert place.map()["version"] >= before
    for etag in seen:
        again = who.stack.anyone().get(f"events/{place.id}/seats", headers={"If-None-Match": etag})
        assert again.status == 200, "another map than the one of that tag"


def test_seats_are_told_as_the_map_shows_them(stack, buyer, hall, put_away):
    who, place = buyer(), hall(rows=1, cols=6)
    path = f"/api/v1/events/{place.id}/stream"
    paid(who, place, 1, 2)
    early = place.map()["version"]
    with Stream(stack, path) as stream:
        seen = stream.next()
    paid(who, place, 4)
    who.delete("bookings/" + who.book(place, 5).ok(201)["bookingId"]).ok()
    put_away(place)
    version = place.map()["version"]
    with Stream(stack, path) as stream:
        assert stream.next().data == {"version": version, "snapshot": True,
                                      "changes": [[1, "sold"], [2, "sold"], [4, "sold"]]}
    for more in ({"path": path, "after": seen.id}, {"path": f"{path}?since={early}"}):
        with Stream(stack, **more) as stream:
            event = stream.next()
        told = dict(event.data["changes"])
        assert "snapshot" not in event.data and event.data["version"] == version
        assert (told[4], told[5]) == ("sold", "available")


def test_bookings_are_told_as_they_are_read(stack, name, buyer, hall, put_away):
    who, place = buyer(), hall(rows=1, cols=6)
    kept, gone = paid(who, place, 1), who.book(place, 2).ok(201)["bookingId"]
    path = "/api/v1/bookings/{}/stream".format
    with Stream(stack, path(gone), who) as stream:
        seen = stream.next()
    who.delete("bookings/" + gone).ok()
    put_away(place)
    with Stream(stack, path(gone), who) as stream:
        assert [event.data["status"] for event in stream.rest()] == ["CANCELLED"]
    with Stream(stack, path(gone), who, after=seen.id) as stream:
        missed = stream.rest()
    assert [event.data["status"] for event in missed] == ["CANCELLED"] and missed[0].cursor > seen.cursor
    for caller, status in ((who, 200), (place.seller, 200), (stack.caller(name("admin"), "admin"), 200),
                           (buyer(), 403), (stack.seller(name("rival")), 403), (stack.anyone(), 401)):
        with Stream(stack, path(kept), caller) as stream:
            assert stream.status == status
            assert status != 200 or stream.next().data["status"] == "CONFIRMED"


def test_events_that_are_not_old_are_left_alone(buyer, hall, over, counts, put_away, ask):
    who, today, month, old = buyer(), hall(), hall(), hall()
    for place in (today, month, old):
        paid(who, place, 1)
    over(today, 0)
    over(month, 29)
    rows = [counts(place) for place in (today, month)]
    put_away(old)
    assert [counts(place) for place in (today, month)] == rows
    assert ask("SELECT status, archiving_at, archived_at FROM event WHERE id = %s", month.number) == [
        ("on_sale", None, None)]


def test_workers_role_cannot_have_an_event_archived_that_is_not_old(hall, counts, over):
    place, younger = hall(), hall()
    over(younger, 10)
    rows = counts(place), counts(younger)
    with contextlib.closing(psycopg2.connect(os.environ["DATABASE_URL"])) as conn, conn.cursor() as cursor:
        for event, days in ((place, 1), (place, 30), (younger, 30), (younger, 11)):
            cursor.execute("SELECT outcome FROM rowlock_archive(%s, %s, 1000)", (event.number, days))
            assert cursor.fetchone() == ("busy",)
        conn.commit()
        for days, most in ((0, 1000), (-1, 1000), (None, 1000), (1, 0), (1, None)):
            with pytest.raises(psycopg2.errors.InvalidParameterValue):
                cursor.execute("SELECT rowlock_archive(%s, %s, %s)", (younger.number, days, most))
            conn.rollback()
    assert (counts(place), counts(younger)) == rows


def test_what_is_not_told_stays(buyer, hall, over, counts, told, is_archived):
    who, place = buyer(), hall(rows=1, cols=6)
    first, second = paid(who, place, 1), paid(who, place, 2)
    over(place)
    told(place)
    live = counts(place)[0]
    archive()
    assert counts(place) == (live, (0,) * 5), "a reader has seen nothing of it yet"
    told.move(first)
    processes.wait_for(lambda: archive() and counts(place)[1][0] == 1, "the first booking to be moved")
    assert counts(place)[1] == (1, 0, 1, 0, 2), "with its payment and its two rows"
    assert [who.get(f"bookings/{b}/history").status for b in (first, second)] == [200, 200]
    assert who.get("bookings/" + first).ok()["seats"][0]["number"] == 1
    archive()
    assert counts(place)[1][0] == 1 and not is_archived(place)
    told.move(second)
    processes.wait_for(lambda: archive() and is_archived(place), "the rest to follow")
    assert counts(place) == ((0,) * 5, live)


UNSETTLED = {
    "money is to be given back":
        """INSERT INTO refund (event_id, id, booking_id, payment_id, amount, currency, status, reason)
           SELECT event_id, '{other}', booking_id, id, 1, currency, 'pending', 'TEST' FROM payment
           WHERE booking_id = '{booking}'""",
    "a refund was refused for good":
        """INSERT INTO refund (event_id, id, booking_id, payment_id, amount, currency, status, reason)
           SELECT event_id, '{other}', booking_id, id, 1, currency, 'failed', 'TEST' FROM payment
           WHERE booking_id = '{booking}'""",
    "a payment is under way":
        """INSERT INTO payment (event_id, id, booking_id, provider, amount, currency, status, expires_at)
           SELECT event_id, '{other}', id, 'http', 1, currency, 'pending', now() + interval '1 hour' FROM booking
           WHERE id = '{booking}'""",
    "a payment is under way, nobody knows for how long":
        """INSERT INTO payment (event_id, id, booking_id, provider, amount, currency, status)
           SELECT event_id, '{other}', id, 'http', 1, currency, 'pending' FROM booking WHERE id = '{booking}'""",
}


@pytest.mark.parametrize("case", UNSETTLED)
def test_what_is_not_settled_stays(case, buyer, hall, over, counts, is_archived, db, ask):
    who, place = buyer(), hall(rows=1, cols=3)
    booking, other = paid(who, place, 1), paid(who, place, 2)
    over(place)
    with db.cursor() as cursor:
        cursor.execute(UNSETTLED[case].format(booking=booking, other="0197aaaa-0000-7000-8000-%012x" % place.number))
    processes.wait_for(lambda: archive() and counts(place)[1][0] == 1, "the other booking to be moved")
    archive()
    assert counts(place)[0][0] == 1 and who.get("bookings/" + booking).ok()["status"] == "CONFIRMED"
    assert ask("SELECT id::text FROM archive_booking WHERE event_id = %s", place.number) == [(other,)]
    with db.cursor() as cursor:
        cursor.execute("UPDATE refund SET status = 'completed' WHERE event_id = %s", (place.number,))
        cursor.execute("UPDATE payment SET status = 'failed' WHERE event_id = %s AND status = 'pending'",
                       (place.number,))
    archive()
    assert is_archived(place)
    with db.cursor() as cursor:
        cursor.execute("DELETE FROM archive_refund WHERE event_id = %s", (place.number,))


def test_what_would_wait_for_ever_is_cancelled(buyer, hall, over, put_away, counts, unseated, ask):
    """Bookings of /api/booking have no window (R-21)."""
    who, place = buyer(), hall(rows=1, cols=6)
    pending = who.book(place, 1).ok(201)["bookingId"]
    ask("UPDATE booking SET expires_at = NULL WHERE id = %s RETURNING 1", pending)
    ask("UPDATE seat SET hold_until = NULL WHERE booking_id = %s RETURNING 1", pending)
    requested = who.queue(place, "A-2").plain(202)["id"]
    put_away(place)
    unseated()
    for booking, begin in ((pending, "booking.created"), (requested, "booking.requested")):
        seen = who.get("bookings/" + booking).ok()
        assert (seen["status"], seen["cancelReason"]) == ("CANCELLED", "EVENT_OVER")
        history = who.get(f"bookings/{booking}/history").ok()["items"]
        assert [row["type"] for row in history] == [begin, "booking.cancelled"]
        assert history[1]["payload"]["reason"] == "EVENT_OVER"
    assert counts(place)[0] == (0,) * 5 and set(place.statuses().values()) == {"available"}


def test_what_has_a_window_is_left_to_the_sweeper(buyer, hall, over, counts, is_archived, put_away):
    who, place = buyer(), hall(rows=1, cols=2)
    booking = who.book(place, 1).ok(201)["bookingId"]
    over(place)
    archive()
    assert counts(place)[0][0] == 1 and not is_archived(place)
    assert who.get("bookings/" + booking).ok()["status"] == "PENDING"
    who.delete("bookings/" + booking).ok()
    put_away(place)


def test_booking_made_at_the_same_moment_keeps_its_seat(buyer, hall, over, counts, put_away, is_archived):
    """A transaction that still saw the event on sale commits when its seats are already being moved."""
    who, place = buyer(), hall(rows=1, cols=5)
    over(place)
    with contextlib.closing(psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])) as late, late.cursor() as cursor:
        cursor.execute("SELECT FROM seat WHERE event_id = %s AND no = 3 FOR UPDATE", (place.number,))
        processes.wait_for(lambda: archive() and counts(place)[1][1] == 4, "all other seats to be moved")
        assert not is_archived(place)
        cursor.execute("""
            WITH b AS (INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total, currency,
                                            expires_at)
                       VALUES (%s, ('0197aaaa-0000-7000-8000-0000' || lpad(to_hex(%s), 8, '0'))::uuid, %s, 'pending', '{3}',
                               '{2000}', 1, 2000, 'EUR', now() + interval '10 minutes') RETURNING *),
                 s AS (UPDATE seat SET status = 'reserved', holder = b.user_id, booking_id = b.id,
                                       hold_until = b.expires_at FROM b WHERE seat.event_id = b.event_id AND no = 3)
            INSERT INTO journal (event_id, booking_id, user_id, type, payload)
            SELECT event_id, id, user_id, 'booking.created', '{"seats":[3]}' FROM b RETURNING booking_id::text""",
            (place.number, place.number, who.sub))
        booking = cursor.fetchone()[0]
        late.commit()
    for _ in range(3):
        archive()
    assert counts(place)[0][:2] == (1, 1), "the booking and its seat are both live"
    seen = who.get("bookings/" + booking).ok()
    assert seen["status"] == "PENDING" and seen["seats"][0]["number"] == 3
    assert place.statuses()[3] == "reserved"
    who.delete("bookings/" + booking).ok()
    put_away(place)
    assert who.get("bookings/" + booking).ok()["seats"][0]["number"] == 3


def test_booking_accepted_at_the_same_moment_is_not_left_behind(buyer, hall, over, counts, put_away, is_archived):
    """It names no seat that would be locked: whoever may still have seen the event on sale is waited for."""
    who, place = buyer(), hall(rows=1, cols=2)
    with contextlib.closing(psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])) as late, late.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        over(place)
        processes.wait_for(lambda: archive() and counts(place)[0] == (0,) * 5, "all to be moved")
        archive()
        assert not is_archived(place)
        cursor.execute("""
            WITH b AS (INSERT INTO booking (event_id, id, user_id, status, queued, section, subsection, positions, seats,
                                            prices, quantity, total, currency)
                       VALUES (%s, ('0197aaaa-0000-7000-8000-0000' || lpad(to_hex(%s), 8, '0'))::uuid, %s, 'requested',
                               true, 'Stalls', 1, '["A-2"]', '{2}', '{2000}', 1, 2000, 'EUR') RETURNING *)
            INSERT INTO journal (event_id, booking_id, user_id, type, payload)
            SELECT event_id, id, user_id, 'booking.requested',
                   '{"seats":[2],"queue":{"section":"Stalls","subsection":1,"positions":["A-2"]}}'
            FROM b RETURNING booking_id::text""",
            (place.number, place.number, who.sub))
        booking = cursor.fetchone()[0]
        late.commit()
    put_away(place)
    assert counts(place)[0] == (0,) * 5
    assert who.get("bookings/" + booking).ok()["status"] in ("CANCELLED", "FAILED")


def test_seats_of_a_hold_that_has_ended_are_set_free_first(buyer, hall, over, counts, let_holds_pass, put_away, ask,
                                                           clean):
    who, place = buyer(), hall(rows=1, cols=3)
    assert who.hold(place, 2).status == 200
    over(place)
    with processes.Service("sweep").frozen():
        let_holds_pass(place, who)
        processes.wait_for(lambda: archive() and counts(place)[1][1] == 2, "the other seats to be moved")
        archive()
        assert counts(place)[0][1] == 1
    put_away(place)
    processes.sweep()
    assert ask("SELECT count(*) FROM archive_journal WHERE event_id = %s AND type = 'seats.released'",
               place.number) == [(1,)]
    clean(place)


def test_an_event_that_fails_does_not_stop_those_behind_it(buyer, hall, over, counts):
    first, second = hall(rows=1, cols=2), hall(rows=1, cols=2)
    for place in (first, second):
        paid(buyer(), place, 1)
        over(place)
    with contextlib.closing(psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])) as other, other.cursor() as cursor:
        cursor.execute("SELECT FROM journal WHERE event_id = %s FOR UPDATE", (first.number,))
        processes.wait_for(lambda: program("rowlockctl", "job", "archive", "--once").wait(60) is not None
                           and counts(second)[1][0] == 1, "the second event's booking to be moved")
        failed = program("rowlockctl", "job", "archive", "--once")
        failed.communicate(timeout=60)
        assert failed.returncode == 1 and counts(first)[0][0] == 1


def test_seat_of_a_booking_that_is_not_seen_stays(buyer, hall, over, counts, put_away, ask):
    """Its booking was committed after it had been found that there are none left."""
    place, unseen = hall(rows=1, cols=3), "0197aaaa-0000-7000-8000-0000000000aa"
    over(place)
    ask("""UPDATE seat SET status = 'reserved', holder = 'x', booking_id = %s, hold_until = now()
           WHERE event_id = %s AND no = 2 RETURNING 1""", unseen, place.number)
    processes.wait_for(lambda: archive() and counts(place)[1][1] == 2, "the other seats to be moved")
    archive()
    assert ask("SELECT no, booking_id::text FROM seat WHERE event_id = %s", place.number) == [(2, unseen)]
    ask("""UPDATE seat SET status = 'free', holder = NULL, booking_id = NULL, hold_until = NULL
           WHERE event_id = %s RETURNING 1""", place.number)
    put_away(place)


def fill(ask, place, n):
    """n confirmed bookings of one seat each, as if they had been paid."""
    ask("""
        WITH b AS (INSERT INTO booking (event_id, id, user_id, status, seats, prices, quantity, total, currency, paid_at,
                                            ticket_ref)
                   SELECT %(event)s, ('0197bbbb-0000-7000-' || substr(md5(n || 'x' || %(event)s), 1, 4) || '-' ||
                          lpad(to_hex(n), 4, '0') || lpad(to_hex(%(event)s), 8, '0'))::uuid, 'user-' || n, 'confirmed',
                          ARRAY[n], '{2000}', 1, 2000, 'EUR', now(), 'T-%(event)s-' || n
                   FROM generate_series(1, %(n)s) AS n RETURNING *),
             s AS (UPDATE seat SET status = 'sold', holder = b.user_id, booking_id = b.id FROM b
                   WHERE seat.event_id = b.event_id AND seat.no = b.seats[1]),
             p AS (INSERT INTO payment (event_id, id, booking_id, provider, amount, currency, status, captured,
                                        captured_currency)
                   SELECT event_id, id, id, 'mock', total, currency, 'completed', total, currency FROM b)
        INSERT INTO journal (event_id, booking_id, user_id, type, payload)
        SELECT event_id, id, user_id, type, jsonb_build_object('seats', seats)
        FROM b CROSS JOIN (VALUES (1, 'booking.created'), (2, 'booking.confirmed')) AS t (at, type)
        ORDER BY id, at RETURNING 1""".replace("%(event)s", str(place.number)).replace("%(n)s", str(n)))


def wait_told(ask, place):
    processes.wait_for(lambda: ask("""
        SELECT NOT EXISTS (SELECT FROM journal j CROSS JOIN cursor c
                           WHERE j.event_id = %s AND (j.xid, j.seq) > (c.xid, c.seq))""", place.number) == [(True,)],
                       "the journal to be told", 120)


def test_several_at_once_move_each_row_once(hall, over, counts, ask, is_archived, clean):
    places = [hall(plan=grid(rows=50, cols=50)) for _ in range(3)]
    for place in places:
        fill(ask, place, 2500)
        over(place)
        wait_told(ask, place)
    rows = [counts(place)[0] for place in places]
    runs = [program("rowlockctl", "job", "archive", "--once") for _ in range(4)]
    said = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, said
    while not all(map(is_archived, places)):  # whoever was not alone may have left before the end
        archive()
    assert [counts(place) for place in places] == [((0,) * 5, live) for live in rows]
    moved = sum(int(re.search(r"moved (\d+) bookings", out).group(1)) for out, _ in said)
    assert moved <= 7500
    for place in places:
        clean(place)


def test_killed_in_the_middle_again_and_again(hall, over, counts, ask, is_archived, clean):
    place = hall(plan=grid(rows=100, cols=100))
    fill(ask, place, 10000)
    over(place)
    wait_told(ask, place)
    before, kills = counts(place)[0], 0
    while not is_archived(place):
        done = sum(counts(place)[1])
        run = program("rowlockctl", "job", "archive", "--once")
        while run.poll() is None and sum(counts(place)[1]) == done:
            time.sleep(0.002)
        kills += run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.communicate()
        live, away = counts(place)
        assert tuple(map(sum, zip(live, away))) == before, "each row is in one of the two places"
        assert live[0] == live[2] and live[0] * 2 <= live[4], "a booking goes with what belongs to it"
    clean(place)
    assert kills >= 3, "it was never killed in the middle"
    assert counts(place) == ((0,) * 5, before)


# --- The role, and the command.

def zone_at(hour, minute, second):
    """A TZ in which it is that time now."""
    now = time.gmtime()
    behind = (now.tm_hour - hour) * 3600 + (now.tm_min - minute) * 60 + now.tm_sec - second
    behind = (behind + 43200) % 86400 - 43200
    sign, behind = "-" if behind < 0 else "", abs(behind)
    return f"TST{sign}{behind // 3600}:{behind // 60 % 60:02}:{behind % 60:02}"


def archive_figures(stack):
    """{table: rows moved}, and how many runs there were, as /metrics has it."""
    figures = stack.figures()
    return ({table: figures[f'rowlock_archived_rows_total{{table="{table}"}}'] for table in TABLES},
            figures['rowlock_job_seconds_count{job="archive"}'])


def test_role_works_at_three_o_clock(hall, over, is_archived, buyer, ask, stack):
    place = hall(rows=1, cols=3)
    paid(buyer(), place, 1)
    over(place)
    wait_told(ask, place)
    before, runs = archive_figures(stack)
    role = program("rowlockd", "archive", TZ=zone_at(2, 59, 57))
    try:
        processes.wait_for(lambda: is_archived(place), "the event to be archived")
        role.send_signal(signal.SIGTERM)
        _, log = role.communicate(timeout=10)
    finally:
        role.kill()
    assert role.returncode == 0, log
    assert re.search(r'msg=archived .*bookings=[1-9]\d* .*seats=[1-9]\d* ms=\d+', log), log
    assert len(re.findall("next=", log)) == 2, "tomorrow again"
    moved = dict(re.findall(r"(\w+)=(\d+)", log))
    after = archive_figures(stack)
    named = {"booking": "bookings", "journal": "journal", "seat": "seats"}
    assert {table: after[0][table] - before[table] for table in named} == \
        {table: int(moved[name]) for table, name in named.items()}
    assert after[0]["payment"] > before["payment"] and after[1] == runs + 1


def test_role_does_nothing_before(hall, over, buyer, ask, counts):
    place = hall(rows=1, cols=3)
    paid(buyer(), place, 1)
    over(place)
    wait_told(ask, place)
    live = counts(place)
    role = program("rowlockd", "archive", TZ=zone_at(3, 0, 1))
    with pytest.raises(subprocess.TimeoutExpired):
        role.wait(timeout=2)
    role.send_signal(signal.SIGTERM)
    _, log = role.communicate(timeout=10)
    assert role.returncode == 0 and "msg=archived" not in log, log
    assert counts(place) == live


def test_job_command():
    listed = processes.ctl("job", "--help")
    assert listed.returncode == 0 and re.search(r"^ +archive +move events", listed.stdout, re.M), listed
    for wrong in ((), ("archive",), ("--once",), ("nothing", "--once"), ("archive", "--once", "more"),
                  ("archive", "--twice")):
        run = processes.ctl("job", *wrong)
        assert run.returncode == 2 and run.stderr, wrong
    assert re.fullmatch(r"\d+ events archived, .* in \d+\.\d+ s\n", archive())
