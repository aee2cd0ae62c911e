/*
 * Streams of the API: their URLs, who may follow what, and what is sent. One thread serves all of
 * them from an event loop; the tickets of streams are redeemed by a thread that reads, many at
 * once.
 */

#include "api/stream/stream.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/request/face.h"
#include "api/request/principal.h"
#include "api/stream/sse.h"
#include "api/stream/stream_url.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "live/batch_reader.h"
#include "live/stream_ticket.h"
#include "http/stream_chunk.h"
#include "http/stream_server.h"

#define TICKETS_MOST 1000           /* redeemed together */
#define PATIENCE_US  (5 * US_PER_S) /* with a ticket that cannot be redeemed */

/* A stream, in the bytes that its connection has for its owner. */
struct sse {
	struct follower follower; /* first: call-backs get it, and mean the stream */
	const struct route *route;
	char *id, *user; /* one malloc'd piece; user NULL: there was no token */
	struct redeeming *redeeming;
	int64_t began_us;
	uint32_t events;
	int status;   /* of the answer; 0: none yet */
	uint8_t role; /* enum role */
	bool is_head;
};

struct stream_app {
	struct app app; /* settings and tokens only */
	struct fanout *fanout;
	struct stream_server *streams;
	struct read_queue *tickets;
	struct stream_chunk *beat;
};

/* A ticket that is being redeemed; outlives the stream that came with it. */
struct redeeming {
	struct sse *by; /* NULL: gone */
};

struct ticket_claim {
	struct stream_ticket ticket; /* first: what the reader sees */
	struct redeeming *redeeming;
};

_Static_assert(offsetof(struct sse, follower) == 0, "a follower is its stream");
_Static_assert(offsetof(struct ticket_claim, ticket) == 0, "a ticket is its claim");

/* --- Answers. --- */

/* The connection of a stream. */
static struct stream *
stream_of(struct sse *s)
{
	return stream_of_owner(s);
}

/*
 * Sends the head of an answer, and the beginning of its body; nothing of the body to a HEAD
 * request.
 */
static void
send_head(struct sse *s, const struct request *rq, const struct response *rs, long length,
          const char *body)
{
	char head[RESPONSE_HEAD];
	struct stream_chunk *c;
	char *text;
	int n = response_head(rq, rs, length, head);

	assert(s->status == 0); /* there is one answer */
	text = talloc_asprintf(rq->ctx, "%.*s%s\r\n%s", n, head,
	                       rs->headers == NULL ? "" : rs->headers, s->is_head ? "" : body);
	c = stream_chunk_new(text, strlen(text));
	stream_send(stream_of(s), c, true);
	stream_chunk_drop(c);
	s->status = rs->status;
	metrics_status(rs->status);
}

/* Answers with an error, and ends the stream. */
static void
send_error(struct api *a, struct sse *s, enum face face, enum err e)
{
	face_error(a, face, e);
	send_head(s, a->rq, a->rs, (long)a->rs->body_len, a->rs->body);
	stream_finish(stream_of(s));
}

/* Answers with an error that is found out later, when the request is gone. */
static void
refuse(struct sse *s, enum err e)
{
	struct request rq = { .ctx = talloc_new(NULL), .id = s->id };
	struct response rs = { 0 };
	struct api a = { .rq = &rq, .rs = &rs };

	assert(s->route != NULL);
	send_error(&a, s, s->route->face, e);
	talloc_free(rq.ctx);
}

/* --- What there is to tell. --- */

/* Whether the owner of a stream may see a booking. */
static enum err
on_admit(struct follower *f, const char *user_id, const char *seller)
{
	const struct sse *s = (struct sse *)f;
	const struct principal who = { .sub = s->user, .role = (enum role)s->role };

	assert(s->user != NULL); /* a URL of bookings is not public */
	return principal_may_see(&who, user_id, seller) ? ERR_OK : ERR_FORBIDDEN;
}

/*
 * What is followed is there: answers with the head of the stream. X-Accel-Buffering keeps nginx
 * from collecting what is sent.
 */
static void
on_open(struct follower *f)
{
	struct sse *s = (struct sse *)f;
	const struct request rq = { .ctx = talloc_new(NULL), .id = s->id };
	struct response rs = { .status = 200, .content_type = "text/event-stream" };

	assert(s->redeeming == NULL);
	response_header(&rq, &rs, "Cache-Control", "no-store");
	response_header(&rq, &rs, "X-Accel-Buffering", "no");
	send_head(s, &rq, &rs, -1, SSE_RETRY);
	talloc_free(rq.ctx);
	metrics_count(METRIC_STREAMS_OPENED, f->kind);
	if (s->is_head)
		stream_finish(stream_of(s));
}

