// SPDX-License-Identifier: MIT
// Tests of TLS over memory: both ends in one process, trust, fingerprints, broken records.
#include "os/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "os/scratch_test.h"

struct pair {
    struct tls_context *server_context;
    struct tls_context *client_context;
    struct tls *server;
    struct tls *client;
};

static void carry(struct tls *from, struct tls *to)
{
    assert_int_equal(tls_input(to, tls_output(from)), RC_OK);
    tls_sent(from);
    assert_int_equal(tls_output(from).len, 0);
}

static void setup(struct pair *p, const char *host)
{
    struct err err = {0};
    if (tls_self_made_context(&p->server_context, scratch_folder, &err) != RC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(tls_client_context(&p->client_context, &err), RC_OK);
    assert_int_equal(tls_new(&p->server, p->server_context, NULL), RC_OK);
    assert_int_equal(tls_new(&p->client, p->client_context, host), RC_OK);
    const char *why = NULL;
    enum rc client = RC_AGAIN;
    enum rc server = RC_AGAIN;
    for (int i = 0; i < 5 && (client != RC_OK || server != RC_OK); i++) {
        client = tls_handshake(p->client, &why);
        carry(p->client, p->server);
        server = tls_handshake(p->server, &why);
        carry(p->server, p->client);
    }
    assert_int_equal(client, RC_OK);
    assert_int_equal(server, RC_OK);
}

static void teardown(struct pair *p)
{
    tls_free(p->client);
    tls_free(p->server);
    tls_free(NULL);
    tls_context_free(p->client_context);
    tls_context_free(p->server_context);
    tls_context_free(NULL);
}

static void bytes_pass_both_ways(void **state)
{
    (void)state;
    struct pair p;
    setup(&p, "localhost");
    static uint8_t sent[100000];
    static uint8_t got[sizeof sent + 1];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 31 >> 3);
    assert_int_equal(tls_write(p.client, bytes_of(sent, sizeof sent)), RC_OK);
    carry(p.client, p.server);
    size_t total = 0;
    size_t len = 0;
    while (tls_read(p.server, got + total, sizeof got - total, &len) == RC_OK)
        total += len;
    assert_int_equal(total, sizeof sent);
    assert_memory_equal(got, sent, sizeof sent);
    assert_int_equal(tls_write(p.server, bytes_text("answer")), RC_OK);
    assert_null(memmem(tls_output(p.server).at, tls_output(p.server).len, "answer", 6));
    carry(p.server, p.client);
    assert_int_equal(tls_read(p.client, got, sizeof got, &len), RC_OK);
    assert_true(bytes_is(bytes_of(got, len), "answer"));
    assert_int_equal(tls_read(p.client, got, sizeof got, &len), RC_AGAIN);
    tls_end(p.server);
    carry(p.server, p.client);
    assert_int_equal(tls_read(p.client, got, sizeof got, &len), RC_CLOSED);
    teardown(&p);
}

