"""
The Kafka broker of the stack under test, seen from outside: by kcat, a client that knows
nothing of Rowlock.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading

import pytest

import processes

# ROWLOCK_MESSAGES_BRIEF=1: only what differs from broker to broker; the rest was seen with the other one.
ONCE = pytest.mark.skipif(os.environ.get("ROWLOCK_MESSAGES_BRIEF") == "1", reason="seen with the other broker")
SLOW_ON_THE_MOCK = pytest.mark.skipif(os.environ.get("ROWLOCK_KAFKA") == "mock",
                                      reason="the mock needs ten seconds for a change of a group")

# The mock lets a rebalance last as long as a session, and the first one 3 s: no session may be shorter.
SETTINGS = ("-X", "fetch.wait.max.ms=50", "-X", "topic.metadata.refresh.interval.ms=500",
            "-X", "session.timeout.ms=4000", "-X", "heartbeat.interval.ms=500")
TIMEOUT_S = 60


class Message:
    """One message as it lies in its partition."""

    def __init__(self, line):
        found = json.loads(line)
        self.topic, self.partition, self.offset = found["topic"], found["partition"], found["offset"]
        self.key, self.text = found.get("key"), found.get("payload")
        names = found.get("headers") or []
        self.headers = dict(zip(names[::2], names[1::2]))

    @property
    def json(self):
        return json.loads(self.text)

    def __repr__(self):
        return f"<{self.topic}[{self.partition}]@{self.offset} {self.key}: {self.text}>"


class Broker:
    """What ./stack up --kafka mock or real has started."""

    def __init__(self, env=os.environ):
        self.address, self.kind = env["KAFKA_BROKER"], env["ROWLOCK_KAFKA"]
        self.service = processes.Service("kafka", env)

    def _kcat(self, *how, text=None, timeout_s=TIMEOUT_S):
        return subprocess.run(["kcat", "-b", self.address, *SETTINGS, *how], input=text or "", text=True,
                              capture_output=True, timeout=timeout_s, check=False)

    def topics(self):
        """The names of all topics but Kafka's own, sorted."""
        ran = self._kcat("-L", "-J")
        assert ran.returncode == 0, ran.stderr
        return sorted(topic["topic"] for topic in json.loads(ran.stdout)["topics"]
                      if not topic["topic"].startswith("__"))

    def read(self, *topics):
        """All messages of these topics (none named: of all), from the beginning to the present end."""
        messages = []
        there = self.topics()
        for topic in topics or there:
            if topic in there:
                ran = self._kcat("-C", "-J", "-t", topic, "-o", "beginning", "-e", "-q")
                assert ran.returncode == 0, ran.stderr
                messages += [Message(line) for line in ran.stdout.splitlines()]
        return messages

    def partitions(self, topic):
        """How many partitions a topic has; 0 when it is not there."""
        ran = self._kcat("-L", "-J")
        assert ran.returncode == 0, ran.stderr
        return sum(len(one["partitions"]) for one in json.loads(ran.stdout)["topics"] if one["topic"] == topic)

    def write(self, topic, *texts, key=None, headers=(), partition=None, timeout_ms=30000, more=()):
        """Sends messages, one a line; whether all were acknowledged in time."""
        how = ["-P", "-t", topic, "-X", "acks=all", "-X", f"message.timeout.ms={timeout_ms}", *more]
        if partition is not None:
            how += ["-p", str(partition)]
        if key is not None:
            how += ["-k", key]
        for name, value in headers:
            how += ["-H", f"{name}={value}"]
        return self._kcat(*how, text="\n".join(texts) + "\n").returncode == 0

    def write_pairs(self, topic, pairs, timeout_ms=30000):
        """Sends (key, text) in their order; whether all were acknowledged in time."""
        return not pairs or self._kcat("-P", "-t", topic, "-X", "acks=all", "-X", f"message.timeout.ms={timeout_ms}",
                                       "-K", "\t", text="".join(f"{key}\t{text}\n" for key, text in pairs)
                                       ).returncode == 0

    def follow(self, group, topics):
        """A member of a consumer group, in the background, for a with statement.

        topics is a name or, with ^ in front, a pattern. One topic at least has to be there: kcat
        takes it for an error if there is none.
        """
        return Follower(["kcat", "-b", self.address, *SETTINGS, "-J", "-q", "-u",
                         "-X", "auto.offset.reset=earliest", "-G", group, topics])

    @contextlib.contextmanager
    def away(self):
        """While this lasts connections are refused; afterwards all messages are there again."""
        if self.kind == "mock":
            os.kill(self.service.pid(), signal.SIGUSR1)
        else:
            self.service.stop()
        try:
            yield
        finally:
            if self.kind == "mock":
                os.kill(self.service.pid(), signal.SIGUSR2)
            else:
                self.service.start()

    @contextlib.contextmanager
    def frozen(self):
        """While this lasts it takes connections, and answers nothing."""
        self.service.freeze()
        try:
            yield
        finally:
            self.service.thaw()


class Follower:
    """A consumer in the background; messages grows as it hears them."""

    def __init__(self, command):
        self.command, self.messages = command, []

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        return self

    def _listen(self):
        for line in self.process.stdout:
            self.messages.append(Message(line))

    def texts(self, count, timeout_s=TIMEOUT_S):
        """The messages' texts, once there are so many."""
        processes.wait_for(lambda: len(self.messages) >= count, f"message {count} of {self.messages}",
                           timeout_s)
        return [message.text for message in self.messages]

    def __exit__(self, *exc):
        """It leaves its group in order, and notes how far it has come."""
        self.process.terminate()
        self.process.wait(TIMEOUT_S)
        self.thread.join(TIMEOUT_S)
