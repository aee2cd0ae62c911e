/*
 * The records of FastCGI: written for an answer, and read byte by byte for a request. A record
 * may come in any number of pieces; only what is needed of it is kept.
 */
#include "http/framing.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* FastCGI Specification 1.0, section 8: types and constants. */
enum {
	BEGIN_REQUEST = 1,
	ABORT_REQUEST,
	END_REQUEST,
	PARAMS,
	STDIN,
	STDOUT,
	STDERR,
	DATA,
	GET_VALUES,
	GET_VALUES_RESULT,
	UNKNOWN_TYPE,
};
enum { VERSION_1 = 1, RESPONDER = 1, BEGIN_SIZE = 8 };
enum { REQUEST_COMPLETE = 0, CANT_MPX_CONN = 1, UNKNOWN_ROLE = 3 };

#define NOTE_MOST   256   /* of GET_VALUES; what is longer is passed over, unanswered */
#define RECORD_MOST 65528 /* bytes of one STDOUT record: whole eights below 64 KiB */
#define ENV_MOST    4096

#define SHORT_RECORD (FRAMING_HEADER + 8) /* one whose content is eight bytes */
_Static_assert(SHORT_RECORD <= sizeof(((struct framing_out *)NULL)->bytes), "is sent from there");
_Static_assert(FRAMING_END == FRAMING_HEADER + SHORT_RECORD, "an empty record and a short one");

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put_header(uint8_t *p, uint8_t type, uint16_t id, size_t n)
{
	const uint8_t header[FRAMING_HEADER] = {
		VERSION_1, type, (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(n >> 8), (uint8_t)n,
		0,         0
	};

	assert(n <= UINT16_MAX);
	memcpy(p, header, sizeof(header));
}

/* --- What is sent. --- */

static void
put_end(uint8_t *p, uint16_t id, uint8_t protocol_status)
{
	put_header(p, END_REQUEST, id, 8);
	memset(p + FRAMING_HEADER, 0, 8);
	p[FRAMING_HEADER + 4] = protocol_status;
}

size_t
framing_size(size_t n)
{
	return n + (n + RECORD_MOST - 1) / RECORD_MOST * FRAMING_HEADER;
}

void
framing_write(uint8_t *out, uint16_t id, const void *data, size_t n)
{
	const uint8_t *from = data;

	assert(id != 0 && (n == 0 || (out != NULL && data != NULL)));
	while (n > 0) {
		size_t part = n < RECORD_MOST ? n : RECORD_MOST;

		put_header(out, STDOUT, id, part);
		memcpy(out + FRAMING_HEADER, from, part);
		out += FRAMING_HEADER + part;
		from += part;
		n -= part;
	}
}

void
framing_end(uint8_t out[FRAMING_END], uint16_t id)
{
	assert(id != 0);
	put_header(out, STDOUT, id, 0);
	put_end(out + FRAMING_HEADER, id, REQUEST_COMPLETE);
}

void
framing_readdress(uint8_t *records, size_t n, uint16_t id)
{
	assert(id != 0);
	for (size_t at = 0; at < n; at += FRAMING_HEADER + (size_t)be16(records + at + 4)) {
		assert(n - at >= FRAMING_HEADER && records[at] == VERSION_1);
		records[at + 2] = (uint8_t)(id >> 8);
		records[at + 3] = (uint8_t)id;
	}
}

/* --- Names and values. --- */

/* A length of one or four bytes; false when it is not all there. */
static bool
take_length(const uint8_t **p, const uint8_t *end, size_t *out)
{
	assert(*p <= end);
	if (*p == end)
		return false;
	if (**p < 0x80) { /* section 3.4: the high bit says which of the two it is */
		*out = *(*p)++;
		return true;
	}
	if (end - *p < 4)
		return false;
	*out = (size_t)((*p)[0] & 0x7f) << 24 | (size_t)(*p)[1] << 16 | (size_t)(*p)[2] << 8 |
	       (*p)[3];
	*p += 4;
	return true;
}

/* A name and its value; false when they are not all there. */
static bool
take_pair(const uint8_t **p, const uint8_t *end, const uint8_t **name, size_t *n_name,
          size_t *n_value)
{
	if (!take_length(p, end, n_name) || !take_length(p, end, n_value) ||
	    *n_name > (size_t)(end - *p) || *n_value > (size_t)(end - *p) - *n_name)
		return false;
	*name = *p;
	*p += *n_name + *n_value;
	return true;
}

char **
framing_env(TALLOC_CTX *ctx, const uint8_t *params, size_t n)
{
	const uint8_t *p = params, *end = n == 0 ? params : params + n, *name;
	char **env = talloc_array(ctx, char *, ENV_MOST + 1);
	size_t n_name, n_value, count = 0;

	assert((params != NULL || n == 0) && n <= FRAMING_PARAMS_MOST);
	while (p < end) {
		if (count == ENV_MOST || !take_pair(&p, end, &name, &n_name, &n_value) ||
		    n_name == 0 || memchr(name, '\0', n_name + n_value) != NULL ||
		    memchr(name, '=', n_name) != NULL)
			return NULL;
		env[count++] = talloc_asprintf(env, "%.*s=%.*s", (int)n_name, (const char *)name,
		                               (int)n_value, (const char *)name + n_name);
	}
	env[count] = NULL;
	return env;
}

/* --- What is read. --- */

/* The variables of GET_VALUES (section 4.1): any number of connections, each for one request. */
static const struct {
	const char *name, *value;
} values[] = {
	{ "FCGI_MAX_CONNS", "65535" },
	{ "FCGI_MAX_REQS", "65535" },
	{ "FCGI_MPXS_CONNS", "0" },
};
#define N_VALUES (sizeof(values) / sizeof(values[0]))

static size_t
put_value(uint8_t *p, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);

	assert(n < 0x80 && m < 0x80); /* lengths of one byte */
	p[0] = (uint8_t)n;
	p[1] = (uint8_t)m;
	memcpy(p + 2, name, n);
	memcpy(p + 2 + n, value, m);
	return 2 + n + m;
}

