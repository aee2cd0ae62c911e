/* Tickets as SVG: a card each, with the texts at the left and the code at the right. */
#include "core/ticket/ticket_sheet.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"

/* A ticket, in pixels: texts on the left, a line to tear along, the code on the right. */
#define WIDTH     680
#define HEIGHT    250
#define GAP       20 /* around tickets */
#define TEXT_X    32
#define TEAR_X    444
#define CODE_X    463 /* of the square that the code stands in … */
#define CODE_Y    16
#define CODE_EDGE 198 /* … with its quiet zone */
#define TEXT_ROOM 400 /* from TEXT_X on */
#define TITLE_PX  23
#define VALUE_PX  20
#define LINE_PX   14

static const char head[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" viewBox=\"0 0 %d %zu\""
    " font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" fill=\"#16213a\">\n"
    "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n";

static const char card[] =
    "<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"14\" fill=\"#ffffff\""
    " stroke=\"#c5ccd8\"/>\n"
    "<rect x=\"0.5\" y=\"28\" width=\"6\" height=\"%d\" rx=\"3\" fill=\"#0b6e6e\"/>\n"
    "<path d=\"M%d 16v%d\" stroke=\"#c5ccd8\" stroke-width=\"2\" stroke-dasharray=\"2 7\""
    " stroke-linecap=\"round\"/>\n";

/*
 * How wide a character is at the most, in tenths of the font's size. The reader's program takes one
 * of several fonts, and SVG breaks no lines: so the widest is reckoned with.
 */
static int
width_of(const char *p, size_t n)
{
	assert(n >= 1);
	/* East Asia, pictures; but not dashes and quotes */
	if (n >= 3 && strncmp(p, "\xe2\x80", 2) != 0)
		return 11;
	if (n == 1 && strchr("MWmw@%", *p) != NULL)
		return 11;
	if (n == 1 && strchr("ijlI.,:;'|! ", *p) != NULL)
		return 4;
	return n == 1 && (*p < 'A' || *p > 'Z') ? 7 : 8;
}

/* How many bytes at the front of a text fit into so many pixels at a font size. */
static size_t
fitting(const char *text, int room, int size)
{
	const size_t all = strlen(text);
	size_t at = 0;

	assert(size > 0);
	room = 10 * room / size;
	while (at < all) {
		size_t n = utf8_len((const unsigned char *)text + at, all - at);

		n = n == 0 ? 1 : n;
		if ((room -= width_of(text + at, n)) < 0)
			break;
		at += n;
	}
	return at;
}

/*
 * n bytes of a text as XML may hold them: marked up, and without what it may not hold at all
 * (control characters, U+FFFE and U+FFFF, what is no UTF-8).
 */
static char *
escape(TALLOC_CTX *ctx, const char *text, size_t n)
{
	static const struct {
		char c;
		const char *as;
	} marks[] = { { '&', "&amp;" },
		      { '<', "&lt;" },
		      { '>', "&gt;" },
		      { '"', "&quot;" },
		      { '\'', "&#39;" } };
	char *out = talloc_size(ctx, 6 * n + 1), *to = out;

	for (size_t at = 0, len; at < n; at += len) {
		size_t m = 0;

		len = utf8_len((const unsigned char *)text + at, n - at);
		while (m < sizeof(marks) / sizeof(marks[0]) && marks[m].c != text[at])
			m++;
		if (m < sizeof(marks) / sizeof(marks[0])) {
			to = stpcpy(to, marks[m].as);
		} else if (len == 0 ||
		           (len == 1 && ((unsigned char)text[at] < ' ' || text[at] == 127)) ||
		           (len == 3 && memcmp(text + at, "\xef\xbf", 2) == 0 &&
		            text[at + 2] >= '\xbe')) {
			*to++ = ' ';
			len = len == 0 ? 1 : len;
		} else {
			to = mempcpy(to, text + at, len);
		}
	}
	assert(to <= out + 6 * n);
	*to = '\0';
	return out;
}

/* A text that is cut, with "…" behind it, if it is too wide. */
static char *
cut(TALLOC_CTX *ctx, const char *text, int room, int size)
{
	const size_t fits = fitting(text, room, size);

	assert(room > size); /* there is room for the ellipsis */
	if (text[fits] == '\0')
		return escape(ctx, text, fits);
	return talloc_asprintf(ctx, "%s…", escape(ctx, text, fitting(text, room - size, size)));
}

/* The first line of a text, cut between words if there are any; *rest is what is left of it. */
static char *
first_line(TALLOC_CTX *ctx, const char *text, int room, int size, const char **rest)
{
	size_t n = fitting(text, room, size), word = n;

	while (text[n] != '\0' && word > 0 && text[word] != ' ')
		word--;
	n = word > 0 ? word : n;
	assert(n <= strlen(text));
	*rest = text + n + strspn(text + n, " ");
	return escape(ctx, text, n);
}

/* A line of text; `more` is further attributes. */
static void
write_text(char **svg, int x, int y, int size, const char *more, const char *text)
{
	*svg = talloc_asprintf_append_buffer(
	    *svg, "<text x=\"%d\" y=\"%d\" font-size=\"%d\"%s>%s</text>\n", x, y, size, more, text);
}

/* A place on the ticket: what it is called, and below that what it is. */
static void
write_value(TALLOC_CTX *ctx, char **svg, int x, int room, const char *name, const char *value)
{
	const int size = value[fitting(value, room, VALUE_PX)] == '\0' ? VALUE_PX : LINE_PX;

	write_text(svg, TEXT_X + x, 190, 11, " fill=\"#5b6780\" letter-spacing=\"1\"", name);
	write_text(svg, TEXT_X + x, 216, size, " font-weight=\"bold\"",
	           cut(ctx, value, room, size));
}

/* The code as one path: a rectangle for each run of dark modules in a row. */
static void
write_code(char **svg, const struct qr *qr)
{
	const int modules = qr->width + 2 * QR_QUIET;
	const int whole = CODE_EDGE / modules; /* whole pixels: sharp edges */
	const int scale = whole > 0 ? whole : 1;
	const int inset = (CODE_EDGE - scale * modules) / 2 + scale * QR_QUIET;

	assert(qr->width > 0);
	*svg = talloc_asprintf_append_buffer(
	    *svg,
	    "<path transform=\"translate(%d %d) scale(%d)\" fill=\"#000000\""
	    " shape-rendering=\"crispEdges\" d=\"",
	    CODE_X + inset, CODE_Y + inset, scale);
	for (int y = 0; y < qr->width; y++) {
		for (int x = 0, end; x < qr->width; x = end + 1) {
			for (end = x; qr_dark(qr, end, y); end++)
				;
			if (end > x)
				*svg = talloc_asprintf_append_buffer(*svg, "M%d %dh%dv1h-%dz", x, y,
				                                     end - x, end - x);
		}
	}
	*svg = talloc_strdup_append_buffer(*svg, "\"/>\n");
}

/* One card, at the origin. A title that is too wide goes on in a second line. */
static void
write_ticket(TALLOC_CTX *ctx, char **svg, const struct ticket_sheet *sheet,
             const struct ticket_sheet_place *t)
{
	const char *rest, *title = first_line(ctx, sheet->title, TEXT_ROOM, TITLE_PX, &rest);
	char *tier = cut(ctx, t->tier, TEXT_ROOM / 2, LINE_PX);
	const int below = *rest == '\0' ? 0 : 30;

	assert(t->place >= 1 && t->place <= sheet->of);
	if (sheet->of > 1)
		tier = talloc_asprintf_append(tier, "  ·  %zu of %zu", t->place, sheet->of);
	*svg = talloc_asprintf_append_buffer(*svg, card, WIDTH - 1, HEIGHT - 1, HEIGHT - 56, TEAR_X,
	                                     HEIGHT - 32);
	write_text(svg, TEXT_X, 40, 11,
	           " fill=\"#0b6e6e\" font-weight=\"bold\" letter-spacing=\"1\"", tier);
	write_text(svg, TEXT_X, 72, TITLE_PX, " font-weight=\"bold\"", title);
	if (below > 0)
		write_text(svg, TEXT_X, 72 + below, TITLE_PX, " font-weight=\"bold\"",
		           cut(ctx, rest, TEXT_ROOM, TITLE_PX));
	write_text(svg, TEXT_X, 98 + below, LINE_PX, "",
	           cut(ctx, sheet->venue, TEXT_ROOM, LINE_PX));
	write_text(svg, TEXT_X, 119 + below, LINE_PX, "",
	           cut(ctx, sheet->when, TEXT_ROOM, LINE_PX));
	write_value(ctx, svg, 0, 228, "SECTION", t->section);
	write_value(ctx, svg, 240, 77, "ROW", t->row);
	write_value(ctx, svg, 325, 77, "SEAT", t->seat);
	write_code(svg, &t->code);
	write_text(svg, CODE_X + CODE_EDGE / 2, 234, 11,
	           " font-family=\"'DejaVu Sans Mono', monospace\" text-anchor=\"middle\"",
	           escape(ctx, t->reference, strlen(t->reference)));
}

char *
ticket_sheet_svg(TALLOC_CTX *ctx, const struct ticket_sheet *sheet)
{
	const int width = WIDTH + 2 * GAP;
	const size_t height = GAP + sheet->n * (HEIGHT + GAP);
	TALLOC_CTX *tmp = talloc_new(ctx);
	char *svg = talloc_asprintf(ctx, head, width, height, width, height,
	                            escape(tmp, sheet->title, strlen(sheet->title)));

	assert(sheet->n > 0 && sheet->n <= sheet->of);
	for (size_t i = 0; i < sheet->n; i++) {
		svg = talloc_asprintf_append_buffer(svg, "<g transform=\"translate(%d %zu)\">\n",
		                                    GAP, GAP + i * (HEIGHT + GAP));
		write_ticket(tmp, &svg, sheet, &sheet->tickets[i]);
		svg = talloc_strdup_append_buffer(svg, "</g>\n");
	}
	svg = talloc_strdup_append_buffer(svg, "</svg>\n");
	talloc_free(tmp);
	return svg;
}
