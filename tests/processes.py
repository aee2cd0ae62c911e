"""
The processes of the stack under test: which are its workers, and how its private PostgreSQL
and its other services are stopped and started. Read from /proc, so that nothing of the stack
has to cooperate.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import threading
import time

STACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "stack")


def wait_for(ready, what, timeout_s=30):
    """Polls until ready() is true; anything else is a failure that says what did not come."""
    deadline, pause = time.monotonic() + timeout_s, threading.Event()
    while not ready():
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        pause.wait(0.02)


def _read(pid, name):
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _parent(pid):
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    return int(stat[1]) if len(stat) > 1 else 0


def _alive(pid):
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(stat) and stat[0] not in (b"Z", b"X")


def _ancestors(pid):
    while pid > 1:
        pid = _parent(pid)
        yield pid


def _ours(pid, env):
    """Whether a worker belongs to this stack, and not to another one on the machine."""
    if env.get("ROWLOCK_SPAWN_PID"):
        return int(env["ROWLOCK_SPAWN_PID"]) in _ancestors(pid)
    return f"ROWLOCK_DIR={env.get('ROWLOCK_DIR')}".encode() in _read(pid, "environ").split(b"\0")


def workers(env=os.environ):
    """The pids of the worker processes, sorted; empty where they cannot be seen."""
    found = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        argv = _read(pid, "cmdline").split(b"\0")
        if os.path.basename(argv[0]) in (b"rowlock-api",
                                         b"lt-rowlock-api") and _alive(pid) and _ours(pid, env):
            found.append(pid)
    return sorted(found)


class Service:
    """A service of the stack, by the name that ./stack knows it by."""

    def __init__(self, name, env=os.environ):
        self.name, self.dir = name, env["ROWLOCK_DIR"]

    def pid(self):
        """Of the service itself, or of the supervisor that keeps it alive; None when it is down."""
        try:
            with open(os.path.join(self.dir, "pid", self.name)) as file:
                pid = int(file.read().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if _alive(pid) else None

    def programs(self):
        """The pids of the programs that its supervisor keeps alive, sorted; of relay, say."""
        above = self.pid()
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()] if above else []
        return sorted(pid for pid in pids if _parent(pid) == above and _alive(pid))

    def kill(self):
        """kill -9 of the programs; returns once others have taken their places."""
        before = self.programs()
        assert before, f"{self.name} has no program that a supervisor would replace"
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(self.programs()) == len(before) and not set(before) & set(self.programs()),
                 f"{self.name} to be replaced")

    def freeze(self):
        """Stops in the middle of whatever it does, with its connections open, until thaw()."""
        pids = self.programs() or [self.pid()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: all(_read(pid, "stat").rpartition(b")")[2].split()[:1] in ([b"T"], []) for pid in pids),
                 f"{self.name} to stop")

    def thaw(self):
        for pid in self.programs() or [self.pid()]:
            if pid:
                os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def frozen(self):
        """Does nothing meanwhile."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()

    def _stack(self, verb):
        ran = subprocess.run([STACK, verb, self.name, "--dir", self.dir], stdin=subprocess.DEVNULL,
                             text=True, capture_output=True, timeout=180, check=False)
        assert ran.returncode == 0, f"./stack {verb} {self.name}: {ran.stdout}{ran.stderr}"

    def stop(self):
        self._stack("stop")

    def start(self):
        """At the same address and with the same data as before; nothing if it is up."""
        self._stack("start")


def settings(env=os.environ, **other):
    """The environment of a program of ours: the stack's settings, but for those given here."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("ROWLOCK_", "REDIS_"))}
    return {**own, "ROWLOCK_CONFIG": os.path.join(env["ROWLOCK_DIR"], "conf", "rowlock.conf"), **other}


def program(name, *arguments, env=os.environ):
    """The command line of a program of ours."""
    return [os.path.join(env["ROWLOCK_DIR"], "inst", "bin", name), *map(str, arguments)]


def ctl(*arguments, env=os.environ, timeout_s=120, other=None, **more):
    """rowlockctl with the stack's settings, and other ones: what subprocess.run gives."""
    return subprocess.run(program("rowlockctl", *arguments, env=env), env=settings(env, **(other or {})),
                          stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=timeout_s,
                          check=False, **more)


def logged(*words, env=os.environ):
    """The lines that have all these words, of whichever service's log, as they stand there."""
    found = []
    for entry in os.scandir(os.path.join(env["ROWLOCK_DIR"], "log")):
        with open(entry, encoding="utf-8", errors="replace") as file:
            found += [line.rstrip("\n") for line in file if all(word in line for word in words)]
    return found


def sweep(env=os.environ):
    """One sweep, by hand; it must succeed. What it says."""
    done = ctl("job", "sweep", "--once", env=env)
    assert done.returncode == 0, done
    return done.stdout


def waiting(ask, program="rowlock-api"):
    """The connections of a program that wait for a lock, by the pids of their backends."""
    ask("SELECT pg_stat_clear_snapshot()")  # in a transaction, what was seen of others would stay
    return [pid for pid, in ask("""SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                                   AND application_name = %s AND wait_event_type = 'Lock'""", program)]


def memory_kib(pid):
    """What a process has in memory."""
    for line in _read(pid, "status").decode().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def cpu_s(pid):
    """The processor time that a process has used."""
    stat = _read(pid, "stat").rpartition(b")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    """How many descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def descriptor_limit(pid):
    """How many it may have."""
    for line in _read(pid, "limits").decode().splitlines():
        if line.startswith("Max open files"):
            return int(line.split()[3])
    raise ProcessLookupError(pid)


def limit_descriptors(pid, soft):
    """Says how many it may have, with the rights of its own user."""
    owner = os.stat(f"/proc/{pid}")
    command = ["prlimit", "--pid", str(pid), f"--nofile={soft}:"]
    if os.geteuid() != owner.st_uid:
        command = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}",
                   "--clear-groups", *command]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


class Postgres:
    """The private PostgreSQL of a stack."""

    def __init__(self, env=os.environ):
        self.bin, self.data = env["ROWLOCK_PG_BIN"], env["ROWLOCK_PG_DATA"]
        with open(os.path.join(self.data, "postmaster.opts")) as file:
            argv = shlex.split(file.read())[1:]
        where = argv.index("-D") if "-D" in argv else None
        self.options = argv if where is None else argv[:where] + argv[where + 2:]

    def _pg_ctl(self, *args):
        """pg_ctl as the owner of the data, because it refuses to run as root."""
        command = [os.path.join(self.bin, "pg_ctl"), "-D", self.data, "-w", *args]
        owner = os.stat(self.data)
        if os.geteuid() == 0 and owner.st_uid != 0:
            command = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}",
                       "--clear-groups", *command]
        return subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=120, check=False).returncode

    def crash(self):
        """Stops at once, as after a power failure: the next start recovers from the log."""
        assert self._pg_ctl("-m", "immediate", "stop") == 0, "PostgreSQL could not be stopped"

    def start(self):
        if self._pg_ctl("status") == 0:
            return
        code = self._pg_ctl("-l", os.path.join(self.data, "started-by-tests.log"),
                            "-o", shlex.join(self.options), "start")
        assert code == 0, "PostgreSQL did not start again"
