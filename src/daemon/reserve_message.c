/* Reads the messages that ask for seats: the two members that name a booking count. */
#include "daemon/reserve_message.h"

#include <assert.h>

#include "base/json_member.h"
#include "base/json_parse.h"

/* Why a member will not do: by kind, of a string and of a number. */
static const char *const wordings[JSON_WRONG__MAX] = {
	[JSON_MISSING] = "is missing",
	[JSON_NO_STRING] = "is not a string",
	[JSON_NO_NUMBER] = "is not a number",
};

struct reason {
	TALLOC_CTX *ctx;
	const char *why; /* the first fault */
};

static void
note_fault(void *arg, const char *name, const struct json_member_fault *fault)
{
	struct reason *r = arg;

	assert(wordings[fault->wrong] != NULL);
	if (r->why == NULL)
		r->why = talloc_asprintf(r->ctx, "%s %s", name, wordings[fault->wrong]);
}

/* Why a message's members will not do; NULL when they do. */
static const char *
read_members(TALLOC_CTX *ctx, const cJSON *object, struct reserve_message *out)
{
	struct reason r = { .ctx = ctx };
	const struct json_members m = { .object = object, .fault = note_fault, .arg = &r };
	const char *id;
	double event;

	if (!cJSON_IsObject(object))
		return "not a JSON object";
	if ((id = json_member_string(&m, "booking_id", REQUIRED)) == NULL)
		return r.why;
	if (!uuid_parse(id, &out->booking_id) || !uuid_is_of_event(&out->booking_id))
		return "booking_id is not the id of a booking";
	if (!json_member_number(&m, "event_id", REQUIRED, &event))
		return r.why;
	out->event_id = uuid_event(&out->booking_id);
	return event < out->event_id || event > out->event_id
	           ? "event_id is not the event of the booking"
	           : NULL;
}

enum err
reserve_message_read(TALLOC_CTX *ctx, const char *value, size_t len, struct reserve_message *out,
                     const char **why)
{
	struct json_fault fault;
	cJSON *tree;

	assert(out != NULL && why != NULL);
	if (json_parse(ctx, value, len, &tree, &fault) == ERR_OK)
		*why = read_members(ctx, tree, out);
	else if (fault.too_long)
		*why = fault.why;
	else
		*why = talloc_asprintf(ctx, "not JSON: %s, at byte %zu", fault.why, fault.at);
	return *why == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}
