/* Reading the body of a request from libfcgi, with bounds on its size and on each wait. */
#include "http/request_body.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ROOM_FIRST 16384 /* for a body of unknown length; doubled as it fills */

/* The announced length of the body; -1 when there is none, -2 when it is no number. */
static long long
announced(const struct request *rq)
{
	const char *text = request_header(rq, "CONTENT_LENGTH");
	char *end;
	long long n;

	if (text == NULL || *text == '\0')
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno != 0 || *end != '\0' || n < 0 ? -2 : n;
}

void
request_body_bound_reads(int fd)
{
	const struct timeval tv = { .tv_sec = REQUEST_BODY_WAIT_S };

	assert(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

enum err
request_body_read(struct request *rq, size_t most)
{
	const FCGX_Request *fcgi = rq->fcgi;
	long long length = announced(rq);
	size_t room = length >= 0 ? (size_t)length : ROOM_FIRST;
	FCGX_Stream *in;

	assert(fcgi != NULL && rq->body == NULL && most < INT_MAX / 2);
	if (length > (long long)most)
		return ERR_PAYLOAD_TOO_LARGE;
	if (length == -2)
		return ERR_VALIDATION_ERROR;
	request_body_bound_reads(fcgi->ipcFd);
	in = fcgi->in;
	rq->body = talloc_size(rq->ctx, room + 1);
	for (;;) {
		int got = FCGX_GetStr(rq->body + rq->body_len, (int)(room - rq->body_len), in);

		rq->body_len += got > 0 ? (size_t)got : 0;
		if (rq->body_len < room || length >= 0)
			break;
		if (room > most) /* of unknown length, and too long by now */
			return ERR_PAYLOAD_TOO_LARGE;
		room *= 2;
		rq->body = talloc_realloc_size(rq->ctx, rq->body, room + 1);
	}
	rq->body[rq->body_len] = '\0';
	if (rq->body_len > most)
		return ERR_PAYLOAD_TOO_LARGE;
	if (FCGX_GetError(in) == EAGAIN || FCGX_GetError(in) == EWOULDBLOCK)
		return ERR_REQUEST_TIMEOUT;
	return length >= 0 && rq->body_len < (size_t)length ? ERR_VALIDATION_ERROR : ERR_OK;
}
