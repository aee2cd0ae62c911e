#ifndef ROWLOCK_API_V1_BOOKINGS_H
#define ROWLOCK_API_V1_BOOKINGS_H

#include "api/request/api.h"

/* What requests for seats have in common in /api/v1, be it to book them or to hold them. */

/* A request for seats, as its answer is rendered of it. */
struct v1_asked {
	struct api *a;
	struct seat_request ask;
};

/*
 * On whose behalf: staff may name a user in "userId", anybody else only himself. Sets
 * user_id and user_name. Errors: FORBIDDEN.
 */
enum err v1_choose_user(struct api *a, struct seat_request *ask) MUST_CHECK;

/* The details of a refusal: the seats that it names. */
void v1_name_refused(struct api *a, const struct seat_request *ask, const struct answer *answer);

#endif
