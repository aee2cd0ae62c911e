/* What has to be done at certain times, by one timer of the loop. */
#include "live/due_list.h"

#include <assert.h>

#include "base/clock.h"

#define STEP_US 5000 /* entries whose times are so near are done together */

struct due_list {
	LIST_HEAD(, due) dues;
	struct event *timer;
	int64_t rings_us; /* monotonic: when the timer rings; 0: not at all */
	void (*on_due)(void *arg, void *of, int64_t soon_us);
	void *arg;
};

/* Sees to it that the timer rings for what is due first. */
static void
ring_at(struct due_list *list, int64_t due_us)
{
	int64_t left_us = due_us - clock_mono_us();
	struct timeval wait;

	if (list->rings_us != 0 && list->rings_us <= due_us)
		return;
	left_us = left_us < 0 ? 0 : left_us;
	wait = (struct timeval){ left_us / US_PER_S, left_us % US_PER_S };
	list->rings_us = due_us;
	event_add(list->timer, &wait);
}

void
due_list_set(struct due_list *list, struct due *d, int64_t due_us)
{
	assert(d->of != NULL);
	if (!d->listed) {
		LIST_INSERT_HEAD(&list->dues, d, in_list);
		d->due_us = due_us;
	} else if (due_us < d->due_us) {
		d->due_us = due_us;
	}
	d->listed = true;
	ring_at(list, d->due_us);
}

void
due_list_unset(struct due *d)
{
	if (d->listed)
		LIST_REMOVE(d, in_list);
	d->listed = false;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct due_list *list = arg;
	const int64_t soon_us = clock_mono_us() + STEP_US;
	int64_t first_us = INT64_MAX;
	struct due *d, *next;

	(void)fd;
	(void)what;
	list->rings_us = 0;
	for (d = LIST_FIRST(&list->dues); d != NULL; d = next) {
		next = LIST_NEXT(d, in_list);
		assert(d->listed);
		if (d->due_us > soon_us) {
			first_us = d->due_us < first_us ? d->due_us : first_us;
			continue;
		}
		due_list_unset(d);
		list->on_due(list->arg, d->of, soon_us);
	}
	if (first_us != INT64_MAX)
		ring_at(list, first_us);
}

static int
due_list_free(struct due_list *list)
{
	event_free(list->timer);
	return 0;
}

struct due_list *
due_list_new(TALLOC_CTX *ctx, struct event_base *base,
             void (*on_due)(void *arg, void *of, int64_t soon_us), void *arg)
{
	struct due_list *list = talloc_zero(ctx, struct due_list);

	assert(base != NULL && on_due != NULL);
	LIST_INIT(&list->dues);
	list->on_due = on_due;
	list->arg = arg;
	list->timer = evtimer_new(base, on_timer, list);
	talloc_set_destructor(list, due_list_free);
	return list;
}
