#include "http/accept_backlog.h"

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

#define CALM_NS                                                                                    \
	10000000 /* between two looks: the web server opens some hundred connections in it, */
#define RUSH_NS   500000 /* and some tens in this, when many wait */
#define SPARE_FDS 512    /* left for everything else: database, logs, requests being served */
#define MOST      65536
#define FAILURES  100 /* looks in a row that fail: then there is no use in looking */

struct accept_backlog {
	int listen_fd, netlink_fd;
	ino_t inode; /* of the listening socket, by which netlink knows it */
	atomic_bool ending;

	/* A ring without a lock: on a busy machine whoever held one may not run for a long time. */
	_Atomic int *fds;
	size_t room;
	atomic_size_t put, taken; /* how many ever were; one thread puts, any may take */
};

/* What one asks netlink, and the part of its answer that matters. */
struct question {
	struct nlmsghdr head;
	struct unix_diag_req body;
};

/* Finds the lengths in an answer of netlink's; false when it is none. */
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
look(const struct accept_backlog *o, struct unix_diag_rqlen *out)
{
	const struct question ask = {
		.head = { .nlmsg_len = sizeof(ask),
		          .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		          .nlmsg_flags = NLM_F_REQUEST },
		.body = { .sdiag_family = AF_UNIX,
		          .udiag_states = UINT32_MAX,
		          .udiag_ino = (uint32_t)o->inode,
		          .udiag_show = UDIAG_SHOW_RQLEN,
		          .udiag_cookie = { UINT32_MAX, UINT32_MAX } },
	};
	_Alignas(struct nlmsghdr) char answer[1024];
	ssize_t got;

	if (send(o->netlink_fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		return false;
	got = recv(o->netlink_fd, answer, sizeof(answer), 0);
	return got > 0 && read_answer((const struct nlmsghdr *)answer, (size_t)got, out);
}

/* Moves up to n connections here, as long as there is room. */
static void
relieve(struct accept_backlog *o, size_t n)
{
	size_t put = atomic_load(&o->put);

	while (n-- > 0 && put - atomic_load(&o->taken) < o->room) {
		int fd = accept4(o->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			return;
		atomic_store(&o->fds[put % o->room], fd);
		atomic_store(&o->put, ++put);
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
	struct accept_backlog *o = arg;
	struct unix_diag_rqlen queue;
	int failures = 0;

	while (!atomic_load(&o->ending) && failures < FAILURES) {
		const bool seen = look(o, &queue);
		const uint32_t enough = seen ? queue.udiag_wqueue / 16 : 0;

		failures = seen ? 0 : failures + 1;
		if (seen && queue.udiag_rqueue > enough)
			relieve(o, queue.udiag_rqueue - enough);
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
	return limit.rlim_cur - SPARE_FDS < MOST ? limit.rlim_cur - SPARE_FDS : MOST;
}

/* Whether all that watching needs is there. */
static bool
prepare(struct accept_backlog *o, int listen_fd)
{
	struct unix_diag_rqlen queue;
	struct stat st;

	o->listen_fd = listen_fd;
	o->netlink_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	o->room = find_room();
	if (o->netlink_fd < 0 || o->room == 0 || fstat(listen_fd, &st) != 0)
		return false;
	o->inode = st.st_ino;
	o->fds = calloc(o->room, sizeof(*o->fds));
	return o->fds != NULL && look(o, &queue);
}

struct accept_backlog *
accept_backlog_watch(int listen_fd)
{
	static struct accept_backlog o = { .netlink_fd = -1 };
	pthread_t thread;

	if (!prepare(&o, listen_fd) || pthread_create(&thread, NULL, watch, &o) != 0) {
		log_line(LOG_INFO, "the listen queue cannot be watched, a rush may overflow it",
		         NULL);
		if (o.netlink_fd >= 0)
			close(o.netlink_fd);
		return NULL;
	}
	pthread_detach(thread);
	return &o;
}

int
accept_backlog_take(struct accept_backlog *o)
{
	size_t taken;
	int fd;

	if (o == NULL)
		return -1;
	taken = atomic_load(&o->taken);
	do { /* what is read here counts only if nobody took it meanwhile: its place is not reused before */
		if (taken == atomic_load(&o->put))
			return -1;
		fd = atomic_load(&o->fds[taken % o->room]);
	} while (!atomic_compare_exchange_weak(&o->taken, &taken, taken + 1));
	return fd;
}

void
accept_backlog_end(struct accept_backlog *o)
{
	if (o != NULL)
		atomic_store(&o->ending, true);
}
