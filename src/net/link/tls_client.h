#pragma once

/* tls_client - the client's side of TLS, without sockets: bytes of the wire go in and come out, and
 * so do those of the user (OpenSSL on memory BIOs).
 *
 * TLS 1.2 and later. The chain of the server is verified against the given CAs, or those that the
 * system trusts, and its name against the one that was meant; there is no way to leave that out. No
 * renegotiation, no compression, no session is resumed. Nothing of a key or of what was said is in
 * a reason text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TLS_WHY_BYTES 160

/* What many sessions share: whom to trust, what to show. */
struct tls_client;
struct tls_session;

struct tls_client_options {
    const char *ca_file;          /* PEM; NULL: what the system trusts */
    const char *certificate_file; /* PEM, a chain, to be shown when asked for; NULL: none */
    const char *key_file;         /* its private key, PEM, without a password; NULL: none */
    const char *const *protocols; /* to be offered by ALPN, best first; their names are short */
    uint32_t protocol_count;
};

/* Reads the files, so at the start, not on a loop that serves. ERR_BAD_CONFIG: `ret_why`, of
 * TLS_WHY_BYTES, says what is wrong with which file. */
MUST_USE enum err tls_client_create(
    const struct tls_client_options *options, struct tls_client **ret_client, char *ret_why);

/* Sessions of it live on. NULL is fine. */
void tls_client_destroy(struct tls_client *client);

/* Begins a session with the server of that name, or address. */
struct tls_session *tls_session_create(struct tls_client *client, const char *name);
void tls_session_destroy(struct tls_session *session); /* NULL is fine */

/* Bytes that came from the wire. */
void tls_session_feed(struct tls_session *session, const void *bytes, size_t size);

enum tls_step {
    TLS_DONE,        /* may be written to */
    TLS_MORE,        /* more bytes have to come */
    TLS_CERTIFICATE, /* of the server: not trusted, not of that name, not of this time */
    TLS_FAILED,      /* anything else */
};

/* Goes on with the handshake. After every call there may be output. */
enum tls_step tls_session_shake(struct tls_session *session);

/* What the server said, as net_recv would: bytes, NET_END (it said that it has finished),
 * NET_WOULD_BLOCK, NET_BROKEN. After every call there may be output. */
int64_t tls_session_read(struct tls_session *session, void *ret_bytes, size_t size);

/* All of it becomes output. False: the session has failed. */
MUST_USE bool tls_session_write(struct tls_session *session, const void *bytes, size_t size);

/* Says to the server that nothing more comes; output. */
void tls_session_finish(struct tls_session *session);

/* What is to go to the wire: its size, and where it is until the next call. */
size_t tls_session_output(struct tls_session *session, const void **ret_bytes);

/* So many of these bytes have gone. */
void tls_session_output_left(struct tls_session *session, size_t size);

/* Why it failed; "" if it did not. */
const char *tls_session_why(const struct tls_session *session);

/* What ALPN agreed on, copied into `ret_name`; empty if nothing was. */
void tls_session_protocol(const struct tls_session *session, char *ret_name, size_t size);
