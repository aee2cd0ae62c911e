# shellcheck shell=bash
# ./stack bench: the benchmarks, on a stack of their own.

command_bench() {
	local status name kafka=none
	for name; do [ "${name^^}" != P-8 ] || kafka=real; done
	open_dir make
	own_inner bench "$@"
	down_at_exit
	# shellcheck disable=SC2086
	need $PACKAGES_UP $PACKAGES_BENCH
	fresh bench
	up_in bench --sanitize none --httpd lighttpd --kafka "$kafka" || { down_in bench >/dev/null; exit 1; }
	in_env bench env BENCH_JSON="${BENCH_JSON:-$DIR/bench.json}" "$PYTHON" tests/load/bench.py "$@"
	status=$?
	say "results: ${BENCH_JSON:-$DIR/bench.json}"
	return "$status"
}
