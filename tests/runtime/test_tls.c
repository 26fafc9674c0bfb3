#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/scarce_memory.h"
#include "runtime/scratch.h"
#include "runtime/tls_server.h"

#include "runtime/tls.h"

/*
 * Sessions against a server in memory, whose certificates are made here.  The
 * system's CA certificates are those of the file in SSL_CERT_FILE: our own.
 */

static const char REQUEST[] = "GET / HTTP/1.1\r\n\r\n";
static const char ANSWER[] = "HTTP/1.1 200 OK\r\n\r\nfine";
static const unsigned char LOOPBACK[] = {127, 0, 0, 1};

struct fixture {
  char folder[SCRATCH_MAX];
  char bundle[SCRATCH_MAX + 16];
  struct tls_random random;
  struct tls_identity ca;       /* trusted */
  struct tls_identity stranger; /* a CA that is not */
  struct tls_identity good;     /* for localhost and 127.0.0.1 */
};

static void make(struct fixture *f, struct tls_identity *identity,
                 const struct tls_wish *wish)
{
  assert_int_equal(tls_identity_create(identity, wish, &f->random), 0);
}

static void write_bundle(const struct fixture *f)
{
  FILE *file = fopen(f->bundle, "w");

  assert_non_null(file);
  fputs(f->ca.pem, file);
  assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
  static struct fixture f;

  assert_non_null(scratch_create(f.folder));
  assert_int_equal(tls_random_init(&f.random), 0);
  make(&f, &f.ca, &(struct tls_wish){.subject = "CN=Good CA", .is_ca = 1});
  make(&f, &f.stranger,
       &(struct tls_wish){.subject = "CN=Strange CA", .is_ca = 1});
  make(&f, &f.good,
       &(struct tls_wish){.subject = "CN=good",
                          .signer = &f.ca,
                          .signer_name = "CN=Good CA",
                          .dns = "localhost",
                          .address = LOOPBACK});
  snprintf(f.bundle, sizeof(f.bundle), "%s/ca.pem", f.folder);
  write_bundle(&f);
  setenv("SSL_CERT_FILE", f.bundle, 1);
  *state = &f;
  return 0;
}

static int tear_down(void **state)
{
  struct fixture *f = *state;

  tls_identity_destroy(&f->good);
  tls_identity_destroy(&f->stranger);
  tls_identity_destroy(&f->ca);
  tls_random_deinit(&f->random);
  return scratch_remove(f->folder);
}

/* ---- helpers ---- */

static struct zpm_tls *open_client(const char *host, bool insecure)
{
  struct zpm_error err = {0};
  struct zpm_tls *client = NULL;

  assert_int_equal(zpm_tls_create(host, insecure, &client, &err), 0);
  assert_int_equal(zpm_tls_state(client), ZPM_TLS_HANDSHAKING);
  assert_string_equal(zpm_tls_failure(client), "");
  return client;
}

/* What the client has to send; true if there was something. */
static bool carry_up(struct zpm_tls *client, struct tls_server *server)
{
  struct zpm_str bytes = {0};
  bool any;

  zpm_tls_take(client, &bytes);
  any = bytes.len > 0;
  if (any)
    assert_int_equal(zpm_str_append(&server->in, bytes.data, bytes.len), 0);
  zpm_str_deinit(&bytes);
  return any;
}

/* What the server has to send, in pieces of so many bytes. */
static bool carry_down(struct zpm_tls *client, struct tls_server *server,
                       size_t piece)
{
  bool any = server->out.len > 0;
  size_t at;

  for (at = 0; at < server->out.len; at += piece) {
    size_t len = server->out.len - at < piece ? server->out.len - at : piece;

    zpm_tls_feed(client, server->out.data + at, len);
  }
  zpm_str_clear(&server->out);
  return any;
}

/* Until neither side has anything to say. 0, or the server's failure. */
static int shake_hands(struct zpm_tls *client, struct tls_server *server,
                       size_t piece)
{
  int rc = MBEDTLS_ERR_SSL_WANT_READ;
  bool any = true;

  while (any) {
    any = carry_up(client, server);
    if (rc == MBEDTLS_ERR_SSL_WANT_READ)
      rc = mbedtls_ssl_handshake(&server->ssl);
    any = carry_down(client, server, piece) || any;
  }
  return rc;
}

enum { ALL_AT_ONCE = 1 << 20 };

/* How a session of a client for `host` with a server that shows `identity`
 * fails; an empty text if it does not. */
