/* rowlockctl config: every setting, its value and where that comes from. */

#include "ctl/commands.h"

/* Secrets are printed as ***; what is wrong with the settings was said before. */
int
ctl_config(struct ctl *c)
{
	config_print(c->config, stdout);
	return CTL_OK;
}
