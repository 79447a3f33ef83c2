// SPDX-License-Identifier: MIT
// TLS over memory: OpenSSL between two memory BIOs.
#include "os/tls.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/num.h"
#include "base/text.h"
#include "os/file.h"

#define CERTIFICATE_LIFE_S (10L * 365 * 24 * 3600)
#define CERTIFICATE_BACK_S (24L * 3600) // clocks of others may be behind
#define SERIAL_BYTES       8

struct tls_context { // from OpenSSL's allocator, as what it holds
    SSL_CTX *ssl;
    struct digest fingerprint; // a server's
};

struct tls {
    SSL *ssl;
    BIO *in;  // ciphertext from the peer; owned by ssl
    BIO *out; // ciphertext for the peer; owned by ssl
};

// The oldest error is the cause, later ones are what came of it.
static const char *ssl_words(void)
{
    const unsigned long code = ERR_get_error();
    const char *words = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                        : code != 0            ? ERR_reason_error_string(code)
                                               : NULL;
    ERR_clear_error();
    return words != NULL ? words : "unknown error";
}

static bool fingerprint_of(const X509 *certificate, struct digest *out)
{
    unsigned len = 0;
    return certificate != NULL && X509_digest(certificate, EVP_sha256(), out->b, &len) == 1 &&
           len == DIGEST_BYTES;
}

static struct tls_context *context_new(const SSL_METHOD *method)
{
    ERR_clear_error();
    struct tls_context *c = OPENSSL_zalloc(sizeof *c);
    if (c == NULL)
        return NULL;
    c->ssl = SSL_CTX_new(method);
    if (c->ssl == NULL || SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION) != 1) {
        tls_context_free(c);
        return NULL;
    }
    (void)SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS); // idle connections stay small
    (void)SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    return c;
}

void tls_context_free(struct tls_context *c)
{
    if (c == NULL)
        return;
    SSL_CTX_free(c->ssl);
    OPENSSL_free(c);
}

enum rc tls_server_context(struct tls_context **out, const char *certificate_path,
                           const char *key_path, struct err *err)
{
    *out = NULL;
    struct tls_context *c = context_new(TLS_server_method());
    if (c == NULL)
        return err_set(err, RC_NOMEM, "cannot set up TLS: %s", ssl_words());
    (void)SSL_CTX_set_num_tickets(c->ssl, 0); // connections are long-lived
    const char *path = certificate_path;
    bool is_good = SSL_CTX_use_certificate_chain_file(c->ssl, certificate_path) == 1;
    if (is_good) {
        path = key_path;
        is_good = SSL_CTX_use_PrivateKey_file(c->ssl, key_path, SSL_FILETYPE_PEM) == 1 &&
                  SSL_CTX_check_private_key(c->ssl) == 1;
    }
    if (!is_good || !fingerprint_of(SSL_CTX_get0_certificate(c->ssl), &c->fingerprint)) {
        enum rc rc = err_set(err, RC_CONFIG, "cannot use %s for TLS: %s", path, ssl_words());
        tls_context_free(c);
        return rc;
    }
    *out = c;
    return RC_OK;
}

static bool fill_certificate(X509 *x, EVP_PKEY *key)
{
    uint8_t serial[SERIAL_BYTES];
    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] = (serial[0] & 0x7f) | 0x40; // positive and of full length
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    X509_NAME *name = X509_get_subject_name(x);
    const unsigned char *text = (const unsigned char *)"shoal hub";
    const bool is_done =
        number != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
        BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL &&
        X509_gmtime_adj(X509_getm_notBefore(x), -CERTIFICATE_BACK_S) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(x), CERTIFICATE_LIFE_S) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
        X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
        X509_sign(x, key, EVP_sha256()) > 0;
    BN_free(number);
    return is_done;
}

// A fresh key and its certificate as PEM. The buffer is wiped when the BIO is freed.
static BIO *make_pem(void)
{
    BIO *pem = BIO_new(BIO_s_secmem());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    const bool is_done = pem != NULL && key != NULL && x != NULL && fill_certificate(x, key) &&
                         PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                         PEM_write_bio_X509(pem, x) == 1;
    X509_free(x);
    EVP_PKEY_free(key);
    if (is_done)
        return pem;
    BIO_free(pem);
    return NULL;
}

static enum rc write_pem(const char *path, struct err *err)
{
    BIO *pem = make_pem();
    char *at = NULL;
    const long len = pem != NULL ? BIO_get_mem_data(pem, &at) : 0;
    enum rc rc = len > 0 ? file_write(path, bytes_of(at, (size_t)len), 0600, err)
                         : err_set(err, RC_IO, "cannot make a certificate: %s", ssl_words());
    BIO_free(pem);
    return rc;
}

enum rc tls_self_made_context(struct tls_context **out, const char *folder, struct err *err)
{
    *out = NULL;
    char path[FILE_PATH_BYTES];
    struct text t = text_of(path, sizeof path);
    text_addf(&t, "%s/hub.pem", folder);
    if (t.is_cut)
        return err_set(err, RC_CONFIG, "cannot make a certificate: the folder's path is too long");
    if (!file_exists(path)) {
        enum rc rc = write_pem(path, err);
        if (rc != RC_OK)
            return rc;
    }
    return tls_server_context(out, path, path, err);
}

