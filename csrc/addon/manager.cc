#include "addon/manager.h"

#include "addon/outbox.h"
#include "addon/peer.h"

namespace zpm
{

static constexpr napi_type_tag TAG = {0x7a706d2d6d616e61, 0x676572406a732d31};

Napi::Function Manager::define(Napi::Env env)
{
  return DefineClass(env, "Manager",
                     {InstanceMethod<&Manager::js_close>("close")});
}

Manager *Manager::of(const Napi::Value &value)
{
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&TAG))
    throw Napi::TypeError::New(value.Env(), "a Manager is needed");
  return Unwrap(value.As<Napi::Object>());
}

Manager::Manager(const Napi::CallbackInfo &info)
    : Napi::ObjectWrap<Manager>(info)
{
  Napi::Env env = info.Env();
  loop_ = loop_of(env);
  create(info[0].As<Napi::Object>());
  int rc = uv_async_init(loop_, &async_, on_async);
  if (rc < 0) /* only without memory or descriptors; Node has both by now */
    Napi::Error::Fatal("zpm", uv_strerror(rc));
  async_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t *>(&async_));
  napi_add_async_cleanup_hook(env, on_hook, this, &hook_);
  info.This().As<Napi::Object>().TypeTag(&TAG);
  Ref();
}

void Manager::create(const Napi::Object &options)
{
  struct zpm_error err = {};
  struct zpm_paths paths = {};
  std::string home = string_of(options, "home");
  std::string name = string_of(options, "namespace");
  if (zpm_paths_init(&paths, or_null(home), or_null(name), &err) < 0)
    throw error_of(Env(), &err);
  try {
    create_supervisor(&paths, options);
  } catch (...) {
    zpm_paths_deinit(&paths);
    throw;
  }
  zpm_paths_deinit(&paths);
}

void Manager::create_supervisor(const struct zpm_paths *paths,
                                const Napi::Object &options)
{
  struct zpm_error err = {};
  if (zpm_paths_prepare(paths, &err) < 0)
    throw error_of(Env(), &err);

  struct zpm_api_options api_options = {};
  api_options.home = paths->home;
  api_options.namespace_name = paths->name;
  api_ = zpm_api_create(loop_, &api_options);
  if (api_ == nullptr) {
    zpm_error_set(&err, ZPM_ENOMEM, "out of memory");
    throw error_of(Env(), &err);
  }

  std::string keeper = string_of(options, "keeperPath");
  std::string agent = string_of(options, "agentPath");
  struct zpm_supervisor_options supervisor_options = {};
  supervisor_options.logs_folder = paths->logs;
  supervisor_options.keeper_path = or_null(keeper);
  supervisor_options.agent_path = or_null(agent);
  supervisor_options.observer = on_event;
  supervisor_options.ctx = this;
  if (zpm_supervisor_create(loop_, &supervisor_options, &supervisor_, &err) <
      0) {
    zpm_api_destroy(api_);
    throw error_of(Env(), &err);
  }
  zpm_api_attach(api_, supervisor_);
}

struct zpm_api *Manager::api() const
{
  return api_;
}

bool Manager::closing() const
{
  return closing_;
}

void Manager::peer_opened(Peer *peer)
{
  peers_.insert(peer);
}

void Manager::peer_closed(Peer *peer)
{
  peers_.erase(peer);
}

/* Counted later, from the loop: the supervisor is in the middle of something
 * now.  Until then the loop is kept. */
void Manager::on_event(void *data, const struct zpm_supervisor_event *event)
{
  auto *self = static_cast<Manager *>(data);
  zpm_api_observe(self->api_, event);
  if (event->kind == ZPM_EVENT_LOG || self->closing_ || self->hook_ == nullptr)
    return;
  uv_ref(reinterpret_cast<uv_handle_t *>(&self->async_));
  uv_async_send(&self->async_);
}

void Manager::on_async(uv_async_t *async)
{
  auto *self = static_cast<Manager *>(async->data);
  if (!self->closing_ && !self->supervises())
    uv_unref(reinterpret_cast<uv_handle_t *>(async));
}

bool Manager::supervises() const
{
  size_t count = zpm_supervisor_count(supervisor_);
  for (size_t i = 0; i < count; i++) {
    struct zpm_app_view view;
    zpm_app_view(zpm_supervisor_app(supervisor_, i), &view);
    if (view.busy)
      return true;
  }
  return false;
}

Napi::Value Manager::js_close(const Napi::CallbackInfo &info)
{
  if (!closing_) {
    closed_ = Napi::Persistent(info[0].As<Napi::Function>());
    begin_close();
  }
  return info.Env().Undefined();
}

void Manager::on_hook(napi_async_cleanup_hook_handle, void *data)
{
  auto *self = static_cast<Manager *>(data);
  self->teardown_ = true;
  if (!self->closing_)
    self->begin_close();
}

void Manager::begin_close()
{
  closing_ = true;
  std::set<Peer *> peers;
  peers.swap(peers_);
  for (Peer *peer : peers)
    peer->close();
  zpm_supervisor_close(supervisor_, on_supervisor_closed, this);
}

void Manager::on_supervisor_closed(void *data)
{
  auto *self = static_cast<Manager *>(data);
  self->supervisor_ = nullptr;
  zpm_api_destroy(self->api_);
  self->api_ = nullptr;
  uv_close(reinterpret_cast<uv_handle_t *>(&self->async_), on_closed);
}

void Manager::on_closed(uv_handle_t *handle)
{
  auto *self = static_cast<Manager *>(handle->data);
  napi_async_cleanup_hook_handle hook = self->hook_;
  if (!self->teardown_)
    self->tell_closed();
  self->closed_.Reset();
  self->Unref();
  if (hook != nullptr)
    napi_remove_async_cleanup_hook(hook);
}

void Manager::tell_closed()
{
  Napi::HandleScope scope(Env());
  napi_value global = nullptr;
  napi_value callee = nullptr;
  if (napi_get_global(Env(), &global) == napi_ok &&
      napi_get_reference_value(Env(), closed_, &callee) == napi_ok &&
      callee != nullptr)
    napi_make_callback(Env(), nullptr, global, callee, 0, nullptr, nullptr);
}

} // namespace zpm
