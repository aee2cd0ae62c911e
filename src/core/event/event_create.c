#include <string.h>

#include "base/money.h"
#include "core/event/event.h"
#include "store/param.h"

#define CHUNK 5000 /* seats of one INSERT */

/* An event that is being made: the plan, and what each seat will cost and be called. */
struct making {
	const struct event_draft *draft;
	struct plan *plan;
	int32_t *price;    /* minor units, by seat */
	const char **tier; /* by seat */
	int32_t least, most;
	const char *field, *why; /* what is wrong, if anything */
};

static double
listed_price(const struct event_draft *d, const char *name)
{
	for (size_t i = 0; name != NULL && i < d->n_prices; i++) {
		if (strcmp(d->prices[i].name, name) == 0)
			return d->prices[i].amount;
	}
	return -1;
}

static const char *
listed_tier(const struct event_draft *d, const char *name)
{
	for (size_t i = 0; name != NULL && i < d->n_tiers; i++) {
		if (strcmp(d->tiers[i].name, name) == 0)
			return d->tiers[i].tier;
	}
	return NULL;
}

/* The list's price by category, else by section, else the plan's own. */
static enum err
price_seat(TALLOC_CTX *ctx, struct making *m, size_t i)
{
	const struct plan_seat *s = &m->plan->seats[i];
	const struct plan_section *section = &m->plan->sections[s->section];
	const char *name = s->category != NULL ? s->category : section->name;
	double amount = listed_price(m->draft, s->category);
	int64_t minor;

	if (amount < 0)
		amount = listed_price(m->draft, section->name);
	if (amount < 0)
		amount = s->price;
	if (amount < 0 || !money_to_minor(amount, m->draft->currency, &minor)) {
		m->field = talloc_asprintf(ctx, "prices.%s", name);
		m->why = amount < 0 ? "a price is needed: the plan gives none"
		                    : "is too high, or finer than the currency's smallest unit";
		return ERR_VALIDATION_ERROR;
	}
	m->price[i] = (int32_t)minor;
	m->least = i == 0 || m->price[i] < m->least ? m->price[i] : m->least;
	m->most = i == 0 || m->price[i] > m->most ? m->price[i] : m->most;
	return ERR_OK;
}

static const char *
tier_of(const struct making *m, size_t i)
{
	const struct plan_seat *s = &m->plan->seats[i];
	const char *tier = listed_tier(m->draft, s->category);

	if (tier == NULL)
		tier = listed_tier(m->draft, m->plan->sections[s->section].name);
	if (tier == NULL)
		tier = s->tier != NULL ? s->tier : s->category;
	return tier != NULL ? tier : "REGULAR";
}

static enum err
price_seats(TALLOC_CTX *ctx, struct making *m)
{
	enum err e = ERR_OK;

	m->price = talloc_array(ctx, int32_t, (unsigned)m->plan->n_seats);
	m->tier = talloc_array(ctx, const char *, (unsigned)m->plan->n_seats);
	for (size_t i = 0; e == ERR_OK && i < m->plan->n_seats; i++) {
		e = price_seat(ctx, m, i);
		m->tier[i] = tier_of(m, i);
	}
	return e;
}

/* A name in the price or tier list that nothing in the plan has is a slip of the pen. */
static enum err
check_name(TALLOC_CTX *ctx, struct making *m, const char *list, const char *name)
{
	for (size_t i = 0; i < m->plan->n_sections; i++) {
		if (strcmp(m->plan->sections[i].name, name) == 0)
			return ERR_OK;
	}
	for (size_t i = 0; i < m->plan->n_categories; i++) {
		if (strcmp(m->plan->categories[i], name) == 0)
			return ERR_OK;
	}
	m->field = talloc_asprintf(ctx, "%s.%s", list, name);
	m->why = "the plan has no category or section of this name";
	return ERR_VALIDATION_ERROR;
}

