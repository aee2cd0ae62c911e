"""
P-9 and P-13: bookings that end by the thousand. They are written in SQL, as they would be after a
rush; what ends them is the real thing.
"""

import time

from bench_scene import Broken, CannotRun

import processes  # of tests/, where bench_scene has looked
import rowlock_client

SEATS = 2  # of a booking

# Bookings of consecutive pairs of seats; their ids end in the event's number, as real ones do.
BOOKINGS = """
    INSERT INTO booking (event_id, id, user_id, seats, prices, quantity, total, currency, status, expires_at,
                         ticket_ref, paid_at)
    SELECT e, ('01970000-0000-7000-8000-' || lpad(to_hex(n), 4, '0') || lpad(to_hex(e), 8, '0'))::uuid,
           'late' || n, ARRAY[2 * n - 1, 2 * n], ARRAY[2000, 2000], 2, 4000, 'USD', %(status)s::booking_status,
           CASE %(status)s WHEN 'pending' THEN now() - interval '1 second' END,
           CASE %(status)s WHEN 'confirmed' THEN e || '-' || n END,
           CASE %(status)s WHEN 'confirmed' THEN now() END
    FROM generate_series(%(first)s, %(last)s) AS e, generate_series(1, %(pairs)s) AS n"""
SEATED = """
    UPDATE seat s SET status = CASE b.status WHEN 'confirmed' THEN 'sold' ELSE 'reserved' END::seat_status,
           holder = b.user_id, booking_id = b.id, hold_until = b.expires_at
    FROM booking b CROSS JOIN unnest(b.seats) AS u (no)
    WHERE b.event_id BETWEEN %(first)s AND %(last)s AND s.event_id = b.event_id AND s.no = u.no"""
MOVES = """
    INSERT INTO journal (event_id, booking_id, user_id, type, payload)
    SELECT event_id, id, user_id, t.type, jsonb_build_object('seats', seats, 'total', total, 'currency', currency)
           || CASE t.type WHEN 'booking.confirmed' THEN '{"from": "pending"}' ELSE '{}' END::jsonb
    FROM booking CROSS JOIN unnest(%(types)s::text[]) WITH ORDINALITY AS t (type, at)
    WHERE event_id BETWEEN %(first)s AND %(last)s ORDER BY event_id, id, t.at"""
# Paid through the gateway, which knows the sessions.
PAID = ("""
    INSERT INTO gateway_session (id, payment_id, booking_id, amount, currency, status, gateway_ref, expires_at)
    SELECT 'cs_' || id, id, id, total, currency, 'succeeded', 'ch_' || id, now() + interval '1 day'
    FROM booking WHERE event_id BETWEEN %(first)s AND %(last)s""", """
    INSERT INTO payment (event_id, id, booking_id, provider, session, amount, currency, status, gateway_ref,
                         captured, captured_currency)
    SELECT event_id, id, id, 'gateway', 'cs_' || id, total, currency, 'completed', 'ch_' || id, total, currency
    FROM booking WHERE event_id BETWEEN %(first)s AND %(last)s""")


def fill(scene, events, status):
    """So many bookings as the events have pairs of seats, all in one state; how many."""
    values = {"status": status, "first": events.span[0], "last": events.span[1], "pairs": events.seats // SEATS,
              "types": ["booking.created"] + (["booking.confirmed"] if status == "confirmed" else [])}
    scene.conn.autocommit = False
    try:
        with scene.conn.cursor() as cursor:
            for statement in (BOOKINGS, SEATED, MOVES, *(PAID if status == "confirmed" else ())):
                cursor.execute(statement, values)
        scene.conn.commit()
    finally:
        scene.conn.rollback()
        scene.conn.autocommit = True
    scene.rows("VACUUM ANALYZE seat, booking, journal")
    return events.count * events.seats // SEATS


def sweep(scene, events):
    """Runs the job once: seconds that it took. Nothing of these events may be left pending."""
    began = time.monotonic()
    done = processes.ctl("job", "sweep", "--once", timeout_s=300)
    took = time.monotonic() - began
    if done.returncode != 0:
        raise CannotRun(f"the sweep failed: {done.stderr}")
    left = scene.rows("SELECT count(*) FROM booking WHERE event_id BETWEEN %s AND %s AND status <> 'expired'",
                      *events.span)[0][0]
    if left:
        raise Broken(f"{left} bookings were not expired by a sweep")
    return took


def wait_for(look, what, timeout_s=120):
    """Seconds until look() is true."""
    began = time.monotonic()
    while not look():
        if time.monotonic() - began > timeout_s:
            raise Broken(f"waited {timeout_s} s for {what}")
        time.sleep(0.05)
    return time.monotonic() - began


def cancel(scene, stack, event):
    """Cancels an event of the bench: seconds until all bookings are ended, and until all money is back."""
    seller = stack.seller("bench-seller")
    path = "events/" + rowlock_client.uuid_of(event)
    began = time.monotonic()
    if seller.post(path + "/cancel").status != 202:
        raise CannotRun("the event could not be cancelled")
    wait_for(lambda: seller.get(path).data["cancellation"]["finishedAt"], "the bookings to be ended")
    ended = time.monotonic() - began
    wait_for(lambda: seller.get(path).data["cancellation"]["refundsPending"] == 0, "the refunds")
    refunds = scene.rows("SELECT count(*), count(DISTINCT booking_id) FROM refund WHERE event_id = %s"
                         " AND status = 'completed'", event)[0]
    bookings = scene.rows("SELECT count(*) FROM booking WHERE event_id = %s AND status = 'refunded'", event)[0][0]
    if refunds != (bookings, bookings) or bookings == 0:
        raise Broken(f"{bookings} bookings were refunded by {refunds[0]} refunds of {refunds[1]} bookings")
    return ended, time.monotonic() - began
