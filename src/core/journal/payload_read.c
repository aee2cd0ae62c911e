/*
 * Reads the payloads that payload.c and core/reserve/request_payload.c write, of this version and
 * of others: a member that is missing or damaged must not stop the relay.
 */
#include "core/journal/payload_read.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "base/json_check.h"

#define EXACT 9007199254740992.0 /* 2^53: up to here a double is the number that was written */

/* One member; NULL when it is missing or null. */
static const cJSON *
get(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

static const char *
get_text(struct payload *f, const cJSON *object, const char *name)
{
	const cJSON *item = get(object, name);

	if (item == NULL || cJSON_IsString(item))
		return item == NULL ? NULL : item->valuestring;
	f->readable = false;
	return NULL;
}

/* A whole number from `least` to 2^53; `none` when it is missing or something else. */
static int64_t
get_int(struct payload *f, const cJSON *object, const char *name, int64_t least, int64_t none)
{
	const cJSON *item = get(object, name);
	double d = cJSON_IsNumber(item) ? item->valuedouble : -1;

	if (item == NULL)
		return none;
	if (d >= (double)least && d <= EXACT && floor(d) >= d)
		return (int64_t)d;
	f->readable = false;
	return none;
}

static int32_t
get_i32(struct payload *f, const cJSON *object, const char *name)
{
	int64_t n = get_int(f, object, name, 1, 0);

	if (n <= INT32_MAX)
		return (int32_t)n;
	f->readable = false;
	return 0;
}

/* An array, and how long it is; NULL when it is missing or something else. */
static const cJSON *
get_array(struct payload *f, const cJSON *object, const char *name, unsigned *n)
{
	const cJSON *item = get(object, name);

	if (item != NULL && !cJSON_IsArray(item)) {
		f->readable = false;
		item = NULL;
	}
	*n = item == NULL ? 0 : (unsigned)cJSON_GetArraySize(item);
	return item;
}

static void
read_seats(TALLOC_CTX *ctx, struct payload *f, const cJSON *payload)
{
	unsigned n;
	const cJSON *list = get_array(f, payload, "seats", &n), *item;

	if (list == NULL)
		return;
	f->seats = talloc_array(ctx, int32_t, n);
	cJSON_ArrayForEach(item, list) {
		double d = cJSON_IsNumber(item) ? item->valuedouble : 0;

		if (d >= 1 && d <= INT32_MAX && floor(d) >= d)
			f->seats[f->n_seats++] = (int32_t)d;
		else
			f->readable = false;
	}
	f->has_seats = f->n_seats == n; /* some of them would be a false statement */
	if (!f->has_seats)
		f->n_seats = 0;
}

static void
read_positions(TALLOC_CTX *ctx, struct payload *f, const cJSON *queue)
{
	unsigned n;
	const cJSON *list = get_array(f, queue, "positions", &n), *item;

	if (list == NULL)
		return;
	f->positions = talloc_array(ctx, const char *, n);
	cJSON_ArrayForEach(item, list) {
		if (cJSON_IsString(item))
			f->positions[f->n_positions++] = item->valuestring;
		else
			f->readable = false;
	}
}

/* What a booking that came through /api/booking asked for. */
static void
read_queue(TALLOC_CTX *ctx, struct payload *f, const cJSON *payload)
{
	const cJSON *queue = get(payload, "queue"), *config;

	if (queue == NULL)
		return;
	f->queued = cJSON_IsObject(queue);
	f->readable = f->readable && f->queued;
	f->section = get_text(f, queue, "section");
	f->subsection = get_i32(f, queue, "subsection");
	f->quantity = get_i32(f, queue, "quantity");
	f->mode = get_text(f, queue, "mode");
	read_positions(ctx, f, queue);
	config = get(queue, "config");
	f->readable = f->readable && (config == NULL || cJSON_IsObject(config));
	f->rows = get_i32(f, config, "rows");
	f->cols = get_i32(f, config, "cols");
	f->price_minor = get_int(f, config, "price", 0, -1);
}

/* The text as a tree; NULL when it is no JSON, or nothing that every cJSON reads. */
static cJSON *
parse(TALLOC_CTX *ctx, const char *text)
{
	struct json_fault fault;
	size_t len = text == NULL ? 0 : strlen(text);

	if (json_check(ctx, text == NULL ? "" : text, len, &fault) != ERR_OK)
		return NULL;
	return cJSON_ParseWithLength(text, len);
}

void
payload_read(TALLOC_CTX *ctx, const char *payload, struct payload *f)
{
	assert(f != NULL);
	memset(f, 0, sizeof(*f));
	f->tree = parse(ctx, payload);
	f->readable = cJSON_IsObject(f->tree);
	f->reason = get_text(f, f->tree, "reason");
	f->message = get_text(f, f->tree, "message");
	f->currency = get_text(f, f->tree, "currency");
	f->ticket = get_text(f, f->tree, "ticketReference");
	f->has_expires = cJSON_GetObjectItemCaseSensitive(f->tree, "expiresAt") != NULL;
	f->expires = get_text(f, f->tree, "expiresAt");
	f->total_minor = get_int(f, f->tree, "total", 0, -1);
	f->amount_minor = get_int(f, f->tree, "amount", 0, -1);
	f->refund_id = get_text(f, f->tree, "refundId");
	f->payment_id = get_text(f, f->tree, "paymentId");
	read_seats(ctx, f, f->tree);
	f->price_minor = -1;
	read_queue(ctx, f, f->tree);
}

void
payload_free(struct payload *p)
{
	assert(p != NULL);
	cJSON_Delete(p->tree);
	p->tree = NULL;
}
