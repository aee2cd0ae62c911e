/*
 * A client of librdkafka: its settings, its errors, and whether Kafka can be used at present,
 * which is logged when it changes and not each time that librdkafka repeats it.
 */
#include "bus/kafka.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define PROBE_EVERY_US (2 * US_PER_S)
#define PROBE_WAIT_MS  500

/* What every client asks for. */
static const char *const common[][2] = {
	{ "socket.keepalive.enable", "true" },
	{ "reconnect.backoff.max.ms", "1000" },
	{ "log.connection.close", "false" },
	/* A topic that is made later is found within seconds, not after five minutes. */
	{ "topic.metadata.refresh.interval.ms", "5000" },
	{ NULL, NULL },
};

/* librdkafka's own lines repeat themselves for as long as a broker is away. */
static void
on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
	(void)client;
	(void)level;
	log_line(LOG_DEBUG, "librdkafka", "facility", facility, "text", text, NULL);
}

void
kafka_note_trouble(struct kafka *k, const char *why)
{
	assert(why != NULL);
	if (k->trouble[0] == '\0')
		log_line(LOG_WARN, "Kafka cannot be used", "client", k->name, "reason", why, NULL);
	snprintf(k->trouble, sizeof(k->trouble), "%s", why);
}

void
kafka_note_recovery(struct kafka *k)
{
	if (k->trouble[0] != '\0')
		log_line(LOG_INFO, "Kafka can be used again", "client", k->name, NULL);
	k->trouble[0] = '\0';
}

/* Errors of the client as a whole, from within a poll; those of one connection mend themselves. */
static void
on_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
	struct kafka *k = opaque;
	char why[KAFKA_WHY];

	if (code == RD_KAFKA_RESP_ERR__FATAL) {
		code = (int)rd_kafka_fatal_error(client, why, sizeof(why));
		log_line(LOG_ERROR, "Kafka client failed for good", "client", k->name, "error",
		         rd_kafka_err2name((rd_kafka_resp_err_t)code), "reason", why, NULL);
		k->fatal = true;
	} else if (code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT) {
		log_line(LOG_DEBUG, "Kafka connection lost", "client", k->name, "reason", reason,
		         NULL);
	} else {
		kafka_note_trouble(k, reason);
	}
}

/* Sets pairs on a configuration; false when one is not taken, logged. */
static bool
set_all(rd_kafka_conf_t *conf, const char *const (*pair)[2])
{
	char why[512];

	for (; (*pair)[0] != NULL; pair++) {
		if (rd_kafka_conf_set(conf, (*pair)[0], (*pair)[1], why, sizeof(why)) ==
		    RD_KAFKA_CONF_OK)
			continue;
		log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
		return false;
	}
	return true;
}

enum err
kafka_open(struct kafka *k, enum kafka_kind kind, const char *broker,
           const char *const (*settings)[2], kafka_report report)
{
	const char *const own[][2] = { { "bootstrap.servers", broker },
		                       { "client.id", k->name },
		                       { NULL, NULL } };
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[512] = "";

	assert(k->client == NULL && k->name != NULL);
	assert((kind == KAFKA_PRODUCER) == (report != NULL));
	rd_kafka_conf_set_opaque(conf, k);
	rd_kafka_conf_set_log_cb(conf, on_log);
	rd_kafka_conf_set_error_cb(conf, on_error);
	if (report != NULL)
		rd_kafka_conf_set_dr_msg_cb(conf, report);
	if (set_all(conf, common) && set_all(conf, own) && set_all(conf, settings)) {
		k->client = rd_kafka_new(kind == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER
		                                                : RD_KAFKA_CONSUMER,
		                         conf, why, sizeof(why));
		if (k->client != NULL)
			return ERR_OK;
		log_line(LOG_ERROR, "no Kafka client", "client", k->name, "reason", why, NULL);
	}
	rd_kafka_conf_destroy(conf);
	return ERR_INTERNAL;
}

void
kafka_probe(struct kafka *k)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_resp_err_t e;
	char why[KAFKA_WHY];

	assert(k->client != NULL);
	if (clock_mono_us() < k->probed_us + PROBE_EVERY_US)
		return;
	e = rd_kafka_metadata(k->client, 0, NULL, &metadata, PROBE_WAIT_MS);
	k->probed_us = clock_mono_us();
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_metadata_destroy(metadata);
		kafka_note_recovery(k);
		return;
	}
	snprintf(why, sizeof(why), "no answer from the brokers: %s", rd_kafka_err2str(e));
	kafka_note_trouble(k, why);
}
