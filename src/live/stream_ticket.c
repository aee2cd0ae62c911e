/* One-time tickets for streams: made by the API, redeemed when a stream begins. */
#include "live/stream_ticket.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "store/param.h"
#include "store/transact.h"

#define CLEAN_EVERY 16 /* tickets made, until old ones are deleted */

enum err
stream_ticket_make(struct pool *pool, TALLOC_CTX *ctx, struct stream_ticket *t, int64_t *expires_us)
{
	const struct call clean = { .stmt = STMT_DELETE_TICKETS };
	uint8_t random[TICKET_BYTES];
	char hash[DIGEST_TEXT], *text = talloc_size(ctx, TICKET_CHARS + 1);
	struct rows *rows;
	enum err e;

	assert(t->user_id != NULL && t->role != NULL);
	random_bytes(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	const struct call call = { STMT_INSERT_TICKET,
		                   { digest_sha256(text, TICKET_CHARS, hash), t->user_id,
		                     t->user_name, t->role } };
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	t->text = text;
	*expires_us = row_us(rows, 0, INSERT_TICKET_EXPIRES);
	if (random[0] % CLEAN_EVERY == 0 && transact_read(pool, ctx, &clean, 1, NULL) != ERR_OK)
		log_line(LOG_WARN, "old tickets could not be deleted", NULL);
	return ERR_OK;
}

enum err
stream_ticket_redeem(struct db *db, TALLOC_CTX *ctx, struct stream_ticket *const *tickets, size_t n)
{
	char(*hash)[DIGEST_TEXT] = talloc_array_size(ctx, DIGEST_TEXT, (unsigned)n);
	struct array hashes;
	struct rows *rows;
	enum err e;

	array_init(&hashes, ctx);
	for (size_t i = 0; i < n; i++)
		array_text(&hashes,
		           digest_sha256(tickets[i]->text, strlen(tickets[i]->text), hash[i]));
	e = db_query(db, ctx, (struct call){ STMT_REDEEM_TICKETS, { array_done(&hashes) } }, &rows);
	for (int r = 0; e == ERR_OK && r < rows_count(rows); r++) {
		size_t i = 0;

		while (i < n && (tickets[i]->good ||
		                 strcmp(hash[i], row_text(rows, r, REDEEM_TICKETS_HASH)) != 0))
			i++;
		if (i == n)
			continue;
		tickets[i]->good = true;
		tickets[i]->user_id = row_text(rows, r, REDEEM_TICKETS_USER);
		tickets[i]->user_name = row_text(rows, r, REDEEM_TICKETS_NAME);
		tickets[i]->role = row_text(rows, r, REDEEM_TICKETS_ROLE);
	}
	return e;
}
