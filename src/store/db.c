/*
 * A connection to PostgreSQL: opening it, sending calls of prepared statements in one round trip,
 * and what their failures mean. The only file that talks to libpq, but for rows.c, which reads
 * what it returns.
 */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MOST_MS  1000
#define STMT_NAME        12 /* bytes of a prepared statement's name: its number */

/*
 * What every connection asks for. Plans are generic and never scan a table: one made while a
 * table was still empty would scan it ever after.
 */
#define OPTIONS                                                                                    \
	"-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"          \
	" -c plan_cache_mode=force_generic_plan -c statement_timeout=15000 -c lock_timeout=2000"   \
	" -c idle_in_transaction_session_timeout=15000 -c timezone=UTC -c datestyle=ISO"           \
	" -c default_transaction_isolation=read\\ committed -c synchronous_commit=on"

#define STMT(id, nparams, text)                                                                    \
	_Static_assert((nparams) <= STMT_MAX_PARAMS, #id " takes too many parameters");
#include "store/statements.def"
#undef STMT

static const struct {
	const char *text;
	int nparams;
} statements[STMT__MAX] = {
#define STMT(id, nparams, text) [STMT_##id] = { text, nparams },
#include "store/statements.def"
#undef STMT
};

/* SQLSTATE, or the two digits of its class, to error; the first that fits counts. */
static const struct {
	const char *state;
	enum err err;
} states[] = {
	{ "40", ERR_TX_RETRY },       /* serialization failure, deadlock */
	{ "26000", ERR_DB_LOST },     /* a prepared statement that is not there: start anew */
	{ "0A000", ERR_DB_LOST },     /* a cached plan must not change its result type: likewise */
	{ "23505", ERR_TX_RETRY },    /* a unique key: another took it first, look again */
	{ "57P01", ERR_DB_LOST },     /* admin shutdown */
	{ "57P02", ERR_DB_LOST },     /* crash shutdown */
	{ "57P03", ERR_DB_LOST },     /* cannot connect now */
	{ "57P05", ERR_DB_LOST },     /* idle session time-out */
	{ "25P03", ERR_DB_LOST },     /* idle in transaction time-out */
	{ "08", ERR_DB_LOST },        /* connection exception */
	{ "57", ERR_UNAVAILABLE },    /* cancelled, statement time-out */
	{ "55P03", ERR_UNAVAILABLE }, /* lock time-out */
	{ "53", ERR_UNAVAILABLE },    /* out of disk, memory, connections */
	{ "58", ERR_UNAVAILABLE },    /* system error */
	{ "25006", ERR_UNAVAILABLE }, /* read-only: a standby */
};

struct db {
	char *conninfo;
	PGconn *conn;
	bool prepared[STMT__MAX];
	int64_t retry_at_us; /* monotonic: no new connection before */
	int backoff_ms;
	char *trouble;
};

static int
db_free(struct db *db)
{
	PQfinish(db->conn);
	return 0;
}

struct db *
db_new(TALLOC_CTX *ctx, const char *conninfo)
{
	struct db *db = talloc_zero(ctx, struct db);

	assert(conninfo != NULL);
	db->conninfo = talloc_strdup(db, conninfo);
	talloc_set_destructor(db, db_free);
	return db;
}

void
db_drop(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
}

const char *
db_trouble(const struct db *db)
{
	return db->trouble == NULL ? "" : db->trouble;
}

/* Whether libpq can read a connection string; what it says when not may hold the password. */
static bool
is_readable(const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

	PQconninfoFree(options);
	return options != NULL;
}

/* Notes a failed connection, and when to try again. */
static enum err
connect_failed(struct db *db)
{
	char *p;

	assert(db->conn != NULL);
	talloc_free(db->trouble);
	db->trouble = talloc_strdup(db, is_readable(db->conninfo) ? PQerrorMessage(db->conn)
	                                                          : "DATABASE_URL cannot be read");
	for (p = db->trouble; *p != '\0'; p++)
		*p = *p == '\n' ? ' ' : *p;
	metrics_count(METRIC_DB_CONNECTS, 1);
	db->backoff_ms = db->backoff_ms == 0 ? BACKOFF_FIRST_MS : db->backoff_ms * 2;
	if (db->backoff_ms > BACKOFF_MOST_MS)
		db->backoff_ms = BACKOFF_MOST_MS;
	db->retry_at_us = clock_mono_us() + db->backoff_ms * 1000;
	log_line(LOG_WARN, "no database connection", "reason", db->trouble, "retry_ms",
	         log_int(db->backoff_ms), NULL);
	db_drop(db);
	return ERR_UNAVAILABLE;
}

static void
ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

/* Whether the server has closed the connection while it was at rest. */
static bool
is_closed(PGconn *conn)
{
	struct pollfd p = { .fd = PQsocket(conn), .events = POLLIN };

	while (PQstatus(conn) == CONNECTION_OK && poll(&p, 1, 0) > 0) {
		if (!PQconsumeInput(conn)) /* a last word, and then the end of the stream */
			return true;
	}
	return PQstatus(conn) != CONNECTION_OK;
}

enum err
db_ready(struct db *db)
{
	static const char *const names[] = { "dbname",           "options",
		                             "connect_timeout",  "tcp_user_timeout",
		                             "keepalives_idle",  "keepalives_interval",
		                             "application_name", NULL };
	const char *values[] = {
		db->conninfo, OPTIONS, "3", "10000", "10", "3", program_invocation_short_name, NULL
	};

	assert(db != NULL);
	if (db->conn != NULL && !is_closed(db->conn) &&
	    PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return ERR_OK;
	db_drop(db);
	if (clock_mono_us() < db->retry_at_us)
		return ERR_UNAVAILABLE;
	db->conn = PQconnectdbParams(names, values, 1);
	if (PQstatus(db->conn) != CONNECTION_OK || !PQenterPipelineMode(db->conn))
		return connect_failed(db);
	PQsetNoticeReceiver(db->conn, ignore_notice, NULL);
	metrics_count(METRIC_DB_CONNECTS, 0);
	memset(db->prepared, 0, sizeof(db->prepared));
	db->backoff_ms = 0;
	db->retry_at_us = 0;
	return ERR_OK;
}

bool
db_in_transaction(const struct db *db)
{
	assert(db != NULL);
	return db->conn != NULL && PQtransactionStatus(db->conn) == PQTRANS_INTRANS;
}

static enum err
state_error(const char *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strncmp(states[i].state, state, strlen(states[i].state)) == 0)
			return states[i].err;
	}
	return ERR_INTERNAL;
}

