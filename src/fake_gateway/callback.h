#ifndef ROWLOCK_FAKE_GATEWAY_CALLBACK_H
#define ROWLOCK_FAKE_GATEWAY_CALLBACK_H

#include <stdint.h>

#include "base/ids.h"
#include "store/pool.h"

struct gateway;

/*
 * What the fake gateway tells the merchant: a message that is sent until it is answered with 2xx.
 * Its text is written once, with the row that it tells of, and sent as it is ever after.
 */
struct callback {
	struct uuid id;
	const char *url; /* NULL: where the gateway is set to */
	const char *body;
	int status; /* set by callback_send: HTTP status, 0: no answer */
};

/* What a message is about: of a session, or of a refund when refund_id is set. */
struct callback_facts {
	struct uuid id;
	const char *type; /* payment.succeeded … */
	const char *session, *currency;
	struct uuid booking_id;
	int64_t amount_minor;
	const char *gateway_ref, *reason; /* or NULL */
	const struct uuid *refund_id;     /* or NULL */
};

/* Writes the text of a message (rowlock-gateway(8), Call-backs), on ctx. */
const char *callback_text(TALLOC_CTX *ctx, const struct callback_facts *facts);

/*
 * Sends n messages, several at once, and notes what became of each: those that were not answered
 * with 2xx are due again. What cannot be noted is sent again when its time has passed. Waits for
 * all answers; no transaction may be open.
 */
void callback_send(const struct gateway *g, TALLOC_CTX *ctx, struct callback *callbacks, size_t n);

/*
 * Takes up to `most` messages that are due, for a minute, in which no other process takes them;
 * *n: how many. Errors as of transact_read.
 */
enum err callback_due(const struct gateway *g, TALLOC_CTX *ctx, int most, struct callback **out,
                      size_t *n) MUST_CHECK;

/* The messages of an answer with the columns of GATEWAY_CALLBACK; on ctx, as long as the rows. */
struct callback *callback_rows(TALLOC_CTX *ctx, const struct rows *rows);

#endif