static void how_it_fails(struct fixture *f, struct tls_identity *identity,
                         const char *host, char text[512])
{
  struct tls_server server;
  struct zpm_tls *client = open_client(host, false);

  zpm_tls_write(client, REQUEST, strlen(REQUEST));
  assert_int_equal(tls_server_init(&server, identity, &f->random), 0);
  shake_hands(client, &server, ALL_AT_ONCE);
  snprintf(text, 512, "%s", zpm_tls_failure(client));
  assert_int_equal(zpm_tls_state(client),
                   text[0] == '\0' ? ZPM_TLS_OPEN : ZPM_TLS_FAILED);
  if (text[0] != '\0') {
    unsigned char heard[64];

    assert_true(mbedtls_ssl_read(&server.ssl, heard, sizeof(heard)) < 0);
  }
  tls_server_deinit(&server);
  zpm_tls_destroy(client);
}

static void read_all(struct zpm_tls *client, char *text, size_t size)
{
  size_t len = 0;
  size_t got;

  do {
    got = zpm_tls_read(client, text + len, size - 1 - len);
    len += got;
  } while (got > 0);
  text[len] = '\0';
}

/* Sends the request, gets the answer; the session stays open. */
static void talk(struct zpm_tls *client, struct tls_server *server,
                 size_t piece)
{
  char text[128] = "";
  int len;

  carry_up(client, server);
  len = mbedtls_ssl_read(&server->ssl, (unsigned char *)text, sizeof(text) - 1);
  assert_int_equal(len, strlen(REQUEST));
  assert_memory_equal(text, REQUEST, strlen(REQUEST));
  assert_int_equal(mbedtls_ssl_write(&server->ssl,
                                     (const unsigned char *)ANSWER,
                                     strlen(ANSWER)),
                   strlen(ANSWER));
  carry_down(client, server, piece);
  read_all(client, text, sizeof(text));
  assert_string_equal(text, ANSWER);
  assert_int_equal(zpm_tls_state(client), ZPM_TLS_OPEN);
}

/* ---- sessions that come about ---- */

static void converse(struct fixture *f, const char *host, bool insecure,
                     size_t piece)
{
  struct tls_server server;
  struct zpm_tls *client = open_client(host, insecure);

  zpm_tls_write(client, REQUEST, strlen(REQUEST));
  assert_int_equal(tls_server_init(&server, &f->good, &f->random), 0);
  assert_int_equal(shake_hands(client, &server, piece), 0);
  talk(client, &server, piece);
  mbedtls_ssl_close_notify(&server.ssl);
  carry_down(client, &server, piece);
  assert_int_equal(zpm_tls_read(client, (char[8]){0}, 8), 0);
  assert_int_equal(zpm_tls_state(client), ZPM_TLS_CLOSED);
  assert_int_equal(zpm_tls_feed(client, "x", 1), ZPM_TLS_CLOSED);
  tls_server_deinit(&server);
  zpm_tls_destroy(client);
}

static void a_certificate_of_a_trusted_ca_is_accepted(void **state)
{
  converse(*state, "localhost", false, ALL_AT_ONCE);
}

static void an_address_is_found_among_its_names(void **state)
{
  converse(*state, "127.0.0.1", false, ALL_AT_ONCE);
}

static void bytes_may_come_one_at_a_time(void **state)
{
  converse(*state, "localhost", false, 1);
}

static void insecure_accepts_another_name(void **state)
{
  converse(*state, "elsewhere.example", true, ALL_AT_ONCE);
}

static void insecure_needs_no_ca_certificates(void **state)
{
  struct fixture *f = *state;

  setenv("SSL_CERT_FILE", "/nowhere/at/all.pem", 1);
  converse(f, "localhost", true, ALL_AT_ONCE);
  setenv("SSL_CERT_FILE", f->bundle, 1);
}

static void much_is_written_and_read(void **state)
{
  struct fixture *f = *state;
  enum { MUCH = 100000 };
  struct tls_server server;
  struct zpm_tls *client = open_client("localhost", false);
  unsigned char *bytes = malloc(MUCH);
  int got = 0;
  int len;

  assert_non_null(bytes);
  memset(bytes, 'm', MUCH);
  assert_int_equal(tls_server_init(&server, &f->good, &f->random), 0);
  assert_int_equal(shake_hands(client, &server, ALL_AT_ONCE), 0);
  assert_int_equal(zpm_tls_write(client, bytes, MUCH), ZPM_TLS_OPEN);
  zpm_tls_finish(client);
  carry_up(client, &server);
  while ((len = mbedtls_ssl_read(&server.ssl, bytes, MUCH)) > 0)
    got += len;
  assert_int_equal(got, MUCH);
  assert_int_equal(len, MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY);
  free(bytes);
  tls_server_deinit(&server);
  zpm_tls_destroy(client);
}

