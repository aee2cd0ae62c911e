/*
 * The settings that limit bookings, the table of what an event may say instead, and refund tiers:
 * their two written forms and what they give back.
 */
#include "core/booking/policy.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_member.h"
#include "base/log.h"

#define HOURS_MOST 8760 /* a year */

static const struct policy_key keys[] = {
	{ "maxSeats", 1, POLICY_SEATS_MOST, false },
	{ "windowMinutes", 1, 43200, true },
	{ "holdMinutes", 1, 1440, false },
	{ "maxPending", 1, 1000000, false },
};

enum err
policy_read(const struct config *c, struct policy *out)
{
	assert(c != NULL && out != NULL);
	*out = (struct policy){ .max_seats = (int32_t)c->max_seats,
		                .window_min = (int32_t)c->window_min,
		                .max_pending = (int32_t)c->max_pending,
		                .hold_min = (int32_t)c->hold_min,
		                .paying_min = (int32_t)c->paying_min,
		                .max_extensions = (int32_t)c->max_extensions,
		                .max_window_min = (int32_t)c->max_window_min };
	assert(out->max_seats >= 1 && out->max_seats <= POLICY_SEATS_MOST);
	if (refund_tiers_parse(c->refund_tiers, &out->tiers))
		return ERR_OK;
	log_line(LOG_ERROR,
	         "REFUND_TIERS must be hours:percent, comma-separated, such as 72:100,24:50", NULL);
	return ERR_VALIDATION_ERROR;
}

const struct policy_key *
policy_keys(size_t *n)
{
	*n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}

static bool
add_tier(struct refund_tiers *out, double hours, double percent)
{
	if (out->n == REFUND_TIERS_MOST || !(hours >= 0 && hours <= HOURS_MOST) ||
	    !(percent >= 0 && percent <= 100))
		return false;
	out->tier[out->n].hours = hours;
	out->tier[out->n++].percent = percent;
	return true;
}

bool
refund_tiers_parse(const char *text, struct refund_tiers *out)
{
	/* strtod alone would also take "inf", "0x10" and spaces. */
	static const char *const good = "0123456789.:,";

	out->n = 0;
	if (strspn(text, good) != strlen(text))
		return false;
	while (*text != '\0') {
		char *colon, *end;
		double hours = strtod(text, &colon), percent;

		if (colon == text || *colon != ':')
			return false;
		percent = strtod(colon + 1, &end);
		if (end == colon + 1 || (*end != ',' && *end != '\0') ||
		    !add_tier(out, hours, percent))
			return false;
		text = *end == ',' ? end + 1 : end;
		if (*end == ',' && *text == '\0')
			return false;
	}
	return true;
}

bool
refund_tiers_parse_json(const char *json, struct refund_tiers *out)
{
	cJSON *list = cJSON_Parse(json), *tier;
	bool good = cJSON_IsArray(list);

	out->n = 0;
	cJSON_ArrayForEach(tier, list) {
		const struct json_members m = { .object = tier };
		double hours, percent;

		good = good && json_member_number(&m, "hours", OPTIONAL, &hours) &&
		       json_member_number(&m, "percent", OPTIONAL, &percent) &&
		       add_tier(out, hours, percent);
	}
	cJSON_Delete(list);
	return good;
}

int64_t
refund_tiers_due(const struct refund_tiers *tiers, int64_t amount_minor, int64_t left_us)
{
	const double left = (double)left_us / (3600.0 * US_PER_S);
	double hours = -1, percent = 0;
	int64_t due;

	assert(tiers->n <= REFUND_TIERS_MOST);
	assert(amount_minor >= 0 && amount_minor <= (INT64_MAX - 9999) / 10000);
	for (size_t i = 0; i < tiers->n; i++) {
		if (left > tiers->tier[i].hours && tiers->tier[i].hours > hours) {
			hours = tiers->tier[i].hours;
			percent = tiers->tier[i].percent;
		}
	}
	/* In hundredths of a percent, so that 33.33 % of an amount is exact. */
	due = (amount_minor * (int64_t)llround(percent * 100) + 9999) / 10000;
	assert(due >= 0 && due <= amount_minor);
	return due;
}
