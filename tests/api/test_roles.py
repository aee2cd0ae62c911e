"""Who may do what (R-50 to R-54): every role on every route, as one table."""

import os
import re

import pytest

from processes import STACK
from rowlock_client import QUEUE, V1, event_body, grid

CANCEL = ("PATCH", QUEUE + "/{booking}")
ROLES = ("nobody", "owner", "other", "seller", "rival", "admin", "service")

# Route: what is sent, and the status for each of ROLES. "owner" is the buyer whose booking it is,
# "other" another buyer; "seller" has the event, "rival" another one. None: the design does not say.
MATRIX = {
    "GET /health":                   (None, 200, 200, 200, 200, 200, 200, 200),
    "GET events":                    (None, 200, 200, 200, 200, 200, 200, 200),
    "GET events/{event}":            (None, 200, 200, 200, 200, 200, 200, 200),
    "GET events/{event}/seats":      (None, 200, 200, 200, 200, 200, 200, 200),
    "GET plans":                     (None, 401, 403, 403, 200, 200, 200, 403),
    "GET plans/{plan}":              (None, 401, 403, 403, 200, None, 200, 403),
    "POST plans":                    ("plan", 401, 403, 403, 201, 201, 201, 403),
    "POST events":                   ("event", 401, 403, 403, 201, None, 201, 403),
    "PATCH events/{event}":          ("title", 401, 403, 403, 200, 403, None, 403),
    "POST bookings":                 ("wish", 401, 201, 201, 403, 403, 201, 201),
    "POST bookings/hold-seats":      ("hold", 401, 200, 200, 403, 403, 200, 200),
    "DELETE bookings/holds/{user}":  (None, 401, 200, 403, 403, 403, 200, 200),
    "GET bookings/my":               (None, 401, 200, 200, 200, 200, 200, 200),
    "GET bookings/user/{user}":      (None, 401, 200, 403, 403, 403, 200, 200),
    "GET bookings/{booking}":        (None, 401, 200, 403, 200, 403, 200, 200),
    "GET bookings/{booking}/history": (None, 401, 200, 403, 200, 403, 200, 200),
    "GET bookings/{sold}/ticket":     (None, 401, 200, 403, 200, 403, 200, 200),
    "GET bookings/{sold}/ticket.json": (None, 401, 200, 403, 200, 403, 200, 200),
    "GET bookings/{sold}/ticket.svg": (None, 401, 200, 403, 200, 403, 200, 200),
    "GET bookings/{sold}/ticket.png": (None, 401, 200, 403, 200, 403, 200, 200),
    "POST tickets/{ticket}/check-in": (None, 401, 403, 403, 200, 403, 200, 200),
    "DELETE bookings/{booking}":     (None, 401, 200, 403, 403, 403, 200, 200),
    "POST bookings/{booking}/extend": ("minutes", 401, 200, 403, 403, 403, 200, 200),
    "POST payments/initiate":        ("booking", 401, 200, 403, 403, 403, 200, 200),
    "POST payments/refund/{booking}": (None, 401, 409, 403, 403, 403, 409, 409),
    "GET payments/status/{booking}": (None, 401, 200, 403, 200, 403, 200, 200),
    "POST events/{event}/cancel":    (None, 401, 403, 403, 202, 403, 202, 403),
    "POST stream-tickets":           (None, 401, 201, 201, 201, 201, 201, 201),
    "PATCH bookings/{booking}/cancel": (None, 401, 200, 403, 403, 403, 200, 200),
    "POST /api/booking":             ("queue", 401, 202, 202, 403, 403, 202, 202),
    "GET /api/booking/my_booking":   (None, 401, 200, 200, 200, 200, 200, 200),
    "GET /api/booking/{booking}":    (None, 401, 200, 403, 200, 403, 200, 200),
    "PATCH /api/booking/{booking}":  (None, 401, 200, 403, 403, 403, 200, 200),
    "POST /api/booking/{booking}/pay": (None, 401, 200, 403, 403, 403, 200, 200),
}

