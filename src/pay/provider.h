#ifndef ROWLOCK_PAY_PROVIDER_H
#define ROWLOCK_PAY_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "base/ids.h"

/* Where a provider is found, and what it and we know of each other. */
struct pay_gateway {
	const char *url;     /* PAYMENT_GATEWAY_URL */
	const char *secrets; /* PAYMENT_WEBHOOK_SECRET: one or several, comma-separated */
};

/* What a buyer is to pay. */
struct pay_order {
	struct uuid payment_id; /* ours; asked for again, the answer is the same session */
	struct uuid booking_id;
	int64_t amount_minor;
	const char *currency; /* ISO 4217 */
	int64_t expires_us;   /* when the session ends; -1: when the provider likes */
};

/* A payment session that a provider has opened; on the caller's ctx. */
struct pay_session {
	const char *id, *url; /* url: where the buyer pays */
	int64_t expires_us;   /* -1: not said */
};

/* Money that is to be given back. */
struct pay_refund {
	struct uuid id;          /* ours; the same id is given back once */
	const char *session;     /* of the payment; or NULL */
	const char *gateway_ref; /* of the payment; or NULL */
	struct uuid booking_id;
	int64_t amount_minor;
	const char *currency;
	/* Set: */
	enum err err;          /* ERR_OK: taken on; UNAVAILABLE: ask again; INVALID_STATE: never */
	bool completed;        /* taken on: done already; otherwise a call-back says when it is */
	const char *reference; /* taken on: the provider's reference, on ctx */
};

enum pay_event_type { PAY_SUCCEEDED, PAY_FAILED, PAY_EXPIRED, PAY_REFUNDED, PAY_REFUND_FAILED };

/* What a provider calls back about (rowlock-gateway(8), Call-backs). */
struct pay_event {
	enum pay_event_type type;
	const char *id; /* the provider's, of this message: the same however often it is sent */
	const char *session; /* or NULL, as all texts below */
	const char *gateway_ref, *currency;
	bool has_booking, has_refund;
	struct uuid booking_id, refund_id;
	const char *refund_name; /* what refund_id is or was made of */
	int64_t amount_minor;    /* -1: not said so; in the currency, which is said then */
	double amount_major;     /* in the currency, or the booking's; -1: not said so */
};

/*
 * A payment provider: what it is called, and what it can do. Functions that it has no use for are
 * NULL. None of them may be called with a transaction open, but charge; all are safe from any
 * thread.
 */
struct pay_provider {
	const char *name; /* as stored with a payment */
	/*
	 * Takes an amount at once. May be called with a transaction open, so it must touch
	 * nothing outside this process.
	 *
	 * payment_id	ours; the same id is charged once
	 * amount_minor	in the smallest unit of the currency (ISO 4217)
	 * ref		set: the provider's own reference, on ctx
	 *
	 * Errors: UNAVAILABLE; nothing was taken. A provider that charges at once also gives back
	 * at once: its refunds are complete with the transaction that asks for them.
	 */
	enum err (*charge)(TALLOC_CTX *ctx, const struct uuid *payment_id, int64_t amount_minor,
	                   const char *currency, const char **ref);
	/*
	 * Opens a session, *out on ctx. Errors: UNAVAILABLE (it may be tried again, with the same
	 * payment_id).
	 */
	enum err (*start)(TALLOC_CTX *ctx, const struct pay_gateway *gateway,
	                  const struct pay_order *order, struct pay_session *out);
	/*
	 * Asks for n amounts to be given back, many at once, and waits for the answers; each says
	 * in its own `err` what became of it.
	 */
	void (*refund)(TALLOC_CTX *ctx, const struct pay_gateway *gateway,
	               struct pay_refund *refunds, size_t n);
	/*
	 * Verifies and reads a call-back; everything on ctx.
	 *
	 * signature	the header X-Gateway-Signature; or NULL
	 * body		n bytes as they came
	 * now_s	Unix time; a signature is good for 300 s before and after
	 * why		set when the body is not understood: the member and what is wrong with it
	 *
	 * Errors: UNAUTHORIZED (the signature), VALIDATION_ERROR (the body).
	 */
	enum err (*read)(TALLOC_CTX *ctx, const struct pay_gateway *gateway, const char *signature,
	                 const char *body, size_t n, int64_t now_s, struct pay_event *out,
	                 const char **why);
	/* Reads the body of a call-back that was verified before, likewise. */
	enum err (*parse)(TALLOC_CTX *ctx, const char *body, size_t n, struct pay_event *out,
	                  const char **why);
};

/* Takes every amount at once, and no money: for trying bookings out. Named "mock". */
extern const struct pay_provider pay_instant;

/* A gateway that is asked over HTTP and calls back. Named "gateway". */
extern const struct pay_provider pay_gateway_http;

/* The provider of a name, as stored with a payment or set; NULL: there is none of that name. */
const struct pay_provider *pay_provider_named(const char *name);

#endif
