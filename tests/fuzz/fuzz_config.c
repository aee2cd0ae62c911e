/*
 * Any bytes as rowlock.conf: it is read, with every setting there and printable, or refused with a
 * reason that quotes nothing but a name of capitals, digits and underscores.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"

#define WHY_MOST (4096 + 100) /* bytes: a line, and what is said of it */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

/* A file of its own, under a name that stays the same. */
static int
file(void)
{
	static int fd = -1;
	char path[64];

	if (fd < 0) {
		fd = memfd_create("rowlock.conf", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		must(setenv(CONFIG_FILE_KEY, path, 1) == 0);
	}
	return fd;
}

static void
must_be_whole(const struct config *c)
{
#define CONF_INT(field, key, unit, least, most, def, help)                                         \
	must(c->field >= (least) && c->field <= (most));
#define CONF_STR(field, key, def, secret, help) must(strlen(c->field) < WHY_MOST);
#include "base/config.def"
#undef CONF_INT
#undef CONF_STR
}

/* The line's own words are behind its number and what is said of it. */
static void
must_keep_secrets(const char *why)
{
	const char *quoted = strstr(why, "unknown key ");

	must(*why != '\0' && strlen(why) < WHY_MOST);
	if (quoted == NULL)
		return;
	quoted += strlen("unknown key ");
	must(strspn(quoted, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(quoted));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const struct config *c;
	const char *why;
	enum err e;

	must(ftruncate(file(), 0) == 0 && pwrite(file(), data, size, 0) == (ssize_t)size);
	e = config_load(ctx, &c, &why);
	must(e == ERR_OK || e == ERR_VALIDATION_ERROR);
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "we");
	if (e == ERR_OK) {
		must_be_whole(c);
		config_print(c, nowhere);
		(void)config_database(ctx, c);
	} else {
		must_keep_secrets(why);
	}
	talloc_free(ctx);
	return 0;
}
