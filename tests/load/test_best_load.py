"""
Crowds who leave the choice of seats to us (R-31, R-32). Nobody is refused while there are
seats, and no party is parted without need.
"""

import os

import pytest

import crowd
import rush
from rowlock_client import QUEUE, grid

PARTIES = 160
# Parties that may be parted without need where several workers choose at once: none knows all.
SLACK = 0 if int(os.environ.get("ROWLOCK_WORKERS") or 1) == 1 else PARTIES // 20


def tokens(stack, name, n):
    return [stack.token(name("guest")) for _ in range(n)]


def seated(stack, answers):
    """The bookings of a volley in which everybody shall get seats."""
    assert all(answer.reply is not None for answer in answers), "a connection was cut"
    bookings = [answer.reply.ok(201) for answer in answers]
    stack.acknowledged += [booking["bookingId"] for booking in bookings]
    return bookings


def ask_best(stack, hall, name, n, quantity):
    """So many parties ask at once: an Answer for each."""
    return rush.volley(stack, [rush.best_bytes(stack, token, hall, quantity)
                               for token in tokens(stack, name, n)])


def numbers(booking):
    return [int(seat["seatId"][-12:], 16) for seat in booking["seats"]]


def is_block(seats, aisles=()):
    """Whether (row, number) are neighbours in one row; an aisle is behind each of `aisles`."""
    rows, cols = {row for row, _ in seats}, sorted(col for _, col in seats)
    return (len(rows) == 1 and cols == list(range(cols[0], cols[0] + len(cols)))
            and not set(cols[:-1]) & set(aisles))


def places(booking):
    return [(seat["row"], seat["number"]) for seat in booking["seats"]]


def parted(bookings, aisles=()):
    """Those whose party does not sit in one block."""
    return [booking for booking in bookings if not is_block(places(booking), aisles)]


def runs(free, cols, aisles=()):
    """The lengths of all rows of free neighbours; seats are numbered from 0 here."""
    length = 0
    for no in range(max(free, default=-1) + 2):
        if length and (no not in free or no % cols == 0 or no % cols in aisles):
            yield length
            length = 0
        length += no in free


def parted_without_need(hall, bookings, cols, aisles=()):
    """
    Those parties who do not sit together although enough neighbours were free: bookings are
    numbered in the order in which one worker gives seats out.
    """
    free, found = set(range(hall.seats)), []
    for booking in sorted(bookings, key=lambda booking: booking["number"]):
        if (not is_block(places(booking), aisles)
                and max(runs(free, cols, aisles)) >= len(booking["seats"])):
            found.append(booking)
        free -= {no - 1 for no in numbers(booking)}
    return found


def lone_seats(hall, cols, aisles=()):
    """How many free seats have no free neighbour."""
    free = {no - 1 for no, status in hall.statuses().items() if status == "available"}
    return list(runs(free, cols, aisles)).count(1)


@pytest.mark.parametrize("rows, cols, most_parted", [
    (32, 20, 0),    # 8 seats are left on either side of those in the middle
    (16, 40, 16)])  # here 18, so that each row ends with two pairs
def test_parties_of_four_fill_a_hall(rows, cols, most_parted, stack, hall, name, clean):
    place = hall(rows=rows, cols=cols)
    bookings = seated(stack, ask_best(stack, place, name, PARTIES, 4))
    assert sorted(no for booking in bookings for no in numbers(booking)) == \
        list(range(1, place.seats + 1))
    assert len(parted(bookings)) <= most_parted + SLACK
    assert len(parted_without_need(place, bookings, cols)) <= SLACK
    [late] = ask_best(stack, place, name, 1, 1)
    late.reply.refused(409, "NOT_ENOUGH_SEATS")
    clean(place, stack.acknowledged)


def come_and_go(market, n, rng):
    """Books pairs by name and cancels them again, one at a time, until told to stop."""
    line = crowd.Line(market.stack)
    turn = 0
    while not market.stop.is_set():
        turn += 1
        user = market.stack.buyer(f"pairs-{market.hall.number}-{n}-{turn}")
        reply = market.buy(line, user, rng.sample(range(1, market.hall.seats + 1), 2))
        if reply is not None and reply.status == 201:
            market.cancel(line, user, reply.data["bookingId"])
    line.hang_up()