static void a_self_made_one_is_known_by_its_fingerprint(void **state)
{
    (void)state;
    struct pair p;
    setup(&p, "127.0.0.1");
    const char *why = NULL;
    assert_false(tls_is_trusted(p.client, &why));
    assert_string_equal(why, "self-signed certificate");
    struct digest seen;
    struct digest own = tls_context_fingerprint(p.server_context);
    assert_true(tls_peer_fingerprint(p.client, &seen));
    assert_memory_equal(&seen, &own, sizeof own);
    assert_false(tls_peer_fingerprint(p.server, &seen)); // clients show none
    assert_false(tls_is_trusted(p.server, &why));
    teardown(&p);
    setup(&p, "localhost"); // made once: the same certificate again
    struct digest again = tls_context_fingerprint(p.server_context);
    assert_memory_equal(&again, &own, sizeof own);
    teardown(&p);
    char path[128];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/hub.pem", scratch_folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

// With our certificate made an authority by the usual variable: trusted, but for its own name
// alone, which is not a host's.
static void the_name_must_fit_too(void **state)
{
    (void)state;
    char path[128];
    const char *why = NULL;
    struct pair p;
    (void)snprintf(path, sizeof path, "%s/hub.pem", scratch_folder);
    assert_int_equal(setenv("SSL_CERT_FILE", path, 1), 0);
    setup(&p, "elsewhere.example");
    assert_false(tls_is_trusted(p.client, &why));
    assert_string_equal(why, "hostname mismatch");
    teardown(&p);
    setup(&p, "127.0.0.1");
    assert_false(tls_is_trusted(p.client, &why));
    assert_string_equal(why, "IP address mismatch");
    teardown(&p);
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
}

// A self-signed certificate for hub.example and 10.0.0.1, its own authority.
static void make_certificate(const char *certificate_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    assert_non_null(key);
    assert_non_null(x);
    X509_NAME *name = X509_get_subject_name(x);
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:hub.example,IP:10.0.0.1");
    assert_non_null(names);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"hub.example", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x, name), 1);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_int_equal(X509_add_ext(x, names, -1), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    FILE *f = fopen(certificate_path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509(f, x), 1);
    assert_int_equal(fclose(f), 0);
    f = fopen(key_path, "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(f), 0);
    X509_EXTENSION_free(names);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void a_certificate_from_an_authority_is_trusted(void **state)
{
    (void)state;
    char certificate[128];
    char key[128];
    struct err err = {0};
    (void)snprintf(certificate, sizeof certificate, "%s/c.pem", scratch_folder);
    (void)snprintf(key, sizeof key, "%s/k.pem", scratch_folder);
    make_certificate(certificate, key);
    assert_int_equal(setenv("SSL_CERT_FILE", certificate, 1), 0);
    struct tls_context *given = NULL;
    assert_int_equal(tls_server_context(&given, certificate, key, &err), RC_OK);
    static const struct {
        const char *host;
        bool is_trusted;
    } cases[] = {{"hub.example", true}, {"10.0.0.1", true}, {"other.example", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_context *client_context = NULL;
        struct tls *client = NULL;
        struct tls *server = NULL;
        const char *why = NULL;
        assert_int_equal(tls_client_context(&client_context, &err), RC_OK);
        assert_int_equal(tls_new(&client, client_context, cases[i].host), RC_OK);
        assert_int_equal(tls_new(&server, given, NULL), RC_OK);
        assert_int_equal(tls_handshake(client, &why), RC_AGAIN);
        carry(client, server);
        assert_int_equal(tls_handshake(server, &why), RC_AGAIN);
        carry(server, client);
        assert_int_equal(tls_handshake(client, &why), RC_OK);
        assert_int_equal(tls_is_trusted(client, &why), cases[i].is_trusted);
        tls_free(client);
        tls_free(server);
        tls_context_free(client_context);
    }
    tls_context_free(given);
    assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
    char other[128];
    (void)snprintf(other, sizeof other, "%s/hub.pem", scratch_folder);
    assert_int_equal(tls_server_context(&given, certificate, other, &err), RC_CONFIG);
    assert_non_null(strstr(err.text, "cannot use"));
    assert_null(given);
}

static void garbage_is_refused(void **state)
{
    (void)state;
    struct pair p;
    setup(&p, "localhost");
    uint8_t got[100];
    size_t len = 0;
    const char *why = NULL;
    assert_int_equal(tls_write(p.client, bytes_text("secret")), RC_OK);
    struct bytes wire = tls_output(p.client);
    uint8_t spoiled[200];
    assert_true(wire.len <= sizeof spoiled);
    memcpy(spoiled, wire.at, wire.len);
    spoiled[wire.len - 1] ^= 1;
    assert_int_equal(tls_input(p.server, bytes_of(spoiled, wire.len)), RC_OK);
    assert_int_equal(tls_read(p.server, got, sizeof got, &len), RC_MALFORMED);
    struct tls *other = NULL;
    assert_int_equal(tls_new(&other, p.server_context, NULL), RC_OK);
    assert_int_equal(tls_input(other, bytes_text("GET / HTTP/1.1\r\n\r\n")), RC_OK);
    assert_int_equal(tls_handshake(other, &why), RC_REFUSED);
    assert_string_equal(why, "http request");
    tls_free(other);
    teardown(&p);
}

static void old_versions_are_refused(void **state)
{
    (void)state;
    struct pair p;
    setup(&p, "localhost");
    SSL_CTX *old = SSL_CTX_new(TLS_client_method());
    assert_non_null(old);
    SSL_CTX_set_security_level(old, 0);
    assert_int_equal(SSL_CTX_set_max_proto_version(old, TLS1_1_VERSION), 1);
    assert_int_equal(SSL_CTX_set_cipher_list(old, "ALL:@SECLEVEL=0"), 1);
    SSL *ssl = SSL_new(old);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    assert_int_equal(SSL_do_handshake(ssl), -1);
    char *at = NULL;
    const long len = BIO_get_mem_data(out, &at);
    assert_true(len > 0); // it did offer
    struct tls *server = NULL;
    const char *why = NULL;
    assert_int_equal(tls_new(&server, p.server_context, NULL), RC_OK);
    assert_int_equal(tls_input(server, bytes_of(at, (size_t)len)), RC_OK);
    assert_int_equal(tls_handshake(server, &why), RC_REFUSED);
    assert_string_equal(why, "unsupported protocol");
    tls_free(server);
    SSL_free(ssl);
    SSL_CTX_free(old);
    teardown(&p);
}

static void missing_files_have_words(void **state)
{
    (void)state;
    struct tls_context *c = NULL;
    struct err err = {0};
    assert_int_equal(tls_server_context(&c, "/no/cert.pem", "/no/key.pem", &err), RC_CONFIG);
    assert_string_equal(err.text, "cannot use /no/cert.pem for TLS: No such file or directory");
    assert_int_equal(tls_self_made_context(&c, "/no/such", &err), RC_IO);
    assert_string_equal(err.text, "cannot write /no/such/hub.pem: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_both_ways),
        cmocka_unit_test(a_self_made_one_is_known_by_its_fingerprint),
        cmocka_unit_test(the_name_must_fit_too),
        cmocka_unit_test(a_certificate_from_an_authority_is_trusted),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(old_versions_are_refused),
        cmocka_unit_test(missing_files_have_words),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
