# shellcheck shell=bash
# ./stack up: what it takes, and the order in which things are made and started.

# The demo: plan, title, and prices that the plan leaves open.
DEMO_EVENTS='tests/plans/hall.json|The Village Play|Boxes=25
tests/plans/theatre.json|A Quiet Evening|'

# Puts the demo's events on sale, in a database that has none.
demo_data() {
	local plan title price id log=$DIR/database.log
	[ "$DEMO" = yes ] && [ "$(echo 'SELECT count(*) FROM (SELECT FROM event LIMIT 1) e' | sql_admin rowlock)" = 0 ] || return 0
	while IFS='|' read -r plan title price; do
		[ -e "$ROOT/$plan" ] || continue
		id=$(ctl plan import "$ROOT/$plan" 2>"$log" </dev/null | tail -n 1) && [ -n "$id" ] &&
			ctl event create --plan "$id" --title "$title" ${price:+--price "$price"} --on-sale >>"$log" 2>&1 </dev/null ||
			die_with_log "$log" "the demo event $title could not be made from $plan"
		say "  demo: $title is on sale"
	done <<<"$DEMO_EVENTS"
}

# up_option OPTION VALUE: one setting from the command line.
up_option() {
	case $1 in
	--port) number "$1" "$2" 1 65535 && PORT=$((10#$2)) ;;
	--workers) number "$1" "$2" 1 64 && WORKERS=$((10#$2)) ;;
	--listen) [[ $2 =~ ^[0-9a-f.:]+$ ]] || misuse "--listen takes an address" && LISTEN=$2 ;;
	--httpd) one_of "$1" "$2" lighttpd apache && HTTPD=$2 ;;
	--sanitize) one_of "$1" "$2" none address thread valgrind && SANITIZE=$2 ;;
	--kafka)
		one_of "$1" "$2" none mock real && KAFKA=$2
		;;
	--set)
		[[ $2 =~ ^[A-Z][A-Z0-9_]*= && $2 != *$'\n'* ]] || misuse "--set takes KEY=VALUE"
		SETS+=("$2")
		;;
	*) misuse "up: unknown option $1" ;;
	esac
}

# up_options ARGUMENT…: sets the settings from the command line.
up_options() {
	SETS=()
	[ -z "${ROWLOCK_WORKERS:-}" ] || up_option --workers "$ROWLOCK_WORKERS"
	while [ $# -gt 0 ]; do
		case $1 in
		--no-demo) DEMO=no && shift ;;
		--*=*) up_option "${1%%=*}" "${1#*=}" && shift ;;
		--*) [ $# -ge 2 ] || misuse "up: unknown option, or one without its value: $1" && up_option "$1" "$2" && shift 2 ;;
		*) misuse "up: what is '$1'?" ;;
		esac
	done
}

# Settings of the workers given by --set, kept apart from what is generated, if our programs take them.
keep_sets() {
	local set why new=$DIR/conf/local.conf.new
	(umask 077 && cat "$DIR/conf/local.conf" 2>/dev/null >"$new")
	for set in ${SETS[@]+"${SETS[@]}"}; do
		sed -i "/^${set%%=*}=/d" "$new"
		[ -z "${set#*=}" ] || printf '%s\n' "$set" >>"$new"
	done
	why=$(env -i PATH="$PATH" ROWLOCK_CONFIG="$new" "$DIR/inst/bin/rowlockctl" config 2>&1 >/dev/null) || {
		rm -f "$new"
		die "a setting is wrong, and nothing was changed (--set KEY= takes one back): ${why#rowlockctl: }"
	}
	mv "$new" "$DIR/conf/local.conf"
}

# What --kafka real needs beside Debian's usual packages, if the machine has no Java or Maven of its own.
kafka_packages() {
	[ "$KAFKA" = real ] || return 0
	command -v java >/dev/null || echo default-jre-headless
	[ -d "$(kafka_jars)" ] || command -v mvn >/dev/null || echo maven
}

# The same ports as before if they are free: clients of a broker that comes back find it.
choose_kafka_ports() {
	[ -n "$KAFKA_PORT" ] && port_is_free 127.0.0.1 "$KAFKA_PORT" || KAFKA_PORT=$(free_port $((30000 + PORT % 2000))) || exit
	[ -n "$CONTROLLER_PORT" ] && port_is_free 127.0.0.1 "$CONTROLLER_PORT" && [ "$CONTROLLER_PORT" != "$KAFKA_PORT" ] ||
		CONTROLLER_PORT=$(free_port $((KAFKA_PORT + 1))) || exit
}

command_up() {
	local was was_kafka name
	(up_options "$@") || exit # a wrong option leaves no trace
	open_dir make
	lock
	end_killed_owner
	load_settings
	was=$PORT was_kafka=$KAFKA
	up_options "$@"
	# shellcheck disable=SC2046,SC2086
	need $PACKAGES_UP $([ "$HTTPD" = lighttpd ] || echo apache2) $(kafka_packages)
	if ! alive web || [ "$was" != "$PORT" ]; then
		port_is_free "$LISTEN" "$PORT" ||
			die "port $PORT of $LISTEN is taken by another program, or not ours to take; choose one with --port"
	fi
	alive postgresql || { [ -n "$PG_PORT" ] && port_is_free 127.0.0.1 "$PG_PORT"; } ||
		PG_PORT=$(free_port $((20000 + PORT % 10000))) || exit
	alive redis || { [ -n "$REDIS_PORT" ] && port_is_free 127.0.0.1 "$REDIS_PORT"; } ||
		REDIS_PORT=$(free_port $((10000 + PORT % 10000))) || exit
	if [ "$KAFKA" = real ]; then
		fetch_kafka
		{ alive kafka && [ "$was_kafka" = real ]; } || choose_kafka_ports
	fi
	load_secrets make
	build
	keep_sets
	save_settings
	write_confs
	step "starting in $DIR"
	for name in postgresql redis kafka; do "start_$name"; done
	write_rowlock_conf
	migrate
	for name in relay reserve payments sweep api gateway sse web; do "start_$name"; done
	wait_healthy
	demo_data
	say "${BOLD}$(url)$PLAIN"
}
