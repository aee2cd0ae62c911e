#include "store/enums.h"

#include <assert.h>
#include <string.h>

static const char *const event_names[] = { "draft", "on_sale", "closed", "cancelled" };
static const char *const seat_names[] = { "free", "held", "reserved", "sold", "blocked" };
static const char *const booking_names[] = { "requested", "pending", "paying", "confirmed",
	                                     "cancelled", "expired", "failed", "refunded" };

static const char *const mode_names[] = { "manual", "best_available" };

static int
find(const char *const *names, int n, const char *name)
{
	int i = 0;

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
