"""Thousands of event streams at once, read by one thread: who was told what, and when."""

import selectors
import socket
import threading
import time

CHUNK = 1 << 16


class Streams(threading.Thread):
    """
    Streams of one URL, each on a connection of its own. What comes is searched for the word that
    `expect` names; the moment at which each stream shows it is kept.
    """

    def __init__(self, stack, path, token):
        super().__init__(daemon=True)
        self.address, self.request = (stack.host, stack.port), (
            f"GET {path} HTTP/1.1\r\nHost: {stack.host}:{stack.port}\r\n"
            + (f"Authorization: Bearer {token}\r\n" if token else "") + "\r\n").encode()
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.word, self.told = b"\0", {}  # what is waited for; when each stream showed it
        self.opened, self.closed = set(), 0
        self.tails, self.ended = {}, threading.Event()

    def open(self, count, limit_s=60):
        """Opens so many more, and waits until each has been greeted."""
        wanted = len(self.tails) + count
        for _ in range(count):
            sock = socket.create_connection(self.address, 30)
            sock.sendall(self.request)
            sock.setblocking(False)
            with self.lock:
                self.tails[sock] = b""
                self.selector.register(sock, selectors.EVENT_READ)
        self.wait(lambda: len(self.opened), wanted, limit_s, "streams opened")

    def wait(self, have, wanted, limit_s, what):
        until = time.monotonic() + limit_s
        while have() < wanted:
            assert time.monotonic() < until, f"{have()} of {wanted} {what}; {self.closed} were closed"
            time.sleep(0.005)

    def expect(self, word):
        with self.lock:
            self.told, self.word = {}, word

    def all_told(self, limit_s=30):
        """Waits until every open stream has shown the word; the moments, sorted."""
        self.wait(lambda: len(self.told), len(self.tails), limit_s, "streams told")
        return sorted(self.told.values())

    def read(self, sock):
        try:
            piece = sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        now = time.monotonic()
        if not piece:
            self.selector.unregister(sock)
            sock.close()
            del self.tails[sock]
            self.closed += 1
            return
        text = self.tails[sock] + piece
        if sock not in self.opened and b"\n\n" in text:
            assert text.startswith(b"HTTP/1.1 200"), text[:200]
            self.opened.add(sock)
        if self.word in text and sock not in self.told:
            self.told[sock] = now
        self.tails[sock] = text[-len(self.word):] if sock in self.opened else text

    def run(self):
        while not self.ended.is_set():
            for key, _ in self.selector.select(0.05):
                with self.lock:
                    self.read(key.fileobj)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.ended.set()
        self.join()
        for sock in list(self.tails):
            sock.close()
        self.selector.close()
