#ifndef ROWLOCK_CORE_JOURNAL_JOURNAL_H
#define ROWLOCK_CORE_JOURNAL_JOURNAL_H

#include "store/enums.h"

/*
 * The types of the journal, JOURNAL_BOOKING_CONFIRMED and so on: a value for each line of
 * journal.def. JOURNAL__MAX stands for a type that is not known here, as a row has that a newer
 * version wrote.
 */
enum journal_type {
#define JOURNAL(NAME, name, status, seats, members, domain, also) JOURNAL_##NAME,
#include "core/journal/journal.def"
#undef JOURNAL
	JOURNAL__MAX
};

/* The name of a type, not JOURNAL__MAX, as it is written into a row; a constant. */
const char *journal_type_name(enum journal_type type);

/* The type with a name, which is not NULL; JOURNAL__MAX for no such name. */
enum journal_type journal_type_parse(const char *name);

/*
 * The state that a row's booking is in from then on. BOOKING__MAX: rows of this type, or
 * of a type that is not known (JOURNAL__MAX), move no booking.
 */
enum booking_status journal_booking_status(enum journal_type type);

/* Likewise the state of the seats in the row's payload; SEAT__MAX: none of them changes. */
enum seat_status journal_seat_status(enum journal_type type);

#endif
