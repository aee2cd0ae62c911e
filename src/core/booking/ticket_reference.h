#ifndef ROWLOCK_CORE_BOOKING_TICKET_REFERENCE_H
#define ROWLOCK_CORE_BOOKING_TICKET_REFERENCE_H

#include <stdbool.h>

#define TICKET_REFERENCE_TEXT 30 /* six groups of four, and its end */

/*
 * A new ticket reference: 120 random bits as 24 characters of Crockford's base 32, which
 * has no I, L, O or U, in groups of four: "7K3M-9QXA-…". Returns out.
 */
char *ticket_reference_new(char out[TICKET_REFERENCE_TEXT]);

#define TICKET_PLACES 99 /* tickets of a booking at the most */

/*
 * Reads a ticket's reference as people type it: in either case, with dashes and spaces anywhere
 * or nowhere, O for 0, I and L for 1 (Crockford's base 32).
 *
 * out		set to the reference of its booking, in its only spelling
 * place	set to what follows that: 1 to TICKET_PLACES; or 0, nothing does
 *
 * Returns false for anything else. Rule: R-47.
 */
bool ticket_reference_parse(const char *text, char out[TICKET_REFERENCE_TEXT], int *place);

#endif
