"""
`rowlockd reserve` with Kafka: what `/api/booking` accepts is told of by a domain event, and seated
because of that event, once, however often it comes and whoever is killed meanwhile. What can have
no effect goes to the dead letters, and what stands behind it is seated.

ROWLOCK_MESSAGES_KILLS (5): how often the role is killed; ROWLOCK_MESSAGES_COPIES (100): how often
each message comes then.
"""

import json
import os
import random

import pytest

from broker import ONCE, SLOW_ON_THE_MOCK
from processes import wait_for

ASKED, ENDED = "BookingCreatedDomainEvent", "BookingCancelledEvent"
BURIED = 'rowlock_dead_letters_total{role="reserve"}'
TIMEOUT_S = 90  # a member of a group that dies is missed for 10 s
KILLS = int(os.environ.get("ROWLOCK_MESSAGES_KILLS", "5"))
COPIES = int(os.environ.get("ROWLOCK_MESSAGES_COPIES", "100"))


@pytest.fixture
def heard(broker):
    """heard(topic, booking): what its topic says of a booking, once it says something."""
    def find(topic, booking):
        def found():
            return [one.json for one in broker.read(topic) if one.key == booking]
        wait_for(found, f"{topic} about {booking}", TIMEOUT_S)
        return found()
    return find


@pytest.fixture
def by_kafka_alone(reserve, ask):
    """
    by_kafka_alone(accept): what accept() asks for is seated because of its message, or not at all.
    For the net, which is cast for those who have waited for some seconds, they have yet to come.
    """
    def wait(accept):
        with reserve.frozen():
            bookings = accept()
            for booking in bookings:
                assert ask("""UPDATE booking SET created_at = created_at + interval '1 hour'
                              WHERE id = %s AND status = 'requested' RETURNING true""", booking) == [(True,)]
        return bookings
    return wait


@pytest.fixture
def seated(ask):
    """seated(bookings): waits until nobody of them waits; {booking: the types of its journal}."""
    def wait(bookings):
        wait_for(lambda: ask("SELECT count(*) FROM booking WHERE id = ANY (%s::uuid[]) AND status = 'requested'",
                             list(bookings)) == [(0,)], "everybody to be seated", TIMEOUT_S)
        return {one: [row[0] for row in ask("SELECT type FROM journal WHERE booking_id = %s ORDER BY seq", one)]
                for one in bookings}
    return wait


@ONCE
def test_the_domain_events_of_a_booking(hall, buyer, seated, heard, ask):
    place, ann = hall(), buyer()
    named = ann.queue(place, "B-3", "B-2").plain(202)
    best = ann.queue_best(place, 2).plain(202)
    seated([named["id"], best["id"]])
    common = {"buyer_id": ann.sub, "event_id": place.number, "total_price": 40, "section": "Stalls",
              "subsection": 1, "quantity": 2, "status": "processing", "config": {"rows": 4, "cols": 10, "price": 20}}
    for one, mode, positions in (named, "manual", ["B-3", "B-2"]), (best, "best_available", []):
        said, = heard(ASKED, one["id"])
        assert said == {**common, "booking_id": one["id"], "seat_selection_mode": mode,
                        "seat_positions": positions, "occurred_at": one["created_at"]}
    ann.patch(f"/api/booking/{named['id']}", {}).plain()
    said, = heard(ENDED, named["id"])
    assert said == {"booking_id": named["id"], "buyer_id": ann.sub, "event_id": place.number,
                    "section": "Stalls", "subsection": 1, "seat_positions": ["B-3", "B-2"],
                    "cancelled_at": said["cancelled_at"]}
    assert ask("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM journal"
               " WHERE booking_id = %s AND type = 'booking.cancelled'", named["id"]) == [(said["cancelled_at"],)]


def test_the_message_is_what_seats(hall, buyer, by_kafka_alone, seated, clean):
    place = hall()
    bookings = by_kafka_alone(lambda: [buyer().queue_best(place, 4).plain(202)["id"] for _ in range(8)])
    assert set(map(tuple, seated(bookings).values())) == {("booking.requested", "booking.created")}
    clean(place)


