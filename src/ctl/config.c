/* rowlockctl config: every setting, its value and where that comes from. */

#include <assert.h>

#include "ctl/commands.h"

/* Secrets are printed as ***; what is wrong with the settings was said before. */
int
ctl_config(struct ctl *c)
{
	assert(c->config != NULL);
	config_print(c->config, stdout);
	return CTL_OK;
}
