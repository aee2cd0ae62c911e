#!/usr/bin/python3
"""Benchmarks of two builds that take turns on one stack: what `./stack bench --against REV` runs.

Each round installs the programs of one build, restarts the services that run them, measures, and
goes on with the other build. Database, settings, web server and machine are the same for both; what
counts is the ratio of their medians. Exit status: 0 none is slower than --most percent, 1 one is,
2 there was no way to measure.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

import bench
import bench_scene

import processes  # of tests/, where bench_scene has looked

SERVICES = ("relay", "reserve", "payments", "sweep", "api", "gateway", "sse")
HIGHER_IS_BETTER = ("P-1", "P-2", "P-3", "P-4", "P-5", "P-6", "P-9", "P-12")
UNJUDGED = ("rounds without exactly one 201",)


class Turn(bench.Bench):
    """One build's turn: there is no peer beside it."""

    def book_lean(self, events, seconds):
        return 1, 1.0, None


class Build:
    """A folder of programs."""

    def __init__(self, name, folder):
        self.name, self.folder = name, pathlib.Path(folder)
        self.values = {}  # what was measured: [value of each round]

    def put_on(self, installed):
        """Lets the running stack serve with these programs."""
        for service in reversed(SERVICES):
            stack("stop", service)
        for program in self.folder.iterdir():
            shutil.copy2(program, installed / program.name)
        for service in SERVICES:
            stack("start", service)
        # The pids of what runs are part of the environment that tests go by.
        os.environ.update(line.split("=", 1) for line in stack("env").splitlines())

    def measure(self, name, args, scene):
        measured, broken = bench.measure([name], args, scene, Turn)
        if broken:
            raise bench_scene.Broken(broken[0])
        for result in measured.results:
            if result["what"] not in UNJUDGED:
                self.values.setdefault((result["name"], result["what"]), []).append(result["ours"])


def stack(*words):
    ran = subprocess.run([processes.STACK, *words, "--dir", os.environ["ROWLOCK_DIR"]], text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if ran.returncode != 0:
        raise bench_scene.CannotRun(f"./stack {' '.join(words)}: {ran.stdout[-1000:]}{ran.stderr[-1000:]}")
    return ran.stdout


def compare(ours, other, most):
    """Prints a line for each figure; how many are worse by more than `most` percent."""
    worse = 0
    for (name, what), values in ours.values.items():
        before = other.values[name, what]
        a, b = statistics.median(values), statistics.median(before)
        ratio = a / b if b else 1.0
        loss = (1 - ratio if name in HIGHER_IS_BETTER and "ms" not in what else ratio - 1) * 100
        worse += loss > most
        print(f"{name:5} {what:45} {ours.name} {a:10,.2f}  {other.name} {b:10,.2f}  ratio {ratio:.3f}"
              f"{f'  WORSE by {loss:.1f} %' if loss > most else ''}")
        print(f"      {'rounds':45} {' '.join(f'{v:,.1f}' for v in values)} | {' '.join(f'{v:,.1f}' for v in before)}")
    return worse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", metavar="BIN", help="folder with the programs of the other build")
    parser.add_argument("names", nargs="*", metavar="P-N",
                        help=f"any of {', '.join(bench.NAMES)}; none: P-1 P-2 P-3 P-7")
    parser.add_argument("--other-name", default="before", help="what to call it (before)")
    parser.add_argument("--seconds", type=int, default=10, help="length of a measurement (10)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each build, their median counts (5)")
    parser.add_argument("--most", type=float, default=3.0, help="percent that a figure may be worse (3)")
    args = parser.parse_args()
    names = [name.upper() for name in args.names] or ["P-1", "P-2", "P-3", "P-7"]
    unknown = [name for name in names if name not in bench.NAMES]
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    turns = argparse.Namespace(seconds=args.seconds, rounds=1)
    installed = pathlib.Path(os.environ["ROWLOCK_DIR"]) / "inst" / "bin"
    kept = installed.with_name("bin.ours")
    shutil.copytree(installed, kept, dirs_exist_ok=True)
    ours, other = Build("now", kept), Build(args.other_name, args.other)
    try:
        scene = bench_scene.Scene()
        scene.settings()
        for name in names:
            for i in range(args.rounds):
                # The one that begins changes: neither always has the warmer caches.
                for build in (ours, other) if i % 2 == 0 else (other, ours):
                    bench.say(f"{name}, turn {i + 1} of {args.rounds}: {build.name}")
                    build.put_on(installed)
                    build.measure(name, turns, scene)
        print()
        return 1 if compare(ours, other, args.most) else 0
    except bench_scene.CannotRun as e:
        print(f"bench: {e}", file=sys.stderr)
        return 2
    except bench_scene.Broken as e:
        print(f"bench: BROKEN {e}", file=sys.stderr)
        return 1
    finally:
        ours.put_on(installed)
        shutil.rmtree(kept, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
