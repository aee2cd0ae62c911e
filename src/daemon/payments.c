#include "daemon/payments.h"

#include <pthread.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "bus/consumer.h"
#include "core/payment/settle.h"
#include "daemon/payment_message.h"
#include "core/payment/refund_request.h"

#define TAKE_MOST   100
#define TAKE_MS     20  /* to wait for a first message */
#define IDLE_MS     100 /* between two looks for refunds, and after trouble */
#define BACK_OFF_MS 50  /* before the second try of a message; doubles */
#define CONNECTIONS 2   /* one for messages, one for refunds */

/* A topic that is heard. */
struct channel {
	const char *topic;
	enum pay_event_type type;
	struct consumer *consumer;
};

struct role {
	struct pool *pool;
	struct policy policy;
	struct pay_gateway gateway;
	int attempts; /* of a message, before it is buried */
	struct channel channels[2];
};

/* A message on its way through a round. */
struct work {
	const struct consumer_message *raw;
	struct payment_message message;
	enum err err;    /* of the last try; OK: it has had its effect, now or before */
	const char *why; /* it can never have any, for people; NULL: who knows */
	int tries;
};

/* Whether an error is the database's, and the message no worse for it. */
static bool
is_passing(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_TX_RETRY || e == ERR_DB_LOST || e == ERR_DB_UNKNOWN;
}

static struct work *
read_all(TALLOC_CTX *ctx, enum pay_event_type type, const struct consumer_message *messages,
         size_t n)
{
	struct work *works = talloc_zero_array(ctx, struct work, (unsigned)n);

	for (size_t i = 0; i < n; i++) {
		struct work *w = &works[i];

		w->raw = &messages[i];
		w->err = payment_message_read(ctx, type, w->raw->value, w->raw->len, &w->message,
		                              &w->why);
		if (w->err == ERR_OK)
			w->err = ERR_UNAVAILABLE; /* not tried yet */
		else
			w->tries = 1;
	}
	return works;
}

/* One try at each message that is open; how many stay so. The first passing trouble ends it. */
static size_t
try_all(struct role *r, TALLOC_CTX *ctx, struct work *works, size_t n, bool *trouble)
{
	size_t left = 0;

	for (size_t i = 0; i < n && !*trouble; i++) {
		struct work *w = &works[i];

		if (w->err == ERR_OK || w->why != NULL)
			continue;
		w->err = payment_settle(r->pool, ctx, &r->policy, &w->message, NULL);
		w->tries++;
		*trouble = is_passing(w->err);
		if (w->err == ERR_PAYMENT_NOT_FOUND)
			w->why = "payload.transactionId is a session of another booking";
		else if (w->err == ERR_VALIDATION_ERROR)
			w->why =
			    "payload.amount is too large, or finer than the booking's currency";
		left += w->err != ERR_OK && w->why == NULL;
	}
	return left;
}

/*
 * Whether a message is done with: it had its effect, or it is among the dead letters, after all its
 * tries: trouble with another message may have cut them short.
 */
static bool
finish(const struct role *r, const struct channel *c, const struct work *w)
{
	const char *why = w->why;

	if (w->err == ERR_OK)
		return true;
	if (is_passing(w->err) || (why == NULL && w->tries < r->attempts) || stop_wait(0))
		return false;
	if (why == NULL)
		why = w->err == ERR_BOOKING_NOT_FOUND
		          ? "payload.bookingId: there is no such booking"
		          : "it could not be settled, for a reason in the log";
	if (consumer_bury(c->consumer, w->raw, why, w->tries) != ERR_OK)
		return false;
	metrics_count(METRIC_DEAD_LETTERS, TAKER_PAYMENTS);
	return true;
}

/*
 * One round from a topic; false when its client has failed for good. A booking that is not known
 * may be on its way: its messages are tried again, and hold up nothing but their round. Messages
 * may pass each other so; whatever their order, they come to the same.
 */
static bool
take(struct role *r, const struct channel *c)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct consumer_message *messages = talloc_array(ctx, struct consumer_message, TAKE_MOST);
	size_t n = 0, done = 0, left;
	bool trouble = false;
	enum err e = consumer_take(c->consumer, messages, TAKE_MOST, TAKE_MS, &n);
	struct work *works = read_all(ctx, c->type, messages, n);

	left = try_all(r, ctx, works, n, &trouble);
	for (int i = 1; left > 0 && !trouble && i < r->attempts; i++) {
		if (stop_wait(BACK_OFF_MS << (i < 6 ? i : 6)))
			break;
		left = try_all(r, ctx, works, n, &trouble);
	}
	while (done < n && finish(r, c, &works[done]))
		done++;
	consumer_done(c->consumer, messages, done);
	consumer_back(c->consumer, messages + done, n - done);
	if (done < n)
		stop_wait(IDLE_MS);
	talloc_free(ctx);
	return e == ERR_OK;
}

/* As long as there are refunds that are due. */
static enum err
ask_for_refunds(struct role *r, size_t *done)
{
	size_t n = REFUND_REQUEST_MOST;
	enum err e = ERR_OK;

	while (e == ERR_OK && n == REFUND_REQUEST_MOST && !stop_wait(0)) {
		e = refund_request_due(r->pool, &r->policy, &r->gateway, &n);
		*done += n;
	}
	return e;
}

/* The thread that asks for refunds: a gateway that does not answer shall hold up no message. */
static void *
refund(void *arg)
{
	size_t done = 0;

	while (!stop_wait(IDLE_MS)) {
		if (ask_for_refunds(arg, &done) != ERR_OK)
			log_line(LOG_DEBUG, "refunds have to wait", NULL);
	}
	return NULL;
}

static bool
prepare(struct role *r, TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	*r = (struct role){ .pool = pool_new(ctx, database, CONNECTIONS),
		            .gateway = { config->gateway_url, config->webhook_secret },
		            .attempts = (int)config->consumer_attempts,
		            .channels = { { "payment.success", PAY_SUCCEEDED, NULL },
		                          { "payment.failed", PAY_FAILED, NULL } } };
	return policy_read(config, &r->policy) == ERR_OK;
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

/* Takes messages beside the refunds; the exit status. */
static int
serve(struct role *r)
{
	pthread_t refunds;
	bool good = true;

	if (pthread_create(&refunds, NULL, refund, r) != 0) {
		log_line(LOG_ERROR, "no more threads to be had", NULL);
		return 1;
	}
	while (good && !stop_wait(0)) {
		for (int i = 0; good && i < 2; i++)
			good = take(r, &r->channels[i]);
	}
	stop_ask();
	pthread_join(refunds, NULL);
	return good ? 0 : 1;
}

int
daemon_payments_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	const bool kafka = *config->kafka_broker != '\0';
	struct role r;

	if (!prepare(&r, ctx, config, database) || (kafka && !listen(&r, ctx, config)))
		return 1;
	log_line(LOG_INFO, "settling payments", "from", kafka ? "Kafka" : "call-backs alone", NULL);
	if (kafka)
		return serve(&r);
	refund(&r);
	return 0;
}

enum err
daemon_payments_refund_due(TALLOC_CTX *ctx, const struct config *config, const char *database,
                           size_t *done)
{
	struct role r;

	*done = 0;
	return prepare(&r, ctx, config, database) ? ask_for_refunds(&r, done)
	                                          : ERR_VALIDATION_ERROR;
}
