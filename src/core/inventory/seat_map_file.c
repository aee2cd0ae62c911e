/*
 * Leaves seat maps in files for the web server. Files are written under other names and renamed, so
 * that a reader sees a whole file or none.
 */
#include "core/inventory/seat_map_file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"

#define PATH_ROOM  4096
#define LEFTOVER_S 60 /* no worker renews a map any more that is so old */
#define NAME_ROOM  128
#define FILE_MODE  0640

/* Writes a file; false, and errno says why, when it could not be written as a whole. */
static bool
write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	bool ok;

	assert(text != NULL);
	if (fd < 0)
		return false;
	ok = write(fd, text, len) == (ssize_t)len;
	return close(fd) == 0 && ok;
}

/* The body's name: its entity tag, which begins with the event, without the quotes. */
static void
body_name(char *out, size_t size, const char *etag)
{
	const size_t len = strlen(etag);

	assert(len > 2 && etag[0] == '"' && etag[len - 1] == '"');
	snprintf(out, size, "%.*s.json", (int)len - 2, etag + 1);
}

/* Removes the body of an older map; a request that is about to open it goes to a worker. */
static void
drop_body(const char *dir, const char *etag)
{
	char path[PATH_ROOM], name[NAME_ROOM];

	body_name(name, sizeof(name), etag);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

/* Writes the body, unless it lies there: a name stands for one content. */
static bool
put_body(const char *dir, const char *name, const struct seat_map_file *map)
{
	char path[PATH_ROOM], fresh[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (utimensat(AT_FDCWD, path, NULL, 0) == 0) /* renewed: see seat_map_file_clean */
		return true;
	snprintf(fresh, sizeof(fresh), "%s/.%s.%d", dir, name, (int)gettid());
	return write_file(fresh, map->text, map->len) && rename(fresh, path) == 0;
}

void
seat_map_file_publish(const struct seat_map_file *map)
{
	const char *dir = shared_maps();
	char name[NAME_ROOM], fresh[PATH_ROOM], line[256];
	int n;

	assert(map->text != NULL && map->etag != NULL && map->previous != NULL);
	if (*dir == '\0')
		return;
	body_name(name, sizeof(name), map->etag);
	snprintf(fresh, sizeof(fresh), "%s/.%d.tag.%d", dir, map->event_id, (int)gettid());
	n = snprintf(line, sizeof(line), "%lld %s %s\n",
	             (long long)((clock_now_us() + map->good_us) / 1000), map->etag, name);
	assert(n > 0 && (size_t)n < sizeof(line));
	if (!put_body(dir, name, map) || !write_file(fresh, line, (size_t)n)) {
		log_line(LOG_WARN, "a seat map cannot be published", "folder", dir, "reason",
		         strerror(errno), NULL);
		return;
	}
	if (!shared_publish(map->event_id, map->version, fresh))
		unlink(fresh);
	if (*map->previous != '\0' && strcmp(map->previous, map->etag) != 0)
		drop_body(dir, map->previous);
}

/* Whether a name is one that is made here: [.]<event>.tag…, [.]<event>-….json… */
static bool
is_ours(const char *name)
{
	size_t digits;

	name += *name == '.';
	digits = strspn(name, "0123456789");
	return digits > 0 && (strncmp(name + digits, ".tag", 4) == 0 ||
	                      (name[digits] == '-' && strstr(name, ".json") != NULL));
}

void
seat_map_file_clean(void)
{
	const char *dir = shared_maps();
	time_t before = time(NULL) - LEFTOVER_S;
	struct dirent *entry;
	DIR *d = *dir == '\0' ? NULL : opendir(dir);

	while (d != NULL && (entry = readdir(d)) != NULL) {
		struct stat st;

		if (is_ours(entry->d_name) &&
		    fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime < before)
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d != NULL)
		closedir(d);
}
