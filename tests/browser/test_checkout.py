"""The checkout page of the fake payment gateway, as a person meets it."""

import pytest

import chromium
from gateway_client import Listener, Merchant

pytestmark = pytest.mark.skipif(chromium.program() is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser():
    with chromium.Chromium() as one:
        yield one


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def page(stack, browser, listener):
    """The page of a new session, which is called back to the listener."""
    merchant = Merchant(stack, listener.url)
    browser.open(stack.url + "/api/v1/payments/fake-checkout/" + merchant.open(amount=1150.5))
    return browser


def press(page, name):
    page.run(f"[...document.querySelectorAll('button')].find(b => b.textContent === {name!r}).click()")


def heading(page):
    return page.run("document.querySelector('h1')?.textContent")


@pytest.mark.parametrize("button, end, kind", [
    ("Pay 1150.50 EUR", "Paid", "payment.succeeded"), ("Decline", "Declined", "payment.failed"),
    ("Abandon", "Not paid", "payment.expired")])
def test_button_leads_to_a_page_that_says_what_came_of_it(page, listener, button, end, kind):
    assert heading(page) == "Pay 1150.50 EUR"
    press(page, button)
    page.until(lambda: heading(page) == end)
    assert [told["type"] for told in listener.got] == [kind]
    page.run("window.before = true; location.reload()")
    page.until(lambda: page.run("window.before === undefined") and heading(page))
    assert heading(page) == end and len(listener.got) == 1, "to look again does nothing"


def test_page_looks_as_it_should_under_its_own_policy(page):
    assert page.run("getComputedStyle(document.querySelector('button.pay')).backgroundColor") == "rgb(11, 93, 51)"
    assert page.run("document.documentElement.lang") == "en" and page.run("document.title") == "Pay 1150.50 EUR"
    assert page.run("performance.getEntriesByType('resource').filter(e => !e.name.endsWith('/favicon.ico')).length") == 0
