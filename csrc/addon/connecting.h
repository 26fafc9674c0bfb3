#ifndef ZPM_ADDON_CONNECTING_H
#define ZPM_ADDON_CONNECTING_H

#include <string>

#include "addon/zpm.h"

namespace zpm
{

class Client;

/* {home, namespace, zpmPath, startDaemon, waitMs}, copied out of JavaScript. */
struct DaemonOptions {
  explicit DaemonOptions(const Napi::Object &options);
  /* Points into this. */
  struct zpm_client_options view() const;

  std::string home;
  std::string name;
  std::string zpm_path;
  bool start_daemon;
  int wait_ms{0};
};

/* Connects on a thread of the pool, then gives the socket to the client. */
class Connecting final : public Napi::AsyncWorker
{
public:
  Connecting(Napi::Env env, Client *client, Napi::Object holder,
             DaemonOptions options);
  ~Connecting() override;
  Napi::Promise promise() const;

protected:
  void Execute() override;
  void OnOK() override;

private:
  Client *client_;
  Napi::ObjectReference holder_; /* keeps it */
  DaemonOptions options_;
  Napi::Promise::Deferred deferred_;
  struct zpm_error err_ {
  };
  int fd_{-1};
};

/* Asks on a thread of the pool whether a daemon runs. */
class Asking final : public Napi::AsyncWorker
{
public:
  Asking(Napi::Env env, DaemonOptions options);
  Napi::Promise promise() const;

protected:
  void Execute() override;
  void OnOK() override;

private:
  DaemonOptions options_;
  Napi::Promise::Deferred deferred_;
  bool runs_{false};
};

} // namespace zpm

#endif
