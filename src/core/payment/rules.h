#ifndef ROWLOCK_CORE_PAYMENT_RULES_H
#define ROWLOCK_CORE_PAYMENT_RULES_H

#include "core/payment/payment_case.h"

/*
 * What a message means for its booking. Reads nothing but the case. Messages
 * come in any order, so any order of them must come to the same.
 */
struct ruling payment_rule(const struct payment_case *c);

#endif
