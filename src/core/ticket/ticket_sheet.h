#ifndef ROWLOCK_CORE_TICKET_TICKET_SHEET_H
#define ROWLOCK_CORE_TICKET_TICKET_SHEET_H

#include <stddef.h>

#include "base/err.h"
#include "core/ticket/qr.h"

/*
 * Tickets to be looked at, printed and scanned: drawing only, nothing is read here. ticket_svg.c
 * and ticket_png.c draw.
 */

/* A ticket on a sheet; texts of any form in UTF-8. */
struct ticket_sheet_place {
	struct qr code;        /* of the reference */
	const char *reference; /* as it is typed */
	const char *section, *row, *seat, *tier;
	size_t place; /* of its seat in the booking, from 1 */
};

struct ticket_sheet {
	const char *title, *venue, *when; /* of the event; when: for people, at its place */
	const struct ticket_sheet_place *tickets;
	size_t n, of; /* tickets on the sheet, 1 or more, and of the whole booking */
};

/* Draws the tickets as SVG 1.1, one below the other, with their texts. Returns the text, on ctx. */
char *ticket_sheet_svg(TALLOC_CTX *ctx, const struct ticket_sheet *sheet);

/*
 * Draws their codes alone as a PNG of black and white, one below the other, each with its quiet
 * zone.
 *
 * out	set to the *n bytes, on ctx
 *
 * Errors: INTERNAL, which is logged.
 */
enum err ticket_sheet_png(TALLOC_CTX *ctx, const struct ticket_sheet *sheet, unsigned char **out,
                          size_t *n) MUST_CHECK;

#endif
