#ifndef ROWLOCK_BASE_CONFIG_H
#define ROWLOCK_BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <talloc.h>

#include "base/err.h"

#define CONFIG_FILE_KEY "ROWLOCK_CONFIG" /* names another file than the default */

/* Every setting of config.def; read-only after config_load. Strings are never NULL. */
struct config {
#define CONF_INT(field, key, unit, least, most, def, help) int64_t field;
#define CONF_STR(field, key, def, secret, help)            const char *field;
#include "base/config.def"
#undef CONF_INT
#undef CONF_STR
};

/*
 * Reads the settings: the environment, then the file, then the default. The file is the one
 * that ROWLOCK_CONFIG names, else SYSCONFDIR/rowlock/rowlock.conf when it exists: KEY=value
 * lines as of systemd.exec(5) EnvironmentFile, # for comments.
 *
 * out	hangs on ctx
 * why	on failure, for people, with the key's name; nothing else of a line that is not
 *	understood, which may hold a secret; hangs on ctx
 *
 * Call once, before threads. Errors: VALIDATION_ERROR for an unknown ROWLOCK_* key, an unknown key
 * or too long a line in the file, a file that cannot be read, a value that is no number or out of
 * range, a JWT_SECRET that is set and shorter than 32 bytes.
 */
enum err config_load(TALLOC_CTX *ctx, const struct config **out, const char **why) MUST_CHECK;

/*
 * The connection string of the workers' role: DATABASE_URL, or made of DATABASE_HOST and what goes
 * with it, on ctx; NULL when neither is set.
 */
const char *config_database(TALLOC_CTX *ctx, const struct config *c);

/* Prints each setting, its value (secrets as ***) and where it came from. */
void config_print(const struct config *c, FILE *out);

#endif
