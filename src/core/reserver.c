#include "core/reserver.h"

#include "base/log.h"
#include "base/stop.h"
#include "core/seating.h"

#define IDLE_MS    20   /* between two looks at a table in which nobody waits */
#define TROUBLE_MS 200  /* after a round in which nobody could be seated */

/* Takes from the booking table alone. */
static void
serve_table(struct seating *s)
{
	int wait_ms = 0;

	while (!stop_wait(wait_ms)) {
		size_t taken, settled;
		enum err e = seating_oldest(s, 0, &taken, &settled);

		wait_ms = e != ERR_OK || settled < taken ? TROUBLE_MS : taken < SEATING_MOST ? IDLE_MS : 0;
	}
}

int
reserver_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	const struct policy policy = { (int32_t)config->max_seats, (int32_t)config->window_min,
		                           (int32_t)config->max_pending };
	struct seating *s = seating_new(ctx, database, &policy);

	log_line(LOG_INFO, "seating accepted bookings", "from", "the booking table", NULL);
	serve_table(s);
	return 0;
}
