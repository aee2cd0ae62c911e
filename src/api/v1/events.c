/* Events in /api/v1: making one of a plan, changing, listing, cancelling. */

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/principal.h"
#include "api/request/reply.h"
#include "api/v1/envelope.h"
#include "base/money.h"
#include "core/booking/policy.h"
#include "core/event/event.h"
#include "core/event/event_cancel.h"
#include "core/event/event_create.h"
#include "core/plan/plan.h"

#define TITLE_MAX    200 /* bytes, of a title or a venue */
#define TIMEZONE_MAX 64

/* Writes "seats": how many there are, and how many in each state. */
static void
write_counts(struct jsonw *w, const struct event *e)
{
	jsonw_open(w, "seats", '{');
	jsonw_int(w, "total", e->n_seats);
	for (enum seat_status s = 0; s < SEAT__MAX; s++)
		jsonw_int(w, seat_status_name(s), e->counts.n[s]);
	jsonw_close(w, '}');
}

/* Writes the members of an event, which are the same for all who may see it. */
static void
write_event(struct jsonw *w, const struct event *e)
{
	const struct uuid id = uuid_of_seat(e->id, 0);
	char price[MONEY_TEXT];

	jsonw_uuid(w, "eventId", &id);
	jsonw_int(w, "number", e->id);
	jsonw_str(w, "title", e->title);
	jsonw_str(w, "venueName", e->venue_name);
	jsonw_uuid(w, "planId", &e->plan_id);
	jsonw_time(w, "startsAt", e->starts_us);
	jsonw_str(w, "timezone", e->timezone);
	jsonw_str(w, "currency", e->currency);
	jsonw_str(w, "status", event_status_name(e->status));
	jsonw_str(w, "seller", e->seller);
	jsonw_raw(w, "policy", e->policy);
	jsonw_raw(w, "metadata", e->metadata);
	jsonw_open(w, "priceRange", '{');
	jsonw_raw(w, "min", money_text(e->price_min_minor, e->currency, price));
	jsonw_raw(w, "max", money_text(e->price_max_minor, e->currency, price));
	jsonw_close(w, '}');
	write_counts(w, e);
	jsonw_time(w, "createdAt", e->created_us);
	jsonw_time(w, "updatedAt", e->updated_us);
}

/* Writes "cancellation": how far it has got. total is null until it has been counted. */
static void
write_cancellation(struct jsonw *w, const struct event_cancellation *c)
{
	jsonw_open(w, "cancellation", '{');
	if (c->total < 0)
		jsonw_null(w, "total");
	else
		jsonw_int(w, "total", c->total);
	jsonw_int(w, "cancelled", c->cancelled);
	jsonw_int(w, "refunded", c->refunded);
	jsonw_int(w, "refundsPending", c->refunds_pending);
	jsonw_int(w, "refundsFailed", c->refunds_failed);
	jsonw_time(w, "requestedAt", c->requested_us);
	jsonw_time(w, "finishedAt", c->finished_us);
	jsonw_close(w, '}');
}

/*
 * Answers with an event; one that is cancelled shows how far its bookings have been ended, if that
 * was ever counted.
 */
static enum err
answer_event(struct api *a, int32_t id, int status)
{
	struct event_cancellation cancellation;
	struct event event;
	struct jsonw w;
	enum err e;

	if ((e = event_get(a->app->pool, a->rq->ctx, id, &event)) != ERR_OK)
		return e;
	if (event.status == EVENT_CANCELLED) {
		e = event_cancel_progress(a->app->pool, a->rq->ctx, id, &cancellation);
		if (e != ERR_OK && e != ERR_EVENT_NOT_FOUND)
			return e;
	}
	v1_open(a, &w, 1024);
	jsonw_open(&w, "data", '{');
	write_event(&w, &event);
	if (event.status == EVENT_CANCELLED && e == ERR_OK)
		write_cancellation(&w, &cancellation);
	jsonw_close(&w, '}');
	v1_close(a, &w, status);
	return ERR_OK;
}

