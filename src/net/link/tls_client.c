/* tls_client - see the header.
 *
 * Happy path: a context is made from files once; each session is an SSL on two memory BIOs. What
 * comes from the wire is put into one, what OpenSSL wants to send is taken from the other. How it
 * fails: OpenSSL's error queue of this thread is emptied before each call and read after it; the
 * first failure of a session is its last word, and its reason is a text of OpenSSL's tables. */

#include "link/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "chattifier/uncleared.h"
#include "world/net.h"

#define NAME_BYTES_MAX 256
#define DISCARD_BYTES (16u * 1024)

struct tls_client {
    SSL_CTX *context;
};

struct tls_session {
    SSL *ssl;
    BIO *from_wire, *to_wire; /* the SSL's */
    bool failed;
    char why[TLS_WHY_BYTES];
};

/* ---- what sessions share */

static enum err blame(char *ret_why, const char *what, const char *file)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    snprintf(ret_why, TLS_WHY_BYTES, "%s %s: %s", what, file, reason ? reason : "unusable");
    ERR_clear_error();
    return ERR_BAD_CONFIG;
}

static enum err trust(SSL_CTX *context, const char *ca_file, char *ret_why)
{
    if (!ca_file) {
        return SSL_CTX_set_default_verify_paths(context) == 1
                   ? OK
                   : blame(ret_why, "certificates of", "the system");
    }
    return SSL_CTX_load_verify_file(context, ca_file) == 1 ? OK
                                                           : blame(ret_why, "CA file", ca_file);
}

/* Nobody is there to be asked for the password of a key. */
static int no_password(char *ret_password, int size, int writes, void *context)
{
    (void)ret_password;
    (void)size;
    (void)writes;
    (void)context;
    return -1;
}

static enum err show(
    SSL_CTX *context, const char *certificate_file, const char *key_file, char *ret_why)
{
    if (!certificate_file && !key_file) {
        return OK;
    }
    if (!certificate_file || !key_file) {
        snprintf(ret_why, TLS_WHY_BYTES, "a certificate and its key are only of use together");
        return ERR_BAD_CONFIG;
    }
    if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1) {
        return blame(ret_why, "certificate file", certificate_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return blame(ret_why, "key file", key_file);
    }
    return OK;
}

static void offer(SSL_CTX *context, const struct tls_client_options *options)
{
    uint8_t names[NAME_BYTES_MAX];
    size_t size = 0;
    for (uint32_t i = 0; i < options->protocol_count; i++) {
        size_t length = strlen(options->protocols[i]);
        CHECK(length > 0 && length < sizeof(names) - size);
        names[size] = (uint8_t)length;
        memcpy(names + size + 1, options->protocols[i], length);
        size += 1 + length;
    }
    if (size > 0) {
        CHECK(SSL_CTX_set_alpn_protos(context, names, (unsigned)size) == 0);
    }
}

static SSL_CTX *context_create(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    CHECK(context);
    CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_password);
    return context;
}

enum err tls_client_create(
    const struct tls_client_options *options, struct tls_client **ret_client, char *ret_why)
{
    ERR_clear_error();
    ret_why[0] = 0;
    SSL_CTX *context = context_create();
    enum err err = trust(context, options->ca_file, ret_why);
    if (err == OK) {
        err = show(context, options->certificate_file, options->key_file, ret_why);
    }
    if (err) {
        SSL_CTX_free(context);
        return err;
    }
    offer(context, options);
    *ret_client = mem_new(sizeof(**ret_client));
    (*ret_client)->context = context;
    return OK;
}

void tls_client_destroy(struct tls_client *client)
{
    if (client) {
        SSL_CTX_free(client->context);
        mem_free(client);
    }
}

/* ---- a session */

/* The name without the dot of its root, which no certificate has. */
static void expect_name(SSL *ssl, const char *name)
{
    char text[NAME_BYTES_MAX];
    size_t size = strlen(name);
    CHECK(size > 0 && size < sizeof(text));
    memcpy(text, name, size + 1);
    if (text[size - 1] == '.') {
        text[size - 1] = 0;
    }
    CHECK(text[0]); /* no name would be no check */
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, text) != 1) {
        CHECK(SSL_set1_host(ssl, text) == 1);
        CHECK(SSL_set_tlsext_host_name(ssl, text) == 1);
    }
}

