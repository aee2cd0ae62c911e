"""What ./stack leaves behind when it is cut off, and what it and our programs refuse."""

import contextlib
import fcntl
import os
import re
import signal
import subprocess

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
    kept = [os.path.join(home, "conf", file) for file in ("local.conf", "stack.conf", "rowlock.conf")]
    before = [open(file, encoding="utf-8").read() for file in kept]
    workers = processes.workers()
    done = subprocess.run([STACK, "up", "--dir", home, "--set", f"{name}={value}", "--workers", "3"],
                          stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=300, check=False)
    assert done.returncode == 1 and name in done.stderr and value not in done.stderr, done
    assert [open(file, encoding="utf-8").read() for file in kept] == before
    assert processes.workers() == workers and stack.anyone().get("/health").status == 200


@pytest.mark.parametrize("name, value", WRONG)
def test_programs_do_not_begin_with_a_setting_that_is_wrong(name, value):
    env = processes.settings(**{name: value})
    for command in (("rowlockctl", "job", "archive", "--once"), ("rowlockctl", "config"),
                    ("rowlockd", "archive"), ("rowlockd", "relay")):
        done = subprocess.run(processes.program(*command), env=env, stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 2 and name in done.stderr, (command, done)
