/*
 * Any bytes as a call-back of the payment gateway: the first line is its signature, the rest its
 * body. The body is then signed for it, so that the reader behind the signature sees it, too.
 */

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "pay/provider.h"
#include "pay/signature.h"

#define SECRET "a secret that nobody knows"
#define NOW    INT64_C(1700000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pay_gateway gateway = { .url = "", .secrets = "old," SECRET };

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

static void
must_be_text(const char *text)
{
	must(text == NULL || (*text != '\0' && strlen(text) <= 255 && utf8_is_clean(text)));
}

/* What was signed rightly is read, or refused with a reason; with one digit changed it is not. */
static void
read_signed(TALLOC_CTX *ctx, const char *body, size_t n)
{
	char signature[SIGNATURE_TEXT], *last;
	struct pay_event event;
	const char *why;
	enum err e;

	must(signature_make(SECRET, NOW + SIGNATURE_GOOD_S, body, n, signature) != NULL);
	e = pay_gateway_http.read(ctx, &gateway, signature, body, n, NOW, &event, &why);
	must(e == ERR_OK || e == ERR_VALIDATION_ERROR);
	must((e == ERR_OK) == (why == NULL));
	if (e == ERR_OK) {
		must(event.has_booking && event.id != NULL && event.type <= PAY_REFUND_FAILED);
		must(event.amount_minor == -1 &&
		     (event.amount_major >= 0 || event.amount_major == -1));
		must_be_text(event.id);
		must_be_text(event.session);
		must_be_text(event.gateway_ref);
		must_be_text(event.currency);
	} else {
		must(*why != '\0' && strlen(why) < 200);
	}
	last = signature + strlen(signature) - 1;
	*last = *last == '0' ? '1' : '0';
	must(pay_gateway_http.read(ctx, &gateway, signature, body, n, NOW, &event, &why) ==
	     ERR_UNAUTHORIZED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *text = (const char *)data, *line = memchr(text, '\n', size);
	size_t n = line == NULL ? size : (size_t)(line - text);
	char *header = talloc_strndup(ctx, text, n);
	struct pay_event event;
	const char *why;

	text += line == NULL ? size : n + 1;
	size -= line == NULL ? size : n + 1;
	if (!signature_check(gateway.secrets, header, text, size, NOW))
		must(pay_gateway_http.read(ctx, &gateway, header, text, size, NOW, &event, &why) ==
		     ERR_UNAUTHORIZED);
	read_signed(ctx, text, size);
	talloc_free(ctx);
	return 0;
}
