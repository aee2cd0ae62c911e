/* rowlockctl config: every setting, its value and where that comes from. */

#include "ctl/commands.h"

int
ctl_config(struct ctl *c)
{
	config_print(c->config, stdout);
	return CTL_OK;
}
