"""An event is cancelled while a crowd buys (R-46): whoever is told of a booking afterwards asked before."""

import glob
import os
import threading

import crowd
import processes

KINDS = ("book", "queue", "hold", "pay", "drop")  # what somebody begins with a pair of seats


def deadlocks():
    """How many the programs have logged."""
    found = 0
    for path in glob.glob(os.path.join(os.environ["ROWLOCK_DIR"], "log", "*.log")):
        with open(path, errors="replace") as file:
            found += sum("sqlstate=40P01" in line for line in file)
    return found


def shop(over, late):
    """Work of a Crowd: everything that takes seats; late: what was granted to those who asked when it was over."""
    def ask(crowd_, line, what, *request):
        knew = over.is_set()
        reply = crowd_.ask(line, what, *request)
        if knew and reply is not None and reply.status < 300:
            late.append((what, reply))
        return reply

    def run(crowd_, n, rng):
        line, turn, place = crowd.Line(crowd_.stack), 0, crowd_.hall
        while not crowd_.stop.is_set():
            turn += 1
            token = crowd_.stack.token(f"shop-{place.number}-{n}-{turn}")
            pair, kind = rng.sample(range(1, place.seats + 1), 2), rng.choice(KINDS)
            if kind == "hold":
                ask(crowd_, line, kind, "POST", "bookings/hold-seats", token, place.wish(*pair))
                continue
            if kind == "queue":
                reply = ask(crowd_, line, kind, "POST", "/api/booking", token, place.queue_best_wish(2))
                booking = reply.json["id"] if reply is not None and reply.status == 202 else None
            else:
                reply = ask(crowd_, line, "book", "POST", "bookings", token, place.wish(*pair))
                booking = reply.data["bookingId"] if reply is not None and reply.status == 201 else None
            if booking is None:
                continue
            with crowd_.ledger.lock:
                crowd_.ledger.booked[booking] = tuple(pair)
            if kind == "pay":
                ask(crowd_, line, kind, "POST", f"/api/booking/{booking}/pay", token)
            elif kind == "drop":  # whose seats are free for others
                crowd_.ask(line, kind, "DELETE", "bookings/" + booking, token)
        line.hang_up()
    return run


def test_an_event_is_cancelled_while_a_crowd_buys(stack, hall, ask, clean):
    place, over, late, before = hall(rows=8, cols=25), threading.Event(), [], deadlocks()
    busy = crowd.Crowd(stack, place, clients=24).start(shop(over, late))
    processes.wait_for(lambda: busy.stop.is_set() or ask(
        """SELECT count(*) FILTER (WHERE status = 'confirmed') > 3 AND count(*) FILTER (WHERE status = 'pending') > 3
           FROM booking WHERE event_id = %s""", place.number) == [(True,)], "some to be paid, and some not")
    assert place.seller.post(f"events/{place.id}/cancel").status == 202
    over.set()
    processes.wait_for(lambda: busy.stop.is_set() or busy.ledger.answers["book: 409 EVENT_CANCELLED"] > 50,
                       "them to be told")
    ledger = busy.finish()
    print(dict(ledger.answers))
    assert not late, late[:3]
    assert not {status for status in ledger.statuses() if status is None or status >= 500}, ledger.odd

    processes.wait_for(lambda: place.seller.get("events/" + place.id).ok()["cancellation"]["finishedAt"], "the end", 60)
    progress = place.seller.get("events/" + place.id).ok()["cancellation"]
    assert progress["cancelled"] > 0 and progress["refunded"] > 0
    assert ask("""SELECT count(*) FROM booking WHERE event_id = %s
                  AND status IN ('requested', 'pending', 'paying', 'confirmed')""", place.number) == [(0,)]
    assert set(place.statuses().values()) == {"available"}
    assert ask("SELECT count(*) FROM hold WHERE event_id = %s", place.number) == [(0,)]
    assert ask("""SELECT count(*) FROM booking b WHERE event_id = %s AND status = 'refunded' AND total <>
                  (SELECT sum(amount) FROM refund r WHERE r.booking_id = b.id)""", place.number) == [(0,)]
    clean(place, ledger.booked)
    assert deadlocks() == before
