/*
 * Streams on one event loop: connections, what waits to be sent on each, and the wheel on which
 * each has its turn. A stream is never freed within a call: it is doomed, and the loop reaps it.
 */
#include "http/stream_server.h"

#include <assert.h>
#include <errno.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "http/stream_chunk.h"
#include "http/framing.h"

#define SLOTS       150 /* of the wheel: each stream has its turn once in STREAM_BEAT_S */
#define SLOT_US     (STREAM_BEAT_S * 1000000 / SLOTS)
#define ACCEPT_MOST 128    /* connections at a time, then the others have their turn */
#define ACCEPT_US   100000 /* until descriptors are tried again */
#define READ_BYTES  (64 * 1024)
#define PIECES      16 /* sent in one system call */

/* A piece that waits. */
struct waiting {
	struct waiting *next;
	struct stream_chunk *chunk;
};

LIST_HEAD(slot, stream);

struct stream {
	struct event event;
	struct stream_server *server;
	LIST_ENTRY(stream) in_slot;
	struct stream *next_doomed;
	struct framing framing;
	struct waiting *first, **last; /* what waits, in order */
	size_t sent;                   /* of the first */
	size_t backlog;                /* bytes that wait in all … */
	size_t greeting;               /* … of which so many, the first ones, do not count */
	bool began, finishing, doomed;
	bool writing; /* the event waits for room, too */
	bool stuck;   /* nothing has been taken since the last beat */
	enum stream_end why;
	max_align_t owner[];
};

struct stream_server {
	struct event_base *base;
	const struct stream_server_rules *rules;
	void *arg;
	struct event *accepting, *pause, *tick, *reaper;
	struct stream *doomed; /* to be freed by the reaper */
	size_t count;
	unsigned next_slot, turn;
	bool starved; /* of descriptors; logged once */
	struct slot slots[SLOTS];
	uint8_t buffer[READ_BYTES];
};

/* --- The end of a stream. --- */

/* Marks a stream for the reaper, so that it lives on until the calls that use it have returned. */
static void
doom(struct stream *s, enum stream_end why)
{
	if (s->doomed)
		return;
	s->doomed = true;
	s->why = why;
	s->next_doomed = s->server->doomed;
	s->server->doomed = s;
	event_del(&s->event);
	event_active(s->server->reaper, EV_TIMEOUT, 1);
}

static void
pop_waiting(struct stream *s)
{
	struct waiting *w = s->first;

	assert(w != NULL);
	s->first = w->next;
	if (s->first == NULL)
		s->last = &s->first;
	s->sent = 0;
	stream_chunk_drop(w->chunk);
	free(w);
}

static void
on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct stream_server *server = arg;
	struct stream *s;

	(void)fd;
	(void)what;
	while ((s = server->doomed) != NULL) {
		server->doomed = s->next_doomed;
		if (s->began)
			server->rules->over(server->arg, s, s->why);
		else if (s->why == STREAM_BAD)
			log_line(LOG_WARN, "no request to be read on a connection", NULL);
		assert(s->doomed && server->count > 0);
		close(event_get_fd(&s->event));
		LIST_REMOVE(s, in_slot);
		while (s->first != NULL)
			pop_waiting(s);
		framing_forget(&s->framing);
		server->count--;
		free(s);
	}
}

/* --- Sending. --- */

/* Takes what was sent off the front. */
static void
advance(struct stream *s, size_t n)
{
	assert(n <= s->backlog && s->greeting <= s->backlog);
	s->backlog -= n;
	s->greeting -= n < s->greeting ? n : s->greeting;
	s->stuck = false;
	while (n > 0) {
		size_t left;

		assert(s->first != NULL && s->sent < s->first->chunk->n);
		left = s->first->chunk->n - s->sent;
		if (n < left) {
			s->sent += n;
			return;
		}
		n -= left;
		pop_waiting(s);
	}
}

static bool
is_busy(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR || error == ENOBUFS;
}

