#ifndef ROWLOCK_BASE_JSON_PARSE_H
#define ROWLOCK_BASE_JSON_PARSE_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <talloc.h>

#include "base/err.h"
#include "base/json_check.h"

/*
 * json_check, then a cJSON tree that is freed with ctx. Members
 * are read by json_member.h. Numbers are doubles; 1e999 comes as infinity, to
 * be refused by whoever asks for the number, with the field's name. A number of more than
 * 63 characters is a fault where cJSON is of a version that does not read it.
 *
 * Returns ERR_OK or ERR_VALIDATION_ERROR with *fault set.
 */
enum err json_parse(TALLOC_CTX *ctx, const char *text, size_t len, cJSON **out,
                    struct json_fault *fault) MUST_CHECK;

#endif
