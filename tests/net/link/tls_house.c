/* tls_house - see the header. How it fails: OpenSSL refusing its basics fails the test. */

#include "tls_house.h"

#include "test.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define GOT_BYTES_MAX 400000
#define NAME_BYTES sizeof(((struct authority *)0)->ca_file)

struct tls_server {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
    bool finished;
    bool refused; /* no renegotiation */
    char name[300];
    char got[GOT_BYTES_MAX];
    size_t got_size;
};

static long serial = 1;

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *certificate_for(EVP_PKEY *key, const char *subject, long from_s, long until_s)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    assert_int_equal(X509_set_version(certificate, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until_s);
    assert_int_equal(X509_set_pubkey(certificate, key), 1);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
        (const unsigned char *)subject, -1, -1, 0);
    return certificate;
}

static FILE *file_of(char *ret_name)
{
    snprintf(ret_name, NAME_BYTES, "/tmp/tls_house_XXXXXX");
    int file = mkstemp(ret_name);
    assert_true(file >= 0);
    return fdopen(file, "w");
}

struct authority *authority_create(void)
{
    struct authority *authority = mem_new(sizeof(*authority));
    authority->key = EVP_EC_gen("P-256");
    char name[40];
    snprintf(name, sizeof(name), "Test authority %ld", serial);
    X509 *own = certificate_for(authority->key, name, -1000000, 1000000);
    X509_set_issuer_name(own, X509_get_subject_name(own));
    add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(own, own, NID_key_usage, "critical,keyCertSign,digitalSignature");
    assert_true(X509_sign(own, authority->key, EVP_sha256()) > 0);
    authority->certificate = own;
    FILE *stream = file_of(authority->ca_file);
    assert_int_equal(PEM_write_X509(stream, own), 1);
    fclose(stream);
    fclose(file_of(authority->key_file));
    authority_lock_key(authority, NULL);
    return authority;
}

void authority_lock_key(struct authority *authority, const char *password)
{
    FILE *stream = fopen(authority->key_file, "w");
    const EVP_CIPHER *cipher = password ? EVP_aes_256_cbc() : NULL;
    assert_int_equal(PEM_write_PrivateKey(stream, authority->key, cipher, NULL, 0, NULL,
                         (void *)(uintptr_t)password),
        1);
    fclose(stream);
}

void authority_destroy(struct authority *authority)
{
    unlink(authority->ca_file);
    unlink(authority->key_file);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    mem_free(authority);
}

static int remember_name(SSL *ssl, int *alert, void *context)
{
    (void)alert;
    struct tls_server *server = context;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(server->name, sizeof(server->name), "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

static int choose_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_size,
    const unsigned char *offered, unsigned size, void *context)
{
    (void)ssl;
    (void)size;
    (void)context;
    *ret_name = offered + 1; /* the first one */
    *ret_size = offered[0];
    return SSL_TLSEXT_ERR_OK;
}

struct tls_server *tls_server_create(
    struct authority *authority, const struct certificate_options *options)
{
    struct tls_server *server = mem_new(sizeof(*server));
    char names[300];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *own = certificate_for(key, "Test server", options->from_s, options->until_s);
    bool is_ip = strncmp(options->name, "IP:", 3) == 0;
    snprintf(names, sizeof(names), "%s%s", is_ip ? "" : "DNS:", options->name);
    X509_set_issuer_name(own, X509_get_subject_name(authority->certificate));
    add_extension(own, authority->certificate, NID_subject_alt_name, names);
    assert_true(X509_sign(own, authority->key, EVP_sha256()) > 0);
    server->context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(server->context, own), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->context, key), 1);
    SSL_CTX_set_tlsext_servername_callback(server->context, remember_name);
    SSL_CTX_set_tlsext_servername_arg(server->context, server);
    SSL_CTX_set_alpn_select_cb(server->context, choose_protocol, NULL);
    X509_free(own);
    EVP_PKEY_free(key);
    return server;
}

/* The session is made when it is first needed, so that what is set before counts. */
static SSL *session_of(struct tls_server *server)
{
    if (!server->ssl) {
        server->ssl = SSL_new(server->context);
        server->in = BIO_new(BIO_s_mem());
        server->out = BIO_new(BIO_s_mem());
        SSL_set_bio(server->ssl, server->in, server->out);
        SSL_set_accept_state(server->ssl);
    }
    return server->ssl;
}

void tls_server_destroy(struct tls_server *server)
{
    SSL_free(server->ssl);
    SSL_CTX_free(server->context);
    mem_free(server);
}

void tls_server_asks(struct tls_server *server, struct authority *authority)
{
    assert_int_equal(SSL_CTX_load_verify_file(server->context, authority->ca_file), 1);
    SSL_CTX_set_verify(server->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

void tls_server_speaks(struct tls_server *server, int version)
{
    SSL_CTX_set_min_proto_version(server->context, version);
    SSL_CTX_set_max_proto_version(server->context, version);
    SSL_CTX_set_security_level(server->context, 0);
}

static void go_on(struct tls_server *server)
{
    SSL *ssl = session_of(server);
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl) && SSL_do_handshake(ssl) != 1) {
        return;
    }
    size_t part = 0;
    int result;
    while ((result = SSL_read_ex(ssl, server->got + server->got_size,
                GOT_BYTES_MAX - server->got_size, &part)) > 0) {
        server->got_size += part;
    }
    server->finished |= SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN;
}

void tls_server_feed(struct tls_server *server, const void *bytes, size_t size)
{
    session_of(server);
    if (size > 0) {
        assert_int_equal(BIO_write(server->in, bytes, (int)size), size);
        go_on(server);
    }
}

size_t tls_server_output(struct tls_server *server, void *ret_bytes, size_t size)
{
    session_of(server);
    int got = BIO_read(server->out, ret_bytes, (int)size);
    return got > 0 ? (size_t)got : 0;
}

void tls_server_write(struct tls_server *server, const void *bytes, size_t size)
{
    size_t written;
    assert_int_equal(SSL_write_ex(session_of(server), bytes, size, &written), 1);
}

void tls_server_finish(struct tls_server *server)
{
    (void)SSL_shutdown(session_of(server));
}

void tls_server_change_keys(struct tls_server *server)
{
    assert_int_equal(SSL_key_update(session_of(server), SSL_KEY_UPDATE_REQUESTED), 1);
    assert_int_equal(SSL_do_handshake(server->ssl), 1);
}

static void on_alert(const SSL *ssl, int where, int what)
{
    struct tls_server *server = SSL_get_app_data(ssl);
    server->refused |=
        where & SSL_CB_READ && where & SSL_CB_ALERT && (what & 0xff) == SSL_AD_NO_RENEGOTIATION;
}

void tls_server_renegotiates(struct tls_server *server)
{
    SSL *ssl = session_of(server);
    SSL_set_app_data(ssl, server);
    SSL_set_info_callback(ssl, on_alert);
    assert_int_equal(SSL_renegotiate(ssl), 1);
    assert_int_equal(SSL_do_handshake(ssl), 1);
}

bool tls_server_was_refused(const struct tls_server *server)
{
    return server->refused;
}

bool tls_server_is_open(const struct tls_server *server)
{
    return server->ssl && SSL_is_init_finished(server->ssl);
}

bool tls_server_was_finished(const struct tls_server *server)
{
    return server->finished;
}

const char *tls_server_name(const struct tls_server *server)
{
    return server->name;
}

size_t tls_server_got(const struct tls_server *server, const char **ret_bytes)
{
    *ret_bytes = server->got;
    return server->got_size;
}
