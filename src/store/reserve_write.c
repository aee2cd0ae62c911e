#include "store/reserve_write.h"

#include "store/param.h"

/* What a statement takes of each booking of its kind, an array a column. */
struct booking_arrays {
	struct array event, id, user, name, seats, prices, total, currency, minutes, mode;
	struct array quantity, section, subsection, positions, reason;
};

/* The columns of INSERT_JOURNAL. */
struct journal_arrays {
	struct array event, id, user, type, correlation, payload;
};

/* The columns of RESERVE_SEATS. */
struct seat_arrays {
	struct array event, no, holder, minutes, booking;
};

bool
reserve_write_takes_seats(const struct reserve_write *w)
{
	return w->kind == WRITE_BOOKED || w->kind == WRITE_SEATED || w->kind == WRITE_HELD;
}

/* A number, or null for 0. */
static void
add_unless_0(struct array *a, int32_t n)
{
	if (n == 0)
		array_text(a, NULL);
	else
		array_int(a, n);
}

static const char *
ints_param(TALLOC_CTX *ctx, const int32_t *values, size_t n)
{
	struct array a;

	array_init(&a, ctx);
	for (size_t i = 0; i < n; i++)
		array_int(&a, values[i]);
	return array_done(&a);
}

static void
add_booking(struct booking_arrays *a, TALLOC_CTX *ctx, const struct reserve_write *w)
{
	array_int(&a->event, w->event_id);
	array_uuid(&a->id, &w->id);
	array_text(&a->user, w->user_id);
	array_text(&a->name, w->user_name);
	array_text(&a->seats, ints_param(ctx, w->seats, w->n_seats));
	array_text(&a->prices, ints_param(ctx, w->prices_minor, w->n_seats));
	array_int(&a->total, w->total_minor);
	array_text(&a->currency, w->currency);
	add_unless_0(&a->minutes, w->window_min);
	array_text(&a->mode, booking_mode_name(w->mode));
	array_int(&a->quantity, w->quantity);
	array_text(&a->section, w->section);
	add_unless_0(&a->subsection, w->subsection);
	array_text(&a->positions, w->positions);
	array_text(&a->reason, w->reason);
}

static void
add_journal(struct journal_arrays *a, const struct reserve_write *w)
{
	array_int(&a->event, w->event_id);
	if (w->kind == WRITE_HELD)
		array_text(&a->id, NULL);
	else
		array_uuid(&a->id, &w->id);
	array_text(&a->user, w->user_id);
	array_text(&a->type, w->type);
	array_text(&a->correlation, w->correlation_id);
	array_text(&a->payload, w->payload);
}

static void
add_seats(struct seat_arrays *a, const struct reserve_write *w)
{
	for (size_t i = 0; i < w->n_seats; i++) {
		array_int(&a->event, w->event_id);
		array_int(&a->no, w->seats[i]);
		array_text(&a->holder, w->user_id);
		add_unless_0(&a->minutes, w->window_min);
		array_uuid(&a->booking, &w->id);
	}
}

/* Initialises n arrays that lie one after the other. */
static void
init_arrays(struct array *first, size_t n, TALLOC_CTX *ctx)
{
	for (size_t i = 0; i < n; i++)
		array_init(&first[i], ctx);
}

/* The call that writes the bookings of one kind; false when there are none. */
static bool
bookings_call(TALLOC_CTX *ctx, enum write_kind kind, const struct reserve_write *writes, size_t n,
              struct call *out)
{
	struct booking_arrays a;
	size_t found = 0;

	init_arrays(&a.event, sizeof(a) / sizeof(struct array), ctx);
	for (size_t i = 0; i < n; i++) {
		if (writes[i].kind != kind)
			continue;
		add_booking(&a, ctx, &writes[i]);
		found++;
	}
	if (found == 0)
		return false;
	const char *event = array_done(&a.event), *id = array_done(&a.id),
		   *user = array_done(&a.user), *name = array_done(&a.name),
		   *seats = array_done(&a.seats), *prices = array_done(&a.prices),
		   *total = array_done(&a.total), *currency = array_done(&a.currency),
		   *minutes = array_done(&a.minutes), *mode = array_done(&a.mode);

	switch (kind) {
	case WRITE_BOOKED:
		*out = (struct call){ STMT_INSERT_BOOKINGS,
			              { event, id, user, name, seats, prices, total, currency,
			                minutes, mode } };
		break;
	case WRITE_ACCEPTED:
		*out = (struct call){ STMT_INSERT_REQUESTS,
			              { event, id, user, name, seats, prices, total, currency,
			                array_done(&a.quantity), mode, array_done(&a.section),
			                array_done(&a.subsection), array_done(&a.positions) } };
		break;
	case WRITE_SEATED:
		*out = (struct call){ STMT_SEAT_BOOKINGS,
			              { event, id, seats, prices, total, minutes,
			                array_done(&a.positions) } };
		break;
	default:
		*out = (struct call){ STMT_FAIL_BOOKINGS, { event, id, array_done(&a.reason) } };
	}
	return true;
}

/* Likewise for the seats of all that got some. */
static bool
seats_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n, struct call *out)
{
	struct seat_arrays s;
	size_t found = 0;

	init_arrays(&s.event, sizeof(s) / sizeof(struct array), ctx);
	for (size_t i = 0; i < n; i++) {
		if (writes[i].kind == WRITE_HELD || !reserve_write_takes_seats(&writes[i]))
			continue;
		add_seats(&s, &writes[i]);
		found++;
	}
	if (found == 0)
		return false;
	*out = (struct call){ STMT_RESERVE_SEATS,
		              { array_done(&s.event), array_done(&s.no), array_done(&s.holder),
		                array_done(&s.minutes), array_done(&s.booking) } };
	return true;
}

static struct call
journal_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n)
{
	struct journal_arrays j;

	init_arrays(&j.event, sizeof(j) / sizeof(struct array), ctx);
	for (size_t i = 0; i < n; i++)
		add_journal(&j, &writes[i]);
	return (struct call){ STMT_INSERT_JOURNAL,
		              { array_done(&j.event), array_done(&j.id), array_done(&j.user),
		                array_done(&j.type), array_done(&j.correlation),
		                array_done(&j.payload) } };
}

size_t
reserve_write_calls(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n,
                    struct call calls[WRITE_CALLS])
{
	size_t used = 0;

	for (enum write_kind kind = 0; kind < WRITE_HELD; kind++)
		used += bookings_call(ctx, kind, writes, n, &calls[used]);
	used += hold_rows_write_calls(ctx, writes, n, &calls[used]);
	used += seats_call(ctx, writes, n, &calls[used]);
	calls[used++] = journal_call(ctx, writes, n);
	return used;
}
