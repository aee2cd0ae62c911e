"""Events: making, showing, finding, changing."""

import concurrent.futures
import contextlib
import json
import os
from datetime import datetime, timedelta

import psycopg2
import pytest

from processes import ctl
from rowlock_client import event_body, grid, open_hall, uuid_of


def dig(value, key):
    """The value under a name, wherever it stands; there must be one."""
    def walk(node):
        if isinstance(node, dict):
            for name, inner in node.items():
                if name == key:
                    yield inner
                yield from walk(inner)
    found = list(walk(value))
    assert found, f"no {key} in {value}"
    return found[0]


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def plan(seller):
    return seller.post("plans", grid(rows=2, cols=5, price=20)).ok(201)["planId"]


def test_new_event_is_a_draft(seller, plan):
    reply = seller.post("events", event_body(plan))
    event = reply.ok(201)
    assert event["status"] == "draft"
    assert isinstance(event["number"], int) and event["number"] > 0
    assert event["eventId"] == uuid_of(event["number"])
    assert event["title"] == "Evening concert"


def test_event_shows_what_it_was_made_with(seller, stack, plan):
    hall = open_hall(seller, grid(rows=2, cols=5), metadata={"movieId": 7, "director": "N. N."})
    event = stack.anyone().get("events/" + hall.id).ok()
    assert (event["eventId"], event["number"], event["status"]) == (hall.id, hall.number, "on_sale")
    assert (event["title"], event["venueName"]) == ("Evening concert", "Test hall")
    assert (event["startsAt"], event["timezone"]) == ("2031-05-01T18:30:00.000Z", "Europe/Riga")
    assert event["currency"] == "EUR"
    assert event["metadata"] == {"movieId": 7, "director": "N. N."}
    assert [dig(event, key) for key in ("free", "held", "reserved", "sold")] == [10, 0, 0, 0]


def test_event_counts_follow_the_bookings(hall, buyer, stack):
    place = hall(rows=2, cols=5)
    buyer().book(place, 1, 2, 3).ok(201)
    event = stack.anyone().get("events/" + place.id).ok()
    assert [dig(event, key) for key in ("free", "held", "reserved", "sold")] == [7, 0, 3, 0]


def test_event_answers_to_its_number_and_to_its_uuid(hall, stack):
    place = hall()
    by_number, by_uuid = (stack.anyone().get(f"events/{key}").ok()
                          for key in (place.number, place.id))
    assert by_number == by_uuid


def test_prices_come_by_category_or_section_name(seller, plan, buyer):
    hall = open_hall(seller, grid(rows=1, cols=2, price=20), prices={"Stalls": 12.34},
                     tiers={"Stalls": "VIP"})
    booking = buyer().book(hall, 1, 2).ok(201)
    assert booking["totalAmount"] == 24.68
    assert [(seat["price"], seat["tier"]) for seat in booking["seats"]] == [(12.34, "VIP")] * 2


@pytest.mark.parametrize("price", [["--price", "Stalls=40"], ["--price=Stalls=40"]])
def test_prices_on_the_command_line(price, plan, stack):
    made = ctl("event", "create", "--plan", plan, "--title=At the desk", *price, "--on-sale")
    assert made.returncode == 0, made
    seen = stack.anyone().get(f"events/{int(made.stdout)}/seats").ok()
    assert [part["price"] for part in seen["sections"]] == [40]


@pytest.mark.parametrize("price", [["--price"], ["--price="], ["--price=Stalls"], ["--price", "Stalls=x"],
                                   ["--prices=Stalls=4"]])
def test_bad_price_on_the_command_line(price, plan):
    refused = ctl("event", "create", "--plan", plan, "--title", "At the desk", *price)
    assert (refused.returncode, refused.stdout) == (2, "") and "--price" in refused.stderr, refused


def test_currency_without_decimals(seller, buyer):
    hall = open_hall(seller, grid(rows=1, cols=2, price=1500), currency="JPY")
    booking = buyer().book(hall, 1, 2).ok(201)
    assert (booking["totalAmount"], booking["currency"]) == (3000, "JPY")


def test_an_offset_becomes_utc(seller, plan):
    event = seller.post("events", event_body(plan, startsAt="2031-05-01T21:30:00+03:00")).ok(201)
    assert seller.get("events/" + event["eventId"]).ok()["startsAt"] == "2031-05-01T18:30:00.000Z"


