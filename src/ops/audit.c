/*
 * Runs the rules of the audit in one transaction, and collects findings and sums. What the rules
 * ask is in store/audit_rules.def.
 */
#include "ops/audit.h"

#include <assert.h>
#include <string.h>

#include "store/param.h"

#define BATCH 10000 /* acknowledged bookings that are looked up at once */

/* Every rule, in the order in which they are run. */
static const enum stmt rules[] = {
#define STMT(id, nparams, text) STMT_##id,
#include "store/audit_rules.def"
#undef STMT
};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

/* An audit under way. */
struct audit {
	struct db *db;
	TALLOC_CTX *ctx;
	const struct audit_ask *ask;
	const char *event; /* its number as a parameter; NULL: all */
	struct audit_report *report;
	int64_t told; /* findings so far, of ask->most */
};

/* --- what is wrong --- */

/* How many more findings are wanted, as a parameter. */
static const char *
limit_param(const struct audit *a, TALLOC_CTX *ctx)
{
	return param_int(ctx, a->ask->most - a->told);
}

/* Tells the findings of an answer, as many as are wanted, and counts all that there are. */
static void
take_findings(struct audit *a, const struct rows *rows)
{
	assert(a->told <= a->report->findings);
	if (rows_count(rows) > 0)
		a->report->findings += row_i64(rows, 0, AUDIT_RULE_FINDINGS);
	for (int r = 0; r < rows_count(rows) && a->told < a->ask->most; r++, a->told++)
		a->ask->tell(a->ask->arg, row_text(rows, r, AUDIT_RULE_FINDING));
}

/* One call, whose rows are findings. */
static enum err
check(struct audit *a, const struct call *call, TALLOC_CTX *ctx)
{
	struct rows *rows;
	enum err e = db_query(a->db, ctx, *call, &rows);

	if (e == ERR_OK)
		take_findings(a, rows);
	return e;
}

static enum err
check_rule(struct audit *a, enum stmt rule)
{
	TALLOC_CTX *ctx = talloc_new(a->ctx);
	const struct call call = { rule, { a->event, limit_param(a, ctx) } };
	enum err e = check(a, &call, ctx);

	talloc_free(ctx);
	return e;
}

/* I1, of n of the acknowledged bookings. */
static enum err
check_acknowledged(struct audit *a, const struct uuid *ids, size_t n)
{
	TALLOC_CTX *ctx = talloc_new(a->ctx);
	const struct id_params p = param_ids(ctx, ids, n);
	const struct call call = { STMT_AUDIT_LOST, { p.events, p.ids, limit_param(a, ctx) } };
	enum err e = check(a, &call, ctx);

	talloc_free(ctx);
	return e;
}

static enum err
check_all(struct audit *a)
{
	const struct audit_ask *ask = a->ask;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < ask->n_acknowledged; i += BATCH)
		e = check_acknowledged(a, ask->acknowledged + i,
		                       ask->n_acknowledged - i < BATCH ? ask->n_acknowledged - i
		                                                       : BATCH);
	for (size_t i = 0; e == ERR_OK && i < N_RULES; i++) {
		if (ask->progress != NULL)
			ask->progress(ask->arg, i, N_RULES);
		e = check_rule(a, rules[i]);
	}
	return e;
}

/* --- what there is --- */

static void
read_sums(struct audit *a, const struct rows *rows)
{
	struct audit_report *out = a->report;

	out->n_sums = (size_t)rows_count(rows);
	out->sums = talloc_array(a->ctx, struct audit_sum, (unsigned)out->n_sums);
	for (int r = 0; r < rows_count(rows); r++) {
		struct audit_sum *sum = &out->sums[r];

		sum->currency = row_text(rows, r, AUDIT_SUMS_CURRENCY); /* the rows are on ctx */
		sum->captured = row_i64(rows, r, AUDIT_SUMS_CAPTURED);
		sum->refunded = row_i64(rows, r, AUDIT_SUMS_REFUNDED);
		sum->pending = row_i64(rows, r, AUDIT_SUMS_PENDING);
		sum->owed = row_i64(rows, r, AUDIT_SUMS_OWED);
		sum->kept = row_i64(rows, r, AUDIT_SUMS_KEPT);
		sum->confirmed = row_i64(rows, r, AUDIT_SUMS_CONFIRMED);
	}
}

/* Opens the transaction, and counts what is there. */
static enum err
begin(struct audit *a)
{
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN_SNAPSHOT },
		{ .stmt = STMT_AUDIT_SETTINGS },
		{ STMT_AUDIT_COUNTS, { a->event } },
		{ STMT_AUDIT_SUMS, { a->event } },
	};
	struct rows *rows[4];
	enum err e;

	if ((e = db_exchange(a->db, a->ctx, calls, 4, rows)) != ERR_OK)
		return e;
	if (a->event != NULL && row_i64(rows[2], 0, AUDIT_COUNTS_EVENTS) == 0)
		return ERR_EVENT_NOT_FOUND;
	a->report->bookings = row_i64(rows[2], 0, AUDIT_COUNTS_BOOKINGS);
	a->report->seats = row_i64(rows[2], 0, AUDIT_COUNTS_SEATS);
	a->report->journal_rows = row_i64(rows[2], 0, AUDIT_COUNTS_JOURNAL_ROWS);
	a->report->payments = row_i64(rows[2], 0, AUDIT_COUNTS_PAYMENTS);
	read_sums(a, rows[3]);
	return ERR_OK;
}

enum err
audit_run(struct pool *pool, TALLOC_CTX *ctx, const struct audit_ask *ask, struct audit_report *out)
{
	struct audit a = { .ctx = ctx, .ask = ask, .report = out };
	enum err e;

	assert(pool != NULL && ask->event_id >= 0 && ask->most >= 0 && ask->tell != NULL);
	assert(ask->n_acknowledged == 0 || ask->acknowledged != NULL);
	memset(out, 0, sizeof(*out));
	a.event = ask->event_id == 0 ? NULL : param_int(ctx, ask->event_id);
	if ((e = pool_take(pool, &a.db)) != ERR_OK)
		return e;
	if ((e = begin(&a)) == ERR_OK)
		e = check_all(&a);
	pool_give(pool, a.db); /* which ends the transaction, and its settings with it */
	return e;
}
