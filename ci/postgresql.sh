# shellcheck shell=bash
# PostgreSQL: the cluster of a stack, its roles, and the migrations.

# sql_admin DATABASE: SQL from stdin, as PostgreSQL's own superuser.
sql_admin() {
	PGPASSWORD=$PW_ADMIN "$(pg_bin)/psql" -XqtA -v ON_ERROR_STOP=1 -h "$DIR/run" -p "$PG_PORT" -U postgres -d "$1"
}

make_cluster() {
	local new=$DIR/pg.new log=$DIR/database.log
	rm -rf "$new" "$DIR/conf/pg.ready" && mkdir -m 700 "$new" && give "$new" || die "cannot make $new"
	printf '%s\n' "$PW_ADMIN" | write_conf pw
	as_runner sh -c 'cd / && "$0" -D "$1" -U postgres --pwfile="$2" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 \
		--no-instructions && echo "include_if_exists '"'\$3'"'" >>"$1/postgresql.conf"' \
		"$(pg_bin)/initdb" "$new" "$DIR/conf/pw" "$DIR/conf/postgresql.conf" >"$log" 2>&1 </dev/null ||
		die_with_log "$log" "the database cluster could not be made"
	rm -f "$DIR/conf/pw"
	mv "$new" "$DIR/pg"
}

make_roles() {
	sql_admin postgres >"$DIR/database.log" 2>&1 <<-END || die_with_log "$DIR/database.log" "roles or database could not be made"
	SET log_min_error_statement = panic;
	SELECT 'CREATE ROLE ' || r FROM unnest(ARRAY['rowlock_owner', 'rowlock_worker']) r
	 WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = r) \\gexec
	ALTER ROLE rowlock_owner LOGIN PASSWORD '$PW_OWNER';
	ALTER ROLE rowlock_worker LOGIN PASSWORD '$PW_WORKER';
	GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rowlock_owner;
	SELECT 'CREATE DATABASE rowlock OWNER rowlock_owner'
	 WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'rowlock') \\gexec
	REVOKE ALL ON DATABASE rowlock FROM PUBLIC;
	GRANT CONNECT ON DATABASE rowlock TO rowlock_worker;
	END
	: >"$DIR/conf/pg.ready"
}

start_postgresql() {
	local bin
	[ -e "$DIR/pg/PG_VERSION" ] || make_cluster
	bin=$(pg_bin)
	service postgresql "$(sum_of "$DIR/conf/postgresql.conf") $bin" "$bin/postgres" -D "$DIR/pg"
	wait_for postgresql 120 "$bin/pg_isready" -q -h "$DIR/run" -p "$PG_PORT"
	report postgresql "127.0.0.1:$PG_PORT"
	[ -e "$DIR/conf/pg.ready" ] || make_roles
}

migrate() {
	ctl migrate >"$DIR/database.log" 2>&1 </dev/null ||
		die_with_log "$DIR/database.log" "the database could not be migrated"
}
