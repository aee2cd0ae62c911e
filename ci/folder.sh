# shellcheck shell=bash
# The folder of a stack, DIR: how it is made and opened, and the lock on it. Everything that a stack
# writes is in there: src (a copy of the sources), build, inst, pg, kafka, run (sockets), log, conf
# (generated), pid, secrets.

RUNNER=www-data # the user of the services, when root starts them

# as_runner COMMAND…: with the rights of the services.
AS_RUNNER=()
if [ "$(id -u)" = 0 ]; then
	AS_RUNNER=(setpriv "--reuid=$RUNNER" "--regid=$RUNNER" --init-groups --)
fi
as_runner() { ${AS_RUNNER[@]+"${AS_RUNNER[@]}"} "$@"; }
give() { [ "$(id -u)" != 0 ] || chown -h "$RUNNER:$RUNNER" "$@"; }

# why_not DIR: why the stack's files cannot live there, or nothing.
why_not() {
	[ ${#1} -le 72 ] || { echo "is too long a path for a Unix socket"; return; }
	case $1 in
	*[!A-Za-z0-9_./+-]*) echo "has characters that configure and make do not take" ;;
	*) as_runner test -x "$1" || echo "cannot be reached by $RUNNER, the user of the services" ;;
	esac
}

# Sets DIR, the real folder, which is made when $1 is "make". Where a stack cannot live in the
# folder asked for, that becomes a link to one in /var/tmp.
open_dir() {
	local at why real
	case $DIR in /*) ;; *) DIR=$PWD/$DIR ;; esac
	if [ "$1" != make ]; then
		[ -e "$DIR/.rowlock" ] || die "no stack in $DIR (./stack up makes one)"
		DIR=$(readlink -f "$DIR")
		return
	fi
	[ ! -e "$DIR" ] || [ -e "$DIR/.rowlock" ] || [ -z "$(ls -A "$DIR" 2>&1)" ] ||
		die "$DIR is neither empty nor a stack's folder"
	[ ! -L "$DIR" ] || [ -e "$DIR" ] || rm -f "$DIR"
	mkdir -p "$DIR" || die "cannot make $DIR"
	at=$(readlink -f "$DIR")
	if [ ! -e "$at/.rowlock" ]; then
		why=$(why_not "$at")
		if [ -n "$why" ]; then
			real=/var/tmp/rowlock-$(printf '%s' "$at" | cksum | cut -d' ' -f1)
			mkdir -m 755 "$real" 2>/dev/null || { [ -O "$real" ] && [ -d "$real" ] && [ ! -L "$real" ]; } ||
				die "$real is not ours; move it away"
			rmdir "$at" && ln -s "$real" "$at" || die "cannot make the link $at"
			say "$at $why: the files are in $real, and it is a link there"
			at=$real
		fi
		: >"$at/.rowlock"
	fi
	DIR=$at
	mkdir -p "$DIR"/{src,build,inst,pid,conf,run,log,run/www,run/upload,run/maps} || die "cannot write to $DIR"
	chmod 755 "$DIR" "$DIR/run" "$DIR/log"
	give "$DIR/run" "$DIR/log" "$DIR/run/www" "$DIR/run/upload" "$DIR/run/maps"
}

# One at a time: up and down of the same stack wait for each other.
lock() {
	exec 9>"$DIR/pid/lock" || die "cannot write to $DIR/pid"
	flock -n 9 || { say "waiting for another ./stack on $DIR"; flock -w 600 9 || die "still locked"; }
}
