"""Figures of the whole: how long functions are, how much is comment, how much is asserted."""

import statistics

from source import Finding

MEDIAN_LINES_MOST = 12
P90_LINES_MOST = 40
COMMENT_PERCENT = (12, 18)  # of the lines that are not blank
ASSERTS_LEAST = 0.5  # a function
ASSERTING = ("core", "store", "http")  # where that many are asked for


class Figures:
    """Of some files together."""

    def __init__(self, files):
        lengths = sorted(length for file in files for _, _, length in file.functions())
        self.lines = sum(len(file.lines) for file in files)
        self.functions = len(lengths)
        self.median = statistics.median(lengths or [0])
        self.p90 = lengths[int(len(lengths) * 0.9)] if lengths else 0
        self.longest = lengths[-1] if lengths else 0
        filled = sum(1 for file in files for line in file.lines if line.strip())
        self.comments = 100 * sum(file.comment_lines() for file in files) / max(1, filled)
        self.asserts = sum(file.asserts() for file in files) / max(1, self.functions)

    def __str__(self):
        return (f"{self.lines:7} {self.functions:7} {self.median:7g} {self.p90:5} {self.longest:5} "
                f"{self.comments:9.1f} {self.asserts:9.2f}")


def _top(path):
    return path.split("/")[0]


def show(tree):
    """A line a room, one a folder with rooms, and one for the whole."""
    print("room                 lines functs  median   p90   max  comment%  asserts/f")
    for room, files in sorted(tree.folders().items()):
        print(f"{room:18} {Figures(files)}")
    for top in sorted({_top(file.path) for file in tree.files if "/" in file.room}):
        print(f"{top + '/*':18} {Figures([file for file in tree.files if _top(file.path) == top])}")
    print(f"{'all':18} {Figures(tree.files)}")


def check(tree, _rules):
    """The limits of the whole."""
    whole = Figures(tree.files)
    if whole.median > MEDIAN_LINES_MOST:
        yield Finding("median", "src/", 0, f"a median function has {whole.median:g} lines, "
                      f"at most {MEDIAN_LINES_MOST}")
    if whole.p90 > P90_LINES_MOST:
        yield Finding("median", "src/", 0, f"nine of ten functions have up to {whole.p90} lines, "
                      f"at most {P90_LINES_MOST}")
    least, most = COMMENT_PERCENT
    if not least <= whole.comments <= most:
        yield Finding("comments", "src/", 0, f"{whole.comments:.1f} % of the lines are comments, "
                      f"not {least} to {most}")
    for top in ASSERTING:
        figures = Figures([file for file in tree.files if _top(file.path) == top])
        if figures.functions and figures.asserts < ASSERTS_LEAST:
            yield Finding("asserts", top + "/", 0, f"has {figures.asserts:.2f} asserts a function, "
                          f"at least {ASSERTS_LEAST}")