static enum err
check_names(TALLOC_CTX *ctx, struct making *m)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < m->draft->n_prices; i++)
		e = check_name(ctx, m, "prices", m->draft->prices[i].name);
	for (size_t i = 0; e == ERR_OK && i < m->draft->n_tiers; i++)
		e = check_name(ctx, m, "tiers", m->draft->tiers[i].name);
	return e;
}

static enum err
load_plan(struct db *db, TALLOC_CTX *ctx, struct making *m)
{
	const struct call call = { STMT_GET_PLAN, { param_uuid(ctx, &m->draft->plan_id) } };
	struct plan_faults faults;
	struct rows *rows;
	const char *document;
	enum err e;

	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_PLAN_NOT_FOUND;
	document = row_text(rows, 0, 9);
	e = plan_read(ctx, document, strlen(document), &m->plan, &faults);
	return e == ERR_VALIDATION_ERROR ? ERR_INTERNAL : e; /* it was read when it came */
}

static enum err
check_zone(struct db *db, TALLOC_CTX *ctx, struct making *m)
{
	const struct call call = { STMT_IS_TIMEZONE, { m->draft->timezone } };
	struct rows *rows;
	enum err e = db_query(db, ctx, call, &rows);

	if (e == ERR_OK && !row_bool(rows, 0, 0)) {
		m->field = "timezone";
		m->why = "is not an IANA time zone";
		return ERR_VALIDATION_ERROR;
	}
	return e;
}

static enum err
insert_event(struct db *db, TALLOC_CTX *ctx, const struct making *m, int32_t *id)
{
	const struct event_draft *d = m->draft;
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_INSERT_EVENT,
		  { d->seller, d->seller_name, d->title, d->venue_name,
		    param_uuid(ctx, &d->plan_id), param_int(ctx, (int64_t)m->plan->n_seats),
		    param_time(ctx, d->starts_us), d->timezone, d->currency, d->policy, d->metadata,
		    param_int(ctx, m->least), param_int(ctx, m->most) } },
	};
	struct rows *rows[2];
	enum err e = db_exchange(db, ctx, calls, 2, rows);

	if (e == ERR_OK)
		*id = row_i32(rows[1], 0, 0);
	return e;
}

/* The tier or price of a section, when all its seats, which begin at *i, agree. */
static void
add_section_terms(const struct making *m, size_t section, size_t *i, struct array *tiers,
                  struct array *prices)
{
	const char *tier = NULL;
	int32_t price = -1;
	bool one_tier = true, one_price = true;

	for (; *i < m->plan->n_seats && (size_t)m->plan->seats[*i].section == section; (*i)++) {
		one_tier = one_tier && (tier == NULL || strcmp(tier, m->tier[*i]) == 0);
		one_price = one_price && (price < 0 || price == m->price[*i]);
		tier = m->tier[*i];
		price = m->price[*i];
	}
	array_text(tiers, one_tier ? tier : NULL);
	if (one_price && price >= 0)
		array_int(prices, price);
	else
		array_text(prices, NULL);
}

static enum err
insert_sections(struct db *db, TALLOC_CTX *ctx, const struct making *m, int32_t id)
{
	struct array no, name, subsection, rows, cols, tier, price;
	size_t seat = 0;

	array_init(&no, ctx);
	array_init(&name, ctx);
	array_init(&subsection, ctx);
	array_init(&rows, ctx);
	array_init(&cols, ctx);
	array_init(&tier, ctx);
	array_init(&price, ctx);
	for (size_t i = 0; i < m->plan->n_sections; i++) {
		const struct plan_section *s = &m->plan->sections[i];

		array_int(&no, (int64_t)i + 1);
		array_text(&name, s->name);
		array_int(&subsection, s->subsection);
		array_int(&rows, s->rows);
		array_int(&cols, s->cols);
		add_section_terms(m, i, &seat, &tier, &price);
	}
	const struct call call = { STMT_INSERT_SECTIONS,
		                   { param_int(ctx, id), array_done(&no), array_done(&name),
		                     array_done(&subsection), array_done(&rows), array_done(&cols),
		                     array_done(&tier), array_done(&price) } };
	return db_query(db, ctx, call, NULL);
}

