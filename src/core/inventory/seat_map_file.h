#ifndef ROWLOCK_CORE_INVENTORY_SEAT_MAP_FILE_H
#define ROWLOCK_CORE_INVENTORY_SEAT_MAP_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Seat maps left in files, so that the web server can answer with them and no worker need be
 * asked (httpd-conf/seatmap.lua). A map is two files: <event>-<tag>.json, which never
 * changes, and <event>.tag, one line "until etag file" that says which one is good, and until
 * when in milliseconds since 1970. A change of the event takes the tag file away.
 */

/* A map to be published; text and etag as of struct seat_map_page. */
struct seat_map_file {
	int32_t event_id;
	uint64_t version; /* shared_event_version before the map was read */
	int64_t good_us;  /* how long it is good for from now on */
	const char *etag, *text;
	const char *previous; /* the tag of the event's last map, whose body goes away; or "" */
	size_t len;
};

/*
 * Publishes a map if the event has not changed since it was read. A failure is logged and
 * harmless: workers answer then.
 */
void seat_map_file_publish(const struct seat_map_file *map);

/* Removes what earlier workers left behind and none will take back; once, at start. */
void seat_map_file_clean(void);

#endif
