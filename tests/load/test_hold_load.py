"""Many people hold seats at once: each seat has one holder, and nobody more than he may."""

import random
import threading

import crowd
import rush

HOLD = "/api/v1/bookings/hold-seats"
PEOPLE = 100


def test_a_hundred_people_hold_overlapping_seats(stack, hall, name, ask, clean):
    place, rng = hall(rows=2, cols=30), random.Random(crowd.SEED)
    people = [stack.buyer(name("holder")) for _ in range(PEOPLE)]
    wishes = [rng.sample(range(1, 61), 3) for _ in people]
    answers = rush.volley(stack, [rush.post_bytes(stack, HOLD, who.token, place.wish(*wish))
                                  for who, wish in zip(people, wishes)])
    holder = {}
    for who, wish, answer in zip(people, wishes, answers):
        if answer.reply.status == 200:
            assert not set(wish) & set(holder), "a seat was given to two"
            holder.update(dict.fromkeys(wish, who.sub))
    assert len(holder) >= 30
    for wish, answer in zip(wishes, answers):
        if answer.reply.status != 200:
            refused = answer.reply.refused(409, "SEAT_ALREADY_RESERVED")["unavailableSeatIds"]
            assert set(crowd.seat_nos(refused)) <= set(wish) & set(holder)
    assert dict(ask("SELECT no, holder FROM seat WHERE event_id = %s AND status = 'held'",
                    place.number)) == holder
    clean(place)


def come_and_go(seats, users, failures, stop):
    """Holds, books and lets go of seats of a few users, over one connection, until told to stop."""
    def run(busy, n, rng):
        line = crowd.Line(busy.stack)
        while not stop.is_set():
            who = rng.choice(users)
            some = rng.sample(range(1, seats + 1), rng.randint(1, 4))
            what, *request = rng.choices((
                ("hold", "POST", "bookings/hold-seats", who.token, busy.hall.wish(*some)),
                ("book", "POST", "bookings", who.token, busy.hall.wish(*some[:2])),
                ("let go", "DELETE", "bookings/holds/" + who.sub, who.token)), (6, 1, 2))[0]
            reply = busy.ask(line, what, *request)
            if reply is None or reply.status not in (200, 201, 400, 409):
                failures.append((what, reply))
            if reply is not None and reply.status == 201:
                with busy.ledger.lock:
                    busy.ledger.booked[reply.data["bookingId"]] = tuple(some[:2])
                busy.cancel(line, who, reply.data["bookingId"])
        line.hang_up()
    return run


def test_holds_come_and_go(stack, hall, name, clean, ask):
    """The same users in many connections, so that their holds, bookings and releases meet."""
    place, stop, failures = hall(rows=2, cols=10), threading.Event(), []
    users = [stack.buyer(name("busy")) for _ in range(6)]
    busy = crowd.Crowd(stack, place, clients=24).start(come_and_go(20, users, failures, stop))
    busy.stop.wait(6)
    stop.set()
    ledger = busy.join()
    print(dict(ledger.answers))
    assert not failures, failures[:3]
    assert ledger.answers["hold: 200"] > 20 and ledger.answers["book: 201"] > 5
    assert ask("""SELECT h.user_id FROM hold h JOIN seat s ON s.event_id = h.event_id
                  WHERE h.event_id = %s AND s.holder = h.user_id AND s.status = 'held'
                  GROUP BY 1 HAVING count(*) > 10""", place.number) == []
    clean(place, ledger.booked)
    for who in users:
        assert who.let_go().status == 200
    assert set(place.statuses().values()) == {"available"}
    clean(place)