/* What is to be followed cannot be, or not by this user. */
static void
on_refuse(struct follower *f, enum err e)
{
	refuse((struct sse *)f, e);
}

/* The text of a change, made once for all streams of a kind. */
static void *
make_status(enum follow kind, const struct change *c)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text = sse_status(ctx, kind == FOLLOW_OWN ? FACE_QUEUE : FACE_V1, c);
	struct stream_chunk *chunk = stream_chunk_new(text, strlen(text));

	talloc_free(ctx);
	return chunk;
}

/* The text of changed seats, made once for all streams of an event. */
static void *
make_seats(const struct seats_news *news)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text = sse_seats(ctx, news);
	struct stream_chunk *chunk = stream_chunk_new(text, strlen(text));

	talloc_free(ctx);
	return chunk;
}

/* Sends a text that was made; greeting: it belongs to the beginning of a stream. */
static void
on_send(struct follower *f, void *message, bool greeting)
{
	struct sse *s = (struct sse *)f;

	assert(s->status == 200);
	s->events++;
	metrics_count(METRIC_STREAM_EVENTS, f->kind);
	stream_send(stream_of(s), message, greeting);
}

/* There is nothing more to tell: the booking is final. */
static void
on_end(struct follower *f)
{
	stream_finish(stream_of((struct sse *)f));
}

/* A text that was made has been sent to all. */
static void
on_drop(void *message)
{
	stream_chunk_drop(message);
}

static const struct follower_rules follower_rules = { on_admit,   on_open, on_refuse, make_status,
	                                              make_seats, on_send, on_end,    on_drop };

/* --- Beginning. --- */

/*
 * Keeps the texts that are needed as long as the stream lives, in one piece, in place of those that
 * were kept before.
 */
static void
keep_texts(struct sse *s, const char *id, const char *user)
{
	size_t n = strlen(id) + 1, m = user == NULL ? 0 : strlen(user) + 1;
	char *texts = malloc(n + m);

	assert(id != s->id); /* it is freed here */
	if (texts == NULL)
		abort();
	memcpy(texts, id, n);
	if (user != NULL)
		memcpy(texts + n, user, m);
	free(s->id);
	s->id = texts;
	s->user = user == NULL ? NULL : texts + n;
	s->follower.user_id = s->user;
}

/* Begins to redeem the ticket that a stream came with; take_tickets goes on with it. */
static void
redeem(struct stream_app *app, struct sse *s, const char *ticket)
{
	TALLOC_CTX *ctx;
	struct ticket_claim *claim = read_queue_ask(app->tickets, sizeof(*claim), &ctx);

	assert(s->redeeming == NULL);
	claim->redeeming = malloc(sizeof(*claim->redeeming));
	if (claim->redeeming == NULL)
		abort();
	claim->redeeming->by = s;
	claim->ticket.text = talloc_strdup(ctx, ticket);
	s->redeeming = claim->redeeming;
}

/* Finds the URL and the caller; sets *ticket when the ticket has yet to tell the caller. */
static enum err
identify(struct api *a, const struct stream_url **url, const char **ticket)
{
	enum err e = stream_url_find(a, url);

	if (e != ERR_OK || a->route->access == PUBLIC)
		return e;
	if (request_header(a->rq, "HTTP_AUTHORIZATION") == NULL)
		*ticket = request_query(a->rq, "ticket");
	return *ticket == NULL ? principal_authenticate(a) : ERR_OK;
}

/* A request has come: it becomes a stream, or is answered with an error. */
static void
on_begin(void *arg, struct stream *stream, char **env, TALLOC_CTX *ctx)
{
	struct stream_app *app = arg;
	struct sse *s = stream_owner(stream);
	const struct stream_url *url = NULL;
	const char *ticket = NULL;
	struct request rq;
	struct response rs = { 0 };
	struct api a = { .app = &app->app, .rq = &rq, .rs = &rs };
	enum err e;

	request_begin(&rq, ctx, env);
	s->began_us = rq.began_us;
	s->is_head = rq.method == HEAD;
	s->follower.since = -1;
	e = identify(&a, &url, &ticket);
	s->route = a.route;
	keep_texts(s, rq.id, a.who.sub);
	s->role = (uint8_t)a.who.role;
	if (e == ERR_OK)
		e = stream_url_follow(url, &a, &s->follower);
	if (e != ERR_OK)
		send_error(&a, s, s->route == NULL ? face_of(&rq) : s->route->face, e);
	else if (ticket != NULL)
		redeem(app, s, ticket);
	else
		fanout_follow(app->fanout, &s->follower);
}

/*
 * The answer about a stream's ticket will find no stream: it has ended, or will not wait any more.
 */
static void
forget_ticket(struct sse *s)
{
	if (s->redeeming != NULL)
		s->redeeming->by = NULL;
	s->redeeming = NULL;
}