/* ---- certificates that are refused ---- */

static void assert_refused(struct fixture *f, const struct tls_wish *wish,
                           const char *host, const char *expected)
{
  struct tls_identity identity;
  char text[512];

  make(f, &identity, wish);
  how_it_fails(f, &identity, host, text);
  tls_identity_destroy(&identity);
  assert_string_equal(text, expected);
}

static void a_self_signed_one_is_refused_with_a_hint(void **state)
{
  assert_refused(
      *state, &(struct tls_wish){.subject = "CN=localhost"}, "localhost",
      "self-signed certificate: set insecure: true if that is meant");
}

static void one_of_an_unknown_ca_is_refused_by_its_name(void **state)
{
  struct fixture *f = *state;

  assert_refused(f,
                 &(struct tls_wish){.subject = "CN=localhost",
                                    .signer = &f->stranger,
                                    .signer_name = "CN=Strange CA",
                                    .dns = "localhost"},
                 "localhost",
                 "the certificate was issued by 'CN=Strange CA', which this "
                 "machine does not trust: add that CA to the system's, or set "
                 "insecure: true");
}

static void one_for_another_name_is_refused(void **state)
{
  struct fixture *f = *state;
  char text[512];

  how_it_fails(f, &f->good, "elsewhere.example", text);
  assert_string_equal(text, "the certificate is not for elsewhere.example, but "
                            "for localhost, 127.0.0.1");
}

static void one_for_another_address_is_refused(void **state)
{
  struct fixture *f = *state;
  char text[512];

  how_it_fails(f, &f->good, "::1", text);
  assert_string_equal(text, "the certificate is not for ::1, but for "
                            "localhost, 127.0.0.1");
}

static void one_that_names_an_address_as_its_subject_is_refused(void **state)
{
  struct fixture *f = *state;

  assert_refused(f,
                 &(struct tls_wish){.subject = "CN=127.0.0.1",
                                    .signer = &f->ca,
                                    .signer_name = "CN=Good CA"},
                 "127.0.0.1",
                 "the certificate is not for 127.0.0.1, but for CN=127.0.0.1");
}

static void one_that_has_expired_is_refused_with_the_date(void **state)
{
  struct fixture *f = *state;

  assert_refused(f,
                 &(struct tls_wish){.subject = "CN=localhost",
                                    .signer = &f->ca,
                                    .signer_name = "CN=Good CA",
                                    .dns = "localhost",
                                    .until = "20240203040506"},
                 "localhost",
                 "the certificate has expired (on 2024-02-03): renew it");
}

static void one_of_the_future_is_refused_with_the_date(void **state)
{
  struct fixture *f = *state;

  assert_refused(f,
                 &(struct tls_wish){.subject = "CN=localhost",
                                    .signer = &f->ca,
                                    .signer_name = "CN=Good CA",
                                    .dns = "localhost",
                                    .from = "20980203040506"},
                 "localhost",
                 "the certificate is not valid before 2098-02-03: is the clock "
                 "right?");
}

/* ---- what is not TLS, or not all of it ---- */

static void assert_stranger(const void *bytes, size_t len, const char *expected)
{
  struct zpm_tls *client = open_client("localhost", true);

  assert_int_equal(zpm_tls_feed(client, bytes, len), ZPM_TLS_FAILED);
  assert_string_equal(zpm_tls_failure(client), expected);
  assert_int_equal(zpm_tls_end(client), ZPM_TLS_FAILED);
  assert_int_equal(zpm_tls_write(client, "x", 1), ZPM_TLS_FAILED);
  assert_int_equal(zpm_tls_read(client, (char[8]){0}, 8), 0);
  zpm_tls_finish(client);
  assert_string_equal(zpm_tls_failure(client), expected);
  zpm_tls_destroy(client);
}

static void a_plain_http_server_is_told_by_its_answer(void **state)
{
  const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

  (void)state;
  assert_stranger(answer, strlen(answer),
                  "it does not speak TLS, but plain HTTP: use http://");
}

static void something_else_does_not_speak_tls(void **state)
{
  (void)state;
  assert_stranger("\0\xff\xfe garbage", 11, "it does not speak TLS");
  assert_stranger("220 mail\r\n", 10, "it does not speak TLS");
}

