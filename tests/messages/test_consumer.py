"""
The consumer that our roles take messages with: nothing is lost, whoever is killed or away, and
what nobody can handle goes to the dead letters and holds nothing up.
"""

import collections
import os
import signal
import subprocess
import threading

import pytest

from processes import wait_for


@pytest.fixture(scope="module")
def program():
    build = os.path.join(os.environ["ROWLOCK_DIR"], "build")
    subprocess.run(["make", "-s", "-C", build, "tests/messages/taker"], check=True, capture_output=True)
    return os.path.join(build, "tests", "messages", "taker")


class Taker:
    """One member of a group, in the background."""

    def __init__(self, program, address, group, topic, *how):
        self.said, self.logged = [], []
        self.process = subprocess.Popen([program, address, group, topic, *how], stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.threads = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.said), (self.process.stderr, self.logged))]
        for thread in self.threads:
            thread.start()

    def _read(self, file, lines):
        for line in file:
            lines.append(line.rstrip("\n"))

    def wait(self, count, timeout_s=60):
        wait_for(lambda: len(self.said) >= count, f"{count} messages, not only {self.said} {self.logged}", timeout_s)
        return sorted(self.said)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(30)
        for thread in self.threads:
            thread.join(10)
        return status


@pytest.fixture
def taker(program, broker):
    """taker(group, topic, …): takes in the background; gone at the end of the test."""
    made = []

    def start(*how):
        made.append(Taker(program, broker.address, *how))
        return made[-1]
    yield start
    for one in made:
        one.end(signal.SIGKILL)


def dead(broker, topic):
    return broker.read(topic + ".dlq")


def test_a_topic_that_comes_later_is_found(broker, topic, name, taker):
    early = taker(name("group"), topic)
    wait_for(lambda: any("not there yet" in line for line in early.logged) or topic in broker.topics(),
             "it to look")
    assert broker.write(topic, "one", "two")
    assert early.wait(2) == ["one", "two"]
    assert early.end() == 0


def test_a_group_goes_on_behind_what_is_done(broker, topic, name, taker):
    group = name("group")
    for texts in (["a", "b", "c"], ["d", "e"]):
        assert broker.write(topic, *texts)
        member = taker(group, topic)
        assert member.wait(len(texts)) == texts
        assert member.end() == 0 and sorted(member.said) == texts


def test_what_was_taken_and_not_done_is_taken_again(broker, topic, name, taker):
    group = name("group")
    assert broker.write(topic, "a", "b", "c")
    victim = taker(group, topic, "hold")
    assert victim.wait(3) == ["a", "b", "c"]
    victim.end(signal.SIGKILL)
    assert taker(group, topic).wait(3) == ["a", "b", "c"]


def test_poison_is_buried_and_holds_nothing_up(broker, topic, name, taker):
    assert broker.write(topic, "first", "poison 1", "last", key="k", headers=[("eventId", "e-1")])
    member = taker(name("group"), topic)
    assert member.wait(3) == ["buried poison 1", "first", "last"]
    original = next(message for message in broker.read(topic) if message.text == "poison 1")
    letter, = dead(broker, topic)
    assert (letter.key, letter.text) == ("k", "poison 1")
    assert letter.headers == {"eventId": "e-1", "reason": "does not agree with me", "topic": topic,
                              "partition": str(original.partition), "offset": str(original.offset), "attempts": "3"}
    assert member.end() == 0


def test_what_is_given_back_comes_again_in_its_order(broker, topic, name, taker):
    assert broker.write(topic, "a", "later", "b", key="same")
    member = taker(name("group"), topic)
    member.wait(4)
    assert member.said == ["a", "back later", "later", "b"]


def test_it_outlives_a_broker_that_is_away_and_does_not_chatter(broker, topic, name, taker):
    assert broker.write(topic, "before")
    member = taker(name("group"), topic)
    member.wait(1)
    with broker.away():
        wait_for(lambda: any("cannot be used" in line for line in member.logged), "it to miss the broker")
        threading.Event().wait(3)
    wait_for(lambda: broker.write(topic, "after", timeout_ms=1500), "the broker")
    wait_for(lambda: "after" in member.said, "it to go on", 60)
    counts = collections.Counter("cannot" if "cannot be used" in line else "again" for line in member.logged
                                 if "cannot be used" in line or "used again" in line)
    assert counts["cannot"] <= 3 and len(member.logged) < 12, member.logged
    assert member.end() == 0


def test_a_dead_letter_waits_for_its_acknowledgement(broker, topic, name, taker):
    group = name("group")
    assert broker.write(topic + ".dlq", "so that it is there")
    assert broker.write(topic, "first", key="k")
    member = taker(group, topic)
    member.wait(1)
    assert broker.write(topic, "poison 2", "last", key="k")
    broker.service.freeze()
    try:
        threading.Event().wait(1)  # wherever it is: with or without the poison in its hands
    finally:
        broker.service.thaw()
    member.wait(3)
    assert member.said == ["first", "buried poison 2", "last"]
    assert [message.text for message in dead(broker, topic)].count("poison 2") == 1


def test_members_share_the_work_and_lose_nothing_when_one_dies(broker, topic, name, taker):
    group, texts = name("group"), [f"m{n}" for n in range(40)]
    assert broker.write(topic, "start")
    members = [taker(group, topic), taker(group, topic)]
    for n, text in enumerate(texts):
        assert broker.write(topic, text, key=text)
        if n == 20:
            members[0].end(signal.SIGKILL)
            members.append(taker(group, topic))
    wait_for(lambda: set(texts) <= {text for member in members for text in member.said},
             "every message to be taken by somebody", 60)
