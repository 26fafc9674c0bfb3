#include "addon/outbox.h"

namespace zpm
{

/* What may wait for JavaScript before log output is refused. */
static constexpr size_t DROPPABLE_MAX = 1024 * 1024;

void Outbox::open(Napi::Env env, Owner *owner, Napi::Function on_lines,
                  Napi::Function on_end)
{
  int rc = uv_async_init(loop_of(env), &async_, on_async);
  if (rc < 0)
    throw Napi::Error::New(env,
                           std::string("uv_async_init: ") + uv_strerror(rc));
  async_.data = this;
  uv_unref(reinterpret_cast<uv_handle_t *>(&async_));
  env_ = env;
  owner_ = owner;
  on_lines_ = Napi::Persistent(on_lines);
  if (!on_end.IsEmpty())
    on_end_ = Napi::Persistent(on_end);
  napi_add_async_cleanup_hook(env, on_hook, this, &hook_);
}

bool Outbox::push(const char *lines, size_t len, bool droppable)
{
  if (muted_ || ended_)
    return true;
  if (droppable && lines_.len + len > DROPPABLE_MAX) {
    refused_ = true;
    return false;
  }
  if (zpm_str_append(&lines_, lines, len) < 0)
    return false;
  wake();
  return true;
}

void Outbox::end(const struct zpm_error *err)
{
  if (muted_ || ended_)
    return;
  ended_ = true;
  if (err != nullptr)
    end_ = *err;
  wake();
}

void Outbox::keep(bool waited_for)
{
  waited_for_ = waited_for;
  if (!muted_)
    settle();
}

bool Outbox::muted() const
{
  return muted_;
}

/* What waits is still told if it was said before, so it keeps the loop. */
void Outbox::wake()
{
  uv_ref(reinterpret_cast<uv_handle_t *>(&async_));
  uv_async_send(&async_);
}

void Outbox::settle()
{
  bool waiting = lines_.len > 0 || (ended_ && !end_told_);
  auto *handle = reinterpret_cast<uv_handle_t *>(&async_);
  if (waited_for_ || waiting)
    uv_ref(handle);
  else
    uv_unref(handle);
}

void Outbox::on_async(uv_async_t *async)
{
  auto *self = static_cast<Outbox *>(async->data);
  if (!self->muted_)
    self->deliver();
}

/* Each call of JavaScript may close us; the memory stays until on_closed. */
void Outbox::deliver()
{
  deliver_lines();
  if (!muted_ && refused_) {
    refused_ = false;
    owner_->on_drained();
  }
  if (!muted_ && ended_ && !end_told_ && lines_.len == 0)
    deliver_end();
  if (!muted_)
    settle();
}

void Outbox::deliver_lines()
{
  struct zpm_str lines = lines_;
  lines_ = {};
  if (lines.len > 0) {
    Napi::HandleScope scope(env_);
    napi_value text = nullptr;
    if (napi_create_string_utf8(env_, lines.data, lines.len, &text) == napi_ok)
      call(on_lines_, 1, &text);
  }
  zpm_str_deinit(&lines);
}

void Outbox::deliver_end()
{
  end_told_ = true;
  if (on_end_.IsEmpty())
    return;
  Napi::HandleScope scope(env_);
  napi_value arguments[2] = {nullptr, nullptr};
  const char *code = zpm_code_name(end_.code);
  if (napi_create_string_utf8(env_, end_.message, NAPI_AUTO_LENGTH,
                              &arguments[0]) == napi_ok &&
      napi_create_string_utf8(env_, code, NAPI_AUTO_LENGTH, &arguments[1]) ==
          napi_ok)
    call(on_end_, 2, arguments);
}

/* Plain N-API: while an environment ends, any of this may fail, and then there
 * is nobody left to tell. */
void Outbox::call(Napi::FunctionReference &function, size_t count,
                  const napi_value *arguments)
{
  napi_value global = nullptr;
  napi_value callee = nullptr;
  if (napi_get_global(env_, &global) != napi_ok ||
      napi_get_reference_value(env_, function, &callee) != napi_ok ||
      callee == nullptr)
    return;
  napi_status status = napi_make_callback(env_, nullptr, global, callee, count,
                                          arguments, nullptr);
  napi_value thrown = nullptr;
  if (status == napi_pending_exception &&
      napi_get_and_clear_last_exception(env_, &thrown) == napi_ok)
    napi_fatal_exception(env_, thrown);
}

void Outbox::mute()
{
  muted_ = true;
  zpm_str_deinit(&lines_);
  lines_ = {};
}

void Outbox::close()
{
  if (closing_)
    return;
  mute();
  closing_ = true;
  uv_close(reinterpret_cast<uv_handle_t *>(&async_), on_closed);
}

void Outbox::on_closed(uv_handle_t *handle)
{
  auto *self = static_cast<Outbox *>(handle->data);
  self->on_lines_.Reset();
  self->on_end_.Reset();
  napi_async_cleanup_hook_handle hook = self->hook_;
  self->owner_->on_outbox_closed();
  if (hook != nullptr)
    napi_remove_async_cleanup_hook(hook);
}

void Outbox::on_hook(napi_async_cleanup_hook_handle, void *data)
{
  auto *self = static_cast<Outbox *>(data);
  self->owner_->on_teardown();
}

uv_loop_t *loop_of(Napi::Env env)
{
  uv_loop_t *loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok)
    throw Napi::Error::New(env, "this environment has no event loop");
  return loop;
}

Napi::Error error_of(Napi::Env env, const struct zpm_error *err)
{
  const char *text =
      err->message[0] != '\0' ? err->message : zpm_code_text(err->code);
  Napi::Error error = Napi::Error::New(env, text);
  error.Set("code", Napi::String::New(env, zpm_code_name(err->code)));
  return error;
}

Napi::Error closed_error(Napi::Env env)
{
  struct zpm_error err = {};
  zpm_error_set(&err, ZPM_ECLOSING, "this conversation has been closed");
  return error_of(env, &err);
}

std::string string_of(const Napi::Object &options, const char *key)
{
  Napi::Value value = options.Get(key);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
}

const char *or_null(const std::string &text)
{
  return text.empty() ? nullptr : text.c_str();
}

} // namespace zpm