@pytest.mark.parametrize("field, value", [
    ("title", ""), ("title", 7), ("title", None), ("venueName", []), ("venueName", ""),
    ("planId", "seventeen"), ("planId", 17), ("planId", "x" * 65),
    ("startsAt", "tomorrow"), ("startsAt", "2031-02-30T10:00:00Z"),
    ("startsAt", "2031-05-01T18:30:00"),
    ("startsAt", 1900000000), ("timezone", "Mars/Olympus"), ("timezone", 3), ("timezone", ""),
    ("currency", "euro"), ("currency", "eur"), ("currency", 978), ("currency", ""),
    ("prices", []), ("prices", {"Stalls": -1}), ("prices", {"Stalls": "20"}),
    ("prices", {"Stalls": 12.345}),
    ("prices", {"Nowhere": 20}), ("tiers", {"Stalls": 7}), ("tiers", []),
    ("policy", []), ("policy", {"maxSeats": 0}), ("policy", {"maxSeats": 1.5}),
    ("policy", {"maxSeats": "3"}),
    ("policy", {"windowMinutes": -1}), ("policy", {"windowMinutes": 2 ** 53 + 2}),
    ("policy", {"maxPending": 0}), ("policy", {"unheardOf": 1}),
    ("policy", {"refundTiers": {}}), ("policy", {"refundTiers": [24]}),
    ("policy", {"refundTiers": [{"hours": 24}]}),
    ("policy", {"refundTiers": [{"hours": -1, "percent": 50}]}),
    ("policy", {"refundTiers": [{"hours": 24, "percent": 101}]}),
    ("policy", {"refundTiers": [{"hours": 24, "percent": 50, "per_cent": 100}]}),
    ("policy", {"refundTiers": [{"hours": hours, "percent": 50} for hours in range(17)]}),
    ("metadata", []), ("metadata", "x"),
])
def test_bad_value_is_named(field, value, seller, plan):
    seller.post("events", event_body(plan, **{field: value})).refused(400, "VALIDATION_ERROR",
                                                                      field)


@pytest.mark.parametrize("field", ["title", "venueName", "planId", "startsAt", "timezone",
                                   "currency"])
def test_missing_field_is_named(field, seller, plan):
    body = event_body(plan)
    del body[field]
    seller.post("events", body).refused(400, "VALIDATION_ERROR", field)


def test_unknown_field_is_named(seller, plan):
    seller.post("events", event_body(plan, colour="red")).refused(400, "VALIDATION_ERROR", "colour")


def test_infinite_price_is_refused(seller, plan):
    text = rb'{"Stalls":1e999}'
    body = json.dumps(event_body(plan)).encode().replace(b'"prices": {}', b'"prices": ' + text)
    assert text in body
    seller.post("events", body).refused(400, "VALIDATION_ERROR", "prices")


def test_unknown_plan_is_404(seller):
    body = event_body("0197aaaa-0000-7000-8000-000000000001")
    seller.post("events", body).refused(404, "PLAN_NOT_FOUND")


def test_a_seat_without_a_price_is_refused(seller):
    plan = grid(rows=1, cols=2)
    del plan["sections"][0]["price"]
    made = seller.post("plans", plan).ok(201)
    seller.post("events", event_body(made["planId"])).refused(400, "VALIDATION_ERROR", "prices")
    seller.post("events", event_body(made["planId"], prices={"Stalls": 5})).ok(201)


def test_a_refused_event_leaves_nothing_behind(seller, plan, ask):
    seller.post("events", event_body(plan, currency="euro")).refused(400, "VALIDATION_ERROR")
    assert ask("SELECT count(*) FROM event WHERE seller = %s", seller.sub) == [(0,)]


