#!/usr/bin/env python3
"""
A rush in ten seconds: a thousand people ask for the same seat in the same moment.

    rush.py [--url URL] [--people 1000] [--rounds 1]

Opens a hall, puts it on sale, opens one connection for everybody, lets them all ask at
once, and says what became of them. Ends with 0 if exactly one got the seat, the others
were told so, and the checker finds nothing wrong in the database; with 1 otherwise.
"""

import argparse
import collections
import os
import resource
import selectors
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import checker  # noqa: E402
import rowlock_client  # noqa: E402

Answer = collections.namedtuple("Answer", "reply ms")  # reply: None when none came


def request_bytes(stack, method, path, token, body=b""):
    """One request as bytes, on a connection of its own."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {stack.host}:{stack.port}", "Connection: close",
             f"Authorization: Bearer {token}", f"Content-Length: {len(body)}"]
    if body:
        lines.append("Content-Type: application/json")
    return "\r\n".join(lines + ["", ""]).encode() + body


def post_bytes(stack, path, token, value):
    return request_bytes(stack, "POST", path, token, rowlock_client.json.dumps(value).encode())


def booking_bytes(stack, token, hall, *seat_nos):
    return post_bytes(stack, "/api/v1/bookings", token, hall.wish(*seat_nos))


def best_bytes(stack, token, hall, quantity):
    return post_bytes(stack, "/api/v1/bookings", token, hall.best_wish(quantity))


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count if hard < 0 else min(count, hard), hard))


def volley(stack, requests, timeout_s=60):
    """
    Opens a connection for each request, then sends all requests at once.

    Returns an Answer for each, in the order of the requests; its time runs from the moment
    that its own request was sent to the end of its answer.
    """
    allow_descriptors(len(requests) + 100)
    sockets = [stack.connect(timeout_s) for _ in requests]
    got, sent_at, answers = [b""] * len(requests), [0.0] * len(requests), [None] * len(requests)
    with selectors.DefaultSelector() as selector:
        for n, sock in enumerate(sockets):
            selector.register(sock, selectors.EVENT_READ, n)
        for n, sock in enumerate(sockets):
            sent_at[n] = time.perf_counter()
            try:
                sock.sendall(requests[n])
            except OSError:
                pass  # reading it will tell
        deadline = time.monotonic() + timeout_s
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(1):
                n = key.data
                try:
                    chunk = key.fileobj.recv(65536)
                except OSError:
                    chunk = b""
                got[n] += chunk
                if not chunk:
                    ms = (time.perf_counter() - sent_at[n]) * 1000
                    answers[n] = Answer(rowlock_client.parse_reply(got[n]), ms)
                    selector.unregister(key.fileobj)
    for sock in sockets:
        sock.close()
    return [answer or Answer(None, timeout_s * 1000.0) for answer in answers]


def percentile(values, percent):
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Round:
    """What became of everybody who wanted one seat."""

    def __init__(self, hall, seat_no, answers):
        self.seat_id = hall.seat(seat_no)
        self.winners = [a.reply.data for a in answers if a.reply and a.reply.status == 201]
        self.refused = [a for a in answers if a.reply and self._names_the_seat(a.reply)]
        self.others = collections.Counter(
            "no answer" if a.reply is None else f"{a.reply.status} {a.reply.code or ''}".strip()
            for a in answers if a.reply is None or (a.reply.status != 201
                                                    and not self._names_the_seat(a.reply)))
        self.ms = [a.ms for a in answers]

    def _names_the_seat(self, reply):
        return (reply.status == 409 and reply.code == "SEAT_ALREADY_RESERVED"
                and reply.details.get("unavailableSeatIds") == [self.seat_id])

    @property
    def fair(self):
        return len(self.winners) == 1 and not self.others

    def percentiles(self):
        return tuple(percentile(self.ms, p) for p in (50, 95, 99))


def one_seat(stack, hall, seat_no, people):
    """So many people, each with a token and a connection of their own, want one seat: a Round."""
    crowd = uuid.uuid4().hex[:8]
    requests = [booking_bytes(stack, stack.token(f"rush-{crowd}-{n}"), hall, seat_no)
                for n in range(people)]
    result = Round(hall, seat_no, volley(stack, requests))
    stack.acknowledged += [won["bookingId"] for won in result.winners]
    return result


def count_of(n, one, many):
    return f"{n:>7,} {one if n == 1 else many}"


def tell(result, people, seconds):
    """The story of one round, on standard output."""
    print(f"{people:,} connections were open; {seconds:.1f} s later everybody had an answer.\n")
    print(count_of(len(result.winners), "person got the seat", "people got the seat"))
    print(count_of(len(result.refused), "person was told no, and which seat it was",
                   "people were told no, and which seat it was"))
    for what, n in result.others.most_common():
        print(count_of(n, f"got something else: {what}", f"got something else: {what}"))
    for won in result.winners:
        seat = won["seats"][0]
        print(f"\nBooking {won['bookingId']} has {seat['section']}, row {seat['row']}, "
              f"seat {seat['number']} for {won['totalAmount']:.2f} {won['currency']},\n"
              f"to be paid until {won['expiresAt']}.")
    p50, p95, p99 = result.percentiles()
    print(f"\nHalf of them knew within {p50:.0f} ms, 95 of 100 within {p95:.0f} ms, "
          f"99 of 100 within {p99:.0f} ms.")


def look_into_the_database(hall, acknowledged):
    """What the checker says, printed; the number of findings."""
    found, summary = checker.audit(hall.number, acknowledged)
    for line in found:
        print("  " + line)
    print(f"The checker read the database: {summary}.")
    return len(found)


def at_least_one(text):
    if not (number := int(text)) > 0:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main():
    parser = argparse.ArgumentParser(description="Many people ask for one seat in the same moment.")
    parser.add_argument("--people", type=at_least_one, default=1000)
    parser.add_argument("--rounds", type=at_least_one, default=1)
    parser.add_argument("--url", help="where the stack is, instead of ROWLOCK_URL")
    args = parser.parse_args()
    if args.url:
        os.environ["ROWLOCK_URL"] = args.url
    missing = [key for key in ("ROWLOCK_URL", "JWT_SECRET", "DATABASE_URL")
               if not os.environ.get(key)]
    if missing:
        parser.error(", ".join(missing) + " not set; run this under `env $(./stack env)`")
    stack = rowlock_client.Stack()
    seller = stack.seller("rush-seller-" + uuid.uuid4().hex[:8])
    hall = rowlock_client.open_hall(seller, rowlock_client.grid("Rush hall", -(-args.rounds // 20),
                                                                20, 75.0),
                                    title="The concert that everybody wants")
    fair = True
    for number in range(1, args.rounds + 1):
        print(f"A hall of {hall.seats:,} seats is on sale. {args.people:,} people want the same "
              f"seat: number {number}.")
        start = time.monotonic()
        result = one_seat(stack, hall, number, args.people)
        tell(result, args.people, time.monotonic() - start)
        fair = fair and result.fair
    sound = look_into_the_database(hall, stack.acknowledged) == 0
    return 0 if fair and sound else 1


if __name__ == "__main__":
    sys.exit(main())
