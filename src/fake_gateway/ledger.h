#ifndef ROWLOCK_FAKE_GATEWAY_LEDGER_H
#define ROWLOCK_FAKE_GATEWAY_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"
#include "fake_gateway/callback.h"
#include "store/pool.h"

/*
 * The fake gateway's books: payment sessions, refunds, and the call-backs that tell of them. Each
 * function is one transaction, which may be run twice: what is done already is found so. Errors
 * that are not named are those of transact_read. All texts are on ctx.
 */

#define SESSION_ID_MOST 64

enum outcome { OUTCOME_SUCCESS, OUTCOME_FAILED, OUTCOME_EXPIRED, OUTCOME__MAX };

/* An outcome as /payments/simulate names it: "success", "failed", "expired". */
const char *outcome_word(enum outcome o);

/* As the books name it: "succeeded", "failed", "expired". */
const char *outcome_status(enum outcome o);

/* The outcome of a name as of outcome_word; OUTCOME__MAX: there is none such. */
enum outcome outcome_of_word(const char *word);

/* A payment session. */
struct ledger_session {
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
enum err ledger_open(struct pool *pool, TALLOC_CTX *ctx, struct ledger_session *s,
                     const char *webhook_url) MUST_CHECK;

/* Reads a session by its id. Errors: PAYMENT_NOT_FOUND. */
enum err ledger_get(struct pool *pool, TALLOC_CTX *ctx, const char *id,
                    struct ledger_session *out) MUST_CHECK;

/*
 * Gives a session its outcome, or finds that it has it, and takes its call-back (*out) to be sent
 * at once; when that is not noted within 10 s, the sender sends it.
 *
 * Errors: INVALID_STATE (another outcome, or over).
 */
enum err ledger_settle(struct pool *pool, TALLOC_CTX *ctx, const struct ledger_session *s,
                       enum outcome o, struct callback *out) MUST_CHECK;

/* Lets up to `most` sessions expire whose time has passed, with their call-backs; *n: how many. */
enum err ledger_expire(struct pool *pool, TALLOC_CTX *ctx, int most, size_t *n) MUST_CHECK;

/* Money that is asked back; session is the id of the one in which it was paid. */
struct ledger_refund {
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
enum err ledger_take_refund(struct pool *pool, TALLOC_CTX *ctx, struct ledger_refund *r) MUST_CHECK;

#endif