def test_parties_among_others_who_come_and_go(stack, hall, name, clean):
    """
    17 rows of 40: there are 680 seats; the parties take 640, and 8 others never have more than
    16 at a time. So there is always room, and nobody may be refused.
    """
    place = hall(rows=17, cols=40)
    others = crowd.Crowd(stack, place, clients=8).start(come_and_go)
    bookings = []
    for _ in range(4):
        bookings += seated(stack, ask_best(stack, place, name, PARTIES // 4, 4))
    ledger = others.finish()
    assert set(ledger.answers) <= {"book: 201", "book: 409 SEAT_ALREADY_RESERVED", "cancel: 200"}, (
        ledger.answers, ledger.odd)
    assert len(ledger.booked) > 0, "nobody came between"
    taken = [no for booking in bookings for no in numbers(booking)]
    assert len(taken) == len(set(taken)) == 640
    assert list(place.statuses().values()).count("available") == 40
    clean(place, ledger.booked)
    print(f"{len(parted(bookings))} of {len(bookings)} parties parted, "
          f"{len(ledger.booked)} others came and went")


@pytest.mark.parametrize("aisles, left_over", [
    ((), 0), ((8, 22), 0),  # blocks of 8, 14 and 8
    ((7, 23), 180)])        # of 7, 16 and 7: a pair in the middle of 16 leaves 7 on either side
def test_pairs_leave_hardly_a_seat_alone(aisles, left_over, stack, hall, name, clean):
    place = hall(plan=grid(rows=45, cols=30, aisles=list(aisles)))
    slack = place.seats * 2 // 100
    bookings = seated(stack, ask_best(stack, place, name, 585, 2))
    alone = lone_seats(place, 30, aisles)
    assert len(parted(bookings, aisles)) <= SLACK
    assert alone <= left_over + slack

    last = ask_best(stack, place, name, 100, 2)
    bookings += seated(stack, [answer for answer in last if answer.reply.status == 201])
    for answer in last:
        if answer.reply.status != 201:
            answer.reply.refused(409, "NOT_ENOUGH_SEATS")
    assert len(bookings) == 675, "all is sold"
    assert len(parted(bookings, aisles)) <= (left_over + slack) // 2
    assert len(parted_without_need(place, bookings, 30, aisles)) <= SLACK
    clean(place, stack.acknowledged)
    print(f"aisles {aisles}: {alone} seats alone after 585 pairs, "
          f"{len(parted(bookings, aisles))} of 675 pairs parted")


def test_sizes_that_fit_exactly(stack, hall, name, clean):
    """1 + 2 + 3 + 4 + 5 + 6 of 21 seats, thirty times: everybody is seated, in any order."""
    place = hall(rows=30, cols=21)
    sizes = [1 + n % 6 for n in range(180)]
    bookings = seated(stack, rush.volley(stack, [
        rush.best_bytes(stack, token, place, size)
        for token, size in zip(tokens(stack, name, len(sizes)), sizes)]))
    assert [len(booking["seats"]) for booking in bookings] == sizes
    assert "available" not in place.statuses().values()
    assert len(parted_without_need(place, bookings, 21)) <= SLACK
    clean(place, stack.acknowledged)


# --- accepted now, seated later ---

def accepted(stack, answers):
    assert all(answer.reply is not None for answer in answers), "a connection was cut"
    ids = [answer.reply.plain(202)["id"] for answer in answers]
    stack.acknowledged += ids
    return ids


def ask_queue(stack, hall, guests, quantity):
    return [rush.post_bytes(stack, QUEUE, guest.token, hall.queue_best_wish(quantity))
            for guest in guests]


def positions(booking):
    return [(row, int(seat)) for row, seat in (p.split("-") for p in booking["seat_positions"])]


def test_accepted_parties_are_all_seated(stack, hall, name, reserve, clean):
    place, guests = hall(rows=32, cols=20), [stack.buyer(name("guest")) for _ in range(PARTIES)]
    ids = accepted(stack, rush.volley(stack, ask_queue(stack, place, guests, 4)))
    bookings = [guest.wait_status(booking, "pending_payment")
                for guest, booking in zip(guests, ids)]
    taken = [seat for booking in bookings for seat in positions(booking)]
    assert len(taken) == len(set(taken)) == 640
    assert all(is_block(positions(booking)) for booking in bookings)
    stack.buyer(name("late")).queue_best(place, 1).declined(400, "NOT_ENOUGH_SEATS")
    clean(place, ids)


def test_who_gives_up_waiting_makes_room(stack, hall, name, unseated, clean):
    """200 are accepted for the seats of 160; 40 go again before the seats are given out."""
    place, guests = hall(rows=16, cols=40), [stack.buyer(name("guest")) for _ in range(200)]
    ids = accepted(stack, rush.volley(stack, ask_queue(stack, place, guests, 4)))
    for guest, booking in list(zip(guests, ids))[::5]:
        assert guest.patch(f"{QUEUE}/{booking}").plain()["status"] == "cancelled"
    unseated()
    stays = [pair for n, pair in enumerate(zip(guests, ids)) if n % 5]
    for guest, booking in stays:
        guest.wait_status(booking, "pending_payment")
    assert list(place.statuses().values()).count("reserved") == 640
    clean(place, ids)


def test_both_faces_at_once_fill_a_hall(stack, hall, name, reserve, clean):
    """Two programs give out the same seats, which are exactly enough."""
    place, guests = hall(rows=32, cols=20), [stack.buyer(name("guest")) for _ in range(PARTIES)]
    later, now = guests[::2], guests[1::2]
    requests = [None] * PARTIES
    requests[::2] = ask_queue(stack, place, later, 4)
    requests[1::2] = [rush.best_bytes(stack, guest.token, place, 4) for guest in now]
    answers = rush.volley(stack, requests)
    bookings = seated(stack, answers[1::2])
    ids = accepted(stack, answers[::2])
    for guest, booking in zip(later, ids):
        guest.wait_status(booking, "pending_payment")
    assert list(place.statuses().values()).count("reserved") == 640
    clean(place, ids + [booking["bookingId"] for booking in bookings])