# It is not the role that counts: a call-back is signed, and the figures are shown to some addresses.
NO_ROLE = {"POST payments/webhook", "GET /metrics"}

CASES = [(route, role, sent, status) for route, (sent, *statuses) in MATRIX.items()
         for role, status in zip(ROLES, statuses) if status is not None]


@pytest.fixture
def people(stack, name, seller):
    return {"nobody": stack.anyone(), "owner": stack.buyer(name("owner")),
            "other": stack.buyer(name("other")),
            "seller": seller, "rival": stack.seller(name("rival")),
            "admin": stack.caller(name("admin"), "admin"),
            "service": stack.caller(name("service"), "service")}


NAMES = [f"{route} by {role}" for route, role, *_ in CASES]


def sell(people, place):
    """A booking of another hall of the same seller, paid: its id and its ticket."""
    sold = people["owner"].book(place, 1).ok(201)["bookingId"]
    people["owner"].post(f"{QUEUE}/{sold}/pay").plain()
    return sold, people["owner"].get("bookings/" + sold).ok()["ticketReference"]


@pytest.mark.parametrize("route, role, sent, status", CASES, ids=NAMES)
def test_route_by_role(route, role, sent, status, people, hall):
    place = hall(rows=1, cols=4)
    booking = people["owner"].book(place, 1).ok(201)["bookingId"]
    made = place.seller.post("plans", grid(rows=1, cols=1)).ok(201)
    bodies = {None: None, "plan": grid(rows=1, cols=1), "event": event_body(made["planId"]),
              "title": {"title": "New"}, "minutes": {"minutes": 1}, "booking": {"bookingId": booking},
              "wish": place.wish(2), "hold": place.wish(2), "queue": place.queue_wish("A-3")}
    method, path = route.split(" ")
    sold, ticket = sell(people, hall(rows=1, cols=1)) if "{sold}" in path or "{ticket}" in path else (None, None)
    reply = people[role].request(method, path.format(event=place.id, plan=made["planId"],
                                                     booking=booking, sold=sold, ticket=ticket,
                                                     user=people["owner"].sub), bodies[sent])
    assert reply.status == status, reply
    if status in (401, 403):
        refused = reply.declined if path.startswith(QUEUE) else reply.refused
        refused(status, "UNAUTHORIZED" if status == 401 else "FORBIDDEN")
        after = people["owner"].get("bookings/" + booking).ok()
        assert after["status"] == "PENDING", "it was refused, and done"
        assert place.statuses() == {1: "reserved", 2: "available", 3: "available", 4: "available"}
    elif path == "bookings/holds/{user}":
        assert place.statuses()[1] == "reserved", "a booking is no hold"
    elif path.startswith("bookings/{booking}") and (method == "DELETE" or path.endswith("/cancel")) or \
            (method, path) == CANCEL:
        assert place.statuses()[1] == "available"


def plain(route):
    """A route as the server's table has it, with {} for whatever is named."""
    method, path = route.split(" ")
    return f"{method} {re.sub('{[a-z]+}', '{}', path if path.startswith('/') else V1 + path)}"


def test_every_route_is_in_the_table():
    """Whoever adds a route says here who may call it."""
    sources = os.path.join(os.path.dirname(STACK), "src", "api", "routes.c")
    if not os.path.exists(sources):
        pytest.skip("the sources are not here")
    with open(sources, encoding="utf-8") as file:
        routes = [plain(f"{method} {path}") for method, path in
                  re.findall(r'^\t\{ \{ (\w+), "([^"]+)" \}', file.read(), re.M)]
    assert len(routes) > 30 and sorted(routes) == sorted(map(plain, {*MATRIX, *NO_ROLE}))


def test_what_is_refused_does_not_say_whether_it_exists(people):
    """Without a token a booking that is there looks like one that is not."""
    for path in ("bookings/0197aaaa-0000-7000-8000-000000000001", "bookings/rubbish",
                 "bookings/user/anybody"):
        people["nobody"].get(path).refused(401, "UNAUTHORIZED")
