#ifndef ROWLOCK_HANDLERS_H
#define ROWLOCK_HANDLERS_H

#include "api/request/api.h"

/*
 * What the routes call: the handlers of every face, in the order of their files. Each decodes a
 * request, calls core, and encodes the answer. It returns ERR_OK with a->rs set, or the error to be
 * answered, with a->message and a->details where the default text does not say enough.
 */

enum err v1_plan_import(struct api *a);
enum err v1_plan_list(struct api *a);
enum err v1_plan_get(struct api *a);

enum err v1_event_create(struct api *a);
enum err v1_event_list(struct api *a);
enum err v1_event_get(struct api *a);
enum err v1_event_change(struct api *a);
enum err v1_event_cancel(struct api *a);
enum err v1_event_seats(struct api *a);

enum err v1_booking_create(struct api *a);
enum err v1_booking_list_own(struct api *a);
enum err v1_booking_list_user(struct api *a);
enum err v1_booking_get(struct api *a);
enum err v1_booking_cancel(struct api *a);
enum err v1_booking_cancel_unpaid(struct api *a);
enum err v1_booking_extend(struct api *a);
enum err v1_booking_history(struct api *a);

enum err v1_payment_initiate(struct api *a);
enum err v1_payment_webhook(struct api *a);
enum err v1_payment_refund(struct api *a);
enum err v1_payment_status(struct api *a);

enum err v1_hold_create(struct api *a);
enum err v1_hold_release(struct api *a);

enum err v1_ticket_get(struct api *a);
enum err v1_ticket_svg(struct api *a);
enum err v1_ticket_png(struct api *a);
enum err v1_ticket_check_in(struct api *a);

enum err v1_stream_ticket_create(struct api *a);

enum err v1_health_get(struct api *a);
enum err v1_health_metrics(struct api *a);

enum err queue_booking_create(struct api *a);
enum err queue_booking_list(struct api *a);
enum err queue_booking_get(struct api *a);
enum err queue_booking_cancel(struct api *a);
enum err queue_booking_pay(struct api *a);

#endif
