"""
The checker: runs `rowlockctl audit`, which reads the database and says in plain words which
invariant does not hold (rowlockctl(8); the rules are in src/store/audit_rules.def).
"""

import os
import re
import subprocess

# How a finding begins; the lines behind them are about everything that was read.
FINDING = re.compile(r"(I\d|R-\d+): ")
MOST = 100_000


def program(env=os.environ):
    """The rowlockctl of the stack under test, or else the one that is installed."""
    if "ROWLOCK_DIR" in env:
        return os.path.join(env["ROWLOCK_DIR"], "inst", "bin", "rowlockctl")
    return "rowlockctl"


def run(*args, acknowledged=None, **settings):
    """
    `rowlockctl audit` with these arguments, as a CompletedProcess.

    acknowledged  ids of bookings for its standard input; None: it has none
    settings      of the program, beside those of the stack
    """
    # It refuses names that it does not know, and tests have some of their own.
    env = {key: value for key, value in os.environ.items()
           if key == "ROWLOCK_CONFIG" or not key.startswith("ROWLOCK_")}
    if "ROWLOCK_DIR" in os.environ:
        env["ROWLOCK_CONFIG"] = os.path.join(os.environ["ROWLOCK_DIR"], "conf", "rowlock.conf")
    env.update(settings)
    return subprocess.run([program(), "audit", *map(str, args)], env=env, text=True, check=False,
                          input="".join(one + "\n" for one in acknowledged or ()),
                          capture_output=True, timeout=600)


def findings(event=None, acknowledged=(), **settings):
    """
    Everything that is wrong, as sentences; an empty list is a sound database.

    event         the number of an event, or None for all of them
    acknowledged  ids of bookings that were answered with 201
    """
    return audit(event, acknowledged, **settings)[0]


def audit(event=None, acknowledged=(), **settings):
    """The findings, and the last line: how much was read, and what came of it."""
    which = [] if event is None else ["--event", event]
    done = run(*which, "--limit", MOST, "-", acknowledged=acknowledged, **settings)
    lines = done.stdout.splitlines()
    found = [line for line in lines if FINDING.match(line)]
    assert done.returncode in (0, 1) and lines, f"the audit could not look: {done}"
    assert (done.returncode == 1) == bool(found), done
    return found, lines[-1]