/* Sends as much of what waits as the connection takes. */
static void
flush(struct stream *s)
{
	while (s->first != NULL) {
		struct iovec parts[PIECES];
		struct msghdr message = { .msg_iov = parts };
		size_t skip = s->sent;
		ssize_t n;

		for (struct waiting *w = s->first; w != NULL && message.msg_iovlen < PIECES;
		     w = w->next) {
			parts[message.msg_iovlen++] = (struct iovec){ w->chunk->records + skip,
				                                      w->chunk->n - skip };
			skip = 0;
		}
		n = sendmsg(event_get_fd(&s->event), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0) {
			if (is_busy(errno))
				return;
			/* Some web servers close as soon as they have the length announced. */
			doom(s,
			     s->finishing && s->first->next == NULL ? STREAM_ENDED : STREAM_GONE);
			return;
		}
		advance(s, (size_t)n);
	}
	if (s->finishing)
		doom(s, STREAM_ENDED);
}

static void on_event(evutil_socket_t fd, short what, void *arg);

/* Waits for room only while something waits for it. */
static void
await(struct stream *s)
{
	bool writing = s->first != NULL;

	if (s->doomed || writing == s->writing)
		return;
	s->writing = writing;
	event_del(&s->event);
	event_assign(&s->event, s->server->base, event_get_fd(&s->event),
	             (short)(EV_READ | EV_PERSIST | (writing ? EV_WRITE : 0)), on_event, s);
	event_add(&s->event, NULL);
}

/* Puts a piece behind what waits; takes the reference over. */
static void
push(struct stream *s, struct stream_chunk *c, bool greeting)
{
	struct waiting *w = malloc(sizeof(*w));

	if (w == NULL)
		abort();
	assert(c->n > 0 && !s->finishing);
	*w = (struct waiting){ NULL, c };
	*s->last = w;
	s->last = &w->next;
	s->backlog += c->n;
	if (greeting)
		s->greeting += c->n;
}

void
stream_send(struct stream *s, struct stream_chunk *c, bool greeting)
{
	assert(s->began);
	if (s->doomed || s->finishing)
		return;
	if (s->backlog - s->greeting > STREAM_BACKLOG) {
		doom(s, STREAM_SLOW);
		return;
	}
	push(s,
	     s->framing.id == FRAMING_ID ? stream_chunk_use(c)
	                                 : stream_chunk_readdressed(c, s->framing.id),
	     greeting);
	if (!s->writing)
		flush(s);
	await(s);
}

void
stream_finish(struct stream *s)
{
	assert(s->began);
	if (s->doomed || s->finishing)
		return;
	push(s, stream_chunk_end(s->framing.id), false);
	s->finishing = true;
	flush(s);
	await(s);
}

/* --- Reading. --- */

static void
reply(struct stream *s, const struct framing_out *out)
{
	/* Few and short; while others wait it would come in the middle of a half sent record. */
	if (s->first != NULL || send(event_get_fd(&s->event), out->bytes, out->n,
	                             MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)out->n)
		doom(s, STREAM_BAD);
}

/* The request is complete. */
static void
begin(struct stream *s)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char **env;

	assert(!s->began && !s->doomed);
	env = framing_env(ctx, s->framing.params, s->framing.n_params);

	framing_forget(&s->framing);
	if (env == NULL) {
		doom(s, STREAM_BAD);
	} else {
		s->began = true;
		s->stuck = false;
		s->server->rules->begin(s->server->arg, s, env, ctx);
	}
	talloc_free(ctx);
}

static void
take(struct stream *s, const uint8_t *data, size_t n)
{
	struct framing_out out;
	size_t used;

	for (; n > 0 && !s->doomed; data += used, n -= used) {
		switch (framing_take(&s->framing, data, n, &used, &out)) {
		case FRAMING_MORE:
			break;
		case FRAMING_REQUEST:
			begin(s);
			break;
		case FRAMING_ABORT:
			doom(s, STREAM_GONE);
			break;
		case FRAMING_REPLY:
			reply(s, &out);
			break;
		case FRAMING_REFUSE:
			reply(s, &out);
			doom(s, STREAM_BAD);
			break;
		case FRAMING_BAD:
			doom(s, STREAM_BAD);
			break;
		}
	}
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	ssize_t n;

	assert(!s->doomed);
	if ((what & EV_READ) != 0) {
		n = recv(fd, s->server->buffer, sizeof(s->server->buffer), MSG_DONTWAIT);
		if (n > 0)
			take(s, s->server->buffer, (size_t)n);
		else if (n == 0 || !is_busy(errno))
			doom(s, STREAM_GONE);
	}
	if ((what & EV_WRITE) != 0 && !s->doomed)
		flush(s);
	await(s);
}

