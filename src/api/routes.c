/* The table of URLs: what each takes, which roles may call it, and what handles it. */

#include "api/routes.h"

#include "api/handlers.h"

/* Who may call what. */
#define BUYERS  (ROLE_BUYER | ROLE_ADMIN | ROLE_SERVICE)
#define SELLERS (ROLE_SELLER | ROLE_ADMIN)
#define USHERS  (ROLE_SELLER | ROLE_ADMIN | ROLE_SERVICE)

/* Every URL, in match order; {x} binds one segment. */
static const struct route routes[] = {
	{ { POST, "/api/v1/plans" },
	  SELLERS | TAKES_KEY,
	  v1_plan_import,
	  FACE_V1,
	  PLAN_BODY_MOST | BODY_RAW },
	{ { GET, "/api/v1/plans" }, SELLERS, v1_plan_list, FACE_V1, 0 },
	{ { GET, "/api/v1/plans/{id}" }, SELLERS, v1_plan_get, FACE_V1, 0 },

	{ { POST, "/api/v1/events" }, SELLERS | TAKES_KEY, v1_event_create, FACE_V1, BODY_MOST },
	{ { GET, "/api/v1/events" }, PUBLIC, v1_event_list, FACE_V1, 0 },
	{ { GET, "/api/v1/events/{id}" }, PUBLIC, v1_event_get, FACE_V1, 0 },
	{ { PATCH, "/api/v1/events/{id}" }, SELLERS, v1_event_change, FACE_V1, BODY_MOST },
	{ { POST, "/api/v1/events/{id}/cancel" },
	  SELLERS,
	  v1_event_cancel,
	  FACE_V1,
	  BODY_MOST | BODY_OPTIONAL },
	{ { GET, "/api/v1/events/{id}/seats" }, PUBLIC, v1_event_seats, FACE_V1, 0 },

	{ { POST, "/api/v1/bookings" }, BUYERS | TAKES_KEY, v1_booking_create, FACE_V1, BODY_MOST },
	{ { POST, "/api/v1/bookings/hold-seats" },
	  BUYERS | TAKES_KEY,
	  v1_hold_create,
	  FACE_V1,
	  BODY_MOST },
	{ { DELETE, "/api/v1/bookings/holds/{id}" }, BUYERS, v1_hold_release, FACE_V1, 0 },
	{ { GET, "/api/v1/bookings/my" }, ANY_ROLE, v1_booking_list_own, FACE_V1, 0 },
	{ { GET, "/api/v1/bookings/user/{id}" }, ANY_ROLE, v1_booking_list_user, FACE_V1, 0 },
	{ { GET, "/api/v1/bookings/{id}" }, ANY_ROLE, v1_booking_get, FACE_V1, 0 },
	{ { DELETE, "/api/v1/bookings/{id}" }, BUYERS, v1_booking_cancel, FACE_V1, 0 },
	{ { PATCH, "/api/v1/bookings/{id}/cancel" }, BUYERS, v1_booking_cancel_unpaid, FACE_V1, 0 },
	{ { POST, "/api/v1/bookings/{id}/extend" },
	  BUYERS | TAKES_KEY,
	  v1_booking_extend,
	  FACE_V1,
	  BODY_MOST },
	{ { GET, "/api/v1/bookings/{id}/history" }, ANY_ROLE, v1_booking_history, FACE_V1, 0 },
	{ { GET, "/api/v1/bookings/{id}/ticket" }, ANY_ROLE, v1_ticket_get, FACE_V1, 0 },
	{ { GET, "/api/v1/bookings/{id}/ticket.json" }, ANY_ROLE, v1_ticket_get, FACE_V1, 0 },
	{ { GET, "/api/v1/bookings/{id}/ticket.svg" }, ANY_ROLE, v1_ticket_svg, FACE_V1, 0 },
	{ { GET, "/api/v1/bookings/{id}/ticket.png" }, ANY_ROLE, v1_ticket_png, FACE_V1, 0 },
	{ { POST, "/api/v1/tickets/{ref}/check-in" }, USHERS, v1_ticket_check_in, FACE_V1, 0 },

	{ { POST, "/api/v1/payments/initiate" },
	  BUYERS | TAKES_KEY,
	  v1_payment_initiate,
	  FACE_V1,
	  BODY_MOST },
	{ { POST, "/api/v1/payments/webhook" },
	  PUBLIC,
	  v1_payment_webhook,
	  FACE_V1,
	  BODY_MOST | BODY_RAW | BODY_ANY_TYPE },
	{ { POST, "/api/v1/payments/refund/{id}" },
	  BUYERS | TAKES_KEY,
	  v1_payment_refund,
	  FACE_V1,
	  BODY_MOST | BODY_OPTIONAL },
	{ { GET, "/api/v1/payments/status/{id}" }, ANY_ROLE, v1_payment_status, FACE_V1, 0 },

	{ { POST, "/api/booking" },
	  BUYERS | TAKES_KEY,
	  queue_booking_create,
	  FACE_QUEUE,
	  BODY_MOST },
	{ { GET, "/api/booking/my_booking" }, ANY_ROLE, queue_booking_list, FACE_QUEUE, 0 },
	{ { GET, "/api/booking/{id}" }, ANY_ROLE, queue_booking_get, FACE_QUEUE, 0 },
	{ { PATCH, "/api/booking/{id}" }, BUYERS, queue_booking_cancel, FACE_QUEUE, 0 },
	{ { POST, "/api/booking/{id}/pay" }, BUYERS | TAKES_KEY, queue_booking_pay, FACE_QUEUE, 0 },
	{ { POST, "/api/v1/stream-tickets" }, ANY_ROLE, v1_stream_ticket_create, FACE_V1, 0 },

	{ { GET, "/health" }, PUBLIC, v1_health_get, FACE_V1, 0 },
	{ { GET, "/metrics" }, PUBLIC, v1_health_metrics, FACE_V1, 0 },
};

const struct route *
api_routes(size_t *n)
{
	*n = sizeof(routes) / sizeof(routes[0]);
	return routes;
}
