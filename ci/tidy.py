#!/usr/bin/env python3
"""
clang-tidy over C files, as many at once as there are processors. A file that was clean is not read
again until its text, that of a header of ours which it includes, the flags or the checks change: the
folder of --clean holds an empty file for each text that was clean.
"""

import argparse
import concurrent.futures
import hashlib
import os
import re
import shlex
import subprocess
import sys

TIDY = "clang-tidy-14"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def headers(path, folders, seen):
    """Adds the headers of ours that a file includes, and those that these include."""
    for name in INCLUDE.findall(read(path).decode("utf-8", "replace")):
        for folder in (os.path.dirname(path), *folders):
            header = os.path.normpath(os.path.join(folder, name))
            if os.path.exists(header):
                if header not in seen:
                    seen.add(header)
                    headers(header, folders, seen)
                break


def key(path, flags, common):
    """A name for all that decides what clang-tidy says of a file."""
    seen = set()
    headers(path, [flag[2:] for flag in flags if flag.startswith("-I") and os.path.isdir(flag[2:])
                   and not os.path.isabs(flag[2:])], seen)
    digest = hashlib.sha256(common)
    for one in [path, *sorted(seen)]:
        digest.update(one.encode() + b"\0" + hashlib.sha256(read(one)).digest())
    return digest.hexdigest()


def tidy(path, flags):
    """What clang-tidy finds; nothing when the file is clean."""
    done = subprocess.run([TIDY, "--quiet", path, "--", *flags], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, check=False)
    if done.returncode and not done.stdout:
        return done.stderr
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description="Runs clang-tidy over what changed.")
    parser.add_argument("--clean", required=True, metavar="FOLDER", help="remembers here what was clean")
    parser.add_argument("--flags", required=True, help="the flags of the compiler")
    parser.add_argument("files", nargs="+")
    asked = parser.parse_args()
    flags = shlex.split(asked.flags, posix=False)
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
    common = version + read(".clang-tidy") + asked.flags.encode()
    folder = os.path.join(asked.clean, "tidy")
    os.makedirs(folder, exist_ok=True)
    keys = {path: key(path, flags, common) for path in asked.files}
    clean = set(os.listdir(folder))
    for old in clean - set(keys.values()):
        os.unlink(os.path.join(folder, old))
    work = [path for path in asked.files if keys[path] not in clean]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, found in zip(work, pool.map(lambda path: tidy(path, flags), work)):
            if found:
                bad += 1
                print(found, end="", flush=True)
            else:
                open(os.path.join(folder, keys[path]), "w").close()
    print(f"{len(work)} of {len(keys)} files read, {bad} with findings")
    return 1 if bad else 0


sys.exit(main())
