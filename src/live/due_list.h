#ifndef ROWLOCK_LIVE_DUE_LIST_H
#define ROWLOCK_LIVE_DUE_LIST_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <talloc.h>

/*
 * What has to be done at certain times, by one timer: a list that is gone through, short because
 * only what has a time is on it. For the loop's thread.
 */
struct due_list;

/* An entry, in memory of what has a time; zeroed but for `of`. */
struct due {
	LIST_ENTRY(due) in_list;
	void *of;       /* what the time is for; handed back */
	int64_t due_us; /* monotonic */
	bool listed;
};

/*
 * Makes an empty list, a child of ctx.
 *
 * on_due	called when the time of `of` has come, with arg: by then it has none any more.
 *		It may set the time of `of`, and free no other entry. soon_us: what is due until
 *		then (monotonic) counts as due now.
 */
struct due_list *due_list_new(TALLOC_CTX *ctx, struct event_base *base,
                              void (*on_due)(void *arg, void *of, int64_t soon_us), void *arg);

/* Gives d a time; one that it has already stays if it is earlier. */
void due_list_set(struct due_list *list, struct due *d, int64_t due_us);

/* Takes the time of d away, if it has one. */
void due_list_unset(struct due *d);

#endif
