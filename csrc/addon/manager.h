#ifndef ZPM_ADDON_MANAGER_H
#define ZPM_ADDON_MANAGER_H

#include <set>

#include "addon/zpm.h"

namespace zpm
{

class Peer;

/*
 * A supervisor on Node's own loop, and the protocol's handlers in front of it:
 * what the daemon is to its clients, in process.
 *
 *   new Manager({home, namespace, keeperPath, agentPath})
 *   manager.close(closed)
 *
 * Requests come through its peers.  It keeps Node running while it supervises
 * something: an app that is up, on its way, or waiting for its next try.  It is
 * its own owner until it is closed (by JavaScript, or because the environment
 * ends); apps that still run then are ended by their keeper.
 */
class Manager : public Napi::ObjectWrap<Manager>
{
public:
  static Napi::Function define(Napi::Env env);
  /* Throws Napi::TypeError if it is something else. */
  static Manager *of(const Napi::Value &value);

  explicit Manager(const Napi::CallbackInfo &info);

  struct zpm_api *api() const;
  bool closing() const;
  void peer_opened(Peer *peer);
  void peer_closed(Peer *peer);

private:
  static void on_event(void *self, const struct zpm_supervisor_event *event);
  static void on_async(uv_async_t *async);
  static void on_hook(napi_async_cleanup_hook_handle hook, void *self);
  static void on_supervisor_closed(void *self);
  static void on_closed(uv_handle_t *handle);
  void create(const Napi::Object &options);
  void create_supervisor(const struct zpm_paths *paths,
                         const Napi::Object &options);
  bool supervises() const;
  Napi::Value js_close(const Napi::CallbackInfo &info);
  void begin_close();
  void tell_closed();

  uv_loop_t *loop_{nullptr};
  struct zpm_api *api_{nullptr};
  struct zpm_supervisor *supervisor_{nullptr};
  std::set<Peer *> peers_;
  uv_async_t async_{}; /* referenced while something is supervised */
  napi_async_cleanup_hook_handle hook_{nullptr};
  Napi::FunctionReference closed_;
  bool teardown_{false};
  bool closing_{false};
};

} // namespace zpm

#endif
