#ifndef ROWLOCK_FAKE_GATEWAY_GATEWAY_DISPATCH_H
#define ROWLOCK_FAKE_GATEWAY_GATEWAY_DISPATCH_H

#include "http/request.h"

/* Answers a request: a server_handler whose arg is the struct gateway. */
void gateway_dispatch(struct request *rq, struct response *rs, void *gateway);

#endif
