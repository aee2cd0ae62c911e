"""Names that stand for one thing only: structs, unions and enums, and what only.txt lists."""

import os
import re

from source import Finding, below, table

TAG = re.compile(r"\b(?:struct|union|enum)\s+([A-Za-z_]\w*)\s*\{")


def check_tags(tree, _rules):
    """Two definitions of one name anywhere, also in two .c files that never meet."""
    first = {}
    for file in tree.files:
        for line, text in enumerate(file.code().split("\n"), 1):
            for name in TAG.findall(text):
                if name in first:
                    yield Finding("tags", file.path, line, f"defines {name} a second time, after {first[name]}")
                first.setdefault(name, f"{file.path}:{line}")


def check_only(tree, rules):
    """Identifiers that only some files may name."""
    for expression, prefixes in table(os.path.join(rules, "only.txt")):
        name = re.compile(rf"\b(?:{expression})\b")
        for file in tree.files:
            if any(below(file.path, prefix) for prefix in prefixes):
                continue
            for line, text in enumerate(file.code().split("\n"), 1):
                found = name.search(text)
                if found:
                    yield Finding("only", file.path, line,
                                  f"names {found[0]}, which only {' '.join(prefixes)} may name")
