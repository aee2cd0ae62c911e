/* The types of the journal as tables, made from journal.def. */
#include "core/journal/journal.h"

#include <assert.h>
#include <string.h>

static const char *const names[JOURNAL__MAX] = {
#define JOURNAL(NAME, name, status, seats, members, domain, also) [JOURNAL_##NAME] = name,
#include "core/journal/journal.def"
#undef JOURNAL
};

/* One more than there are types: the last is for those that are not known. */
static const enum booking_status statuses[JOURNAL__MAX + 1] = {
#define JOURNAL(NAME, name, status, seats, members, domain, also) [JOURNAL_##NAME] = status,
#include "core/journal/journal.def"
#undef JOURNAL
	[JOURNAL__MAX] = BOOKING__MAX,
};

static const enum seat_status seat_statuses[JOURNAL__MAX + 1] = {
#define JOURNAL(NAME, name, status, seats, members, domain, also) [JOURNAL_##NAME] = seats,
#include "core/journal/journal.def"
#undef JOURNAL
	[JOURNAL__MAX] = SEAT__MAX,
};

const char *
journal_type_name(enum journal_type type)
{
	assert(type < JOURNAL__MAX);
	return names[type];
}

enum journal_type
journal_type_parse(const char *name)
{
	int type = 0;

	assert(name != NULL);
	while (type < JOURNAL__MAX && strcmp(names[type], name) != 0)
		type++;
	return (enum journal_type)type;
}

enum booking_status
journal_booking_status(enum journal_type type)
{
	assert(type <= JOURNAL__MAX);
	return statuses[type];
}

enum seat_status
journal_seat_status(enum journal_type type)
{
	assert(type <= JOURNAL__MAX);
	return seat_statuses[type];
}