/* Redeems a batch of tickets, in a thread that reads. */
static enum err
answer_tickets(struct db *db, struct read_batch *b)
{
	return stream_ticket_redeem(db, b, (struct stream_ticket **)b->asks, b->n);
}

/*
 * Takes the answers about a batch of tickets, in the thread of the event loop: streams whose ticket
 * is good begin, the others are refused.
 */
static void
take_tickets(void *arg, struct read_batch *b)
{
	struct stream_app *app = arg;

	for (size_t i = 0; i < b->n; i++) {
		const struct ticket_claim *claim = b->asks[i];
		struct sse *s = claim->redeeming->by;
		enum err e = b->err;

		free(claim->redeeming);
		if (s == NULL)
			continue;
		s->redeeming = NULL;
		if (e == ERR_OK && claim->ticket.good) {
			char *old = s->id;

			s->id = NULL;
			keep_texts(s, old, claim->ticket.user_id);
			free(old);
			s->role = (uint8_t)role_parse(claim->ticket.role);
			fanout_follow(app->fanout, &s->follower);
		} else {
			e = e == ERR_OK ? ERR_UNAUTHORIZED : e;
			log_line(LOG_INFO, "ticket refused", "id", s->id, "error", err_name(e),
			         NULL);
			refuse(s, e);
		}
	}
}

/* --- The life of a stream. --- */

/*
 * A stream that still waits for its ticket after a while is refused; the others get a comment, so
 * that no proxy on the way closes them as idle.
 */
static void
on_beat(void *arg, struct stream *stream)
{
	struct stream_app *app = arg;
	struct sse *s = stream_owner(stream);

	if (s->status == 200) {
		stream_send(stream, app->beat, false);
	} else if (s->redeeming != NULL && clock_mono_us() - s->began_us > PATIENCE_US) {
		forget_ticket(s);
		refuse(s, ERR_UNAVAILABLE);
	}
}

/*
 * The connection of a stream is gone: everything that knows the stream forgets it. One line in the
 * log for each.
 */
static void
on_over(void *arg, struct stream *stream, enum stream_end why)
{
	static const char *const ends[] = { "ended", "gone", "slow", "bad" };
	struct sse *s = stream_owner(stream);

	assert(why < sizeof(ends) / sizeof(ends[0]));
	(void)arg;
	fanout_leave(&s->follower);
	forget_ticket(s);
	if (why == STREAM_SLOW)
		metrics_count(METRIC_STREAMS_DROPPED, 0);
	log_line(LOG_INFO, "stream", "id", s->id, "route",
	         s->route == NULL ? "-" : s->route->key.pattern, "status", log_int(s->status), "ms",
	         log_int((clock_mono_us() - s->began_us) / 1000), "events", log_int(s->events),
	         "user", s->user, "end", ends[why], NULL);
	free(s->id);
}

static const struct stream_server_rules stream_server_rules = { on_begin, on_beat, on_over,
	                                                        sizeof(struct sse) };

/*
 * Ends a stream with a complete answer; one that has no answer yet is refused, so that its client
 * tries again.
 */
static void
close_one(struct stream *stream)
{
	struct sse *s = stream_owner(stream);

	if (s->status == 0) {
		fanout_leave(&s->follower);
		forget_ticket(s);
		refuse(s, ERR_UNAVAILABLE);
	}
	stream_finish(stream);
}

void
stream_app_close(struct stream_app *app)
{
	stream_server_close(app->streams, close_one);
}

size_t
stream_app_count(const struct stream_app *app)
{
	return stream_server_count(app->streams);
}

bool
stream_app_is_busy(const struct stream_app *app)
{
	return fanout_is_busy(app->fanout) || read_queue_is_busy(app->tickets);
}

static int
stream_app_free(struct stream_app *app)
{
	stream_chunk_drop(app->beat);
	return 0;
}

struct stream_app *
stream_app_new(TALLOC_CTX *ctx, struct event_base *base, int listening, const struct config *config,
               const char *database)
{
	struct stream_app *app = talloc_zero(ctx, struct stream_app);

	assert(*config->jwt_secret != '\0');
	app->app.config = config;
	app->app.tokens = (struct token_rules){ config->jwt_secret, config->jwt_issuer,
		                                config->jwt_audience, config->jwt_role_claim };
	app->beat = stream_chunk_new(SSE_BEAT, strlen(SSE_BEAT));
	app->fanout = fanout_new(app, base, database, config->redis_url, &follower_rules);
	app->tickets = read_queue_new(fanout_reader(app->fanout), TICKETS_MOST, answer_tickets,
	                              take_tickets, app);
	app->streams = stream_server_new(app, base, listening, &stream_server_rules, app);
	talloc_set_destructor(app, stream_app_free);
	return app;
}
