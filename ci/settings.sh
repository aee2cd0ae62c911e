# shellcheck shell=bash
# What a stack remembers: settings, KEY=VALUE in DIR/conf/stack.conf (shell-safe words only), and
# secrets in DIR/secrets; and what follows from them for the programs that use it.

SETTINGS=(PORT LISTEN HTTPD WORKERS DEMO SANITIZE KAFKA PG_PORT REDIS_PORT KAFKA_PORT CONTROLLER_PORT)
PORT=8080 LISTEN=127.0.0.1 HTTPD=lighttpd WORKERS=1 DEMO=yes SANITIZE=none KAFKA=none
PG_PORT='' REDIS_PORT='' KAFKA_PORT='' CONTROLLER_PORT=''
load_settings() {
	local key value
	[ -r "$DIR/conf/stack.conf" ] || return 0
	while IFS='=' read -r key value; do
		case " ${SETTINGS[*]} " in *" $key "*) printf -v "$key" %s "$value" ;; esac
	done <"$DIR/conf/stack.conf"
}

save_settings() {
	local key
	for key in "${SETTINGS[@]}"; do
		echo "$key=${!key}"
	done >"$DIR/conf/stack.conf"
}

JWT_SECRET='' PAYMENT_WEBHOOK_SECRET='' PW_ADMIN='' PW_OWNER='' PW_WORKER=''
load_secrets() {
	local key value
	if [ ! -e "$DIR/secrets" ] && [ "${1:-}" = make ]; then
		(umask 077 && for key in JWT_SECRET PAYMENT_WEBHOOK_SECRET PW_ADMIN PW_OWNER PW_WORKER; do
			echo "$key=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')"
		done >"$DIR/secrets.new" && mv "$DIR/secrets.new" "$DIR/secrets") || die "cannot write $DIR/secrets"
	fi
	[ -r "$DIR/secrets" ] || die "cannot read $DIR/secrets (was this stack started by another user?)"
	while IFS='=' read -r key value; do
		case $key in JWT_SECRET | PAYMENT_WEBHOOK_SECRET | PW_*) printf -v "$key" %s "$value" ;; esac
	done <"$DIR/secrets"
}

host_of_url() { case $LISTEN in 0.0.0.0 | ::) echo 127.0.0.1 ;; *:*) echo "[$LISTEN]" ;; *) echo "$LISTEN" ;; esac; }
url() { echo "http://$(host_of_url):$PORT"; }

# The newest PostgreSQL, or the one that made the cluster.
pg_bin() {
	local made
	made=$(cat "$DIR/pg/PG_VERSION" 2>/dev/null)
	[ ! -x "/usr/lib/postgresql/$made/bin/postgres" ] || { echo "/usr/lib/postgresql/$made/bin"; return; }
	dirname "$(printf "%s\n" /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)"
}

# The broker's host:port; nothing without one. The mock chooses its port and writes it down.
kafka_address() {
	case $KAFKA in
	mock) cat "$DIR/run/kafka.address" 2>/dev/null ;;
	real) echo "127.0.0.1:$KAFKA_PORT" ;;
	esac
}

print_env() {
	cat <<-END
	ROWLOCK_URL=$(url)
	DATABASE_URL=postgresql://rowlock_worker:$PW_WORKER@127.0.0.1:$PG_PORT/rowlock
	ADMIN_DATABASE_URL=postgresql://rowlock_owner:$PW_OWNER@127.0.0.1:$PG_PORT/rowlock
	REDIS_URL=redis://127.0.0.1:$REDIS_PORT/0
	KAFKA_BROKER=$(kafka_address)
	JWT_SECRET=$JWT_SECRET
	PAYMENT_WEBHOOK_SECRET=$PAYMENT_WEBHOOK_SECRET
	ROWLOCK_DIR=$DIR
	ROWLOCK_WORKERS=$WORKERS
	ROWLOCK_PG_BIN=$(pg_bin)
	ROWLOCK_PG_DATA=$DIR/pg
	PGDATA=$DIR/pg
	ROWLOCK_SPAWN_PID=$(pid_of api)
	ROWLOCK_RELAY_PID=$(pid_of relay)
	ROWLOCK_RESERVE_PID=$(pid_of reserve)
	ROWLOCK_SSE_PID=$(pid_of sse)
	ROWLOCK_KAFKA=$KAFKA
	ROWLOCK_KAFKA_PID=$(pid_of kafka)
	END
}

# with_env COMMAND…: with what `env` prints in its environment, and nothing else of Rowlock's.
with_env() {
	local words
	mapfile -t words < <(print_env)
	env -u ROWLOCK_CONFIG "${words[@]}" "$@"
}

# ctl ARGUMENT…: rowlockctl with this stack's settings; it refuses names that it does not know.
ctl() {
	local name drop=()
	for name in ${!ROWLOCK_@}; do drop+=(-u "$name"); done
	with_env env ${drop[@]+"${drop[@]}"} ROWLOCK_CONFIG="$DIR/conf/rowlock.conf" "$DIR/inst/bin/rowlockctl" "$@"
}
