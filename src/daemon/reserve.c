#include "daemon/reserve.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "bus/consumer.h"
#include "daemon/reserve_message.h"
#include "core/reserve/seat_accepted.h"

#define TOPIC       "BookingCreatedDomainEvent"
#define IDLE_MS     20       /* between two looks where nobody waits */
#define TROUBLE_MS  200      /* after a round in which nobody could be seated */
#define NET_AGE_S   3        /* what Kafka has not told of by then is taken from the table … */
#define NET_US      US_PER_S /* … which is looked at this often */
#define BACK_OFF_MS 50       /* before the second try of a message; doubles */

struct reserver {
	struct accepted *seating;
	struct consumer *consumer; /* NULL: no Kafka */
	int attempts;              /* of a message, before it is buried */
	int64_t net_us;            /* monotonic: when the table was last looked at */
};

/* A message on its way through a round. */
struct work {
	const struct consumer_message *message;
	struct uuid id;
	enum seated outcome;
	const char *why; /* it cannot be understood; NULL: it can */
};

/* One round from the table; how long to wait before the next. */
static int
take_from_table(struct reserver *r, int32_t age_s)
{
	size_t taken, settled;
	enum err e = accepted_oldest(r->seating, age_s, &taken, &settled);

	if (e != ERR_OK || settled < taken)
		return TROUBLE_MS;
	return taken < SEATING_MOST ? IDLE_MS : 0;
}

static void
read_messages(TALLOC_CTX *ctx, const struct consumer_message *messages, size_t n,
              struct work *works)
{
	for (size_t i = 0; i < n; i++) {
		struct reserve_message asked;
		struct work *w = &works[i];

		*w = (struct work){ .message = &messages[i], .outcome = SEATED_UNKNOWN };
		if (reserve_message_read(ctx, messages[i].value, messages[i].len, &asked,
		                         &w->why) == ERR_OK)
			w->id = asked.booking_id;
	}
}

/* Whether a message must still have its effect. */
static bool
is_open(const struct work *w)
{
	return w->why == NULL && w->outcome != SEATED_DONE;
}

/* The distinct bookings of the messages that are open; how many. */
static size_t
open_ids(const struct work *works, size_t n, struct uuid *ids)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < used && memcmp(&ids[k], &works[i].id, sizeof(ids[k])) != 0)
			k++;
		if (is_open(&works[i]) && k == used)
			ids[used++] = works[i].id;
	}
	return used;
}

/* One try at the messages that are open; how many stay so. */
static size_t
seat_once(struct reserver *r, TALLOC_CTX *ctx, struct work *works, size_t n)
{
	struct uuid *ids = talloc_array(ctx, struct uuid, (unsigned)n);
	enum seated *out = talloc_array(ctx, enum seated, (unsigned)n);
	size_t asked = open_ids(works, n, ids), left = 0;
	enum err e = asked == 0 ? ERR_OK : accepted_named(r->seating, ids, asked, out);

	for (size_t i = 0; i < n; i++) {
		if (!is_open(&works[i]))
			continue;
		works[i].outcome = SEATED_LATER;
		for (size_t k = 0; e == ERR_OK && k < asked; k++) {
			if (memcmp(&ids[k], &works[i].id, sizeof(ids[k])) == 0)
				works[i].outcome = out[k];
		}
		left += is_open(&works[i]);
	}
	return left;
}

/* Whether a message is done with: it had its effect, or it is among the dead letters. */
static bool
finish(struct reserver *r, const struct work *w)
{
	const char *why = w->why;

	if (why == NULL && w->outcome == SEATED_DONE)
		return true;
	if ((why == NULL && w->outcome == SEATED_LATER) || stop_wait(0))
		return false;
	if (why == NULL)
		why = w->outcome == SEATED_UNKNOWN
		          ? "booking_id: there is no such booking"
		          : "it could not be seated, for a reason in the log";
	if (consumer_bury(r->consumer, w->message, why, w->why != NULL ? 1 : r->attempts) != ERR_OK)
		return false;
	metrics_count(METRIC_DEAD_LETTERS, TAKER_RESERVE);
	return true;
}

/*
 * One round from Kafka; false when its client has failed for good. A booking that could not be
 * seated for a reason of its own is buried as well: it waits on in the table, and the net sees
 * to it, but its message holds up nobody.
 */
static bool
take_from_kafka(struct reserver *r)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct consumer_message *messages = talloc_array(ctx, struct consumer_message,
	                                                 SEATING_MOST);
	struct work *works = talloc_array(ctx, struct work, SEATING_MOST);
	size_t n = 0, done = 0, left;
	enum err e = consumer_take(r->consumer, messages, SEATING_MOST, IDLE_MS, &n);

	read_messages(ctx, messages, n, works);
	left = n > 0 ? seat_once(r, ctx, works, n) : 0;
	for (int i = 1; left > 0 && i < r->attempts && !stop_wait(BACK_OFF_MS << (i < 6 ? i : 6));
	     i++)
		left = seat_once(r, ctx, works, n);
	while (done < n && finish(r, &works[done]))
		done++;
	/* What is seated already will be found so when it comes again. */
	consumer_done(r->consumer, messages, done);
	consumer_back(r->consumer, messages + done, n - done);
	if (done < n)
		stop_wait(TROUBLE_MS);
	talloc_free(ctx);
	return e == ERR_OK;
}

static int
serve(struct reserver *r)
{
	int wait_ms = 0;

	while (!stop_wait(wait_ms)) {
		const int64_t now_us = clock_mono_us();
		const bool away = r->consumer == NULL || consumer_trouble(r->consumer) != NULL;

		wait_ms = 0;
		if (away || now_us - r->net_us > NET_US) {
			wait_ms = take_from_table(r, away ? 0 : NET_AGE_S);
			r->net_us = now_us;
		}
		if (r->consumer != NULL) {
			wait_ms = wait_ms == TROUBLE_MS ? TROUBLE_MS
			                                : 0; /* taking waits by itself */
			if (!take_from_kafka(r))
				return 1;
		}
	}
	return 0;
}

enum err
daemon_reserve_once(TALLOC_CTX *ctx, const struct config *config, const char *database,
                    size_t *done)
{
	size_t taken = SEATING_MOST, settled = SEATING_MOST;
	struct accepted *seating;
	struct policy policy;
	enum err e;

	*done = 0;
	if ((e = policy_read(config, &policy)) != ERR_OK)
		return e;
	seating = accepted_new(ctx, database, &policy);
	while (e == ERR_OK && settled > 0 && taken == SEATING_MOST && !stop_wait(0)) {
		e = accepted_oldest(seating, 0, &taken, &settled);
		*done += e == ERR_OK ? settled : 0;
	}
	return e;
}

int
daemon_reserve_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	struct reserver r = { .attempts = (int)config->consumer_attempts };
	struct policy policy;

	if (policy_read(config, &policy) != ERR_OK)
		return 1;
	r.seating = accepted_new(ctx, database, &policy);
	if (*config->kafka_broker != '\0') {
		const char *topic = talloc_asprintf(ctx, "%s%s", config->kafka_prefix, TOPIC);

		r.consumer = consumer_new(ctx, config->kafka_broker, config->kafka_group, topic);
		if (r.consumer == NULL)
			return 1;
	}
	log_line(LOG_INFO, "seating accepted bookings", "from",
	         r.consumer == NULL ? "the booking table" : "Kafka", NULL);
	return serve(&r);
}
