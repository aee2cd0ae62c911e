#ifndef ROWLOCK_FAKE_GATEWAY_LEDGER_H
#define ROWLOCK_FAKE_GATEWAY_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"
#include "fake_gateway/callback.h"
#include "store/pool.h"

/*
 * The fake gateway's books: payment sessions, refunds, and what is to be called back about
 * them, written in one transaction each. Everything may be asked for twice: what is done already is
 * found so. All errors not named are those of transact_read.
 */

#define SESSION_ID_MOST 64

enum outcome { OUTCOME_SUCCESS, OUTCOME_FAILED, OUTCOME_EXPIRED, OUTCOME__MAX };

/* As /payments/simulate names it; "succeeded", "failed", "expired". */
const char *outcome_word(enum outcome o);
const char *outcome_status(enum outcome o);
/* The outcome that /payments/simulate names so; OUTCOME__MAX: there is none such. */
enum outcome outcome_of_word(const char *word);

/* A payment session; texts on the ctx of whoever asked. */
struct session {
	const char *id, *currency, *gateway_ref; /* gateway_ref: NULL until paid */
	struct uuid payment_id, booking_id;
	int64_t amount_minor, expires_us; /* expires_us: -1 when it is opened: in half an hour */
	enum outcome outcome;             /* OUTCOME__MAX: none yet */
	bool lapsed;                      /* none yet, and none but expiry to come */
};

/*
 * Opens a session, or finds the one of the same payment.
 *
 * s	payment_id, booking_id, amount_minor, currency, expires_us; set: all of it
 * webhook_url	where to call back; NULL: where the gateway is set to
 *
 * Errors: IDEMPOTENCY_MISMATCH (another booking, amount or currency before).
 */
enum err ledger_open(struct pool *pool, TALLOC_CTX *ctx, struct session *s,
                     const char *webhook_url) MUST_CHECK;

/* Errors: PAYMENT_NOT_FOUND. */
enum err ledger_get(struct pool *pool, TALLOC_CTX *ctx, const char *id,
                    struct session *out) MUST_CHECK;

/*
 * Gives a session its outcome, or finds that it has it, and takes its call-back to be sent at
 * once; if that is not noted in 10 s, somebody else sends it.
 *
 * Errors: INVALID_STATE (another outcome, or over).
 */
enum err ledger_settle(struct pool *pool, TALLOC_CTX *ctx, const struct session *s, enum outcome o,
                       struct callback *out) MUST_CHECK;

/* Lets up to `most` sessions expire whose time has passed; *n: how many. */
enum err ledger_expire(struct pool *pool, TALLOC_CTX *ctx, int most, size_t *n) MUST_CHECK;

/* Money that is asked back; session is the id of one. */
struct refund {
	struct uuid id, booking_id;
	const char *session, *currency;
	int64_t amount_minor;
	const char *gateway_ref; /* set */
};

/*
 * Takes a refund on, to be called back soon; one that was is called back again.
 *
 * Errors: INVALID_STATE (no such session was paid with so much left), IDEMPOTENCY_MISMATCH
 * (another session or amount before).
 */
enum err ledger_refund(struct pool *pool, TALLOC_CTX *ctx, struct refund *r) MUST_CHECK;

#endif
