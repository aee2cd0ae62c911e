#ifndef ROWLOCK_CORE_PLAN_PLAN_GRID_H
#define ROWLOCK_CORE_PLAN_PLAN_GRID_H

#include "core/plan/plan_reader.h"

/*
 * The grid form, for halls whose rows are alike:
 *
 *	{"name", "rows"?, "cols"?, "sections": [{"name", "subsections"?, "rows"?, "cols"?,
 *	"price"?, "tier"?, "accessible"?: ["A-1" …], "aisles"?: [4 …]} …]}
 *
 * Each section stands for so many subsections that are equal. Rows are labelled A, B … Z, AA;
 * seats 1, 2 …; an aisle follows the column that is named. A section without rows or cols has
 * those of the document. Other members are refused.
 */

/*
 * Fills the plan from a document of this form. What is wrong is noted, and the plan is unusable
 * then.
 *
 * r		whose plan has its name, and nothing else
 * document	an object that has "sections"
 */
void plan_grid_read(struct plan_reader *r, const cJSON *document);

#endif
