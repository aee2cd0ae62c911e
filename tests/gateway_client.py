"""
The two peers of the fake payment gateway: a merchant, who signs what he asks for, and a server that is
called back.
"""

import collections
import hashlib
import hmac
import http.server
import json
import os
import threading
import time
import uuid

import processes

SECRET = os.environ.get("PAYMENT_WEBHOOK_SECRET", "")
SIMULATE, CHECKOUT = "payments/simulate/", "/api/v1/payments/fake-checkout/"
SESSIONS, REFUNDS = "/fake-gateway/sessions", "/fake-gateway/refunds"
HEADER = "X-Gateway-Signature"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signature(body, at=None, secret=SECRET):
    at = str(int(time.time() if at is None else at))
    return f"t={at},v1={hmac.digest(secret.encode(), at.encode() + b'.' + body, hashlib.sha256).hex()}"


class Listener:
    """A server that is called back; answers the statuses that it was told, then 200."""

    def __init__(self):
        self.got, self.statuses, self.port = [], collections.deque(), 0
        self.open()

    def open(self):
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = dict(part.split("=") for part in self.headers[HEADER].split(","))
                assert self.headers[HEADER] == signature(body, signed["t"])
                assert abs(int(signed["t"]) - time.time()) < 5
                assert self.headers["Content-Type"] == "application/json"
                listener.got.append(json.loads(body))
                self.send_response(listener.statuses.popleft() if listener.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/told"

    def wait(self, n, timeout_s=30):
        processes.wait_for(lambda: len(self.got) >= n, f"{n} call-backs, of which {self.got} came", timeout_s)
        return self.got


class Merchant:
    """Somebody who shares the secret with the gateway."""

    def __init__(self, stack, url=None):
        self.anyone, self.url = stack.anyone(), url

    def post(self, path, body, **how):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.anyone.post(path, raw, headers={HEADER: signature(raw, **how)})

    def order(self, **more):
        order = {"paymentId": str(uuid.uuid4()), "bookingId": str(uuid.uuid4()), "amount": 150.5,
                 "currency": "EUR", **more}
        return {**order, "webhookUrl": self.url} if self.url else order

    def open(self, **more):
        reply = self.post(SESSIONS, self.order(**more))
        assert reply.status == 200, reply
        return reply.json["sessionId"]

    def paid(self, **more):
        order = self.order(**more)
        session = self.open(**order)
        self.simulate(session, "success").ok()
        return order, session

    def refund(self, order, session, **more):
        return self.post(REFUNDS, {"refundId": str(uuid.uuid4()), "sessionId": session, "amount": order["amount"],
                                   "bookingId": order["bookingId"], "currency": order["currency"], **more})

    def simulate(self, session, outcome=None):
        return self.anyone.post(SIMULATE + session, None if outcome is None else {"outcome": outcome})

    def press(self, session, outcome):
        return self.anyone.post(CHECKOUT + session, f"outcome={outcome}".encode(), headers=FORM)
