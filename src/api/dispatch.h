#ifndef ROWLOCK_API_DISPATCH_H
#define ROWLOCK_API_DISPATCH_H

#include "http/request.h"

/*
 * Answers a request: finds its route, checks the token, reads the body, calls the handler, and
 * turns an error into the shape of the route's face. Counts and logs what came of it.
 *
 * rq	as request_begin leaves it; everything made for it hangs on rq->ctx
 * rs	zeroed; set to the answer, whose texts live as long as rq->ctx
 * app	struct app, as main() has built it
 *
 * The type is that of server_run's handler; any number of threads may call.
 */
void api_serve(struct request *rq, struct response *rs, void *app);

#endif
