// SchedulerApi: the daemon-scheduler's HTTP face, that of v0.3 and what was added since.
#pragma once

#include <functional>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "http/message.h"
#include "http/router.h"
#include "scheduler/environments/operations.h"
#include "scheduler/environments/status_board.h"

namespace blox::scheduler {

/// Answers what stands in docs/api: environments, deployments, what each instance waits for, and
/// /healthz, /readyz, /metrics. Fixed sentences of v0.3 stay word for word; what more there is to
/// say stands in the header Blox-Error-Detail. Until the records are read, whatever rests on them
/// is answered with 503: an empty picture must not be taken for an empty store. Threading: the
/// executor's thread. Requires: all arguments outlive it.
class SchedulerApi final : public http::Handler {
 public:
  /// `ready` says why the service is not ready, if it is not: the answer of /readyz.
  SchedulerApi(Operations& operations, const StatusBoard& board, const Metrics& metrics,
               std::function<Status()> ready);

  const http::Route& route_of(const http::Request& head) const override {
    return router_.route_of(head);
  }
  Async<http::Response> handle(http::Request request) override;

 private:
  using Context = http::RequestContext;
  void add_record_route(std::string method, std::string_view pattern, http::Router::Handle handle);
  void add_environment_routes();
  void add_deployment_routes();
  void add_service_routes();

  Async<http::Response> create_environment(Context context);
  Async<http::Response> patch_environment(Context context);
  Async<http::Response> delete_environment(Context context);
  Async<http::Response> adopt(Context context);
  Async<http::Response> create_deployment(Context context);
  http::Response list_environments(const Context& context) const;
  http::Response get_environment(const Context& context) const;
  http::Response list_instances(const Context& context) const;
  http::Response list_deployments(const Context& context) const;
  http::Response get_deployment(const Context& context) const;
  http::Response answer_environment(const Result<Environment>& environment) const;

  Operations& operations_;
  const StatusBoard& board_;
  const Metrics& metrics_;
  std::function<Status()> ready_;
  http::Router router_;
};

}  // namespace blox::scheduler
