/*
 * What the journal says to those that watch, from its two sources: messages of the relay, which
 * come through Redis and are input, and rows, which are not.
 */
#include "core/journal/change.h"

#include <assert.h>
#include <string.h>

#include "base/json_member.h"
#include "base/json_parse.h"
#include "core/journal/journal.h"

#define TIME_MOST 64 /* bytes */

/* The names of seat states in messages. */
static const char *const seat_names[SEAT__MAX] = { "available", "held", "reserved", "sold",
	                                           "blocked" };

const char *
change_seat_name(enum seat_status s)
{
	assert(s < SEAT__MAX);
	return seat_names[s];
}

/* --- Messages. --- */

static bool
take_cursor(const struct json_members *m, struct cursor *out)
{
	const char *text = json_member_string(m, "cursor", OPTIONAL);

	return text != NULL && cursor_parse(text, out);
}

/* A seat's number. */
static bool
take_no(const cJSON *item, int32_t *out)
{
	int64_t no;

	if (!json_member_is_whole(item, 1, INT32_MAX, &no))
		return false;
	*out = (int32_t)no;
	return true;
}

/* The list of seat numbers; true without one. */
static bool
take_seats(TALLOC_CTX *ctx, const struct json_members *m, struct change *out)
{
	const cJSON *list = json_member(m, "seats", OPTIONAL), *item;

	out->seats = talloc_array(ctx, int32_t, (unsigned)cJSON_GetArraySize(list));
	cJSON_ArrayForEach(item, list) {
		if (!take_no(item, &out->seats[out->n_seats++]))
			return false;
	}
	return true;
}

/* A list as JSON text; NULL when it is none, or empty. */
static char *
copy_list(TALLOC_CTX *ctx, const cJSON *item)
{
	char *text, *copy;

	if (item == NULL || cJSON_GetArraySize(item) == 0)
		return NULL;
	text = cJSON_PrintUnformatted(item);
	copy = talloc_strdup(ctx, text);
	cJSON_free(text);
	return copy;
}

static bool
take_change(TALLOC_CTX *ctx, const cJSON *object, void *arg)
{
	const struct json_members m = { .object = object };
	struct change *out = arg;
	const char *state = json_member_string(&m, "state", OPTIONAL);

	memset(out, 0, sizeof(*out));
	if (!take_cursor(&m, &out->cursor) ||
	    !json_member_i32(&m, "event_id", OPTIONAL, 1, INT32_MAX, &out->event_id) ||
	    !json_member_uuid(&m, "booking_id", OPTIONAL, UUID_TEXT - 1, &out->booking_id) ||
	    state == NULL || !json_member_time(&m, "at", OPTIONAL, TIME_MOST, &out->at_us) ||
	    !take_seats(ctx, &m, out))
		return false;
	out->status = booking_status_parse(state);
	out->positions = copy_list(ctx, json_member_array(&m, "seat_positions", OPTIONAL));
	out->message = talloc_strdup(ctx, json_member_string(&m, "error_message", OPTIONAL));
	return out->status != BOOKING__MAX;
}

/* One [number, "status"]. */
static bool
take_seat(const cJSON *pair, struct seat_state *out)
{
	const cJSON *name = cJSON_GetArrayItem(pair, 1);
	int s = 0;

	if (cJSON_GetArraySize(pair) != 2 || !take_no(cJSON_GetArrayItem(pair, 0), &out->no) ||
	    !cJSON_IsString(name))
		return false;
	while (s < SEAT__MAX && strcmp(seat_names[s], name->valuestring) != 0)
		s++;
	out->status = (enum seat_status)s;
	return s < SEAT__MAX;
}

static bool
take_seats_change(TALLOC_CTX *ctx, const cJSON *object, void *arg)
{
	const struct json_members m = { .object = object };
	struct seats_change *out = arg;
	const cJSON *list = json_member_array(&m, "changes", OPTIONAL), *pair;

	memset(out, 0, sizeof(*out));
	if (!take_cursor(&m, &out->cursor) || list == NULL)
		return false;
	out->seats = talloc_array(ctx, struct seat_state, (unsigned)cJSON_GetArraySize(list));
	cJSON_ArrayForEach(pair, list) {
		if (!take_seat(pair, &out->seats[out->n++]))
			return false;
	}
	return true;
}

