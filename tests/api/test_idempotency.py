"""Idempotency-Key: whatever creates or pays does so once a key, and answers alike."""

import collections
import concurrent.futures
import json
import uuid

import pytest

import rush
from processes import sweep
from rowlock_client import QUEUE, event_body, grid

Route = collections.namedtuple("Route", "path body status who")  # path, body: of a Scene


class Scene:
    """A hall, its seller, a buyer, and a booking of the buyer's that can be paid."""

    def __init__(self, place, buyer):
        self.place, self.seller, self.buyer = place, place.seller, buyer
        self.plan = self.seller.post("plans", grid(rows=1, cols=2)).ok(201)["planId"]
        self.pending = buyer.book(place, 40).ok(201)["bookingId"]

    def send(self, route, key, who=None, body=None, **headers):
        """One request by a route, with a key; who and body: other ones than are usual."""
        return (who or getattr(self, route.who)).post(
            route.path(self), route.body(self) if body is None else body,
            headers={"Idempotency-Key": key, **headers})


ROUTES = {
    "bookings": Route(lambda s: "bookings", lambda s: s.place.wish(1, 2), 201, "buyer"),
    "best seats": Route(lambda s: "bookings", lambda s: s.place.best_wish(2), 201, "buyer"),
    "hold-seats": Route(lambda s: "bookings/hold-seats", lambda s: s.place.wish(5, 6), 200, "buyer"),
    "queue": Route(lambda s: QUEUE, lambda s: s.place.queue_wish("A-7", "A-8"), 202, "buyer"),
    "extend": Route(lambda s: f"bookings/{s.pending}/extend", lambda s: {"minutes": 5}, 200, "buyer"),
    "pay": Route(lambda s: f"{QUEUE}/{s.pending}/pay", lambda s: None, 200, "buyer"),
    "plans": Route(lambda s: "plans", lambda s: grid(rows=1, cols=2), 201, "seller"),
    "events": Route(lambda s: "events", lambda s: event_body(s.plan), 201, "seller"),
}
BOOKINGS = ROUTES["bookings"]

# What there is of each kind; a request that had its effect twice shows.
COUNTS = """SELECT (SELECT count(*) FROM booking WHERE event_id = %(event)s),
                   (SELECT count(*) FROM payment WHERE event_id = %(event)s),
                   (SELECT count(*) FROM journal WHERE event_id = %(event)s),
                   (SELECT count(*) FROM plan WHERE owner = %(seller)s),
                   (SELECT count(*) FROM event WHERE seller = %(seller)s)"""


@pytest.fixture
def scene(hall, buyer):
    return Scene(hall(rows=4, cols=10), buyer())


@pytest.fixture
def key():
    return "key-" + uuid.uuid4().hex


@pytest.fixture
def counts(scene, db):
    def look():
        with db.cursor() as cursor:
            cursor.execute(COUNTS, {"event": scene.place.number, "seller": scene.seller.sub})
            return cursor.fetchone()
    return look


@pytest.fixture
def stored(ask):
    """stored(key): the rows that there are of it."""
    return lambda key: ask("""SELECT principal, route, status, location, body FROM idempotency_key
                              WHERE key = %s""", key)


def is_replay_of(first, again):
    assert again.headers.get("Idempotent-Replayed") == "true", again
    assert first.headers.get("Idempotent-Replayed") is None, first
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    return True


# --- the same again ---

@pytest.mark.parametrize("name_", ROUTES)
def test_the_same_request_again_is_answered_alike_and_has_no_effect(name_, scene, key, counts,
                                                                    stored, unseated, clean):
    route = ROUTES[name_]
    first = scene.send(route, key)
    assert first.status == route.status, first
    there = counts()
    for _ in range(3):
        is_replay_of(first, scene.send(route, key))
    assert counts() == there
    path = route.path(scene)
    assert stored(key) == [(getattr(scene, route.who).sub,
                            "POST " + (path if path.startswith("/") else "/api/v1/" + path),
                            first.status, first.headers.get("Location"), first.body.decode())]
    clean(scene.place)


