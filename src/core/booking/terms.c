#include "core/booking/terms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "base/log.h"

#define HOURS_MOST 8760

static bool
add_tier(struct refund_tiers *out, double hours, double percent)
{
	if (out->n == TERMS_TIERS || !(hours >= 0 && hours <= HOURS_MOST) ||
	    !(percent >= 0 && percent <= 100))
		return false;
	out->tier[out->n].hours = hours;
	out->tier[out->n++].percent = percent;
	return true;
}

bool
terms_parse_tiers(const char *text, struct refund_tiers *out)
{
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
terms_parse_policy(const char *json, struct refund_tiers *out)
{
	cJSON *list = cJSON_Parse(json), *tier;
	bool good = cJSON_IsArray(list);

	out->n = 0;
	cJSON_ArrayForEach(tier, list) {
		const cJSON *hours = cJSON_GetObjectItemCaseSensitive(tier, "hours");
		const cJSON *percent = cJSON_GetObjectItemCaseSensitive(tier, "percent");

		good = good && cJSON_IsNumber(hours) && cJSON_IsNumber(percent) &&
		       add_tier(out, hours->valuedouble, percent->valuedouble);
	}
	cJSON_Delete(list);
	return good;
}

enum err
terms_read(const struct config *config, struct terms *out)
{
	*out = (struct terms){ .max_extensions = (int32_t)config->max_extensions,
		               .max_window_min = (int32_t)config->max_window_min,
		               .paying_min = (int32_t)config->paying_min };
	if (terms_parse_tiers(config->refund_tiers, &out->tiers))
		return ERR_OK;
	log_line(LOG_ERROR,
	         "REFUND_TIERS must be hours:percent, comma-separated, such as 72:100,24:50", NULL);
	return ERR_VALIDATION_ERROR;
}

int64_t
terms_due(const struct refund_tiers *tiers, int64_t amount_minor, int64_t left_us)
{
	const double left = (double)left_us / (3600.0 * US_PER_S);
	double hours = -1, percent = 0;

	for (size_t i = 0; i < tiers->n; i++) {
		if (left > tiers->tier[i].hours && tiers->tier[i].hours > hours) {
			hours = tiers->tier[i].hours;
			percent = tiers->tier[i].percent;
		}
	}
	/* In hundredths of a percent, so that 33.33 % of an amount is exact. */
	return (amount_minor * (int64_t)llround(percent * 100) + 9999) / 10000;
}
