"""rowlock-sse as a web server meets it: FastCGI, spoken to its socket as no web server should."""

import array
import contextlib
import fcntl
import os
import socket
import struct
import termios

import pytest

import processes
from processes import wait_for
from sse_client import Stream

BEGIN, END, PARAMS, STDIN, STDOUT, GET_VALUES = 1, 3, 4, 5, 6, 9
TAKES_MOST = 4096  # parameters


@pytest.fixture(scope="module")
def home():
    where = os.environ.get("ROWLOCK_DIR", "/nonexistent")
    if not os.path.exists(os.path.join(where, "run", "sse.sock")):
        pytest.skip("the socket of this stack cannot be seen from here")
    return where


def record(kind, content=b"", number=1):
    return struct.pack(">BBHHBx", 1, kind, number, len(content), 0) + content


def pair(key, value):
    return struct.pack(">BB", len(key), len(value)) + key + value


def request(path, params=b""):
    params = pair(b"REQUEST_METHOD", b"GET") + pair(b"REQUEST_URI", path.encode()) + params
    return (record(BEGIN, struct.pack(">HB5x", 1, 1)) + record(PARAMS, params[:65528])
            + (record(PARAMS, params[65528:]) if len(params) > 65528 else b"") + record(PARAMS) + record(STDIN))


def waits(sock):
    """Bytes that have come for us and not been read."""
    n = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, n)
    return n[0]


@pytest.fixture
def connect(home):
    """connect(bytes): a connection on which these have been sent."""
    with contextlib.ExitStack() as opened:
        def one(data):
            sock = opened.enter_context(socket.socket(socket.AF_UNIX))
            sock.settimeout(10)
            sock.connect(os.path.join(home, "run", "sse.sock"))
            sock.sendall(data)
            return sock
        yield one


def rest(sock):
    return b"".join(iter(lambda: sock.recv(1 << 16), b""))


def records(data):
    """(type, content) of whole records; the last one may be cut off."""
    found = []
    while len(data) >= 8:
        version, kind, number, n, padding = struct.unpack(">BBHHBx", data[:8])
        assert (version, number, padding) == (1, 1, 0) and kind in (STDOUT, END), f"no record: {data[:80]}"
        found.append((kind, data[8:8 + n]))
        data = data[8 + n:]
    return found


def test_as_many_parameters_as_a_web_server_passes_on(connect, hall):
    path, some = f"/api/v1/events/{hall().id}/stream", [pair(b"HTTP_X%d" % i, b"1") for i in range(TAKES_MOST - 2)]
    assert b"Status: 200" in connect(request(path, b"".join(some))).recv(1 << 16)


@pytest.mark.parametrize("params", [b"\x05", pair(b"", b"x"), pair(b"A\0", b"x"), b"\1\0N" * TAKES_MOST],
                         ids=("cut off", "no name", "NUL", "too many"))
def test_what_is_no_request_is_dropped_and_logged(params, home, connect):
    def said():
        with open(os.path.join(home, "log", "sse.log"), encoding="utf-8") as file:
            return file.read().count("no request to be read on a connection")
    before = said()
    assert rest(connect(request("/", params))) == b""
    wait_for(lambda: said() > before, "a line in the log")


@pytest.mark.parametrize("more", [record(GET_VALUES, pair(b"FCGI_MPXS_CONNS", b""), 0),
                                  record(BEGIN, struct.pack(">HB5x", 1, 1), 2)], ids=("values", "request"))
def test_no_record_comes_in_the_middle_of_another(more, connect, stack, hall, db):
    place, sse = hall(rows=50, cols=100), processes.Service("sse")
    path = f"/api/v1/events/{place.number}/stream"
    sock = connect(request(path))
    with Stream(stack, path) as keen:
        keen.next()
        wait_for(lambda: waits(sock), "the stream to begin")
        got = b""
        for _ in range(100):
            before = waits(sock)
            with db.cursor() as cursor:
                cursor.execute("""INSERT INTO journal (event_id, type, payload)
                                  VALUES (%s, 'seats.released', jsonb_build_object('seats', ARRAY(
                                      SELECT generate_series(1, 5000))))""", (place.number,))
            size = len(f"{keen.next().data}")
            Stream(stack, "/api/v1/events/x/stream").close()  # its turn came when all had been told
            if waits(sock) - before < size // 2:  # the rest of the message waits for room
                break
        with sse.frozen():  # it finds room and our record at the same time
            while waits(sock):
                got += sock.recv(1 << 16)
            sock.sendall(more)
    assert [kind for kind, _ in records(got + rest(sock))].count(END) == 0
