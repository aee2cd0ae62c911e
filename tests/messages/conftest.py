"""What the tests of messages share: the broker, as a stranger sees it, and Redis."""

import os

import pytest

import broker as brokers
import processes


@pytest.fixture(scope="session")
def broker():
    assert os.environ.get("KAFKA_BROKER"), "the stack has no broker: ./stack up --kafka mock, or real"
    return brokers.Broker()


@pytest.fixture
def topic(name):
    """A topic that nobody has used before; it is not there yet."""
    return name("test-topic")


@pytest.fixture
def redis():
    """Redis, to be stopped, started and frozen; it is up again at the end of the test."""
    service = processes.Service("redis")
    yield service
    service.thaw()
    service.start()
