"""
A reader of server-sent events, for the tests: HTTP/1.1 on a socket of its own, chunked or not,
without a thread. Whatever is asked for is waited for, and what does not come is a failure.
"""

import json
import socket
import time


class Event:
    """One event: its id as text, its name, its data from JSON."""

    def __init__(self, text):
        fields = {}
        for line in text.split("\n"):
            name, _, value = line.partition(":")
            fields[name] = fields.get(name, "") + value.removeprefix(" ")
        self.id, self.name = fields.get("id"), fields.get("event")
        self.data = json.loads(fields["data"]) if "data" in fields else None
        self.retry = fields.get("retry")

    @property
    def cursor(self):
        return tuple(map(int, self.id.split("-")))

    def __repr__(self):
        return f"<{self.id} {self.name} {self.data}>"


class Stream:
    """
    A stream that is open, or an error answer: see status.

    caller    whose token is sent; None: none is
    after     Last-Event-ID
    rcvbuf    bytes that the kernel may take for us; 0: as it likes
    """

    def __init__(self, stack, path, caller=None, after=None, method="GET", headers=None, rcvbuf=0,
                 timeout_s=15):
        self.timeout_s, self.raw, self.text, self.ended = timeout_s, b"", b"", False
        self.comments, self.last = 0, None
        self.sock = socket.socket()
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.sock.settimeout(timeout_s)
        self.sock.connect((stack.host, stack.port))
        send = {"Host": "test", **(caller.headers() if caller else {}), **(headers or {})}
        if after is not None:
            send["Last-Event-ID"] = after
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in send.items()), "", ""]
        self.sock.sendall("\r\n".join(lines).encode())
        self._read_head()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def _receive(self):
        """More bytes; false at the end."""
        got = self.sock.recv(65536)
        self.raw += got
        return bool(got)

    def _read_head(self):
        while b"\r\n\r\n" not in self.raw:
            assert self._receive(), f"the connection was closed in the head: {self.raw!r}"
        head, _, self.raw = self.raw.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest)}
        self.chunked = self.headers.get("transfer-encoding") == "chunked"
        self.length = int(self.headers.get("content-length", -1))

    def _unchunk(self):
        """Moves what is complete from raw to text."""
        if not self.chunked:
            self.text, self.raw = self.text + self.raw, b""
            self.ended = self.ended or len(self.text) == self.length
            return
        while b"\r\n" in self.raw and not self.ended:
            size, _, rest = self.raw.partition(b"\r\n")
            size = int(size, 16)
            if len(rest) < size + 2:
                return
            self.text, self.raw = self.text + rest[:size], rest[size + 2:]
            self.ended = size == 0

    def _more(self, deadline):
        """Reads on; false when nothing more will come."""
        if self.ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        try:
            self.ended = not self._receive()
        except ConnectionResetError:
            self.ended = True
        self._unchunk()
        return True

    def body(self):
        """All of a short answer."""
        self._unchunk()
        deadline = time.monotonic() + self.timeout_s
        while self._more(deadline):
            pass
        return self.text

    @property
    def error(self):
        return json.loads(self.body())

    def block(self, timeout_s=None):
        """The next block of lines, comments too; None at the end of the stream."""
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        self._unchunk()
        while b"\n\n" not in self.text:
            if not self._more(deadline):
                return None
        block, _, self.text = self.text.partition(b"\n\n")
        return block.decode()

    def next(self, timeout_s=None):
        """The next event, however many comments come before it; None at the end. Ids must rise."""
        assert self.status == 200, f"{self.status} {self.body()!r}"
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        while (block := self.block(max(deadline - time.monotonic(), 0.001))) is not None:
            if block.startswith(":"):
                self.comments += 1
                continue
            event = Event(block)
            if event.retry is not None and event.name is None:
                continue
            assert self.last is None or event.cursor > self.last, f"{event} after {self.last}"
            self.last = event.cursor
            return event
        return None

    def rest(self):
        """All events up to the end."""
        return list(iter(self.next, None))

    def states(self, n):
        """The status of each of the next n events."""
        return [self.next().data["status"] for _ in range(n)]
