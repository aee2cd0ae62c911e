/*
 * Memory that the worker processes of a host share, and publishing seat maps, which has to be one
 * step for all of them.
 */
#include "base/shared.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

/* A number for this shape of the memory; other versions have others. */
#define LAYOUT    (UINT64_C(0x526f776c6f636b02) + sizeof(struct shared))
#define PATH_ROOM 4096

static struct shared private_memory;
static struct shared *mapped = &private_memory;
static const char *maps_dir = ""; /* where this process publishes; set before threads */

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

/* Makes the locks; robust, so that a process that dies while it holds one blocks no other. */
static void
make_locks(struct shared *s)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < SHARED_LOCKS; i++)
		pthread_mutex_init(&s->lock[i], &attr);
	pthread_mutexattr_destroy(&attr);
}

/* Fills new memory in, once, though several processes start together. */
static void
initialise(struct shared *s, int fd)
{
	flock(fd, LOCK_EX);
	if (atomic_load(&s->layout) != LAYOUT) {
		memset((void *)s, 0, sizeof(*s));
		make_locks(s);
		atomic_store(&s->layout, LAYOUT);
	}
	flock(fd, LOCK_UN);
}

static void
lock(pthread_mutex_t *mutex)
{
	int e = pthread_mutex_lock(mutex);

	assert(e == 0 || e == EOWNERDEAD);
	if (e == EOWNERDEAD) /* it guards one rename or unlink: nothing is half done */
		pthread_mutex_consistent(mutex);
}

/* The name of an event's tag file. */
static void
tag_path(char out[PATH_ROOM], int32_t event_id)
{
	snprintf(out, PATH_ROOM, "%s/%d.tag", mapped->maps, event_id);
}

/*
 * Takes back what is published in a slot: unlinks the tag file of the event that is noted there.
 * The slot's lock is held. False when it cannot be unlinked: it stays noted, to be tried again.
 */
static bool
take_back(_Atomic int32_t *published)
{
	static atomic_bool said; /* logged once a process */
	int32_t event_id = atomic_load(published);
	char path[PATH_ROOM];

	if (event_id == 0)
		return true;
	tag_path(path, event_id);
	if (unlink(path) == 0 || errno == ENOENT) {
		atomic_store(published, 0);
		return true;
	}
	if (!atomic_exchange(&said, true))
		log_line(LOG_WARN, "a published seat map cannot be taken back", "file", path,
		         "reason", strerror(errno), NULL);
	return false;
}

/* Notes where maps are published from now on, for all processes that map the memory. */
static void
settle_folder(const char *maps)
{
	for (int i = 0; i < SHARED_LOCKS; i++)
		lock(&mapped->lock[i]);
	if (strcmp(mapped->maps, maps) != 0) {
		for (int i = 0; i < SHARED_CHANGES; i++)
			(void)take_back(&mapped->published[i]);
		snprintf(mapped->maps, sizeof(mapped->maps), "%s", maps);
	}
	for (int i = SHARED_LOCKS - 1; i >= 0; i--)
		pthread_mutex_unlock(&mapped->lock[i]);
}

/* Maps the file behind a descriptor; MAP_FAILED with errno set. */
static void *
map_file(int fd)
{
	return mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

void
shared_open(const char *path, const char *maps)
{
	void *map = MAP_FAILED;
	int fd;

	assert(mapped == &private_memory); /* once a process */
	make_locks(&private_memory);
	if (*path == '\0')
		return;
	fd = open_file(path);
	if (fd >= 0) {
		if ((map = map_file(fd)) != MAP_FAILED)
			initialise(map, fd);
		close(fd);
	}
	if (map == MAP_FAILED) {
		log_line(LOG_WARN, "no shared memory, figures and seat maps are this process' own",
		         "file", path, "reason", strerror(errno), NULL);
		return;
	}
	mapped = map;
	if (strlen(maps) >= SHARED_FOLDER) {
		log_line(LOG_WARN, "no seat maps are published: the folder's name is too long",
		         NULL);
	} else if (*maps != '\0') {
		settle_folder(maps);
		maps_dir = maps; /* only where all workers can take a map back */
	}
}

void
shared_join(const char *path)
{
	int fd = *path == '\0' ? -1 : open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct shared *map = MAP_FAILED;
	struct stat st;

	assert(mapped == &private_memory); /* once a process */
	make_locks(&private_memory);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(struct shared))
		map = map_file(fd);
	if (map != MAP_FAILED && atomic_load(&map->layout) == LAYOUT)
		mapped = map;
	else if (map != MAP_FAILED)
		munmap(map, sizeof(*map));
	close(fd);
}

struct shared *
shared_get(void)
{
	return mapped;
}

const char *
shared_maps(void)
{
	return maps_dir;
}

void
shared_event_changed(int32_t event_id)
{
	uint32_t i = (uint32_t)event_id % SHARED_CHANGES;
	pthread_mutex_t *mutex = &mapped->lock[i % SHARED_LOCKS];

	atomic_fetch_add(&mapped->change[i], 1);
	if (atomic_load(&mapped->published[i]) != event_id)
		return;
	lock(mutex);
	if (atomic_load(&mapped->published[i]) == event_id)
		(void)take_back(&mapped->published[i]);
	pthread_mutex_unlock(mutex);
}

bool
shared_publish(int32_t event_id, uint64_t version, const char *from)
{
	uint32_t i = (uint32_t)event_id % SHARED_CHANGES;
	pthread_mutex_t *mutex = &mapped->lock[i % SHARED_LOCKS];
	char to[PATH_ROOM];
	bool done = false;

	lock(mutex);
	/* Another folder than ours: workers with other settings have begun meanwhile. */
	if (strcmp(mapped->maps, maps_dir) == 0 &&
	    (atomic_load(&mapped->published[i]) == event_id || take_back(&mapped->published[i]))) {
		/* Noted, then compared: a change from here on sees the note and waits. */
		atomic_store(&mapped->published[i], event_id);
		tag_path(to, event_id);
		done = shared_event_version(event_id) == version && rename(from, to) == 0;
	}
	pthread_mutex_unlock(mutex);
	return done;
}

uint64_t
shared_event_version(int32_t event_id)
{
	return atomic_load(&mapped->change[(uint32_t)event_id % SHARED_CHANGES]);
}
