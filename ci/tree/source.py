"""The sources as the checks see them: files, rooms, lines, functions; and the tables of rules."""

import os
import re

SUFFIXES = (".c", ".h", ".def")
DEFINITION = re.compile(r"^([a-z_][a-z_0-9]*)\(")


class Finding:
    """One place that breaks a rule."""

    def __init__(self, rule, path, line, text):
        self.rule, self.path, self.line, self.text = rule, path, line, text

    def __str__(self):
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.text} [{self.rule}]"


class Source:
    """A file below src/: its path from there, its text, its lines."""

    def __init__(self, src, path):
        self.path = path
        self.room = os.path.dirname(path)
        self.suffix = os.path.splitext(path)[1]
        with open(os.path.join(src, path), encoding="utf-8") as file:
            self.text = file.read()
        self.lines = self.text.splitlines()

    def code(self):
        """The text without what stands in comments and strings; lines stay where they are."""
        def blank(match):
            found = match[0]
            return "\n" * found.count("\n") if found.startswith("/") else '""'
        return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, self.text, flags=re.S)

    def functions(self):
        """Of each function: name, line, and how many lines from its name to its closing brace."""
        at = 0
        while at < len(self.lines):
            found = DEFINITION.match(self.lines[at])
            opens = at
            while found and opens < len(self.lines) and self.lines[opens] != "{":
                if self.lines[opens].endswith(";") or self.lines[opens] == "":
                    found = None
                opens += 1
            if found and opens < len(self.lines):
                closes = self.lines.index("}", opens)
                yield found[1], at + 1, closes - at + 1
                at = closes
            at += 1

    def comment_lines(self):
        """How many lines hold a comment alone, or a part of one."""
        count, inside = 0, False
        for line in (line.strip() for line in self.lines):
            if inside or line.startswith(("/*", "//")):
                count += 1
                inside = "*/" not in line and (inside or line.startswith("/*"))
        return count

    def asserts(self):
        return len(re.findall(r"\bassert\(", self.code()))


class Tree:
    """All sources below ROOT/src, sorted by path."""

    def __init__(self, root):
        self.root, self.src = root, os.path.join(root, "src")
        self.files = [Source(self.src, path) for path in sorted(self._paths())]

    def _paths(self):
        for folder, _, names in os.walk(self.src):
            for name in names:
                if name.endswith(SUFFIXES):
                    yield os.path.relpath(os.path.join(folder, name), self.src)

    def folders(self):
        """The files of each folder that holds some directly."""
        found = {}
        for file in self.files:
            found.setdefault(file.room, []).append(file)
        return found


def below(path, prefix):
    """Whether a path is a prefix, or in the folder that it names."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def table(path):
    """The lines `name: word word …` of a table: pairs of a name and its words, in their order."""
    rows = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = line.partition("#")[0].strip()
            if row:
                name, _, words = row.rpartition(":")
                rows.append((name.strip(), words.split()))
    return rows
