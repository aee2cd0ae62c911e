#ifndef ROWLOCK_BASE_CLOCK_H
#define ROWLOCK_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Instants are microseconds since 1970-01-01T00:00:00Z, everywhere inside. Whether
 * something has expired is the database's to say (now()), never this clock's.
 */

#define CLOCK_TEXT 32 /* room for clock_text, with its end */
#define US_PER_S   INT64_C(1000000)

/* This machine's wall clock, for logs, ids and tokens. */
int64_t clock_now_us(void);

/* A clock that only goes forward, in µs, for measuring and for time-outs; safe from any thread. */
int64_t clock_mono_us(void);

/*
 * The first instant after at_us at which the clocks of this host's zone show a full hour, 0 to 23.
 * An hour that is skipped in spring comes on the next day.
 */
int64_t clock_next_hour(int64_t at_us, int hour);

/* Writes an instant, 1970 to 9999, as RFC 3339 UTC with milliseconds and Z; returns out. */
char *clock_text(int64_t at_us, char out[CLOCK_TEXT]);

/*
 * Reads an RFC 3339 instant: date, T, time, optional fraction, Z or an offset. Leap
 * seconds count as the second before. False when it is anything else (RFC 3339, 5.6) or
 * outside the years 1970 to 9999.
 */
bool clock_parse(const char *text, int64_t *at_us);

#endif