struct tls_session *tls_session_create(struct tls_client *client, const char *name)
{
    struct tls_session *session = mem_new(sizeof(*session));
    session->ssl = SSL_new(client->context);
    session->from_wire = BIO_new(BIO_s_mem());
    session->to_wire = BIO_new(BIO_s_mem());
    CHECK(session->ssl && session->from_wire && session->to_wire);
    SSL_set_bio(session->ssl, session->from_wire, session->to_wire);
    SSL_set_connect_state(session->ssl);
    expect_name(session->ssl, name);
    ERR_clear_error();
    return session;
}

void tls_session_destroy(struct tls_session *session)
{
    if (session) {
        SSL_free(session->ssl);
        mem_free(session);
    }
}

void tls_session_feed(struct tls_session *session, const void *bytes, size_t size)
{
    CHECK(size <= INT32_MAX);
    CHECK(BIO_write(session->from_wire, bytes, (int)size) == (int)size);
}

static void fail(struct tls_session *session, const char *why)
{
    session->failed = true;
    snprintf(session->why, sizeof(session->why), "%s", why ? why : "failed");
}

static void fail_by_queue(struct tls_session *session)
{
    fail(session, ERR_reason_error_string(ERR_peek_error()));
    ERR_clear_error();
}

enum tls_step tls_session_shake(struct tls_session *session)
{
    CHECK(!session->failed);
    ERR_clear_error();
    int done = SSL_do_handshake(session->ssl);
    if (done == 1) {
        return TLS_DONE;
    }
    if (SSL_get_error(session->ssl, done) == SSL_ERROR_WANT_READ) {
        return TLS_MORE;
    }
    long verdict = SSL_get_verify_result(session->ssl);
    if (verdict != X509_V_OK) {
        fail(session, X509_verify_cert_error_string(verdict));
        ERR_clear_error();
        return TLS_CERTIFICATE;
    }
    fail_by_queue(session);
    return TLS_FAILED;
}

int64_t tls_session_read(struct tls_session *session, void *ret_bytes, size_t size)
{
    size_t got = 0;
    int result = 1;
    if (session->failed) {
        return NET_BROKEN;
    }
    ERR_clear_error();
    while (result > 0 && got < size) {
        size_t part;
        result = SSL_read_ex(session->ssl, (char *)ret_bytes + got, size - got, &part);
        got += result > 0 ? part : 0;
    }
    int error = result > 0 ? SSL_ERROR_NONE : SSL_get_error(session->ssl, result);
    bool ended = error == SSL_ERROR_ZERO_RETURN;
    if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && !ended) {
        fail_by_queue(session);
    }
    if (got > 0) {
        return (int64_t)got;
    }
    return ended ? NET_END : session->failed ? NET_BROKEN : NET_WOULD_BLOCK;
}

bool tls_session_write(struct tls_session *session, const void *bytes, size_t size)
{
    size_t written = 0;
    if (session->failed) {
        return false;
    }
    ERR_clear_error();
    if (SSL_write_ex(session->ssl, bytes, size, &written) == 1) {
        CHECK(written == size);
        return true;
    }
    fail_by_queue(session);
    return false;
}

void tls_session_finish(struct tls_session *session)
{
    if (!session->failed) {
        ERR_clear_error();
        (void)SSL_shutdown(session->ssl);
        ERR_clear_error();
    }
}

size_t tls_session_output(struct tls_session *session, const void **ret_bytes)
{
    char *bytes = NULL;
    long size = BIO_get_mem_data(session->to_wire, &bytes);
    *ret_bytes = bytes;
    return size > 0 ? (size_t)size : 0;
}

void tls_session_output_left(struct tls_session *session, size_t size)
{
    uint8_t discarded[DISCARD_BYTES] CHT_UNCLEARED;
    while (size > 0) {
        int part = BIO_read(session->to_wire, discarded,
            size < sizeof(discarded) ? (int)size : (int)sizeof(discarded));
        CHECK(part > 0);
        size -= (size_t)part;
    }
}

const char *tls_session_why(const struct tls_session *session)
{
    return session->why;
}

void tls_session_protocol(const struct tls_session *session, char *ret_name, size_t size)
{
    const unsigned char *name = NULL;
    unsigned length = 0;
    SSL_get0_alpn_selected(session->ssl, &name, &length);
    snprintf(ret_name, size, "%.*s", (int)length, name ? (const char *)name : "");
}
