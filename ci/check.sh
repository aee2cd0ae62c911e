# shellcheck shell=bash
# ./stack check: the layers one after the other, and one that goes on beside the others.

# In the order in which they run. The names are also in the help of ./stack.
LAYERS=(tree lint unit db api apache browser messages load fault tsan valgrind fuzz distcheck)

# The layer aside: one that mostly waits goes on beside others, in a stack of its own, and is reported
# in its place.

ASIDE='' # its process
begin_aside() {
	set -m # a process group of its own, so that all of it can be ended
	(
		ASIDE='' PASSED=0 FAILED=0
		rm -f "$DIR/aside.counts"
		trap '[ -z "$INNER_UP" ] || down_in "$INNER_UP" >/dev/null' EXIT
		"layer_$1" aside
		echo "$PASSED $FAILED" >"$DIR/aside.counts"
	) >"$DIR/aside.log" 2>&1 </dev/null &
	ASIDE=$!
	set +m
	say "  ($1 goes on beside this and what follows; its log is $DIR/aside.log)"
}

# take_aside NAME: waits for it; what it has to say, and what it counts.
take_aside() {
	local p f
	wait "$ASIDE"
	ASIDE=
	cat "$DIR/aside.log"
	if read -r p f 2>/dev/null <"$DIR/aside.counts"; then count "$p" "$f"; else failed "$1 did not get to its end"; fi
}

end_aside() {
	[ -n "$ASIDE" ] || return 0
	kill -TERM -- "-$ASIDE" 2>/dev/null
	wait "$ASIDE" 2>/dev/null
}

# down_at_exit: however a check or a bench ends, it leaves no stack behind.
down_at_exit() {
	trap 'end_aside; [ -z "$INNER_UP" ] || down_in "$INNER_UP" >/dev/null; disown_inner' EXIT
	trap 'exit 130' INT TERM HUP
}

command_check() {
	local layer before_p before_f t
	for layer; do one_of "check" "$layer" "${LAYERS[@]}"; done
	open_dir make
	own_inner check "$@"
	down_at_exit
	[ $# -gt 0 ] || set -- "${LAYERS[@]}"
	# shellcheck disable=SC2046
	need $(packages_of "$@")
	for layer; do
		step "$layer"
		before_p=$PASSED before_f=$FAILED t=$SECONDS
		case " $* " in
		*" $layer "*"messages "*) [ "$layer" != db ] && [ "$layer" != api ] || [ -n "$ASIDE" ] || begin_aside messages ;;
		esac
		if [ "$layer" = messages ] && [ -n "$ASIDE" ]; then take_aside messages; else "layer_$layer"; fi
		say "  $layer: $((PASSED - before_p)) passed, $((FAILED - before_f)) failed ($((SECONDS - t)) s)"
	done
	say "$PASSED passed, $FAILED failed"
	[ "$FAILED" = 0 ]
}
