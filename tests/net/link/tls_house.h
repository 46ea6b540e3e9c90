#pragma once

/* tls_house - certificates made for a test, and the server's end of TLS on memory BIOs. */

#include <stdbool.h>
#include <stddef.h>

/* Who signs. Its own certificate is in `ca_file`, its key in `key_file`. */
struct authority {
    struct evp_pkey_st *key;
    struct x509_st *certificate;
    char ca_file[64];
    char key_file[64];
};

struct authority *authority_create(void);
/* Writes the key anew, behind a password; NULL: without one. */
void authority_lock_key(struct authority *authority, const char *password);
void authority_destroy(struct authority *authority);

struct certificate_options {
    const char *name;     /* DNS name, or "IP:192.0.2.1" */
    long from_s, until_s; /* from now */
};

/* The other end of a connection. */
struct tls_server;

struct tls_server *tls_server_create(
    struct authority *authority, const struct certificate_options *options);
void tls_server_destroy(struct tls_server *server);

/* Asks the client for a certificate of the same authority. */
void tls_server_asks(struct tls_server *server, struct authority *authority);

/* Speaks this version at most, as SSL_CTX_set_max_proto_version has it. */
void tls_server_speaks(struct tls_server *server, int version);

/* Bytes from the client; what it makes of them is in tls_server_got. */
void tls_server_feed(struct tls_server *server, const void *bytes, size_t size);

/* For the client. */
size_t tls_server_output(struct tls_server *server, void *ret_bytes, size_t size);
void tls_server_write(struct tls_server *server, const void *bytes, size_t size);
void tls_server_finish(struct tls_server *server);

/* New keys, and the client is asked for its own. */
void tls_server_change_keys(struct tls_server *server);

/* Asks for new keys as TLS 1.2 did; was it told that there are none? */
void tls_server_renegotiates(struct tls_server *server);
bool tls_server_was_refused(const struct tls_server *server);

bool tls_server_is_open(const struct tls_server *server);
bool tls_server_was_finished(const struct tls_server *server); /* by the client, with a word */
const char *tls_server_name(const struct tls_server *server); /* that the client asked for, or "" */
size_t tls_server_got(const struct tls_server *server, const char **ret_bytes);