enum rc tls_client_context(struct tls_context **out, struct err *err)
{
    *out = context_new(TLS_client_method());
    if (*out == NULL)
        return err_set(err, RC_NOMEM, "cannot set up TLS: %s", ssl_words());
    // A machine without any authorities can still trust by fingerprint.
    (void)SSL_CTX_set_default_verify_paths((*out)->ssl);
    // The chain is checked all the same; tls_is_trusted tells how that went.
    SSL_CTX_set_verify((*out)->ssl, SSL_VERIFY_NONE, NULL);
    return RC_OK;
}

struct digest tls_context_fingerprint(const struct tls_context *c)
{
    return c->fingerprint;
}

// The name in the handshake and in the certificate; an address is only in the latter.
static bool expect_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
        return true;
    ERR_clear_error(); // it was not an address
    // What SSL_set_tlsext_host_name stands for, whose cast drops the const.
    void *name = NULL;
    memcpy(&name, &host, sizeof name);
    return SSL_set1_host(ssl, host) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

enum rc tls_new(struct tls **out, struct tls_context *c, const char *host)
{
    *out = NULL;
    ERR_clear_error();
    struct tls *t = OPENSSL_zalloc(sizeof *t);
    if (t == NULL)
        return RC_NOMEM;
    t->ssl = SSL_new(c->ssl);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (t->ssl == NULL || t->in == NULL || t->out == NULL ||
        (host != NULL && !expect_host(t->ssl, host))) {
        BIO_free(t->in);
        BIO_free(t->out);
        SSL_free(t->ssl);
        OPENSSL_free(t);
        return RC_NOMEM;
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    if (host != NULL)
        SSL_set_connect_state(t->ssl);
    else
        SSL_set_accept_state(t->ssl);
    *out = t;
    return RC_OK;
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    OPENSSL_free(t);
}

enum rc tls_input(struct tls *t, struct bytes ciphertext)
{
    while (ciphertext.len > 0) {
        const int put = BIO_write(t->in, ciphertext.at, (int)num_min(ciphertext.len, INT_MAX));
        if (put <= 0)
            return RC_NOMEM;
        ciphertext = bytes_part(ciphertext, (size_t)put, SIZE_MAX);
    }
    return RC_OK;
}

enum rc tls_handshake(struct tls *t, const char **why)
{
    ERR_clear_error();
    const int done = SSL_do_handshake(t->ssl);
    if (done == 1)
        return RC_OK;
    if (SSL_get_error(t->ssl, done) == SSL_ERROR_WANT_READ)
        return RC_AGAIN;
    const unsigned long code = ERR_peek_error();
    const bool is_alert =
        ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
    *why = ssl_words();
    return is_alert ? RC_CLOSED : RC_REFUSED;
}

enum rc tls_read(struct tls *t, uint8_t *out, size_t cap, size_t *len)
{
    ERR_clear_error();
    if (SSL_read_ex(t->ssl, out, cap, len) == 1)
        return RC_OK;
    const int error = SSL_get_error(t->ssl, 0);
    if (error == SSL_ERROR_WANT_READ)
        return RC_AGAIN;
    return error == SSL_ERROR_ZERO_RETURN ? RC_CLOSED : RC_MALFORMED;
}

enum rc tls_write(struct tls *t, struct bytes plain)
{
    if (plain.len == 0)
        return RC_OK;
    ERR_clear_error();
    size_t put = 0;
    if (SSL_write_ex(t->ssl, plain.at, plain.len, &put) != 1)
        return SSL_get_error(t->ssl, 0) == SSL_ERROR_ZERO_RETURN ? RC_CLOSED : RC_NOMEM;
    assert(put == plain.len); // no partial writes were asked for
    return RC_OK;
}

void tls_end(struct tls *t)
{
    ERR_clear_error();
    if (SSL_is_init_finished(t->ssl))
        (void)SSL_shutdown(t->ssl); // writes the alert; the peer's is not waited for
}

struct bytes tls_output(struct tls *t)
{
    char *at = NULL;
    const long len = BIO_get_mem_data(t->out, &at);
    return bytes_of(at, len > 0 ? (size_t)len : 0);
}

void tls_sent(struct tls *t)
{
    (void)BIO_reset(t->out);
}

bool tls_is_trusted(const struct tls *t, const char **why)
{
    const long result = SSL_get_verify_result(t->ssl);
    const bool has_one = SSL_get0_peer_certificate(t->ssl) != NULL;
    if (why != NULL)
        *why = has_one ? X509_verify_cert_error_string(result) : "no certificate";
    return has_one && result == X509_V_OK;
}

bool tls_peer_fingerprint(const struct tls *t, struct digest *out)
{
    return fingerprint_of(SSL_get0_peer_certificate(t->ssl), out);
}
