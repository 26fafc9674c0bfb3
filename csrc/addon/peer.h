#ifndef ZPM_ADDON_PEER_H
#define ZPM_ADDON_PEER_H

#include "addon/outbox.h"
#include "addon/zpm.h"

namespace zpm
{

class Manager;

/*
 * JavaScript's end of one conversation with a Manager: what a connection is to
 * the daemon.
 *
 *   new Peer(manager, onLines)
 *   peer.send(line)    one request; what it has to say comes by onLines, later
 *   peer.ref()         an answer is waited for: Node keeps running
 *   peer.unref()
 *   peer.close()
 */
class Peer final : public Napi::ObjectWrap<Peer>, private Outbox::Owner
{
public:
  static Napi::Function define(Napi::Env env);

  explicit Peer(const Napi::CallbackInfo &info);
  void close();

private:
  /* What the api knows of us; it gives `peer` back. */
  struct Link {
    struct zpm_peer peer;
    Peer *self;
  };

  static bool on_send(struct zpm_peer *peer, const char *lines, size_t len,
                      bool droppable);
  void on_drained() override;
  void on_teardown() override;
  void on_outbox_closed() override;

  void js_send(const Napi::CallbackInfo &info);
  void js_ref(const Napi::CallbackInfo &info);
  void js_unref(const Napi::CallbackInfo &info);
  void js_close(const Napi::CallbackInfo &info);

  Manager *manager_{nullptr};
  Link link_{};
  Outbox outbox_;
};

} // namespace zpm

#endif