@pytest.mark.parametrize("key, status, code", [
    ("999999999", 404, "EVENT_NOT_FOUND"),
    (uuid_of(999999999), 404, "EVENT_NOT_FOUND"),
    ("0197aaaa-0000-7000-8000-000000000001", 404, "EVENT_NOT_FOUND"),
    ("tonight", 400, "VALIDATION_ERROR"),
    ("-1", 400, "VALIDATION_ERROR"),
    ("1.5", 400, "VALIDATION_ERROR"),
    ("00000000-0005-8000-8000-00000000000", 400, "VALIDATION_ERROR"),
    ("00000000-0005-8000-8000-00000000000g", 400, "VALIDATION_ERROR"),
    ("9" * 40, 400, "VALIDATION_ERROR"),
    ("x" * 65, 400, "VALIDATION_ERROR"),
])
@pytest.mark.parametrize("below", ["", "/seats"])
def test_event_that_is_not_there(key, status, code, below, stack):
    stack.anyone().get(f"events/{key}{below}").refused(status, code)


# --- the list ---

def test_list_finds_by_words_newest_first(seller, stack, name):
    word = name("Walpurgis")
    halls = [open_hall(seller, grid(rows=1, cols=2), title=f"{word} night {n}") for n in range(3)]
    listed = stack.anyone().get(f"events?q={word}").ok()
    newest_first = [hall.number for hall in reversed(halls)]
    assert [event["number"] for event in listed["items"]] == newest_first
    assert listed["pagination"] == {"page": 1, "limit": 20, "total": 3, "hasMore": False}
    assert all(event["status"] == "on_sale" for event in listed["items"])


def test_list_comes_in_pages_and_after_an_event(seller, stack, name):
    word = name("Pages")
    numbers = [open_hall(seller, grid(rows=1, cols=2), title=word).number for _ in range(5)][::-1]

    def page(query):
        data = stack.anyone().get(f"events?q={word}&limit=2{query}").ok()
        return [event["number"] for event in data["items"]], data["pagination"]["hasMore"]
    assert page("") == (numbers[:2], True)
    assert page("&page=2") == (numbers[2:4], True)
    assert page("&page=3") == (numbers[4:], False)
    assert page("&page=4") == ([], False)
    assert page("&after=" + uuid_of(numbers[1]))[0] == numbers[2:4]
    assert page("&after=" + uuid_of(numbers[4]))[0] == []


def test_list_by_status_and_by_movie(seller, stack, name):
    word, movie = name("Film"), name("movie")
    on_sale = open_hall(seller, grid(rows=1, cols=2), title=word, metadata={"movieId": movie})
    closed = open_hall(seller, grid(rows=1, cols=2), title=word, status="closed")
    draft = open_hall(seller, grid(rows=1, cols=2), title=word, status="draft")

    def numbers(query, who=None):
        return {event["number"] for event in (who or stack.anyone()).get("events?" + query).ok()["items"]}
    assert numbers(f"q={word}&status=on_sale") == {on_sale.number}
    assert numbers(f"q={word}&status=closed") == {closed.number}
    assert numbers(f"movieId={movie}") == {on_sale.number}
    assert numbers(f"q={word}") == {on_sale.number, closed.number}, "drafts are nobody's business"
    assert numbers(f"q={word}&status=draft", seller) == {draft.number}


@pytest.mark.parametrize("query, field", [
    ("page=0", "page"), ("page=-1", "page"), ("page=two", "page"), ("page=1.5", "page"),
    ("page=", "page"),
    ("page=99999999999999999999", "page"), ("limit=0", "limit"), ("limit=101", "limit"),
    ("limit=ten", "limit"),
    ("status=sold", "status"), ("after=nothing", "after"),
])
def test_bad_query_is_named(query, field, stack):
    stack.anyone().get("events?" + query).refused(400, "VALIDATION_ERROR", field)


@pytest.mark.parametrize("words", ["%25", "_", "%27%3B--", "%5C", "(", "*", "%C3%A9"])
def test_words_are_words_and_not_patterns(words, stack):
    assert stack.anyone().get(f"events?q=no-such-title{words}").ok()["items"] == []


# --- changes ---

def test_status_goes_from_draft_to_on_sale_to_closed(seller, stack, plan):
    event = "events/" + seller.post("events", event_body(plan)).ok(201)["eventId"]
    for status in ("on_sale", "closed"):
        seller.patch(event, {"status": status}).ok()
        assert stack.anyone().get(event).ok()["status"] == status


@pytest.mark.parametrize("now, then", [("draft", "closed"), ("on_sale", "draft"),
                                       ("closed", "draft"),
                                       ("draft", "cancelled"), ("on_sale", "cancelled")])
