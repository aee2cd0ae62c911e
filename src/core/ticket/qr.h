#ifndef ROWLOCK_CORE_TICKET_QR_H
#define ROWLOCK_CORE_TICKET_QR_H

#include <stdbool.h>
#include <talloc.h>

/* A QR code (ISO/IEC 18004): a square of modules, dark ones and light ones. */
struct qr {
	int width;                  /* modules, without the quiet zone around them */
	const unsigned char *cells; /* row by row; bit 0 set: dark */
};

#define QR_QUIET 4 /* modules of light that must be around it */

/*
 * Makes the code of a text at error correction level M, in the smallest version that holds it;
 * everything on ctx.
 *
 * text	1 to 100 characters of ASCII; capitals, digits and dashes take least room
 */
void qr_make(TALLOC_CTX *ctx, const char *text, struct qr *out);

/* Whether a module is dark; those outside the square, the quiet zone, are light. */
bool qr_dark(const struct qr *qr, int x, int y);

#endif
