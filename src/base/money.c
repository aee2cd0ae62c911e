/* Amounts: major units of a currency to minor units and back, exactly. */
#include "base/money.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The currencies whose exponent is not 2 (ISO 4217, list one, as of 2024). */
static const struct {
	char code[4];
	int exponent;
} odd[] = {
	{ "BIF", 0 }, { "CLP", 0 }, { "DJF", 0 }, { "GNF", 0 }, { "ISK", 0 }, { "JPY", 0 },
	{ "KMF", 0 }, { "KRW", 0 }, { "PYG", 0 }, { "RWF", 0 }, { "UGX", 0 }, { "VND", 0 },
	{ "VUV", 0 }, { "XAF", 0 }, { "XOF", 0 }, { "XPF", 0 }, { "BHD", 3 }, { "IQD", 3 },
	{ "JOD", 3 }, { "KWD", 3 }, { "LYD", 3 }, { "OMR", 3 }, { "TND", 3 },
};

bool
money_is_currency(const char *s)
{
	for (int i = 0; i < 3; i++) {
		if (s[i] < 'A' || s[i] > 'Z')
			return false;
	}
	return s[3] == '\0';
}

/* How many decimals a currency has: 2 for most, 0 for JPY, 3 for KWD … (ISO 4217, list one). */
static int
exponent_of(const char *currency)
{
	assert(currency != NULL);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		if (strcmp(odd[i].code, currency) == 0)
			return odd[i].exponent;
	}
	return 2;
}

bool
money_to_minor(double major, const char *currency, int64_t *minor)
{
	double scaled = major * pow(10, exponent_of(currency));

	if (!(scaled >= 0 && scaled <= (double)MONEY_MAX_MINOR) ||
	    fabs(scaled - round(scaled)) > 1e-6)
		return false;
	*minor = (int64_t)llround(scaled);
	return true;
}

bool
money_sum_to_minor(double major, const char *currency, int64_t *minor)
{
	const double unit = pow(10, exponent_of(currency));
	double scaled = round(major * unit), back = scaled / unit;

	/* A decimal number that is fine enough is the double nearest to scaled / unit. */
	if (!(major >= 0 && scaled <= (double)MONEY_MAX_SUM) || back < major || back > major)
		return false;
	*minor = (int64_t)scaled;
	return true;
}

char *
money_text(int64_t minor, const char *currency, char out[MONEY_TEXT])
{
	int digits = exponent_of(currency);
	long long unit = digits == 0 ? 1 : digits == 2 ? 100 : 1000;
	long long size = minor < 0 ? -minor : minor;

	if (digits == 0)
		snprintf(out, MONEY_TEXT, "%lld", (long long)minor);
	else
		snprintf(out, MONEY_TEXT, "%s%lld.%0*lld", minor < 0 ? "-" : "", size / unit,
		         digits, size % unit);
	return out;
}

char *
money_plain(int64_t minor, const char *currency, char out[MONEY_TEXT])
{
	char *point = strchr(money_text(minor, currency, out), '.');

	if (point != NULL && strspn(point + 1, "0") == strlen(point + 1))
		*point = '\0';
	return out;
}
