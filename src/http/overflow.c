#include "http/overflow.h"

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

#define LOOK_NS   10000000 /* the web server would need this long for some hundred connections */
#define SPARE_FDS 512      /* left for everything else: database, logs, requests being served */
#define MOST      65536

struct overflow {
	int listen_fd, netlink_fd;
	ino_t inode; /* of the listening socket, by which netlink knows it */
	atomic_bool ending;
	pthread_mutex_t mutex; /* for what follows */
	int *fds;              /* a ring */
	size_t room, first, count;
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
look(const struct overflow *o, struct unix_diag_rqlen *out)
{
	const struct question ask = {
		.head = { .nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
		.body = { .sdiag_family = AF_UNIX, .udiag_states = UINT32_MAX, .udiag_ino = (uint32_t)o->inode,
		          .udiag_show = UDIAG_SHOW_RQLEN, .udiag_cookie = { UINT32_MAX, UINT32_MAX } },
	};
	_Alignas(struct nlmsghdr) char answer[1024];
	ssize_t got;

	if (send(o->netlink_fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		return false;
	got = recv(o->netlink_fd, answer, sizeof(answer), 0);
	return got > 0 && read_answer((const struct nlmsghdr *)answer, (size_t)got, out);
}

/* Moves up to n connections here, as long as there is room. Nobody else puts any in. */
static void
relieve(struct overflow *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool room;
		int fd;

		pthread_mutex_lock(&o->mutex);
		room = o->count < o->room;
		pthread_mutex_unlock(&o->mutex);
		fd = room ? accept4(o->listen_fd, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd < 0)
			return;
		pthread_mutex_lock(&o->mutex);
		o->fds[(o->first + o->count++) % o->room] = fd;
		pthread_mutex_unlock(&o->mutex);
	}
}

static void *
watch(void *arg)
{
	struct overflow *o = arg;
	struct unix_diag_rqlen queue;

	while (!atomic_load(&o->ending) && look(o, &queue)) {
		if (queue.udiag_rqueue > queue.udiag_wqueue / 2)
			relieve(o, queue.udiag_rqueue - queue.udiag_wqueue / 2);
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
	}
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
prepare(struct overflow *o, int listen_fd)
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

struct overflow *
overflow_watch(int listen_fd)
{
	static struct overflow o = { .netlink_fd = -1, .mutex = PTHREAD_MUTEX_INITIALIZER };
	pthread_t thread;

	if (!prepare(&o, listen_fd) || pthread_create(&thread, NULL, watch, &o) != 0) {
		log_line(LOG_INFO, "the listen queue cannot be watched, a rush may overflow it", NULL);
		if (o.netlink_fd >= 0)
			close(o.netlink_fd);
		return NULL;
	}
	pthread_detach(thread);
	return &o;
}

int
overflow_take(struct overflow *o)
{
	int fd = -1;

	if (o == NULL)
		return -1;
	pthread_mutex_lock(&o->mutex);
	if (o->count > 0) {
		fd = o->fds[o->first];
		o->first = (o->first + 1) % o->room;
		o->count--;
	}
	pthread_mutex_unlock(&o->mutex);
	return fd;
}

void
overflow_end(struct overflow *o)
{
	if (o != NULL)
		atomic_store(&o->ending, true);
}
