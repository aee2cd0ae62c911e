/* The pages of the fake gateway: HTML made whole, with every text escaped. */
#include "fake_gateway/page.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"

static const char style[] =
    "body{margin:0;background:#f3f4f6;color:#16202c;font:1.1rem/1.5 system-ui,sans-serif}"
    "main{max-width:30rem;margin:8vh auto;padding:2rem;background:#fff;border-radius:.6rem;"
    "box-shadow:0 1px 6px #0003}"
    "h1{margin:0 0 1rem;font-size:1.6rem}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1.2rem;margin:1.5rem 0}"
    "dt{color:#4a5563}dd{margin:0;overflow-wrap:anywhere}"
    "button{display:block;width:100%;margin:.6rem 0;padding:.7rem;border:2px solid #16202c;"
    "border-radius:.4rem;background:#fff;color:#16202c;font:inherit;cursor:pointer}"
    "button.pay{border-color:#0b5d33;background:#0b5d33;color:#fff}"
    "button:focus-visible{outline:3px solid #1a56db;outline-offset:2px}"
    ".note{color:#4a5563}";

/* Title, style, title, content. */
static const char frame[] =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n"
    "<h1>%s</h1>\n%s</main>\n</body>\n</html>\n";

/* Facts, instant, its day, its time, minutes left, price. */
static const char pay_form[] =
    "<p class=\"note\">A checkout for trying things out: no money moves.</p>\n"
    "<dl>\n%s<dt>Pay before</dt><dd><time datetime=\"%s\">%.10s %.8s UTC</time>"
    " (%lld min left)</dd>\n</dl>\n<form method=\"post\">\n"
    "<button class=\"pay\" name=\"outcome\" value=\"success\">Pay %s</button>\n"
    "<button name=\"outcome\" value=\"failed\">Decline</button>\n"
    "<button name=\"outcome\" value=\"expired\">Abandon</button>\n</form>\n";

/* What a session that is over says. */
static const struct {
	const char *title, *text;
} ends[OUTCOME__MAX + 1] = {
	[OUTCOME_SUCCESS] = { "Paid", "Thank you. You may close this page." },
	[OUTCOME_FAILED] = { "Declined", "The payment was declined, and nothing was taken." },
	[OUTCOME_EXPIRED] = { "Not paid", "This payment has ended, and nothing was taken." },
	[OUTCOME__MAX] = { "Too late", "The time to pay has passed, and nothing was taken." },
};

/* Text as HTML, also within quotes. */
static char *
escape(TALLOC_CTX *ctx, const char *text)
{
	static const char special[] = "&<>\"'";
	static const char *const spelling[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
	char *out = talloc_strdup(ctx, "");

	for (;;) {
		size_t n = strcspn(text, special);

		out = talloc_strndup_append_buffer(out, text, n);
		if (text[n] == '\0')
			return out;
		out = talloc_strdup_append_buffer(out,
		                                  spelling[strchr(special, text[n]) - special]);
		text += n + 1;
	}
}

/* A page: title is text and is escaped here, content is HTML whose texts are escaped already. */
static char *
whole(TALLOC_CTX *ctx, const char *title, const char *content)
{
	const char *heading = escape(ctx, title);

	return talloc_asprintf(ctx, frame, heading, style, heading, content);
}

/* "150.00 EUR" */
static char *
price(TALLOC_CTX *ctx, const struct ledger_session *s)
{
	char amount[MONEY_TEXT];

	return talloc_asprintf(ctx, "%s %s", money_text(s->amount_minor, s->currency, amount),
	                       s->currency);
}

/* What the session is for, as a list. */
static char *
facts(TALLOC_CTX *ctx, const struct ledger_session *s)
{
	char uuid[UUID_TEXT];

	return talloc_asprintf(ctx, "<dt>Amount</dt><dd>%s</dd>\n<dt>Booking</dt><dd>%s</dd>\n",
	                       escape(ctx, price(ctx, s)), uuid_text(&s->booking_id, uuid));
}

char *
page_pay(TALLOC_CTX *ctx, const struct ledger_session *s)
{
	const int64_t left_us = s->expires_us - clock_now_us();
	const long long left_min = left_us > 0 ? left_us / US_PER_S / 60 : 0;
	const char *amount = price(ctx, s);
	char until[CLOCK_TEXT];

	clock_text(s->expires_us, until);
	return whole(ctx, talloc_asprintf(ctx, "Pay %s", amount),
	             talloc_asprintf(ctx, pay_form, facts(ctx, s), until, until, until + 11,
	                             left_min, escape(ctx, amount)));
}

char *
page_over(TALLOC_CTX *ctx, const struct ledger_session *s)
{
	assert(s->outcome <= OUTCOME__MAX);
	return whole(ctx, ends[s->outcome].title,
	             talloc_asprintf(ctx, "<p>%s</p>\n<dl>\n%s</dl>\n", ends[s->outcome].text,
	                             facts(ctx, s)));
}

char *
page_error(TALLOC_CTX *ctx, const char *text)
{
	return whole(ctx, "This did not work",
	             talloc_asprintf(ctx, "<p>%s.</p>\n", escape(ctx, text)));
}

char *
page_policy(TALLOC_CTX *ctx)
{
	unsigned char md[SHA256_DIGEST_LENGTH];
	char hash[SHA256_DIGEST_LENGTH * 2];

	SHA256((const unsigned char *)style, sizeof(style) - 1, md);
	EVP_EncodeBlock((unsigned char *)hash, md, sizeof(md));
	return talloc_asprintf(ctx,
	                       "default-src 'none'; style-src 'sha256-%s'; form-action 'self';"
	                       " base-uri 'none'; frame-ancestors 'none'",
	                       hash);
}
