#ifndef ROWLOCK_CORE_PLAN_PLAN_PRETIX_H
#define ROWLOCK_CORE_PLAN_PLAN_PRETIX_H

#include "core/plan/plan_reader.h"

/*
 * Fills the plan from a document of the pretix form: zones of rows of seats. What is
 * wrong is noted, and the plan is unusable then.
 *
 * document	an object; its "name" has been read
 */
void plan_pretix_read(struct plan_reader *r, const cJSON *document);

#endif
