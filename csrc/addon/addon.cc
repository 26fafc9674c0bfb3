#include "addon/client.h"
#include "addon/connecting.h"
#include "addon/manager.h"
#include "addon/outbox.h"
#include "addon/peer.h"

/*
 * zpm.node: what JavaScript sees of the C side.  It is small on purpose: the
 * API is the protocol (docs/protocol.md), so lines of JSON go in and out and
 * nothing else has to be converted.  js/native.ts has the same in TypeScript.
 *
 * Nothing here is static: each environment (the main thread, each worker) has
 * its own objects on its own loop.
 */
namespace zpm
{

static Napi::Value daemon_runs(const Napi::CallbackInfo &info)
{
  auto *asking =
      new Asking(info.Env(), DaemonOptions(info[0].As<Napi::Object>()));
  Napi::Promise promise = asking->promise();
  asking->Queue();
  return promise;
}

/* socketPath(home, namespace); "" is the default of each. */
static Napi::Value socket_path(const Napi::CallbackInfo &info)
{
  std::string home = info[0].As<Napi::String>().Utf8Value();
  std::string name = info[1].As<Napi::String>().Utf8Value();
  struct zpm_paths paths = {};
  struct zpm_error err = {};
  if (zpm_paths_init(&paths, or_null(home), or_null(name), &err) < 0)
    throw error_of(info.Env(), &err);
  Napi::String path = Napi::String::New(info.Env(), paths.socket);
  zpm_paths_deinit(&paths);
  return path;
}

static Napi::Object init(Napi::Env env, Napi::Object exports)
{
  exports.Set("version", Napi::String::New(env, ZPM_VERSION));
  exports.Set("Manager", Manager::define(env));
  exports.Set("Peer", Peer::define(env));
  exports.Set("Client", Client::define(env));
  exports.Set("daemonRuns", Napi::Function::New(env, daemon_runs));
  exports.Set("socketPath", Napi::Function::New(env, socket_path));
  return exports;
}

NODE_API_MODULE(zpm, init)

} // namespace zpm
