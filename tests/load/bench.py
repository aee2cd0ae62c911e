#!/usr/bin/python3
"""Benchmarks of a running stack: P-1 to P-9 and P-11 to P-13 of the project's targets.

Ours and the peer take turns (A B A B A B) on the same machine, database and settings; what
counts is the ratio of their medians. The environment is what `./stack env` prints.
Exit status: 0 every must was met, 1 one was missed, 2 there was no way to measure.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import bench_life
import bench_peer
import bench_relay
import bench_scene
import many_streams
from bench_scene import Broken, CannotRun, need

import processes  # of tests/, where bench_scene has looked
import rowlock_client

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ("P-1", "P-2", "P-3", "P-4", "P-5", "P-6", "P-7", "P-8", "P-9", "P-11", "P-12", "P-13")
NEED_KAFKA = ("P-8",)  # measured when named, or when the stack has a broker
WRK_THREADS = 2
USERS_PER_SECOND = 16000  # each may have 3 bookings pending, and some are of the benchmark before
CONSTANT = 34  # bytes of constant.c's answer
MOST_HEADERS = 1000  # bytes that a response may have besides its body


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


class Bench:
    def __init__(self, args, scene, scratch):
        self.args, self.scene, self.scratch = args, scene, scratch
        self.stack = rowlock_client.Stack()
        self.url = self.stack.url
        self.workers = processes.workers()
        if not self.workers:
            raise CannotRun("no rowlock-api of this stack is running")
        self.seed, self.results = 0, []
        self.connections = self.memory_kib = None
        count = USERS_PER_SECOND * args.seconds
        say(f"{len(self.workers)} worker process(es); making the tokens of {count:,} users")
        self.users = {f"bench{i}": self.stack.token(f"bench{i}", ttl_s=86400) for i in range(count)}
        (scratch / "tokens").write_text("\n".join(self.users.values()) + "\n")

    def wrk(self, script, url, connections, seconds, **settings):
        """Runs wrk; what its script printed at the end, as a dict."""
        env = dict(os.environ, BENCH_LUA=str(HERE / "wrk"), BENCH_THREADS=str(WRK_THREADS))
        env.update({k: str(v) for k, v in settings.items()})
        command = ["wrk", f"-t{WRK_THREADS}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
                   "-s", str(HERE / "wrk" / script), url]
        ran = subprocess.run(command, env=env, text=True, capture_output=True, check=False)
        found = re.search(r"^RESULT (\{.*\})$", ran.stdout, re.M)
        if ran.returncode != 0 or not found:
            raise CannotRun(f"wrk failed: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        got = json.loads(found[1])
        if got["errors"] or got["requests"] == 0:
            raise Broken(f"{script}, {url}: {got['errors']:.0f} connections failed or timed out, "
                         f"{got['requests']:.0f} requests were answered")
        return got

    def book(self, url, events, connections, seconds, seat=0, face="seats"):
        """Bookings over HTTP: the counts, and the ids that were acknowledged."""
        self.seed += 1
        ids = self.scratch / "ids"
        got = self.wrk("book.lua", url, connections, seconds, BENCH_TOKENS=self.scratch / "tokens",
                       BENCH_FIRST=events.first, BENCH_EVENTS=events.count, BENCH_SEATS=events.seats,
                       BENCH_SEAT=seat, BENCH_FACE=face, BENCH_IDS=ids, BENCH_SEED=self.seed)
        acknowledged = []
        for i in range(WRK_THREADS):
            acknowledged += pathlib.Path(f"{ids}.{i}").read_text().split()
        if got["other"] or "none" in acknowledged:
            raise Broken(f"{got['other']:.0f} answers were neither 201 nor 409, "
                         f"{acknowledged.count('none')} were 201 without an id")
        if got["capped"]:
            raise CannotRun(f"R-22 refused {got['capped']:.0f} requests: too few users for this machine")
        return got, acknowledged

    def book_ours(self, events, seconds, face="seats"):
        with bench_scene.Sampler(self.scene) as sampler:
            got, ids = self.book(self.url, events, 64, seconds, face=face)
        if processes.workers() != self.workers:
            raise Broken("a worker process died")
        self.connections = max(self.connections or 0, sampler.most)
        self.memory_kib = max(bench_peer.resident_kib(pid) for pid in self.workers)
        self.scene.check(events, ids)
        return got["created"], got["seconds"], got["p99_ms"]

    def book_lean(self, events, seconds):
        """The same rows by pgbench; as with ours, only bookings that were made count."""
        self.seed += 1
        count, tps = bench_scene.pgbench(self.scene.url, events, "-c", "16", "-j", "2", "-T", str(seconds),
                                         f"--random-seed={self.seed}")
        return self.scene.booked(events), count / tps, None

    def rate(self, book, events, bursts, seconds):
        """Bookings a second over all bursts, the seats freed again before each; worst p99."""
        made, took, slowest = 0, 0.0, 0.0
        for i in range(bursts):
            self.scene.restore(events, checkpoint=i == 0)
            n, s, p99 = book(events, seconds)
            made, took, slowest = made + n, took + s, max(slowest, p99 or 0)
        return made / took, slowest

    def compare_booking(self, name, what, events, bursts, seconds):
        for book in (self.book_ours, self.book_lean):  # nobody pays for cold caches
            self.rate(book, events, 1, 1)
        ours, lean, p99s = [], [], []
        for i in range(self.args.rounds):
            rate, p99 = self.rate(self.book_ours, events, bursts, seconds)
            ours.append(rate)
            p99s.append(p99)
            lean.append(self.rate(self.book_lean, events, bursts, seconds)[0])
            say(f"{name} round {i + 1}: ours {rate:,.0f}/s (p99 {p99:.1f} ms), lean SQL {lean[-1]:,.0f}/s")
        self.add(name, what, ours, lean, 1.0, 1.5, p99_ms=p99s)

    def p1(self):
        say("P-1: 100 events of 20,000 seats")
        events = self.scene.make_events(100, 200, copies=100)
        self.compare_booking("P-1", "bookings/s, 100 events", events, 1, self.args.seconds)

    def p2(self):
        # Bursts of a second: in a longer one most seats would be gone, and refusals be measured.
        say("P-2: one event of 50,000 seats")
        events = self.scene.make_events(200, 250)
        self.compare_booking("P-2", "bookings/s, one event", events, self.args.seconds, 1)

    def p3(self):
        say("P-3: 1,000 clients, one seat")
        events = self.scene.make_events(10, 10)
        ours, other, p95s, not_one = [], [], [], 0
        with bench_peer.Peer(self.scratch, self.workers) as constant:
            for i in range(self.args.rounds):
                self.scene.restore(events)
                got, ids = self.book(self.url, events, 1000, self.args.seconds, seat=i + 1)
                self.scene.check(events, ids)
                not_one += got["created"] != 1 or self.scene.booked(events) != 1
                ours.append(got["refused"] / got["seconds"])
                p95s.append(got["p95_ms"])
                plain, _ = self.book(constant.url + "/api/", events, 1000, self.args.seconds, seat=1)
                other.append(plain["ok"] / plain["seconds"])
                say(f"P-3 round {i + 1}: {ours[-1]:,.0f} refusals/s (p95 {p95s[-1]:.0f} ms), "
                    f"constant {other[-1]:,.0f}/s (p95 {plain['p95_ms']:.0f} ms)")
        self.add("P-3", "refusals/s, 1,000 clients", ours, other, 0.4, 0.7, p95_ms=p95s)
        self.limit("P-3", "p95, ms", statistics.median(p95s), 500)
        self.limit("P-3", "rounds without exactly one 201", not_one, 0)

    def book_best(self, events, seconds):
        return self.book_ours(events, seconds, face="best")

    def p4(self):
        say("P-4: best available, parties of 2 and 4, 20,000 seats; random pairs of 50,000")
        one, other = self.scene.make_events(100, 200), self.scene.make_events(200, 250)
        self.compare("P-4", "best available/s, one event", (self.book_best, one), (self.book_ours, other),
                     "random seats", 0.5, 0.8)

    def compare(self, name, what, ours, peer, peer_name, must, goal):
        """Two ways to book, each with its events, in bursts of a second."""
        for book, events in (ours, peer):
            self.rate(book, events, 1, 1)
        rates, others, p99s = [], [], []
        for i in range(self.args.rounds):
            rate, p99 = self.rate(*ours, self.args.seconds, 1)
            rates.append(rate)
            p99s.append(p99)
            others.append(self.rate(*peer, self.args.seconds, 1)[0])
            say(f"{name} round {i + 1}: ours {rate:,.0f}/s (p99 {p99:.1f} ms), {peer_name} {others[-1]:,.0f}/s")
        self.add(name, what, rates, others, must, goal, p99_ms=p99s)

    def queue(self, events, seconds):
        """Accepted and seated a second: both from the first request to the last that counts."""
        began = time.monotonic()
        got, ids = self.book(self.url, events, 64, seconds, face="queue")
        if got["refused"]:
            raise CannotRun(f"{got['refused']:.0f} requests were refused: too few seats for this machine")
        while self.scene.rows("SELECT EXISTS (SELECT FROM booking WHERE status = 'requested')")[0][0]:
            if time.monotonic() - began > seconds + 120:
                raise Broken("accepted bookings are not seated; does `rowlockd reserve` run?")
            time.sleep(0.02)
        took = time.monotonic() - began
        seated = self.scene.rows("SELECT count(*) FROM booking WHERE status = 'pending'"
                                 " AND event_id BETWEEN %s AND %s", *events.span)[0][0]
        self.scene.check(events, ids)
        return got["created"] / got["seconds"], seated / took

    def p12(self):
        say("P-12: /api/booking, best available 2, 20 events of 20,000 seats; P-1 in 100 of them")
        queued = self.scene.make_events(100, 200, copies=20)
        random = self.scene.make_events(100, 200, copies=100)
        self.queue(queued, 1)
        self.rate(self.book_ours, random, 1, 1)
        accepted, seated, others = [], [], []
        for i in range(self.args.rounds):
            self.scene.restore(queued)
            a, s = self.queue(queued, self.args.seconds)
            accepted.append(a)
            seated.append(s)
            others.append(self.rate(self.book_ours, random, 1, self.args.seconds)[0])
            say(f"P-12 round {i + 1}: accepted {a:,.0f}/s, seated {s:,.0f}/s, P-1 {others[-1]:,.0f}/s")
        self.add("P-12", "accepted/s, while seating", accepted, others, 0.8, 1.2)
        self.add("P-12", "seated/s, while accepting", seated, others, 0.8, 1.2)

    def get(self, url, size, script="get.lua", **settings):
        """GETs a second on 64 connections; every answer about as long as one seen before."""
        got = self.wrk(script, url, 64, self.args.seconds, **settings)
        mean = got["bytes"] / got["requests"]
        if got["bad_status"] or not size <= mean <= size + MOST_HEADERS:
            raise Broken(f"{script}, {url}: {got['bad_status']:.0f} errors, {mean:.0f} bytes a "
                         f"response where {size} and a header were expected")
        return got["requests"] / got["seconds"]

    def p5(self):
        say("P-5: the map of 2,000 seats")
        hall = rowlock_client.uuid_of(self.scene.make_events(40, 50).first)
        path = f"/api/v1/events/{hall}/seats"
        first = self.stack.anyone().get(path)
        etag = first.headers.get("ETag")
        if first.status != 200 or not etag:
            raise CannotRun(f"GET {path}: {first.status}, ETag {etag}")
        again = self.stack.anyone().get(path, headers={"If-None-Match": etag})
        if again.status != 304 or again.body:
            raise Broken(f"GET {path} with its own ETag gives {again.status}, not 304")
        size = len(first.body)
        maps, files, unchanged, plain = [], [], [], []
        with bench_peer.Peer(self.scratch, self.workers) as constant:
            constant.publish("map.json", first.body)
            for i in range(self.args.rounds):
                maps.append(self.get(self.url, size, BENCH_PATH=path, BENCH_ETAG=""))
                files.append(self.get(constant.url, size, BENCH_PATH="/map.json", BENCH_ETAG=""))
                unchanged.append(self.get(self.url, 0, BENCH_PATH=path, BENCH_ETAG=etag))
                plain.append(self.get(constant.url, CONSTANT, BENCH_PATH="/api/", BENCH_ETAG=etag))
                say(f"P-5 round {i + 1}: map {maps[-1]:,.0f}/s, file {files[-1]:,.0f}/s, "
                    f"304 {unchanged[-1]:,.0f}/s, constant {plain[-1]:,.0f}/s")
        self.add("P-5", f"seat maps/s, {size:,} bytes", maps, files, 0.5, 0.9)
        self.add("P-5", "304/s of the same", unchanged, plain, 0.6, 0.9)

    def p6(self):
        say("P-6: single bookings")
        events = self.scene.make_events(100, 200)
        self.book(self.url, events, 64, 1)
        found = self.scene.rows("SELECT id::text, user_id FROM booking WHERE event_id = %s", events.first)
        pairs = self.scratch / "pairs"
        pairs.write_text("".join(f"{one} {self.users[user]}\n" for one, user in found))
        owner = rowlock_client.Caller(self.stack, found[0][1], self.users[found[0][1]])
        size = len(owner.get("bookings/" + found[0][0]).body) - 100  # names and numbers vary a little
        ours, other = [], []
        with bench_peer.Peer(self.scratch, self.workers) as constant:
            for i in range(self.args.rounds):
                ours.append(self.get(self.url, size, "get_booking.lua", BENCH_PAIRS=pairs))
                other.append(self.get(constant.url, CONSTANT, "get_booking.lua", BENCH_PAIRS=pairs))
                say(f"P-6 round {i + 1}: {ours[-1]:,.0f}/s of {len(found):,} bookings, "
                    f"constant {other[-1]:,.0f}/s")
        self.add("P-6", "GETs of a booking/s", ours, other, 0.5, 0.8)

    def told(self, streams, buyer, hall):
        """Milliseconds from a booking's request until each of its buyer's streams shows it."""
        began = time.monotonic()
        streams.expect(b'"status":"pending_payment"')
        reply = buyer.post("bookings", {"eventId": hall, "quantity": 1})
        if reply.status != 201:
            raise Broken(f"no booking: {reply}")
        moments = [(at - began) * 1000 for at in streams.all_told()]
        streams.expect(b'"status":"cancelled"')
        if buyer.delete("bookings/" + reply.data["bookingId"]).status != 200:
            raise Broken("a booking could not be cancelled")
        streams.all_told()
        return moments

    def p7(self):
        say("P-7: streams of one buyer, who books and cancels")
        events = self.scene.make_events(10, 10)
        hall, handler = rowlock_client.uuid_of(events.first), processes.Service("sse").programs()
        if len(handler) != 1:
            raise CannotRun("there is not exactly one rowlock-sse of this stack")
        path = f"/api/booking/event/{events.first}/sse"
        for count, most_ms, goal_ms in ((100, 100, 50), (9000, 1000, 300)):
            buyer = self.stack.buyer(f"bench-streams-{count}")
            before = bench_peer.resident_kib(handler[0])
            with many_streams.Streams(self.stack, path, buyer.token) as streams:
                # One that stays pending keeps the streams open when the others end.
                buyer.post("bookings", {"eventId": hall, "quantity": 1})
                streams.open(count)
                p99s = []
                for i in range(self.args.rounds):
                    moments = sorted(ms for _ in range(self.args.seconds) for ms in self.told(streams, buyer, hall))
                    p99s.append(moments[len(moments) * 99 // 100])
                    say(f"P-7 round {i + 1}: {count:,} streams, p50 {moments[len(moments) // 2]:.0f} ms, "
                        f"p99 {p99s[-1]:.0f} ms")
                used = bench_peer.resident_kib(handler[0]) - before
                if streams.closed:
                    raise Broken(f"{streams.closed} streams were closed")
            self.limit("P-7", f"p99 from request to socket, ms, {count:,} streams", statistics.median(p99s), most_ms,
                       goal_ms)
        self.limit("P-7", "KiB resident a stream, of 9,000", used / 9000, 4, 1)

    def p8(self):
        names = bench_relay.sinks(self.scene)
        say(f"P-8: {bench_relay.ROWS:,} rows of the journal to {' and '.join(names)}")
        event = self.scene.make_events(10, 10).first
        rates, lags = [], []
        for i in range(self.args.rounds):
            rates.append(bench_relay.drain(self.scene, names, event))
            say(f"P-8 round {i + 1}: " + ", ".join(f"{name} {rate:,.0f} rows/s" for name, rate in rates[-1].items()))
        say("P-8: the relay during P-1")
        events = self.scene.make_events(100, 200, copies=100)
        for i in range(self.args.rounds):
            self.scene.restore(events)
            with bench_relay.Lag() as lag:
                made, took, _ = self.book_ours(events, self.args.seconds)
            lags.append(lag.most)
            say(f"P-8 round {i + 1}: {made / took:,.0f} bookings/s, greatest lag {lag.most:.2f} s")
            bench_relay.wait_told(self.scene, names)
        rates = [rate["kafka"] for rate in rates]
        self.limit("P-8", "rows/s to Kafka", statistics.median(rates), 20000, 50000, least=True, ours_rounds=rates)
        self.limit("P-8", "greatest lag during P-1, s", statistics.median(lags), 1, ours_rounds=lags)

    def p9(self):
        say("P-9: 100,000 bookings whose window has passed, in 10 events; then the same beside P-1")
        late = self.scene.make_events(100, 200, copies=10)
        random = self.scene.make_events(100, 200, copies=100)
        role, alone, beside, losses = processes.Service("sweep"), [], [], []
        with role.frozen():
            self.rate(self.book_ours, random, 1, 1)
            for i in range(self.args.rounds):
                self.scene.restore(late)
                count = bench_life.fill(self.scene, late, "pending")
                alone.append(count / bench_life.sweep(self.scene, late))
                quiet = self.rate(self.book_ours, random, 1, self.args.seconds)[0]
                self.scene.restore(late)
                bench_life.fill(self.scene, late, "pending")
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    sweep = pool.submit(bench_life.sweep, self.scene_of_its_own(), late)
                    busy = self.rate(self.book_ours, random, 1, self.args.seconds)[0]
                    beside.append(count / sweep.result())
                losses.append(1 - busy / quiet)
                say(f"P-9 round {i + 1}: {alone[-1]:,.0f}/s alone; beside P-1 {beside[-1]:,.0f}/s, and P-1 "
                    f"{busy:,.0f}/s instead of {quiet:,.0f}/s")
        self.limit("P-9", "expired bookings swept/s", statistics.median(alone), 20000, 50000, least=True,
                   ours_rounds=alone)
        self.limit("P-9", "the same/s beside P-1", statistics.median(beside), 20000, 50000, least=True,
                   ours_rounds=beside)
        self.limit("P-9", "share of P-1 lost meanwhile", statistics.median(losses), 0.2, ours_rounds=losses)

    @staticmethod
    def scene_of_its_own():
        """A connection for another thread."""
        return bench_scene.Scene()

    def p13(self):
        say("P-13: an event of 20,000 seats is made, sold out through the gateway, and cancelled")
        made, ended, paid = [], [], []
        for i in range(self.args.rounds):
            began = time.monotonic()
            event = self.scene.make_events(100, 200)
            made.append(time.monotonic() - began)
            bench_life.fill(self.scene, event, "confirmed")
            one, all_ = bench_life.cancel(self.scene, self.stack, event.first)
            ended.append(one)
            paid.append(all_)
            self.scene.check(event, [])
            say(f"P-13 round {i + 1}: made in {made[-1]:.2f} s, bookings ended in {one:.1f} s, money back in {all_:.1f} s")
        self.limit("P-13", "s to make an event of 20,000 seats", statistics.median(made), 2, ours_rounds=made)
        self.limit("P-13", "s until 20,000 seats are given back", statistics.median(ended), 30, ours_rounds=ended)
        self.limit("P-13", "s until all refunds are paid", statistics.median(paid), 30, ours_rounds=paid)

    def p11(self):
        if self.memory_kib is None:
            say("P-11: a rush, to have something to look at")
            for events in self.scene.made:  # whose bookings would count against the users' cap
                self.scene.restore(events, checkpoint=False)
            self.rate(self.book_ours, self.scene.make_events(100, 200, copies=10), 1, self.args.seconds)
        self.limit("P-11", "database connections", self.connections, 20)
        self.limit("P-11", "MiB resident, largest worker", self.memory_kib / 1024, 32, 16)

    def add(self, name, what, ours, peer, must, goal, **more):
        a, b = statistics.median(ours), statistics.median(peer)
        ratio = a / b
        self.results.append({
            "name": name, "what": what, "ours": a, "peer": b, "ratio": ratio, "must": must, "goal": goal,
            "verdict": "MISSED" if ratio < must else "goal" if ratio >= goal else "must",
            "ours_rounds": ours, "peer_rounds": peer, **more})

    def limit(self, name, what, value, must, goal=None, least=False, **more):
        """At most `must` is good, or at least."""
        reaches = (lambda bound: value >= bound) if least else (lambda bound: value <= bound)
        self.results.append({
            "name": name, "what": what, "ours": value, "peer": None, "ratio": None, "must": must, "goal": goal,
            "least": least, "verdict": "MISSED" if not reaches(must) else
            "goal" if goal and reaches(goal) else "must", **more})


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {"cpu": cpu[1] if cpu else "unknown", "cores": len(os.sched_getaffinity(0)),
            "memory_mib": int(memory[1]) // 1024, "kernel": os.uname().release}


def print_table(results):
    def number(value):
        if value is None:
            return "-"
        return f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.2f}"

    columns = ("name", "what", "ours", "peer", "ratio", "must", "goal", "verdict")
    lines = [columns]
    for r in results:
        compare = "≤ " if r["ratio"] is None and not r["least"] else "≥ "
        lines.append((r["name"], r["what"], number(r["ours"]), number(r["peer"]), number(r["ratio"]),
                      compare + number(r["must"]), compare + number(r["goal"]) if r["goal"] else "-",
                      r["verdict"]))
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        print("  ".join(text.ljust(w) if i < 2 else text.rjust(w)
                        for i, (text, w) in enumerate(zip(line, widths))))


def measure(names, args, scene, kind=Bench):
    """Runs the benchmarks; the Bench (of a kind) with its results, and what was broken."""
    scratch, broken = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=need("ROWLOCK_DIR"))), []
    with contextlib.ExitStack() as later:
        later.callback(shutil.rmtree, scratch, ignore_errors=True)
        bench = kind(args, scene, scratch)
        later.callback(scene.clean_up)
        for name in names:
            try:
                getattr(bench, name.lower().replace("-", ""))()
            except Broken as e:
                say(f"{name} BROKEN: {e}")
                broken.append(f"{name}: {e}")
    return bench, broken


def run(names, args):
    scene = bench_scene.Scene()
    settings, host = scene.settings(), machine()
    bench, broken = measure(names, args, scene)
    print(f"\n{host['cpu']}, {host['cores']} cores, {host['memory_mib']:,} MiB, Linux {host['kernel']}; PostgreSQL "
          + ", ".join(f"{key} {value}" for key, value in settings.items()).removeprefix("server_version "))
    print(f"Medians of {args.rounds} rounds of {args.seconds} s; {len(bench.workers)} worker process(es)")
    print_table(bench.results)
    for text in broken:
        print("BROKEN " + text)
    report = {"machine": host, "settings": settings, "seconds": args.seconds, "rounds": args.rounds,
              "workers": len(bench.workers), "results": bench.results, "broken": broken}
    pathlib.Path(os.environ.get("BENCH_JSON") or "bench.json").write_text(json.dumps(report, indent=1) + "\n")
    return 1 if broken or any(r["verdict"] == "MISSED" for r in bench.results) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="P-N", help=f"any of {', '.join(NAMES)}; none: all")
    parser.add_argument("--seconds", type=int, default=int(os.environ.get("BENCH_SECONDS") or 10),
                        help="length of a round (BENCH_SECONDS, else 10)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each, their median counts (3)")
    args = parser.parse_args()
    kafka = bool(os.environ.get("KAFKA_BROKER"))
    wanted = [name.upper() for name in args.names] or [name for name in NAMES if kafka or name not in NEED_KAFKA]
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    if args.seconds < 1 or args.rounds < 1:
        parser.error("a round lasts at least a second, and there is at least one")
    try:
        return run([name for name in NAMES if name in wanted], args)
    except CannotRun as e:
        print(f"bench: {e}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