/* The error of a failed result, logged with what is safe to log. */
static enum err
result_error(const PGresult *result, enum stmt stmt)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	enum err e = state == NULL ? ERR_DB_LOST : state_error(state);

	assert(stmt < STMT__MAX);
	log_line(e == ERR_INTERNAL ? LOG_ERROR : LOG_WARN, "statement failed", "statement",
	         log_int(stmt), "sqlstate", state, "error", err_name(e), "reason",
	         PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), NULL);
	return e;
}

/* Reads the answer of one statement and its closing NULL; keeps the rows if wanted. */
static enum err
read_answer(struct db *db, TALLOC_CTX *ctx, enum stmt stmt, struct rows **out)
{
	PGresult *result = PQgetResult(db->conn), *more;
	enum err e = ERR_OK;

	if (result == NULL)
		return ERR_DB_LOST;
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		break;
	case PGRES_PIPELINE_ABORTED:
		e = ERR_TX_RETRY; /* never the first error of an exchange */
		break;
	default:
		e = result_error(result, stmt);
	}
	if (e == ERR_OK && out != NULL) {
		*out = rows_wrap(ctx, result);
	} else {
		PQclear(result);
	}
	while ((more = PQgetResult(db->conn)) != NULL)
		PQclear(more);
	return e;
}

/* An exchange under way. */
struct exchange {
	const struct call *calls;
	size_t n;
	struct rows **out;
	void (*on_before_commit)(void *arg); /* or NULL */
	void *arg;
	bool preparing[EXCHANGE_MOST];
};

/* Prepares what is not, and sends the calls and the sync that closes them. */
static enum err
send_calls(struct db *db, struct exchange *x)
{
	const struct call *calls = x->calls;
	bool *preparing = x->preparing;

	for (size_t i = 0; i < x->n; i++) {
		const enum stmt s = calls[i].stmt;
		char name[STMT_NAME];

		if (x->on_before_commit != NULL && i + 1 == x->n && !PQsendFlushRequest(db->conn))
			return ERR_DB_LOST;
		assert(s < STMT__MAX);
		snprintf(name, sizeof(name), "%d", (int)s);
		preparing[i] = !db->prepared[s];
		if (preparing[i] && !PQsendPrepare(db->conn, name, statements[s].text, 0, NULL))
			return ERR_DB_LOST;
		db->prepared[s] = true;
		if (!PQsendQueryPrepared(db->conn, name, statements[s].nparams, calls[i].param,
		                         NULL, NULL, 1))
			return ERR_DB_LOST;
	}
	return PQpipelineSync(db->conn) ? ERR_OK : ERR_DB_LOST;
}

