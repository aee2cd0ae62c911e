# shellcheck shell=bash
# The broker of --kafka: the mock of librdkafka, or Apache Kafka on Java.

KAFKA_VERSION=3.9.1 # of --kafka real

# The broker's answer to a request for metadata that names a broker: it takes clients.
kafka_answers() {
	"$PYTHON" - "$(kafka_address)" <<-'END'
		import socket, struct, sys
		host, _, port = sys.argv[1].rpartition(":")
		with socket.create_connection((host, int(port)), 2) as broker:
		    # Metadata (3) version 1, correlation id 1, no client id, no topics.
		    ask = struct.pack(">hhihi", 3, 1, 1, -1, 0)
		    broker.sendall(struct.pack(">i", len(ask)) + ask)
		    size, correlation, brokers = struct.unpack(">iii", broker.recv(12, socket.MSG_WAITALL))
		    sys.exit(0 if correlation == 1 and brokers > 0 else 1)
	END
}

# Where the jars are. A stack inside another one's folder (those of check) shares the outer one's.
kafka_jars() {
	local at=$DIR
	[ ! -e "$(dirname "$DIR")/.rowlock" ] || at=$(dirname "$DIR")
	echo "$at/kafka-jars/$KAFKA_VERSION"
}

# Fetches the broker's jars once, with Maven as it is set up on this machine: the sources name no
# registry. Maven's own store goes below DIR as well, and away again.
fetch_kafka() {
	local jars new
	jars=$(kafka_jars) new=$(kafka_jars).new
	[ ! -d "$jars" ] || return 0
	step "fetching Apache Kafka $KAFKA_VERSION with Maven (about 50 MB, once)"
	rm -rf "$new" && mkdir -p "$new" || die "cannot write to $new"
	cat >"$new/pom.xml" <<-END
		<project>
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>rowlock</groupId> <artifactId>kafka</artifactId> <version>1</version>
		  <packaging>pom</packaging>
		  <dependencies>
		    <dependency>
		      <groupId>org.apache.kafka</groupId> <artifactId>kafka_2.13</artifactId>
		      <version>$KAFKA_VERSION</version>
		    </dependency>
		    <dependency>
		      <groupId>org.slf4j</groupId> <artifactId>slf4j-simple</artifactId> <version>1.7.36</version>
		    </dependency>
		  </dependencies>
		</project>
	END
	(cd "$new" && timeout 600 mvn -B -q -ntp -Dstyle.color=never -Dmaven.repo.local="$new/store" -DincludeScope=runtime \
		-DoutputDirectory="$new/lib" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies) \
		>"$DIR/kafka-fetch.log" 2>&1 </dev/null ||
		die_with_log "$DIR/kafka-fetch.log" "Apache Kafka could not be fetched: does 'mvn' reach Maven Central from
here (a proxy or mirror goes into ~/.m2/settings.xml)? --kafka mock needs no network"
	mv "$new/lib" "$jars" && rm -rf "$new" || die "cannot make $jars"
}

# One broker that is its own controller (KRaft), for this machine alone. Topics appear when a client
# writes to them. A broker that was killed may register again once its session is over: seconds, not 9.
write_kafka_conf() {
	write_conf kafka.properties <<-END
	process.roles=broker,controller
	node.id=1
	controller.quorum.voters=1@127.0.0.1:$CONTROLLER_PORT
	listeners=CLIENT://127.0.0.1:$KAFKA_PORT,CONTROLLER://127.0.0.1:$CONTROLLER_PORT
	listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
	controller.listener.names=CONTROLLER
	inter.broker.listener.name=CLIENT
	log.dirs=$DIR/kafka/data
	auto.create.topics.enable=true
	num.partitions=4
	default.replication.factor=1
	offsets.topic.replication.factor=1
	offsets.topic.num.partitions=4
	transaction.state.log.replication.factor=1
	transaction.state.log.min.isr=1
	transaction.state.log.num.partitions=4
	group.initial.rebalance.delay.ms=0
	group.min.session.timeout.ms=1000
	broker.heartbeat.interval.ms=1000
	broker.session.timeout.ms=4000
	num.network.threads=2
	num.io.threads=2
	log.cleaner.dedupe.buffer.size=4194304
	END
}

# The quick compiler alone: half the time to start, and a 100,000 messages a second all the same.
KAFKA_JAVA=(java -Xms64m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
	-Dorg.slf4j.simpleLogger.defaultLogLevel=warn
	-Dorg.slf4j.simpleLogger.showDateTime=true -Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd\'T\'HH:mm:ss.SSS)

make_kafka_store() {
	local log=$DIR/kafka-fetch.log
	rm -rf "$DIR/kafka" && mkdir -m 750 "$DIR/kafka" && mkdir "$DIR/kafka/tmp" &&
		give "$DIR/kafka" "$DIR/kafka/tmp" || die "cannot make $DIR/kafka"
	as_runner env CLASSPATH="$(kafka_jars)/*" sh -c 'cd / && id=$("$@" kafka.tools.StorageTool random-uuid) &&
		exec "$@" kafka.tools.StorageTool format -t "$id" -c "$0"' \
		"$DIR/conf/kafka.properties" "${KAFKA_JAVA[@]}" -Djava.io.tmpdir="$DIR/kafka/tmp" >"$log" 2>&1 </dev/null ||
		die_with_log "$log" "the broker's store could not be made (java -version says what Java this is; it needs 11 or later)"
}

start_kafka_real() {
	local java=("${KAFKA_JAVA[@]}" -Djava.io.tmpdir="$DIR/kafka/tmp") SERVICE_ENV=(CLASSPATH="$(kafka_jars)/*")
	fetch_kafka
	write_kafka_conf
	[ -e "$DIR/kafka/data/meta.properties" ] || make_kafka_store
	service kafka "$(sum_of "$DIR/conf/kafka.properties") $(kafka_jars) ${java[*]}" \
		"${java[@]}" kafka.Kafka "$DIR/conf/kafka.properties"
	[ -z "$STARTED" ] || say "  kafka: starting, which takes some seconds"
	wait_for kafka 180 kafka_answers
}

start_kafka_mock() {
	local program=$DIR/build/tests/messages/mock_broker
	build_step "make mock_broker" make tests/messages/mock_broker
	alive kafka || rm -f "$DIR/run/kafka.address"
	service kafka "$(sum_of "$program")" "$program" "$DIR/run/kafka.address" \
		BookingCreatedDomainEvent payment.success payment.failed
	wait_for kafka 20 kafka_answers
}

start_kafka() {
	case $KAFKA in
	none)
		alive kafka || [ -n "$(leftovers kafka)" ] || return 0
		stop_service kafka
		say "  kafka: stopped"
		;;
	*)
		"start_kafka_$KAFKA"
		report kafka "$KAFKA, $(kafka_address)"
		;;
	esac
}
