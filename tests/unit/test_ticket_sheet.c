/* Codes, and tickets as pictures: what is drawn is what was asked for. That scanners read it is
 * for tests/api/test_tickets.py. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <png.h>

#include "core/ticket/ticket_sheet.h"

#define REFERENCE "7K3M-9QXA-0123-4567-89AB-CDEF"
#define MODULE_PX 8

/* A sheet of n tickets; each has another reference. */
static struct ticket_sheet
make_sheet(TALLOC_CTX *ctx, size_t n)
{
	struct ticket_sheet_place *tickets = talloc_zero_array(ctx, struct ticket_sheet_place,
	                                                       (unsigned)n);
	struct ticket_sheet s = { "Evening concert", "Town hall", "Thursday, 1 May 2031, 21:30",
		                  tickets,           n,           n };

	for (size_t i = 0; i < n; i++) {
		char *reference = talloc_asprintf(ctx, REFERENCE "-%zu", i + 1);

		tickets[i] = (struct ticket_sheet_place){ .reference = reference,
			                                  .section = "Stalls",
			                                  .row = "A",
			                                  .seat = "7",
			                                  .tier = "REGULAR",
			                                  .place = i + 1 };
		qr_make(ctx, reference, &tickets[i].code);
	}
	return s;
}

static void
test_qr_has_its_finders_and_is_as_small_as_it_can_be(void **state)
{
	static const char *const finder[] = { "1111111", "1000001", "1011101", "1011101",
		                              "1011101", "1000001", "1111111" };
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct qr qr;

	(void)state;
	qr_make(ctx, REFERENCE "-99", &qr);
	assert_int_equal(qr.width, 25); /* version 2 holds 38 capitals at level M */
	for (int y = 0; y < 7; y++) {
		for (int x = 0; x < 7; x++) {
			const bool dark = finder[y][x] == '1';

			assert_int_equal(qr_dark(&qr, x, y), dark);
			assert_int_equal(qr_dark(&qr, qr.width - 7 + x, y), dark);
			assert_int_equal(qr_dark(&qr, x, qr.width - 7 + y), dark);
		}
	}
	/* Format information, left of the upper right finder: level M is 00, masked with 10. */
	assert_true(qr_dark(&qr, 0, 8));
	assert_false(qr_dark(&qr, 1, 8));
	talloc_free(ctx);
}

static void
test_qr_is_light_all_around(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct qr qr;

	(void)state;
	qr_make(ctx, REFERENCE, &qr);
	for (int i = -1; i <= qr.width; i++) {
		assert_false(qr_dark(&qr, i, -1));
		assert_false(qr_dark(&qr, -1, i));
		assert_false(qr_dark(&qr, i, qr.width));
		assert_false(qr_dark(&qr, qr.width, i));
	}
	talloc_free(ctx);
}

/* Every pixel of the picture, read by libpng, is its module's. */
static void
check_pixels(const struct ticket_sheet *s, const unsigned char *pixels, png_image *image)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct qr *qr = &s->tickets[i].code;
		const int edge = (qr->width + 2 * QR_QUIET) * MODULE_PX;

		assert_int_equal(image->width, edge);
		for (int y = 0; y < edge; y++) {
			for (int x = 0; x < edge; x++) {
				const bool dark = qr_dark(qr, x / MODULE_PX - QR_QUIET,
				                          y / MODULE_PX - QR_QUIET);
				const size_t at = ((size_t)edge * i + (size_t)y) * image->width +
				                  (size_t)x;

				if (pixels[at] != (dark ? 0 : 255))
					fail_msg("code %zu is wrong at %d, %d", i, x, y);
			}
		}
	}
}

static void
check_png(size_t n_tickets)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct ticket_sheet s = make_sheet(ctx, n_tickets);
	png_image image = { .version = PNG_IMAGE_VERSION };
	unsigned char *png, *pixels;
	size_t n;

	assert_int_equal(ticket_sheet_png(ctx, &s, &png, &n), ERR_OK);
	assert_true(png_image_begin_read_from_memory(&image, png, n));
	image.format = PNG_FORMAT_GRAY;
	assert_int_equal(image.height, n_tickets * image.width);
	pixels = talloc_size(ctx, PNG_IMAGE_SIZE(image));
	assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
	check_pixels(&s, pixels, &image);
	talloc_free(ctx);
}

static void
test_png_of_one_code_is_its_modules(void **state)
{
	(void)state;
	check_png(1);
}

static void
test_png_of_several_codes_has_them_one_below_the_other(void **state)
{
	(void)state;
	check_png(3);
	check_png(50);
}

/* How often a text is in another. */
static size_t
times(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		n++;
	return n;
}

