"""
Circles: the object files of a build, sorted topologically. An object file depends on the ones that
define the symbols which it does not define itself. nm tells both.
"""

import os
import subprocess

from includes import Rooms
from source import Finding


def _symbols(objects):
    """Per object file: the symbols that it defines for others, and those that it needs."""
    names = subprocess.run(["nm", "-A", "-g", *objects], check=True, text=True, capture_output=True).stdout
    defined, needed = {}, {}
    for line in names.splitlines():
        path, _, rest = line.partition(":")
        *_, kind, symbol = rest.split()
        if kind == "U":
            needed.setdefault(path, set()).add(symbol)
        elif symbol != "main":
            defined[symbol] = path
    return defined, needed


def uses(tree, build):
    """Pairs of sources, the first of which uses the second, each with one of the symbols."""
    objects = {}
    for file in tree.files:
        path = os.path.join(build, "src", os.path.splitext(file.path)[0] + ".o")
        if file.suffix == ".c" and os.path.exists(path):
            objects[path] = file.path
    if not objects:
        raise SystemExit(f"no object files of these sources in {build}")
    defined, needed = _symbols(sorted(objects))
    found = {}
    for path, symbols in needed.items():
        for symbol in sorted(symbols):
            other = defined.get(symbol, path)
            if other != path:
                found.setdefault((objects[path], objects[other]), symbol)
    return found


def _shortest_circle(start, edges):
    """The shortest way from a node back to itself, or None."""
    before, queue = {}, [start]
    for node in queue:
        for other in sorted(edges.get(node, ())):
            if other == start:
                way = [node]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1] + [start]
            if other not in before:
                before[other] = node
                queue.append(other)
    return None


def _sorted(edges):
    """The nodes that tsort cannot put into an order: those of circles, and no others."""
    left = {node: set(others) for node, others in edges.items()}
    for others in edges.values():
        for other in others:
            left.setdefault(other, set())
    while True:
        ends = {node for node, others in left.items() if not others}
        used = {other for others in left.values() for other in others}
        away = ends | (left.keys() - used)
        if not away:
            return left
        left = {node: others - away for node, others in left.items() if node not in away}


def _circles(edges):
    """A shortest circle through each node that is in one; each circle once."""
    seen, left = set(), _sorted(edges)
    for node in sorted(left):
        way = _shortest_circle(node, left)
        if way and not seen & set(way):
            seen |= set(way)
            yield way


def _edges(pairs):
    edges = {}
    for one, other in pairs:
        edges.setdefault(one, set()).add(other)
    return edges


def check(tree, rules, build):
    """Circles of files, circles of rooms, and uses of rooms that a room may not include."""
    rooms, used = Rooms(rules), uses(tree, build)
    for way in _circles(_edges(used)):
        steps = [f"{one} needs {used[one, other]} of {other}" for one, other in zip(way, way[1:])]
        yield Finding("circle-files", way[0], 0, "is in a circle: " + ", ".join(steps))
    folded = {}
    for (one, other), symbol in sorted(used.items()):
        pair = rooms.of(one) or os.path.dirname(one), rooms.of(other) or os.path.dirname(other)
        if pair[0] != pair[1]:
            folded.setdefault(pair, f"{one} needs {symbol} of {other}")
        header = os.path.splitext(other)[0] + ".h"  # rooms.txt may allow one header of another room
        if pair[0] in rooms.allowed and not rooms.may(pair[0], other) and not rooms.may(pair[0], header):
            yield Finding("uses", one, 0, f"needs {symbol} of {other}, but {pair[0]}/ may use "
                          + (" ".join(rooms.allowed[pair[0]]) or "nothing but its own files"))
    for way in _circles(_edges(folded)):
        steps = [folded[pair] for pair in zip(way, way[1:])]
        yield Finding("circle-rooms", way[0] + "/", 0, f"is in a circle ({' -> '.join(way)}): " + ", ".join(steps))
