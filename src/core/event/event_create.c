/*
 * Making an event from a plan: prices and tiers of all seats are worked out, then the event, its
 * sections and its seats are inserted in one transaction.
 */
#include "core/event/event_create.h"

#include <assert.h>
#include <string.h>

#include "base/money.h"
#include "core/plan/plan.h"
#include "store/param.h"
#include "store/transact.h"

#define CHUNK 5000 /* seats of one INSERT: some hundred kilobytes of parameters */

/* An event that is being made: the plan, and what each seat will cost and be called. */
struct creation {
	const struct event_draft *draft;
	struct idempotent *idempotent; /* or NULL */
	struct event *out;
	int32_t id; /* of this try; 0: it has none yet */
	struct plan *plan;
	int32_t *price_minor; /* by seat */
	const char **tier;    /* by seat */
	int32_t least_minor, most_minor;
	const char *field, *why; /* what is wrong with the draft, if anything */
};

/* The price that the draft lists under a name; negative: none. */
static double
listed_price(const struct event_draft *d, const char *name)
{
	for (size_t i = 0; name != NULL && i < d->n_prices; i++) {
		if (strcmp(d->prices[i].name, name) == 0)
			return d->prices[i].amount;
	}
	return -1;
}

/* The tier that the draft lists under a name; NULL: none. */
static const char *
listed_tier(const struct event_draft *d, const char *name)
{
	for (size_t i = 0; name != NULL && i < d->n_tiers; i++) {
		if (strcmp(d->tiers[i].name, name) == 0)
			return d->tiers[i].tier;
	}
	return NULL;
}

/* The draft's price by category, else by section, else the plan's own. */
static enum err
price_seat(TALLOC_CTX *ctx, struct creation *c, size_t i)
{
	const struct plan_seat *s = &c->plan->seats[i];
	const struct plan_section *section = &c->plan->sections[s->section];
	const char *name = s->category != NULL ? s->category : section->name;
	double amount = listed_price(c->draft, s->category);
	int64_t minor;

	assert(i < c->plan->n_seats && (size_t)s->section < c->plan->n_sections);
	if (amount < 0)
		amount = listed_price(c->draft, section->name);
	if (amount < 0)
		amount = s->price;
	if (amount < 0 || !money_to_minor(amount, c->draft->currency, &minor)) {
		c->field = talloc_asprintf(ctx, "prices.%s", name);
		c->why = amount < 0 ? "a price is needed: the plan gives none"
		                    : "is too high, or finer than the currency's smallest unit";
		return ERR_VALIDATION_ERROR;
	}
	c->price_minor[i] = (int32_t)minor;
	c->least_minor = i == 0 || c->price_minor[i] < c->least_minor ? c->price_minor[i]
	                                                              : c->least_minor;
	c->most_minor = i == 0 || c->price_minor[i] > c->most_minor ? c->price_minor[i]
	                                                            : c->most_minor;
	return ERR_OK;
}

/* The draft's tier by category, else by section, else the plan's, else its category. */
static const char *
tier_of(const struct creation *c, size_t i)
{
	const struct plan_seat *s = &c->plan->seats[i];
	const char *tier = listed_tier(c->draft, s->category);

	if (tier == NULL)
		tier = listed_tier(c->draft, c->plan->sections[s->section].name);
	if (tier == NULL)
		tier = s->tier != NULL ? s->tier : s->category;
	return tier != NULL ? tier : "REGULAR";
}

/* Prices and tiers of all seats, and the range of the prices. */
static enum err
price_seats(TALLOC_CTX *ctx, struct creation *c)
{
	enum err e = ERR_OK;

	assert(c->plan->n_seats > 0);
	c->price_minor = talloc_array(ctx, int32_t, (unsigned)c->plan->n_seats);
	c->tier = talloc_array(ctx, const char *, (unsigned)c->plan->n_seats);
	for (size_t i = 0; e == ERR_OK && i < c->plan->n_seats; i++) {
		e = price_seat(ctx, c, i);
		c->tier[i] = tier_of(c, i);
	}
	return e;
}

/* A name in the price or tier list that nothing in the plan has is a mistake of the sender. */
static enum err
check_name(TALLOC_CTX *ctx, struct creation *c, const char *list, const char *name)
{
	for (size_t i = 0; i < c->plan->n_sections; i++) {
		if (strcmp(c->plan->sections[i].name, name) == 0)
			return ERR_OK;
	}
	for (size_t i = 0; i < c->plan->n_categories; i++) {
		if (strcmp(c->plan->categories[i], name) == 0)
			return ERR_OK;
	}
	c->field = talloc_asprintf(ctx, "%s.%s", list, name);
	c->why = "the plan has no category or section of this name";
	return ERR_VALIDATION_ERROR;
}

/* All names of the draft's lists. */
static enum err
check_names(TALLOC_CTX *ctx, struct creation *c)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < c->draft->n_prices; i++)
		e = check_name(ctx, c, "prices", c->draft->prices[i].name);
	for (size_t i = 0; e == ERR_OK && i < c->draft->n_tiers; i++)
		e = check_name(ctx, c, "tiers", c->draft->tiers[i].name);
	return e;
}

