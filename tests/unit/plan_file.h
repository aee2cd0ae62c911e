#ifndef ROWLOCK_PLAN_FILE_H
#define ROWLOCK_PLAN_FILE_H

/* Seating plans that tests read from files. */

#include <stdio.h>
#include <stdlib.h>
#include <talloc.h>

#define PLAN_FILE_MOST (1 << 20)

/* A file by its path from the top of the source; NULL when it is away. */
static inline char *
plan_file(TALLOC_CTX *parent, const char *path, size_t *len)
{
	const char *top = getenv("ROWLOCK_TEST_SRCDIR");
	FILE *file = fopen(talloc_asprintf(parent, "%s/%s", top == NULL ? "." : top, path), "rb");
	char *text = talloc_size(parent, PLAN_FILE_MOST);

	if (file == NULL)
		return NULL;
	*len = fread(text, 1, PLAN_FILE_MOST, file);
	fclose(file);
	return text;
}

/* A plan from outside, which does not come with the source but may lie near it. */
static inline char *
plan_file_outside(TALLOC_CTX *parent, const char *name, size_t *len)
{
	char *up = talloc_strdup(parent, ".."), *text = NULL;

	for (int i = 0; text == NULL && i < 4; i++, up = talloc_asprintf_append(up, "/.."))
		text = plan_file(parent, talloc_asprintf(parent, "%s/shared/plans/%s", up, name),
		                 len);
	return text;
}

#endif
