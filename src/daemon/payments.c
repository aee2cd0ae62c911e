/*
 * The role `payments`: settles what Kafka tells of payments, and asks providers for the refunds
 * that are due. A thread for each: a provider that does not answer must not hold up messages.
 */
#include "daemon/payments.h"

#include <assert.h>
#include <pthread.h>

#include "base/log.h"
#include "base/stop.h"
#include "core/payment/refund_request.h"
#include "core/payment/settle.h"
#include "daemon/consume.h"
#include "daemon/payment_message.h"

#define TAKE_MOST   100 /* messages of a round */
#define IDLE_MS     100 /* between two looks for refunds, and after trouble with a message */
#define CONNECTIONS 2   /* one for messages, one for refunds */
#define TOPICS      2

struct daemon_payments {
	struct pool *pool;
	struct policy policy;
	struct pay_gateway gateway;
	struct consume_role role;
	struct payment_topic {
		const char *name;
		enum pay_event_type type; /* of the topic's messages */
		struct consumer *consumer;
		struct daemon_payments *payments;
	} topics[TOPICS];
};

/* Whether an error is the database's, and the message no worse for it. */
static bool
is_passing(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_TX_RETRY || e == ERR_DB_LOST || e == ERR_DB_UNKNOWN;
}

static void
read_message(void *arg, TALLOC_CTX *ctx, struct consumed_message *m)
{
	const struct payment_topic *t = arg;
	struct payment_message *message = talloc(ctx, struct payment_message);
	const char *why;

	if (payment_message_read(ctx, t->type, m->raw->value, m->raw->len, message, &why) == ERR_OK)
		m->content = message;
	else
		consume_tried(m, CONSUMED_NEVER, why);
}

/* Notes what a try at a message came to. */
static void
note_error(struct consumed_message *m, enum err e)
{
	if (e == ERR_OK)
		consume_tried(m, CONSUMED_DONE, NULL);
	else if (is_passing(e))
		consume_tried(m, CONSUMED_LATER, NULL);
	else if (e == ERR_PAYMENT_NOT_FOUND)
		consume_tried(m, CONSUMED_NEVER,
		              "payload.transactionId is a session of another booking");
	else if (e == ERR_VALIDATION_ERROR)
		consume_tried(m, CONSUMED_NEVER,
		              "payload.amount is too large, or finer than the booking's currency");
	else
		consume_tried(m, CONSUMED_FAILED,
		              e == ERR_BOOKING_NOT_FOUND
		                  ? "payload.bookingId: there is no such booking"
		                  : "it could not be settled, for a reason in the log");
}

/* Each message in a transaction of its own; trouble with the database ends the round. */
static bool
settle_open(void *arg, TALLOC_CTX *ctx, struct consumed_message *messages, size_t n)
{
	const struct payment_topic *t = arg;
	const struct daemon_payments *p = t->payments;

	for (size_t i = 0; i < n; i++) {
		enum err e;

		if (!consume_is_open(&messages[i]))
			continue;
		e = payment_settle(p->pool, ctx, &p->policy, messages[i].content, NULL);
		note_error(&messages[i], e);
		if (is_passing(e))
			return false;
	}
	return true;
}

/*
 * A round from a topic; false when its client has failed for good. A booking that is not known may
 * be on its way: its messages are tried again, and hold up nothing but their round. Messages may
 * pass each other so; whatever their order, they come to the same.
 */
static bool
take(struct payment_topic *t)
{
	return consume_round(t->consumer, &t->payments->role, t);
}

/* Round by round, for as long as refunds are due; done is counted up. */
static enum err
ask_for_refunds(struct daemon_payments *p, size_t *done)
{
	size_t n = REFUND_REQUEST_MOST;
	enum err e = ERR_OK;

	while (e == ERR_OK && n == REFUND_REQUEST_MOST && !stop_wait(0)) {
		e = refund_request_due(p->pool, &p->policy, &p->gateway, &n);
		*done += n;
	}
	return e;
}

/* The thread that asks for refunds, until the process ends. */
static void *
run_refunds(void *arg)
{
	size_t done = 0;

	while (!stop_wait(IDLE_MS)) {
		if (ask_for_refunds(arg, &done) != ERR_OK)
			log_line(LOG_DEBUG, "refunds have to wait", NULL);
	}
	return NULL;
}

/* What both threads need; false when a setting cannot be read, logged. */
static bool
prepare(struct daemon_payments *p, TALLOC_CTX *ctx, const struct config *config,
        const char *database)
{
	*p = (struct daemon_payments){ .pool = pool_new(ctx, database, CONNECTIONS),
		                       .gateway = { config->gateway_url, config->webhook_secret },
		                       .role = { .most = TAKE_MOST,
		                                 .attempts = (int)config->consumer_attempts,
		                                 .trouble_ms = IDLE_MS,
		                                 .taker = TAKER_PAYMENTS,
		                                 .read = read_message,
		                                 .try_open = settle_open },
		                       .topics = { { "payment.success", PAY_SUCCEEDED, NULL, p },
		                                   { "payment.failed", PAY_FAILED, NULL, p } } };
	return policy_read(config, &p->policy) == ERR_OK;
}

/* Joins the group for each topic; false when that cannot be. */
static bool
join(struct daemon_payments *p, TALLOC_CTX *ctx, const struct config *config)
{
	for (int i = 0; i < TOPICS; i++) {
		struct payment_topic *t = &p->topics[i];

		if ((t->consumer = consume_join(ctx, config, t->name)) == NULL)
			return false;
	}
	return true;
}

/* Takes messages beside the refunds; the exit status. */
static int
serve(struct daemon_payments *p)
{
	pthread_t refunds;
	bool good = true;

	if (pthread_create(&refunds, NULL, run_refunds, p) != 0) {
		log_line(LOG_ERROR, "no more threads to be had", NULL);
		return 1;
	}
	while (good && !stop_wait(0)) {
		for (int i = 0; good && i < TOPICS; i++)
			good = take(&p->topics[i]);
	}
	stop_ask();
	pthread_join(refunds, NULL);
	return good ? 0 : 1;
}

int
daemon_payments_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	const bool kafka = *config->kafka_broker != '\0';
	struct daemon_payments p;

	if (!prepare(&p, ctx, config, database) || (kafka && !join(&p, ctx, config)))
		return 1;
	log_line(LOG_INFO, "settling payments", "from", kafka ? "Kafka" : "call-backs alone", NULL);
	if (kafka)
		return serve(&p);
	run_refunds(&p);
	return 0;
}

enum err
daemon_payments_refund_due(TALLOC_CTX *ctx, const struct config *config, const char *database,
                           size_t *done)
{
	struct daemon_payments p;

	*done = 0;
	return prepare(&p, ctx, config, database) ? ask_for_refunds(&p, done)
	                                          : ERR_VALIDATION_ERROR;
}