/* The plan as it was imported. */
static enum err
load_plan(struct db *db, TALLOC_CTX *ctx, struct creation *c)
{
	const struct call call = { STMT_GET_PLAN, { param_uuid(ctx, &c->draft->plan_id) } };
	struct plan_faults faults;
	struct rows *rows;
	const char *document;
	enum err e;

	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_PLAN_NOT_FOUND;
	assert(!row_null(rows, 0, PLAN__COLUMNS)); /* which is the document */
	document = row_text(rows, 0, PLAN__COLUMNS);
	e = plan_read(ctx, document, strlen(document), &c->plan, &faults);
	return e == ERR_VALIDATION_ERROR ? ERR_INTERNAL : e; /* it was read when it was imported */
}

static enum err
check_zone(struct db *db, TALLOC_CTX *ctx, struct creation *c)
{
	const enum err e = event_check_timezone(db, ctx, c->draft->timezone);

	if (e == ERR_VALIDATION_ERROR) {
		c->field = "timezone";
		c->why = "is not an IANA time zone";
	}
	return e;
}

/* BEGIN, and the event's own row, which gives it its number. */
static enum err
insert_event(struct db *db, TALLOC_CTX *ctx, struct creation *c)
{
	const struct event_draft *d = c->draft;
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_INSERT_EVENT,
		  { d->seller, d->seller_name, d->title, d->venue_name,
		    param_uuid(ctx, &d->plan_id), param_int(ctx, (int64_t)c->plan->n_seats),
		    param_time(ctx, d->starts_us), d->timezone, d->currency, d->policy, d->metadata,
		    param_int(ctx, c->least_minor), param_int(ctx, c->most_minor) } },
	};
	struct rows *rows[2];
	enum err e;

	assert(!db_in_transaction(db) && c->plan->n_seats > 0);
	e = db_exchange(db, ctx, calls, 2, rows);
	if (e == ERR_OK)
		c->id = row_i32(rows[1], 0, INSERT_EVENT_ID);
	return e;
}

/* The columns of INSERT_SECTIONS, behind the event. */
enum section_column {
	SECTION_NO,
	SECTION_NAME,
	SECTION_SUBSECTION,
	SECTION_ROWS,
	SECTION_COLS,
	SECTION_TIER,
	SECTION_PRICE,
	SECTION__COLUMNS
};

/* The tier and the price of a section, when all its seats, which begin at *seat, agree. */
static void
add_section_terms(struct array *columns, const struct creation *c, size_t section, size_t *seat)
{
	const char *tier = NULL;
	int32_t price = -1;
	bool one_tier = true, one_price = true;

	for (; *seat < c->plan->n_seats && (size_t)c->plan->seats[*seat].section == section;
	     (*seat)++) {
		one_tier = one_tier && (tier == NULL || strcmp(tier, c->tier[*seat]) == 0);
		one_price = one_price && (price < 0 || price == c->price_minor[*seat]);
		tier = c->tier[*seat];
		price = c->price_minor[*seat];
	}
	array_text(&columns[SECTION_TIER], one_tier ? tier : NULL);
	if (one_price && price >= 0)
		array_int(&columns[SECTION_PRICE], price);
	else
		array_text(&columns[SECTION_PRICE], NULL);
}

/*
 * The sections; and the lock of the event's number, which no other transaction can know yet: the
 * fate of this one is waited for there, should the answer to COMMIT be lost.
 */
static enum err
insert_sections(struct db *db, TALLOC_CTX *ctx, const struct creation *c)
{
	struct call calls[] = {
		{ STMT_LOCK_EVENTS, { param_ints(ctx, &c->id, 1) } },
		{ STMT_INSERT_SECTIONS, { param_int(ctx, c->id) } },
	};
	struct array columns[SECTION__COLUMNS];
	size_t seat = 0;

	assert(c->id > 0);
	arrays_init(columns, SECTION__COLUMNS, ctx);
	for (size_t i = 0; i < c->plan->n_sections; i++) {
		const struct plan_section *s = &c->plan->sections[i];

		array_int(&columns[SECTION_NO], (int64_t)i + 1);
		array_text(&columns[SECTION_NAME], s->name);
		array_int(&columns[SECTION_SUBSECTION], s->subsection);
		array_int(&columns[SECTION_ROWS], s->rows);
		array_int(&columns[SECTION_COLS], s->cols);
		add_section_terms(columns, c, i, &seat);
	}
	assert(seat == c->plan->n_seats); /* they come section by section */
	arrays_done(columns, SECTION__COLUMNS, calls[1].param + 1);
	return db_exchange(db, ctx, calls, 2, NULL);
}