@pytest.mark.parametrize("name_", [name for name in ROUTES if name != "pay"])
def test_another_body_is_422(name_, scene, key, counts, unseated):
    route = ROUTES[name_]
    first = scene.send(route, key)
    there = counts()
    text = json.dumps(route.body(scene)).encode()
    for body in (text + b" ", b"{}", b"not JSON"):
        reply = scene.send(route, key, body=body)
        assert (reply.status, reply.code) == (422, "IDEMPOTENCY_MISMATCH"), reply
        assert reply.headers.get("Idempotent-Replayed") is None
    assert counts() == there
    is_replay_of(first, scene.send(route, key))


def test_without_a_key_each_request_is_one(scene, buyer, ask):
    who = buyer()
    for no in (1, 2):
        who.book(scene.place, no).ok(201)
    assert ask("SELECT count(*) FROM idempotency_key WHERE principal = %s", who.sub) == [(0,)]


def test_booking_and_key_are_of_one_transaction(scene, key, ask, unseated):
    """A crash cannot separate them."""
    for name_ in ("bookings", "queue", "pay"):
        reply = scene.send(ROUTES[name_], key + name_)
        booking = reply.data["bookingId"] if name_ == "bookings" else reply.json["id"]
        assert ask("""SELECT b.xmin = k.xmin FROM booking b, idempotency_key k
                      WHERE b.id = %s AND k.key = %s""", booking, key + name_) == [(True,)], name_
    scene.send(ROUTES["hold-seats"], key)
    assert ask("""SELECT s.xmin = k.xmin FROM seat s, idempotency_key k
                  WHERE s.event_id = %s AND s.no = 5 AND k.key = %s""", scene.place.number, key) == \
        [(True,)]
    for table, name_ in (("plan", "plans"), ("event", "events")):
        scene.send(ROUTES[name_], key + name_)
        owner = {"plan": "owner", "event": "seller"}[table]
        assert ask(f"""SELECT count(*) FROM {table} t, idempotency_key k
                       WHERE t.{owner} = %s AND k.key = %s AND t.xmin = k.xmin""",
                   scene.seller.sub, key + name_) == [(1,)], table


def test_what_became_of_it_since_does_not_change_the_answer(scene, key):
    first = scene.send(BOOKINGS, key)
    scene.buyer.delete("bookings/" + first.data["bookingId"]).ok()
    is_replay_of(first, scene.send(BOOKINGS, key))
    assert scene.place.statuses()[1] == "available"


def test_a_hold_that_was_released_is_not_held_again(scene, key):
    first = scene.send(ROUTES["hold-seats"], key)
    assert scene.buyer.let_go(scene.place).status == 200
    is_replay_of(first, scene.send(ROUTES["hold-seats"], key))
    assert scene.place.statuses()[5] == "available"


# --- what a key belongs to ---

def test_anothers_key_is_another_one(scene, key, buyer):
    first = scene.send(BOOKINGS, key)
    other = buyer()
    mine = scene.send(BOOKINGS, key, other, scene.place.wish(3)).ok(201)
    assert mine["bookingId"] != first.data["bookingId"]
    is_replay_of(first, scene.send(BOOKINGS, key))


def test_one_key_for_all_routes(scene, key, unseated):
    firsts = {name: scene.send(route, key) for name, route in ROUTES.items()
              if name != "best seats"}
    for name_, first in firsts.items():
        assert first.status == ROUTES[name_].status, (name_, first)
        is_replay_of(first, scene.send(ROUTES[name_], key))


def test_one_key_for_two_bookings_that_are_paid(scene, key):
    other = scene.buyer.book(scene.place, 3).ok(201)["bookingId"]
    for booking in (scene.pending, other):
        paid = scene.buyer.post(f"{QUEUE}/{booking}/pay", headers={"Idempotency-Key": key}).plain()
        assert (paid["id"], paid["status"]) == (booking, "completed")


