#ifndef ROWLOCK_API_V1_SEATS_H
#define ROWLOCK_API_V1_SEATS_H

#include "core/inventory/seat_map.h"

/*
 * Renders the seat map of GET /api/v1/events/{id}/seats, for seat_map_cache_new; on ctx.
 *
 * viewer	the user whose held seats are shown as held by the viewer; NULL: none
 */
char *v1_seats_render(TALLOC_CTX *ctx, const struct seat_map *map, const char *viewer);

#endif
