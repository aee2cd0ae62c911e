/* Tickets as a PNG: their codes alone, for wallets and screens. */
#include "core/ticket/ticket_sheet.h"

#include <assert.h>
#include <png.h>
#include <string.h>

#include "base/log.h"

#define MODULE_PX 8 /* the edge of a module: read from paper and from a screen at arm's length */

/* The colours of the picture: red, green and blue of each. */
static const png_byte colours[] = { 255, 255, 255, 0, 0, 0 };

/* Draws a code with its quiet zone, at the left edge of rows of `stride` bytes, a byte a pixel. */
static void
draw(const struct qr *qr, unsigned char *rows, size_t stride)
{
	assert((size_t)(qr->width + 2 * QR_QUIET) * MODULE_PX <= stride);
	for (int y = 0; y < qr->width; y++) {
		unsigned char *row = rows + (size_t)(y + QR_QUIET) * MODULE_PX * stride;

		for (int x = 0; x < qr->width; x++)
			memset(row + (x + QR_QUIET) * MODULE_PX, qr_dark(qr, x, y), MODULE_PX);
		for (size_t i = 1; i < MODULE_PX; i++)
			memcpy(row + i * stride, row, stride);
	}
}

enum err
ticket_sheet_png(TALLOC_CTX *ctx, const struct ticket_sheet *sheet, unsigned char **out, size_t *n)
{
	png_image image = { .version = PNG_IMAGE_VERSION,
		            .format = PNG_FORMAT_RGB_COLORMAP,
		            .colormap_entries = 2 };
	unsigned char *pixels, *at;
	png_alloc_size_t size;

	assert(sheet->n > 0);
	for (size_t i = 0; i < sheet->n; i++) {
		const int modules = sheet->tickets[i].code.width + 2 * QR_QUIET;
		const png_uint_32 edge = (png_uint_32)modules * MODULE_PX;

		image.height += edge;
		image.width = edge > image.width ? edge : image.width;
	}
	at = pixels = talloc_zero_size(ctx, PNG_IMAGE_SIZE(image));
	for (size_t i = 0; i < sheet->n; i++) {
		const struct qr *qr = &sheet->tickets[i].code;

		draw(qr, at, image.width);
		at += (size_t)(qr->width + 2 * QR_QUIET) * MODULE_PX * image.width;
	}
	assert(at == pixels + PNG_IMAGE_SIZE(image));
	size = PNG_IMAGE_PNG_SIZE_MAX(image);
	*out = talloc_size(ctx, size);
	if (!png_image_write_to_memory(&image, *out, &size, 0, pixels, 0, colours)) {
		log_line(LOG_ERROR, "a PNG could not be written", "reason", image.message, NULL);
		return ERR_INTERNAL;
	}
	talloc_free(pixels);
	*n = size;
	return ERR_OK;
}
