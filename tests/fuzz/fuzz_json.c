/* Any bytes as JSON: what json_check takes, cJSON reads, prints, and json_check takes again. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

/* A fault names a reason and a place within the text, or right behind it. */
static void
check_fault(const struct json_fault *fault, size_t size)
{
	must(fault->why != NULL && *fault->why != '\0');
	must(fault->at <= size);
}

/* Whether a run of number characters is longer than what each cJSON reads. */
static bool
has_long_number(const char *text, size_t size)
{
	size_t run = 0;

	for (size_t i = 0; i < size; i++) {
		run = text[i] != '\0' && strchr("0123456789+-.eE", text[i]) != NULL ? run + 1 : 0;
		if (run > 63)
			return true;
	}
	return false;
}

/* Its names are all different, so every member is found under its own name. */
static void
check_tree(const cJSON *item, int depth)
{
	must(depth <= JSON_MAX_DEPTH);
	for (const cJSON *c = item->child; c != NULL; c = c->next) {
		if (cJSON_IsObject(item)) {
			must(cJSON_GetObjectItemCaseSensitive(item, c->string) == c);
			must(cJSON_GetObjectItem(item, c->string) == c);
		}
		check_tree(c, cJSON_IsArray(c) || cJSON_IsObject(c) ? depth + 1 : depth);
	}
}

static void
check_good(TALLOC_CTX *ctx, const char *text, size_t size)
{
	struct json_fault fault = { .at = 0 };
	cJSON *tree, *again;
	char *printed;

	if (json_parse(ctx, text, size, &tree, &fault) != ERR_OK) {
		must(tree == NULL && has_long_number(text, size));
		check_fault(&fault, size);
		return;
	}
	check_tree(tree, cJSON_IsArray(tree) || cJSON_IsObject(tree) ? 1 : 0);
	printed = cJSON_PrintUnformatted(tree);
	must(printed != NULL);
	must(json_check(ctx, printed, strlen(printed), &fault) == ERR_OK);
	must(json_parse(ctx, printed, strlen(printed), &again, &fault) == ERR_OK);
	free(printed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *text = (const char *)data;
	struct json_fault fault = { .at = SIZE_MAX }, second = { .at = SIZE_MAX };
	enum err e = json_check(ctx, text, size, &fault);
	cJSON *tree;

	must(e == ERR_OK || e == ERR_VALIDATION_ERROR);
	must(talloc_total_blocks(ctx) == 1); /* it keeps nothing */
	if (e == ERR_OK) {
		check_good(ctx, text, size);
	} else {
		check_fault(&fault, size);
		must(json_parse(ctx, text, size, &tree, &second) == e);
		must(tree == NULL && second.at == fault.at && second.why == fault.why);
	}
	talloc_free(ctx);
	return 0;
}
