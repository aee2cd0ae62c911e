#include "base/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define LAYOUT (UINT64_C(0x526f776c6f636b00) + sizeof(struct shared))

static struct shared private_memory;
static struct shared *mapped = &private_memory;

/* Opens or makes the file at its full size; -1 with errno set. */
static int
open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_size != 0 && st.st_size != (off_t)sizeof(struct shared)) {
		close(fd); /* of another version, perhaps mapped by a worker that still drains */
		unlink(path);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
	if (fd >= 0 && ftruncate(fd, sizeof(struct shared)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void
shared_open(const char *path)
{
	void *map = MAP_FAILED;
	int fd;

	if (*path == '\0')
		return;
	fd = open_file(path);
	if (fd >= 0) {
		map = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (map == MAP_FAILED) {
		log_line(LOG_WARN, "no shared memory, figures and seat maps are this process' own", "file",
		         path, "reason", strerror(errno), NULL);
		return;
	}
	mapped = map;
	if (mapped->layout != LAYOUT) {
		memset(mapped, 0, sizeof(*mapped));
		mapped->layout = LAYOUT;
	}
}

struct shared *
shared_get(void)
{
	return mapped;
}

void
shared_event_changed(int32_t event_id)
{
	atomic_fetch_add(&mapped->change[(uint32_t)event_id % SHARED_CHANGES], 1);
}

uint64_t
shared_event_version(int32_t event_id)
{
	return atomic_load(&mapped->change[(uint32_t)event_id % SHARED_CHANGES]);
}
