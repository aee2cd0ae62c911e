"""What ./stack leaves behind when it is cut off, and what it and our programs refuse."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest

import processes
from processes import STACK, wait_for

MARK = "# a mark"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
APT_GET = """#!/bin/sh
[ "$3" != update ] || exit 0
echo >"$AT_WORK"
exec sleep 600
"""


class Installation:
    """The part of ./stack that installs packages, with other files and a program that does not end."""

    def __init__(self, folder):
        with open(os.path.join(os.path.dirname(STACK), "ci", "packages.sh"), encoding="utf-8") as file:
            self.script = re.search(r"^INSTALL='$(.*?)^'$", file.read(), re.M | re.S)[1]
        self.guards = [folder / "policy-rc.d", folder / "createcluster.d" / "rowlock.conf"]
        self.at_work = folder / "at-work"
        (folder / "apt-get").write_text(APT_GET)
        (folder / "apt-get").chmod(0o755)
        self.runs = []
        self.env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "AT_WORK": str(self.at_work)}

    def start(self, *packages):
        # Whoever runs us may ignore one of the signals (nohup does), and a shell cannot change that.
        self.runs.append(subprocess.Popen(
            ["sh", "-euc", self.script, MARK, *map(str, self.guards), *packages],
            env=self.env, start_new_session=True, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: [signal.signal(how, signal.SIG_DFL) for how in SIGNALS]))
        return self.runs[-1]

    def end(self):
        """Nothing of it stays, or it would hold up the next one."""
        for run in self.runs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.wait(30)

    def cut_off(self, how):
        """As by a key, which all of its processes are told of; the exit status."""
        run = self.start("a-package")
        wait_for(self.at_work.exists, "apt-get")
        self.at_work.unlink()
        there = self.there()
        os.killpg(run.pid, how)
        status = run.wait(30)
        lock = os.open("/usr/sbin", os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)  # once the last of them is gone
        os.close(lock)
        return status, there

    def there(self):
        return [guard.exists() for guard in self.guards]


@pytest.fixture
def installation(tmp_path):
    one = Installation(tmp_path)
    yield one
    one.end()


@pytest.mark.parametrize("how", SIGNALS)
def test_interrupted_installation_leaves_nothing(how, installation):
    assert installation.cut_off(how) == (130, [True, True])
    assert installation.there() == [False, False]


def test_killed_installation_is_tidied_up_by_the_next_run(installation):
    assert installation.cut_off(signal.SIGKILL) == (-signal.SIGKILL, [True, True])
    assert installation.there() == [True, True]
    assert installation.start().wait(30) == 0
    assert installation.there() == [False, False]
    installation.cut_off(signal.SIGKILL)
    assert installation.cut_off(signal.SIGTERM) == (130, [True, True])
    assert installation.there() == [False, False]


def test_files_of_somebody_else_stay(installation):
    installation.guards[0].write_text("#!/bin/sh\nexit 101\n")
    installation.cut_off(signal.SIGINT)
    assert installation.start().wait(30) == 0
    assert installation.there() == [True, False]


# --- Settings. ---

WRONG = [("REFUND_TIERS", "24:100;12:50"), ("ROWLOCK_THREADS", "many"), ("REDIS_URL", "127.0.0.1"),
         ("ROWLOCK_LOG_LEVEL", "loud"), ("JWT_SECRET", "short"), ("ROWLOCK_NO_SUCH", "word")]


@pytest.mark.parametrize("name, value", WRONG)
def test_up_refuses_a_setting_that_is_wrong(name, value, stack):
    home = os.environ["ROWLOCK_DIR"]
    kept = [pathlib.Path(home, "conf", file) for file in ("local.conf", "stack.conf", "rowlock.conf")]
    before = [file.read_text(encoding="utf-8") for file in kept]
    workers = processes.workers()
    done = subprocess.run([STACK, "up", "--dir", home, "--set", f"{name}={value}", "--workers", "3"],
                          stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=300, check=False)
    assert done.returncode == 1 and name in done.stderr and value not in done.stderr, done
    assert [file.read_text(encoding="utf-8") for file in kept] == before
    assert processes.workers() == workers and stack.anyone().get("/health").status == 200


@pytest.mark.parametrize("name, value", WRONG)
def test_programs_do_not_begin_with_a_setting_that_is_wrong(name, value):
    env = processes.settings(**{name: value})
    for command in (("rowlockctl", "job", "archive", "--once"), ("rowlockctl", "config"),
                    ("rowlockd", "archive"), ("rowlockd", "relay")):
        done = subprocess.run(processes.program(*command), env=env, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 2 and name in done.stderr, (command, done)


# --- A check that was killed. ---

class Check:
    """
    A `./stack check` in a folder of its own, with one layer that takes long enough. Its inner stack
    is the build of the stack under test: moved there, so that nothing has to be built.
    """

    def __init__(self, folder):
        self.folder, self.running = folder, None
        self.inner = os.path.join(folder, "check")
        self._copy_build(self.inner)
        self._copy_build(folder)

    @staticmethod
    def _copy_build(folder):
        home = os.environ["ROWLOCK_DIR"]
        os.makedirs(os.path.join(folder, "conf"), exist_ok=True)
        os.chmod(folder, 0o755)
        pathlib.Path(folder, ".rowlock").touch()
        for part in ("src", "inst", "build"):
            shutil.copytree(os.path.join(home, part), os.path.join(folder, part), symlinks=True)
        for name in ("src.list", "src.names"):
            shutil.copy(os.path.join(home, "conf", name), os.path.join(folder, "conf", name))
        with open(os.path.join(home, "conf", "built"), encoding="utf-8") as file:
            built = file.read().replace(home + "/", folder + "/")
        for name in ("built", "building"):
            with open(os.path.join(folder, "conf", name), "w", encoding="utf-8") as file:
                file.write(built)

    def start(self):
        """Returns once the tests of its layer run against its inner stack."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("ROWLOCK_")}
        with open(os.path.join(self.folder, "check.log"), "wb") as log:
            self.running = subprocess.Popen([STACK, "check", "load", "--dir", self.folder], env=env, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        wait_for(self.tests, "the tests of the check", 240)
        assert len(self.processes()) > 10

    def kill(self, everything):
        """kill -9, of it alone or of all that a terminal would end with it."""
        for pid in self.tests():
            os.kill(pid, signal.SIGSTOP)  # or they would end by themselves once their stack is gone
        (os.killpg if everything else os.kill)(self.running.pid, signal.SIGKILL)
        self.running.wait(30)

    def tests(self):
        """The pids of pytest."""
        return [pid for pid, line in self.processes().items() if "-m pytest" in line]

    def processes(self):
        """What runs for it, or for its inner stack: command lines by pid."""
        marks = {f"STACK_CHECK={self.folder}".encode(), f"ROWLOCK_DIR={self.inner}".encode()}
        found = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/environ", "rb") as environ, open(f"/proc/{pid}/cmdline", "rb") as line:
                    if marks & set(environ.read().split(b"\0")):
                        found[int(pid)] = line.read().replace(b"\0", b" ").decode(errors="replace")
        return found

    def stack(self, *arguments):
        return subprocess.run([STACK, *arguments, "--dir", self.folder], stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=300, check=False)

    def end(self):
        if self.running and self.running.poll() is None:
            self.kill(everything=True)
        assert self.stack("down", "--purge").returncode == 0
        assert not self.processes() and not os.path.exists(self.folder)


@pytest.fixture
def check():
    one = Check(tempfile.mkdtemp(prefix="rowlock-check-", dir="/var/tmp"))
    yield one
    one.end()


def everything_of_the_stack_under_test():
    return {name: processes.Service(name).pid() for name in ("postgresql", "redis", "relay", "sweep", "api", "web")}


@pytest.mark.parametrize("command, everything", [("down", False), ("check", True), ("up", False)])
def test_what_a_killed_check_left_is_ended_by_the_next_command(command, everything, check, stack):
    ours, workers = everything_of_the_stack_under_test(), processes.workers()
    check.start()
    check.kill(everything)
    assert len(check.processes()) > 8  # so there is something to end
    more = {"down": (), "check": ("tree",), "up": ("--sanitize", "address", "--no-demo", "--port", "8790")}[command]
    done = check.stack(command, *more)
    assert "a check or bench was killed" in done.stdout, done
    assert not check.processes()
    assert command == "check" or done.returncode == 0, done
    assert (everything_of_the_stack_under_test(), processes.workers()) == (ours, workers)
    assert stack.anyone().get("/health").status == 200


def test_check_that_lives_is_left_alone(check):
    check.start()
    pids = {name: processes.Service(name, {"ROWLOCK_DIR": check.inner}).pid() for name in ("postgresql", "api", "web")}
    for command in (("check", "tree"), ("bench", "P-6"), ("down", "--purge")):
        refused = check.stack(*command)
        assert refused.returncode == 1 and f"pid {check.running.pid}" in refused.stderr, refused
    for command in (("up", "--sanitize", "address", "--no-demo", "--port", "8790"), ("down",)):
        done = check.stack(*command)
        assert done.returncode == 0 and "killed" not in done.stdout, done
    assert check.running.poll() is None
    assert pids == {name: processes.Service(name, {"ROWLOCK_DIR": check.inner}).pid() for name in pids}