@SLOW_ON_THE_MOCK
def test_a_message_that_comes_again_and_again_while_it_is_killed(hall, buyer, broker, reserve, by_kafka_alone,
                                                                 seated, heard, clean):
    place = hall(rows=2 * KILLS)
    sent = 0
    for _ in range(KILLS):
        bookings = by_kafka_alone(lambda: [buyer().queue_best(place, 2).plain(202)["id"] for _ in range(10)])
        many = [(one, json.dumps(heard(ASKED, one)[0])) for one in bookings] * COPIES
        random.Random(sent).shuffle(many)
        assert broker.write_pairs(ASKED, many)
        sent += len(many)
        reserve.kill()
        assert set(map(tuple, seated(bookings).values())) == {("booking.requested", "booking.created")}
    assert sum(status == "reserved" for status in place.statuses().values()) == 2 * 10 * KILLS
    clean(place)


POISON = [("no JSON", "not JSON: something that is no value, at byte 0"), ("7", "not a JSON object"),
          ("{}", "booking_id is missing"), ('{"booking_id":7}', "booking_id is not a string"),
          ('{"booking_id":"7"}', "booking_id is not the id of a booking"),
          ('{"booking_id":"{nobody}"}', "event_id is missing"),
          ('{"booking_id":"{nobody}","event_id":{another}}', "event_id is not the event of the booking"),
          ('{"booking_id":"{nobody}","event_id":{event}}', "booking_id: there is no such booking")]


def everywhere(broker, *texts, **more):
    """Puts messages into each partition of the topic: how many."""
    partitions = max(1, broker.partitions(ASKED))
    for partition in range(partitions):
        assert broker.write(ASKED, *texts, partition=partition, **more)
    return partitions * len(texts)


@ONCE
def test_poison_is_buried_and_what_is_behind_it_is_seated(hall, buyer, broker, by_kafka_alone, seated, name, stack):
    place, mark, before = hall(), name("poison"), stack.figures()[BURIED]
    somebody = buyer().queue_best(place, 1).plain(202)["id"]
    nobody = "0197aaaa" + somebody[8:]
    mine = [(text.replace("{nobody}", nobody).replace("{event}", str(place.number)).replace(
        "{another}", str(place.number + 1)), why) for text, why in POISON]
    sent = everywhere(broker, *(text for text, _ in mine), headers=[("mark", mark)])
    seated(by_kafka_alone(lambda: [buyer().queue_best(place, 2).plain(202)["id"] for _ in range(8)]))
    letters = [one for one in broker.read(ASKED + ".dlq") if one.headers.get("mark") == mark]
    for text, why in mine:
        found = {(one.headers["reason"], one.headers["topic"], one.headers["attempts"])
                 for one in letters if one.text == text}
        assert found == {(why, ASKED, "5" if "no such booking" in why else "1")}, (text, found)
    wait_for(lambda: stack.figures()[BURIED] == before + sent, "all of them to be counted", TIMEOUT_S)


@ONCE
def test_a_key_too_long_for_a_dead_letter_is_left_out(hall, buyer, broker, by_kafka_alone, seated, name):
    """Brokers take a million bytes of key, value and headers: what is added must not be the last straw."""
    place, text, mark = hall(), "x" * 899_000, name("long")
    everywhere(broker, text, key="k" * 110_000, headers=[("mark", mark)], more=["-X", "message.max.bytes=1040000"])
    seated(by_kafka_alone(lambda: [buyer().queue_best(place, 2).plain(202)["id"] for _ in range(8)]))

    def letters():
        return [one for one in broker.read(ASKED + ".dlq") if one.headers.get("mark") == mark]
    wait_for(lambda: len(letters()) == max(1, broker.partitions(ASKED)), "them to be buried", TIMEOUT_S)
    assert {(one.key, one.text) for one in letters()} == {(None, text)}


def test_while_kafka_is_away_the_table_is_enough(hall, buyer, broker, reserve, seated, clean):
    place = hall()
    with broker.away():
        bookings = [buyer().queue_best(place, 2).plain(202)["id"] for _ in range(4)]
        assert set(map(tuple, seated(bookings).values())) == {("booking.requested", "booking.created")}
    clean(place)
