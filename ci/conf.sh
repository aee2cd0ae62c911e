# shellcheck shell=bash
# The files in DIR/conf that the services read.

# write_conf NAME: from stdin; touched only when different.
write_conf() {
	local to=$DIR/conf/$1
	(umask 077 && cat >"$to.new") && give "$to.new" && chmod 600 "$to.new" || die "cannot write $to"
	if cmp -s "$to.new" "$to"; then rm -f "$to.new"; else mv "$to.new" "$to"; fi
}

write_confs() {
	local fds conns
	write_conf postgresql.conf <<-END
	listen_addresses = '127.0.0.1'
	port = $PG_PORT
	unix_socket_directories = '$DIR/run'
	max_connections = 60
	shared_buffers = 512MB
	max_wal_size = 2GB
	min_wal_size = 1GB
	checkpoint_timeout = 15min
	fsync = on
	synchronous_commit = on
	full_page_writes = on
	timezone = 'UTC'
	log_timezone = 'UTC'
	log_line_prefix = '%m [%p] %u '
	END
	write_conf redis.conf <<-END
	bind 127.0.0.1
	port $REDIS_PORT
	unixsocket $DIR/run/redis.sock
	unixsocketperm 770
	dir $DIR/run
	save ""
	appendonly no
	maxmemory 64mb
	END
	# A client that waits and a stream cost two descriptors; of nine tenths of them, see lighttpd.conf.
	fds=$(ulimit -n)
	conns=$((fds * 9 / 20 - 50))
	fill_conf "$(httpd_conf)" web.conf
	fill_conf seatmap.lua seatmap.lua
}

# What our programs read; the broker must run, because the mock chooses its own address.
write_rowlock_conf() {
	write_conf rowlock.conf <<-END
	# Written by ./stack up; use --set KEY=VALUE.
	DATABASE_URL=postgresql://rowlock_worker:$PW_WORKER@/rowlock?host=$DIR/run&port=$PG_PORT
	REDIS_URL=unix:$DIR/run/redis.sock
	KAFKA_BROKER=$(kafka_address)
	JWT_SECRET=$JWT_SECRET
	PAYMENT_GATEWAY_URL=$(url)/fake-gateway
	PAYMENT_WEBHOOK_SECRET=$PAYMENT_WEBHOOK_SECRET
	ROWLOCK_SHM_FILE=$DIR/run/shared
	ROWLOCK_MAP_DIR=$DIR/run/maps
	ROWLOCK_THREADS=64
	$(cat "$DIR/conf/local.conf" 2>/dev/null)
	END
}

# fill_conf FROM TO: a file of httpd-conf with its @NAME@s replaced.
fill_conf() {
	sed -e "s|@LISTEN@|$LISTEN|g; s|@PORT@|$PORT|g; s|@RUN@|$DIR/run|g; s|@STATE@|$DIR/run|g" \
		-e "s|@ERROR_LOG@|$DIR/log/web.log|g; s|@MAX_FDS@|$fds|g; s|@MAX_CONNS@|$conns|g" \
		-e "s|@MODULES@|/usr/lib/apache2/modules|g; s|@MAPS@|$DIR/run/maps|g; s|@CONF@|$DIR/conf|g" \
		"$ROOT/httpd-conf/$1" | write_conf "$2"
}
httpd_conf() { if [ "$HTTPD" = apache ]; then echo apache-proxy-fcgi.conf; else echo lighttpd.conf; fi; }
