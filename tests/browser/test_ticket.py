"""A ticket as a browser shows it: the page is looked at, and its codes are read from the screen."""

import base64
import subprocess

import pytest

import chromium

pytestmark = pytest.mark.skipif(chromium.program() is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser():
    with chromium.Chromium() as one:
        yield one


def shot(browser, path):
    picture = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
    path.write_bytes(base64.b64decode(picture["data"]))


def scan(path):
    done = subprocess.run(["zbarimg", "--nodbus", "-q", "--raw", "-Sdisable", "-Sqrcode.enable", str(path)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"nothing to be read: {done}"
    return sorted(done.stdout.split("\n")[:-1])


# Of each card: whether a text reaches beyond the card, over the line, or into another text.
CROWDED = """
[...document.querySelectorAll('g')].flatMap(card => {
  const tear = card.querySelector('path').getBoundingClientRect(), edge = card.getBoundingClientRect();
  const boxes = [...card.querySelectorAll('text')].map(t => ({text: t.textContent, box: t.getBoundingClientRect()}));
  const over = boxes.filter(({box}) => box.left < tear.left && box.right > tear.right || box.right > edge.right);
  const hit = boxes.filter(({box}, i) => boxes.some((other, k) => k > i && box.left < other.box.right &&
    other.box.left < box.right && box.top + 4 < other.box.bottom - 4 && other.box.top + 4 < box.bottom - 4));
  return [...over, ...hit].map(b => b.text);
})"""

TITLES = ("Evening concert", "Die Entführung aus dem Serail <Premiere> mit anschließendem Gespräch & Umtrunk",
          "MMMMMMMM WWWWWWWW MMMMMMMM WWWWWWWW")


@pytest.mark.parametrize("title", TITLES)
def test_ticket_is_read_from_the_screen(title, browser, buyer, hall, tmp_path):
    who, place = buyer(), hall(title=title, venueName="Großes Haus, Theater am Markt")
    booking = who.book(place, 3, 4, 5).ok(201)["bookingId"]
    who.post(f"/api/booking/{booking}/pay").plain()
    page, picture = tmp_path / "ticket.svg", tmp_path / "ticket.png"
    page.write_bytes(who.get(f"bookings/{booking}/ticket.svg").body)
    browser.open(page.as_uri())
    assert browser.run("document.documentElement.tagName") == "svg", "the browser found a fault in it"
    assert browser.run("document.querySelectorAll('g').length") == 3
    assert browser.run(CROWDED) == []
    shot(browser, picture)
    shall = [t["reference"] for t in who.get(f"bookings/{booking}/ticket").ok()["tickets"]]
    assert scan(picture) == sorted(shall)
