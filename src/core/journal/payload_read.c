/*
 * Reads the payloads that payload.c and core/reserve/request_payload.c write, of this version and
 * of others: a member that is missing or damaged must not stop the relay.
 */
#include "core/journal/payload_read.h"

#include <assert.h>
#include <string.h>

#include "base/json_member.h"
#include "base/json_parse.h"

static void
note_fault(void *arg, const char *name, const struct json_member_fault *fault)
{
	struct payload *p = arg;

	(void)name;
	(void)fault;
	p->readable = false;
}

/* The members of an object, which may be NULL: then it has none. */
static struct json_members
members_of(struct payload *p, const cJSON *object)
{
	return (struct json_members){
		.object = object, .null_is_absent = true, .fault = note_fault, .arg = p
	};
}

/* A whole number from `least` to 2^53; `none` when it is missing or something else. */
static int64_t
get_int(const struct json_members *m, const char *name, int64_t least, int64_t none)
{
	int64_t n = none;

	assert(none < least);
	json_member_int(m, name, OPTIONAL, least, INT64_MAX, &n);
	return n;
}

/* Likewise from 1, of 32 bits; 0 for none. */
static int32_t
get_i32(const struct json_members *m, const char *name)
{
	int32_t n = 0;

	json_member_i32(m, name, OPTIONAL, 1, INT32_MAX, &n);
	return n;
}

static void
read_seats(TALLOC_CTX *ctx, struct payload *p, const struct json_members *m)
{
	const cJSON *list = json_member_array(m, "seats", OPTIONAL), *item;
	int64_t no;

	if (list == NULL)
		return;
	p->seats = talloc_array(ctx, int32_t, (unsigned)cJSON_GetArraySize(list));
	p->has_seats = true;
	cJSON_ArrayForEach(item, list) {
		if (json_member_is_whole(item, 1, INT32_MAX, &no))
			p->seats[p->n_seats++] = (int32_t)no;
		else
			p->has_seats = p->readable = false;
	}
	if (!p->has_seats) /* some of them would be a false statement */
		p->n_seats = 0;
}

static void
read_positions(TALLOC_CTX *ctx, struct payload *p, const struct json_members *queue)
{
	const cJSON *list = json_member_array(queue, "positions", OPTIONAL), *item;

	if (list == NULL)
		return;
	p->positions = talloc_array(ctx, const char *, (unsigned)cJSON_GetArraySize(list));
	cJSON_ArrayForEach(item, list) {
		if (cJSON_IsString(item))
			p->positions[p->n_positions++] = item->valuestring;
		else
			p->readable = false;
	}
}

/* What a booking that came through /api/booking asked for. */
static void
read_queue(TALLOC_CTX *ctx, struct payload *p, const struct json_members *m)
{
	const struct json_members queue = members_of(p, json_member_object(m, "queue", OPTIONAL));
	const struct json_members config = members_of(p, json_member_object(&queue, "config",
	                                                                    OPTIONAL));

	p->queued = queue.object != NULL;
	p->section = json_member_string(&queue, "section", OPTIONAL);
	p->subsection = get_i32(&queue, "subsection");
	p->quantity = get_i32(&queue, "quantity");
	p->mode = json_member_string(&queue, "mode", OPTIONAL);
	read_positions(ctx, p, &queue);
	p->rows = get_i32(&config, "rows");
	p->cols = get_i32(&config, "cols");
	p->price_minor = get_int(&config, "price", 0, -1);
}

void
payload_read(TALLOC_CTX *ctx, const char *payload, struct payload *p)
{
	const size_t len = payload == NULL ? 0 : strlen(payload);
	struct json_fault fault;
	struct json_members m;
	cJSON *tree;

	assert(p != NULL);
	memset(p, 0, sizeof(*p));
	p->texts = talloc_new(ctx);
	if (json_parse(p->texts, len == 0 ? "" : payload, len, &tree, &fault) != ERR_OK)
		tree = NULL;
	m = members_of(p, tree);
	p->readable = cJSON_IsObject(tree);
	p->reason = json_member_string(&m, "reason", OPTIONAL);
	p->message = json_member_string(&m, "message", OPTIONAL);
	p->currency = json_member_string(&m, "currency", OPTIONAL);
	p->ticket = json_member_string(&m, "ticketReference", OPTIONAL);
	p->expires = json_member_string(&m, "expiresAt", OPTIONAL);
	p->total_minor = get_int(&m, "total", 0, -1);
	p->amount_minor = get_int(&m, "amount", 0, -1);
	p->refund_id = json_member_string(&m, "refundId", OPTIONAL);
	p->payment_id = json_member_string(&m, "paymentId", OPTIONAL);
	read_seats(ctx, p, &m);
	read_queue(ctx, p, &m);
	m.null_is_absent = false;
	p->has_expires = json_member(&m, "expiresAt", OPTIONAL) != NULL;
}

void
payload_free(struct payload *p)
{
	assert(p != NULL);
	TALLOC_FREE(p->texts);
}