@pytest.mark.parametrize("method, path", [("DELETE", "bookings/{}"), ("PATCH", "bookings/{}/cancel"),
                                          ("PATCH", QUEUE + "/{}")])
def test_other_routes_take_no_key(method, path, scene, key, stored):
    who, headers = scene.buyer, {"Idempotency-Key": key}
    assert who.request(method, path.format(scene.pending), headers=headers).status == 200
    assert who.request(method, path.format(scene.pending), headers=headers).status in (400, 409)
    assert stored(key) == []


@pytest.mark.parametrize("bad", ["two words", "x" * 256, "x" * 3000, "tab\there", "caf\u00e9",
                                 "\u00a0"])
def test_bad_key_is_400(bad, scene, counts):
    there = counts()
    for route in (BOOKINGS, ROUTES["plans"]):
        scene.send(route, bad).refused(400, "VALIDATION_ERROR", "Idempotency-Key")
    scene.send(ROUTES["pay"], bad).declined(400, "VALIDATION_ERROR", field="Idempotency-Key")
    assert counts() == there


@pytest.mark.parametrize("good", ["x", "x" * 255, "".join(map(chr, range(33, 127))), "o'neil;--",
                                  "{a,b}", "NULL", "\\N", '"'])
def test_any_visible_characters_are_a_key(good, scene):
    first = scene.send(BOOKINGS, good)
    assert first.status == 201, first
    is_replay_of(first, scene.send(BOOKINGS, good))


# --- refusals ---

def test_refusals_are_kept_as_well(scene, key, buyer):
    taken = buyer().book(scene.place, 2).ok(201)["bookingId"]
    first = scene.send(BOOKINGS, key)
    first.refused(409, "SEAT_ALREADY_RESERVED")
    buyer_of_it = scene.place.stack.caller("office", "admin")
    buyer_of_it.delete("bookings/" + taken).ok()
    is_replay_of(first, scene.send(BOOKINGS, key))
    assert scene.place.statuses()[1] == "available"
    scene.send(BOOKINGS, key + "-new").ok(201)


@pytest.mark.parametrize("body, status", [
    (b"{", 400), (b"[]", 400), (b"", 400), (b'{"eventId":999999999,"seatIds":[]}', 400),
    (b'{"eventId":999999999,"quantity":1}', 404)])
def test_what_makes_no_sense_is_refused_alike(body, status, scene, key):
    first = scene.send(BOOKINGS, key, body=body)
    assert first.status == status, first
    is_replay_of(first, scene.send(BOOKINGS, key, body=body))
    assert scene.send(BOOKINGS, key).code == "IDEMPOTENCY_MISMATCH"


def test_refusals_of_the_other_face_are_kept_in_its_words(scene, key):
    scene.send(ROUTES["pay"], key).plain()
    first = scene.send(ROUTES["pay"], key + "-2")
    first.declined(400, "INVALID_STATE", "Cannot pay booking in completed state")
    is_replay_of(first, scene.send(ROUTES["pay"], key + "-2"))


def test_who_may_not_is_told_so_each_time(scene, key, stored):
    theirs = {**scene.place.wish(1), "userId": "somebody-else"}
    for _ in range(2):
        reply = scene.send(BOOKINGS, key, body=theirs)
        reply.refused(403, "FORBIDDEN")
        assert reply.headers.get("Idempotent-Replayed") is None
    scene.send(BOOKINGS, key, scene.seller).refused(403, "FORBIDDEN")
    scene.send(BOOKINGS, key, scene.place.stack.anyone()).refused(401, "UNAUTHORIZED")
    scene.send(BOOKINGS, key, body=b" " * 70000).refused(413, "PAYLOAD_TOO_LARGE")
    scene.send(BOOKINGS, key, **{"Content-Type": "text/plain"}) \
        .refused(415, "UNSUPPORTED_MEDIA_TYPE")
    assert stored(key) == []
    scene.send(BOOKINGS, key).ok(201)


