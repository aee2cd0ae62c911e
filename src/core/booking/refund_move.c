/*
 * What each move of a refund writes: its own row, its payment's where that changes, and the
 * journal's rows of it.
 */
#include "core/booking/refund_move.h"

#include <assert.h>

#include "core/journal/journal.h"
#include "core/journal/payload.h"

static void
add_row(struct changeset *m, const struct refund_write *w, enum journal_type type)
{
	assert(w->amount_minor > 0);
	changeset_note(m, w->booking, journal_type_name(type), payload_refund(m->ctx, w));
}

void
refund_move_request(struct changeset *m, const struct refund_write *refunds, size_t n)
{
	if (n > 0)
		changeset_add_refunds(m, refunds, n);
	for (size_t i = 0; i < n; i++) {
		assert(refunds[i].status != REFUND_FAILED);
		add_row(m, &refunds[i], JOURNAL_REFUND_REQUESTED);
		if (refunds[i].status == REFUND_COMPLETED)
			add_row(m, &refunds[i], JOURNAL_REFUND_COMPLETED);
	}
}

void
refund_move_found(struct changeset *m, const struct refund_write *refund)
{
	assert(refund->status == REFUND_COMPLETED);
	changeset_add_refunds(m, refund, 1);
	add_row(m, refund, JOURNAL_REFUND_COMPLETED);
}

/* A stored refund as the journal's payload wants it. */
static struct refund_write
stored(const struct locked_booking *b, const struct refund *r)
{
	return (struct refund_write){ .booking = b,
		                      .id = r->id,
		                      .payment_id = r->payment_id,
		                      .amount_minor = r->amount_minor,
		                      .currency = r->currency,
		                      .reason = r->reason };
}

/* Its row: attempts is how often the provider has refused so far. */
static void
set_refund(struct changeset *m, const struct locked_booking *b, const struct refund *r,
           enum refund_status status, const char *reference, int32_t attempts)
{
	changeset_call(m, (struct call){ STMT_UPDATE_REFUND,
	                                 { param_int(m->ctx, b->event_id),
	                                   param_uuid(m->ctx, &r->id), refund_status_name(status),
	                                   reference, param_int(m->ctx, attempts) } });
}

void
refund_move_complete(struct changeset *m, const struct locked_booking *b, const struct refund *r,
                     const char *reference)
{
	const struct refund_write w = stored(b, r);

	assert(r->status == REFUND_PENDING || r->status == REFUND_FAILED);
	set_refund(m, b, r, REFUND_COMPLETED, reference, r->attempts);
	add_row(m, &w, JOURNAL_REFUND_COMPLETED);
}

void
refund_move_refuse(struct changeset *m, const struct locked_booking *b, const struct refund *r,
                   const char *reference, bool final)
{
	assert(r->status == REFUND_PENDING);
	set_refund(m, b, r, final ? REFUND_FAILED : REFUND_PENDING, reference, r->attempts + 1);
}

void
refund_move_again(struct changeset *m, const struct locked_booking *b, const struct refund *r)
{
	struct refund_write w = stored(b, r);

	assert(r->status == REFUND_FAILED);
	w.again = true;
	changeset_call(m, (struct call){
			      STMT_RETRY_REFUND,
			      { param_int(m->ctx, b->event_id), param_uuid(m->ctx, &r->id) } });
	add_row(m, &w, JOURNAL_REFUND_REQUESTED);
}
