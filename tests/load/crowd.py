"""
Crowds for the load and fault tests: clients in threads, each with its own generator of
random numbers, so that a run can be had again with the same seed, and one ledger of what
they were told.
"""

import collections
import http.client
import json
import os
import random
import threading
import time

import rowlock_client

SEED = int(os.environ.get("ROWLOCK_LOAD_SEED", "1"))
HOT = 20  # so many seats at the front are wanted most


class Line:
    """A connection that is kept open and opened again; not shared between threads."""

    def __init__(self, stack, timeout_s=60):
        self.stack, self.timeout_s, self.conn = stack, timeout_s, None

    def ask(self, method, path, token, body=None, key=None):
        """The Reply, or None when the connection broke: then it is not known what happened."""
        headers = {"Authorization": "Bearer " + token}
        if key is not None:
            headers["Idempotency-Key"] = key
        if body is not None:
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            if self.conn is None:
                self.conn = http.client.HTTPConnection(self.stack.host, self.stack.port,
                                                       timeout=self.timeout_s)
            self.conn.request(method, path if path.startswith("/") else rowlock_client.V1 + path, body, headers)
            response = self.conn.getresponse()
            reply = rowlock_client.Reply(response)
            if response.will_close:
                self.hang_up()
            return reply
        except (OSError, http.client.HTTPException):
            self.hang_up()
            return None

    def hang_up(self):
        if self.conn is not None:
            self.conn.close()
            self.conn = None


class Ledger:
    """What the clients know: the bookings they were promised, and every kind of answer."""

    def __init__(self):
        self.lock = threading.Lock()
        self.booked = {}            # booking id: seat numbers
        self.cancelled = set()      # booking ids whose cancellation was acknowledged
        self.answers = collections.Counter()
        self.settled = {}           # user: booking id, or None for a refusal; of those who persist
        self.odd = []               # the first answers that are none of those expected, to be shown
        self.ms = []

    def note(self, what, reply, ms):
        kind = "no answer"
        if reply is not None:
            kind = f"{reply.status} {reply.code}" if reply.status >= 400 else str(reply.status)
        with self.lock:
            self.answers[f"{what}: {kind}"] += 1
            self.ms.append(ms)
            if reply is not None and reply.status not in (200, 201, 409) and len(self.odd) < 5:
                self.odd.append((what, reply))

    def statuses(self):
        """{status of an answer, None for a broken connection: how often}"""
        seen = collections.Counter()
        for kind, count in self.answers.items():
            word = kind.split(": ")[1].split()[0]
            seen[int(word) if word.isdigit() else None] += count
        return seen


class Market:
    """The seats that, for all the clients know, can still be had."""

    def __init__(self, seats):
        self.lock = threading.Lock()
        self.free = list(range(1, seats + 1))
        self.gone = set()

    def pick(self, rng):
        """Two seats, mostly of the hot ones, in any order; None when fewer than two are left."""
        with self.lock:
            if self.gone:
                self.free = [no for no in self.free if no not in self.gone]
                self.gone.clear()
            if len(self.free) < 2:
                return None
            return rng.sample(self.free[:HOT] if rng.random() < 0.5 else self.free, 2)

    def take(self, seat_nos):
        with self.lock:
            self.gone.update(seat_nos)


def seat_nos(ids):
    return [int(seat_id[-12:], 16) for seat_id in ids]


class Crowd:
    """So many clients in threads, who all do the same until nothing is left or stop is set."""

    def __init__(self, stack, hall, clients=64, seed=SEED):
        self.stack, self.hall, self.seed = stack, hall, seed
        self.ledger, self.market, self.stop = Ledger(), Market(hall.seats), threading.Event()
        self.failure = None
        self.clients = clients
        self.threads = []

    def start(self, work):
        """work: buy_out or trade"""
        self.threads = [threading.Thread(target=self._run, args=(work, n), daemon=True)
                        for n in range(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def _run(self, work, n):
        try:
            work(self, n, random.Random(f"{self.seed}-{n}"))
        except BaseException as fault:  # a client that dies unnoticed would make the test weaker
            self.failure = fault
            self.stop.set()

    def join(self, timeout_s=300):
        """Waits for all clients; raises what one of them died of."""
        deadline = time.monotonic() + timeout_s
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))
        slow = sum(thread.is_alive() for thread in self.threads)
        self.stop.set()
        if self.failure:
            raise self.failure
        assert slow == 0, f"{slow} clients not done after {timeout_s} s: {self.ledger.answers}"
        return self.ledger

    def finish(self, timeout_s=120):
        self.stop.set()
        return self.join(timeout_s)

    def ask(self, line, what, *request):
        start = time.perf_counter()
        reply = line.ask(*request)
        self.ledger.note(what, reply, (time.perf_counter() - start) * 1000)
        if reply is None or reply.status >= 500:
            self.stop.wait(0.05)  # be kind to a service that is coming back
        return reply

    def buy(self, line, user, pair):
        reply = self.ask(line, "book", "POST", "bookings", user.token, self.hall.wish(*pair))
        if reply is not None and reply.status == 201:
            assert sorted(seat_nos(s["seatId"] for s in reply.data["seats"])) == sorted(pair), reply
            with self.ledger.lock:
                self.ledger.booked[reply.data["bookingId"]] = tuple(pair)
        elif reply is not None and reply.status == 409:
            taken = seat_nos(reply.details["unavailableSeatIds"])
            assert taken and set(taken) <= set(pair), f"asked for {pair}: {reply}"
        return reply

    def settle(self, line, user):
        """After an answer that did not come: looks up what became of it, and cancels that."""
        while not self.stop.is_set():
            reply = self.ask(line, "look", "GET", "bookings/my", user.token)
            if reply is not None and reply.status == 200:
                for booking in reply.data["items"]:
                    self.cancel(line, user, booking["bookingId"])
                return

    def pay(self, line, user, booking, rng):
        """Begins a payment, and mostly ends it, well or not; another line may cancel meanwhile."""
        reply = self.ask(line, "initiate", "POST", "payments/initiate", user.token, {"bookingId": booking})
        if reply is None or reply.status != 200:
            return
        racing = None
        if rng.random() < 0.2:
            racing = threading.Thread(target=self.race, args=(user, booking))
            racing.start()
        outcome = rng.choice(("success", "success", "success", "failed", "expired", None))
        if outcome is not None:
            self.ask(line, "simulate", "POST", "payments/simulate/" + reply.json["sessionId"], user.token,
                     {"outcome": outcome})
        if racing is not None:
            racing.join()

    def race(self, user, booking):
        """Cancels on a line of its own, whatever else happens to the booking meanwhile."""
        line = Line(self.stack)
        self.ask(line, "race", "DELETE", "bookings/" + booking, user.token)
        line.hang_up()

    def cancel(self, line, user, booking):
        reply = self.ask(line, "cancel", "DELETE", "bookings/" + booking, user.token)
        if reply is not None and reply.status == 200:
            assert reply.data["status"] == "CANCELLED", reply
            with self.ledger.lock:
                self.ledger.cancelled.add(booking)