/* Reads a message whose members `take` understands; false of it means that they are others. */
static enum err
parse(TALLOC_CTX *ctx, const char *text, size_t n,
      bool (*take)(TALLOC_CTX *ctx, const cJSON *object, void *out), void *out)
{
	TALLOC_CTX *tmp = talloc_new(ctx);
	struct json_fault fault;
	cJSON *tree;
	enum err e;

	assert(text != NULL && out != NULL);
	e = json_parse(tmp, text, n, &tree, &fault);
	if (e == ERR_OK && !take(ctx, tree, out))
		e = ERR_VALIDATION_ERROR;
	talloc_free(tmp);
	return e;
}

enum err
change_parse(TALLOC_CTX *ctx, const char *text, size_t n, struct change *out)
{
	return parse(ctx, text, n, take_change, out);
}

enum err
change_parse_seats(TALLOC_CTX *ctx, const char *text, size_t n, struct seats_change *out)
{
	return parse(ctx, text, n, take_seats_change, out);
}

/* --- Rows. --- */

void
change_read_facts(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, struct change *out)
{
	const char *positions;

	assert(r < rows_count(rows) && c >= 0 && out != NULL);
	positions = row_text(rows, r, c + FACTS_POSITIONS);
	if (positions != NULL && (*positions != '[' || strcmp(positions, "[]") == 0))
		positions = NULL;
	out->positions = positions;
	out->seats = row_ints(ctx, rows, r, c + FACTS_SEATS, &out->n_seats);
	out->message = row_text(rows, r, c + FACTS_MESSAGE);
}

void
change_read(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, struct change *out)
{
	assert(r < rows_count(rows) && c >= 0 && out != NULL);
	memset(out, 0, sizeof(*out));
	out->cursor = (struct cursor){ (uint64_t)row_i64(rows, r, c + CHANGE_XID),
		                       row_i64(rows, r, c + CHANGE_SEQ) };
	out->event_id = row_i32(rows, r, c + CHANGE_EVENT);
	out->status = BOOKING__MAX;
	if (!row_null(rows, r, c + CHANGE_BOOKING)) {
		out->booking_id = row_uuid(rows, r, c + CHANGE_BOOKING);
		out->status = journal_booking_status(
		    journal_type_parse(row_text(rows, r, c + CHANGE_TYPE)));
	}
	out->at_us = row_us(rows, r, c + CHANGE_AT);
	change_read_facts(ctx, rows, r, c + CHANGE_POSITIONS, out);
}

void
change_read_seats(TALLOC_CTX *ctx, const struct rows *rows, int r, int c,
                  const struct change *change, struct seats_change *out)
{
	const enum journal_type type = journal_type_parse(row_text(rows, r, c + CHANGE_TYPE));
	const enum seat_status seat = journal_seat_status(type);

	assert(change->cursor.seq == row_i64(rows, r, c + CHANGE_SEQ));
	*out = (struct seats_change){ .cursor = change->cursor };
	if (seat == SEAT__MAX)
		return;
	out->n = change->n_seats;
	out->seats = talloc_array(ctx, struct seat_state, (unsigned)out->n);
	for (size_t i = 0; i < out->n; i++)
		out->seats[i] = (struct seat_state){ change->seats[i], seat };
}

struct change *
change_copy(TALLOC_CTX *ctx, const struct change *c)
{
	struct change *copy;

	assert(c != NULL && (c->n_seats == 0 || c->seats != NULL));
	copy = talloc_memdup(ctx, c, sizeof(*c));
	copy->positions = talloc_strdup(copy, c->positions);
	copy->message = talloc_strdup(copy, c->message);
	copy->seats = talloc_memdup(copy, c->seats, c->n_seats * sizeof(*c->seats));
	return copy;
}
