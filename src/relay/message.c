/*
 * Makes the messages of a journal row. Pure, and the same for a row every time: ids come from the
 * row's number, so that a row that is sent twice is known by them.
 */
#include "relay/message.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/json_write.h"
#include "base/money.h"
#include "core/booking/booking_state.h"
#include "core/journal/change.h"
#include "core/journal/journal.h"
#include "core/journal/payload_read.h"
#include "store/enums.h"

#define TOPIC_MOST 249 /* characters of a topic's name in Kafka */

/* Members of an envelope's payload: the column `members` of journal.def. */
enum {
	BOOKING = 1 << 0,
	USER = 1 << 1,
	EVENT = 1 << 2,
	SEATS = 1 << 3,
	TOTAL = 1 << 4,
	EXPIRES = 1 << 5,
	TICKET = 1 << 6,
	CONFIRMED = 1 << 7,
	REASON = 1 << 8,
	TEXT = 1 << 9,
	RELEASED = 1 << 10,
	REFUND = 1 << 11,
	MOVE = BOOKING | USER | EVENT,
	ENDED = BOOKING | USER | REASON | RELEASED,
};

/* The messages of /api/booking: the column `domain`. */
enum domain { NO_DOMAIN, DOMAIN_CREATED, DOMAIN_CANCELLED };

/* The messages of each type, and last those of a type that is not known. */
static const struct message_kind {
	unsigned members;
	enum domain domain;
	enum journal_type also;
} kinds[JOURNAL__MAX + 1] = {
#define JOURNAL(NAME, name, status, seats, members, domain, also)                                  \
	[JOURNAL_##NAME] = { members, domain, also },
#include "core/journal/journal.def"
#undef JOURNAL
	[JOURNAL__MAX] = { MOVE | SEATS | TOTAL | REASON, NO_DOMAIN, JOURNAL__MAX },
};

static void
write_texts(struct jsonw *w, const char *name, const char *const *texts, size_t n)
{
	jsonw_open(w, name, '[');
	for (size_t i = 0; i < n; i++)
		jsonw_str(w, NULL, texts[i]);
	jsonw_close(w, ']');
}

/* --- Redis --- */

static void
finish_redis(struct jsonw *w, struct message_redis *out)
{
	jsonw_close(w, '}');
	out->text = jsonw_text(w);
	out->len = w->used;
}

/* The message of a booking that moved. */
static void
write_booking(TALLOC_CTX *ctx, const struct journal_row *row, enum journal_type type,
              const struct payload *p, struct message_redis *out)
{
	const enum booking_status status = journal_booking_status(type);
	char place[CURSOR_TEXT];
	struct jsonw w;

	assert(status < BOOKING__MAX && row->has_booking && row->user_id != NULL);
	jsonw_init(&w, ctx, 384);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "cursor", cursor_text(&row->at, place));
	jsonw_str(&w, "event_type", "status_update");
	jsonw_uuid(&w, "booking_id", &row->booking_id);
	jsonw_int(&w, "event_id", row->event_id);
	jsonw_str(&w, "state", booking_status_name(status));
	jsonw_str(&w, "status", booking_state_in(FACE_QUEUE, status));
	if (p->n_positions > 0)
		write_texts(&w, "seat_positions", p->positions, p->n_positions);
	if (p->has_seats)
		jsonw_ints(&w, "seats", p->seats, p->n_seats);
	if (p->message != NULL)
		jsonw_str(&w, "error_message", p->message);
	jsonw_time(&w, "at", row->at_us);
	out->channel = talloc_asprintf(ctx, "booking:status:%s:%d", row->user_id,
	                               (int)row->event_id);
	finish_redis(&w, out);
}

/* The message of the row's seats, which is sent for every row: its event's version counts them. */
static void
write_seat_changes(TALLOC_CTX *ctx, const struct journal_row *row, enum journal_type type,
                   const struct payload *p, struct message_redis *out)
{
	const enum seat_status seat = journal_seat_status(type);
	char place[CURSOR_TEXT];
	struct jsonw w;

	jsonw_init(&w, ctx, 192);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "cursor", cursor_text(&row->at, place));
	jsonw_int(&w, "event_id", row->event_id);
	jsonw_open(&w, "changes", '[');
	for (size_t i = 0; seat != SEAT__MAX && i < p->n_seats; i++) {
		jsonw_open(&w, NULL, '[');
		jsonw_int(&w, NULL, p->seats[i]);
		jsonw_str(&w, NULL, change_seat_name(seat));
		jsonw_close(&w, ']');
	}
	jsonw_close(&w, ']');
	out->channel = talloc_asprintf(ctx, "event:seats:%d", (int)row->event_id);
	finish_redis(&w, out);
}

