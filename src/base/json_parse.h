#ifndef ROWLOCK_BASE_JSON_PARSE_H
#define ROWLOCK_BASE_JSON_PARSE_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <talloc.h>

#include "base/err.h"
#include "base/json_check.h"

/*
 * json_check, then a cJSON tree that is freed with ctx. Members are read with json_member.h.
 * Numbers are doubles; 1e999 comes as infinity, to be refused where the number is read, with the
 * member's name.
 *
 * text		len bytes, no end needed
 * out		set on ERR_OK
 * fault	set on VALIDATION_ERROR; where cJSON is of a version that does not read numbers of
 *		more than 63 characters, one of those is a fault (too_long)
 *
 * Errors: VALIDATION_ERROR.
 */
enum err json_parse(TALLOC_CTX *ctx, const char *text, size_t len, cJSON **out,
                    struct json_fault *fault) MUST_CHECK;

#endif
