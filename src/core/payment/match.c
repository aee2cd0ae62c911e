/*
 * Which payment and which refund a message is about: by reference, by session, or the only one that
 * it can mean.
 */
#include "core/payment/match.h"

#include <assert.h>
#include <string.h>

static bool
is_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
payment_match_is_refund(const struct pay_event *ev)
{
	assert(ev != NULL && ev->type <= PAY_REFUND_FAILED);
	return ev->type == PAY_REFUNDED || ev->type == PAY_REFUND_FAILED;
}

bool
payment_match_has_session(const struct account *a, const char *session)
{
	assert(a->n_payments == 0 || a->payments != NULL);
	for (size_t i = 0; i < a->n_payments; i++) {
		if (is_text(a->payments[i].session, session))
			return true;
	}
	return false;
}

/* Whether a message names a payment by its reference; two sessions are never one payment. */
static bool
is_by_reference(const struct payment *p, const struct pay_event *ev)
{
	return is_text(p->gateway_ref, ev->gateway_ref) &&
	       (p->session == NULL || ev->session == NULL || is_text(p->session, ev->session));
}

/*
 * Whether money came once more by a session that was paid before: under a reference of its own. A
 * reference that is the session itself says no more than the session.
 */
static bool
is_another(const struct payment *p, const struct pay_event *ev)
{
	return ev->type == PAY_SUCCEEDED && p->captured_minor >= 0 && p->gateway_ref != NULL &&
	       ev->gateway_ref != NULL && !is_text(p->gateway_ref, ev->gateway_ref) &&
	       !is_text(p->session, p->gateway_ref) && !is_text(p->session, ev->gateway_ref);
}

/*
 * A reference tells payments apart that a session does not, so it is looked for first. Money under
 * a name that is not known is a payment of its own, whatever else is under way: that one may be
 * paid as well, before or after it, and both come to the same.
 */
const struct payment *
payment_match_payment(const struct account *a, const struct pay_event *ev)
{
	const struct payment *found = NULL;

	assert(ev != NULL && (a->n_payments == 0 || a->payments != NULL));
	for (size_t i = 0; i < a->n_payments; i++) {
		if (is_by_reference(&a->payments[i], ev))
			return &a->payments[i];
	}
	for (size_t i = 0; i < a->n_payments; i++) {
		const struct payment *p = &a->payments[i];

		if (is_text(p->session, ev->session) || is_text(p->session, ev->gateway_ref))
			return is_another(p, ev) ? NULL : p;
		if (p->status == PAYMENT_PENDING)
			found = p;
	}
	if (ev->session != NULL || (ev->gateway_ref != NULL && ev->type == PAY_SUCCEEDED))
		return NULL;
	return found;
}

const char *
payment_match_reference(const struct payment *p, const struct pay_event *ev)
{
	assert(p != NULL && ev != NULL);

	const bool is_settled = p->captured_minor >= 0 || ev->type != PAY_SUCCEEDED;

	if (payment_match_is_refund(ev) || ev->gateway_ref == NULL ||
	    is_text(ev->gateway_ref, p->session) || (is_settled && p->gateway_ref != NULL))
		return p->gateway_ref;
	return ev->gateway_ref;
}

/* Whether a message is about as much money as a refund, as far as it says. */
static bool
is_as_much(const struct refund *r, const struct pay_event *ev)
{
	assert(r->amount_minor > 0);
	return ev->amount_minor < 0 || ev->amount_minor == r->amount_minor;
}

/*
 * Whether it tells again of a refund that is done, by the provider's own reference of that; two ids
 * of the provider's are two refunds all the same.
 */
static bool
is_told_again(const struct payment *p, const struct refund *r, const struct pay_event *ev)
{
	const char *name = ev->gateway_ref != NULL ? ev->gateway_ref : ev->refund_name;

	assert(uuid_equal(&r->payment_id, &p->id) && r->reason != NULL);
	return r->status == REFUND_COMPLETED && is_text(r->gateway_ref, name) &&
	       !is_text(p->gateway_ref, ev->gateway_ref) && !is_text(p->session, ev->gateway_ref) &&
	       !(ev->has_refund && strcmp(r->reason, GATEWAY_REFUND) == 0);
}

/*
 * Whether a message may be about a refund that is not done. Under an id that was not given here
 * (the provider gave the money back in another way), that must be one which it had refused, or
 * beside which nothing is left to be given.
 */
static bool
is_meant(const struct account *a, const struct payment *p, const struct refund *r,
         const struct pay_event *ev)
{
	assert(uuid_equal(&r->payment_id, &p->id));
	if (r->status == REFUND_COMPLETED || !is_as_much(r, ev))
		return false;
	return !ev->has_refund || (ev->type == PAY_REFUNDED &&
	                           (r->status == REFUND_FAILED || account_left(a, p) == 0));
}

const struct refund *
payment_match_refund(const struct account *a, const struct pay_event *ev, const struct payment *p)
{
	const struct refund *found = NULL;

	assert(a->n_refunds == 0 || a->refunds != NULL);
	for (size_t i = 0; ev->has_refund && i < a->n_refunds; i++) {
		if (uuid_equal(&a->refunds[i].id, &ev->refund_id))
			return &a->refunds[i];
	}
	for (size_t i = 0; p != NULL && i < a->n_refunds; i++) {
		const struct refund *r = &a->refunds[i];

		if (!uuid_equal(&r->payment_id, &p->id))
			continue;
		if (is_told_again(p, r, ev))
			return r;
		if (is_meant(a, p, r, ev) && (found == NULL || found->status == REFUND_FAILED))
			found = r;
	}
	return found;
}
