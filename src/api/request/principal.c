/* Who is asking, and whom one may look at. */

#include <string.h>
#include <strings.h>

#include "api/request/api.h"
#include "base/clock.h"
#include "base/log.h"

#define BEARER "Bearer "

bool
api_is_staff(const struct api *a)
{
	return (a->who.role & (ROLE_ADMIN | ROLE_SERVICE)) != 0;
}

bool
api_may_see(const struct principal *who, const char *user_id, const char *seller)
{
	return (who->role & (ROLE_ADMIN | ROLE_SERVICE)) != 0 || strcmp(who->sub, user_id) == 0 ||
	       (who->role == ROLE_SELLER && strcmp(who->sub, seller) == 0);
}

enum err
api_authenticate(struct api *a)
{
	const char *header = request_header(a->rq, "HTTP_AUTHORIZATION"), *why = NULL;
	enum err e = ERR_UNAUTHORIZED;

	if (header == NULL || *header == '\0')
		return a->route->who == PUBLIC ? ERR_OK : ERR_UNAUTHORIZED;
	if (strncasecmp(header, BEARER, strlen(BEARER)) == 0)
		e = token_verify(a->rq->ctx, &a->app->tokens, header + strlen(BEARER),
		                 clock_now_us() / US_PER_S, &a->who, &why);
	if (e != ERR_OK) {
		log_line(LOG_INFO, "token refused", "id", a->rq->id, "reason",
		         why == NULL ? "not a bearer token" : why, NULL);
		a->who.role = ROLE_NONE;
		return e;
	}
	if (a->route->who != PUBLIC && (a->route->who & (int)a->who.role) == 0) {
		if (a->route->face == FACE_QUEUE) /* what others may not call there is for buyers */
			a->message = "Only buyers can perform this action";
		return ERR_FORBIDDEN;
	}
	return ERR_OK;
}
