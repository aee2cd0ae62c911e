#include "core/journal.h"

#include "base/jsonw.h"

static void
write_ints(struct jsonw *w, const char *name, const int32_t *values, size_t n)
{
	jsonw_open(w, name, '[');
	for (size_t i = 0; i < n; i++)
		jsonw_int(w, NULL, values[i]);
	jsonw_close(w, ']');
}

char *
journal_created(TALLOC_CTX *ctx, const int32_t *seats, const int32_t *prices_minor, size_t n,
                int64_t total_minor, const char *currency, int64_t expires_us)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 256);
	jsonw_open(&w, NULL, '{');
	write_ints(&w, "seats", seats, n);
	write_ints(&w, "prices", prices_minor, n);
	jsonw_int(&w, "total", total_minor);
	jsonw_str(&w, "currency", currency);
	jsonw_time(&w, "expiresAt", expires_us);
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

char *
journal_ended(TALLOC_CTX *ctx, enum booking_status from, const char *reason, const int32_t *seats,
              size_t n)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 128);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "from", booking_status_name(from));
	jsonw_str(&w, "reason", reason);
	write_ints(&w, "seats", seats, n);
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}