/* Reads all answers of an exchange up to its sync; the first error counts. */
static enum err
read_calls(struct db *db, TALLOC_CTX *ctx, const struct exchange *x)
{
	enum err first = ERR_OK, e;
	PGresult *sync;

	for (size_t i = 0; i < x->n; i++) {
		enum stmt s = x->calls[i].stmt;

		if (x->on_before_commit != NULL && i + 1 == x->n && first == ERR_OK)
			x->on_before_commit(x->arg);
		if (x->preparing[i]) {
			e = read_answer(db, ctx, s, NULL);
			if (e != ERR_OK)
				db->prepared[s] = false;
			first = first == ERR_OK ? e : first;
		}
		e = read_answer(db, ctx, s, x->out == NULL ? NULL : &x->out[i]);
		first = first == ERR_OK ? e : first;
		if (PQstatus(db->conn) != CONNECTION_OK)
			return first == ERR_OK ? ERR_DB_LOST : first;
	}
	sync = PQgetResult(db->conn); /* the sync that send_calls ended with */
	if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC)
		first = first == ERR_OK ? ERR_DB_LOST : first;
	PQclear(sync);
	return first;
}

static enum err
exchange(struct db *db, TALLOC_CTX *ctx, struct exchange *x)
{
	int64_t began = clock_mono_us();
	enum err e;

	assert(x->calls != NULL && x->n >= 1 && x->n <= EXCHANGE_MOST);
	if (db->conn == NULL)
		return ERR_DB_LOST;
	e = send_calls(db, x);
	if (e == ERR_OK)
		e = read_calls(db, ctx, x);
	metrics_observe(METRIC_DB_TIME, 0, clock_mono_us() - began);
	/* Whatever else was said: a server that dies in COMMIT has not told what became of it. */
	if (PQstatus(db->conn) != CONNECTION_OK || e == ERR_DB_LOST) {
		log_line(LOG_WARN, "database connection lost", NULL);
		e = ERR_DB_LOST;
		db_drop(db);
	}
	return e;
}

enum err
db_exchange(struct db *db, TALLOC_CTX *ctx, const struct call *calls, size_t n, struct rows **out)
{
	struct exchange x = { .calls = calls, .n = n, .out = out };

	return exchange(db, ctx, &x);
}

enum err
db_exchange_early(struct db *db, TALLOC_CTX *ctx, const struct call *calls, size_t n,
                  struct rows **out, void (*on_before_commit)(void *), void *arg)
{
	struct exchange x = { calls, n, out, on_before_commit, arg, { false } };

	assert(on_before_commit != NULL && calls[n - 1].stmt == STMT_COMMIT);
	return exchange(db, ctx, &x);
}

enum err
db_query(struct db *db, TALLOC_CTX *ctx, struct call call, struct rows **out)
{
	return db_exchange(db, ctx, &call, 1, out);
}

void
db_rollback(struct db *db)
{
	struct call call = { .stmt = STMT_ROLLBACK };

	if (db->conn == NULL || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;
	if (db_query(db, NULL, call, NULL) != ERR_OK)
		db_drop(db);
}

enum err
db_script(struct db *db, TALLOC_CTX *ctx, const char *sql, const char **why)
{
	PGresult *result;
	enum err e = ERR_OK;

	assert(sql != NULL);
	/* Pipeline mode does not take several statements in one query. */
	if (db->conn == NULL || !PQexitPipelineMode(db->conn)) {
		*why = "the connection was lost";
		return ERR_INTERNAL;
	}
	result = PQexec(db->conn, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK &&
	    PQresultStatus(result) != PGRES_TUPLES_OK) {
		*why = talloc_strdup(ctx, PQerrorMessage(db->conn));
		e = ERR_INTERNAL;
	}
	PQclear(result);
	if (!PQenterPipelineMode(db->conn))
		db_drop(db);
	return e;
}

enum err
db_prepare_all(struct db *db, TALLOC_CTX *ctx, const char **why)
{
	for (int s = 0; s < STMT__MAX; s++) {
		char *sql = talloc_asprintf(ctx, "PREPARE all_%d AS %s", s, statements[s].text);

		if (s == STMT_BEGIN || s == STMT_BEGIN_SNAPSHOT || s == STMT_COMMIT ||
		    s == STMT_ROLLBACK)
			continue; /* utility statements cannot be prepared by SQL */
		if (db_script(db, ctx, sql, why) != ERR_OK)
			return ERR_INTERNAL;
	}
	return ERR_OK;
}

const char *
db_user(TALLOC_CTX *ctx, const char *conninfo)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *o;
	const char *user = NULL;

	for (o = options; o != NULL && o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "user") == 0 && o->val != NULL)
			user = talloc_strdup(ctx, o->val);
	}
	PQconninfoFree(options);
	return user;
}