/* An event as it was made; arg: struct api, what: struct event. */
static void
render_created(void *arg, const void *what, struct reply *out)
{
	const struct event *event = what;
	struct api *a = arg;
	struct jsonw w;

	v1_open(a, &w, 1024);
	jsonw_open(&w, "data", '{');
	write_event(&w, event);
	jsonw_close(&w, '}');
	*out = reply_close(&w, 201, talloc_asprintf(a->rq->ctx, "/api/v1/events/%d", event->id));
}

/* Notes a fault at "list.name", for a member of an object of the body. */
static void
fault_in(struct api *a, const char *list, const char *name, const char *why)
{
	decode_fault(a, talloc_asprintf(a->rq->ctx, "%s.%s", list, name), why);
}

/*
 * An object or list of the body as JSON text on the request's ctx, for the column that keeps it;
 * NULL when absent.
 */
static const char *
object_text(struct api *a, const cJSON *object)
{
	char *printed, *out;

	if (object == NULL)
		return NULL;
	printed = cJSON_PrintUnformatted(object);
	assert(printed != NULL);
	out = talloc_strdup(a->rq->ctx, printed);
	cJSON_free(printed);
	return out;
}

/*
 * Whether core can read a list of tiers, and it says nothing besides: a member that would be passed
 * over may be a misspelt rule about money.
 */
static bool
is_refund_tiers(struct api *a, const cJSON *list)
{
	struct refund_tiers read;
	const cJSON *tier;

	cJSON_ArrayForEach(tier, list) {
		if (cJSON_GetArraySize(tier) != 2)
			return false;
	}
	return refund_tiers_parse_json(object_text(a, list), &read);
}

/*
 * Notes what is wrong with one member of a policy. The limits are those of core/booking/policy.h;
 * only refundTiers is no whole number.
 */
static void
check_policy_item(struct api *a, const cJSON *item)
{
	size_t n;
	const struct policy_key *keys = policy_keys(&n), *key = keys;
	int64_t limit;

	while (key < keys + n && strcmp(key->name, item->string) != 0)
		key++;
	if (strcmp(item->string, "refundTiers") == 0) {
		if (!is_refund_tiers(a, item))
			fault_in(a, "policy", item->string,
			         talloc_asprintf(
				     a->rq->ctx,
				     "must be a list of {\"hours\",\"percent\"}, %d at the most",
				     REFUND_TIERS_MOST));
	} else if (key == keys + n) {
		fault_in(a, "policy", item->string, "is not a policy");
	} else if (!(key->nullable && cJSON_IsNull(item)) &&
	           !json_member_is_whole(item, key->least, key->most, &limit)) {
		fault_in(a, "policy", item->string,
		         talloc_asprintf(a->rq->ctx, "must be a whole number from %d to %d%s",
		                         key->least, key->most, key->nullable ? ", or null" : ""));
	}
}

/* Decodes "policy" as JSON text; NULL when absent. */
static const char *
decode_policy(struct api *a)
{
	const cJSON *policy = decode_object(a, "policy", OPTIONAL), *item;

	cJSON_ArrayForEach(item, policy)
		check_policy_item(a, item);
	return object_text(a, policy);
}

/*
 * Decodes "prices": an amount by section or category. Which of these the plan has is looked at when
 * the event is made. Every member takes its place, also a faulty one: the draft is not used then.
 */
static void
decode_prices(struct api *a, struct event_draft *draft)
{
	const cJSON *prices = decode_object(a, "prices", OPTIONAL), *item;
	int64_t minor;

	draft->prices = talloc_array(a->rq->ctx, struct event_price,
	                             (unsigned)cJSON_GetArraySize(prices));
	cJSON_ArrayForEach(item, prices) {
		if (!cJSON_IsNumber(item) || draft->currency == NULL ||
		    !money_to_minor(item->valuedouble, draft->currency, &minor))
			fault_in(a, "prices", item->string,
			         "must be an amount from 0 on, in units that the currency has");
		draft->prices[draft->n_prices++] = (struct event_price){ item->string,
			                                                 item->valuedouble };
	}
}

