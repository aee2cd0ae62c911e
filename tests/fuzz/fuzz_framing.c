/*
 * Any bytes from a web server: nothing is read that is not there, the news do not depend on how
 * the bytes are cut, and what is answered are whole records.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/framing.h"

#define NEWS_MOST 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

/* What was told, in order. */
struct story {
	enum framing_news news[NEWS_MOST];
	size_t n, params, reply, id; /* no gaps: two are compared byte by byte */
};

/* Replies are records one behind the other, and nothing else. */
static void
check_reply(const struct framing_out *out)
{
	size_t at = 0;

	must(out->n >= FRAMING_HEADER && out->n <= sizeof(out->bytes));
	while (at < out->n) {
		must(out->n - at >= FRAMING_HEADER && out->bytes[at] == 1);
		at += FRAMING_HEADER + ((size_t)out->bytes[at + 4] << 8 | out->bytes[at + 5]) +
		      out->bytes[at + 6];
	}
	must(at == out->n);
}

/* Strings with a name and an equals sign; as many bytes as there were parameters, or fewer. */
static void
check_env(const struct framing *f)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char **env;
	size_t n = 0;

	must(f->n_params <= FRAMING_PARAMS_MOST);
	env = framing_env(ctx, f->params, f->n_params);
	for (char **e = env; e != NULL && *e != NULL; e++) {
		must(strchr(*e, '=') != NULL && **e != '=');
		n += strlen(*e) + 1;
	}
	must(n <= f->n_params);
	talloc_free(ctx);
}

/* Gives it the bytes in pieces of at most `piece`, each in memory of its own size. */
static void
tell(const uint8_t *data, size_t size, size_t piece, struct story *story)
{
	struct framing f = { 0 };
	bool over = false;

	memset(story, 0, sizeof(*story));
	for (size_t at = 0, used; at < size && !over; at += used) {
		size_t n = size - at < piece ? size - at : piece;
		uint8_t *copy = malloc(n);
		struct framing_out out;
		enum framing_news news;

		memcpy(copy, data + at, n);
		news = framing_take(&f, copy, n, &used, &out);
		free(copy);
		must(used > 0 && used <= n && (news != FRAMING_MORE || used == n));
		if (news == FRAMING_REPLY || news == FRAMING_REFUSE) {
			check_reply(&out);
			story->reply += out.n;
		}
		if (news == FRAMING_REQUEST) {
			check_env(&f);
			story->params = f.n_params;
			story->id = f.id;
			must(f.id != 0);
			framing_forget(&f);
		}
		if (news != FRAMING_MORE && story->n < NEWS_MOST)
			story->news[story->n++] = news;
		over = news == FRAMING_BAD || news == FRAMING_REFUSE || news == FRAMING_ABORT;
	}
	framing_forget(&f);
}

/* What we write can be given to another request, and back. */
static void
check_write(const uint8_t *data, size_t size)
{
	size_t n = framing_size(size);
	uint8_t *a = malloc(n + 1), *b = malloc(n + 1);

	framing_write(a, 1, data, size);
	framing_write(b, 513, data, size);
	framing_readdress(a, n, 513);
	must(memcmp(a, b, n) == 0);
	free(a);
	free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct story whole, cut;

	tell(data, size, size, &whole);
	tell(data, size, size > 0 ? 1 + data[0] % 11 : 1, &cut);
	must(memcmp(&whole, &cut, sizeof(whole)) == 0);
	check_write(data, size);
	return 0;
}
