#include "addon/client.h"

#include <unistd.h>

#include "addon/connecting.h"

namespace zpm
{

Napi::Function Client::define(Napi::Env env)
{
  return DefineClass(env, "Client",
                     {InstanceMethod<&Client::js_connect>("connect"),
                      InstanceMethod<&Client::js_send>("send"),
                      InstanceMethod<&Client::js_ref>("ref"),
                      InstanceMethod<&Client::js_unref>("unref"),
                      InstanceMethod<&Client::js_close>("close")});
}

Client::Client(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Client>(info)
{
  outbox_.open(info.Env(), this, info[0].As<Napi::Function>(),
               info[1].As<Napi::Function>());
  Ref();
}

Napi::Value Client::js_connect(const Napi::CallbackInfo &info)
{
  auto *connecting = new Connecting(info.Env(), this, Value(),
                                    DaemonOptions(info[0].As<Napi::Object>()));
  Napi::Promise promise = connecting->promise();
  connecting->Queue();
  return promise;
}

int Client::connected(int fd, struct zpm_error *err)
{
  if (outbox_.muted() || client_ != nullptr) {
    ::close(fd);
    return zpm_error_set(err, ZPM_ECLOSING, "the client has been closed");
  }
  const struct zpm_client_events events = {on_line, on_ended};
  int rc = zpm_client_open(loop_of(Env()), fd, &events, this, &client_, err);
  if (rc == 0)
    zpm_client_ref(client_, waited_for_);
  return rc;
}

void Client::on_line(void *data, const char *line, size_t len)
{
  auto *self = static_cast<Client *>(data);
  if (self->outbox_.push(line, len, false))
    self->outbox_.push("\n", 1, false);
}

void Client::on_ended(void *data, const struct zpm_error *err)
{
  static_cast<Client *>(data)->outbox_.end(err);
}

void Client::js_send(const Napi::CallbackInfo &info)
{
  std::string line = info[0].As<Napi::String>().Utf8Value();
  if (client_ == nullptr)
    throw closed_error(info.Env());
  struct zpm_error err = {};
  if (zpm_client_send(client_, line.data(), line.size()) < 0) {
    zpm_error_set(&err, ZPM_EDAEMON, "the connection to the daemon has ended");
    throw error_of(info.Env(), &err);
  }
}

void Client::js_ref(const Napi::CallbackInfo &)
{
  keep(true);
}

void Client::js_unref(const Napi::CallbackInfo &)
{
  keep(false);
}

void Client::keep(bool waited_for)
{
  waited_for_ = waited_for;
  outbox_.keep(waited_for);
  if (client_ != nullptr)
    zpm_client_ref(client_, waited_for);
}

void Client::js_close(const Napi::CallbackInfo &)
{
  close();
}

/* The connection goes first, then the outbox that it speaks into. */
void Client::close()
{
  if (outbox_.muted())
    return;
  outbox_.mute();
  struct zpm_client *client = client_;
  client_ = nullptr;
  if (client == nullptr) {
    outbox_.close();
    return;
  }
  zpm_client_close(client, on_client_closed, this);
}

void Client::on_client_closed(void *data)
{
  static_cast<Client *>(data)->outbox_.close();
}

/* The daemon's lines are always taken: it is the one that bounds them. */
void Client::on_drained()
{
}

void Client::on_teardown()
{
  close();
}

void Client::on_outbox_closed()
{
  Unref();
}

} // namespace zpm
