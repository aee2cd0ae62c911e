# shellcheck shell=bash
# The commands for a stack that is there.

command_down() {
	local purge='' asked=$DIR inner name
	case "$*" in '') ;; --purge) purge=yes ;; *) misuse "down takes --purge" ;; esac
	[ -e "$DIR/.rowlock" ] || { say "no stack in $DIR"; return 0; }
	open_dir use
	lock
	[ -z "$purge" ] || [ -z "$(pid_of inner)" ] || die "a check or bench works in $DIR (pid $(pid_of inner)), which stays"
	end_killed_owner
	load_settings
	for name in $(printf '%s\n' "${SERVICES[@]}" | tac); do
		alive "$name" || [ -n "$(leftovers "$name")" ] || continue
		stop_service "$name"
		say "  $name: stopped"
	done
	[ -n "$purge" ] || return 0
	for inner in "$DIR"/*/.rowlock; do
		[ ! -e "$inner" ] || "$ROOT/stack" down --dir "$(dirname "$inner")"
	done
	rm -rf "$DIR" && rm -f "$asked" 2>/dev/null
	say "  $asked: removed"
}

command_stop() {
	[ $# = 1 ] || misuse "stop takes a service"
	one_of stop "$1" "${SERVICES[@]}"
	lock
	stop_service "$1"
	say "  $1: stopped"
}

# When the broker's address changed, its clients are started anew.
command_start() {
	local name
	[ $# = 1 ] || misuse "start takes a service"
	one_of start "$1" "${SERVICES[@]}"
	[ "$1" != kafka ] || [ "$KAFKA" != none ] || die "this stack has no Kafka: ./stack up --kafka mock or real"
	[ -e "$DIR/conf/rowlock.conf" ] || die "start comes after ./stack up"
	lock
	"start_$1"
	[ "$1" = kafka ] || return 0
	write_rowlock_conf
	for name in relay reserve payments sweep api gateway sse; do
		! alive "$name" || "start_$name"
	done
}

command_status() {
	local name all=0
	for name in "${SERVICES[@]}"; do
		if [ "$name" = kafka ] && [ "$KAFKA" = none ]; then
			printf '%-11s %-8s\n' "$name" off
		elif alive "$name"; then
			printf '%-11s %-8s pid %s\n' "$name" up "$(pid_of "$name")"
		else
			printf '%-11s %-8s\n' "$name" down
			all=1
		fi
	done
	if healthy; then
		printf '%-11s %-8s %s\n' health ok "$(url)"
	else
		printf '%-11s %-8s %s\n' health 'not ok' "$(url)"
		all=1
	fi
	return "$all"
}

command_logs() {
	local follow=() files=() name
	[ "${1:-}" != -f ] || { follow=(-F) && shift; }
	for name in "${@:-${SERVICES[@]}}"; do
		case $name in
		build) files+=("$DIR/build.log") ;;
		*)
			one_of logs "$name" "${SERVICES[@]}" build
			[ $# -gt 0 ] || [ -e "$DIR/log/$name.log" ] || continue # not every stack has every service
			files+=("$DIR/log/$name.log")
			;;
		esac
	done
	exec tail -n 200 ${follow[@]+"${follow[@]}"} "${files[@]}"
}

command_psql() {
	PGPASSWORD=$PW_OWNER PGHOST=$DIR/run PGPORT=$PG_PORT PGUSER=rowlock_owner PGDATABASE=rowlock exec "$(pg_bin)/psql" "$@"
}
command_env() { print_env; }
command_token() { ctl token "$@"; }
command_demo() { with_env "$PYTHON" "$ROOT/tests/load/rush.py" --url "$(url)" "$@"; }
