/* The one table of errors, made from err.def. */
#include "base/err.h"

#include <assert.h>

static const struct {
	const char *name;
	const char *text;
	int status[FACE__MAX];
} errors[ERR__MAX] = {
	[ERR_OK] = { "OK", "OK", { 200, 200, 200 } },
#define ERR(name, v1, queue, cinema, text) [ERR_##name] = { #name, text, { v1, queue, cinema } },
#include "base/err.def"
#undef ERR
};

const char *
err_name(enum err e)
{
	assert((unsigned)e < ERR__MAX);
	return errors[e].name;
}

/* Errors from TX_RETRY on stay inside. */
const char *
err_code(enum err e)
{
	return e >= ERR_TX_RETRY ? errors[ERR_UNAVAILABLE].name : err_name(e);
}

const char *
err_text(enum err e)
{
	assert((unsigned)e < ERR__MAX);
	return e >= ERR_TX_RETRY ? errors[ERR_UNAVAILABLE].text : errors[e].text;
}

int
err_status(enum err e, enum face f)
{
	assert((unsigned)e < ERR__MAX && (unsigned)f < FACE__MAX);
	return errors[e].status[f];
}
