#ifndef ROWLOCK_PAY_HTTP_POST_H
#define ROWLOCK_PAY_HTTP_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/* Signed JSON messages to an HTTP peer: one, or many at once over connections that are kept. */

#define POST_PARALLEL    32
#define POST_ANSWER_MOST (64 * 1024) /* bytes; a peer that says more is not listened to */

struct http_post {
	const char *url;  /* http:// or https://; redirects are not followed, proxies not used */
	const char *body; /* len bytes of JSON */
	size_t len;
	/* Set: */
	int status;          /* HTTP status of the answer; 0: there was none */
	bool cut;            /* no connection was to be had, or it broke */
	const char *trouble; /* why there was no answer, a constant; or NULL */
	char *answer; /* its body, answer_len bytes on the ctx of http_post_all; NULL when empty */
	size_t answer_len;
};

/*
 * Sends n messages, each signed when it is sent, up to POST_PARALLEL at once, and waits until all
 * are answered or given up: 2 s for a connection, 5 s for the whole of one. Safe from any thread.
 *
 * ctx		owns the answers
 * secrets	PAYMENT_WEBHOOK_SECRET; the first signs, and there must be one
 * posts	url and body are set, body not NULL; the rest is set here
 */
void http_post_all(TALLOC_CTX *ctx, const char *secrets, struct http_post *posts, size_t n);

#endif
