"""Somebody who listens on Redis: all messages of some channels, in the order in which they came."""

import json
import os
import socket
import threading
import time
import urllib.parse

from processes import wait_for


class Listener:
    """For a with statement: it has subscribed when that begins."""

    def __init__(self, *patterns, env=os.environ):
        url = urllib.parse.urlsplit(env["REDIS_URL"])
        self.where, self.patterns = (url.hostname, url.port or 6379), patterns
        self.heard = []  # (channel, value, seconds on the monotonic clock)

    def _reply(self):
        """One reply of Redis' protocol."""
        line = self.file.readline()
        if not line:
            raise EOFError
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2].decode()
        return int(rest) if kind == b":" else rest.decode()

    def _listen(self):
        try:
            while True:
                _, _, channel, text = self._reply()
                self.heard.append((channel, json.loads(text), time.monotonic()))
        except (OSError, EOFError, ValueError):
            return

    def __enter__(self):
        self.sock = socket.create_connection(self.where, 10)
        self.file = self.sock.makefile("rb")
        for pattern in self.patterns:
            text = pattern.encode()
            self.sock.sendall(b"*2\r\n$10\r\nPSUBSCRIBE\r\n$%d\r\n%s\r\n" % (len(text), text))
            assert self._reply()[0] == "psubscribe"
        self.sock.settimeout(None)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        return self

    def said(self):
        """[(channel, value)]"""
        return [(channel, value) for channel, value, _ in list(self.heard)]

    def wait(self, count, timeout_s=30):
        wait_for(lambda: len(self.heard) >= count, f"{count} messages, not only {self.said()}", timeout_s)
        return self.said()

    def __exit__(self, *exc):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.sock.close()
