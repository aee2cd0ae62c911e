"""
What the world should have heard: the messages of each journal row, worked out anew from the
database and the rules of the documents, to be compared with what Kafka and Redis got.
"""

from rowlock_client import uuid_of

ROWS = """
    SELECT xid::text::bigint, seq, event_id, booking_id::text, user_id, type, correlation_id, payload,
           to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    FROM journal WHERE event_id = ANY (%s) ORDER BY xid, seq"""

# Nothing that is committed is left to be told to a sink.
UNTOLD = """
    SELECT count(*) FROM journal j, cursor c
    WHERE c.name = %s AND (j.xid, j.seq) > (c.xid, c.seq)"""

STATES = {  # type: state, status of /api/booking
    "booking.created": ("pending", "pending_payment"),
    "booking.confirmed": ("confirmed", "completed"),
    "booking.cancelled": ("cancelled", "cancelled"),
    "booking.expired": ("expired", "cancelled"),
}
SEATS = {"booking.created": "reserved", "booking.confirmed": "sold", "booking.cancelled": "available",
         "booking.expired": "available"}


def message_id(seq, place):
    """The eventId of a message: the row's number in the first 60 bits that are free."""
    number = f"{seq:015x}"
    return f"{number[:8]}-{number[8:12]}-8{number[12:]}-8001-{place:012x}"


class Row:
    def __init__(self, found):
        (self.xid, self.seq, self.event, self.booking, self.user, self.type, self.correlation, self.payload,
         self.at) = found
        self.place = (self.xid, self.seq)
        self.cursor = f"{self.xid}-{self.seq}"

    def seat_ids(self):
        return [uuid_of(self.event, no) for no in self.payload["seats"]]

    def _payloads(self):
        """(topic, payload) of each message, in order."""
        who = {"bookingId": self.booking, "userId": self.user}
        if self.type == "booking.created":
            return [(self.type, {**who, "eventId": uuid_of(self.event), "seatIds": self.seat_ids(),
                                 "totalAmount": self.payload["total"] / 100,
                                 "currency": self.payload["currency"], "expiresAt": self.payload["expiresAt"]})]
        if self.type in ("booking.cancelled", "booking.expired"):
            ended = {**who, "reason": self.payload["reason"], "releasedSeatIds": self.seat_ids()}
            return [(topic, ended) for topic in dict.fromkeys((self.type, "booking.cancelled"))]
        return [(self.type, {"eventId": uuid_of(self.event)})]

    def kafka(self):
        """{(topic, eventId): (key, value)} of the row's messages."""
        found = {}
        for place, (topic, payload) in enumerate(self._payloads()):
            one = message_id(self.seq, place)
            found[topic, one] = (self.booking or uuid_of(self.event), {
                "eventId": one, "eventType": topic, "timestamp": self.at, "version": "1.0",
                "correlationId": self.correlation, "payload": payload})
        return found

    def redis(self):
        """(channel, value) of each of the row's messages."""
        found = []
        if self.type in STATES:
            state, status = STATES[self.type]
            found.append((f"booking:status:{self.user}:{self.event}", {
                "cursor": self.cursor, "event_type": "status_update", "booking_id": self.booking,
                "event_id": self.event, "state": state, "status": status, "seats": self.payload["seats"],
                "at": self.at}))
        changes = [[no, SEATS[self.type]] for no in self.payload.get("seats", ())] if self.type in SEATS else []
        found.append((f"event:seats:{self.event}", {"cursor": self.cursor, "event_id": self.event,
                                                    "changes": changes}))
        return found


def read(ask, *events):
    """The journal of these events, in its order."""
    return [Row(found) for found in ask(ROWS, list(events))]


def untold(ask, sink):
    return ask(UNTOLD, sink)[0][0]


def heard(broker, rows):
    """All messages of Kafka's topics that are about these rows' events or bookings."""
    about = {row.booking or uuid_of(row.event) for row in rows}
    topics = {topic for row in rows for topic, _ in row.kafka()}
    return [message for message in broker.read(*sorted(topics)) if message.key in about]


def place_of(message):
    xid, seq = message.headers["cursor"].split("-")
    return int(xid), int(seq)


def compare(rows, messages, once):
    """
    Asserts that Kafka got what these rows mean, no more and no less, each booking's moves in
    their order. once: nothing came twice; otherwise what came twice is the same both times.
    """
    expected = {}
    for row in rows:
        expected.update(row.kafka())
    got = {}
    for message in messages:
        name = message.topic, message.headers["eventId"]
        if name in got:
            assert not once, f"twice: {message}"
            assert (got[name].key, got[name].text) == (message.key, message.text), f"told differently: {message}"
        got.setdefault(name, message)
    missing = [name for name in expected if name not in got]
    assert not missing, f"{len(missing)} of {len(expected)} were never told, the first: {missing[0]}"
    assert got.keys() == expected.keys(), set(got) - set(expected)
    places = {(topic, one): row.place for row in rows for topic, one in row.kafka()}
    for name, message in got.items():
        key, value = expected[name]
        assert (message.key, message.json) == (key, value), message
        assert place_of(message) == places[name], message
    in_order(got.values())


def in_order(messages):
    """In each partition, a booking's messages came in the order of the journal."""
    last = {}
    for message in sorted(messages, key=lambda message: message.offset):
        where = message.topic, message.partition, message.key
        assert place_of(message) >= last.get(where, (0, 0)), f"too late: {message}"
        last[where] = place_of(message)