/* Decodes "tiers": the tier by section or category. */
static void
decode_tiers(struct api *a, struct event_draft *draft)
{
	const cJSON *tiers = decode_object(a, "tiers", OPTIONAL), *item;

	draft->tiers = talloc_array(a->rq->ctx, struct event_tier,
	                            (unsigned)cJSON_GetArraySize(tiers));
	cJSON_ArrayForEach(item, tiers) {
		if (!cJSON_IsString(item) || *item->valuestring == '\0' ||
		    strlen(item->valuestring) > PLAN_MAX_LABEL)
			fault_in(a, "tiers", item->string, "must be a short text");
		else
			draft->tiers[draft->n_tiers++] = (struct event_tier){ item->string,
				                                              item->valuestring };
	}
}

/* Decodes a new event, which the caller will sell. Errors: VALIDATION_ERROR, all faults noted. */
static enum err
decode_draft(struct api *a, struct event_draft *draft)
{
	static const char *const fields[] = { "title",    "venueName", "planId", "startsAt",
		                              "timezone", "currency",  "prices", "tiers",
		                              "policy",   "metadata",  NULL };
	const char *plan, *metadata;

	assert(a->who.sub != NULL); /* the route is for sellers */
	decode_known(a, fields);
	draft->seller = a->who.sub;
	draft->seller_name = a->who.name;
	draft->title = decode_text(a, "title", REQUIRED, 1, TITLE_MAX);
	draft->venue_name = decode_text(a, "venueName", REQUIRED, 1, TITLE_MAX);
	draft->starts_us = decode_time(a, "startsAt", REQUIRED);
	draft->timezone = decode_text(a, "timezone", REQUIRED, 1, TIMEZONE_MAX);
	draft->currency = decode_text(a, "currency", REQUIRED, 3, 3);
	plan = decode_text(a, "planId", REQUIRED, 1, 64);
	if (plan != NULL && !uuid_parse(plan, &draft->plan_id))
		decode_fault(a, "planId", "must be the id of a plan");
	if (draft->currency != NULL && !money_is_currency(draft->currency))
		decode_fault(a, "currency", "must be an ISO 4217 code such as EUR");
	decode_prices(a, draft);
	decode_tiers(a, draft);
	draft->policy = decode_policy(a);
	metadata = object_text(a, decode_object(a, "metadata", OPTIONAL));
	draft->policy = draft->policy == NULL ? "{}" : draft->policy;
	draft->metadata = metadata == NULL ? "{}" : metadata;
	return decode_done(a);
}

/* POST /api/v1/events: the event with its seats, in one transaction. */
enum err
v1_event_create(struct api *a)
{
	struct event_draft draft = { 0 };
	const char *field, *why;
	struct event event;
	enum err e;

	if ((e = decode_draft(a, &draft)) != ERR_OK)
		return e;
	e = event_create(a->app->pool, a->rq->ctx, &draft, reply_prepare(a, render_created, a),
	                 &event, &field, &why);
	if (e == ERR_VALIDATION_ERROR)
		decode_fault(a, field, why);
	if (e == ERR_OK)
		reply_send(a, render_created, a, &event);
	return e;
}

/*
 * The status that a text names; EVENT__MAX when it is absent or empty, and when it names none,
 * which is noted.
 */
static enum event_status
status_of(struct api *a, const char *text)
{
	enum event_status s = text == NULL || *text == '\0' ? EVENT__MAX : event_status_parse(text);

	if (text != NULL && *text != '\0' && s == EVENT__MAX)
		decode_fault(a, "status", "must be draft, on_sale, closed or cancelled");
	return s;
}

/*
 * A parameter of the query string; one that is empty counts as absent, for a form sends all its
 * fields.
 */
