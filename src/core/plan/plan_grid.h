#ifndef ROWLOCK_CORE_PLAN_PLAN_GRID_H
#define ROWLOCK_CORE_PLAN_PLAN_GRID_H

#include "core/plan/plan_reader.h"

/*
 * Fills the plan from a document of the grid form: sections of equal subsections. What is
 * wrong is noted, and the plan is unusable then.
 *
 * document	an object; its "name" has been read
 */
void plan_grid_read(struct plan_reader *r, const cJSON *document);

#endif
