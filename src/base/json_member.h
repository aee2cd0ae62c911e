#ifndef ROWLOCK_BASE_JSON_MEMBER_H
#define ROWLOCK_BASE_JSON_MEMBER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"

/*
 * Reading the typed members of a JSON object: the one way to do it. The tree must come from a
 * text that json_check took; then names are unique, texts are UTF-8, and numbers are doubles.
 *
 * What is wrong goes to one call-back, as a kind and its bounds: the API, the payment gateway's
 * messages and the plans each say it in words of their own, and go on.
 */

/* What is wrong with a member; in brackets what least and most of the fault are. */
enum json_wrong {
	JSON_MISSING,
	JSON_NO_STRING,    /* [bytes, bytes], if it must be a text */
	JSON_TEXT_SHORT,   /* [bytes, bytes] */
	JSON_TEXT_LONG,    /* [bytes, bytes] */
	JSON_TEXT_CONTROL, /* has control characters [bytes, bytes] */
	JSON_NO_UUID,
	JSON_NO_TIME,
	JSON_NO_NUMBER, /* [the numbers it may be, if it must be whole] */
	JSON_NO_WHOLE,  /* a number, but not a whole one of that range [smallest, largest] */
	JSON_NO_BOOL,
	JSON_NO_OBJECT,
	JSON_NO_ARRAY,
	JSON_NOT_KNOWN, /* no member of that name is expected */
	JSON_WRONG__MAX
};

struct json_member_fault {
	enum json_wrong wrong;
	int64_t least, most;
};

/* An object, and how it is read. */
struct json_members {
	const cJSON *object; /* anything but an object has no members */
	bool null_is_absent; /* a member that is null counts as one that is not there */
	/* Called for each fault; name and fault live as long as the call. NULL: not called. */
	void (*fault)(void *arg, const char *name, const struct json_member_fault *fault);
	void *arg;
};

enum need { OPTIONAL, REQUIRED };

/*
 * Each reader below returns whether there is a good member, or the member itself; *out is left
 * alone without one. A fault is reported when the member is REQUIRED and absent, or is not what
 * the reader is for. Texts and trees that are returned belong to the tree.
 */

/* A member of any kind, by its exact name; NULL: absent. json_member_of reports nothing. */
const cJSON *json_member_of(const cJSON *object, const char *name);
const cJSON *json_member(const struct json_members *m, const char *name, enum need need);

/* Any string; NULL: absent, or a fault. */
const char *json_member_string(const struct json_members *m, const char *name, enum need need);

/* A string of least to most bytes without control characters (utf8_is_clean), likewise. */
const char *json_member_text(const struct json_members *m, const char *name, enum need need,
                             size_t least, size_t most);

/* A UUID in its 36 characters, written as a text of 1 to most bytes. */
bool json_member_uuid(const struct json_members *m, const char *name, enum need need, size_t most,
                      struct uuid *out);

/* An instant (RFC 3339) in µs since 1970, written as a text of 1 to most bytes. */
bool json_member_time(const struct json_members *m, const char *name, enum need need, size_t most,
                      int64_t *at_us);

/* Any number, also one that was too large for a double: infinity. */
bool json_member_number(const struct json_members *m, const char *name, enum need need,
                        double *out);

/* A whole number from least to most, both within ± 2^53 or cut to that. */
bool json_member_int(const struct json_members *m, const char *name, enum need need, int64_t least,
                     int64_t most, int64_t *out);

/* Likewise, of 32 bits. */
bool json_member_i32(const struct json_members *m, const char *name, enum need need, int32_t least,
                     int32_t most, int32_t *out);

bool json_member_bool(const struct json_members *m, const char *name, enum need need, bool *out);

/* NULL: absent, or a fault. */
const cJSON *json_member_object(const struct json_members *m, const char *name, enum need need);
const cJSON *json_member_array(const struct json_members *m, const char *name, enum need need);

/* Reports every member whose name is not in the list, which ends in NULL. */
void json_member_known(const struct json_members *m, const char *const *names);

/*
 * Whether a value, of a member or of an element of an array, is a whole number from least to
 * most. Above 2^53 a double skips whole numbers: what was written is not known, and false.
 */
bool json_member_is_whole(const cJSON *value, int64_t least, int64_t most, int64_t *out);

#endif
