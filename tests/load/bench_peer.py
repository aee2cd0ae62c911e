"""
What our HTTP answers are measured against: the same web server with the same configuration
file, in front of constant.c with as many processes and threads as the stack has workers.
"""

import http.client
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

from bench_scene import CannotRun, need

HERE = pathlib.Path(__file__).resolve().parent
CONF = HERE.parent.parent / "httpd-conf" / "lighttpd.conf"
START_S = 10


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def found(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if path is None:
        raise CannotRun(f"{program} is not installed")
    return path


def resident_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s*(\d+)", status)[1])


def threads_of(pid):
    """Request threads of a worker; its first thread only waits for signals."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return max(int(re.search(r"Threads:\s*(\d+)", status)[1]) - 1, 1)


def stack_limits():
    """max-fds and max-connections of the stack's own web server; else those of this process."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    values = {"MAX_FDS": most, "MAX_CONNS": most // 2 - 100}
    conf = pathlib.Path(need("ROWLOCK_DIR")) / "conf" / "web.conf"
    if conf.exists():
        for name, key in (("MAX_FDS", "max-fds"), ("MAX_CONNS", "max-connections")):
            line = re.search(rf"^server\.{key}\s*=\s*(\d+)", conf.read_text(), re.M)
            values[name] = int(line[1]) if line else values[name]
    return values


class Peer:
    """
    A context: lighttpd on a free port, /api/… answered by constant.c, all else from files.

    scratch  a folder for sockets, configuration and files
    workers  pids of the stack's workers, to have as many and with as many threads
    """

    def __init__(self, scratch, workers):
        self.dir = scratch / "peer"
        self.workers = workers
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.running = []

    def configuration(self):
        text = CONF.read_text()
        values = dict(stack_limits(), LISTEN="127.0.0.1", PORT=self.port, RUN=self.dir, STATE=self.dir,
                      ERROR_LOG=self.dir / "error.log", CONF=self.dir)
        text = re.sub(r"^#.*\n", "", text, flags=re.M)
        text = re.sub(r"@([A-Z_]+)@", lambda m: str(values[m[1]]), text)
        # A file needs no script to be found, and the constant answers for itself.
        text = text.replace('"mod_magnet", ', "")
        text = re.sub(r'^\$HTTP\["url"\][^{]*\{[^}]*\}\n', "", text, flags=re.M)
        text, n = re.subn(r'fastcgi\.server = \( "/" =>', 'fastcgi.server = ( "/api/" =>', text)
        if n != 1:
            raise CannotRun(f"{CONF.name} no longer has the line that sends all paths to the workers")
        return text

    def start(self, *command):
        # A session of their own: asked to stop, lighttpd ends its whole process group.
        with open(self.dir / "started.log", "ab") as log:
            self.running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                 start_new_session=True))
        log.close()

    def __enter__(self):
        try:
            self.launch()
        except BaseException:
            self.__exit__()
            raise
        return self

    def launch(self):
        for folder in ("www", "upload"):
            (self.dir / folder).mkdir(parents=True)
        program, conf = self.dir / "constant", self.dir / "lighttpd.conf"
        built = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", str(HERE / "constant.c"),
                                "-o", str(program), "-lfcgi", "-lpthread"],
                               text=True, capture_output=True, check=False)
        if built.returncode:
            raise CannotRun("constant.c does not compile: " + built.stderr)
        conf.write_text(self.configuration())
        self.start(found("spawn-fcgi"), "-n", "-s", str(self.dir / "api.sock"), "-M", "0660",
                   "-b", "65535", "--", found("multiwatch"), "-f", str(len(self.workers)), "--",
                   str(program), str(threads_of(self.workers[0])))
        self.start(found("lighttpd"), "-D", "-f", str(conf))
        self.wait()

    def wait(self):
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if any(p.poll() is not None for p in self.running):
                break
            try:
                if self.status("/api/") == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)  # nothing tells when a daemon listens but trying
        logs = "".join(p.read_text() for p in (self.dir / "started.log", self.dir / "error.log") if p.exists())
        raise CannotRun("the peer did not start: " + logs[-2000:])

    def status(self, path):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            conn.request("GET", path)
            return conn.getresponse().status
        finally:
            conn.close()

    def publish(self, name, body):
        (self.dir / "www" / name).write_bytes(body)

    def __exit__(self, *exc):
        for process in reversed(self.running):
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(START_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
