"""Which room may include which: the tables rooms.txt and headers.txt."""

import os
import re

from source import Finding, below, table

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Rooms:
    """The table of rooms; the rule of a file is that of the longest prefix of its path."""

    def __init__(self, rules):
        self.allowed = dict(table(os.path.join(rules, "rooms.txt")))

    def of(self, path):
        """The room of the table that a path belongs to, or None."""
        fitting = [room for room in self.allowed if below(path, room)]
        return max(fitting, key=len, default=None)

    def may(self, room, path):
        """Whether files of a room may use the file at this path."""
        words = self.allowed[room]
        if self.of(path) == room:
            return True
        if any(below(path, word[1:]) for word in words if word.startswith("!")):
            return False
        return any(word == "*" or below(path, word) for word in words)


def _ours(file, header, line, rooms, known):
    """What is wrong with an #include of a header of ours, or None."""
    room = rooms.of(file.path)
    if header not in known:
        return Finding("includes", file.path, line, f"includes {header}, which is not a file below src/")
    if header.endswith("_impl.h") and os.path.dirname(header) != file.room:
        return Finding("private", file.path, line,
                       f"includes {header}, which is private to {os.path.dirname(header)}/")
    if room and not rooms.may(room, header):
        allowed = " ".join(rooms.allowed[room]) or "nothing but its own files"
        return Finding("includes", file.path, line, f"includes {header}, but {room}/ may include {allowed}")
    return None


def _library(file, header, line, owners):
    """What is wrong with an #include of a library's header, or None."""
    for name, prefixes in owners:
        if header == name or name.endswith("/") and header.startswith(name):
            if not any(below(file.path, prefix) for prefix in prefixes):
                return Finding("libraries", file.path, line,
                               f"includes <{header}>, which only {' '.join(prefixes)} may include")
    return None


def check(tree, rules):
    """Every #include line below src/ against the two tables."""
    rooms, owners = Rooms(rules), table(os.path.join(rules, "headers.txt"))
    known = {file.path for file in tree.files}
    for file in tree.files:
        if rooms.of(file.path) is None:
            yield Finding("includes", file.path, 0, "is in no room of the table rooms.txt")
        for line, text in enumerate(file.lines, 1):
            found = INCLUDE.match(text)
            if not found:
                continue
            bad = _ours(file, found[2], line, rooms, known) if found[1] == '"' else \
                _library(file, found[2], line, owners)
            if bad:
                yield bad
