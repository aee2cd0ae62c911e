/* One pipe that is readable once the process shall stop. */
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A byte in this pipe asks to stop. It is never read, so that every thread that polls sees it. */
static int ends[2] = { -1, -1 };

void
stop_ask(void)
{
	ssize_t wrote = write(ends[1], "", 1); /* when the pipe is full, it was asked before */

	(void)wrote;
}

static void
on_signal(int signal_no)
{
	int before = errno;

	(void)signal_no;
	stop_ask();
	errno = before;
}

void
stop_watch(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	if (pipe(ends) != 0)
		abort();
	for (int i = 0; i < 2; i++) {
		fcntl(ends[i], F_SETFD, FD_CLOEXEC);
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
	}
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool
stop_wait(int wait_ms)
{
	struct pollfd asked = { .fd = ends[0], .events = POLLIN };

	return poll(&asked, 1, wait_ms) > 0;
}
