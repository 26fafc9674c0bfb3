#include "addon/connecting.h"

#include <unistd.h>
#include <utility>

#include "addon/client.h"

namespace zpm
{

DaemonOptions::DaemonOptions(const Napi::Object &options)
    : home(string_of(options, "home")), name(string_of(options, "namespace")),
      zpm_path(string_of(options, "zpmPath")),
      start_daemon(options.Get("startDaemon").ToBoolean())
{
  Napi::Value wait = options.Get("waitMs");
  if (wait.IsNumber())
    wait_ms = wait.As<Napi::Number>();
}

struct zpm_client_options DaemonOptions::view() const
{
  struct zpm_client_options view = {};
  view.home = or_null(home);
  view.namespace_name = or_null(name);
  view.zpm_path = or_null(zpm_path);
  view.start_daemon = start_daemon;
  view.wait_ms = wait_ms;
  return view;
}

Connecting::Connecting(Napi::Env env, Client *client, Napi::Object holder,
                       DaemonOptions options)
    : Napi::AsyncWorker(env, "zpm.connect"), client_(client),
      holder_(Napi::Persistent(holder)), options_(std::move(options)),
      deferred_(Napi::Promise::Deferred::New(env))
{
}

/* Still ours when the environment ended before the socket was given away. */
Connecting::~Connecting()
{
  if (fd_ >= 0)
    ::close(fd_);
}

Napi::Promise Connecting::promise() const
{
  return deferred_.Promise();
}

void Connecting::Execute()
{
  struct zpm_client_options options = options_.view();
  fd_ = zpm_client_connect(&options, &err_);
}

void Connecting::OnOK()
{
  if (fd_ >= 0) {
    int fd = fd_;
    fd_ = -1;
    if (client_->connected(fd, &err_) == 0) {
      deferred_.Resolve(Env().Undefined());
      return;
    }
  }
  deferred_.Reject(error_of(Env(), &err_).Value());
}

Asking::Asking(Napi::Env env, DaemonOptions options)
    : Napi::AsyncWorker(env, "zpm.daemonRuns"), options_(std::move(options)),
      deferred_(Napi::Promise::Deferred::New(env))
{
}

Napi::Promise Asking::promise() const
{
  return deferred_.Promise();
}

void Asking::Execute()
{
  struct zpm_client_options options = options_.view();
  runs_ = zpm_client_daemon_runs(&options);
}

void Asking::OnOK()
{
  deferred_.Resolve(Napi::Boolean::New(Env(), runs_));
}

} // namespace zpm
