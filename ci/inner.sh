# shellcheck shell=bash
# Inner stacks: those of check and bench, each in a folder of its own under DIR.

# inner NAME: the folder of an inner stack.
inner() { echo "$DIR/$1"; }

# build_in NAME SANITIZE [CONFIGURE-ARGUMENT…]: builds, starts nothing.
build_in() (
	DIR=$(inner "$1") SANITIZE=$2
	shift 2
	open_dir make
	lock
	build "$@"
)

# up_in NAME OPTION…: an inner stack on a free port; that of the layer aside looks elsewhere, so that
# two never choose the same one.
INNER_UP=
up_in() {
	local name=$1 port from=8180
	shift
	[ "$name" != aside ] || from=8580
	port=$(DIR=$(inner "$name") && load_settings && { alive web && echo "$PORT" || PORT=0 free_port "$from"; })
	INNER_UP=$name
	: >"$DIR/pid/$name.inner"
	(exec 9>&- && "$ROOT/stack" up --dir "$(inner "$name")" --port "$port" --no-demo "$@")
}

# fresh NAME: an inner stack shall start with an empty database, an empty broker and empty logs.
fresh() {
	"$ROOT/stack" down --dir "$(inner "$1")" >/dev/null && rm -rf "$(inner "$1")"/{pg,kafka,log}
}

# down_in NAME: takes an inner stack down, which is not recorded from then on.
down_in() {
	INNER_UP=
	"$ROOT/stack" down --dir "$(inner "$1")" && rm -f "$DIR/pid/$1.inner"
}

# in_env NAME COMMAND…: with the environment of an inner stack, in the checkout.
in_env() (
	DIR=$(inner "$1")
	shift
	load_settings
	load_secrets
	cd "$ROOT" && PYTHONDONTWRITEBYTECODE=1 with_env "$@"
)

# programs_in NAME [VARIABLE=VALUE…]: `make check` in an inner build. Its log is shown when no
# program got as far as running.
programs_in() {
	local build log status
	build=$(inner "$1")/build log=$(inner "$1")/check.log
	shift
	find "$build" -name '*.trs' -delete
	"${WRAP[@]}" make -C "$build" -k -j"$(nproc)" check "$@" >"$log" 2>&1 </dev/null
	status=$?
	if [ -z "$(find "$build" -name '*.trs' | head -n 1)" ]; then
		failed "make check" "$log"
		return
	fi
	local before=$FAILED
	count_programs "$build"
	[ "$status" = 0 ] || [ "$FAILED" -gt "$before" ] || failed "make check" "$log"
}
WRAP=(env) # what make check runs under

# pytest_in NAME FOLDER [ARGUMENT…]: tests of a folder against an inner stack that is up; then that
# stack is taken down, and whatever a sanitizer had to say counts as a failure.
pytest_in() {
	local name=$1 tests=tests/$2 dir junit service
	dir=$(inner "$1") junit=$(inner "$1")/junit-$2.xml
	shift 2
	rm -f "$junit"
	in_env "$name" "${PYTEST[@]}" --junitxml="$junit" "$tests" "$@" </dev/null
	count_pytest $? "$junit"
	down_in "$name" >/dev/null || failed "the stack could not be taken down"
	for service in relay reserve payments sweep api gateway sse; do
		grep -qE "$SANITIZER_REPORT" "$dir/log/$service.log" 2>/dev/null || continue
		failed "a sanitizer reports, see $dir/log/$service.log"
		grep -E -A 25 "$SANITIZER_REPORT" "$dir/log/$service.log" | head -n 80 | sed 's/^/  | /'
	done
}

# black_box NAME FOLDER UP-OPTION…: a stack, without Kafka unless the options ask for it, the tests of
# a folder, no stack.
black_box() {
	local name=$1 folder=$2
	shift 2
	fresh "$name"
	up_in "$name" --kafka none "$@" || { failed "the stack did not start"; down_in "$name" >/dev/null; return; }
	pytest_in "$name" "$folder"
}
