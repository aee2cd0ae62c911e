# shellcheck shell=bash
# ./stack lint: what reads the sources and runs nothing of them. Quick enough for each commit: what was
# clean is not read again by clang-tidy, the only slow one, until it or a header of it changes.
#
# A tool is a function lint_NAME, which prints what it finds and fails when it finds something.
LINTS=(format tidy shell man python spelling tree)
RUFF_VERSION=0.17.6

lint_format() { sources_of c h | xargs -0 clang-format-14 --dry-run -Werror; }

# The flags that the build gives as well, because there may be no build yet.
lint_tidy() {
	local packages flags
	packages=$(sed -n 's/^PKG_CHECK_MODULES(\[[A-Z]*\], \[\([^] ]*\).*/\1/p' configure.ac)
	# shellcheck disable=SC2086
	read -ra flags < <(pkg-config --cflags $packages) || return
	sources_of c | xargs -0 "$PYTHON" ci/tidy.py --clean "$DIR/lint" --flags "-std=gnu11 -D_GNU_SOURCE -Isrc \
		-DROWLOCK_DEFAULT_SQL_DIR=\"sql\" -DROWLOCK_DEFAULT_CONFIG=\"conf\" ${flags[*]}" --
}

lint_shell() { shellcheck -x -a stack .ci/run; }

lint_man() {
	local found
	found=$(mandoc -T lint -W warning man/*) || true
	[ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

# From PyPI, as Debian has no ruff: into a virtual environment below DIR, once.
lint_python() {
	local env=$DIR/lint/ruff-$RUFF_VERSION log=$DIR/lint/ruff.log
	if [ ! -d "$env" ]; then
		rm -rf "$env.new"
		if ! { "$PYTHON" -m venv "$env.new" && "$env.new/bin/python" -m pip install -q "ruff==$RUFF_VERSION"; } \
			>"$log" 2>&1 </dev/null; then
			say "  skipped: ruff $RUFF_VERSION cannot be had here, because"
			tail -n 3 "$log" | sed 's/^/  | /'
			return 0
		fi
		mv "$env.new" "$env"
	fi
	"$env/bin/python" -m ruff check -q --no-cache tests ci/tree/check ci
}

# The corpus is random bytes.
lint_spelling() {
	source_list | cut -f1 | grep -v '^tests/fuzz/corpus/' | tr '\n' '\0' | xargs -0 codespell
}

lint_tree() { ci/tree/check; }

# sources_of SUFFIX…: the C files, ended by zeros.
sources_of() {
	local suffix names=()
	for suffix; do names+=(${names[0]+-o} -name "*.$suffix"); done
	find src tests -type f \( "${names[@]}" \) -print0 | sort -z
}

# run_lint NAME: counts it as one test.
run_lint() {
	local started=$SECONDS log=$DIR/lint/$1.log
	if (cd "$ROOT" && "lint_$1") >"$log" 2>&1 </dev/null; then
		count 1 0
		sed 's/^/  /' "$log"
		printf '  %-10s clean (%d s)\n' "$1" $((SECONDS - started))
	else
		count 0 1
		sed 's/^/  | /' "$log"
		printf '  FAILED: %s (%d s)\n' "$1" $((SECONDS - started))
	fi
}

command_lint() {
	local name
	for name; do one_of lint "$name" "${LINTS[@]}"; done
	[ $# -gt 0 ] || set -- "${LINTS[@]}"
	open_dir make
	# shellcheck disable=SC2046
	need $(packages_of lint)
	mkdir -p "$DIR/lint" || die "cannot write to $DIR"
	for name; do run_lint "$name"; done
	say "$PASSED passed, $FAILED failed"
	[ "$FAILED" = 0 ]
}
