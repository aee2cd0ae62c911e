"""
The broker under the other tests of this folder, and Redis: that they do what those tests take
for granted, whether it is the mock or a real Kafka.
"""

from processes import wait_for

IMPATIENT_MS = 1500  # how long a producer tries while the broker is away


def test_a_message_comes_back_with_its_key_and_headers(broker, topic):
    assert broker.write(topic, '{"a":1}', key="k-1", headers=[("eventId", "e-1"), ("cursor", "7-8")])
    message, = broker.read(topic)
    assert (message.topic, message.key, message.json) == (topic, "k-1", {"a": 1})
    assert message.headers == {"eventId": "e-1", "cursor": "7-8"}


def test_a_topic_appears_by_being_written_to(broker, topic):
    assert topic not in broker.topics()
    assert broker.read(topic) == []
    assert broker.write(topic, "first")
    assert topic in broker.topics()
    assert [message.text for message in broker.read() if message.topic == topic] == ["first"]


def test_messages_of_a_key_stay_in_order(broker, topic):
    texts = [str(n) for n in range(200)]
    for key in ("ann", "bob", "cyd"):
        assert broker.write(topic, *texts, key=key)
    messages = broker.read(topic)
    for key in ("ann", "bob", "cyd"):
        own = [message for message in messages if message.key == key]
        assert [message.text for message in own] == texts
        assert len({message.partition for message in own}) == 1
    assert len({(message.partition, message.offset) for message in messages}) == len(messages)


def test_a_consumer_that_was_there_before_its_topic(broker, topic, name):
    assert broker.write(topic + "-old", "zero")
    with broker.follow(name("group"), "^" + topic) as follower:
        assert follower.texts(1) == ["zero"]
        assert topic not in broker.topics()
        assert broker.write(topic, "one", key="a")
        assert broker.write(topic, "two", key="b")
        assert sorted(follower.texts(3)) == ["one", "two", "zero"]


def test_a_group_goes_on_where_it_was(broker, topic, name):
    group = name("group")
    for texts in ("abc", "de"):
        assert broker.write(topic, *texts, key="same")
        with broker.follow(group, topic) as follower:
            assert follower.texts(len(texts)) == list(texts)


def test_a_broker_that_was_away_still_has_its_messages(broker, topic):
    assert broker.write(topic, "before", key="k")
    with broker.away():
        assert not broker.write(topic, "meanwhile", key="k", timeout_ms=IMPATIENT_MS)
    wait_for(lambda: broker.write(topic, "after", key="k", timeout_ms=IMPATIENT_MS), "the broker")
    texts = [message.text for message in broker.read(topic)]
    assert texts[0] == "before" and texts[-1] == "after" and "meanwhile" not in texts


def test_a_frozen_broker_acknowledges_nothing(broker, topic):
    assert broker.write(topic, "before", key="k")
    with broker.frozen():
        assert not broker.write(topic, "meanwhile", key="k", timeout_ms=IMPATIENT_MS)
    wait_for(lambda: broker.write(topic, "after", key="k", timeout_ms=IMPATIENT_MS), "the broker")
    assert broker.read(topic)[0].text == "before"


def test_redis_comes_and_goes(stack, redis):
    def state():
        health = stack.anyone().get("/health")
        assert health.status == 200, health  # bookings do not depend on it
        return health.json["status"], health.json["checks"]["redis"]["status"]

    redis.stop()
    wait_for(lambda: state() == ("degraded", "down"), "somebody to miss Redis", 10)
    redis.start()
    wait_for(lambda: state() == ("ok", "ok"), "Redis to be seen again", 10)
    redis.freeze()
    wait_for(lambda: state() == ("degraded", "down"), "somebody to miss Redis", 10)
    redis.thaw()
    wait_for(lambda: state() == ("ok", "ok"), "Redis to be seen again", 10)