static void garbage_in_a_record_is_said_to_be_wrong(void **state)
{
  const char garbage[] = "\x16\x03\x03\0\x08\x02\0\0\x04junk";
  struct zpm_tls *client = open_client("localhost", true);

  (void)state;
  assert_int_equal(zpm_tls_feed(client, garbage, sizeof(garbage) - 1),
                   ZPM_TLS_FAILED);
  assert_non_null(strstr(zpm_tls_failure(client), "not TLS as it should be"));
  zpm_tls_destroy(client);
}

static void an_alert_of_the_server_is_explained(void **state)
{
  const char version[] = "\x15\x03\x03\0\x02\x02\x46";
  const char name[] = "\x15\x03\x03\0\x02\x02\x70";
  const char required[] = "\x15\x03\x03\0\x02\x02\x74";
  const char other[] = "\x15\x03\x03\0\x02\x02\x50";

  (void)state;
#ifdef MBEDTLS_SSL_PROTO_TLS1_3
  assert_stranger(version, sizeof(version) - 1,
                  "the server speaks no version of TLS that zpm speaks (TLS "
                  "1.2 and 1.3)");
#else
  assert_stranger(version, sizeof(version) - 1,
                  "the server speaks no version of TLS that zpm speaks (TLS "
                  "1.2)");
#endif
  assert_stranger(name, sizeof(name) - 1,
                  "the server does not know this host name");
  assert_stranger(required, sizeof(required) - 1,
                  "the server wants a certificate of the client, which probes "
                  "do not have: give it a port or a path that asks for none");
  assert_stranger(other, sizeof(other) - 1,
                  "the server has refused the session (TLS alert 80)");
}

static void a_server_that_leaves_at_once_is_told(void **state)
{
  struct zpm_tls *client = open_client("localhost", true);

  (void)state;
  assert_int_equal(zpm_tls_end(client), ZPM_TLS_FAILED);
  assert_string_equal(zpm_tls_failure(client),
                      "the connection was closed without a word of TLS: does "
                      "it speak it?");
  zpm_tls_destroy(client);
}

/* The first flight of a server in answer to this client. */
static void first_flight(struct fixture *f, struct zpm_tls *client,
                         struct tls_server *server)
{
  assert_int_equal(tls_server_init(server, &f->good, &f->random), 0);
  carry_up(client, server);
  mbedtls_ssl_handshake(&server->ssl);
  assert_true(server->out.len > 0);
}

static void a_handshake_cut_off_anywhere_fails(void **state)
{
  struct fixture *f = *state;
  size_t cut;
  size_t all = 2;

  for (cut = 1; cut < all; cut += 7) {
    struct tls_server server;
    struct zpm_tls *client = open_client("localhost", false);

    first_flight(f, client, &server);
    all = server.out.len;
    zpm_tls_feed(client, server.out.data, cut < all ? cut : all - 1);
    assert_int_equal(zpm_tls_end(client), ZPM_TLS_FAILED);
    assert_string_equal(zpm_tls_failure(client),
                        "the connection was closed in the middle of the TLS "
                        "session");
    tls_server_deinit(&server);
    zpm_tls_destroy(client);
  }
  assert_true(cut > 100);
}

/* Whether a byte is in the header of a record, or in a record without meaning
 * that TLS 1.3 sends: what these say is protected by nothing. */
static bool is_unprotected(const struct zpm_str *flight, size_t at)
{
  enum { HEADER = 5, CHANGE_CIPHER_SPEC = 0x14 };
  const unsigned char *bytes = (const unsigned char *)flight->data;
  size_t begin = 0;
  size_t end = 0;

  while (end <= at && end + HEADER <= flight->len) {
    begin = end;
    end += HEADER + (size_t)(bytes[begin + 3] << 8 | bytes[begin + 4]);
  }
  return at < begin + HEADER || bytes[begin] == CHANGE_CIPHER_SPEC;
}

static void a_handshake_with_a_wrong_byte_never_opens(void **state)
{
  struct fixture *f = *state;
  size_t wrong;
  size_t all = 4;
  bool is_protected;

  for (wrong = 0; wrong + 3 < all; wrong += 3) {
    struct tls_server server;
    struct zpm_tls *client = open_client("localhost", false);

    first_flight(f, client, &server);
    all = server.out.len;
    is_protected = !is_unprotected(&server.out, wrong);
    server.out.data[wrong] = (char)(server.out.data[wrong] ^ 0x55);
    carry_down(client, &server, ALL_AT_ONCE);
    zpm_tls_end(client);
    if (is_protected)
      assert_int_equal(zpm_tls_state(client), ZPM_TLS_FAILED);
    assert_true((zpm_tls_state(client) == ZPM_TLS_FAILED) ==
                (zpm_tls_failure(client)[0] != '\0'));
    tls_server_deinit(&server);
    zpm_tls_destroy(client);
  }
}

