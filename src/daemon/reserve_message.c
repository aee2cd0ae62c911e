#include "daemon/reserve_message.h"

#include <cjson/cJSON.h>

#include "base/json_check.h"

/* Why a message's members will not do; NULL when they do. */
static const char *
read_members(const cJSON *object, struct reserve_message *out)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(object, "booking_id");
	const cJSON *event = cJSON_GetObjectItemCaseSensitive(object, "event_id");

	if (!cJSON_IsObject(object))
		return "not a JSON object";
	if (!cJSON_IsString(id))
		return id == NULL ? "booking_id is missing" : "booking_id is not a string";
	if (!uuid_parse(id->valuestring, &out->booking_id) || out->booking_id.b[6] >> 4 != 7)
		return "booking_id is not the id of a booking";
	if (!cJSON_IsNumber(event))
		return event == NULL ? "event_id is missing" : "event_id is not a number";
	out->event_id = uuid_event(&out->booking_id);
	if (out->event_id < 1)
		return "booking_id is not the id of a booking";
	if (event->valuedouble < out->event_id || event->valuedouble > out->event_id)
		return "event_id is not the event of the booking";
	return NULL;
}

enum err
reserve_message_read(TALLOC_CTX *ctx, const char *value, size_t len, struct reserve_message *out,
                     const char **why)
{
	struct json_fault fault;
	cJSON *tree;

	if (json_check(ctx, value, len, &fault) != ERR_OK) {
		*why = talloc_asprintf(ctx, "not JSON: %s, at byte %zu", fault.why, fault.at);
		return ERR_VALIDATION_ERROR;
	}
	tree = cJSON_ParseWithLength(value, len);
	*why = tree == NULL ? "a number with too many digits" : read_members(tree, out);
	cJSON_Delete(tree);
	return *why == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}
