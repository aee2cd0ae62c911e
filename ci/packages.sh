# shellcheck shell=bash
# Which Debian packages each command needs, and how those that are missing are installed.

PACKAGES_UP="postgresql redis-server lighttpd lighttpd-modules-lua spawn-fcgi multiwatch gcc libc6-dev make autoconf automake
	pkg-config libfcgi-dev libpq-dev libhiredis-dev libcjson-dev libjwt-dev libtalloc-dev libevent-dev
	librdkafka-dev libssl-dev libcurl4-openssl-dev libqrencode-dev libpng-dev python3 python3-psycopg2
	curl ca-certificates procps util-linux diffutils"
PACKAGES_CHECK="libcmocka-dev python3-pytest python3-psycopg2 valgrind clang libclang-rt-14-dev apache2 wrk
	postgresql-contrib jq kcat chromium zbar-tools"
PACKAGES_TREE="python3 python3-pytest gcc libc6-dev binutils"
PACKAGES_LINT="clang-format-14 clang-tidy-14 shellcheck mandoc codespell python3-venv"
PACKAGES_BENCH="python3-psycopg2 wrk postgresql-contrib"

# packages_of LAYER…: what these layers of ./stack check need.
packages_of() {
	local layer
	for layer; do
		case $layer in
		tree) echo "$PACKAGES_TREE" ;;
		lint) echo "$PACKAGES_UP" "$PACKAGES_LINT" libcmocka-dev ;;
		*) echo "$PACKAGES_UP" "$PACKAGES_CHECK" ;;
		esac
	done | tr -s ' \t\n' '\n' | sort -u
}

# need PACKAGE…: installs those that are missing. Services of the packages are not started, and no
# cluster of PostgreSQL's is made; whatever already runs on the machine is left alone.
need() {
	local missing=() p sudo=() log
	for p; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
		installed) ;;
		*) missing+=("$p") ;;
		esac
	done
	[ ${#missing[@]} -gt 0 ] || grep -qsF "$GUARD_MARK" "${GUARDS[@]}" || return 0
	if [ "$(id -u)" != 0 ]; then
		if sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
			sudo=(sudo)
		elif [ ${#missing[@]} = 0 ]; then
			say "an installation was cut off; as root, remove what is there of ${GUARDS[*]}"
			return 0
		else
			die "these packages are missing; as root, run:
  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
		fi
	fi
	step "installing ${missing[*]:-nothing, but removing what an installation left that was cut off}"
	log=$(mktemp /tmp/rowlock-apt.XXXXXX) || die "cannot write to /tmp"
	# An installation is not to be killed with the check that began it.
	env -u STACK_CHECK ${sudo[@]+"${sudo[@]}"} sh -euc "$INSTALL" "$GUARD_MARK" "${GUARDS[@]}" ${missing[@]+"${missing[@]}"} >"$log" 2>&1 </dev/null ||
		die_with_log "$log" "the packages could not be installed"
	rm -f "$log"
}

# Two files keep maintainer scripts from starting services and from making a cluster; both are there
# for the time of an installation only, and never where the operator has such a file. Ours bear the mark.
GUARDS=(/usr/sbin/policy-rc.d /etc/postgresql-common/createcluster.d/rowlock.conf)
GUARD_MARK='# Of ./stack, while it installs packages.'

# Runs as root: its name is the mark, its arguments are the two files and the packages. dash runs no
# trap of EXIT when a signal ends it. Who has the lock, which apt-get holds as well, is alone: what is
# marked then was left by a run that was killed. Without packages to install there is no waiting.
INSTALL='
	policy=$1 cluster=$2 made=
	shift 2
	exec 9</usr/sbin
	if [ $# = 0 ]; then flock -n 9 || exit 0; else flock -w 600 9 || { echo "another installation by ./stack does not end"; exit 1; }; fi
	trap "for f in \$made; do rm -f \$f; done" EXIT
	trap "exit 130" INT TERM HUP
	for f in $policy $cluster; do
		! grep -qsF "$0" $f || rm -f $f
	done
	[ $# -gt 0 ] || exit 0
	if [ ! -e $policy ]; then
		made="$made $policy"
		printf "#!/bin/sh\n%s\nexit 101\n" "$0" >$policy
		chmod 755 $policy
	fi
	if [ ! -e $cluster ]; then
		made="$made $cluster"
		mkdir -p ${cluster%/*}
		printf "%s\ncreate_main_cluster = false\n" "$0" >$cluster
	fi
	export DEBIAN_FRONTEND=noninteractive
	units=
	for p in postgresql redis-server lighttpd apache2; do
		dpkg-query -W -f "\${db:Status-Status}" $p 2>/dev/null | grep -qx installed || units="$units $p"
	done
	apt-get -o DPkg::Lock::Timeout=300 update
	apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold install -y --no-install-recommends "$@"
	# Those that came with us shall not start at the next boot either.
	if [ -d /run/systemd/system ]; then
		for p in $units; do systemctl disable $p 2>/dev/null || :; done
	fi
'
