// AwsAccount: the real ECS and SQS of the account and region that the environment names.
#pragma once

#include <memory>
#include <string>

#include "aws/aws_clock.h"
#include "aws/credentials.h"
#include "aws/ecs_client.h"
#include "aws/sqs_queue.h"
#include "base/io_loop.h"
#include "base/metrics.h"
#include "base/random.h"
#include "http/curl_transport.h"
#include "scheduler/environments/operations.h"

namespace blox::apps {

/// Everything that calls AWS, sharing one transport, one set of credentials and one budget.
/// Requires: loop, random and metrics outlive it. Threading: the loop's thread.
class AwsAccount {
 public:
  /// `budget_share` of ECS's published call limits is ours, 0.01 to 100: over 1 where AWS has
  /// raised them.
  /// Errors: kInvalid (no region, a broken endpoint), kDenied (shared files not readable). Missing
  /// credentials show at the first call, as they may come later.
  static Result<std::unique_ptr<AwsAccount>> open(IoLoop& loop, Random& random, Metrics& metrics,
                                                  double budget_share = 1.0);

  /// The loop with the date of AWS: for whoever compares times of ECS with its own.
  aws::AwsClock& clock() { return clock_; }
  /// For reconcile, which gives way to the scheduler.
  aws::EcsClient& reconcile_client() { return *reconcile_client_; }
  /// For the scheduler's own reads and writes.
  aws::EcsClient& scheduler_client() { return *scheduler_client_; }
  /// For what has to be asked because somebody asked us, which gives way to all else.
  aws::EcsClient& people_client() { return *people_client_; }
  /// `name`: as aws::parse_queue_name takes it. Errors: kInvalid, also for a queue of another
  /// region; kinesis:// is refused by name.
  Result<std::unique_ptr<aws::Queue>> open_queue(const std::string& name);
  /// Forgets the keys that were read: the next call reads the shared files, whether or not they
  /// seem changed.
  void read_keys_anew() { credentials_.forget(); }
  const std::string& region() const { return region_; }
  /// The bucket of all reads of ECS.
  aws::CallBudget& read_budget() { return budgets_.read; }

 private:
  AwsAccount(IoLoop& loop, Random& random, Metrics& metrics, aws::Environment environment,
             double budget_share);

  aws::AwsClock clock_;
  http::CurlTransport transport_;
  aws::DatedTransport dated_transport_;
  aws::SharedCredentials credentials_;
  aws::AwsContext context_;
  aws::EcsBudgets budgets_;
  std::string region_;
  std::string sqs_endpoint_;
  std::unique_ptr<aws::EcsClient> reconcile_client_;
  std::unique_ptr<aws::EcsClient> scheduler_client_;
  std::unique_ptr<aws::EcsClient> people_client_;
};

/// What the scheduler asks of ECS before it accepts an environment.
class EcsDirectory final : public scheduler::Directory {
 public:
  explicit EcsDirectory(aws::EcsQuery& ecs) : ecs_(ecs) {}
  Async<Result<std::optional<ClusterArn>>> find_cluster(std::string cluster) override;
  Async<Result<std::optional<TaskDefinitionArn>>> find_task_definition(
      std::string task_definition) override;

 private:
  aws::EcsQuery& ecs_;
};

}  // namespace blox::apps
