"""Seating plans: both forms, what is counted, and what is refused with its path."""

import contextlib
import json
import os
import threading
import time

import psycopg2
import pytest

from rowlock_client import event_body, grid, open_hall

OUTSIDE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "plans")
UNKNOWN = "0197aaaa-0000-7000-8000-000000000001"


def outside_plan(file_name):
    path = os.path.join(OUTSIDE, file_name)
    if not os.path.exists(path):
        pytest.skip(f"{file_name} is not here: the plans from outside do not come with the source")
    with open(path, "rb") as file:
        return file.read()


def pretix(rows, categories=("Gold", "Silver"), name="Small hall"):
    return {"name": name, "categories": [{"name": c, "color": "#123456"} for c in categories],
            "size": {"width": 1000, "height": 500},
            "zones": [{"name": "Parterre", "position": {"x": 10, "y": 20}, "rows": rows}]}


def row(label, n, category="Gold", prefix=None):
    return {"row_number": label, "position": {"x": 0, "y": 0},
            "seats": [{"seat_number": str(k), "seat_guid": f"{prefix or label}-{k}",
                       "category": category,
                       "position": {"x": 25 * k, "y": 0}} for k in range(1, n + 1)]}


def faults(reply):
    """[(path, why)] of a refused plan."""
    details = reply.refused(400, "VALIDATION_ERROR")
    assert 1 <= len(details["faults"]) <= 10
    assert details["total"] >= len(details["faults"])
    return [(fault["path"], fault["why"]) for fault in details["faults"]]


def test_grid_form_is_counted(seller, name):
    plan = {"name": name("plan"), "sections": [
        {"name": "Stalls", "subsections": 2, "rows": 3, "cols": 4, "price": 75.5,
         "tier": "REGULAR"},
        {"name": "Balcony", "subsections": 1, "rows": 2, "cols": 5, "price": 30, "tier": "CHEAP"}]}
    data = seller.post("plans", plan).ok(201)
    assert data["name"] == plan["name"]
    assert (data["seats"], data["rows"], data["sections"], data["version"]) == (34, 8, 3, 1)
    assert isinstance(data["planId"], str) and len(data["planId"]) == 36


def test_pretix_form_is_counted(seller, name):
    plan = pretix([row("A", 3), row("B", 4, "Silver")], name=name("plan"))
    data = seller.post("plans", plan).ok(201)
    assert (data["seats"], data["rows"], data["sections"]) == (7, 2, 1)


def test_import_again_is_a_new_version(seller, name):
    plan = grid(name("plan"))
    first, second = (seller.post("plans", plan).ok(201) for _ in range(2))
    assert (first["version"], second["version"]) == (1, 2)
    assert first["planId"] != second["planId"]