/* The columns of INSERT_SEATS. */
struct seat_columns {
	struct array section, row_no, col, price, x, y, accessible, row_label, label, tier;
};

static void
add_seat(struct seat_columns *c, const struct making *m, size_t i)
{
	const struct plan_seat *s = &m->plan->seats[i];

	array_int(&c->section, s->section + 1);
	array_int(&c->row_no, s->row_no);
	array_int(&c->col, s->col);
	array_int(&c->price, m->price[i]);
	if (m->plan->has_coordinates) {
		array_real(&c->x, s->x);
		array_real(&c->y, s->y);
	} else {
		array_text(&c->x, NULL);
		array_text(&c->y, NULL);
	}
	array_text(&c->accessible, param_bool(s->accessible));
	array_text(&c->row_label, s->row_label);
	array_text(&c->label, s->label);
	array_text(&c->tier, m->tier[i]);
}

static enum err
insert_chunk(struct db *db, TALLOC_CTX *parent, const struct making *m, int32_t id, size_t from,
             size_t to)
{
	TALLOC_CTX *ctx = talloc_new(parent);
	struct seat_columns c;
	enum err e;

	for (struct array *a = &c.section; a <= &c.tier; a++)
		array_init(a, ctx);
	for (size_t i = from; i < to; i++)
		add_seat(&c, m, i);
	const struct call call = {
		STMT_INSERT_SEATS,
		{ param_int(ctx, id), param_int(ctx, (int64_t)from + 1), array_done(&c.section),
		  array_done(&c.row_no), array_done(&c.col), array_done(&c.price), array_done(&c.x),
		  array_done(&c.y), array_done(&c.accessible), array_done(&c.row_label),
		  array_done(&c.label), array_done(&c.tier) }
	};
	e = db_query(db, ctx, call, NULL);
	talloc_free(ctx);
	return e;
}

static enum err
create(struct db *db, TALLOC_CTX *ctx, struct making *m, struct idempotent *keyed,
       struct event *out)
{
	int32_t id;
	size_t n;
	enum err e;

	if ((e = load_plan(db, ctx, m)) != ERR_OK || (e = check_zone(db, ctx, m)) != ERR_OK ||
	    (e = check_names(ctx, m)) != ERR_OK || (e = price_seats(ctx, m)) != ERR_OK)
		return e;
	if ((e = insert_event(db, ctx, m, &id)) != ERR_OK ||
	    (e = idempotency_begin(db, ctx, keyed)) != ERR_OK ||
	    (e = insert_sections(db, ctx, m, id)) != ERR_OK)
		return e;
	n = m->plan->n_seats;
	for (size_t i = 0; e == ERR_OK && i < n; i += CHUNK)
		e = insert_chunk(db, ctx, m, id, i, i + CHUNK < n ? i + CHUNK : n);
	if (e == ERR_OK)
		e = event_get_new(db, ctx, id, out);
	return e == ERR_OK ? idempotency_commit(db, ctx, keyed, out) : e;
}

enum err
event_create(struct pool *pool, TALLOC_CTX *ctx, const struct event_draft *draft,
             struct idempotent *keyed, struct event *out, const char **field, const char **why)
{
	struct making m = { .draft = draft };
	enum err e = ERR_TX_RETRY;

	for (int i = 0; e == ERR_TX_RETRY && i < POOL_ATTEMPTS; i++) {
		struct db *db;

		if ((e = pool_take(pool, &db)) != ERR_OK)
			return e;
		e = create(db, ctx, &m, keyed, out);
		pool_give(pool, db);
	}
	*field = m.field;
	*why = m.why;
	return e;
}
