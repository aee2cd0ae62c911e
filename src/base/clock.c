/* Instants: read, written, and how the program tells the time. */
#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LAST_US (INT64_C(253402300800) * US_PER_S) /* 10000-01-01 */

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t
clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Writes n decimal digits; returns what is behind them. */
static char *
put_digits(char *p, int n, unsigned value)
{
	for (int i = n - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	return p + n;
}

int64_t
clock_next_hour(int64_t at_us, int hour)
{
	const time_t now = (time_t)(at_us / US_PER_S);
	struct tm tm;
	time_t then;

	assert(hour >= 0 && hour < 24);
	localtime_r(&now, &tm);
	tm.tm_hour = hour;
	tm.tm_min = tm.tm_sec = 0;
	do {
		tm.tm_isdst = -1; /* whichever it is on that day */
		then = mktime(&tm);
		tm.tm_mday++;
		tm.tm_hour = hour; /* where it was skipped on one day, it is there on the next */
	} while (then <= now);
	return (int64_t)then * US_PER_S;
}

/*
 * By hand, because every answer holds several instants. Days are counted from 0000-03-01, so
 * that a leap day is the last of its year; 146,097 days are 400 years.
 */
char *
clock_text(int64_t at_us, char out[CLOCK_TEXT])
{
	const int64_t s = at_us / US_PER_S;
	const unsigned day = (unsigned)(s / 86400) + 719468, second = (unsigned)(s % 86400);
	const unsigned era = day / 146097, doe = day % 146097;
	const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const unsigned mp = (5 * doy + 2) / 153; /* months from March */
	const unsigned month = mp < 10 ? mp + 3 : mp - 9;
	char *p = out;

	assert(at_us >= 0);
	p = put_digits(p, 4, yoe + era * 400 + (month <= 2));
	*p++ = '-';
	p = put_digits(p, 2, month);
	*p++ = '-';
	p = put_digits(p, 2, doy - (153 * mp + 2) / 5 + 1);
	*p++ = 'T';
	p = put_digits(p, 2, second / 3600);
	*p++ = ':';
	p = put_digits(p, 2, second / 60 % 60);
	*p++ = ':';
	p = put_digits(p, 2, second % 60);
	*p++ = '.';
	p = put_digits(p, 3, (unsigned)(at_us % US_PER_S / 1000));
	*p++ = 'Z';
	*p = '\0';
	return out;
}

/* Reads exactly n digits into *v and steps over them. */
static bool
digits(const char **p, int n, int *v)
{
	*v = 0;
	for (; n > 0; n--, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*v = *v * 10 + (**p - '0');
	}
	return true;
}

/* Steps over one character, if it is there. */
static bool
literal(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* The fraction of a second, if there is one, in microseconds. */
static bool
fraction(const char **p, int *us)
{
	int scale = 100000;

	*us = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
		*us += (**p - '0') * scale;
	return true;
}

/* Z or +hh:mm or -hh:mm, in minutes east of UTC. */
static bool
offset(const char **p, int *minutes)
{
	int h, m, sign = **p == '-' ? -1 : 1;

	*minutes = 0;
	if (literal(p, 'Z') || literal(p, 'z'))
		return true;
	if (!literal(p, '+') && !literal(p, '-'))
		return false;
	if (!digits(p, 2, &h) || !literal(p, ':') || !digits(p, 2, &m) || h > 23 || m > 59)
		return false;
	*minutes = sign * (h * 60 + m);
	return true;
}

static int
days_in_month(int y, int m)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	assert(m >= 1 && m <= 12);
	return m == 2 && leap ? 29 : days[m - 1];
}

bool
clock_parse(const char *p, int64_t *at_us)
{
	int y, mo, d, h, mi, s, us, east;
	struct tm tm = { 0 };

	assert(p != NULL && at_us != NULL);
	if (!digits(&p, 4, &y) || !literal(&p, '-') || !digits(&p, 2, &mo) || !literal(&p, '-') ||
	    !digits(&p, 2, &d) || (!literal(&p, 'T') && !literal(&p, 't')) || !digits(&p, 2, &h) ||
	    !literal(&p, ':') || !digits(&p, 2, &mi) || !literal(&p, ':') || !digits(&p, 2, &s) ||
	    !fraction(&p, &us) || !offset(&p, &east) || *p != '\0')
		return false;
	if (y < 1970 || mo < 1 || mo > 12 || d < 1 || d > days_in_month(y, mo) || h > 23 ||
	    mi > 59 || s > 60)
		return false;
	tm.tm_year = y - 1900;
	tm.tm_mon = mo - 1;
	tm.tm_mday = d;
	tm.tm_hour = h;
	tm.tm_min = mi;
	tm.tm_sec = s == 60 ? 59 : s;
	*at_us = ((int64_t)timegm(&tm) - east * 60) * US_PER_S + us;
	return *at_us >= 0 && *at_us < LAST_US;
}
