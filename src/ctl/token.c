/* rowlockctl token: makes a token that the workers accept. */

#include <assert.h>
#include <string.h>

#include "auth/token.h"
#include "base/clock.h"
#include "ctl/commands.h"

#define TTL_MOST_S (10LL * 365 * 86400) /* ten years: for a machine that has no other way */

/*
 * For trying the API out, and for services that take a token from their settings: the secret is the
 * workers' own, so what can read it can act as any user.
 */
int
ctl_token(struct ctl *c)
{
	const struct token_rules rules = { c->config->jwt_secret, c->config->jwt_issuer,
		                           c->config->jwt_audience, c->config->jwt_role_claim };
	struct principal who = { .role = ROLE_BUYER };
	const char *role = "buyer", *ttl = "3600";
	const struct ctl_option options[] = {
		{ "sub", &who.sub, NULL },
		{ "role", &role, NULL },
		{ "name", &who.name, NULL },
		{ "ttl", &ttl, NULL },
		{ 0 },
	};
	long long ttl_s;
	char *jwt;

	assert(c->config != NULL);
	if (!ctl_options(c, options) || !ctl_number("--ttl", ttl, 1, TTL_MOST_S, &ttl_s))
		return CTL_USAGE;
	who.role = role_parse(role);
	if (who.sub == NULL || *who.sub == '\0' || strlen(who.sub) > SUB_MAX_BYTES) {
		ctl_fail("--sub: name a user, 1 to 255 bytes");
		return CTL_USAGE;
	}
	if (who.role == ROLE_NONE) {
		ctl_fail("--role: must be buyer, seller, admin or service");
		return CTL_USAGE;
	}
	if (*c->config->jwt_secret == '\0')
		return ctl_fail("JWT_SECRET is not set");
	if (token_make(c->ctx, &rules, &who, clock_now_us() / US_PER_S, ttl_s, &jwt) != ERR_OK)
		return ctl_fail("the token could not be made");
	printf("%s\n", jwt);
	return CTL_OK;
}
