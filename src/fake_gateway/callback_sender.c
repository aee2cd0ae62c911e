/* The thread of the fake gateway that sends call-backs and lets sessions expire. */
#include "fake_gateway/callback_sender.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

#include "base/log.h"
#include "base/stop.h"
#include "fake_gateway/callback.h"
#include "fake_gateway/gateway.h"
#include "fake_gateway/ledger.h"

#define LOOK_MS     100 /* between two looks when nothing is due */
#define EXPIRE_MOST 100
#define SEND_MOST   256 /* if all take 5 s, still done within the minute that they are ours */
#define PATIENCE_S  6

static pthread_t thread; /* one a process, from callback_sender_begin to _end */
static bool running;

/* One look; whether there was as much as one takes, so that there may be more. */
static bool
look(const struct gateway *g)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct callback *due = NULL;
	size_t expired, n = 0;
	bool more;

	more = ledger_expire(g->pool, ctx, EXPIRE_MOST, &expired) == ERR_OK &&
	       expired == EXPIRE_MOST;
	if (callback_due(g, ctx, SEND_MOST, &due, &n) == ERR_OK && n > 0)
		callback_send(g, ctx, due, n);
	talloc_free(ctx);
	return more || n == SEND_MOST;
}

/* Looks again at once while there is more, else after LOOK_MS. */
static void *
run(void *arg)
{
	bool more = false;

	while (!stop_wait(more ? 0 : LOOK_MS))
		more = look(arg);
	return NULL;
}

bool
callback_sender_begin(struct gateway *g)
{
	assert(!running);
	running = pthread_create(&thread, NULL, run, g) == 0;
	if (running)
		return true;
	log_line(LOG_ERROR, "no thread to be had for call-backs", NULL);
	return false;
}

bool
callback_sender_end(void)
{
	struct timespec until;

	assert(running);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}
