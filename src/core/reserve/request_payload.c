/*
 * The payloads of the journal's rows that a request for seats gives. Those of what becomes of a
 * booking later are in core/journal/payload.c; core/journal/payload_read.c reads both.
 */
#include "core/reserve/request_payload.h"

#include <assert.h>

#include "base/json_write.h"

/* A number, or null for what is not known. */
static void
write_known(struct jsonw *w, const char *name, int64_t n, int64_t unknown)
{
	if (n == unknown)
		jsonw_null(w, name);
	else
		jsonw_int(w, name, n);
}

/* Opens "queue", with where the seats are or shall be. */
static void
open_queue(struct jsonw *w, const struct seat_request *request, const char *positions)
{
	jsonw_open(w, "queue", '{');
	jsonw_str(w, "section", request->section);
	write_known(w, "subsection", request->subsection, 0);
	jsonw_raw(w, "positions", positions == NULL ? "[]" : positions);
}

char *
request_payload_requested(TALLOC_CTX *ctx, const struct seat_request *request, const char *currency)
{
	const struct inventory_section *section = request->only_section;
	struct jsonw w;

	assert(request->kind == REQUEST_ACCEPT && request->n_seats <= POLICY_SEATS_MOST);
	jsonw_init(&w, ctx, 384);
	jsonw_open(&w, NULL, '{');
	jsonw_ints(&w, "seats", request->seats, request->n_seats);
	jsonw_ints(&w, "prices", request->prices_minor, request->n_seats);
	jsonw_int(&w, "total", request->total_minor);
	jsonw_str(&w, "currency", currency);
	open_queue(&w, request, request->positions);
	jsonw_int(&w, "quantity", request->quantity);
	jsonw_str(&w, "mode", booking_mode_name(request->best ? MODE_BEST : MODE_MANUAL));
	jsonw_open(&w, "config", '{');
	write_known(&w, "rows", section == NULL ? -1 : section->rows, -1);
	write_known(&w, "cols", section == NULL ? -1 : section->cols, -1);
	write_known(&w, "price", section == NULL ? -1 : section->price_minor, -1);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

const char *
request_payload_positions(TALLOC_CTX *ctx, const struct seat_request *request,
                          const struct verdict *v)
{
	struct jsonw w;

	assert(v->err == ERR_OK && request->n_seats <= POLICY_SEATS_MOST);
	if (request->positions != NULL)
		return request->positions;
	jsonw_init(&w, ctx, 64);
	jsonw_open(&w, NULL, '[');
	for (size_t i = 0; i < request->n_seats; i++)
		jsonw_str(&w, NULL,
		          talloc_asprintf(ctx, "%s-%s", v->seats[i]->row, v->seats[i]->label));
	jsonw_close(&w, ']');
	return jsonw_text(&w);
}

char *
request_payload_created(TALLOC_CTX *ctx, const struct seat_request *request,
                        const struct verdict *v, const char *positions, int64_t expires_us)
{
	struct jsonw w;

	assert(v->err == ERR_OK && v->event != NULL && request->n_seats <= POLICY_SEATS_MOST);
	assert(request->kind == REQUEST_BOOK || request->kind == REQUEST_SEAT);
	jsonw_init(&w, ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_ints(&w, "seats", request->seats, request->n_seats);
	jsonw_ints(&w, "prices", v->prices_minor, request->n_seats);
	jsonw_int(&w, "total", v->total_minor);
	jsonw_str(&w, "currency", v->event->currency);
	jsonw_time(&w, "expiresAt", expires_us);
	if (request->kind == REQUEST_SEAT)
		jsonw_str(&w, "from", booking_status_name(BOOKING_REQUESTED));
	if (request->queued) {
		open_queue(&w, request, positions);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

char *
request_payload_failed(TALLOC_CTX *ctx, const struct seat_request *request, enum err why,
                       const char *message)
{
	struct jsonw w;

	assert(request->kind == REQUEST_SEAT && why != ERR_OK && message != NULL);
	jsonw_init(&w, ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "from", booking_status_name(BOOKING_REQUESTED));
	jsonw_str(&w, "reason", err_code(why));
	jsonw_str(&w, "message", message);
	jsonw_ints(&w, "seats", NULL, 0);
	open_queue(&w, request, request->positions);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

char *
request_payload_held(TALLOC_CTX *ctx, const struct seat_request *request, int64_t expires_us)
{
	struct jsonw w;

	assert(request->kind == REQUEST_HOLD && expires_us > 0);
	jsonw_init(&w, ctx, 128);
	jsonw_open(&w, NULL, '{');
	jsonw_ints(&w, "seats", request->seats, request->n_seats);
	jsonw_time(&w, "expiresAt", expires_us);
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}
