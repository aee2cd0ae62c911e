# shellcheck shell=bash
# ./stack bench: the benchmarks, on a stack of their own; against the peers, or against another commit.

# against REV: builds that commit below DIR, and prints the folder of its programs.
against() {
	local rev log dir
	rev=$(git -C "$ROOT" rev-parse --short --verify --quiet "$1^{commit}") || die "there is no commit $1 here"
	dir=$DIR/against/$rev log=$DIR/against/$rev.log
	[ ! -e "$dir/done" ] || { echo "$dir/inst/bin"; return; }
	step "building $rev" >&2
	rm -rf "$dir" && mkdir -p "$dir"/{src,build,inst} || die "cannot make $dir"
	{
		git -C "$ROOT" archive "$rev" | tar -xf - -C "$dir/src" &&
			(cd "$dir/src" && autoreconf -i) && cd "$dir/build" &&
			../src/configure --prefix="$dir/inst" && make -j"$(nproc)" && make install
	} >"$log" 2>&1 </dev/null || die_with_log "$log" "$rev could not be built"
	: >"$dir/done"
	echo "$dir/inst/bin"
}

command_bench() {
	local status name kafka=none rev='' other words=("$@")
	if [ "${1:-}" = --against ]; then
		[ $# -ge 2 ] || misuse "bench: --against takes a commit"
		rev=$2
		shift 2
	fi
	for name; do [ "${name^^}" != P-8 ] || kafka=real; done
	open_dir make
	own_inner bench ${words[@]+"${words[@]}"}
	down_at_exit
	# shellcheck disable=SC2086
	need $PACKAGES_UP $PACKAGES_BENCH
	[ -z "$rev" ] || other=$(against "$rev") || exit
	fresh bench
	up_in bench --sanitize none --httpd lighttpd --kafka "$kafka" || { down_in bench >/dev/null; exit 1; }
	if [ -n "$rev" ]; then
		in_env bench "$PYTHON" tests/load/bench_against.py --other-name "$rev" "$other" "$@"
		return
	fi
	in_env bench env BENCH_JSON="${BENCH_JSON:-$DIR/bench.json}" "$PYTHON" tests/load/bench.py "$@"
	status=$?
	say "results: ${BENCH_JSON:-$DIR/bench.json}"
	return "$status"
}
