#include "core/payments_role.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "bus/consumer.h"
#include "core/cashier.h"
#include "core/message_payment.h"
#include "core/refunder.h"

#define TAKE_MOST   100
#define TAKE_MS     20  /* to wait for a first message */
#define IDLE_MS     100 /* between two looks for refunds, without Kafka */
#define REFUND_US   (100 * 1000) /* and with it */
#define BACK_OFF_MS 50  /* before the second try of a message; doubles */

/* A topic that is heard. */
struct channel {
	const char *topic;
	enum pay_event_type type;
	struct consumer *consumer;
};

struct role {
	struct pool *pool;
	struct terms terms;
	struct pay_gateway gateway;
	int attempts; /* of a message, before it is buried */
	struct channel channels[2];
	int64_t refund_us; /* monotonic: when refunds were last looked for */
};

/*
 * Has one message's effect, at last. False: not now, nor what is behind it. What cannot have any
 * goes to the dead letters, a booking that is not known after some tries: it may be on its way.
 */
static bool
settle(struct role *r, const struct channel *c, const struct consumer_message *m)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct payment_message message;
	const char *why = NULL;
	int tries = 1;
	enum err e = message_read_payment(ctx, c->type, m->value, m->len, &message, &why);

	if (e == ERR_OK) {
		e = cashier_settle(r->pool, ctx, &r->terms, &message, NULL);
		for (; e != ERR_OK && e != ERR_VALIDATION_ERROR && tries < r->attempts &&
		       !stop_wait(BACK_OFF_MS << (tries < 6 ? tries : 6));
		     tries++)
			e = cashier_settle(r->pool, ctx, &r->terms, &message, NULL);
	}
	if (e == ERR_BOOKING_NOT_FOUND)
		why = "payload.bookingId: there is no such booking";
	else if (e == ERR_VALIDATION_ERROR && why == NULL)
		why = "payload.amount is finer than the booking's currency";
	if (e != ERR_OK && why != NULL && !stop_wait(0))
		e = consumer_bury(c->consumer, m, why, tries);
	talloc_free(ctx);
	return e == ERR_OK;
}

/* One round from a topic; false when its client has failed for good. */
static bool
take(struct role *r, struct channel *c)
{
	struct consumer_message messages[TAKE_MOST];
	size_t n = 0, done = 0;

	if (consumer_take(c->consumer, messages, TAKE_MOST, TAKE_MS, &n) != ERR_OK)
		return false;
	while (done < n && settle(r, c, &messages[done]))
		done++;
	if (done > 0)
		consumer_done(c->consumer, messages, done);
	if (done < n) {
		consumer_back(c->consumer, messages + done, n - done);
		stop_wait(IDLE_MS);
	}
	return true;
}

/* As long as there are refunds that are due. */
static enum err
ask_for_refunds(struct role *r, size_t *done)
{
	size_t n = REFUNDER_MOST;
	enum err e = ERR_OK;

	while (e == ERR_OK && n == REFUNDER_MOST && !stop_wait(0)) {
		e = refunder_round(r->pool, &r->terms, &r->gateway, &n);
		*done += n;
	}
	r->refund_us = clock_mono_us();
	return e;
}

static bool
prepare(struct role *r, TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	*r = (struct role){ .pool = pool_new(ctx, database, 1),
		                .gateway = { config->gateway_url, config->webhook_secret },
		                .attempts = (int)config->consumer_attempts,
		                .channels = { { "payment.success", PAY_SUCCEEDED, NULL },
		                              { "payment.failed", PAY_FAILED, NULL } } };
	return terms_read(config, &r->terms) == ERR_OK;
}

/* Joins the group for each topic; false when that cannot be. */
static bool
listen(struct role *r, TALLOC_CTX *ctx, const struct config *config)
{
	for (int i = 0; i < 2; i++) {
		struct channel *c = &r->channels[i];
		const char *topic = talloc_asprintf(ctx, "%s%s", config->kafka_prefix, c->topic);

		c->consumer = consumer_new(ctx, config->kafka_broker, config->kafka_group, topic);
		if (c->consumer == NULL)
			return false;
	}
	return true;
}

int
payments_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	const bool kafka = *config->kafka_broker != '\0';
	struct role r;
	size_t refunds = 0;

	if (!prepare(&r, ctx, config, database) || (kafka && !listen(&r, ctx, config)))
		return 1;
	log_line(LOG_INFO, "settling payments", "from", kafka ? "Kafka" : "call-backs alone", NULL);
	while (!stop_wait(kafka ? 0 : IDLE_MS)) {
		if (clock_mono_us() - r.refund_us >= REFUND_US && ask_for_refunds(&r, &refunds) != ERR_OK)
			log_line(LOG_DEBUG, "refunds have to wait", NULL);
		for (int i = 0; kafka && i < 2; i++) {
			if (!take(&r, &r.channels[i]))
				return 1;
		}
	}
	return 0;
}

enum err
payments_refund_due(TALLOC_CTX *ctx, const struct config *config, const char *database, size_t *done)
{
	struct role r;

	*done = 0;
	return prepare(&r, ctx, config, database) ? ask_for_refunds(&r, done) : ERR_VALIDATION_ERROR;
}