/* The columns of INSERT_SEATS, behind the event and the number of the first seat. */
enum new_seat_column {
	SEAT_SECTION,
	SEAT_ROW_NO,
	SEAT_COL,
	SEAT_PRICE,
	SEAT_X,
	SEAT_Y,
	SEAT_ACCESSIBLE,
	SEAT_ROW_LABEL,
	SEAT_LABEL,
	SEAT_TIER,
	SEAT__COLUMNS
};

static void
add_seat(struct array *columns, const struct creation *c, size_t i)
{
	const struct plan_seat *s = &c->plan->seats[i];

	array_int(&columns[SEAT_SECTION], s->section + 1);
	array_int(&columns[SEAT_ROW_NO], s->row_no);
	array_int(&columns[SEAT_COL], s->col);
	array_int(&columns[SEAT_PRICE], c->price_minor[i]);
	if (c->plan->has_coordinates) {
		array_real(&columns[SEAT_X], s->x);
		array_real(&columns[SEAT_Y], s->y);
	} else {
		array_text(&columns[SEAT_X], NULL);
		array_text(&columns[SEAT_Y], NULL);
	}
	array_text(&columns[SEAT_ACCESSIBLE], param_bool(s->accessible));
	array_text(&columns[SEAT_ROW_LABEL], s->row_label);
	array_text(&columns[SEAT_LABEL], s->label);
	array_text(&columns[SEAT_TIER], c->tier[i]);
}

/* The seats from one place to before another; what they need is freed at once. */
static enum err
insert_chunk(struct db *db, TALLOC_CTX *parent, const struct creation *c, size_t from, size_t to)
{
	TALLOC_CTX *ctx = talloc_new(parent);
	struct call call = { STMT_INSERT_SEATS,
		             { param_int(ctx, c->id), param_int(ctx, (int64_t)from + 1) } };
	struct array columns[SEAT__COLUMNS];
	enum err e;

	assert(from < to && to <= c->plan->n_seats);
	arrays_init(columns, SEAT__COLUMNS, ctx);
	for (size_t i = from; i < to; i++)
		add_seat(columns, c, i);
	arrays_done(columns, SEAT__COLUMNS, call.param + 2);
	e = db_query(db, ctx, call, NULL);
	talloc_free(ctx);
	return e;
}

_Static_assert(SECTION__COLUMNS + 1 <= STMT_MAX_PARAMS && SEAT__COLUMNS + 2 <= STMT_MAX_PARAMS,
               "what is inserted fits a call");

/* All seats, in the plan's order: their numbers are the order of R-14. */
static enum err
insert_seats(struct db *db, TALLOC_CTX *ctx, const struct creation *c)
{
	const size_t n = c->plan->n_seats;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < n; i += CHUNK)
		e = insert_chunk(db, ctx, c, i, i + CHUNK < n ? i + CHUNK : n);
	return e;
}

/*
 * Checks first, and without a transaction: nothing is locked while a large plan is read. The
 * request's key is taken as soon as there is a transaction to take it in.
 */
static enum err
run_creation(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct creation *c = arg;
	enum err e;

	c->id = 0;
	if ((e = load_plan(db, ctx, c)) != ERR_OK || (e = check_zone(db, ctx, c)) != ERR_OK ||
	    (e = check_names(ctx, c)) != ERR_OK || (e = price_seats(ctx, c)) != ERR_OK)
		return e;
	if ((e = insert_event(db, ctx, c)) != ERR_OK ||
	    (e = idempotency_begin(db, ctx, c->idempotent)) != ERR_OK ||
	    (e = insert_sections(db, ctx, c)) != ERR_OK ||
	    (e = insert_seats(db, ctx, c)) != ERR_OK ||
	    (e = event_get_new(db, ctx, c->id, c->out)) != ERR_OK)
		return e;
	return idempotency_commit(db, ctx, c->idempotent, c->out);
}

/*
 * Waits until the transaction whose COMMIT was not answered has ended, and looks whether its
 * event is there. It was read, and its answer rendered, before COMMIT was sent.
 */
static enum err
resolve_creation(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct creation *c = arg;
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_EVENTS, { param_ints(ctx, &c->id, 1) } },
		{ STMT_GET_EVENT, { param_int(ctx, c->id) } },
	};
	struct rows *rows[3];
	enum err e;

	assert(c->id > 0 && c->out->id == c->id);
	if ((e = db_exchange(db, ctx, calls, 3, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[2]) == 0)
		return ERR_TX_RETRY;
	if (c->idempotent != NULL)
		c->idempotent->stored = true;
	return ERR_OK;
}

enum err
event_create(struct pool *pool, TALLOC_CTX *ctx, const struct event_draft *draft,
             struct idempotent *idempotent, struct event *out, const char **field, const char **why)
{
	struct creation c = { .draft = draft, .idempotent = idempotent, .out = out };
	const struct transaction t = { run_creation, resolve_creation, &c };
	enum err e;

	assert(draft->seller != NULL && draft->policy != NULL && draft->metadata != NULL);
	e = transact(pool, ctx, &t);
	*field = c.field;
	*why = c.why;
	return e;
}
