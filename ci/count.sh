# shellcheck shell=bash
# The results of a check: what passed and what failed, counted from the output of the test programs.

PASSED=0 FAILED=0
SANITIZER_REPORT='(ERROR|WARNING): (Address|Leak|Thread|Memory)Sanitizer|runtime error:|stack smashing|are definitely lost|Invalid (read|write) of|uninitialised'

count() { PASSED=$((PASSED + $1)) FAILED=$((FAILED + $2)); }

# failed WHAT [LOG]: one failure that is no single test.
failed() {
	count 0 1
	printf '  FAILED: %s\n' "$1"
	[ -z "${2:-}" ] || tail -n 40 "$2" 2>/dev/null | sed 's/^/  | /'
}

# count_programs BUILD: what the test programs of `make check` say: TAP, or else one a program.
count_programs() {
	local trs log result p f
	while read -r trs; do
		log=${trs%.trs}.log
		result=$(sed -n 's/^:test-result: *\([A-Z]*\).*/\1/p' "$trs" | sort | uniq -c | tr -s ' \n' ' ')
		p=$(grep -c '^ok [0-9]' "$log") f=$(grep '^not ok [0-9]' "$log" | grep -vc '# SKIP')
		case $result in
		*FAIL* | *ERROR*) [ "$f" -gt 0 ] || f=1 ;;
		*PASS*) [ "$p" -gt 0 ] || p=1 ;;
		esac
		count "$p" "$f"
		printf '  %-24s %4d passed, %d failed\n' "$(basename "$trs" .trs)" "$p" "$f"
		[ "$f" = 0 ] || sed 's/^/  | /' "$log" | tail -n 60
	done < <(find "$1" -name '*.trs' | sort)
}

# How the tests written in Python run: with --junitxml=FILE, in the checkout.
PYTEST=("$PYTHON" -m pytest -p no:cacheprovider --color=no -q -ra -o junit_family=xunit2 --rootdir "$ROOT")

# count_pytest STATUS FILE: what pytest ended with, and the results that it left.
count_pytest() {
	[ ! -e "$2" ] || count_junit "$2"
	[ "$1" -le 1 ] && [ -e "$2" ] || failed "pytest ended with status $1 (results: $2)"
}

# count_junit FILE: of pytest; a test that errs in its set-up has failed.
count_junit() {
	local p f
	read -r p f < <("$PYTHON" - "$1" <<-'END'
		import sys, xml.etree.ElementTree as tree
		n = {"all": 0, "bad": 0, "skipped": 0}
		for case in tree.parse(sys.argv[1]).iter("testcase"):
		    kinds = {child.tag for child in case}
		    n["all"] += 1
		    n["bad"] += bool(kinds & {"failure", "error"})
		    n["skipped"] += "skipped" in kinds and not kinds & {"failure", "error"}
		print(n["all"] - n["bad"] - n["skipped"], n["bad"])
		END
	) || { failed "pytest left no results in $1"; return; }
	count "$p" "$f"
}
