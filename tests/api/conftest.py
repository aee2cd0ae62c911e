"""What the tests of a booking's whole life share: a hall, and somebody who buys in it."""

import pytest


@pytest.fixture
def place(hall):
    """2 rows of 10 seats in the section Stalls, 20.00 each."""
    return hall(rows=2, cols=10)


@pytest.fixture
def ann(buyer):
    return buyer("ann")
