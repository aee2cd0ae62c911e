/* QR codes, made by libqrencode. */
#include "core/ticket/qr.h"

#include <assert.h>
#include <qrencode.h>

void
qr_make(TALLOC_CTX *ctx, const char *text, struct qr *out)
{
	QRcode *code;

	assert(text != NULL && *text != '\0');
	code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
	assert(code != NULL); /* a text that fits, or no memory */
	out->width = code->width;
	out->cells = talloc_memdup(ctx, code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
}

bool
qr_dark(const struct qr *qr, int x, int y)
{
	assert(qr->cells != NULL && qr->width > 0);
	return x >= 0 && y >= 0 && x < qr->width && y < qr->width &&
	       (qr->cells[y * qr->width + x] & 1) != 0;
}
