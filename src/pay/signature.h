#ifndef ROWLOCK_PAY_SIGNATURE_H
#define ROWLOCK_PAY_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Signatures of messages between a payment gateway and us (rowlock-gateway(8)): the header
 * X-Gateway-Signature,
 * "t=<Unix time>,v1=<hex HMAC-SHA256(secret, "<t>.<body>")>", with several v1 while a secret is
 * rotated.
 */

#define SIGNATURE_HEADER "X-Gateway-Signature"
#define SIGNATURE_GOOD_S 300  /* how far its time may be from ours, before and after */
#define SIGNATURE_MOST   1024 /* bytes of a header that is looked at */
#define SIGNATURE_TEXT   96   /* room for one that we make, with its end */

/*
 * Signs a message with the first of the secrets.
 *
 * secrets	comma-separated; blanks around each do not count
 * now_s	Unix time
 * body		n bytes
 *
 * Returns out; NULL when there is no secret.
 */
const char *signature_make(const char *secrets, int64_t now_s, const char *body, size_t n,
                           char out[SIGNATURE_TEXT]);

/*
 * Whether one of the secrets made one of the signatures in a header. Compared in constant time;
 * strict: "t=" and 1 to 12 digits, then 1 to 8 times ",v1=" and 64 hex digits, nothing else.
 *
 * secrets	as of signature_make; each of them is tried
 * header	as it came; NULL: there was none, which is false
 * body		n bytes, as they came
 * now_s	Unix time; the signature's may differ by SIGNATURE_GOOD_S either way
 */
bool signature_check(const char *secrets, const char *header, const char *body, size_t n,
                     int64_t now_s);

#endif
