/* Reading messages of a payment gateway: members, and the first of their faults in words. */
#include "pay/message_reader.h"

#include <assert.h>
#include <string.h>

#include "base/json_parse.h"
#include "base/money.h"

static const char *const wordings[JSON_WRONG__MAX] = {
	[JSON_MISSING] = "is missing",
	[JSON_NO_STRING] = "is not a string",
	[JSON_TEXT_SHORT] = "is empty",
	[JSON_TEXT_LONG] = "is too long",
	[JSON_TEXT_CONTROL] = "has control characters",
	[JSON_NO_UUID] = "is not a UUID",
	[JSON_NO_TIME] = "is not an instant of RFC 3339",
	[JSON_NO_NUMBER] = "is not a number",
	[JSON_NO_OBJECT] = "is not an object",
};

struct message_reader
message_begin(TALLOC_CTX *ctx, const char *text, size_t n)
{
	struct message_reader w = { .ctx = ctx };
	struct json_fault fault;
	cJSON *tree;

	if (json_parse(ctx, text, n, &tree, &fault) == ERR_OK) {
		w.object = cJSON_IsObject(tree) ? tree : NULL;
		w.why = w.object != NULL ? NULL : "not a JSON object";
	} else if (fault.too_long) {
		w.why = fault.why;
	} else {
		w.why = talloc_asprintf(ctx, "not JSON: %s, at byte %zu", fault.why, fault.at);
	}
	return w;
}

/* The message that an object is part of. */
static struct message_reader *
whole(struct message_reader *w)
{
	while (w->outer != NULL)
		w = w->outer;
	return w;
}

void
message_fault(struct message_reader *w, const char *why)
{
	struct message_reader *message = whole(w);

	assert(why != NULL);
	if (message->why == NULL)
		message->why = why;
}

/* Notes what is wrong with a member. */
static void
note(struct message_reader *w, const char *name, const char *what)
{
	const bool inner = w->outer != NULL;

	assert(what != NULL);
	if (whole(w)->why == NULL)
		message_fault(w, talloc_asprintf(w->ctx, "%s%s%s %s", inner ? w->name : "",
		                                 inner ? "." : "", name, what));
}

static void
member_fault(void *arg, const char *name, const struct json_member_fault *fault)
{
	note(arg, name, wordings[fault->wrong]);
}

static struct json_members
members_of(struct message_reader *w)
{
	return (struct json_members){
		.object = w->object, .null_is_absent = true, .fault = member_fault, .arg = w
	};
}

struct message_reader
message_within(struct message_reader *w, const char *name)
{
	const struct json_members members = members_of(w);

	assert(w->outer == NULL); /* names go one level deep */
	return (struct message_reader){ .ctx = w->ctx,
		                        .object = json_member_object(&members, name, REQUIRED),
		                        .outer = w,
		                        .name = name };
}

const char *
message_text(struct message_reader *w, const char *name, enum need need, size_t most)
{
	const struct json_members members = members_of(w);

	return json_member_text(&members, name, need, 1, most);
}

const char *
message_id(struct message_reader *w, const char *name, enum need need)
{
	return message_text(w, name, need, MESSAGE_ID_MOST);
}

const char *
message_url(struct message_reader *w, const char *name, enum need need)
{
	const char *url = message_text(w, name, need, MESSAGE_URL_MOST);

	if (url == NULL || strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
		return url;
	note(w, name, "is not an http:// or https:// URL");
	return NULL;
}

bool
message_uuid(struct message_reader *w, const char *name, enum need need, struct uuid *out)
{
	const struct json_members members = members_of(w);

	return json_member_uuid(&members, name, need, MESSAGE_ID_MOST, out);
}

int64_t
message_time(struct message_reader *w, const char *name)
{
	const struct json_members members = members_of(w);
	int64_t at_us = -1;

	json_member_time(&members, name, OPTIONAL, MESSAGE_ID_MOST, &at_us);
	return at_us;
}

const char *
message_currency(struct message_reader *w, const char *name, enum need need)
{
	const char *code = message_id(w, name, need);

	if (code == NULL || money_is_currency(code))
		return code;
	note(w, name, "is not a currency of ISO 4217");
	return NULL;
}

double
message_number(struct message_reader *w, const char *name)
{
	const struct json_members members = members_of(w);
	double n;

	if (!json_member_number(&members, name, OPTIONAL, &n))
		return -1;
	if (n >= 0)
		return n;
	note(w, name, "is negative");
	return -1;
}

int64_t
message_amount(struct message_reader *w, const char *name, const char *currency, enum need need)
{
	const struct json_members members = members_of(w);
	int64_t minor;
	double major;

	if (!json_member_number(&members, name, need, &major))
		return -1;
	if (currency == NULL)
		note(w, name, "has no currency");
	else if (!money_sum_to_minor(major, currency, &minor))
		note(w, name, "is negative, too large, or finer than its currency");
	else
		return minor;
	return -1;
}
