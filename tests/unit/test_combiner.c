/*
 * store/combiner: the order of service, the early hand-over, and many threads at once. No
 * database is needed: the connections are told apart, and never opened.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/combiner.h"
#include "ctx_case.h"

#define HANGS_S 120 /* a combiner that forgets a thread lets the test hang: it ends then */

/* Something submitted. */
struct item {
	struct combiner *combiner;
	int served; /* how often */
	int place;  /* in the order of service, from 0 */
};

/* A gate that is shut until it is opened, and open ever after. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t opened;
	bool open;
};

/* What the batches were that have begun, and what each of them does before it returns. */
static struct record {
	atomic_int begun, noted, running, running_most, items;
	size_t sizes[256];
	struct db *connections[256];
	bool pass_on;
	struct gate
	    *gates; /* one for each batch in turn, n_gates; batches behind those wait for none */
	int n_gates;
} seen;

static void
gate_wait(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	while (!g->open)
		pthread_cond_wait(&g->opened, &g->mutex);
	pthread_mutex_unlock(&g->mutex);
}

static void
gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->open = true;
	pthread_cond_broadcast(&g->opened);
	pthread_mutex_unlock(&g->mutex);
}

/* Three gates that are shut, and a record with nothing in it. */
static struct gate *
begin_record(bool pass_on, int n_gates)
{
	static struct gate gates[3];

	alarm(HANGS_S);
	memset(&seen, 0, sizeof(seen));
	assert_true(n_gates <= 3);
	for (int i = 0; i < n_gates; i++)
		gates[i] = (struct gate){ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
			                  false };
	seen.pass_on = pass_on;
	seen.gates = gates;
	seen.n_gates = n_gates;
	return gates;
}

static void
serve(struct combiner_batch *batch)
{
	const int no = atomic_fetch_add(&seen.begun, 1),
		  running = atomic_fetch_add(&seen.running, 1);

	assert_ptr_equal(batch->arg, &seen);
	if (running + 1 > atomic_load(&seen.running_most))
		atomic_store(&seen.running_most, running + 1);
	if (no < 256) {
		seen.sizes[no] = batch->n;
		seen.connections[no] = batch->db;
	}
	for (size_t i = 0; i < batch->n; i++) {
		struct item *item = batch->items[i];

		item->served++;
		item->place = atomic_fetch_add(&seen.items, 1);
	}
	atomic_fetch_add(&seen.noted, 1);
	if (seen.pass_on) {
		combiner_pass_on(batch);
		combiner_pass_on(batch); /* once more is harmless */
	}
	if (no < seen.n_gates)
		gate_wait(&seen.gates[no]);
	atomic_fetch_sub(&seen.running, 1);
}

static void *
submit(void *arg)
{
	struct item *item = arg;

	combiner_submit(item->combiner, item);
	return NULL;
}

static pthread_t
submit_apart(struct combiner *c, struct item *item)
{
	pthread_t thread;

	*item = (struct item){ .combiner = c };
	assert_int_equal(pthread_create(&thread, NULL, submit, item), 0);
	return thread;
}

