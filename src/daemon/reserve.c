/*
 * The role `reserve`: gives seats to bookings that were accepted before. They come from Kafka, and
 * from the booking table, which is the net under it.
 */
#include "daemon/reserve.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "core/reserve/seat_accepted.h"
#include "daemon/consume.h"
#include "daemon/reserve_message.h"

#define TOPIC      "BookingCreatedDomainEvent"
#define IDLE_MS    20       /* between two looks at the table while no booking waits */
#define TROUBLE_MS 200      /* after a round in which a booking could not be seated */
#define NET_AGE_S  3        /* what Kafka has not told of by then is taken from the table … */
#define NET_US     US_PER_S /* … which is looked at this often */

struct daemon_reserve {
	struct accepted *seating;
	struct consumer *consumer; /* NULL: no Kafka */
	struct consume_role role;
	int64_t net_us; /* monotonic: when the table was last looked at */
};

/* A round from the table; how long to wait before the next, in ms. */
static int
take_from_table(struct daemon_reserve *r, int32_t age_s)
{
	size_t taken, settled;
	enum err e = accepted_oldest(r->seating, age_s, &taken, &settled);

	if (e != ERR_OK || settled < taken)
		return TROUBLE_MS;
	return taken < SEATING_MOST ? IDLE_MS : 0;
}

/* Reads the id of the booking that a message asks seats for. */
static void
read_message(void *arg, TALLOC_CTX *ctx, struct consumed_message *m)
{
	struct reserve_message asked;
	const char *why;

	(void)arg;
	if (reserve_message_read(ctx, m->raw->value, m->raw->len, &asked, &why) == ERR_OK)
		m->content = talloc_memdup(ctx, &asked.booking_id, sizeof(asked.booking_id));
	else
		consume_tried(m, CONSUMED_NEVER, why);
}

/* Where an id is among the first n; n when it is not. */
static size_t
find_id(const struct uuid *ids, size_t n, const struct uuid *id)
{
	size_t k = 0;

	while (k < n && !uuid_equal(&ids[k], id))
		k++;
	return k;
}

/* The distinct bookings of the messages that are open; how many. */
static size_t
open_ids(const struct consumed_message *messages, size_t n, struct uuid *ids)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const struct uuid *id = messages[i].content;

		if (consume_is_open(&messages[i]) && find_id(ids, used, id) == used)
			ids[used++] = *id;
	}
	return used;
}

/* What becomes of a message by what became of its booking. */
static void
note_outcome(struct consumed_message *m, enum seated outcome)
{
	static const struct {
		enum consumed state;
		const char *why;
	} means[] = {
		[SEATED_DONE] = { CONSUMED_DONE, NULL },
		[SEATED_UNKNOWN] = { CONSUMED_FAILED, "booking_id: there is no such booking" },
		[SEATED_LATER] = { CONSUMED_LATER, NULL },
		[SEATED_BROKEN] = { CONSUMED_FAILED,
		                    "it could not be seated, for a reason in the log" },
	};

	assert((size_t)outcome < sizeof(means) / sizeof(means[0]));
	consume_tried(m, means[outcome].state, means[outcome].why);
}

/* One batch for all messages that are open. */
static bool
seat_open(void *arg, TALLOC_CTX *ctx, struct consumed_message *messages, size_t n)
{
	const struct daemon_reserve *r = arg;
	struct uuid *ids = talloc_array(ctx, struct uuid, (unsigned)n);
	enum seated *seated = talloc_array(ctx, enum seated, (unsigned)n);
	const size_t asked = open_ids(messages, n, ids);
	enum err e;

	assert(asked > 0 && asked <= SEATING_MOST);
	e = accepted_named(r->seating, ids, asked, seated);
	for (size_t i = 0; i < n; i++) {
		if (!consume_is_open(&messages[i]))
			continue;
		note_outcome(&messages[i], e != ERR_OK
		                               ? SEATED_LATER
		                               : seated[find_id(ids, asked, messages[i].content)]);
	}
	return true;
}

/*
 * A round from Kafka; false when its client has failed for good. A booking that could not be
 * seated for a reason of its own has its message buried as well: it waits on in the table, where
 * the net finds it, and holds up no other message.
 */
static bool
take_from_kafka(struct daemon_reserve *r)
{
	return consume_round(r->consumer, &r->role, r);
}

static int
serve(struct daemon_reserve *r)
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
	struct daemon_reserve r = { .role = { .most = SEATING_MOST,
		                              .attempts = (int)config->consumer_attempts,
		                              .trouble_ms = TROUBLE_MS,
		                              .taker = TAKER_RESERVE,
		                              .read = read_message,
		                              .try_open = seat_open } };
	struct policy policy;

	if (policy_read(config, &policy) != ERR_OK)
		return 1;
	r.seating = accepted_new(ctx, database, &policy);
	if (*config->kafka_broker != '\0' &&
	    (r.consumer = consume_join(ctx, config, TOPIC)) == NULL)
		return 1;
	log_line(LOG_INFO, "seating accepted bookings", "from",
	         r.consumer == NULL ? "the booking table" : "Kafka", NULL);
	return serve(&r);
}
