/* The settings of the fake payment gateway, checked once when the process begins. */
#include "fake_gateway/gateway.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fake_gateway/page.h"
#include "pay/signature.h"

#define CONNECTIONS  4 /* of the database: buyers and testers are few, the sender is one */
#define WEBHOOK_PATH "/api/v1/payments/webhook"

/*
 * The scheme, host and port of a URL; NULL when it is none of http or https, or names a user, which
 * browsers would show as if it were the host.
 */
static const char *
site_of(TALLOC_CTX *ctx, const char *url)
{
	size_t scheme = strncmp(url, "http://", 7) == 0    ? 7
	                : strncmp(url, "https://", 8) == 0 ? 8
	                                                   : 0;
	size_t host = strcspn(url + scheme, "/?#");

	if (scheme == 0 || host == 0 || memchr(url + scheme, '@', host) != NULL)
		return NULL;
	return talloc_strndup(ctx, url, scheme + host);
}

/* A decimal number from 0 to 1; not what else strtod takes. */
static bool
read_rate(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return strspn(text, "0123456789.") == strlen(text) && end != text && *end == '\0' &&
	       *out >= 0 && *out <= 1;
}

struct gateway *
gateway_new(TALLOC_CTX *ctx, const struct config *config, const char *database, const char **why)
{
	struct gateway *g = talloc_zero(ctx, struct gateway);
	char text[SIGNATURE_TEXT];

	assert(config != NULL && database != NULL && why != NULL);
	*why = NULL;
	g->secrets = config->webhook_secret;
	g->site = site_of(g, config->gateway_url);
	if (signature_make(g->secrets, 0, "", 0, text) == NULL)
		*why = "PAYMENT_WEBHOOK_SECRET is not set";
	else if (g->site == NULL)
		*why = "PAYMENT_GATEWAY_URL must be http:// or https:// and a host";
	else if (*config->webhook_url != '\0' && site_of(g, config->webhook_url) == NULL)
		*why = "PAYMENT_WEBHOOK_URL must be http:// or https:// and a host";
	else if (!read_rate(config->fake_success_rate, &g->success_rate))
		*why = "FAKE_GATEWAY_SUCCESS_RATE must be a decimal number from 0 to 1";
	if (*why != NULL)
		return NULL;
	g->webhook_url = *config->webhook_url != '\0'
	                     ? config->webhook_url
	                     : talloc_asprintf(g, "%s" WEBHOOK_PATH, g->site);
	g->policy = page_policy(g);
	g->pool = pool_new(g, database, CONNECTIONS);
	assert(g->success_rate >= 0 && g->success_rate <= 1);
	return g;
}
