/*
 * The caller of a request: bearer token, roles of a route, whose bookings may be seen
 * (R-50 to R-54).
 */

#include "api/request/principal.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "api/app.h"
#include "base/clock.h"
#include "base/log.h"

#define BEARER "Bearer "

bool
principal_is_staff(const struct api *a)
{
	return (a->who.role & (ROLE_ADMIN | ROLE_SERVICE)) != 0;
}

bool
principal_may_see(const struct principal *who, const char *user_id, const char *seller)
{
	assert(user_id != NULL && seller != NULL);
	return (who->role & (ROLE_ADMIN | ROLE_SERVICE)) != 0 || strcmp(who->sub, user_id) == 0 ||
	       (who->role == ROLE_SELLER && strcmp(who->sub, seller) == 0);
}

enum err
principal_authenticate(struct api *a)
{
	const char *header = request_header(a->rq, "HTTP_AUTHORIZATION"), *why = NULL;
	enum err e = ERR_UNAUTHORIZED;

	assert(a->route != NULL && a->who.role == ROLE_NONE);
	if (header == NULL || *header == '\0')
		return a->route->access == PUBLIC ? ERR_OK : ERR_UNAUTHORIZED;
	if (strncasecmp(header, BEARER, strlen(BEARER)) == 0)
		e = token_verify(a->rq->ctx, &a->app->tokens, header + strlen(BEARER),
		                 clock_now_us() / US_PER_S, &a->who, &why);
	if (e != ERR_OK) {
		log_line(LOG_INFO, "token refused", "id", a->rq->id, "reason",
		         why == NULL ? "not a bearer token" : why, NULL);
		a->who.role = ROLE_NONE;
		return e;
	}
	if (a->route->access != PUBLIC && (a->route->access & (int)a->who.role) == 0) {
		/* In that face, all that is not for every role is for buyers. */
		if (a->route->face == FACE_QUEUE)
			a->message = "Only buyers can perform this action";
		return ERR_FORBIDDEN;
	}
	return ERR_OK;
}

enum err
principal_choose_user(const struct api *a, const char *named, const char **user_id,
                      const char **user_name)
{
	const bool own = named == NULL || strcmp(named, a->who.sub) == 0;

	assert(a->who.sub != NULL);
	if (!own && !principal_is_staff(a))
		return ERR_FORBIDDEN;
	*user_id = own ? a->who.sub : named;
	*user_name = own ? a->who.name : NULL;
	return ERR_OK;
}
