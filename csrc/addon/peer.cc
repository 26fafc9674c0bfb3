#include "addon/peer.h"

#include "addon/manager.h"

namespace zpm
{

Napi::Function Peer::define(Napi::Env env)
{
  return DefineClass(env, "Peer",
                     {InstanceMethod<&Peer::js_send>("send"),
                      InstanceMethod<&Peer::js_ref>("ref"),
                      InstanceMethod<&Peer::js_unref>("unref"),
                      InstanceMethod<&Peer::js_close>("close")});
}

Peer::Peer(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Peer>(info)
{
  manager_ = Manager::of(info[0]);
  if (manager_->closing())
    throw Napi::Error::New(info.Env(), "this manager has been closed");
  outbox_.open(info.Env(), this, info[1].As<Napi::Function>(),
               Napi::Function());
  link_.self = this;
  zpm_api_peer_init(manager_->api(), &link_.peer, on_send);
  manager_->peer_opened(this);
  Ref();
}

bool Peer::on_send(struct zpm_peer *peer, const char *lines, size_t len,
                   bool droppable)
{
  auto *link = reinterpret_cast<Link *>(peer);
  return link->self->outbox_.push(lines, len, droppable);
}

/* A line that is no request has been answered; that is all, as nobody but our
 * own JavaScript sends here. */
void Peer::js_send(const Napi::CallbackInfo &info)
{
  std::string line = info[0].As<Napi::String>().Utf8Value();
  if (outbox_.muted())
    throw closed_error(info.Env());
  zpm_api_handle(&link_.peer, line.data(), line.size());
}

void Peer::js_ref(const Napi::CallbackInfo &)
{
  outbox_.keep(true);
}

void Peer::js_unref(const Napi::CallbackInfo &)
{
  outbox_.keep(false);
}

void Peer::js_close(const Napi::CallbackInfo &)
{
  close();
}

void Peer::close()
{
  if (outbox_.muted())
    return;
  manager_->peer_closed(this);
  zpm_api_peer_close(&link_.peer);
  outbox_.close();
}

void Peer::on_drained()
{
  zpm_api_peer_drained(&link_.peer);
}

void Peer::on_teardown()
{
  close();
}

void Peer::on_outbox_closed()
{
  Unref();
}

} // namespace zpm
