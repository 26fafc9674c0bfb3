#ifndef ZPM_ADDON_OUTBOX_H
#define ZPM_ADDON_OUTBOX_H

#include "addon/zpm.h"

namespace zpm
{

/*
 * Lines on their way from C to JavaScript.
 *
 * What C says is collected here and told to JavaScript later, from the loop, in
 * one text per turn: no function of JavaScript ever runs inside a call that
 * JavaScript made, and a thousand events cost one crossing.
 *
 * It has one uv handle, which keeps the loop alive only while lines wait or
 * its owner is told to (keep): that is how a script with nothing left to wait
 * for ends by itself.  When the environment ends (worker.terminate(), the end
 * of a worker) the owner is told to close, and the environment waits until the
 * handle is gone.
 */
class Outbox
{
public:
  class Owner
  {
  public:
    /* There is room for droppable lines again, after some were refused. */
    virtual void on_drained() = 0;
    /* The environment ends: close. JavaScript must not be called any more. */
    virtual void on_teardown() = 0;
    /* The last call: the owner may go. */
    virtual void on_outbox_closed() = 0;

  protected:
    ~Owner() = default;
  };

  /* Throws Napi::Error.  `on_end` may be empty. */
  void open(Napi::Env env, Owner *owner, Napi::Function on_lines,
            Napi::Function on_end);

  /* Takes whole lines (copied). False if they are droppable and too many wait,
   * or if there is no memory. */
  bool push(const char *lines, size_t len, bool droppable);
  /* Nothing comes after what waits now: on_end(message, code) is called. */
  void end(const struct zpm_error *err);
  /* Somebody waits for an answer: stay alive. */
  void keep(bool waited_for);
  /* Nothing is told any more; for an owner that has more to close first. */
  void mute();
  void close();
  bool muted() const; /* or closed */

private:
  static void on_async(uv_async_t *async);
  static void on_hook(napi_async_cleanup_hook_handle hook, void *self);
  static void on_closed(uv_handle_t *handle);
  void deliver();
  void deliver_lines();
  void deliver_end();
  void call(Napi::FunctionReference &function, size_t count,
            const napi_value *arguments);
  void wake();
  void settle();

  Napi::Env env_{nullptr};
  Owner *owner_{nullptr};
  Napi::FunctionReference on_lines_;
  Napi::FunctionReference on_end_;
  napi_async_cleanup_hook_handle hook_{nullptr};
  uv_async_t async_{};
  struct zpm_str lines_ {
  };
  struct zpm_error end_ {
  };
  bool waited_for_{false};
  bool refused_{false};
  bool ended_{false};
  bool end_told_{false};
  bool muted_{false};
  bool closing_{false};
};

/* The loop of this environment. Throws Napi::Error. */
uv_loop_t *loop_of(Napi::Env env);
/* An Error with `code`, as ZpmError of js/errors.ts makes it. */
Napi::Error error_of(Napi::Env env, const struct zpm_error *err);
/* For whoever speaks into what has been closed. */
Napi::Error closed_error(Napi::Env env);
/* The text of a property; empty if that is no string. */
std::string string_of(const Napi::Object &options, const char *key);
/* NULL for an empty text: "as by default". */
const char *or_null(const std::string &text);

} // namespace zpm

#endif
