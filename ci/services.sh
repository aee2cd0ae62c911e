# shellcheck shell=bash
# The other services: Redis, the programs of Rowlock, the web server.

start_redis() {
	service redis "$(sum_of "$DIR/conf/redis.conf")" redis-server "$DIR/conf/redis.conf"
	wait_for redis 20 as_runner redis-cli -s "$DIR/run/redis.sock" ping
	report redis "127.0.0.1:$REDIS_PORT"
}

# ours SERVICE PROCESSES PROGRAM [ARGUMENT…]: a program of ours, so many processes of it, replaced as
# soon as they die. Those of the web server's get a socket, DIR/run/SERVICE.sock.
# AddressSanitizer keeps little of what was freed, so that tests can tell what memory a program needs.
# The listen queue is as long as the kernel lets it be (net.core.somaxconn cuts it). And -s QUIT means
# SIGINT, on which our programs finish what they are at: multiwatch 1.0.0 mistakes the names of
# signals. For TERM it would send SIGQUIT, which ends them in the middle of their requests.
ours() {
	local name=$1 processes=$2 program=$DIR/inst/bin/$3 socket=$DIR/run/$1.sock command=()
	shift 3
	case $name in api | gateway | sse) command=(spawn-fcgi -n -s "$socket" -M 0660 -b 65535 --) ;; esac
	command+=(/usr/bin/multiwatch -f "$processes" -r 1000 -t 1000 -s QUIT --)
	[ "$SANITIZE" != valgrind ] || command+=(/usr/bin/valgrind -q --leak-check=full --errors-for-leak-kinds=definite)
	command+=("$program" "$@")
	local SERVICE_ENV=(ROWLOCK_CONFIG="$DIR/conf/rowlock.conf" ROWLOCK_WORKERS="$WORKERS"
		ASAN_OPTIONS=detect_leaks=1:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=second_deadlock_stack=1)
	# ThreadSanitizer of Debian 12 cannot live with as much address randomness as newer kernels have.
	[ "$SANITIZE" != thread ] || command=(setarch -R "${command[@]}")
	service "$name" "$(sum_of "$DIR/conf/rowlock.conf" "$program") ${command[*]}" "${command[@]}"
	case $name in api | gateway | sse) wait_for "$name" 10 test -S "$socket" ;; esac
	report "$name" "$processes process(es)"
}

start_relay() { ours relay 1 rowlockd relay; }
start_reserve() { ours reserve 1 rowlockd reserve; }
start_payments() { ours payments 1 rowlockd payments; }
start_sweep() { ours sweep 1 rowlockd sweep; }
start_api() { ours api "$WORKERS" rowlock-api; }
start_gateway() { ours gateway 1 rowlock-gateway; }
start_sse() { ours sse 1 rowlock-sse; }

start_web() {
	local command=(lighttpd -D -f "$DIR/conf/web.conf")
	[ "$HTTPD" = lighttpd ] || command=(apache2 -DFOREGROUND -f "$DIR/conf/web.conf")
	service web "$(sum_of "$DIR/conf/web.conf") ${command[0]}" "${command[@]}"
	wait_for web 20 "$PYTHON" -c 'import socket, sys; socket.create_connection(sys.argv[1:3], 2)' \
		"$(host_of_url | tr -d '[]')" "$PORT"
	report web "$HTTPD"
}

healthy() { curl -sf -m 5 -o /dev/null "$(url)/health"; }

wait_healthy() {
	local until=$((SECONDS + 60))
	while ((SECONDS < until)); do
		healthy && return
		alive api || die_with_log "$DIR/log/api.log" "the workers ended while starting"
		alive web || die_with_log "$DIR/log/web.log" "the web server ended while starting"
		sleep 0.1
	done
	die_with_log "$DIR/log/api.log" "$(url)/health is not 200 after 60 s"
}
