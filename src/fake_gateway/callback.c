/* Messages of the fake gateway: their text, sending them, and what is noted of that. */
#include "fake_gateway/callback.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/money.h"
#include "fake_gateway/gateway.h"
#include "pay/http_post.h"
#include "store/param.h"
#include "store/transact.h"

#define ROOM 512 /* bytes of most messages */

const char *
callback_text(TALLOC_CTX *ctx, const struct callback_facts *facts)
{
	char uuid[UUID_TEXT], amount[MONEY_TEXT];
	struct jsonw w;

	assert(facts->type != NULL && facts->session != NULL && facts->currency != NULL);
	assert(facts->amount_minor >= 0);
	jsonw_init(&w, ctx, ROOM);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "id", talloc_asprintf(ctx, "evt_%s", uuid_text(&facts->id, uuid)));
	jsonw_str(&w, "type", facts->type);
	jsonw_time(&w, "created", clock_now_us());
	jsonw_open(&w, "data", '{');
	jsonw_str(&w, "sessionId", facts->session);
	jsonw_uuid(&w, "bookingId", &facts->booking_id);
	jsonw_raw(&w, "amount", money_text(facts->amount_minor, facts->currency, amount));
	jsonw_str(&w, "currency", facts->currency);
	if (facts->gateway_ref != NULL)
		jsonw_str(&w, "gatewayRef", facts->gateway_ref);
	if (facts->refund_id != NULL)
		jsonw_uuid(&w, "refundId", facts->refund_id);
	if (facts->reason != NULL)
		jsonw_str(&w, "reason", facts->reason);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

/* Notes what became of messages that were sent, which says when those not taken are due again. */
static void
note(const struct gateway *g, TALLOC_CTX *ctx, const struct callback *callbacks, size_t n)
{
	struct array ids, statuses;

	array_init(&ids, ctx);
	array_init(&statuses, ctx);
	for (size_t i = 0; i < n; i++) {
		array_uuid(&ids, &callbacks[i].id);
		array_int(&statuses, callbacks[i].status);
	}
	const struct call call = { STMT_GATEWAY_NOTE, { array_done(&ids), array_done(&statuses) } };
	if (transact_read(g->pool, ctx, &call, 1, NULL) != ERR_OK)
		log_line(LOG_WARN, "call-backs could not be noted", "n", log_int((int64_t)n), NULL);
}

void
callback_send(const struct gateway *g, TALLOC_CTX *ctx, struct callback *callbacks, size_t n)
{
	struct http_post *posts = talloc_zero_array(ctx, struct http_post, (unsigned)n);
	size_t missed = 0, last = 0;

	for (size_t i = 0; i < n; i++) {
		assert(callbacks[i].body != NULL);
		posts[i].url = callbacks[i].url != NULL ? callbacks[i].url : g->webhook_url;
		posts[i].body = callbacks[i].body;
		posts[i].len = strlen(callbacks[i].body);
	}
	assert(n > 0 && g->webhook_url != NULL);
	http_post_all(ctx, g->secrets, posts, n);
	for (size_t i = 0; i < n; i++) {
		callbacks[i].status = posts[i].status;
		if (posts[i].status >= 200 && posts[i].status < 300)
			continue;
		missed++;
		last = i;
	}
	if (missed > 0)
		log_line(LOG_WARN, "call-backs were not taken", "n", log_int((int64_t)missed),
		         "status", log_int(posts[last].status), "reason", posts[last].trouble,
		         NULL);
	note(g, ctx, callbacks, n);
}

struct callback *
callback_rows(TALLOC_CTX *ctx, const struct rows *rows)
{
	int n = rows_count(rows);
	struct callback *out = talloc_zero_array(ctx, struct callback, (unsigned)n);

	for (int r = 0; r < n; r++) {
		out[r].id = row_uuid(rows, r, GATEWAY_CALLBACK_ID);
		out[r].url = row_text(rows, r, GATEWAY_CALLBACK_URL);
		out[r].body = row_text(rows, r, GATEWAY_CALLBACK_BODY);
	}
	return out;
}

enum err
callback_due(const struct gateway *g, TALLOC_CTX *ctx, int most, struct callback **out, size_t *n)
{
	const struct call call = { STMT_GATEWAY_DUE, { param_int(ctx, most) } };
	struct rows *rows;
	enum err e;

	assert(most > 0);
	*n = 0;
	if ((e = transact_read(g->pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	*out = callback_rows(ctx, rows);
	*n = (size_t)rows_count(rows);
	return ERR_OK;
}