# --- 24 hours ---

def test_after_a_day_a_key_is_a_new_one(scene, key, ask, stored):
    first = scene.send(BOOKINGS, key)
    age = "UPDATE idempotency_key SET created_at = now() - interval '{}' WHERE key = %s RETURNING 1"
    ask(age.format("23 hours 59 minutes"), key)
    is_replay_of(first, scene.send(BOOKINGS, key))
    ask(age.format("24 hours"), key)
    second = scene.send(BOOKINGS, key, body=scene.place.wish(3))
    assert second.ok(201)["bookingId"] != first.data["bookingId"]
    assert [row[2:4] for row in stored(key)] == [(201, second.headers["Location"])]
    ask(age.format("24 hours"), key)
    third = scene.send(BOOKINGS, key, body=scene.place.wish(3))
    third.refused(409, "SEAT_ALREADY_RESERVED")
    is_replay_of(third, scene.send(BOOKINGS, key, body=scene.place.wish(3)))
    assert len(stored(key)) == 1


def test_the_sweeper_takes_old_keys_away(scene, key, ask, stored):
    old, young = (scene.send(ROUTES["hold-seats"], key + end) for end in ("-old", "-young"))
    assert (old.status, young.status) == (200, 200)
    ask("""UPDATE idempotency_key SET created_at = now() - interval '24 hours'
           WHERE key = %s RETURNING 1""", key + "-old")
    sweep()
    assert stored(key + "-old") == [] and len(stored(key + "-young")) == 1


# --- at once ---

def at_once(scene, route, key, times=8):
    """The replies to the same request from so many threads."""
    with concurrent.futures.ThreadPoolExecutor(times) as pool:
        return [done.result()
                for done in [pool.submit(scene.send, route, key) for _ in range(times)]]


@pytest.mark.parametrize("name_", ROUTES)
def test_many_at_once_have_one_effect(name_, scene, key, counts, ask, unseated, clean):
    route = ROUTES[name_]
    before, single = counts(), None
    for turn in range(4 if name_ in ("plans", "events") else 1):
        replies = at_once(scene, route, f"{key}-{turn}")
        done = [reply for reply in replies if reply.status == route.status]
        assert done and len({reply.body for reply in done}) == 1, replies
        assert sum(reply.headers.get("Idempotent-Replayed") is None for reply in done) == 1
        for reply in replies:
            if reply.status != route.status:
                assert (reply.status, reply.code) == (409, "IDEMPOTENCY_IN_PROGRESS"), reply
        assert scene.send(route, f"{key}-{turn}").body == done[0].body
        effect = tuple(now - then for now, then in zip(counts(), before))
        assert single in (None, effect) and sum(effect) in (1, 2, 3), effect
        before, single = counts(), effect
    clean(scene.place)


def test_volleys_of_one_key_in_one_batch_and_in_many(scene, stack, hall, name, ask, clean):
    """Forty requests in one moment, of four keys: four bookings, and nobody hears a lie."""
    place = hall(rows=4, cols=10, policy={"maxPending": 10})
    for turn in range(5):
        who = stack.buyer(name("twitchy"))
        head = f"\r\nIdempotency-Key: {turn}-".encode()
        asked = [rush.booking_bytes(stack, who.token, place, 4 * turn + n % 4 + 1)
                 .replace(b"\r\nConnection", head + b"%d\r\nConnection" % (n % 4), 1)
                 for n in range(40)]
        replies = [answer.reply for answer in rush.volley(stack, asked)]
        ids = [{reply.data["bookingId"] for reply in replies[key::4] if reply.status == 201}
               for key in range(4)]
        assert [len(one) for one in ids] == [1, 1, 1, 1], replies
        assert {reply.code for reply in replies if reply.status != 201} <= \
            {"IDEMPOTENCY_IN_PROGRESS"}
        assert ask("SELECT count(*) FROM booking WHERE user_id = %s", who.sub) == [(4,)]
    clean(place)