/* Answers the names of a GET_VALUES that are known; what is not understood is left out. */
static void
answer_values(const struct framing *f, struct framing_out *out)
{
	const uint8_t *p = f->n_note == 0 ? f->head : f->note, *end = p + f->n_note, *name;
	bool asked[N_VALUES] = { false };
	size_t n_name, n_value, n = FRAMING_HEADER;

	while (p < end && take_pair(&p, end, &name, &n_name, &n_value)) {
		for (size_t i = 0; i < N_VALUES; i++)
			asked[i] |= strlen(values[i].name) == n_name &&
			            memcmp(values[i].name, name, n_name) == 0;
	}
	for (size_t i = 0; i < N_VALUES; i++) {
		if (asked[i])
			n += put_value(out->bytes + n, values[i].name, values[i].value);
	}
	assert(n <= sizeof(out->bytes));
	put_header(out->bytes, GET_VALUES_RESULT, 0, n - FRAMING_HEADER);
	out->n = n;
}

static void
answer_end(uint16_t id, uint8_t protocol_status, struct framing_out *out)
{
	put_end(out->bytes, id, protocol_status);
	out->n = SHORT_RECORD;
}

/* The header of a record is complete: says whether the connection can go on. */
static bool
begin_record(struct framing *f)
{
	uint8_t type = f->head[1];

	assert(f->n_head == FRAMING_HEADER && f->n_note == 0);
	f->left = be16(f->head + 4);
	f->padding = f->head[6];
	if (f->head[0] != VERSION_1 || type == 0)
		return false;
	return type != BEGIN_REQUEST || f->left == BEGIN_SIZE;
}

/* Whether a record is one of the request's own. */
static bool
is_ours(const struct framing *f)
{
	return f->id != 0 && be16(f->head + 2) == f->id;
}

/* Keeps a piece of a record's content, if it is needed; false when it is too much. */
static bool
keep(struct framing *f, const uint8_t *data, size_t n)
{
	uint8_t type = f->head[1];

	if (type == PARAMS && is_ours(f) && !f->complete) {
		if (f->n_params + n > FRAMING_PARAMS_MOST)
			return false;
		if (f->n_params + n > f->room) {
			f->room = f->n_params + n < 2048 ? 2048 : FRAMING_PARAMS_MOST;
			if ((f->params = realloc(f->params, f->room)) == NULL)
				abort();
		}
		assert(f->n_params + n <= f->room);
		memcpy(f->params + f->n_params, data, n);
		f->n_params += (uint32_t)n;
	} else if ((type == BEGIN_REQUEST || type == GET_VALUES) && f->n_note + n <= NOTE_MOST) {
		if (f->note == NULL && (f->note = malloc(NOTE_MOST)) == NULL)
			abort();
		memcpy(f->note + f->n_note, data, n);
		f->n_note += (uint16_t)n;
	}
	return true;
}