static void
join(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
wait_for_batches(int n)
{
	while (atomic_load(&seen.noted) < n)
		usleep(200);
}

static void
wait_for_queue(struct combiner *c, size_t n)
{
	while (combiner_waiting(c) != n)
		usleep(200);
}

static void
test_combiner_serves_a_single_item_at_once(void **state)
{
	struct combiner *c = combiner_new(ctx, "", 1, serve, &seen);
	struct item item = { .combiner = c };

	(void)state;
	begin_record(false, 0);
	combiner_submit(c, &item);
	assert_int_equal(item.served, 1);
	assert_int_equal(seen.begun, 1);
	assert_int_equal(seen.sizes[0], 1);
	assert_int_equal(combiner_waiting(c), 0);
}

static void
test_combiner_serves_in_the_order_of_submission(void **state)
{
	enum { N = COMBINER_MOST + 6 };
	struct combiner *c = combiner_new(ctx, "", 1, serve, &seen);
	struct gate *gates = begin_record(false, 1);
	struct item first, items[N];
	pthread_t thread = submit_apart(c, &first), threads[N];

	(void)state;
	wait_for_batches(1);
	for (size_t i = 0; i < N; i++) {
		threads[i] = submit_apart(c, &items[i]);
		wait_for_queue(c, i + 1);
	}
	gate_open(&gates[0]);
	join(thread);
	for (int i = 0; i < N; i++) {
		join(threads[i]);
		assert_int_equal(items[i].served, 1);
		assert_int_equal(items[i].place, i + 1);
	}
	assert_int_equal(seen.begun, 3);
	assert_int_equal(seen.sizes[0], 1);
	assert_int_equal(seen.sizes[1], COMBINER_MOST); /* what waits is served together … */
	assert_int_equal(seen.sizes[2], 6);             /* … but no more than that */
	assert_int_equal(seen.running_most, 1);
	assert_ptr_equal(seen.connections[0], seen.connections[2]);
}

static void
test_combiner_begins_no_batch_before_the_one_under_way_passes_on(void **state)
{
	struct combiner *c = combiner_new(ctx, "", 2, serve, &seen);
	struct gate *gates = begin_record(false, 1);
	struct item first, second;
	pthread_t a = submit_apart(c, &first), b;

	(void)state;
	wait_for_batches(1);
	b = submit_apart(c, &second);
	wait_for_queue(c, 1);
	usleep(20000);
	assert_int_equal(seen.begun, 1);
	assert_int_equal(combiner_waiting(c), 1);
	gate_open(&gates[0]);
	join(a);
	join(b);
	assert_int_equal(second.served, 1);
	assert_int_equal(seen.running_most, 1);
}

static void
test_combiner_hands_over_early_as_long_as_a_connection_is_idle(void **state)
{
	struct combiner *c = combiner_new(ctx, "", 2, serve, &seen);
	struct gate *gates = begin_record(true, 2);
	struct item items[4];
	pthread_t threads[4];

	(void)state;
	threads[0] = submit_apart(c, &items[0]);
	wait_for_batches(1);
	threads[1] = submit_apart(c, &items[1]);
	wait_for_batches(2); /* while the first is still under way */
	assert_int_equal(seen.running, 2);
	assert_ptr_not_equal(seen.connections[0], seen.connections[1]);
	for (size_t i = 2; i < 4; i++) {
		threads[i] = submit_apart(c, &items[i]);
		wait_for_queue(c, i - 1);
	}
	usleep(20000);
	assert_int_equal(seen.begun, 2); /* both connections are in use */
	gate_open(&gates[1]);            /* the later one may end first */
	join(threads[1]);
	join(threads[2]);
	join(threads[3]);
	assert_int_equal(seen.begun, 3);
	assert_int_equal(seen.sizes[2], 2);
	assert_ptr_equal(seen.connections[2], seen.connections[1]);
	assert_int_equal(items[0].served, 1);
	gate_open(&gates[0]);
	join(threads[0]);
	assert_int_equal(seen.running_most, 2);
}

/* --- many threads --- */

enum { THREADS = 24, ROUNDS = 1000 };

/* A thread that submits again and again, and what is counted without atomics while serving. */
struct crowd {
	struct combiner *combiner;
	size_t faults;
};
static size_t alone, shared; /* items, batches of several; written by one batch at a time */

static void
serve_alone(struct combiner_batch *batch)
{
	shared += batch->n > 1;
	for (size_t i = 0; i < batch->n; i++) {
		((struct item *)batch->items[i])->served++;
		alone++;
	}
	sched_yield(); /* for a queue to form */
}

static void
serve_side_by_side(struct combiner_batch *batch)
{
	const int running = atomic_fetch_add(&seen.running, 1) + 1;

	if (running > atomic_load(&seen.running_most))
		atomic_store(&seen.running_most, running);
	atomic_fetch_add(&seen.items, (int)batch->n);
	if (batch->n % 2 == 0)
		combiner_pass_on(batch);
	for (size_t i = 0; i < batch->n; i++)
		((struct item *)batch->items[i])->served++;
	sched_yield();
	atomic_fetch_sub(&seen.running, 1);
}

static void *
submit_many(void *arg)
{
	struct crowd *crowd = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct item item = { .combiner = crowd->combiner };

		combiner_submit(crowd->combiner, &item);
		crowd->faults += item.served != 1;
	}
	return NULL;
}

static void
run_crowd(int connections, combiner_serve how)
{
	struct combiner *c = combiner_new(ctx, "", connections, how, NULL);
	struct crowd crowd[THREADS];
	pthread_t threads[THREADS];

	begin_record(false, 0);
	for (int i = 0; i < THREADS; i++) {
		crowd[i] = (struct crowd){ .combiner = c };
		assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &crowd[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		join(threads[i]);
		assert_int_equal(crowd[i].faults, 0);
	}
	assert_int_equal(combiner_waiting(c), 0);
}

static void
test_combiner_serves_each_of_many_once_and_one_batch_at_a_time(void **state)
{
	(void)state;
	alone = shared = 0;
	run_crowd(2, serve_alone);
	assert_int_equal(alone, THREADS * ROUNDS);
	assert_in_range(shared, 1, alone / 2);
}

static void
test_combiner_runs_no_more_batches_than_it_has_connections(void **state)
{
	(void)state;
	run_crowd(3, serve_side_by_side);
	assert_int_equal(seen.items, THREADS * ROUNDS);
	assert_in_range(seen.running_most, 2, 3);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_combiner_serves_a_single_item_at_once, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_combiner_serves_in_the_order_of_submission,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_combiner_begins_no_batch_before_the_one_under_way_passes_on, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_combiner_hands_over_early_as_long_as_a_connection_is_idle, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_combiner_serves_each_of_many_once_and_one_batch_at_a_time, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_combiner_runs_no_more_batches_than_it_has_connections, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
