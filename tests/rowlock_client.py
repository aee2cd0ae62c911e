"""
A small client of Rowlock's HTTP API, for the tests and the demonstration.

A Stack is the running service as `./stack env` describes it; a Caller is one person who
talks to it with a token. Nothing is shared between two calls, so any number of threads may
use the same Caller. Paths without a leading slash are below /api/v1/.
"""

import base64
import hashlib
import hmac
import http.client
import io
import json
import os
import socket
import time
import urllib.parse

V1 = "/api/v1/"
QUEUE = "/api/booking"


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(header, payload, secret):
    """A JWT over the two texts exactly as they are: dict, str or bytes."""
    parts = []
    for given in (header, payload):
        part = json.dumps(given, separators=(",", ":")) if isinstance(given, dict) else given
        parts.append(b64url(part.encode() if isinstance(part, str) else part))
    text = ".".join(parts)
    return text + "." + b64url(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))


def uuid_of(event_number, seat_no=0):
    """The UUIDv8 of an event (seat 0), or of one of its seats."""
    event = f"{event_number:012x}"
    return f"{event[:8]}-{event[8:]}-8000-8000-{seat_no:012x}"


class Reply:
    """One answer: status, headers (names in any case), body as bytes."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    @property
    def code(self):
        """The code of an error, in the shape of either face; None when there is none."""
        try:
            answer = self.json
            return answer["error"]["code"] if "error" in answer else answer["code"]
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def details(self):
        return self.json["error"].get("details") or {}

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"

    def ok(self, status=200):
        """The data of a success; anything else is a failed assertion that shows the answer."""
        assert self.status == status, f"expected {status}, got {self}"
        assert self.json["success"] is True, self
        return self.data

    def refused(self, status, code, field=None):
        """Asserts an error of the v1 face, with its envelope complete."""
        assert self.status == status, f"expected {status} {code}, got {self}"
        answer = self.json
        assert answer["success"] is False and answer["error"]["code"] == code, self
        assert isinstance(answer["error"]["message"], str) and answer["error"]["message"], self
        if field is not None:
            named = list(self.details.get("fields", {}))
            assert any(name == field or name.startswith((field + "[", field + "."))
                       for name in named), f"{field} is not among {named}: {self}"
        return self.details

    def plain(self, status=200):
        """What a success of /api/booking says: it has no envelope."""
        assert self.status == status, f"expected {status}, got {self}"
        return self.json

    def declined(self, status, code, text=None, field=None):
        """Asserts an error of /api/booking, whole; text: exactly this is said."""
        assert self.status == status, f"expected {status} {code}, got {self}"
        answer = self.json
        assert set(answer) <= {"detail", "code", "details"} and answer["code"] == code, self
        assert isinstance(answer["detail"], str) and answer["detail"], self
        assert text is None or answer["detail"] == text, self
        assert field is None or list(answer["details"]["fields"]) == [field], self


class _Spool:
    """Bytes that http.client takes for a socket."""

    def __init__(self, raw):
        self.raw = raw

    def makefile(self, *_args, **_kw):
        return io.BytesIO(self.raw)


def parse_reply(raw, method="POST"):
    """A Reply from the bytes of a whole answer; None when they are not one."""
    response = http.client.HTTPResponse(_Spool(raw), method=method)
    try:
        response.begin()
        return Reply(response)
    except (http.client.HTTPException, ValueError):
        return None


class Stack:
    """The running service: where it is and what its tokens are signed with."""

    def __init__(self, env=os.environ):
        self.url = env["ROWLOCK_URL"].rstrip("/")
        parts = urllib.parse.urlsplit(self.url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.secret = env["JWT_SECRET"]
        self.webhook_secret = env.get("PAYMENT_WEBHOOK_SECRET", "").split(",")[0]
        self.role_claim = env.get("JWT_ROLE_CLAIM") or "role"
        self.always = {claim: env[key] for claim, key in (("iss", "JWT_ISSUER"),
                                                          ("aud", "JWT_AUDIENCE"))
                       if env.get(key)}
        self.acknowledged = []  # ids of every booking that was answered with 201 or 202

    def claims(self, sub, role="buyer", ttl_s=3600, **more):
        now = int(time.time())
        return {"sub": sub, self.role_claim: role, "iat": now, "exp": now + ttl_s, **self.always,
                **more}

    def token(self, sub, role="buyer", ttl_s=3600, **more):
        return sign({"alg": "HS256", "typ": "JWT"}, self.claims(sub, role, ttl_s, **more),
                    self.secret)

    def caller(self, sub, role="buyer", **claims):
        return Caller(self, sub, self.token(sub, role, **claims))

    def buyer(self, sub):
        return self.caller(sub)

    def seller(self, sub):
        return self.caller(sub, "seller")

    def anyone(self):
        return Caller(self, None, None)

    def figures(self):
        """{name and labels: value} of everything that /metrics says: {"rowlock_relay_leader{}": 1.0, …}."""
        text = self.anyone().get("/metrics").body.decode()
        return {name: float(value) for name, _, value in
                (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))}

    def webhook(self, body, at=None, secret=None, signature=None):
        """Calls back as the payment gateway does: a dict or bytes, signed unless a signature is given."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if signature is None:
            at = int(time.time()) if at is None else at
            key = (secret or self.webhook_secret).encode()
            digest = hmac.new(key, b"%d." % at + raw, hashlib.sha256).hexdigest()
            signature = f"t={at},v1={digest}"
        headers = {"Content-Type": "application/json"}
        if signature:
            headers["X-Gateway-Signature"] = signature
        return self.anyone().request("POST", "payments/webhook", raw, headers)

    def connect(self, timeout_s=30):
        sock = socket.create_connection((self.host, self.port), timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def raw(self, data, method="POST", end=False, timeout_s=30):
        """
        Sends bytes as they are; the Reply, or None when the connection was closed without one.
        end: say that nothing more will come, which ends a body that is too short.
        """
        with self.connect(timeout_s) as sock:
            try:
                sock.sendall(data)
                if end:
                    sock.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the answer may have come before all was read
            got = b""
            try:
                while chunk := sock.recv(65536):
                    got += chunk
            except ConnectionResetError:
                pass
        return parse_reply(got, method) if got else None


class Caller:
    """One person with a token (or none)."""

    def __init__(self, stack, sub, token):
        self.stack, self.sub, self.token = stack, sub, token

    def headers(self):
        return {"Authorization": "Bearer " + self.token} if self.token else {}

    def request(self, method, path, body=None, headers=None, timeout_s=60):
        """body: a value to send as JSON, or bytes to send as they are."""
        send = {**self.headers(), "Connection": "close"}
        if body is not None:
            send["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        send.update(headers or {})
        conn = http.client.HTTPConnection(self.stack.host, self.stack.port, timeout=timeout_s)
        try:
            conn.request(method, path if path.startswith("/") else V1 + path, body, send)
            reply = Reply(conn.getresponse())
        finally:
            conn.close()
        if reply.status == 201 and path == "bookings":
            self.stack.acknowledged.append(reply.data["bookingId"])
        elif reply.status == 202 and path == QUEUE:
            self.stack.acknowledged.append(reply.json["id"])
        return reply

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body, **kw)

    def patch(self, path, body=None, **kw):
        return self.request("PATCH", path, body, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)

    def book(self, hall, *seat_nos):
        return self.post("bookings", hall.wish(*seat_nos))

    def book_best(self, hall, quantity, **wishes):
        return self.post("bookings", hall.best_wish(quantity, **wishes))

    def pay(self, booking_id, outcome="success"):
        """Opens a payment session and lets the fake gateway tell this outcome: the session's id."""
        opened = self.post("payments/initiate", {"bookingId": booking_id})
        assert opened.status == 200, opened
        self.stack.anyone().post("payments/simulate/" + opened.json["sessionId"], {"outcome": outcome}).ok()
        return opened.json["sessionId"]

    def booked_and_paid(self, hall, *seat_nos):
        """A confirmed booking."""
        booking = self.book(hall, *seat_nos).ok(201)["bookingId"]
        self.pay(booking)
        found = self.get("bookings/" + booking).ok()
        assert found["status"] == "CONFIRMED", found
        return found

    def hold(self, hall, *seat_nos):
        return self.post("bookings/hold-seats", hall.wish(*seat_nos))

    def let_go(self, hall=None, user=None):
        """Releases own holds, or those of a user; of one event or of all."""
        path = "bookings/holds/" + urllib.parse.quote(user or self.sub, safe="")
        return self.delete(path + (f"?eventId={hall.id}" if hall else ""))

    def queue(self, hall, *positions, **more):
        """Asks /api/booking for the seats at these positions."""
        return self.post(QUEUE, hall.queue_wish(*positions, **more))

    def queue_best(self, hall, quantity, **more):
        return self.post(QUEUE, hall.queue_best_wish(quantity, **more))

    def wait_status(self, booking_id, status, timeout_s=30):
        """Looks at a booking of /api/booking until it has this status: the booking then."""
        deadline = time.monotonic() + timeout_s
        while (seen := self.get(f"{QUEUE}/{booking_id}").plain())["status"] != status:
            assert time.monotonic() < deadline, f"not {status} after {timeout_s} s: {seen}"
            assert seen["status"] == "processing", f"will never be {status}: {seen}"
            time.sleep(0.01)
        return seen


class Hall:
    """An event on sale, by its number, and the person who sells it."""

    def __init__(self, stack, number, seller, seats):
        self.stack, self.number, self.seller, self.seats = stack, number, seller, seats
        self.id = uuid_of(number)

    def seat(self, no):
        return uuid_of(self.number, no)

    def wish(self, *seat_nos):
        return {"eventId": self.id, "seatIds": [self.seat(no) for no in seat_nos]}

    def best_wish(self, quantity, **wishes):
        return {"eventId": self.id, "quantity": quantity, **wishes}

    def queue_wish(self, *positions, section="Stalls", subsection=1, **more):
        return {"event_id": self.number, "section": section, "subsection": subsection,
                "quantity": len(positions), "seat_selection_mode": "manual",
                "seat_positions": list(positions), **more}

    def queue_best_wish(self, quantity, section="Stalls", subsection=1, **more):
        return {"event_id": self.number, "section": section, "subsection": subsection,
                "quantity": quantity, "seat_selection_mode": "best_available",
                "seat_positions": [], **more}

    def map(self, viewer=None):
        return (viewer or self.stack.anyone()).get(f"events/{self.id}/seats").ok()

    def statuses(self, viewer=None):
        """{seat number: its status in words} as the seat map says, to the public or a viewer."""
        seen = self.map(viewer)
        return {seat[0]: seen["statuses"][seat[3]] for part in seen["sections"]
                for seat in part["seats"]}


def gateway_event(kind, booking_id, **data):
    """The body of a call-back: payment.succeeded, refund.failed …"""
    return {"id": "evt-" + os.urandom(8).hex(), "type": kind, "created": "2026-01-31T00:00:00Z",
            "data": {"bookingId": booking_id, **data}}


def grid(name="Test hall", rows=4, cols=10, price=20.0, tier="REGULAR", section="Stalls", **more):
    """A plan in the short form, one section; more: aisles, accessible, subsections."""
    return {"name": name, "sections": [{"name": section, "subsections": 1, "rows": rows,
                                        "cols": cols,
                                        "price": price, "tier": tier, **more}]}


def event_body(plan_id, **more):
    return {"title": "Evening concert", "venueName": "Test hall", "planId": plan_id,
            "startsAt": "2031-05-01T18:30:00.000Z", "timezone": "Europe/Riga", "currency": "EUR",
            "prices": {}, **more}


def open_hall(seller, plan=None, status="on_sale", **more):
    """Imports a plan, makes an event of it, puts it on sale: a Hall."""
    made = seller.post("plans", plan or grid()).ok(201)
    event = seller.post("events", event_body(made["planId"], **more)).ok(201)
    for step in {"draft": (), "on_sale": ("on_sale",), "closed": ("on_sale", "closed")}[status]:
        seller.patch(f"events/{event['eventId']}", {"status": step}).ok()
    return Hall(seller.stack, event["number"], seller, made["seats"])