static enum framing_news
begin_request(struct framing *f, struct framing_out *out)
{
	uint16_t id = be16(f->head + 2);

	assert(f->note != NULL && f->n_note == BEGIN_SIZE); /* else begin_record had refused it */
	if (id == 0)
		return FRAMING_BAD;
	if (f->id != 0) { /* the one under way is not disturbed */
		answer_end(id, CANT_MPX_CONN, out);
		return FRAMING_REPLY;
	}
	if (be16(f->note) != RESPONDER) {
		answer_end(id, UNKNOWN_ROLE, out);
		return FRAMING_REFUSE;
	}
	f->id = id;
	return FRAMING_MORE;
}

/* A record is complete. */
static enum framing_news
end_record(struct framing *f, struct framing_out *out)
{
	uint8_t type = f->head[1];

	assert(f->n_head == FRAMING_HEADER && f->left == 0 && f->padding == 0);
	switch (type) {
	case BEGIN_REQUEST:
		return begin_request(f, out);
	case ABORT_REQUEST:
		return is_ours(f) ? FRAMING_ABORT : FRAMING_MORE;
	case PARAMS:
		if (!is_ours(f) || f->complete || be16(f->head + 4) != 0)
			return FRAMING_MORE;
		f->complete = PARAMS;
		return FRAMING_MORE;
	case STDIN: /* a web server that is still sending may lose an answer that is sent before */
		if (!is_ours(f) || f->complete != PARAMS || be16(f->head + 4) != 0)
			return FRAMING_MORE;
		f->complete = STDIN;
		return FRAMING_REQUEST;
	case DATA:
		return FRAMING_MORE;
	case GET_VALUES:
		if (be16(f->head + 2) != 0 || be16(f->head + 4) > NOTE_MOST)
			return FRAMING_MORE;
		answer_values(f, out);
		return FRAMING_REPLY;
	default:
		if (be16(f->head + 2) != 0)
			return FRAMING_MORE; /* of a request: ignored (section 3.3) */
		put_header(out->bytes, UNKNOWN_TYPE, 0, 8);
		memset(out->bytes + FRAMING_HEADER, 0, 8);
		out->bytes[FRAMING_HEADER] = type;
		out->n = SHORT_RECORD;
		return FRAMING_REPLY;
	}
}

/* Takes some of n bytes; the record is complete when n_head is whole and nothing is left. */
static enum framing_news
take_some(struct framing *f, const uint8_t *data, size_t n, size_t *used)
{
	size_t some;

	assert(n > 0 && f->n_head <= FRAMING_HEADER);
	if (f->n_head < FRAMING_HEADER) {
		some = (size_t)(FRAMING_HEADER - f->n_head);
		*used = n < some ? n : some;
		memcpy(f->head + f->n_head, data, *used);
		f->n_head = (uint8_t)(f->n_head + *used);
		return f->n_head == FRAMING_HEADER && !begin_record(f) ? FRAMING_BAD : FRAMING_MORE;
	}
	some = f->left > 0 ? f->left : f->padding;
	*used = n < some ? n : some;
	if (f->left > 0) {
		f->left = (uint16_t)(f->left - *used);
		return keep(f, data, *used) ? FRAMING_MORE : FRAMING_BAD;
	}
	f->padding = (uint8_t)(f->padding - *used);
	return FRAMING_MORE;
}

static void
drop_note(struct framing *f)
{
	free(f->note);
	f->note = NULL;
	f->n_note = 0;
}

enum framing_news
framing_take(struct framing *f, const uint8_t *data, size_t n, size_t *used,
             struct framing_out *out)
{
	enum framing_news news = FRAMING_MORE;
	size_t some;

	assert(data != NULL || n == 0);
	*used = 0;
	while (news == FRAMING_MORE && *used < n) {
		news = take_some(f, data + *used, n - *used, &some);
		*used += some;
		assert(*used <= n);
		if (news == FRAMING_MORE && f->n_head == FRAMING_HEADER && f->left == 0 &&
		    f->padding == 0) {
			news = end_record(f, out);
			f->n_head = 0;
			drop_note(f);
		}
	}
	return news;
}

void
framing_forget(struct framing *f)
{
	free(f->params);
	f->params = NULL;
	f->n_params = f->room = 0;
	drop_note(f);
}
