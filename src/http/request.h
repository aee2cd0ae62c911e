#ifndef ROWLOCK_HTTP_REQUEST_H
#define ROWLOCK_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "base/json_write.h"

/* One HTTP request as the web server says it, and the head of its answer (RFC 9110, CGI/1.1). */

#define REQUEST_ID_MAX 64
#define REQUEST_PARTS  16 /* segments of a path at the most */

enum method { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, METHOD__MAX };

/* "GET"; of METHOD__MAX, which stands for all others: "other". */
const char *method_name(enum method m);

/* One request, and the answer to it. Everything hangs on ctx, which one thread owns. */
struct request {
	TALLOC_CTX *ctx;
	enum method method;
	const char *target;              /* as sent, for the log */
	const char *part[REQUEST_PARTS]; /* the path's segments, decoded */
	size_t n_parts;
	bool bad_path;     /* not decodable, or the path hides dots or slashes */
	const char *query; /* undecoded, without "?"; "" if none */
	const char *id;    /* X-Request-Id, the caller's if sane */
	char *body;        /* NUL behind it; NULL until read */
	size_t body_len;
	int64_t began_us; /* monotonic */
	char *const *env; /* what the web server says: "NAME=value", up to NULL */
	void *fcgi;       /* libfcgi's, of server.c and request_body.c; else NULL */
};

/* What is sent back. Zero means 200 and no body. */
struct response {
	int status;
	const char *content_type; /* NULL: application/json */
	const char *body;
	size_t body_len;
	char *headers; /* more of them, each line closed by CRLF; or NULL */
};

/*
 * Fills a request in from what the web server says of it: method, target, id.
 *
 * ctx	the request's own: everything of it hangs there
 * env	"NAME=value", up to NULL; used as it is, not copied
 */
void request_begin(struct request *rq, TALLOC_CTX *ctx, char *const *env);

/* A request header by its CGI name ("HTTP_AUTHORIZATION"), or NULL. */
const char *request_header(const struct request *rq, const char *name);

/*
 * Whether the Content-Type of a request is a given one, whatever its parameters (RFC 9110, 8.3).
 *
 * type	a media type in lower case without parameters, such as "application/json"
 *
 * Returns false for a request without a Content-Type.
 */
bool request_is_type(const struct request *rq, const char *type);

/*
 * Splits and decodes a request target; sets part, n_parts, query, bad_path. For a request whose
 * n_parts is 0. A path that is broken or hides something (an escaped slash, dots) is bad.
 */
void request_split(struct request *rq, const char *target);

/* The value of a query parameter, decoded, on ctx; NULL if absent, "" if it has no value. */
const char *request_query(const struct request *rq, const char *name);

#define RESPONSE_HEAD 512

/*
 * Writes the head of an answer, but rs->headers and the empty line; returns its length, below
 * RESPONSE_HEAD.
 *
 * length	of the body; -1: an answer without a Content-Length, whose end is the stream's
 */
int response_head(const struct request *rq, const struct response *rs, long length,
                  char out[RESPONSE_HEAD]);

/* Adds a header, on the request's context. value: without CR and LF, which is asserted. */
void response_header(const struct request *rq, struct response *rs, const char *name,
                     const char *value);

/* Takes a writer's text as body; it is not copied. */
void response_json(struct response *rs, int status, struct jsonw *w);

#endif