static void
test_svg_says_what_is_on_each_ticket(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct ticket_sheet s = make_sheet(ctx, 2);
	char *svg = ticket_sheet_svg(ctx, &s);

	(void)state;
	assert_int_equal(times(svg, ">Evening concert</text>"), 2);
	assert_int_equal(times(svg, ">" REFERENCE "-1</text>"), 1);
	assert_int_equal(times(svg, ">" REFERENCE "-2</text>"), 1);
	assert_int_equal(times(svg, ">Stalls</text>"), 2);
	assert_int_equal(times(svg, "2 of 2</text>"), 1);
	assert_int_equal(times(svg, ">Thursday, 1 May 2031, 21:30</text>"), 2);
	assert_int_equal(times(svg, "shape-rendering=\"crispEdges\""), 2);
	talloc_free(ctx);
}

/* The path's pieces, painted, are the dark modules. */
static void
test_svg_path_paints_the_dark_modules(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct ticket_sheet s = make_sheet(ctx, 1);
	const struct qr *qr = &s.tickets[0].code;
	char *p = strstr(ticket_sheet_svg(ctx, &s), "crispEdges\" d=\"") +
	          strlen("crispEdges\" d=\"");
	unsigned char *painted = talloc_zero_size(ctx, (size_t)(qr->width * qr->width));

	(void)state;
	while (*p == 'M') {
		const long x = strtol(p + 1, &p, 10), y = strtol(p, &p, 10),
			   n = strtol(p + 1, &p, 10);
		char *end = talloc_asprintf(ctx, "v1h-%ldz", n);

		assert_memory_equal(p, end, strlen(end));
		p += strlen(end);
		memset(painted + y * qr->width + x, 1, (size_t)n);
	}
	assert_int_equal(*p, '"');
	for (int y = 0; y < qr->width; y++) {
		for (int x = 0; x < qr->width; x++)
			assert_int_equal(painted[y * qr->width + x], qr_dark(qr, x, y));
	}
	talloc_free(ctx);
}

/* The title as the first ticket shows it, on two lines that are cut where needed. */
static void
check_title(const char *title, const char *first, const char *second)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct ticket_sheet s = make_sheet(ctx, 1);
	char *svg;

	s.title = title;
	svg = ticket_sheet_svg(ctx, &s);
	assert_int_equal(times(svg, talloc_asprintf(ctx, ">%s</text>", first)), 1);
	if (second != NULL)
		assert_int_equal(times(svg, talloc_asprintf(ctx, ">%s</text>", second)), 1);
	talloc_free(ctx);
}

static void
test_svg_marks_up_what_would_be_markup(void **state)
{
	(void)state;
	check_title("\"<b>\" & 'c'", "&quot;&lt;b&gt;&quot; &amp; &#39;c&#39;", NULL);
	check_title("a]]><!--b", "a]]&gt;&lt;!--b", NULL);
	check_title("a\tb\x01"
	            "c\x7f"
	            "d\xef\xbf\xbf"
	            "e\xff",
	            "a b c d e ", NULL);
}

static void
test_svg_breaks_titles_between_words_and_cuts_what_is_too_long(void **state)
{
	(void)state;
	check_title("A Midsummer Night's Dream by William", "A Midsummer Night&#39;s",
	            "Dream by William");
	check_title("Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihung",
	            "Donaudampfschifffahrtsge", "sellschaftskapitänsmütz…");
	check_title("夏の夜の夢夏の夜の夢夏の夜の夢", "夏の夜の夢夏の夜の夢夏の夜の夢", NULL);
	check_title("MMMMMMMM WWWWWWWW MMMMMMMM WWWWWWWW", "MMMMMMMM", "WWWWWWWW MMMMMM…");
	check_title("lillillillillillillillillillillillillillill",
	            "lillillillillillillillillillillillillillill", NULL);
	check_title("1234567 1234567 1234567 1234567 1234567 1234567 1234567 1234567",
	            "1234567 1234567 1234567", "1234567 1234567 1234567 …");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qr_has_its_finders_and_is_as_small_as_it_can_be),
		cmocka_unit_test(test_qr_is_light_all_around),
		cmocka_unit_test(test_png_of_one_code_is_its_modules),
		cmocka_unit_test(test_png_of_several_codes_has_them_one_below_the_other),
		cmocka_unit_test(test_svg_says_what_is_on_each_ticket),
		cmocka_unit_test(test_svg_path_paints_the_dark_modules),
		cmocka_unit_test(test_svg_marks_up_what_would_be_markup),
		cmocka_unit_test(test_svg_breaks_titles_between_words_and_cuts_what_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
