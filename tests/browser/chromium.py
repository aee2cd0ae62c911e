"""
A headless Chromium, told what to do over its debugging pipe: messages are JSON and end in a
NUL, requests on its descriptor 3, answers and events on 4 (Chrome DevTools Protocol).
"""

import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

# Without these it looks for the outside world, and complains about machines that have none.
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,900")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


class Navigated(Exception):
    """The page went to another one while it was asked something."""


def program():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Chromium:
    """One browser with one page. A context manager."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="rowlock-chromium-")
        to_read, self.to_write = os.pipe()
        self.from_read, to_write = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (to_read, to_write)]

        def as_3_and_4():
            for end, number in zip(ends, (3, 4)):
                os.dup2(end, number)

        self.child = subprocess.Popen(
            [program(), *QUIET, f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=as_3_and_4, pass_fds=(3, 4), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        for end in ends:
            os.close(end)
        os.close(to_read)
        os.close(to_write)
        self.numbers, self.rest = itertools.count(1), b""
        self.session = None
        target = self.until(lambda: next((t for t in self.call("Target.getTargets")["targetInfos"]
                                          if t["type"] == "page"), None))["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self.to_write)
        os.close(self.from_read)
        self.child.kill()
        self.child.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self, limit_s):
        until = time.monotonic() + limit_s
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.from_read], [], [], max(0, until - time.monotonic()))
            piece = os.read(self.from_read, 1 << 16) if ready else b""
            assert piece, "the browser does not answer"
            self.rest += piece
        one, _, self.rest = self.rest.partition(b"\0")
        return json.loads(one)

    def call(self, method, limit_s=30, **params):
        """Calls a method of the protocol; its result."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message(limit_s)
            if answer.get("id") == number:
                if "navigated" in answer.get("error", {}).get("message", ""):
                    raise Navigated(answer["error"]["message"])
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url):
        """Goes to a page and waits until it is loaded."""
        self.call("Page.navigate", url=url)
        self.until(lambda: self.run("document.readyState == 'complete' && location.href != 'about:blank'"))

    def run(self, script):
        """The value of an expression in the page; None when it made the page go to another one."""
        try:
            got = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        except Navigated:
            return None
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def until(self, condition, limit_s=15):
        """Waits until a condition holds; its value."""
        until = time.monotonic() + limit_s
        while not (value := condition()):
            assert time.monotonic() < until, "it did not come about"
            time.sleep(0.01)
        return value
