"""
The end of bookings, with the processes that bring it about killed meanwhile: what has begun is
finished, and no money goes back twice (R-46, R-61).

ROWLOCK_FAULT_SEATS (8000): seats of the event that is cancelled, which are eight batches.
"""

import os

import pytest

import bench_life
import bench_scene
import processes
from rowlock_client import grid

SEATS = int(os.environ.get("ROWLOCK_FAULT_SEATS", "8000"))


@pytest.fixture
def sold_out(hall):
    """A hall whose seats are all sold in pairs, and paid through the gateway."""
    place = hall(plan=grid(rows=-(-SEATS // 100), cols=100))
    scene = bench_scene.Scene()
    bench_life.fill(scene, bench_scene.Events(place.number, 1, place.seats), "confirmed")
    yield place
    scene.conn.close()


def test_an_event_that_is_cancelled_is_finished_whoever_is_killed(sold_out, ask, clean):
    place, sweep = sold_out, processes.Service("sweep")

    def refunded():
        return place.seller.get("events/" + place.id).ok()["cancellation"]["refunded"]

    place.seller.post(f"events/{place.id}/cancel").ok(202)
    for _ in range(2):
        before = refunded()
        processes.wait_for(lambda: refunded() > before, "some to be refunded")
        with sweep.frozen():
            assert refunded() < place.seats // 2, "killed too late: ROWLOCK_FAULT_SEATS are too few"
            sweep.kill()
    processes.wait_for(lambda: place.seller.get("events/" + place.id).ok()["cancellation"]["finishedAt"],
                       "the end", 120)
    progress = place.seller.get("events/" + place.id).ok()["cancellation"]
    assert (progress["total"], progress["refunded"]) == (place.seats // 2, place.seats // 2)
    processes.Service("payments").kill()
    processes.wait_for(lambda: ask("SELECT count(*) FROM refund WHERE event_id = %s AND status <> 'completed'",
                                   place.number) == [(0,)], "the refunds", 120)
    assert ask("""SELECT count(*), count(DISTINCT booking_id), sum(amount) = 4000 * count(*) FROM refund
                  WHERE event_id = %s""", place.number) == [(place.seats // 2, place.seats // 2, True)]
    assert ask("""SELECT count(*), count(DISTINCT s.id) FROM gateway_refund r JOIN gateway_session s ON s.id = r.session_id
                  JOIN payment p ON p.id = s.payment_id WHERE p.event_id = %s""",
               place.number) == [(place.seats // 2, place.seats // 2)], "the gateway paid once each"
    clean(place)


def test_expired_bookings_are_swept_once_whoever_is_killed(hall, ask, clean):
    place, sweep = hall(plan=grid(rows=-(-SEATS // 100), cols=100)), processes.Service("sweep")
    scene = bench_scene.Scene()
    with sweep.frozen():
        bench_life.fill(scene, bench_scene.Events(place.number, 1, place.seats), "pending")
    for _ in range(3):
        sweep.kill()
        processes.sweep()
    processes.wait_for(lambda: ask("SELECT count(*) FROM booking WHERE event_id = %s AND status <> 'expired'",
                                   place.number) == [(0,)], "everybody to be swept")
    assert ask("""SELECT count(*), count(DISTINCT booking_id) FROM journal WHERE event_id = %s
                  AND type = 'booking.expired'""", place.number) == [(place.seats // 2, place.seats // 2)]
    scene.conn.close()
    clean(place)
