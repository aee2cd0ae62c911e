/* The names of the database's enumerations, and the values of names. */
#include "store/enums.h"

#include <assert.h>
#include <string.h>

static const char *const event_names[EVENT__MAX] = {
	[EVENT_DRAFT] = "draft",
	[EVENT_ON_SALE] = "on_sale",
	[EVENT_CLOSED] = "closed",
	[EVENT_CANCELLED] = "cancelled",
};
static const char *const seat_names[SEAT__MAX] = {
	[SEAT_FREE] = "free", [SEAT_HELD] = "held",       [SEAT_RESERVED] = "reserved",
	[SEAT_SOLD] = "sold", [SEAT_BLOCKED] = "blocked",
};
static const char *const booking_names[BOOKING__MAX] = {
	[BOOKING_REQUESTED] = "requested", [BOOKING_PENDING] = "pending",
	[BOOKING_PAYING] = "paying",       [BOOKING_CONFIRMED] = "confirmed",
	[BOOKING_CANCELLED] = "cancelled", [BOOKING_EXPIRED] = "expired",
	[BOOKING_FAILED] = "failed",       [BOOKING_REFUNDED] = "refunded",
};
static const char *const mode_names[MODE__MAX] = {
	[MODE_MANUAL] = "manual",
	[MODE_BEST] = "best_available",
};
static const char *const payment_names[PAYMENT__MAX] = {
	[PAYMENT_PENDING] = "pending",   [PAYMENT_COMPLETED] = "completed",
	[PAYMENT_FAILED] = "failed",     [PAYMENT_EXPIRED] = "expired",
	[PAYMENT_REFUNDED] = "refunded",
};
static const char *const refund_names[REFUND__MAX] = {
	[REFUND_PENDING] = "pending",
	[REFUND_COMPLETED] = "completed",
	[REFUND_FAILED] = "failed",
};

/* The place of a name in a list, or n. */
static int
find(const char *const *names, int n, const char *name)
{
	int i = 0;

	assert(name != NULL);
	while (i < n && strcmp(names[i], name) != 0)
		i++;
	return i;
}

const char *
event_status_name(enum event_status s)
{
	assert(s < EVENT__MAX);
	return event_names[s];
}

const char *
seat_status_name(enum seat_status s)
{
	assert(s < SEAT__MAX);
	return seat_names[s];
}

const char *
booking_status_name(enum booking_status s)
{
	assert(s < BOOKING__MAX);
	return booking_names[s];
}

const char *
booking_mode_name(enum booking_mode m)
{
	assert(m < MODE__MAX);
	return mode_names[m];
}

const char *
payment_status_name(enum payment_status s)
{
	assert(s < PAYMENT__MAX);
	return payment_names[s];
}

const char *
refund_status_name(enum refund_status s)
{
	assert(s < REFUND__MAX);
	return refund_names[s];
}

enum event_status
event_status_parse(const char *name)
{
	return (enum event_status)find(event_names, EVENT__MAX, name);
}

enum seat_status
seat_status_parse(const char *name)
{
	return (enum seat_status)find(seat_names, SEAT__MAX, name);
}

enum booking_status
booking_status_parse(const char *name)
{
	return (enum booking_status)find(booking_names, BOOKING__MAX, name);
}

enum booking_mode
booking_mode_parse(const char *name)
{
	return (enum booking_mode)find(mode_names, MODE__MAX, name);
}

enum payment_status
payment_status_parse(const char *name)
{
	return (enum payment_status)find(payment_names, PAYMENT__MAX, name);
}

enum refund_status
refund_status_parse(const char *name)
{
	return (enum refund_status)find(refund_names, REFUND__MAX, name);
}