def test_status_goes_no_other_way(now, then, hall, stack, ask):
    place = hall(status=now)
    reply = place.seller.patch("events/" + place.id, {"status": then})
    assert reply.status in (400, 409), reply
    assert ask("SELECT status::text FROM event WHERE id = %s", place.number) == [(now,)]


def test_title_times_and_policy_change(hall, stack, buyer):
    place = hall()
    place.seller.patch("events/" + place.id, {
        "title": "Matinée", "startsAt": "2032-01-01T10:00:00Z", "timezone": "America/New_York",
        "policy": {"maxSeats": 1}}).ok()
    event = stack.anyone().get("events/" + place.id).ok()
    assert (event["title"], event["startsAt"], event["timezone"]) == \
        ("Matinée", "2032-01-01T10:00:00.000Z", "America/New_York")
    buyer().book(place, 1, 2).refused(400, "VALIDATION_ERROR")


@pytest.mark.parametrize("change, field", [
    ({"title": ""}, "title"), ({"startsAt": "soon"}, "startsAt"),
    ({"timezone": "Mars/Olympus"}, "timezone"),
    ({"status": "sold"}, "status"), ({"status": 1}, "status"), ({"policy": 7}, "policy"),
    ({"colour": "red"}, "colour"),
    ({"seller": "me"}, "seller"), ({"currency": "USD"}, "currency"),
])
def test_bad_change_is_named_and_changes_nothing(change, field, hall, ask):
    place = hall()
    before = ask("SELECT e::text FROM event e WHERE id = %s", place.number)
    reply = place.seller.patch("events/" + place.id, {"title": "New title", **change})
    reply.refused(400, "VALIDATION_ERROR", field)
    assert ask("SELECT e::text FROM event e WHERE id = %s", place.number) == before


def test_an_event_of_somebody_else_is_403(hall, stack, name):
    place = hall()
    rival = stack.seller(name("rival"))
    rival.patch("events/" + place.id, {"title": "Mine"}).refused(403, "FORBIDDEN")


def test_change_of_no_event_is_404(seller):
    seller.patch("events/999999999", {"title": "x"}).refused(404, "EVENT_NOT_FOUND")


def test_changes_that_wait_for_a_transaction_leave_others_their_connections(hall):
    """One that does not end, so that each of them waits for as long as it ever does."""
    places = [hall(rows=1, cols=2) for _ in range(16)]
    other = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    with contextlib.closing(other), other.cursor() as cursor, concurrent.futures.ThreadPoolExecutor(16) as pool:
        cursor.execute("SELECT pg_current_xact_id()")
        done = [pool.submit(place.seller.patch, "events/" + place.id, {"status": "closed"}) for place in places]
        assert [one.result().status for one in done] == [200] * 16


@pytest.mark.parametrize("starts", ["2031-03-29T19:00:00.000Z", "2031-03-30T00:59:59.000Z", "2031-03-30T01:00:00.000Z",
                                    "2031-03-31T18:00:00.000Z", "2031-10-25T18:00:00.000Z", "2031-10-26T00:30:00.000Z",
                                    "2031-10-26T01:30:00.000Z", "2031-10-27T19:00:00.000Z"])
def test_clocks_that_change_never_move_an_event(starts, hall, buyer, ask):
    """R-60: the last of March and of October; in the latter 02:30 comes twice, in Berlin."""
    place = hall(startsAt=starts, timezone="Europe/Berlin")
    place.seller.patch("events/" + place.id, {"title": "Another title"}).ok()
    event = place.seller.get("events/" + place.id).ok()
    assert (event["startsAt"], event["timezone"]) == (starts, "Europe/Berlin")
    booked = buyer().book(place, 1).ok(201)["bookingId"]
    assert ask("SELECT starts_at = %s::timestamptz FROM event WHERE id = %s", starts, place.number) == [(True,)]
    seen = place.seller.get("bookings/" + booked).ok()["event"]
    assert (seen["startsAt"], seen["timezone"]) == (starts, "Europe/Berlin")
    place.seller.patch("events/" + place.id, {"startsAt": starts[:-1] + "+02:00"}).ok()
    moved = place.seller.get("events/" + place.id).ok()["startsAt"]
    assert instant(starts) - instant(moved) == timedelta(hours=2), "an offset is what it says, whatever the zone does"
