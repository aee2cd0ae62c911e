# shellcheck shell=bash
# The command that runs the inner stacks of DIR, a check or a bench: there is one at a time. When it was
# killed, the next up, check, bench or down of the same DIR ends what is recorded of it, and nothing else.
#
# Recorded are the command itself (DIR/pid/inner, like a service) and the inner stacks that it started
# (DIR/pid/NAME.inner). What else it started bears its mark, STACK_CHECK=DIR in the environment; services
# do not, they have an environment of their own.

# own_inner VERB [ARGUMENT…]: makes this process the one that runs the inner stacks of DIR. It begins
# the command anew, with the mark: subshells show only the environment that the program began with.
own_inner() {
	[ "$(pid_of inner)" != $$ ] || return 0
	local verb=$1 other
	shift
	lock
	other=$(pid_of inner)
	[ -z "$other" ] ||
		die "another check or bench works in $DIR (pid $other): wait for its end, or choose another --dir"
	end_killed_owner
	note inner $$
	exec 9>&-
	STACK_CHECK=$DIR exec "$ROOT/stack" "$verb" --dir "$DIR" -- "$@"
}

# disown_inner: at the end of that command. What could not be taken down stays recorded.
disown_inner() {
	[ "$(pid_of inner)" != $$ ] || rm -f "$DIR/pid/inner"
}

# end_killed_owner: ends what a killed command left, if there is any; with the lock.
end_killed_owner() {
	local record inner
	[ -z "$(pid_of inner)" ] || return 0
	for record in "$DIR"/pid/inner "$DIR"/pid/*.inner; do
		[ ! -e "$record" ] || break
	done
	[ -e "$record" ] || return 0
	say "  a check or bench was killed: ending what it left"
	end_marked
	for record in "$DIR"/pid/*.inner; do
		inner=$DIR/$(basename "$record" .inner)
		[ -e "$record" ] || continue
		[ ! -e "$inner/.rowlock" ] || (exec 9>&- && "$ROOT/stack" down --dir "$inner" >/dev/null) ||
			die "the stack in $inner cannot be taken down"
		rm -f "$record"
	done
	rm -f "$DIR/pid/inner"
}

# end_marked: kills the processes that bear the mark of DIR, until there are none.
end_marked() {
	local pids i
	for ((i = 0; i < 100; i++)); do
		mapfile -t pids < <(grep -lzxF "STACK_CHECK=$DIR" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3)
		[ ${#pids[@]} -gt 0 ] || return 0
		kill -KILL "${pids[@]}" 2>/dev/null
		sleep 0.1
	done
	die "processes of a killed check do not end: ${pids[*]}"
}