size_t
message_for_redis(TALLOC_CTX *ctx, const struct journal_row *row,
                  struct message_redis out[MESSAGES_REDIS], bool *readable)
{
	const enum journal_type type = journal_type_parse(row->type);
	struct payload p;
	size_t n = 0;

	payload_read(ctx, row->payload, &p);
	*readable = p.readable;
	if (row->has_booking && row->user_id != NULL &&
	    journal_booking_status(type) != BOOKING__MAX)
		write_booking(ctx, row, type, &p, &out[n++]);
	write_seat_changes(ctx, row, type, &p, &out[n++]);
	payload_free(&p);
	assert(n <= MESSAGES_REDIS);
	return n;
}

/* --- Kafka: enveloped messages --- */

/* Seats as the envelope spells them (uuid_of_seat): UUIDs made of event and number. */
static void
write_seat_ids(struct jsonw *w, const char *name, int32_t event_id, const struct payload *p)
{
	if (!p->has_seats)
		return;
	jsonw_open(w, name, '[');
	for (size_t i = 0; i < p->n_seats; i++) {
		const struct uuid seat = uuid_of_seat(event_id, p->seats[i]);

		jsonw_uuid(w, NULL, &seat);
	}
	jsonw_close(w, ']');
}

/* The payload's members, as far as they are known. */
static void
write_members(struct jsonw *w, const struct journal_row *row, unsigned members,
              const struct payload *p)
{
	const struct uuid event = uuid_of_seat(row->event_id, 0);
	char money[MONEY_TEXT];

	if (members & BOOKING && row->has_booking)
		jsonw_uuid(w, "bookingId", &row->booking_id);
	if (members & USER && row->user_id != NULL)
		jsonw_str(w, "userId", row->user_id);
	if (members & EVENT)
		jsonw_uuid(w, "eventId", &event);
	if (members & SEATS)
		write_seat_ids(w, "seatIds", row->event_id, p);
	if (members & TOTAL && p->total_minor >= 0 && p->currency != NULL) {
		jsonw_raw(w, "totalAmount", money_text(p->total_minor, p->currency, money));
		jsonw_str(w, "currency", p->currency);
	}
	if (members & REFUND && p->refund_id != NULL)
		jsonw_str(w, "refundId", p->refund_id);
	if (members & REFUND && p->payment_id != NULL)
		jsonw_str(w, "paymentId", p->payment_id);
	if (members & REFUND && p->amount_minor >= 0 && p->currency != NULL) {
		jsonw_raw(w, "amount", money_text(p->amount_minor, p->currency, money));
		jsonw_str(w, "currency", p->currency);
	}
	if (members & EXPIRES && p->has_expires)
		jsonw_str(w, "expiresAt", p->expires);
	if (members & TICKET && p->ticket != NULL)
		jsonw_str(w, "ticketReference", p->ticket);
	if (members & CONFIRMED)
		jsonw_time(w, "confirmedAt", row->at_us);
	if (members & REASON && p->reason != NULL)
		jsonw_str(w, "reason", p->reason);
	if (members & TEXT && p->message != NULL)
		jsonw_str(w, "message", p->message);
	if (members & RELEASED)
		write_seat_ids(w, "releasedSeatIds", row->event_id, p);
}

/* A type that is not known may have characters that no topic has. */
static const char *
topic_of(TALLOC_CTX *ctx, const char *type)
{
	static const char *const good = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789._-";
	char *topic;

	if (strspn(type, good) == strlen(type) && strlen(type) <= TOPIC_MOST &&
	    strspn(type, ".") < strlen(type))
		return type;
	topic = talloc_asprintf(ctx, "_%.*s", TOPIC_MOST - 1, type);
	for (char *c = topic; *c != '\0'; c++)
		*c = strchr(good, *c) == NULL ? '_' : *c;
	return topic;
}

/* Sets what all messages for Kafka have; index: which of its row's messages it is, from 0. */
static void
finish_kafka(const struct journal_row *row, struct jsonw *w, uint32_t index,
             struct message_kafka *out)
{
	const struct uuid event = uuid_of_seat(row->event_id, 0);

	assert(index < MESSAGES_KAFKA);
	jsonw_close(w, '}');
	out->id = uuid_of_message(row->at.seq, index);
	uuid_text(row->has_booking ? &row->booking_id : &event, out->key);
	out->value = jsonw_text(w);
	out->len = w->used;
}

