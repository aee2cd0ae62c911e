# shellcheck shell=bash
# From the sources to DIR/inst: a copy in DIR/src, a build in DIR/build.

# Every source file with size and time, sorted: neither what an in-tree build leaves nor stacks.
source_list() {
	(cd "$ROOT" && find . -mindepth 1 \( -name .git -o -path ./var -o -name .deps -o -name autom4te.cache \
		-o -name build-aux -o -name __pycache__ -o -name .pytest_cache -o -path './rowlock-[0-9]*' \) -prune \
		-o -type d -exec test -e '{}/.rowlock' \; -prune \
		-o -type f ! \( -name '*.o' -o -name '*.a' -o -name '*.log' -o -name '*.trs' -o -name .dirstamp \
		-o -name Makefile -o -name Makefile.in -o -name 'configure' -o -name 'configure~' -o -name 'config.status*' \
		-o -path './src/config.h*' -o -name 'stamp-h*' -o -name aclocal.m4 -o -name bench.json \) \
		-printf '%P\t%s\t%T@\t%m\n') | sort
}

# Makes DIR/src hold the same files. Only what differs is touched, so that make does little; a
# program that an in-tree build left must not come along, or make would take it for its own.
sync_sources() {
	local list=$DIR/conf/src.list path mode
	source_list >"$list.new"
	[ -s "$list.new" ] || die "no sources in $ROOT"
	cmp -s "$list.new" "$list" && return
	rm -f "$DIR/conf/built" "$list"
	while IFS=$'\t' read -r path _ _ mode; do
		case $mode in *[1357]*) [ "$(head -c 2 "$ROOT/$path" | tr -d '\0')" = '#!' ] || continue ;; esac
		cmp -s "$ROOT/$path" "$DIR/src/$path" && continue
		mkdir -p "$DIR/src/$(dirname "$path")" &&
			rm -f "$DIR/src/$path" && cp "$ROOT/$path" "$DIR/src/$path" || die "cannot copy $path"
	done <"$list.new"
	# What was copied before and is gone from the sources.
	cut -f1 "$list.new" >"$DIR/conf/src.names.new"
	[ ! -e "$DIR/conf/src.names" ] || (cd "$DIR/src" &&
		comm -13 "$DIR/conf/src.names.new" "$DIR/conf/src.names" | tr '\n' '\0' | xargs -0r rm -f)
	mv "$DIR/conf/src.names.new" "$DIR/conf/src.names"
	mv "$list.new" "$list"
}

# build_step WHAT COMMAND…: in DIR/build, into the build log.
build_step() {
	local what=$1
	shift
	(cd "$DIR/build" && "$@") >>"$DIR/build.log" 2>&1 </dev/null || die_with_log "$DIR/build.log" "$what failed"
}

# build [CONFIGURE-ARGUMENT…]: sources to DIR/inst; nothing at all when nothing changed. Builds
# with a sanitizer are the tests' and take warnings for errors.
build() {
	local flags='-O2 -g' how configure
	configure=(--prefix="$DIR/inst" --sysconfdir="$DIR/inst/etc" --localstatedir="$DIR/inst/var" "$@")
	if [ "$SANITIZE" = address ] || [ "$SANITIZE" = thread ]; then
		flags='-O1 -g'
		configure+=("--enable-sanitize=$SANITIZE" --enable-werror)
	fi
	configure+=("CFLAGS=$flags")
	how=${configure[*]}
	sync_sources
	[ "$(cat "$DIR/conf/built" 2>/dev/null)" != "$how" ] || return 0
	step "building in $DIR/build"
	: >"$DIR/build.log"
	if [ "$(cat "$DIR/conf/building" 2>/dev/null)" != "$how" ]; then
		rm -rf "$DIR/build" "$DIR/inst" && mkdir "$DIR/build"
	fi
	echo "$how" >"$DIR/conf/building"
	[ "$DIR/src/configure" -nt "$DIR/src/configure.ac" ] || build_step autoreconf autoreconf -i "$DIR/src"
	[ -e "$DIR/build/config.status" ] || build_step configure "$DIR/src/configure" "${configure[@]}"
	build_step make make -j"$(nproc)"
	build_step "make install" make install INSTALL='/usr/bin/install -C'
	echo "$how" >"$DIR/conf/built"
}