static const char *
query_text(const struct api *a, const char *name)
{
	const char *text = request_query(a->rq, name);

	return text == NULL || *text == '\0' ? NULL : text;
}

/*
 * GET /api/v1/events?status=&q=&movieId=&after=&page=&limit=. Drafts are listed to their owner and
 * to admins.
 */
enum err
v1_event_list(struct api *a)
{
	struct event_page page = {
		.status = status_of(a, request_query(a->rq, "status")),
		.words = query_text(a, "q"),
		.movie_id = query_text(a, "movieId"),
		.drafts_of = a->who.role == ROLE_ADMIN ? NULL
		             : a->who.sub == NULL      ? ""
		                                       : a->who.sub,
		.after = decode_query_event(a, "after"),
		.page = (int32_t)decode_query_int(a, "page", 1, INT32_MAX, 1),
		.limit = (int32_t)decode_query_int(a, "limit", 1, 100, 20),
	};
	struct jsonw w;
	enum err e;

	if ((e = decode_done(a)) != ERR_OK ||
	    (e = event_list(a->app->pool, a->rq->ctx, &page)) != ERR_OK)
		return e;
	v1_list_open(a, &w);
	for (size_t i = 0; i < page.n; i++) {
		jsonw_open(&w, NULL, '{');
		write_event(&w, &page.events[i]);
		jsonw_close(&w, '}');
	}
	v1_list_close(a, &w, page.page, page.limit, page.total);
	return ERR_OK;
}

/* GET /api/v1/events/{id} */
enum err
v1_event_get(struct api *a)
{
	int32_t id;
	enum err e = decode_event_arg(a, a->arg[0], &id);

	return e == ERR_OK ? answer_event(a, id, 200) : e;
}

/*
 * PATCH /api/v1/events/{id}: what is absent stays as it is. Cancelling is no change of status here,
 * for it ends bookings.
 */
enum err
v1_event_change(struct api *a)
{
	static const char *const fields[] = { "title",  "venueName", "startsAt", "timezone",
		                              "policy", "status",    NULL };
	const char *status = decode_text(a, "status", OPTIONAL, 1, 16);
	struct event_patch patch = {
		.title = decode_text(a, "title", OPTIONAL, 1, TITLE_MAX),
		.venue_name = decode_text(a, "venueName", OPTIONAL, 1, TITLE_MAX),
		.timezone = decode_text(a, "timezone", OPTIONAL, 1, TIMEZONE_MAX),
		.policy = decode_policy(a),
		.starts_us = decode_time(a, "startsAt", OPTIONAL),
		.status = status_of(a, status),
	};
	int32_t id;
	enum err e;

	decode_known(a, fields);
	if (patch.status == EVENT_CANCELLED)
		decode_fault(a, "status", "an event is cancelled by POST …/cancel");
	if ((e = decode_event_arg(a, a->arg[0], &id)) != ERR_OK)
		return e;
	e = event_change(a->app->pool, a->rq->ctx, id, a->who.sub, a->who.role == ROLE_ADMIN,
	                 a->rq->id, &patch);
	if (e == ERR_VALIDATION_ERROR)
		decode_fault(a, "timezone", "is not an IANA time zone");
	if (e == ERR_INVALID_STATE)
		a->message = "The event's status does not allow this change";
	return e == ERR_OK ? answer_event(a, id, 200) : e;
}

/* POST /api/v1/events/{id}/cancel: 202, for the sweeper ends the bookings afterwards. */
enum err
v1_event_cancel(struct api *a)
{
	static const char *const fields[] = { NULL };
	int32_t id;
	enum err e;

	decode_known(a, fields);
	if ((e = decode_event_arg(a, a->arg[0], &id)) != ERR_OK || (e = decode_done(a)) != ERR_OK)
		return e;
	e = event_cancel(a->app->pool, a->rq->ctx, id, a->who.sub, principal_is_staff(a),
	                 a->rq->id);
	return e == ERR_OK ? answer_event(a, id, 202) : e;
}
