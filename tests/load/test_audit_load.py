"""
The audit on a database that does not hold still: whatever moment it sees, nothing is wrong. Money
comes in and goes back meanwhile (R-44), through the gateway and its call-backs.

ROWLOCK_LOAD_AUDITS (20): how often it looks.
"""

import os

import pytest

import checker
import crowd
from processes import wait_for

AUDITS = int(os.environ.get("ROWLOCK_LOAD_AUDITS", "20"))

AT_REST = """SELECT (SELECT count(*) FROM refund WHERE event_id = %(event)s AND status = 'pending') = 0
                AND (SELECT count(*) FROM journal WHERE event_id = %(event)s AND type = 'booking.confirmed') > 0"""


@pytest.fixture
def busy(stack, hall):
    """A crowd that books, pays and cancels, where half of the money is given back."""
    place = hall(rows=10, cols=20, policy={"refundTiers": [{"hours": 1, "percent": 50}]})
    made = crowd.Crowd(stack, place, clients=12).start(crowd.spend)
    wait_for(lambda: made.ledger.answers["simulate: 200"] >= 10, "the crowd to get going")
    yield made
    made.stop.set()


def test_nothing_is_wrong_at_any_moment(busy, ask):
    looked = set()
    for n in range(AUDITS):
        found, summary = checker.audit(busy.hall.number if n % 2 else None, list(busy.ledger.booked))
        assert not found, "\n".join(found)
        looked.add(summary)
    ledger = busy.finish()
    print(dict(ledger.answers))
    busy.stack.acknowledged += ledger.booked
    assert set(ledger.statuses()) <= {200, 201, 409, 410}, (ledger.answers, ledger.odd)
    assert len(looked) > AUDITS // 2, f"nothing happened while it looked: {looked}"

    # At rest nothing is on its way back any more, and the books are as clean as before.
    wait_for(lambda: ask(AT_REST.replace("%(event)s", str(busy.hall.number))) == [(True,)], "refunds to be done")
    assert checker.findings(busy.hall.number, list(ledger.booked)) == []
    for status in ("confirmed", "refunded", "cancelled"):
        assert ask("SELECT count(*) > 0 FROM booking WHERE event_id = %s AND status = %s::booking_status",
                   busy.hall.number, status) == [(True,)], f"nobody's booking became {status}"
