"""
Moves that race for one booking: exactly one wins (R-3, R-47).

ROWLOCK_RACES (200): how many races of each kind; 10,000 take some minutes.
"""

import collections
import concurrent.futures
import os
import random

import crowd
import processes
from rowlock_client import QUEUE, gateway_event, grid

RACES = int(os.environ.get("ROWLOCK_RACES", "200"))
AT_ONCE = 200  # bookings that are raced for together
THREADS = 4    # of each side


def fields(hall, name, stack):
    """Halls with their bookings, one a seat, until there are enough: (hall, {booking: its buyer's token})."""
    for done in range(0, RACES, AT_ONCE):
        place = hall(plan=grid(rows=-(-min(AT_ONCE, RACES - done) // 50), cols=50))
        line, tokens = crowd.Line(stack), {}
        for no in range(1, place.seats + 1):
            token = stack.token(name("racer"))
            tokens[line.ask("POST", "bookings", token, place.wish(no)).ok(201)["bookingId"]] = token
        line.hang_up()
        yield place, tokens


def race(stack, bookings, sides):
    """
    Every side does its own to each of the bookings, all sides in the same order, which keeps them
    close together: {side: {booking: Reply}}.
    """
    order = list(bookings)
    random.Random(f"{crowd.SEED}-{len(order)}").shuffle(order)

    def run(act, share):
        line = crowd.Line(stack)
        done = {booking: act(line, booking) for booking in share}
        line.hang_up()
        return done

    found = {side: {} for side in sides}
    with concurrent.futures.ThreadPoolExecutor(THREADS * len(sides)) as pool:
        running = [(side, pool.submit(run, act, order[n::THREADS]))
                   for n in range(THREADS) for side, act in sides.items()]
        for side, future in running:
            found[side].update(future.result())
    return found


def states(ask, place):
    return dict(ask("SELECT id::text, status::text FROM booking WHERE event_id = %s", place.number))


def test_cancelling_races_paying(hall, name, stack, ask, clean):
    won = collections.Counter()
    for place, tokens in fields(hall, name, stack):
        found = race(stack, tokens, {
            "cancelled": lambda line, one, who=tokens: line.ask("PATCH", f"bookings/{one}/cancel", who[one]),
            "confirmed": lambda line, one, who=tokens: line.ask("POST", f"{QUEUE}/{one}/pay", who[one])})
        after = states(ask, place)
        for booking in tokens:
            winners = [side for side in found if found[side][booking].status == 200]
            assert winners == [after[booking]], [found[side][booking] for side in found]
            loser, = set(found) - set(winners)
            assert found[loser][booking].status == {"cancelled": 409, "confirmed": 400}[loser], found[loser][booking]
            won[winners[0]] += 1
        clean(place, list(tokens))
    print(dict(won))
    assert won["cancelled"] > 0 and won["confirmed"] > 0, "they never met"


def test_expiring_races_confirming(hall, name, stack, ask, db, clean):
    """The windows pass while some pay and others sweep."""
    won = collections.Counter()
    for place, tokens in fields(hall, name, stack):
        with db.cursor() as cursor:
            cursor.execute("""UPDATE booking SET expires_at = clock_timestamp() + random() * interval '0.3 seconds'
                              WHERE event_id = %s""", (place.number,))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sweeps = pool.submit(lambda: [processes.sweep() for _ in range(5)])
            found = race(stack, tokens, {
                "pay": lambda line, one, who=tokens: line.ask("POST", f"{QUEUE}/{one}/pay", who[one])})["pay"]
            sweeps.result()
        processes.sweep()
        after = states(ask, place)
        for booking, reply in found.items():
            assert (reply.status, after[booking]) in {(200, "confirmed"), (400, "expired")}, (reply, after[booking])
            won[after[booking]] += 1
        clean(place, list(tokens))
    print(dict(won))
    assert won["confirmed"] > 0 and won["expired"] > 0, "they never met"


def test_expiring_races_a_call_back(hall, name, stack, ask, db, clean):
    """
    Payments take too long (R-27) while the gateway tells of their success. Nobody else wants the seats,
    so who has expired has them again (R-42): every booking is confirmed, and its money is taken once.
    """
    won = collections.Counter()
    for place, tokens in fields(hall, name, stack):
        race(stack, tokens, {"initiate": lambda line, one, who=tokens: line.ask(
            "POST", "payments/initiate", who[one], {"bookingId": one})})
        sessions = dict(ask("SELECT booking_id::text, session FROM payment WHERE event_id = %s", place.number))
        with db.cursor() as cursor:
            cursor.execute("""UPDATE booking SET paying_since = clock_timestamp() - interval '5 minutes'
                              + random() * interval '0.5 seconds' WHERE event_id = %s""", (place.number,))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sweeps = pool.submit(lambda: [processes.sweep() for _ in range(5)])
            found = race(stack, tokens, {"tell": lambda line, one, known=sessions: stack.webhook(gateway_event(
                "payment.succeeded", one, sessionId=known[one], amount=20, currency="EUR"))})["tell"]
            sweeps.result()
        assert {reply.status for reply in found.values()} == {200}
        assert set(states(ask, place).values()) == {"confirmed"}
        assert ask("SELECT count(*), count(DISTINCT booking_id), sum(captured) FROM payment WHERE event_id = %s",
                   place.number) == [(place.seats, place.seats, 2000 * place.seats)]
        for types, bookings in ask("""SELECT types, count(*) FROM (SELECT string_agg(type, ' ' ORDER BY seq) AS types
                                      FROM journal WHERE event_id = %s AND booking_id IS NOT NULL GROUP BY booking_id)
                                      AS j GROUP BY 1""", place.number):
            won[types.replace("booking.", "")] += bookings
        clean(place, list(tokens))
    print(dict(won))
    assert set(won) == {"created paying confirmed", "created paying expired confirmed"}, won


def test_checking_in_races_checking_in(hall, name, stack, ask, clean):
    for place, tokens in fields(hall, name, stack):
        race(stack, tokens, {"pay": lambda line, one, who=tokens: line.ask("POST", f"{QUEUE}/{one}/pay", who[one])})
        refs = dict(ask("SELECT id::text, ticket_ref FROM booking WHERE event_id = %s", place.number))

        def enter(line, one, usher=place.seller.token, refs=refs):
            return line.ask("POST", f"tickets/{refs[one]}/check-in", usher)

        found = race(stack, tokens, {"one door": enter, "another": enter})
        for booking in tokens:
            replies = [found[door][booking] for door in found]
            assert sorted(reply.status for reply in replies) == [200, 409], replies
        assert ask("SELECT count(*) FROM ticket WHERE event_id = %s", place.number) == [(place.seats,)]
        clean(place, list(tokens))
