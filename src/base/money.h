#ifndef ROWLOCK_BASE_MONEY_H
#define ROWLOCK_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

/* Money is an integer of minor units (cents) plus an ISO 4217 currency, everywhere inside. */

#define MONEY_TEXT      32
#define MONEY_MAX_MINOR INT64_C(2000000000)      /* the dearest seat, in minor units */
#define MONEY_MAX_SUM   INT64_C(100000000000000) /* the largest sum, likewise */

/* Whether s is three capital letters, the shape of an ISO 4217 code. */
bool money_is_currency(const char *s);

/*
 * A decimal amount of major units in minor units. False when negative, above
 * MONEY_MAX_MINOR, or finer than the currency's smallest unit.
 */
bool money_to_minor(double major, const char *currency, int64_t *minor);

/* Likewise for a sum: up to MONEY_MAX_SUM, and exact however large it is. */
bool money_sum_to_minor(double major, const char *currency, int64_t *minor);

/* Writes minor units as a JSON number of major units, "150.00"; returns out. */
char *money_text(int64_t minor, const char *currency, char out[MONEY_TEXT]);

/* Likewise, without decimals when they are all 0: "150", "150.50". */
char *money_plain(int64_t minor, const char *currency, char out[MONEY_TEXT]);

#endif
