# shellcheck shell=bash
# Saying things: progress, failures, and command lines that are not understood.

BOLD='' RED='' PLAIN=''
if [ -t 1 ] && [ -z "${CI:-}" ] && [ -z "${NO_COLOR:-}" ]; then
	BOLD=$'\e[1m' RED=$'\e[31m' PLAIN=$'\e[0m'
fi
say() { printf '%s\n' "$*"; }
step() { say "$BOLD==>$PLAIN $*"; }
die() { printf '%sstack: %s%s\n' "$RED" "$*" "$PLAIN" >&2; exit 1; }
misuse() { printf 'stack: %s (./stack --help)\n' "$*" >&2; exit 2; }

# die_with_log LOG WHAT…: a failed step, and the end of the log that says why.
die_with_log() {
	local log=$1
	shift
	{
		printf '%sstack: %s%s\nits log is %s, and ends with:\n' "$RED" "$*" "$PLAIN" "$log"
		tail -n 20 "$log" 2>/dev/null | sed 's/^/  | /'
	} >&2
	exit 1
}

# number OPTION VALUE LEAST MOST: refuses a value that is no number in this range.
number() {
	[[ $2 =~ ^[0-9]{1,6}$ ]] && ((10#$2 >= $3 && 10#$2 <= $4)) || misuse "$1 takes a number from $3 to $4, not '$2'"
}

# one_of OPTION VALUE WORD…: refuses a value that is none of the words.
one_of() {
	local option=$1 value=$2
	shift 2
	case " $* " in *" $value "*) ;; *) misuse "$option takes one of: $*" ;; esac
}