static void an_answer_cut_off_is_read_and_then_told(void **state)
{
  struct fixture *f = *state;
  struct tls_server server;
  struct zpm_tls *client = open_client("localhost", false);

  zpm_tls_write(client, REQUEST, strlen(REQUEST));
  assert_int_equal(tls_server_init(&server, &f->good, &f->random), 0);
  assert_int_equal(shake_hands(client, &server, ALL_AT_ONCE), 0);
  talk(client, &server, ALL_AT_ONCE);
  assert_int_equal(zpm_tls_end(client), ZPM_TLS_OPEN);
  assert_int_equal(zpm_tls_read(client, (char[8]){0}, 8), 0);
  assert_int_equal(zpm_tls_state(client), ZPM_TLS_FAILED);
  assert_non_null(strstr(zpm_tls_failure(client), "closed in the middle"));
  tls_server_deinit(&server);
  zpm_tls_destroy(client);
}

/* ---- what this machine lacks ---- */

static void a_missing_bundle_is_named(void **state)
{
  struct fixture *f = *state;
  struct zpm_error err = {0};
  struct zpm_tls *client = NULL;

  setenv("SSL_CERT_FILE", "/nowhere/at/all.pem", 1);
  assert_int_equal(zpm_tls_create("localhost", false, &client, &err), ZPM_EIO);
  assert_null(client);
  assert_string_equal(err.message,
                      "no CA certificates can be read from "
                      "/nowhere/at/all.pem: mend that file, name another by "
                      "SSL_CERT_FILE, or set insecure: true");
  setenv("SSL_CERT_FILE", f->bundle, 1);
}

static void a_session_without_memory_fails_in_words(void **state)
{
  struct fixture *f = *state;
  bool opened = false;
  long n;

  for (n = 0; !opened; n++) {
    struct tls_server server;
    struct zpm_tls *client = NULL;

    assert_int_equal(tls_server_init(&server, &f->good, &f->random), 0);
    assert_int_equal(zpm_str_reserve(&server.in, 8192), 0);
    assert_int_equal(zpm_str_reserve(&server.out, 8192), 0);
    allocations_left = n;
    if (zpm_tls_create("localhost", false, &client, NULL) != 0)
      assert_null(client);
    else
      shake_hands(client, &server, 100);
    allocations_left = -1;
    opened = client != NULL && zpm_tls_state(client) == ZPM_TLS_OPEN;
    if (client != NULL && !opened)
      assert_string_equal(zpm_tls_failure(client), "out of memory");
    tls_server_deinit(&server);
    zpm_tls_destroy(client);
  }
  assert_true(n > 3);
  zpm_tls_destroy(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_certificate_of_a_trusted_ca_is_accepted),
      cmocka_unit_test(an_address_is_found_among_its_names),
      cmocka_unit_test(bytes_may_come_one_at_a_time),
      cmocka_unit_test(insecure_accepts_another_name),
      cmocka_unit_test(insecure_needs_no_ca_certificates),
      cmocka_unit_test(much_is_written_and_read),
      cmocka_unit_test(a_self_signed_one_is_refused_with_a_hint),
      cmocka_unit_test(one_of_an_unknown_ca_is_refused_by_its_name),
      cmocka_unit_test(one_for_another_name_is_refused),
      cmocka_unit_test(one_for_another_address_is_refused),
      cmocka_unit_test(one_that_names_an_address_as_its_subject_is_refused),
      cmocka_unit_test(one_that_has_expired_is_refused_with_the_date),
      cmocka_unit_test(one_of_the_future_is_refused_with_the_date),
      cmocka_unit_test(a_plain_http_server_is_told_by_its_answer),
      cmocka_unit_test(something_else_does_not_speak_tls),
      cmocka_unit_test(garbage_in_a_record_is_said_to_be_wrong),
      cmocka_unit_test(an_alert_of_the_server_is_explained),
      cmocka_unit_test(a_server_that_leaves_at_once_is_told),
      cmocka_unit_test(a_handshake_cut_off_anywhere_fails),
      cmocka_unit_test(a_handshake_with_a_wrong_byte_never_opens),
      cmocka_unit_test(an_answer_cut_off_is_read_and_then_told),
      cmocka_unit_test(a_missing_bundle_is_named),
      cmocka_unit_test(a_session_without_memory_fails_in_words),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