static void
write_envelope(TALLOC_CTX *ctx, const struct journal_row *row, const char *type, unsigned members,
               const struct payload *p, uint32_t index, struct message_kafka *out)
{
	const struct uuid id = uuid_of_message(row->at.seq, index);
	struct jsonw w;

	jsonw_init(&w, ctx, 640);
	jsonw_open(&w, NULL, '{');
	jsonw_uuid(&w, "eventId", &id);
	jsonw_str(&w, "eventType", type);
	jsonw_time(&w, "timestamp", row->at_us);
	jsonw_str(&w, "version", "1.0");
	jsonw_str(&w, "correlationId", row->correlation_id);
	jsonw_open(&w, "payload", '{');
	write_members(&w, row, members, p);
	jsonw_close(&w, '}');
	out->topic = topic_of(ctx, type);
	finish_kafka(row, &w, index, out);
}

/* --- Kafka: domain events of /api/booking --- */

/* Major units, an integer when they are whole; null when not said. */
static void
write_price(struct jsonw *w, const char *name, int64_t minor, const char *currency)
{
	char text[MONEY_TEXT];

	if (minor < 0 || currency == NULL) {
		jsonw_null(w, name);
		return;
	}
	jsonw_raw(w, name, money_plain(minor, currency, text));
}

/* 0 is not said, and written as null. */
static void
write_known(struct jsonw *w, const char *name, int32_t n)
{
	if (n > 0)
		jsonw_int(w, name, n);
	else
		jsonw_null(w, name);
}

/* What both messages begin with: they are of bookings that came through /api/booking. */
static void
open_domain(struct jsonw *w, TALLOC_CTX *ctx, const struct journal_row *row,
            const struct payload *p)
{
	assert(row->has_booking && p->queued);
	jsonw_init(w, ctx, 640);
	jsonw_open(w, NULL, '{');
	jsonw_uuid(w, "booking_id", &row->booking_id);
	jsonw_digits(w, "buyer_id", row->user_id);
	jsonw_int(w, "event_id", row->event_id);
}

static void
write_created_domain(TALLOC_CTX *ctx, const struct journal_row *row, const struct payload *p,
                     uint32_t index, struct message_kafka *out)
{
	struct jsonw w;

	open_domain(&w, ctx, row, p);
	write_price(&w, "total_price", p->total_minor, p->currency);
	jsonw_str(&w, "section", p->section);
	write_known(&w, "subsection", p->subsection);
	write_known(&w, "quantity", p->quantity);
	jsonw_str(&w, "seat_selection_mode", p->mode);
	write_texts(&w, "seat_positions", p->positions, p->n_positions);
	jsonw_str(&w, "status", booking_state_in(FACE_QUEUE, BOOKING_REQUESTED));
	jsonw_time(&w, "occurred_at", row->at_us);
	jsonw_open(&w, "config", '{');
	write_known(&w, "rows", p->rows);
	write_known(&w, "cols", p->cols);
	write_price(&w, "price", p->price_minor, p->currency);
	jsonw_close(&w, '}');
	out->topic = "BookingCreatedDomainEvent";
	finish_kafka(row, &w, index, out);
}

static void
write_cancelled_domain(TALLOC_CTX *ctx, const struct journal_row *row, const struct payload *p,
                       uint32_t index, struct message_kafka *out)
{
	struct jsonw w;

	open_domain(&w, ctx, row, p);
	jsonw_str(&w, "section", p->section);
	write_known(&w, "subsection", p->subsection);
	write_texts(&w, "seat_positions", p->positions, p->n_positions);
	jsonw_time(&w, "cancelled_at", row->at_us);
	out->topic = "BookingCancelledEvent";
	finish_kafka(row, &w, index, out);
}

/* Writes the message of a booking that came through /api/booking, with its topic and id. */
typedef void write_domain(TALLOC_CTX *ctx, const struct journal_row *row, const struct payload *p,
                          uint32_t index, struct message_kafka *out);

static write_domain *const write_domains[] = {
	[DOMAIN_CREATED] = write_created_domain,
	[DOMAIN_CANCELLED] = write_cancelled_domain,
};

size_t
message_for_kafka(TALLOC_CTX *ctx, const struct journal_row *row,
                  struct message_kafka out[MESSAGES_KAFKA], bool *readable)
{
	const struct message_kind *k = &kinds[journal_type_parse(row->type)];
	struct payload p;
	uint32_t n = 0;

	payload_read(ctx, row->payload, &p);
	*readable = p.readable;
	write_envelope(ctx, row, row->type, k->members, &p, n, &out[n]);
	n++;
	if (k->also != JOURNAL__MAX) {
		write_envelope(ctx, row, journal_type_name(k->also), k->members, &p, n, &out[n]);
		n++;
	}
	if (p.queued && row->has_booking && k->domain != NO_DOMAIN) {
		write_domains[k->domain](ctx, row, &p, n, &out[n]);
		n++;
	}
	payload_free(&p);
	assert(n <= MESSAGES_KAFKA);
	return n;
}
