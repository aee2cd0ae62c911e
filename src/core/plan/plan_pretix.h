#ifndef ROWLOCK_CORE_PLAN_PLAN_PRETIX_H
#define ROWLOCK_CORE_PLAN_PLAN_PRETIX_H

#include "core/plan/plan_reader.h"

/*
 * The seating-plan form of pretix, of which these members count:
 *
 *	{"name", "categories": [{"name", "price"?, "tier"?, "accessible"?} …], "zones": [{"name",
 *	"position"?, "rows": [{"row_number", "position"?, "seats": [{"seat_number", "seat_guid",
 *	"category", "accessible"?, "position"?: {"x", "y"}} …]} …]} …]}
 *
 * A zone is a section; one without rows is a drawing, and none. A place is relative to that of the
 * row, and that to the zone's. Columns come from the places of a row's seats: from left to right,
 * with an aisle where a gap is wider than usual; without places, from the order in the document.
 */

/*
 * Fills the plan from a document of this form. What is wrong is noted, and the plan is unusable
 * then.
 *
 * r		whose plan has its name, and nothing else
 * document	an object that has "zones"
 */
void plan_pretix_read(struct plan_reader *r, const cJSON *document);

#endif
