#ifndef ZPM_ADDON_CLIENT_H
#define ZPM_ADDON_CLIENT_H

#include "addon/outbox.h"
#include "addon/zpm.h"

namespace zpm
{

/*
 * A connection to the daemon.
 *
 *   new Client(onLines, onEnd)
 *   await client.connect({home, namespace, zpmPath, startDaemon})
 *   client.send(line)   client.ref()   client.unref()   client.close()
 *
 * Connecting blocks, at most 10 s when the daemon has to be started, so it
 * happens on a thread of libuv's pool.  onEnd(message, code) comes once, when
 * the connection ends by itself; after close() nothing comes.
 */
class Client final : public Napi::ObjectWrap<Client>, private Outbox::Owner
{
public:
  static Napi::Function define(Napi::Env env);

  explicit Client(const Napi::CallbackInfo &info);
  /* Takes the connected socket over. */
  int connected(int fd, struct zpm_error *err);

private:
  static void on_line(void *self, const char *line, size_t len);
  static void on_ended(void *self, const struct zpm_error *err);
  static void on_client_closed(void *self);
  void on_drained() override;
  void on_teardown() override;
  void on_outbox_closed() override;

  Napi::Value js_connect(const Napi::CallbackInfo &info);
  void js_send(const Napi::CallbackInfo &info);
  void js_ref(const Napi::CallbackInfo &info);
  void js_unref(const Napi::CallbackInfo &info);
  void js_close(const Napi::CallbackInfo &info);
  void keep(bool waited_for);
  void close();

  struct zpm_client *client_{nullptr};
  Outbox outbox_;
  bool waited_for_{false};
};

} // namespace zpm

#endif
