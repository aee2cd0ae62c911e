"""
The checks of the source tree, on a small tree of their own: it passes, and each fault that is planted
in it is found. They need no stack:

    /usr/bin/python3 -m pytest --confcutdir=tests/tree tests/tree
"""

import os
import re
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHECK = os.path.join(ROOT, "ci", "tree", "check")
README = "A room.\n" * 12
ROOMS = ("base", "store", "http", "core/booking", "core/event", "core/journal", "api", "api/v1", "bin")
MODULE = '''/* {name}.c: a module of the tree that is checked. */
#include "{room}/{name}.h"

#include <assert.h>

int
{name}_of(int one)
{{
	assert(one > 0);
	return one + 1;
}}
'''
HEADER = '''/* One number more. */
int {name}_of(int one);

struct {name} {{
	int one;
}};
'''


class Tree:
    """A source tree in a folder of the test's, and what the checks say of it."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "rules").mkdir()
        for table in ("rooms.txt", "headers.txt", "only.txt"):
            shutil.copy(os.path.join(os.path.dirname(CHECK), table), folder / "rules")
        self.switch_off()
        for room in ROOMS:
            name = room.replace("/", "_")
            self.put(f"{room}/{name}.c", MODULE.format(room=room, name=name))
            self.put(f"{room}/{name}.h", HEADER.format(name=name))
            self.put(f"{room}/README", README)

    def put(self, path, text):
        file = self.folder / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def add(self, path, text):
        file = self.folder / "src" / path
        self.put(path, file.read_text() + text)

    def remove(self, path):
        (self.folder / "src" / path).unlink()

    def switch_off(self, *lines):
        (self.folder / "rules" / "off.txt").write_text("".join(line + "\n" for line in lines))

    def check(self, *options):
        """The exit status, and what was said."""
        done = subprocess.run([CHECK, "--root", self.folder, "--rules", self.folder / "rules", *options],
                              stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=60, check=False)
        assert not done.stderr, done.stderr
        return done.returncode, done.stdout

    def passes(self, *options):
        """Asserts that no rule is broken which is not switched off."""
        status, said = self.check(*options)
        assert status == 0 and all(line.startswith("off: ") for line in said.splitlines()), said

    def breaks(self, rule, *words, options=()):
        """Asserts that this rule, and no other one, is said to be broken, with these words."""
        status, said = self.check(*options)
        assert status == 1 and set(re.findall(r"\[([a-z-]+)\]$", said, re.M)) == {rule}, said
        for word in words:
            assert word in said, said

    def build(self):
        """Compiles every .c file; where the object files are."""
        for source in sorted((self.folder / "src").rglob("*.c")):
            target = self.folder / "build" / source.relative_to(self.folder).with_suffix(".o")
            target.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["gcc", "-c", "-I", self.folder / "src", "-o", target, source], check=True,
                           stdin=subprocess.DEVNULL, timeout=60)
        return self.folder / "build"


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_good_tree_passes(tree):
    assert tree.check() == (0, "")
    assert tree.check("--objects", tree.build()) == (0, "")


# --- Includes. ---

@pytest.mark.parametrize("room, header", [
    ("base", "store/store.h"), ("store", "core/booking/core_booking.h"), ("http", "api/api.h"),
    ("core/booking", "http/http.h"), ("core/booking", "core/event/core_event.h"), ("api/v1", "api/api.h"),
    ("api", "bin/bin.h"), ("api/v1", "store/store.h")])
def test_header_of_a_room_that_is_not_below(room, header, tree):
    name = room.replace("/", "_")
    tree.add(f"{room}/{name}.c", f'#include "{header}"\n')
    tree.breaks("includes", f"src/{room}/{name}.c:12: includes {header}, but {room}/ may include ")


@pytest.mark.parametrize("room, header", [
    ("core/event", "core/booking/core_booking.h"), ("api/v1", "core/event/core_event.h"),
    ("bin", "api/v1/api_v1.h"), ("core/booking", "store/store.h")])
def test_header_of_a_room_that_is_below(room, header, tree):
    tree.add(f"{room}/{room.replace('/', '_')}.c", f'#include "{header}"\n')
    tree.passes()


def test_longest_prefix_decides(tree):
    """api may include all of core; the more precise line of a room inside api is the one that counts."""
    tree.put("api/v1/api_v1.c", MODULE.format(room="api/v1", name="api_v1") + '#include "core/event/core_event.h"\n')
    tree.passes()
    rooms = tree.folder / "rules" / "rooms.txt"
    rooms.write_text(re.sub(r"^api/v1: .*", "api/v1: base", rooms.read_text(), flags=re.M))
    tree.breaks("includes", "api/v1/ may include base")


def test_room_that_is_in_no_table(tree):
    tree.put("attic/README", README)
    tree.put("attic/old.h", "/* Nothing. */\n")
    tree.breaks("includes", "src/attic/old.h: is in no room")


def test_header_that_does_not_exist(tree):
    tree.add("base/base.c", '#include "base/gone.h"\n')
    tree.breaks("includes", "base/gone.h, which is not a file")


@pytest.mark.parametrize("header", ["libpq-fe.h", "fcgiapp.h", "hiredis/hiredis.h", "librdkafka/rdkafka.h", "jwt.h",
                                    "curl/curl.h", "qrencode.h", "png.h", "event2/event.h"])
def test_header_of_a_library_that_belongs_to_another_room(header, tree):
    tree.add("core/booking/core_booking.c", f"#include <{header}>\n")
    tree.breaks("libraries", f"includes <{header}>, which only")


def test_header_of_a_library_in_its_room(tree):
    tree.add("store/store.c", "#include <libpq-fe.h>\n")
    tree.passes()


def test_private_header(tree):
    tree.put("core/booking/booking_impl.h", "/* Private. */\n")
    tree.add("core/booking/core_booking.c", '#include "core/booking/booking_impl.h"\n')
    tree.passes()
    tree.add("core/event/core_event.c", '#include "core/booking/booking_impl.h"\n')
    tree.breaks("private", "src/core/event/core_event.c:12", "private to core/booking/")


# --- Circles. ---

def calls(name):
    return f"int {name}(int one);\n\nint\ncalls_{name}(int one)\n{{\n\treturn {name}(one);\n}}\n"


def test_circle_of_files(tree):
    tree.put("base/second.c", "/* Calls back. */\n" + calls("base_of").replace("calls_base_of", "second"))
    tree.add("base/base.c", calls("second"))
    tree.breaks("circle-files", "base/base.c needs second of base/second.c, base/second.c needs base_of of base/base.c",
                options=("--objects", tree.build()))


def test_circle_of_rooms(tree):
    """Four files that are in no circle, in two rooms that are: api and api/v1."""
    tree.put("api/second.c", "/* Is called. */\nint\nsecond(int one)\n{\n\treturn one;\n}\n")
    tree.add("api/v1/api_v1.c", calls("second"))
    tree.add("api/api.c", calls("api_v1_of"))
    rooms = tree.folder / "rules" / "rooms.txt"
    rooms.write_text(re.sub(r"^api/v1: ", "api/v1: api/second.c ", rooms.read_text(), flags=re.M))
    rooms.write_text(re.sub(r"^api: ", "api: api/v1 ", rooms.read_text(), flags=re.M))
    tree.breaks("circle-rooms", "api -> api/v1 -> api", "api/api.c needs api_v1_of of api/v1/api_v1.c",
                options=("--objects", tree.build()))


def test_call_of_a_room_without_its_header(tree):
    tree.add("base/base.c", calls("store_of"))
    tree.breaks("uses", "src/base/base.c: needs store_of of store/store.c", options=("--objects", tree.build()))


def test_call_of_a_room_whose_header_is_allowed(tree):
    """The table may name one header of a room: then what that header declares may be called."""
    tree.add("base/base.c", calls("store_of"))
    rooms = tree.folder / "rules" / "rooms.txt"
    rooms.write_text(re.sub(r"^base:", "base: store/store.h", rooms.read_text(), flags=re.M))
    tree.passes("--objects", tree.build())


def test_object_file_of_a_source_that_is_gone(tree):
    tree.put("base/second.c", "/* Calls back. */\n" + calls("base_of").replace("calls_base_of", "second"))
    tree.add("base/base.c", calls("second"))
    build = tree.build()
    tree.remove("base/second.c")
    tree.passes("--objects", build)


# --- Names. ---

@pytest.mark.parametrize("kind", ["struct", "union", "enum"])
def test_two_definitions_of_one_name(kind, tree):
    tree.add("base/base.c", f"\n/* Private. */\n{kind} core_event {{ ONE }};\n")
    tree.breaks("tags", "core_event a second time")


def test_definition_in_a_comment_is_none(tree):
    tree.add("base/base.c", "/* struct core_event { is elsewhere. */\n")
    tree.passes()


def test_name_that_others_may_not_use(tree):
    tree.put("store/journal_rows.c", "/* Rows. */\nint row = STMT_INSERT_JOURNAL;\n")
    tree.add("base/base.c", "/* Not STMT_INSERT_JOURNAL. */\n")
    tree.passes()
    tree.add("core/event/core_event.c", "int row = STMT_INSERT_JOURNAL;\n")
    tree.breaks("only", "src/core/event/core_event.c:12: names STMT_INSERT_JOURNAL, which only store")


# --- Sizes. ---

def function(name, lines):
    """A function of so many lines, the first and the last one included; half of them assert."""
    body = "".join("\tassert(one);\n" for _ in range(lines - 3))
    return f"{name}(int one)\n{{\n{body}}}\n"


def test_folder_of_too_many_modules(tree):
    tree.switch_off("comments")
    for i in range(19):
        tree.put(f"core/event/event_{i}.h", "/* Nothing. */\n")
    tree.passes()
    tree.put("core/event/event_19.h", "/* Nothing. */\n")
    tree.breaks("room-size", "src/core/event/: holds 21 modules")


def test_folder_of_too_many_lines(tree):
    tree.switch_off("comments")
    for i in range(9):
        tree.put(f"core/event/event_{i}.c", "/* Nothing. */\n" + "\n" * 470)
        tree.put(f"store/event_{i}.c", "/* Nothing. */\n" + "\n" * 470)
    tree.breaks("room-size", "src/core/event/: holds 42")


def test_folder_without_readme(tree):
    tree.remove("core/event/README")
    tree.breaks("readme", "src/core/event/: has no README")


@pytest.mark.parametrize("lines", [9, 61])
def test_readme_of_the_wrong_length(lines, tree):
    tree.put("core/event/README", "A line.\n" * lines)
    tree.breaks("readme", f"has a README of {lines} lines")


@pytest.mark.parametrize("path, most, rule", [("core/event/event.c", 500, "file-size"),
                                              ("core/event/event.h", 120, "header-size")])
def test_file_that_is_too_long(path, most, rule, tree):
    tree.put(path, "/* Nothing. */\n" + "\n" * (most - 1))
    tree.passes()
    tree.add(path, "\n")
    tree.breaks(rule, f"src/{path}: has {most + 1} lines")


def test_function_that_is_too_long(tree):
    tree.switch_off("median")
    text = "/* One function. */\n" * 12
    tree.put("base/long.c", text + "int\n" + function("long", 70))
    tree.passes()
    tree.put("base/long.c", text + "int\n" + function("long", 71))
    tree.breaks("function-size", "src/base/long.c:14: long has 71 lines")


def test_line_that_is_too_long(tree):
    tree.add("base/base.c", "int\tx" + "x" * 90 + ";\n")
    tree.passes()
    tree.add("base/base.c", "int\ty" + "y" * 91 + ";\n")
    tree.breaks("columns", "src/base/base.c:13: has 101 columns")


def test_file_that_does_not_say_what_it_is_for(tree):
    text = (tree.folder / "src" / "base" / "base.c").read_text()
    tree.put("base/base.c", text.partition("\n")[2])
    tree.breaks("opening", "src/base/base.c:1:")


# --- Figures. ---

@pytest.mark.parametrize("count, lines, word", [(20, 13, "a median function has 13 lines"),
                                                (2, 41, "nine of ten functions have up to 41 lines")])
def test_functions_that_are_long_on_the_whole(count, lines, word, tree):
    tree.put("base/long.c", "/* Long ones. */\n" * (count * lines // 6)
             + "".join("int\n" + function(f"long_{i}", lines) for i in range(count)))
    tree.breaks("median", word)


@pytest.mark.parametrize("lines", ["/* A comment. */\n" * 20, "extern int x;\n" * 100])
def test_too_much_or_too_little_comment(lines, tree):
    tree.add("base/base.c", lines)
    tree.breaks("comments", " % of the lines are comments")


@pytest.mark.parametrize("room", ["store", "http", "core/event"])
def test_too_few_asserts(room, tree):
    name = room.replace("/", "_")
    tree.add(f"{room}/{name}.c", "".join(
        f"/* Nothing. */\nint\nnothing_{i}(void)\n{{\n\treturn 0;\n}}\n" for i in range(6)))
    tree.breaks("asserts", f"src/{room.split('/')[0]}/: has 0.")


def test_figures_are_printed(tree):
    status, said = tree.check("--figures")
    assert status == 0 and re.search(r"^base +17 +1 +5 +5 +5 +14\.3 +1\.00$", said, re.M), said


# --- Rules that are off. ---

def test_rule_that_is_off(tree):
    tree.add("base/base.c", '#include "store/store.h"\n')
    tree.switch_off("includes base")
    assert tree.check() == (0, "off: includes base: 1 places\n")
    status, said = tree.check("--all")
    assert status == 0 and "src/base/base.c:12: includes store/store.h" in said
    tree.switch_off("includes http")
    tree.breaks("includes", "off: includes http: finds nothing any more")
