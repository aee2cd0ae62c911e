"""Tickets and check-in (R-47): what is on them, that scanners read it, and that each is let in once."""

import collections
import concurrent.futures
import itertools
import os
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest

import processes
from processes import ctl
from rowlock_client import QUEUE, grid, uuid_of

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE = re.compile(f"(?:[{CROCKFORD}]{{4}}-){{5}}[{CROCKFORD}]{{4}}")
FORMS = ("ticket", "ticket.json", "ticket.svg", "ticket.png")
SVG = "{http://www.w3.org/2000/svg}"
PNG = b"\x89PNG\r\n\x1a\n"


def scan(path):
    """What zbarimg reads from a picture, sorted."""
    done = subprocess.run(["zbarimg", "--nodbus", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"nothing to be read: {done}"
    return sorted(done.stdout.split("\n")[:-1])


@pytest.fixture
def sold(buyer, hall):
    """sold(*seats, hall=…): a paid booking: its buyer, its hall, its data."""
    def sell(*seats, place=None, who=None):
        place, who = place or hall(), who or buyer()
        booking = who.book(place, *seats).ok(201)["bookingId"]
        who.post(f"{QUEUE}/{booking}/pay").plain()
        return who, place, who.get("bookings/" + booking).ok()
    return sell


def end(ask, booking, status):
    """As a refund or a cancellation leaves it (R-45)."""
    ask("""WITH b AS (UPDATE booking SET status = %s, kept = total WHERE id = %s RETURNING event_id, id, user_id, seats),
                s AS (UPDATE seat SET status = 'free', holder = NULL, booking_id = NULL FROM b
                      WHERE seat.event_id = b.event_id AND seat.booking_id = b.id)
           INSERT INTO journal (event_id, booking_id, user_id, type, payload)
           SELECT event_id, id, user_id, %s, jsonb_build_object('from', 'confirmed', 'seats', seats)
           FROM b RETURNING 1""", status, booking, "booking." + status)


# --- The tickets.

def test_tickets_of_several_seats_have_references_of_their_own(sold):
    who, place, booking = sold(2, 3, 4)
    data = who.get(f"bookings/{booking['bookingId']}/ticket").ok()
    reference = data.pop("ticketReference")
    assert REFERENCE.fullmatch(reference) and reference == booking["ticketReference"]
    event = data.pop("event")
    assert event == {"eventId": place.id, "title": "Evening concert", "venueName": "Test hall",
                     "startsAt": "2031-05-01T18:30:00.000Z", "timezone": "Europe/Riga"}
    assert data == {"bookingId": booking["bookingId"], "tickets": [
        {"reference": f"{reference}-{at}", "seatId": uuid_of(place.number, no), "section": "Stalls",
         "subsection": 1, "row": "A", "number": no, "tier": "REGULAR", "checkedInAt": None}
        for at, no in ((1, 2), (2, 3), (3, 4))]}


def test_ticket_of_a_single_seat_is_the_bookings_reference(sold):
    who, _, booking = sold(7)
    tickets = who.get(f"bookings/{booking['bookingId']}/ticket.json").ok()["tickets"]
    assert [t["reference"] for t in tickets] == [booking["ticketReference"]]


def test_references_are_never_the_same(sold, hall):
    place = hall()
    assert len({sold(no, place=place)[2]["ticketReference"] for no in range(1, 21)}) == 20


def test_all_forms_of_a_ticket_are_not_kept_by_anybody(sold):
    who, _, booking = sold(1)
    types = [("application/json",), ("application/json",), ("image/svg+xml; charset=utf-8",), ("image/png",)]
    for form, (kind,) in zip(FORMS, types):
        reply = who.get(f"bookings/{booking['bookingId']}/{form}")
        assert reply.status == 200 and reply.headers["Content-Type"] == kind, reply
        assert reply.headers["Cache-Control"] == "no-store", form
        head = who.request("HEAD", f"bookings/{booking['bookingId']}/{form}")
        assert head.status == 200 and head.body == b""


def test_png_is_read_by_a_scanner_and_says_the_references(sold, tmp_path):
    for seats in ((1,), (2, 3), tuple(range(11, 21))):
        who, _, booking = sold(*seats)
        path = f"bookings/{booking['bookingId']}/ticket"
        shall = [t["reference"] for t in who.get(path).ok()["tickets"]]
        picture = tmp_path / "ticket.png"
        picture.write_bytes(who.get(path + ".png").body)
        assert picture.read_bytes().startswith(PNG)
        assert scan(picture) == sorted(shall) and len(shall) == len(seats)


def test_one_seat_alone(sold, tmp_path):
    who, _, booking = sold(4, 5, 6)
    path, shall = f"bookings/{booking['bookingId']}/ticket", booking["ticketReference"] + "-2"
    assert [t["reference"] for t in who.get(path + "?seat=5").ok()["tickets"]] == [shall]
    picture = tmp_path / "ticket.png"
    picture.write_bytes(who.get(path + ".png?seat=5").body)
    assert scan(picture) == [shall]
    texts = [t.text for t in xml.fromstring(who.get(path + ".svg?seat=5").body).iter(SVG + "text")]
    assert shall in texts and booking["ticketReference"] + "-1" not in texts
    assert any("2 of 3" in text for text in texts)
    for form in FORMS:
        base = f"bookings/{booking['bookingId']}/{form}?seat="
        who.get(base + "7").refused(404, "SEAT_NOT_FOUND")
        for wrong in ("0", "-1", "x", "", "5x", "99999999999999999999", "1.5"):
            who.get(base + wrong).refused(400, "VALIDATION_ERROR", "seat")


AWKWARD = "Romeo & <Julia> \"the\" 'play' ]]> – ‮夏の夜"


def test_svg_is_well_formed_and_says_what_the_ticket_is(stack, seller, buyer, sold, hall):
    place = hall(plan=grid(section="L & <R>", tier="A\"B'C"), title=AWKWARD, venueName="<svg/onload=alert(1)>")
    who, _, booking = sold(12, 13, place=place)
    root = xml.fromstring(who.get(f"bookings/{booking['bookingId']}/ticket.svg").body)
    assert root.tag == SVG + "svg" and root.find(SVG + "title").text == AWKWARD
    assert {node.tag for node in root.iter()} == {SVG + tag for tag in ("svg", "title", "rect", "g", "text", "path")}
    cards = [[t.text for t in group.iter(SVG + "text")] for group in root.findall(SVG + "g")]
    assert len(cards) == 2
    for at, (texts, no) in enumerate(zip(cards, ("2", "3"))):
        assert " ".join(texts).replace("  ", " ").find("Romeo & <Julia>") >= 0, texts
        assert f"{booking['ticketReference']}-{at + 1}" in texts
        assert {"L & <R>", "B", no, "<svg/onload=alert(1)>", "Thursday, 1 May 2031, 21:30"} <= set(texts)


def test_no_tickets_until_it_is_confirmed(buyer, hall, ask):
    who, place = buyer(), hall()
    booking = who.book(place, 1).ok(201)["bookingId"]
    for form in FORMS:
        who.get(f"bookings/{booking}/{form}").refused(409, "INVALID_STATE")
    who.post(f"{QUEUE}/{booking}/pay").plain()
    for form in FORMS:
        assert who.get(f"bookings/{booking}/{form}").status == 200
    end(ask, booking, "refunded")
    for form in FORMS:
        who.get(f"bookings/{booking}/{form}").refused(409, "INVALID_STATE")


def test_tickets_of_nothing(buyer):
    for form in FORMS:
        buyer().get(f"bookings/0197aaaa-0000-7000-8000-000000000001/{form}").refused(404, "BOOKING_NOT_FOUND")
        buyer().get(f"bookings/rubbish/{form}").refused(400, "VALIDATION_ERROR", "id")
    assert buyer().get("bookings/0197aaaa-0000-7000-8000-000000000001/ticket.gif").status == 404


# --- Check-in.

def test_a_ticket_is_let_in_once(sold):
    who, place, booking = sold(3)
    reference = booking["ticketReference"]
    data = place.seller.post(f"tickets/{reference}/check-in").ok()
    at = data.pop("checkedInAt")
    assert data == {"reference": reference, "bookingId": booking["bookingId"], "eventId": place.id,
                    "seat": {"seatId": uuid_of(place.number, 3), "section": "Stalls", "subsection": 1, "row": "A",
                             "number": 3, "tier": "REGULAR"}}
    for _ in range(3):
        assert place.seller.post(f"tickets/{reference}/check-in").refused(
            409, "ALREADY_CHECKED_IN") == {"checkedInAt": at}
    tickets = who.get(f"bookings/{booking['bookingId']}/ticket").ok()["tickets"]
    assert [t["checkedInAt"] for t in tickets] == [at]


def test_tickets_of_one_booking_come_one_by_one(sold):
    who, place, booking = sold(1, 2, 3)
    reference = booking["ticketReference"]
    second = place.seller.post(f"tickets/{reference}-2/check-in").ok()
    assert second["reference"] == reference + "-2" and second["seat"]["number"] == 2
    rest = place.seller.post(f"tickets/{reference}/check-in").ok()
    assert set(rest) == {"bookingId", "eventId", "tickets"}
    assert [t["reference"] for t in rest["tickets"]] == [reference + "-1", reference + "-3"]
    assert [t["seat"]["number"] for t in rest["tickets"]] == [1, 3]
    first = {"checkedInAt": second["checkedInAt"]}
    assert place.seller.post(f"tickets/{reference}/check-in").refused(409, "ALREADY_CHECKED_IN") == first
    for at in (1, 2, 3):
        place.seller.post(f"tickets/{reference}-{at}/check-in").refused(409, "ALREADY_CHECKED_IN")
    assert all(t["checkedInAt"] for t in who.get(f"bookings/{booking['bookingId']}/ticket").ok()["tickets"])


SPELLINGS = {
    "as printed": lambda r: r,
    "lower case": str.lower,
    "without dashes": lambda r: r.replace("-", ""),
    "with spaces": lambda r: r.replace("-", "%20"),
    "O for 0": lambda r: r.replace("0", "O"),
    "o for 0, i for 1": lambda r: r.lower().replace("0", "o").replace("1", "i"),
    "L for 1": lambda r: r.replace("1", "L"),
    "l for 1, and spaces around": lambda r: "%20" + r.replace("1", "l").replace("-", " ").replace(" ", "%20%20") + "-",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings(spelling, sold):
    _, place, booking = sold(1, 2)
    reference = booking["ticketReference"]
    typed = SPELLINGS[spelling](reference + "-1")
    assert place.seller.post(f"tickets/{typed}/check-in").ok()["reference"] == reference + "-1"
    place.seller.post(f"tickets/{reference}-1/check-in").refused(409, "ALREADY_CHECKED_IN")


def test_references_that_there_are_none_of(sold, seller):
    _, place, one = sold(1)
    _, _, two = sold(2, 3, place=place)
    one, two = one["ticketReference"], two["ticketReference"]
    other = "".join(CROCKFORD[(CROCKFORD.index(c) + 1) % 32] if c != "-" else c for c in one)
    for wrong in ("x", "-", "0", one[:-1], one + "-1", one + "-0", one + "0", one[:-1] + "U", other, two + "-3",
                  two + "-0", two + "-00", two + "-01", two + "-100", two + "-x", two + "%0", "A" * 300, "é" * 3,
                  "%C3%A9", "'%20OR%201=1--", "%F0%9F%8E%AB", one + "." + "svg", "null", "../" + one):
        reply = place.seller.post(f"tickets/{wrong.replace('é', '%C3%A9')}/check-in")
        if "%0" in wrong or "../" in wrong:
            assert reply.status in (400, 404), reply  # a web server may refuse it by itself
        else:
            reply.refused(404, "TICKET_NOT_FOUND")
    for wrong in ("%00", one + "%00", "%0d%0aX-Evil:1", "%ff", "a%2fb", "%2e%2e"):
        assert place.seller.post(f"tickets/{wrong}/check-in").status in (400, 404), wrong
    assert place.seller.get(f"tickets/{one}/check-in").status == 405
    assert place.seller.post(f"tickets/{one}/check-in").status == 200, "none of these let anybody in"


@pytest.mark.parametrize("status", ["refunded", "cancelled"])
def test_what_is_not_confirmed_any_more_is_not_let_in(status, sold, ask):
    _, place, booking = sold(1, 2)
    place.seller.post(f"tickets/{booking['ticketReference']}-1/check-in").ok()
    end(ask, booking["bookingId"], status)
    for reference in (booking["ticketReference"], booking["ticketReference"] + "-1", booking["ticketReference"] + "-2"):
        place.seller.post(f"tickets/{reference}/check-in").refused(409, "INVALID_STATE")


def at_once(n, call):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(call, i) for i in range(n)]]


def test_fifty_at_once_are_one(sold, ask):
    _, place, booking = sold(5)
    replies = at_once(50, lambda _: place.seller.post(f"tickets/{booking['ticketReference']}/check-in"))
    assert collections.Counter(r.status for r in replies) == {200: 1, 409: 49}
    first = next(r.data["checkedInAt"] for r in replies if r.status == 200)
    assert all(r.refused(409, "ALREADY_CHECKED_IN") == {"checkedInAt": first} for r in replies if r.status == 409)
    assert ask("SELECT count(*) FROM ticket WHERE booking_id = %s", booking["bookingId"]) == [(1,)]


def test_single_tickets_and_the_whole_booking_at_once_let_each_in_once(sold):
    _, place, booking = sold(1, 2, 3, 4)
    reference = booking["ticketReference"]
    asked = [reference, *(f"{reference}-{at}" for at in (1, 2, 3, 4))] * 8
    replies = at_once(len(asked), lambda i: place.seller.post(f"tickets/{asked[i]}/check-in"))
    assert {r.status for r in replies} <= {200, 409}
    let_in = list(itertools.chain(*([t["reference"] for t in r.data.get("tickets", [r.data])]
                                    for r in replies if r.status == 200)))
    assert sorted(let_in) == [f"{reference}-{at}" for at in (1, 2, 3, 4)]


def test_check_in_waits_for_a_refund_and_then_refuses(sold, ask):
    """Whoever changes a booking has its row locked until it is done."""
    import psycopg2
    _, place, booking = sold(6)
    with psycopg2.connect(os.environ["ADMIN_DATABASE_URL"]) as refund, refund.cursor() as cursor:
        cursor.execute("SELECT FROM booking WHERE id = %s FOR UPDATE", (booking["bookingId"],))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            entry = pool.submit(place.seller.post, f"tickets/{booking['ticketReference']}/check-in")
            processes.wait_for(lambda: processes.waiting(ask),
                               "the check-in to wait for the booking's row")
            assert not entry.done()
            cursor.execute("UPDATE booking SET status = 'refunded', kept = total WHERE id = %s", (booking["bookingId"],))
            cursor.execute("""UPDATE seat SET status = 'free', holder = NULL, booking_id = NULL
                              WHERE booking_id = %s""", (booking["bookingId"],))
            cursor.execute("""INSERT INTO journal (event_id, booking_id, type, payload) VALUES
                              (%s, %s, 'booking.refunded', '{"seats":[6]}')""",
                           (place.number, booking["bookingId"]))
            refund.commit()
            entry.result().refused(409, "INVALID_STATE")
    refund.close()
    assert ask("SELECT count(*) FROM ticket WHERE booking_id = %s", booking["bookingId"]) == [(0,)]


# --- At the door, without a browser.

def test_rowlockctl_lets_in_once(sold, ask):
    _, place, booking = sold(1, 2)
    reference = booking["ticketReference"]
    done = ctl("check-in", f"{reference.lower()}-1", "--by", "Ann at the door")
    assert done.returncode == 0 and done.stdout.startswith(reference + "-1  checked in at"), done
    assert "Stalls, row A, seat 1" in done.stdout and "Evening concert" in done.stdout
    again = ctl("check-in", f"{reference}-1")
    assert again.returncode == 1 and "ALREADY CHECKED IN" in again.stdout, again
    assert done.stdout.split()[4] == again.stdout.split()[5], "when it was first"
    place.seller.post(f"tickets/{reference}-1/check-in").refused(409, "ALREADY_CHECKED_IN")
    rest = ctl("check-in", reference)
    assert rest.returncode == 0 and rest.stdout.startswith(reference + "-2  checked in"), rest
    assert ask("SELECT checked_in_by FROM ticket WHERE booking_id = %s ORDER BY ref", booking["bookingId"]) == [
        ("Ann at the door",), ("rowlockctl",)]


def test_rowlockctl_refuses(sold, ask):
    _, _, booking = sold(1)
    end(ask, booking["bookingId"], "refunded")
    over = ctl("check-in", booking["ticketReference"])
    assert over.returncode == 1 and over.stdout == "" and "refunded" in over.stderr, over
    none = ctl("check-in", "0000-0000-0000-0000-0000-0000")
    assert none.returncode == 1 and "Ticket not found" in none.stderr, none
    for wrong in ((), ("a", "b"), ("a", "--by"), ("a", "--by", ""), ("a", "--no-such")):
        assert ctl("check-in", *wrong).returncode == 2, wrong
