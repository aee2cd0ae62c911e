/* JSON text as a cJSON tree that a talloc context owns. */
#include "base/json_parse.h"

#include <assert.h>
#include <stdbool.h>

/* Ties a cJSON tree to a talloc context. */
struct json_tree {
	cJSON *root;
};

static int
tree_free(struct json_tree *t)
{
	cJSON_Delete(t->root);
	return 0;
}

/* Whether cJSON, which stopped at end, took the whole text. */
static bool
is_all(const char *end, const char *text, size_t len)
{
	const char *last = text + len;

	while (end < last && (*end == ' ' || *end == '\t' || *end == '\n' || *end == '\r'))
		end++;
	return end == last;
}

enum err
json_parse(TALLOC_CTX *ctx, const char *text, size_t len, cJSON **out, struct json_fault *fault)
{
	const char *end = text;
	struct json_tree *t;
	enum err e;

	assert(out != NULL && fault != NULL);
	*out = NULL;
	if ((e = json_check(ctx, text, len, fault)) != ERR_OK)
		return e;
	t = talloc_zero(ctx, struct json_tree);
	talloc_set_destructor(t, tree_free);
	t->root = cJSON_ParseWithLengthOpts(text, len, &end, false);
	/* Of a long number older versions read 63 characters, and may leave the rest unsaid. */
	if (t->root == NULL || !is_all(end, text, len)) {
		fault->why = "a number with too many digits";
		fault->at = (size_t)(end - text);
		fault->too_long = true;
		talloc_free(t);
		return ERR_VALIDATION_ERROR;
	}
	*out = t->root;
	return ERR_OK;
}