def buy_out(crowd, n, rng):
    """Buys random pairs, each as somebody new, until no two seats are left."""
    line = Line(crowd.stack)
    turn = 0
    while not crowd.stop.is_set() and (pair := crowd.market.pick(rng)) is not None:
        turn += 1
        user = crowd.stack.buyer(f"pairs-{crowd.hall.number}-{n}-{turn}")
        reply = crowd.buy(line, user, pair)
        if reply is not None and reply.status == 201:
            crowd.market.take(pair)
        elif reply is not None and reply.status == 409:
            crowd.market.take(seat_nos(reply.details["unavailableSeatIds"]))
    line.hang_up()


def trade(crowd, n, rng):
    """Buys pairs of the hot seats mostly, and cancels most of them again, until told to stop."""
    line = Line(crowd.stack)
    turn = 0
    while not crowd.stop.is_set():
        turn += 1
        user = crowd.stack.buyer(f"trade-{crowd.hall.number}-{n}-{turn}")
        # What is kept is kept of the others, or the hot ones would soon be nobody's to trade.
        hot = crowd.hall.seats < HOT + 2 or rng.random() < 0.8
        pair = rng.sample(range(1, HOT + 1) if hot else range(HOT + 1, crowd.hall.seats + 1), 2)
        reply = crowd.buy(line, user, pair)
        if reply is None or reply.status >= 500:
            crowd.settle(line, user)
        elif reply.status == 201 and (hot or rng.random() < 0.8):
            crowd.cancel(line, user, reply.data["bookingId"])
    line.hang_up()


def persist(crowd, n, rng):
    """Trades as well, but asks with an Idempotency-Key, until it is known what came of it."""
    line = Line(crowd.stack)
    turn = 0
    while not crowd.stop.is_set():
        turn += 1
        user = crowd.stack.buyer(f"persist-{crowd.hall.number}-{n}-{turn}")
        pair = rng.sample(range(1, (HOT if rng.random() < 0.5 else crowd.hall.seats) + 1), 2)
        reply = None
        while reply is None or reply.status >= 500 or reply.code == "IDEMPOTENCY_IN_PROGRESS":
            reply = crowd.ask(line, "book", "POST", "bookings", user.token, crowd.hall.wish(*pair),
                              f"{n}-{turn}")
        booking = reply.data["bookingId"] if reply.status == 201 else None
        with crowd.ledger.lock:
            crowd.ledger.settled[user.sub] = booking
            if booking:
                crowd.ledger.booked[booking] = tuple(pair)
        if booking and (max(pair) <= HOT or rng.random() < 0.5):
            crowd.cancel(line, user, booking)
    line.hang_up()


def spend(crowd, n, rng):
    """
    Books pairs, pays for most of them through the gateway, with good luck or bad, and cancels many,
    paid or not, until told to stop. More than one payment and a payment beside a cancellation happen.
    """
    line = Line(crowd.stack)
    turn = 0
    while not crowd.stop.is_set():
        turn += 1
        user = crowd.stack.buyer(f"spend-{crowd.hall.number}-{n}-{turn}")
        pair = rng.sample(range(1, (HOT if rng.random() < 0.5 else crowd.hall.seats) + 1), 2)
        reply = crowd.buy(line, user, pair)
        if reply is None or reply.status != 201:
            continue
        booking = reply.data["bookingId"]
        for _ in range(rng.choice((0, 1, 1, 2))):
            crowd.pay(line, user, booking, rng)
        if rng.random() < 0.7:
            crowd.ask(line, "cancel", "DELETE", "bookings/" + booking, user.token)
    line.hang_up()
