"""How large things may be, and what must stand at their beginning."""

import os

from source import Finding

MODULES_MOST = 20  # a .c with its .h, directly in one folder
ROOM_LINES_MOST = 4000
LARGE_ROOMS = ("base", "store")  # these two may be larger
FILE_LINES_MOST = 500
HEADER_LINES_MOST = 120
FUNCTION_LINES_MOST = 70
COLUMNS_MOST = 100
TAB_COLUMNS = 8
README_LINES = range(10, 61)


def check_rooms(tree, _rules):
    """Folders: how much they hold."""
    for room, files in tree.folders().items():
        modules = {os.path.splitext(file.path)[0] for file in files if file.suffix != ".def"}
        lines = sum(len(file.lines) for file in files)
        if room in LARGE_ROOMS:
            continue
        if len(modules) > MODULES_MOST:
            yield Finding("room-size", room + "/", 0, f"holds {len(modules)} modules, at most {MODULES_MOST}")
        if lines > ROOM_LINES_MOST:
            yield Finding("room-size", room + "/", 0, f"holds {lines} lines, at most {ROOM_LINES_MOST}")


def check_readmes(tree, _rules):
    """Each folder says what lives in it."""
    for room in tree.folders():
        paths = [os.path.join(tree.src, room, name) for name in ("README", "README.md")]
        found = [path for path in paths if os.path.exists(path)]
        if not found:
            yield Finding("readme", room + "/", 0, "has no README")
            continue
        with open(found[0], encoding="utf-8") as file:
            lines = len(file.readlines())
        if lines not in README_LINES:
            yield Finding("readme", room + "/", 0, f"has a README of {lines} lines, not "
                          f"{README_LINES[0]} to {README_LINES[-1]}")


def check_files(tree, _rules):
    """Files, their functions and their lines."""
    for file in tree.files:
        most = HEADER_LINES_MOST if file.suffix == ".h" else FILE_LINES_MOST
        if file.suffix != ".def" and len(file.lines) > most:
            rule = "header-size" if file.suffix == ".h" else "file-size"
            yield Finding(rule, file.path, 0, f"has {len(file.lines)} lines, at most {most}")
        for name, line, length in file.functions():
            if length > FUNCTION_LINES_MOST:
                yield Finding("function-size", file.path, line,
                              f"{name} has {length} lines, at most {FUNCTION_LINES_MOST}")
        for line, text in enumerate(file.lines, 1):
            columns = len(text.expandtabs(TAB_COLUMNS))
            if columns > COLUMNS_MOST:
                yield Finding("columns", file.path, line, f"has {columns} columns, at most {COLUMNS_MOST}")


def check_openings(tree, _rules):
    """Each .c file says what it is for before its first #include."""
    for file in tree.files:
        if file.suffix == ".c" and not file.text.lstrip().startswith("/*"):
            yield Finding("opening", file.path, 1, "does not open with a comment that says what it is for")
