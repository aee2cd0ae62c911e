#ifndef ROWLOCK_API_REQUEST_PRINCIPAL_H
#define ROWLOCK_API_REQUEST_PRINCIPAL_H

#include "api/request/api.h"

/* The caller of a request, and what that caller may do. */

/*
 * Checks the bearer token (RFC 6750) and the route's access; sets a->who. A token that is sent must
 * be good, also where the route needs none.
 *
 * a	with route set
 *
 * Errors: UNAUTHORIZED (no token, or one that is refused: the reason is logged), FORBIDDEN (the
 * route is not for this role).
 */
enum err principal_authenticate(struct api *a) MUST_CHECK;

/* Whether the caller may act on the bookings of every user: admin and service. */
bool principal_is_staff(const struct api *a);

/* Whether a caller may see a booking of user_id, for an event of seller. */
bool principal_may_see(const struct principal *who, const char *user_id, const char *seller);

/*
 * Chooses for whom a booking is made: the caller, or the user that staff names.
 *
 * named	a user; NULL: none is named
 * user_id both set on ERR_OK; the name is NULL where another user is named, for it is not known
 * user_name
 *
 * Errors: FORBIDDEN (only staff may name another).
 */
enum err principal_choose_user(const struct api *a, const char *named, const char **user_id,
                               const char **user_name) MUST_CHECK;

#endif
