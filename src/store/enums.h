#ifndef ROWLOCK_STORE_ENUMS_H
#define ROWLOCK_STORE_ENUMS_H

/* The enumerations of the database, in its order (CREATE TYPE in sql/). */

enum event_status { EVENT_DRAFT, EVENT_ON_SALE, EVENT_CLOSED, EVENT_CANCELLED, EVENT__MAX };

enum seat_status { SEAT_FREE, SEAT_HELD, SEAT_RESERVED, SEAT_SOLD, SEAT_BLOCKED, SEAT__MAX };

enum booking_status {
	BOOKING_REQUESTED,
	BOOKING_PENDING,
	BOOKING_PAYING,
	BOOKING_CONFIRMED,
	BOOKING_CANCELLED,
	BOOKING_EXPIRED,
	BOOKING_FAILED,
	BOOKING_REFUNDED,
	BOOKING__MAX
};

enum booking_mode { MODE_MANUAL, MODE_BEST, MODE__MAX };

enum payment_status {
	PAYMENT_PENDING,
	PAYMENT_COMPLETED,
	PAYMENT_FAILED,
	PAYMENT_EXPIRED,
	PAYMENT_REFUNDED,
	PAYMENT__MAX
};

enum refund_status { REFUND_PENDING, REFUND_COMPLETED, REFUND_FAILED, REFUND__MAX };

/* The database's name of a value; the name is a constant. */
const char *event_status_name(enum event_status s);
const char *seat_status_name(enum seat_status s);
const char *booking_status_name(enum booking_status s);
const char *booking_mode_name(enum booking_mode m);
const char *payment_status_name(enum payment_status s);
const char *refund_status_name(enum refund_status s);

/* The value of a name (not NULL), or the enumeration's __MAX for no such name. */
enum event_status event_status_parse(const char *name);
enum seat_status seat_status_parse(const char *name);
enum booking_status booking_status_parse(const char *name);
enum booking_mode booking_mode_parse(const char *name);
enum payment_status payment_status_parse(const char *name);
enum refund_status refund_status_parse(const char *name);

#endif
