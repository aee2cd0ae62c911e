/*
 * A thread that looks how full the listen queue is, by netlink, and moves connections into a ring
 * from which the request threads take them.
 */
#include "http/accept_backlog.h"

#include <assert.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define CALM_NS   10000000 /* between two looks: time for some hundred new connections … */
#define RUSH_NS   500000   /* … and for some tens, when many wait */
#define SPARE_FDS 512      /* left for everything else: database, logs, requests being served */
#define ROOM_MOST 65536
#define FAILURES  100 /* looks in a row that fail: then there is no use in looking */

struct accept_backlog {
	int listen_fd, netlink_fd;
	ino_t inode; /* of the listening socket, by which netlink knows it */
	atomic_bool ending;

	/* A ring without a lock: on a busy machine a thread may be stopped while it holds one. */
	_Atomic int *fds;
	size_t room;
	atomic_size_t put, taken; /* how many ever were; one thread puts, any may take */
};

/* What netlink is asked. */
struct queue_query {
	struct nlmsghdr head;
	struct unix_diag_req body;
};

/* Finds the queue's lengths in an answer of netlink; false when they are not there. */
static bool
read_answer(const struct nlmsghdr *head, size_t got, struct unix_diag_rqlen *out)
{
	const struct rtattr *attr;
	size_t left;

	if (!NLMSG_OK(head, got) || head->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	left = head->nlmsg_len - NLMSG_LENGTH(sizeof(struct unix_diag_msg));
	attr = (const struct rtattr *)((const char *)NLMSG_DATA(head) +
	                               NLMSG_ALIGN(sizeof(struct unix_diag_msg)));
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == UNIX_DIAG_RQLEN) {
			memcpy(out, RTA_DATA(attr), sizeof(*out));
			return true;
		}
	}
	return false;
}

/* How many connections wait in the kernel's queue, and how many it lets wait. */
static bool
look(const struct accept_backlog *b, struct unix_diag_rqlen *out)
{
	const struct queue_query query = {
		.head = { .nlmsg_len = sizeof(query),
		          .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		          .nlmsg_flags = NLM_F_REQUEST },
		.body = { .sdiag_family = AF_UNIX,
		          .udiag_states = UINT32_MAX,
		          .udiag_ino = (uint32_t)b->inode,
		          .udiag_show = UDIAG_SHOW_RQLEN,
		          .udiag_cookie = { UINT32_MAX, UINT32_MAX } },
	};
	_Alignas(struct nlmsghdr) char answer[1024];
	ssize_t got;

	if (send(b->netlink_fd, &query, sizeof(query), 0) != (ssize_t)sizeof(query))
		return false;
	got = recv(b->netlink_fd, answer, sizeof(answer), 0);
	return got > 0 && read_answer((const struct nlmsghdr *)answer, (size_t)got, out);
}

/* Moves up to n connections here, as long as there is room. */
static void
relieve(struct accept_backlog *b, size_t n)
{
	size_t put = atomic_load(&b->put);

	assert(b->room > 0 && b->fds != NULL);
	while (n-- > 0 && put - atomic_load(&b->taken) < b->room) {
		int fd = accept4(b->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return;
		assert(put - atomic_load(&b->taken) < b->room); /* the place is free */
		atomic_store(&b->fds[put % b->room], fd);
		atomic_store(&b->put, ++put);
	}
}

/*
 * A sixteenth of the queue is left to the kernel, which hands each connection to whichever
 * process is free first; the rest of it is what may arrive until the next look, also on a machine
 * so busy that the look comes late.
 */
static void *
watch(void *arg)
{
	struct accept_backlog *b = arg;
	struct unix_diag_rqlen queue;
	int failures = 0;

	while (!atomic_load(&b->ending) && failures < FAILURES) {
		const bool seen = look(b, &queue);
		const uint32_t enough = seen ? queue.udiag_wqueue / 16 : 0;

		failures = seen ? 0 : failures + 1;
		if (seen && queue.udiag_rqueue > enough)
			relieve(b, queue.udiag_rqueue - enough);
		nanosleep(&(struct timespec){ .tv_nsec = seen && queue.udiag_rqueue > enough / 4
		                                             ? RUSH_NS
		                                             : CALM_NS },
		          NULL);
	}
	if (failures > 0)
		log_line(LOG_WARN,
		         "the listen queue cannot be watched any more, a rush may overflow it",
		         NULL);
	return NULL;
}

/* How many connections this process can hold without missing the descriptors elsewhere. */
static size_t
find_room(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= SPARE_FDS)
		return 0;
	return limit.rlim_cur - SPARE_FDS < ROOM_MOST ? limit.rlim_cur - SPARE_FDS : ROOM_MOST;
}

/* Whether all that watching needs is there. */
static bool
prepare(struct accept_backlog *b, int listen_fd)
{
	struct unix_diag_rqlen queue;
	struct stat st;

	b->listen_fd = listen_fd;
	b->netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	b->room = find_room();
	if (b->netlink_fd < 0 || b->room == 0 || fstat(listen_fd, &st) != 0)
		return false;
	b->inode = st.st_ino;
	b->fds = calloc(b->room, sizeof(*b->fds));
	return b->fds != NULL && look(b, &queue);
}

struct accept_backlog *
accept_backlog_watch(int listen_fd)
{
	static struct accept_backlog b = { .netlink_fd = -1 };
	pthread_t thread;

	assert(b.fds == NULL); /* one socket a process */
	if (!prepare(&b, listen_fd) || pthread_create(&thread, NULL, watch, &b) != 0) {
		log_line(LOG_INFO, "the listen queue cannot be watched, a rush may overflow it",
		         NULL);
		if (b.netlink_fd >= 0)
			close(b.netlink_fd);
		return NULL;
	}
	pthread_detach(thread);
	return &b;
}

int
accept_backlog_take(struct accept_backlog *b)
{
	size_t taken;
	int fd;

	if (b == NULL)
		return -1;
	taken = atomic_load(&b->taken);
	do { /* counts only if no other thread took it meanwhile: its place is not reused before */
		if (taken == atomic_load(&b->put))
			return -1;
		fd = atomic_load(&b->fds[taken % b->room]);
	} while (!atomic_compare_exchange_weak(&b->taken, &taken, taken + 1));
	return fd;
}

void
accept_backlog_end(struct accept_backlog *b)
{
	if (b != NULL)
		atomic_store(&b->ending, true);
}
