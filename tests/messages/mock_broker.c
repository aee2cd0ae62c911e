/*
 * A Kafka broker that needs nothing but librdkafka: its mock cluster, in a process of its own.
 * It speaks enough of the protocol for producers and consumer groups, makes topics on demand,
 * and keeps the newest 5 MB of each partition in memory, nothing on disk.
 *
 * Usage: mock_broker FILE [TOPIC…]. FILE gets the address (host:port, which the cluster chooses
 * itself) once clients can connect, and is taken away at the end. The topics are there from the
 * beginning: one that appears later makes its consumers rebalance, and the mock lets that last
 * as long as their session time-out.
 *
 * SIGUSR1 cuts all connections and refuses new ones, SIGUSR2 ends that: the broker is away for
 * a while, and comes back at the same address with its messages. SIGTERM and SIGINT end it.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BROKERS     1
#define ALL_BROKERS (-1)
#define PARTITIONS  4 /* of a topic; also what the cluster gives to one that it makes on demand */

/* Writes the address; whoever reads FILE never sees a part of it. */
static int
publish(const char *path, const char *address)
{
	char part[4096];
	FILE *file;

	if (snprintf(part, sizeof(part), "%s.new", path) >= (int)sizeof(part))
		return -1;
	file = fopen(part, "w");
	if (file == NULL)
		return -1;
	fprintf(file, "%s\n", address);
	return fclose(file) == 0 && rename(part, path) == 0 ? 0 : -1;
}

/* Comes and goes as signals tell it, until one asks for the end. */
static void
obey(rd_kafka_mock_cluster_t *cluster, const sigset_t *signals)
{
	int got;

	while (sigwait(signals, &got) == 0 && got != SIGTERM && got != SIGINT) {
		if (got == SIGUSR1)
			rd_kafka_mock_broker_set_down(cluster, ALL_BROKERS);
		else
			rd_kafka_mock_broker_set_up(cluster, ALL_BROKERS);
		fprintf(stderr, "%s\n", got == SIGUSR1 ? "away" : "back");
	}
}

int
main(int argc, char **argv)
{
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *owner;
	char why[256];
	sigset_t signals;

	if (argc < 2) {
		fprintf(stderr, "usage: mock_broker FILE [TOPIC…]\n");
		return 2;
	}
	/* Before librdkafka starts threads, which inherit this. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	/* The client that the library asks for has no servers, and need not say so. */
	rd_kafka_conf_set(conf, "log_level", "4", NULL, 0);
	owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cluster = owner == NULL ? NULL : rd_kafka_mock_cluster_new(owner, BROKERS);
	if (cluster == NULL) {
		fprintf(stderr, "no mock cluster: %s\n",
		        owner == NULL ? why : "librdkafka says no more");
		return 1;
	}
	for (int i = 2; i < argc; i++)
		rd_kafka_mock_topic_create(cluster, argv[i], PARTITIONS, BROKERS);
	if (publish(argv[1], rd_kafka_mock_cluster_bootstraps(cluster)) != 0) {
		perror(argv[1]);
		return 1;
	}
	fprintf(stderr, "ready at %s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	obey(cluster, &signals);
	unlink(argv[1]);
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(owner);
	return 0;
}
