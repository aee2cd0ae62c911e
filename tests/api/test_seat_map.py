"""The live seat map, and its ETag."""

import concurrent.futures
import os
import subprocess

import pytest

import processes
from rowlock_client import grid, open_hall, uuid_of

STATUSES = ["available", "held", "held_by_me", "reserved", "sold", "blocked"]


def test_shape(seller, stack):
    hall = open_hall(seller, {"name": "Two sections", "sections": [
        {"name": "Stalls", "subsections": 1, "rows": 2, "cols": 3, "price": 20, "tier": "REGULAR"},
        {"name": "Balcony", "subsections": 2, "rows": 1, "cols": 2, "price": 9.5,
         "tier": "CHEAP"}]})
    seen = hall.map()
    assert (seen["eventId"], seen["number"]) == (hall.id, hall.number)
    assert isinstance(seen["version"], int)
    assert seen["statuses"] == STATUSES
    assert seen["summary"] == {"total": 10, "available": 10, "held": 0, "heldByMe": 0,
                               "reserved": 0, "sold": 0,
                               "blocked": 0}
    assert [(part["name"], part["subsection"], part["tier"], part["price"])
            for part in seen["sections"]] == \
        [("Stalls", 1, "REGULAR", 20), ("Balcony", 1, "CHEAP", 9.5), ("Balcony", 2, "CHEAP", 9.5)]
    assert [len(part["seats"]) for part in seen["sections"]] == [6, 2, 2]


def test_seats_are_numbered_by_section_row_and_column(seller):
    hall = open_hall(seller, grid(rows=3, cols=4))
    seats = hall.map()["sections"][0]["seats"]
    assert [seat[0] for seat in seats] == list(range(1, 13))
    labels = [seat[1] for seat in seats]
    assert [labels[n] for n in (0, 4, 8)] == sorted(set(labels), key=labels.index)
    assert [seat[2] for seat in seats] == [1, 2, 3, 4] * 3
    assert {seat[3] for seat in seats} == {0}


def test_a_seats_id_is_the_prefix_and_its_number(hall, buyer):
    place = hall(rows=2, cols=10)
    prefix = place.map()["seatIdPrefix"]
    booking = buyer().post("bookings",
                           {"eventId": place.id, "seatIds": [prefix + f"{12:012x}"]}).ok(201)
    assert booking["seats"][0]["seatId"] == uuid_of(place.number, 12) == prefix + "00000000000c"
    assert place.statuses()[12] == "reserved"


def test_map_follows_the_bookings(hall, buyer):
    place, who = hall(rows=1, cols=4), buyer()
    booking = who.book(place, 2, 3).ok(201)
    assert place.statuses() == {1: "available", 2: "reserved", 3: "reserved", 4: "available"}
    assert (place.map()["summary"]["available"], place.map()["summary"]["reserved"]) == (2, 2)
    who.delete("bookings/" + booking["bookingId"]).ok()
    assert set(place.statuses().values()) == {"available"}


def test_map_says_nothing_of_who_has_a_seat(hall, buyer, stack):
    place, who = hall(rows=1, cols=4), buyer("secret")
    booking = who.book(place, 2).ok(201)
    body = stack.anyone().get(f"events/{place.id}/seats").body.decode()
    assert who.sub not in body and booking["bookingId"] not in body


def test_a_seat_whose_window_has_passed_is_available(hall, buyer, let_window_pass):
    place = hall(rows=1, cols=2)
    booking = buyer().book(place, 1).ok(201)
    let_window_pass(place, booking["bookingId"])
    assert place.statuses() == {1: "available", 2: "available"}


def test_etag_gives_304_until_something_changes(hall, buyer, stack):
    place = hall(rows=1, cols=4)
    path, anyone = f"events/{place.id}/seats", stack.anyone()
    tag = anyone.get(path).headers["ETag"]
    again = anyone.get(path, headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == tag
    who = buyer()
    booking = who.book(place, 1).ok(201)
    changed = anyone.get(path, headers={"If-None-Match": tag})
    assert changed.status == 200 and changed.headers["ETag"] != tag
    who.delete("bookings/" + booking["bookingId"]).ok()
    freed = anyone.get(path, headers={"If-None-Match": changed.headers["ETag"]})
    assert freed.status == 200
    assert freed.data["summary"]["available"] == 4


@pytest.mark.parametrize("header", ['"nothing"', '"a", {tag}', "W/{tag}", "*"])
def test_if_none_match_in_all_its_forms(header, hall, stack):
    path, anyone = f"events/{hall(rows=1, cols=2).id}/seats", stack.anyone()
    tag = anyone.get(path).headers["ETag"].removeprefix("W/")
    wanted = 304 if "{tag}" in header or header == "*" else 200
    assert anyone.get(path, headers={"If-None-Match": header.format(tag=tag)}).status == wanted


def test_own_change_is_seen_at_once(hall, buyer):
    """Read your writes, whichever worker answers: twenty times in a row."""
    place = hall(rows=1, cols=20)
    for no in range(1, 21):
        buyer().book(place, no).ok(201)
        assert place.statuses()[no] == "reserved"


def by_job(_booked):
    done = processes.ctl("job", "reserve", "--once", other={"ROWLOCK_MAP_DIR": ""})
    assert done.returncode == 0, done


def by_role(booked):
    with subprocess.Popen(processes.program("rowlockd", "reserve"), stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, env=processes.settings(ROWLOCK_MAP_DIR="")) as role:
        try:
            processes.wait_for(booked, "a seat")
        finally:
            role.terminate()
            assert role.wait(60) == 0


@pytest.mark.parametrize("seat", [by_job, by_role])
def test_published_map_is_taken_back_by_a_process_that_publishes_none(seat, hall, buyer, unseated, ask):
    """As under the systemd units: it knows the workers' memory, and not the folder of the maps."""
    place = hall(rows=1, cols=4)
    booking = buyer().queue(place, "1-2").json["id"]
    published = os.path.join(os.environ["ROWLOCK_DIR"], "run", "maps", f"{place.number}.tag")
    processes.wait_for(lambda: place.statuses() and os.path.exists(published), "a published map")
    seat(lambda: ask("SELECT status::text FROM booking WHERE id = %s", booking) == [("pending",)])
    assert not os.path.exists(published)
    assert place.statuses()[2] == "reserved"


def test_number_in_the_path_will_do(hall, stack):
    place = hall(rows=1, cols=2)
    assert stack.anyone().get(f"events/{place.number}/seats").ok()["eventId"] == place.id


def test_head_has_no_body(hall, stack):
    reply = stack.anyone().request("HEAD", f"events/{hall().id}/seats")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["ETag"]


def test_no_two_answers_have_the_same_request_id(hall, stack):
    """Nor those that the web server's processes give by themselves, from a file."""
    path = f"events/{hall(rows=1, cols=2).id}/seats"
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(lambda _: stack.anyone().get(path).headers["X-Request-Id"], range(400)))
    assert len(set(ids)) == len(ids)
