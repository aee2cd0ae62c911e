# shellcheck shell=bash
# Services as plain processes: how one is started, found again, waited for and stopped. Each is known
# by its pid and its start time, so that a pid that another program got since is never taken for it.

# In the order in which they start.
SERVICES=(postgresql redis kafka relay reserve payments sweep api gateway sse web)

# birth PID: boot and start time of a process; nothing when it is gone or a zombie.
birth() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	[ "$1" = Z ] || echo "$(</proc/sys/kernel/random/boot_id)/${20}"
}

pid_of() {
	local pid born
	{ read -r pid born <"$DIR/pid/$1"; } 2>/dev/null && [ "$(birth "$pid")" = "$born" ] && echo "$pid"
}
note() { echo "$2 $(birth "$2")" >"$DIR/pid/$1"; }

# alive SERVICE. A PostgreSQL that a test restarted with pg_ctl is still ours.
alive() {
	local pid
	[ -z "$(pid_of "$1")" ] || return 0
	[ "$1" = postgresql ] && { read -r pid <"$DIR/pg/postmaster.pid"; } 2>/dev/null &&
		[ "$(readlink "/proc/$pid/cwd")" = "$DIR/pg" ] && note "$1" "$pid"
}

# leftovers SERVICE: processes of its session that outlived it (a killed supervisor's workers).
leftovers() {
	local pid p
	{ read -r pid _ <"$DIR/pid/$1"; } 2>/dev/null || return 0
	for p in $(ps -s "$pid" -o pid= 2>/dev/null); do
		[ "$p" = "$pid" ] || ! grep -qzxF "ROWLOCK_DIR=$DIR" "/proc/$p/environ" 2>/dev/null || echo "$p"
	done
}

# gone PID BIRTH TENTHS: waits until that process has ended.
gone() {
	local i
	for ((i = 0; i < $3; i++)); do
		[ "$(birth "$1")" = "$2" ] || return 0
		sleep 0.1
	done
	return 1
}

# stop_service SERVICE: as gently as the service knows, then less so.
stop_service() {
	local pid born sig signals p
	case $1 in
	postgresql) signals="INT:300 QUIT:100 KILL:50" ;;
	kafka) signals="TERM:300 KILL:50" ;;
	web)
		signals="INT:120 TERM:50 KILL:50"
		[ "$(cat "/proc/$(pid_of web)/comm" 2>/dev/null)" != apache2 ] || signals="WINCH:120 TERM:50 KILL:50"
		;;
	*) signals="TERM:120 KILL:50" ;;
	esac
	if alive "$1"; then
		pid=$(pid_of "$1") born=$(birth "$pid")
		for sig in $signals; do
			kill "-${sig%:*}" "$pid" 2>/dev/null
			kill -CONT "$pid" 2>/dev/null
			gone "$pid" "$born" "${sig#*:}" && break
			say "  $1 (pid $pid) does not stop on SIG${sig%:*}"
		done
	fi
	for p in $(leftovers "$1"); do
		born=$(birth "$p")
		kill -TERM "$p" 2>/dev/null && ! gone "$p" "$born" 120 && kill -KILL "$p" && gone "$p" "$born" 50
	done
	rm -f "$DIR/pid/$1" "$DIR/pid/$1.sum"
}

# service NAME FINGERPRINT COMMAND…: sees to it that it runs, from this very configuration.
# The log is opened by the service's own user: root does not write where www-data could put a link.
service() {
	local name=$1 sum=$2
	shift 2
	STARTED=
	if alive "$name"; then
		[ "$(cat "$DIR/pid/$name.sum" 2>/dev/null)" != "$sum" ] || return 0
		say "  $name: restarting, its program or settings changed"
	fi
	stop_service "$name"
	(
		cd / && exec 9>&-
		exec setsid ${AS_RUNNER[@]+"${AS_RUNNER[@]}"} env -i PATH="$PATH" HOME=/nonexistent LC_ALL=C \
			ROWLOCK_DIR="$DIR" ${SERVICE_ENV[@]+"${SERVICE_ENV[@]}"} \
			sh -c 'umask 027; exec >>"$0" 2>&1 </dev/null; exec "$@"' "$DIR/log/$name.log" "$@"
	) </dev/null >/dev/null 2>&1 &
	note "$name" $!
	disown $!
	echo "$sum" >"$DIR/pid/$name.sum"
	STARTED=yes
}

# wait_for SERVICE SECONDS COMMAND…: until the command succeeds.
wait_for() {
	local name=$1 limit=$2 until=$((SECONDS + $2))
	shift 2
	while ((SECONDS <= until)); do
		alive "$name" || die_with_log "$DIR/log/$name.log" "$name ended while starting"
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	die_with_log "$DIR/log/$name.log" "$name runs, but did not answer within $limit s"
}
report() { [ -z "$STARTED" ] || say "  $1: started, pid $(pid_of "$1")${2:+, $2}"; }
sum_of() { cat "$@" 2>/dev/null | cksum; }

port_is_free() {
	"$PYTHON" -c 'import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try: s.bind((sys.argv[1], int(sys.argv[2])))
except OSError as e: sys.exit(1 if e.errno == 98 else str(e))' "$1" "$2" 2>/dev/null
}

# free_port FROM: the next free one; below 32768 the kernel hands none out by itself.
free_port() {
	local p
	for ((p = $1; p < 32768; p++)); do
		[ "$p" != "$PORT" ] && port_is_free 127.0.0.1 "$p" && echo "$p" && return
	done
	die "no free port from $1 on"
}