def test_imports_of_one_name_at_once_get_a_version_each(seller, name):
    plan, versions = grid(name("plan")), []

    def import_it():
        versions.append(seller.post("plans", plan).ok(201)["version"])
    threads = [threading.Thread(target=import_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(versions) == list(range(1, 9))


def test_imports_of_one_name_at_once_wait_for_each_other(seller, name, ask):
    """One at a time chooses a version, however slow it is: nobody tries, loses, and is told 503."""
    plan, replies = grid(name("plan")), []
    first = seller.post("plans", plan).ok(201)
    slow = psycopg2.connect(os.environ["ADMIN_DATABASE_URL"])
    threads = [threading.Thread(target=lambda: replies.append(seller.post("plans", plan))) for _ in range(8)]
    waiting = ("SELECT count(*) FILTER (WHERE wait_event = 'advisory'), count(*) FILTER (WHERE wait_event <> 'advisory')"
               " FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    with contextlib.closing(slow), slow.cursor() as cursor:
        cursor.execute("INSERT INTO plan (id, owner, name, version, sections, row_count, seats, checksum, document)"
                       " SELECT gen_random_uuid(), owner, name, 2, sections, row_count, seats, checksum, document"
                       " FROM plan WHERE id = %s", (first["planId"],))
        for thread in threads:
            thread.start()
        deadline, locked, trying = time.monotonic() + 2, 0, 0
        while (locked == 0 or trying == 0) and time.monotonic() < deadline:
            locked, trying = ask(waiting)[0]
        slow.commit()
    for thread in threads:
        thread.join()
    assert sorted(reply.ok(201)["version"] for reply in replies) == list(range(3, 11))
    assert trying == 1 and locked >= 1, "one waits for the slow import, the others for that one"


def test_plan_reads_back(seller, name):
    made = seller.post("plans", grid(name("plan"), rows=2, cols=3)).ok(201)
    read = seller.get("plans/" + made["planId"]).ok()
    for key in ("planId", "name", "version", "seats", "rows", "sections"):
        assert read[key] == made[key]
    listed = seller.get("plans").ok()
    assert [plan["planId"] for plan in listed["items"]] == [made["planId"]]
    assert listed["pagination"] == {"page": 1, "limit": 20, "total": 1, "hasMore": False}


def test_unknown_plan_is_404(seller):
    seller.get("plans/" + UNKNOWN).refused(404, "PLAN_NOT_FOUND")


def test_malformed_plan_id_is_400(seller):
    seller.get("plans/seventeen").refused(400, "VALIDATION_ERROR")


def test_stadium_imports_and_goes_on_sale(seller, buyer, clean):
    data = seller.post("plans", outside_plan("stadium.json")).ok(201)
    assert (data["seats"], data["rows"], data["sections"]) == (738, 90, 2)
    prices = {"Category I": 120, "Category II": 90, "Category III": 70, "Category IV": 50,
              "Category V": 30}
    event = seller.post("events", event_body(data["planId"], prices=prices)).ok(201)
    seller.patch("events/" + event["eventId"], {"status": "on_sale"}).ok()
    seen = seller.get(f"events/{event['eventId']}/seats").ok()
    assert seen["summary"]["total"] == seen["summary"]["available"] == 738
    assert {part["name"] for part in seen["sections"]} == {"Ground floor", "First Floor"}
    numbers = [seat[0] for part in seen["sections"] for seat in part["seats"]]
    assert sorted(numbers) == list(range(1, 739))
    assert all(len(seat) == 6 for part in seen["sections"]
               for seat in part["seats"]), "coordinates are missing"


def test_stadium_with_duplicates_is_refused_naming_them(seller):
    reply = seller.post("plans", outside_plan("stadium-duplicate-guids.json"))
    found = faults(reply)
    assert len(found) == 10 and reply.details["total"] == 420
    assert all(path.startswith("zones[") and path.endswith(".seat_guid")
               for path, _ in found), found


def test_twenty_thousand_seats_go_on_sale(seller, buyer, clean):
    hall = open_hall(seller, grid(rows=100, cols=200, price=40))
    assert hall.seats == 20000
    booking = buyer().book(hall, 1, 20000).ok(201)
    assert booking["totalAmount"] == 80
    summary = hall.map()["summary"]
    assert (summary["total"], summary["available"], summary["reserved"]) == (20000, 19998, 2)
    clean(hall, [booking["bookingId"]])


# --- faults ---

def test_duplicate_seat_names_both_places(seller):
    plan = pretix([row("A", 3), row("B", 3, prefix="A")])
    found = faults(seller.post("plans", plan))
    assert [path for path, _ in found] == [f"zones[0].rows[1].seats[{n}].seat_guid"
                                           for n in range(3)]
    assert "zones[0].rows[0].seats[0]" in found[0][1]


def test_only_the_first_ten_faults_are_listed(seller):
    reply = seller.post("plans", pretix([row("A", 15), row("B", 15, prefix="A")]))
    assert len(faults(reply)) == 10
    assert reply.details["total"] == 15


def test_unknown_category_is_named(seller):
    found = faults(seller.post("plans", pretix([row("A", 2), row("B", 1, "Platinum")])))
    assert [path for path, _ in found] == ["zones[0].rows[1].seats[0].category"]


def test_empty_row_is_named(seller):
    found = faults(seller.post("plans", pretix([row("A", 2), row("B", 0)])))
    assert [path.startswith("zones[0].rows[1]") for path, _ in found] == [True]


@pytest.mark.parametrize("what, plan", [
    ("no zone", {"name": "x", "categories": [], "zones": []}),
    ("no section", {"name": "x", "sections": []}),
    ("neither form", {"name": "x"}),
    ("no name", {"sections": grid()["sections"]}),
    ("an empty name", grid(name="")),
    ("more than 200,000 seats", grid(rows=1000, cols=201)),
    ("too many seats in all sections together",
     {"name": "x", "sections": [dict(grid(rows=500, cols=300)["sections"][0], name=f"S{n}")
                                for n in range(2)]}),
    ("a zone that is a number", {"name": "x", "categories": [], "zones": [7]}),
])
def test_plan_without_sense_is_refused(what, plan, seller):
    faults(seller.post("plans", plan))


def test_two_hundred_thousand_seats_are_the_most(seller):
    assert seller.post("plans", grid(rows=1000, cols=200)).ok(201)["seats"] == 200000


@pytest.mark.parametrize("field, value", [
    ("rows", 0), ("rows", -1), ("rows", 1.5), ("rows", "3"), ("rows", None), ("rows", 2 ** 53 + 2),
    ("rows", 10 ** 30),
    ("cols", 0), ("cols", -1), ("cols", 2.25), ("cols", True), ("cols", []),
    ("subsections", 0), ("subsections", -3), ("subsections", "two"), ("subsections", 10 ** 9),
    ("price", -1), ("price", "75"), ("price", {}), ("price", 10 ** 20),
    ("name", 7), ("name", ""), ("name", "x" * 65), ("tier", 7), ("tier", "x" * 65),
])
def test_bad_value_in_a_section_is_named(field, value, seller):
    plan = grid()
    plan["sections"][0][field] = value
    found = faults(seller.post("plans", plan))
    assert any(path.startswith(f"sections[0].{field}") for path, _ in found), found


def test_infinite_number_is_refused(seller):
    text = json.dumps(grid(price=4711)).replace("4711", "1e999").encode()
    assert any("price" in path for path, _ in faults(seller.post("plans", text)))


def test_two_sections_of_one_name_are_refused(seller):
    plan = grid()
    plan["sections"] *= 2
    faults(seller.post("plans", plan))


def test_plan_over_sixteen_mebibytes_is_413(seller):
    text = json.dumps(grid()).encode()
    reply = seller.post("plans", text + b" " * (16 * 2 ** 20 + 1 - len(text)))
    assert reply.status == 413, reply


def test_plan_of_a_few_mebibytes_is_read(seller):
    text = json.dumps(grid()).encode()
    seller.post("plans", text + b" " * (3 * 2 ** 20)).ok(201)