/* --- Connections. --- */

static void
add_stream(struct stream_server *server, int fd)
{
	struct stream *s = calloc(1, sizeof(*s) + server->rules->owner_size); /* there are many */

	if (s == NULL)
		abort();
	assert(fd >= 0 && server->next_slot < SLOTS);
	s->server = server;
	s->last = &s->first;
	event_assign(&s->event, server->base, fd, EV_READ | EV_PERSIST, on_event, s);
	event_add(&s->event, NULL);
	LIST_INSERT_HEAD(&server->slots[server->next_slot], s, in_slot);
	server->next_slot = (server->next_slot + 1) % SLOTS;
	server->count++;
}

/* Out of descriptors or memory, which passes; the socket's queue waits meanwhile. */
static void
starve(struct stream_server *server, int error)
{
	const struct timeval later = { .tv_usec = ACCEPT_US };

	if (!server->starved)
		log_line(LOG_WARN, "accept failed", "reason", strerror(error), NULL);
	server->starved = true;
	event_del(server->accepting);
	event_add(server->pause, &later);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct stream_server *server = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_MOST; i++) {
		int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn >= 0) {
			server->starved = false;
			add_stream(server, conn);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			starve(server, errno);
			return;
		}
	}
}

static void
on_pause(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_add(((struct stream_server *)arg)->accepting, NULL);
}

/* A stream's turn. One whose reader took nothing for a whole round is given up. */
static void
beat(struct stream *s)
{
	assert(!s->doomed);
	if (s->stuck)
		doom(s, s->began ? STREAM_SLOW : STREAM_BAD);
	s->stuck = s->first != NULL || !s->began;
	if (s->began && !s->doomed && !s->finishing)
		s->server->rules->beat(s->server->arg, s);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct stream_server *server = arg;
	struct stream *s, *next;

	(void)fd;
	(void)what;
	for (s = LIST_FIRST(&server->slots[server->turn]); s != NULL; s = next) {
		next = LIST_NEXT(s, in_slot);
		if (!s->doomed)
			beat(s);
	}
	server->turn = (server->turn + 1) % SLOTS;
}

static int
stream_server_free(struct stream_server *server)
{
	for (int i = 0; i < SLOTS; i++) {
		struct stream *s;

		LIST_FOREACH(s, &server->slots[i], in_slot)
			doom(s, STREAM_GONE);
	}
	on_reap(-1, 0, server);
	event_free(server->accepting);
	event_free(server->pause);
	event_free(server->tick);
	event_free(server->reaper);
	return 0;
}

struct stream_server *
stream_server_new(TALLOC_CTX *ctx, struct event_base *base, int listening,
                  const struct stream_server_rules *rules, void *arg)
{
	const struct timeval slot = { .tv_usec = SLOT_US };
	struct stream_server *server = talloc_zero(ctx, struct stream_server);

	assert(base != NULL && listening >= 0);
	assert(rules->begin != NULL && rules->beat != NULL && rules->over != NULL);
	server->base = base;
	server->rules = rules;
	server->arg = arg;
	evutil_make_socket_nonblocking(listening);
	server->accepting = event_new(base, listening, EV_READ | EV_PERSIST, on_accept, server);
	server->pause = evtimer_new(base, on_pause, server);
	server->tick = event_new(base, -1, EV_PERSIST, on_tick, server);
	server->reaper = event_new(base, -1, 0, on_reap, server);
	event_add(server->accepting, NULL);
	event_add(server->tick, &slot);
	talloc_set_destructor(server, stream_server_free);
	return server;
}

void
stream_server_close(struct stream_server *server, void (*each)(struct stream *s))
{
	assert(each != NULL);
	event_del(server->accepting);
	event_del(server->pause);
	for (int i = 0; i < SLOTS; i++) {
		struct stream *s;

		LIST_FOREACH(s, &server->slots[i], in_slot) {
			if (s->began)
				each(s);
			else
				doom(s, STREAM_BAD);
		}
	}
}

size_t
stream_server_count(const struct stream_server *server)
{
	return server->count;
}

void *
stream_owner(struct stream *s)
{
	return s->owner;
}

struct stream *
stream_of_owner(void *owner)
{
	return (struct stream *)((char *)owner - offsetof(struct stream, owner));
}
