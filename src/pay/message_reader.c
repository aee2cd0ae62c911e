#include "pay/message_reader.h"

#include <string.h>

#include "base/clock.h"
#include "base/json_check.h"
#include "base/money.h"
#include "base/utf8.h"

cJSON *
message_parse(TALLOC_CTX *ctx, const char *text, size_t n, const char **why)
{
	struct json_fault fault;
	cJSON *tree;

	if (json_check(ctx, text, n, &fault) != ERR_OK) {
		*why = talloc_asprintf(ctx, "not JSON: %s, at byte %zu", fault.why, fault.at);
		return NULL;
	}
	tree = cJSON_ParseWithLength(text, n);
	if (cJSON_IsObject(tree))
		return tree;
	*why = tree == NULL ? "a number with too many digits" : "not a JSON object";
	cJSON_Delete(tree);
	return NULL;
}

static void
note(struct message_reader *w, const char *name, const char *what)
{
	if (w->why == NULL)
		w->why = talloc_asprintf(w->ctx, "%s%s %s", w->within, name, what);
}

static const cJSON *
member(struct message_reader *w, const char *name, bool must)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(w->object, name);

	if (item != NULL && !cJSON_IsNull(item))
		return item;
	if (must)
		note(w, name, "is missing");
	return NULL;
}

struct message_reader
message_within(struct message_reader *w, const char *name, const char *within)
{
	const cJSON *item = member(w, name, true);

	if (item != NULL && !cJSON_IsObject(item))
		note(w, name, "is not an object");
	return (struct message_reader){ w->ctx, cJSON_IsObject(item) ? item : NULL, within,
		                        w->why };
}

const char *
message_text(struct message_reader *w, const char *name, size_t most, bool must)
{
	const cJSON *item = member(w, name, must);
	size_t n;

	if (item == NULL)
		return NULL;
	n = cJSON_IsString(item) ? strlen(item->valuestring) : 0;
	if (!cJSON_IsString(item))
		note(w, name, "is not a string");
	else if (n == 0 || n > most)
		note(w, name, n == 0 ? "is empty" : "is too long");
	else if (!utf8_is_clean(item->valuestring))
		note(w, name, "has control characters");
	else
		return talloc_strdup(w->ctx, item->valuestring);
	return NULL;
}

const char *
message_url(struct message_reader *w, const char *name, bool must)
{
	const char *url = message_text(w, name, MESSAGE_URL_MOST, must);

	if (url == NULL || strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
		return url;
	note(w, name, "is not an http:// or https:// URL");
	return NULL;
}

bool
message_uuid(struct message_reader *w, const char *name, bool must, struct uuid *out)
{
	const char *text = message_text(w, name, MESSAGE_ID_MOST, must);

	if (text != NULL && uuid_parse(text, out))
		return true;
	if (text != NULL)
		note(w, name, "is not a UUID");
	return false;
}

int64_t
message_time(struct message_reader *w, const char *name)
{
	const char *text = message_text(w, name, MESSAGE_ID_MOST, false);
	int64_t at_us = -1;

	if (text != NULL && !clock_parse(text, &at_us)) {
		note(w, name, "is not an instant of RFC 3339");
		return -1;
	}
	return at_us;
}

const char *
message_currency(struct message_reader *w, const char *name, bool must)
{
	const char *code = message_text(w, name, MESSAGE_ID_MOST, must);

	if (code == NULL || money_is_currency(code))
		return code;
	note(w, name, "is not a currency of ISO 4217");
	return NULL;
}

double
message_number(struct message_reader *w, const char *name)
{
	const cJSON *item = member(w, name, false);

	if (item == NULL)
		return -1;
	if (cJSON_IsNumber(item) && item->valuedouble >= 0)
		return item->valuedouble;
	note(w, name, cJSON_IsNumber(item) ? "is negative" : "is not a number");
	return -1;
}

int64_t
message_amount(struct message_reader *w, const char *name, const char *currency, bool must)
{
	const cJSON *item = member(w, name, must);
	int64_t minor;

	if (item == NULL)
		return -1;
	if (!cJSON_IsNumber(item))
		note(w, name, "is not a number");
	else if (currency == NULL)
		note(w, name, "has no currency");
	else if (!money_sum_to_minor(item->valuedouble, currency, &minor))
		note(w, name, "is negative, too large, or finer than its currency");
	else
		return minor;
	return -1;
}
