# shellcheck shell=bash
# The layers of ./stack check. A layer is a function layer_NAME. It adds to PASSED and FAILED, and has
# a stack or a build of its own in a folder under DIR, which it takes down again.

# The rules of the source tree, and the tests of these checks.
layer_tree() {
	"$ROOT/ci/tree/check" && count 1 0 || failed "the source tree breaks a rule of ci/tree"
	local junit=$DIR/junit-tree.xml
	rm -f "$junit"
	(cd "$ROOT" && PYTHONDONTWRITEBYTECODE=1 "${PYTEST[@]}" --junitxml="$junit" --confcutdir=tests/tree \
		tests/tree </dev/null)
	count_pytest $? "$junit"
}

# The tree has a layer of its own.
layer_lint() {
	local name
	mkdir -p "$DIR/lint"
	for name in "${LINTS[@]}"; do
		[ "$name" = tree ] || run_lint "$name"
	done
}

layer_unit() {
	build_in check address || { failed "the build"; return; }
	"$ROOT/ci/tree/check" --objects "$(inner check)/build" && count 1 0 ||
		failed "object files are in a circle, or use what they may not"
	programs_in check
}
layer_db() { black_box check db --sanitize address --httpd lighttpd; }
layer_api() { black_box check api --sanitize address --httpd lighttpd; }
# What is not about HTTP was seen behind lighttpd.
layer_apache() {
	PYTEST_ADDOPTS="--ignore=$ROOT/tests/api/test_archive.py" \
		black_box check api --sanitize address --httpd apache
}
layer_browser() { black_box check browser --sanitize address --httpd lighttpd; }
layer_load() { black_box check load --sanitize address --httpd lighttpd; }

# layer_messages [STACK]
layer_messages() {
	local name=${1:-check}
	ROWLOCK_MESSAGES_KILLS=2 black_box "$name" messages --sanitize address --httpd lighttpd --kafka mock
	if real_kafka; then
		ROWLOCK_MESSAGES_KILLS=2 ROWLOCK_MESSAGES_BRIEF=1 black_box "$name" messages --sanitize address --httpd lighttpd --kafka real
	fi
}

# Whether a real broker can be had: needs Java, and Maven Central once. Says why not.
real_kafka() {
	local why=$DIR/kafka-none.log
	# shellcheck disable=SC2046
	(KAFKA=real && need $(kafka_packages) && fetch_kafka) 2>"$why" && return
	say "  skipped: the same against a real broker, which cannot be had here, because"
	sed 's/^/  | /' "$why"
	return 1
}

layer_fault() { black_box check fault --sanitize address --httpd lighttpd; }

layer_tsan() {
	build_in tsan thread || { failed "the build"; return; }
	local WRAP=(setarch -R)
	programs_in tsan
	black_box tsan load --sanitize thread --httpd lighttpd
}

layer_valgrind() {
	build_in plain none || { failed "the build"; return; }
	programs_in plain LOG_COMPILER=valgrind \
		AM_LOG_FLAGS='-q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite'
	# More than 10,000 requests to one worker.
	PYTEST_ADDOPTS="--ignore=$ROOT/tests/load/test_races.py --ignore=$ROOT/tests/load/test_audit_load.py" \
		ROWLOCK_LOAD_ROUNDS=10 black_box plain load --sanitize valgrind --httpd lighttpd
}

layer_distcheck() {
	build_in plain none || { failed "the build"; return; }
	local log
	log=$(inner plain)/check.log
	if make -C "$(inner plain)/build" distcheck >"$log" 2>&1 </dev/null; then count 1 0; else failed "make distcheck" "$log"; fi
}

# Runs one fuzz target of DIR, from its own corpus and the one in the tree; what came of it is in
# DIR/NAME.log and DIR/NAME.status.
fuzz_one() {
	local dir=$1 name=$2 seeds=$ROOT/tests/fuzz/corpus/${2#fuzz_}
	mkdir -p "$dir/corpus/$name" "$dir/found"
	[ -d "$seeds" ] || seeds=
	"$dir/build/tests/fuzz/$name" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$dir/found/$name-" "$dir/corpus/$name" ${seeds:+"$seeds"} \
		>"$dir/$name.log" 2>&1 </dev/null
	echo $? >"$dir/$name.status"
}

# Every program fuzz_NAME of a build with clang; as many at once as there are processors.
layer_fuzz() {
	local program name dir names=()
	build_in fuzz none CC=clang --enable-fuzz || { failed "the build"; return; }
	dir=$(inner fuzz)
	make -C "$dir/build" -k -j"$(nproc)" fuzz >"$dir/check.log" 2>&1 </dev/null || failed "make fuzz" "$dir/check.log"
	rm -f "$dir"/fuzz_*.status
	for program in "$dir"/build/tests/fuzz/fuzz_*; do
		[ -x "$program" ] && [ ! -d "$program" ] || continue
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
		names+=("$(basename "$program")")
		fuzz_one "$dir" "$(basename "$program")" &
	done
	wait
	[ ${#names[@]} -gt 0 ] || failed "there is no fuzz target"
	for name in ${names[@]+"${names[@]}"}; do
		if [ "$(cat "$dir/$name.status" 2>/dev/null)" = 0 ]; then
			count 1 0
			printf '  %-24s %s\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: */runs: /p' "$dir/$name.log")"
		else
			failed "$name (the input is in $dir/found)" "$dir/$name.log"
		fi
	done
}
