#include "blox/aws_account.h"

#include <utility>

#include "aws/endpoints.h"
#include "aws/queue_name.h"
#include "http/url.h"

namespace blox::apps {
namespace {

http::CurlOptions transport_options(const aws::Environment& environment) {
  http::CurlOptions options;
  options.ca_bundle = aws::get_variable(environment, "AWS_CA_BUNDLE");
  return options;
}

}  // namespace

AwsAccount::AwsAccount(IoLoop& loop, Random& random, Metrics& metrics, aws::Environment environment,
                       double budget_share)
    : clock_(loop),
      transport_(loop, transport_options(environment)),
      dated_transport_(transport_, clock_),
      credentials_(std::move(environment)),
      context_{clock_, random, dated_transport_, credentials_, metrics},
      budgets_(loop, budget_share) {
  budgets_.show_in(metrics);
}

Result<std::unique_ptr<AwsAccount>> AwsAccount::open(IoLoop& loop, Random& random, Metrics& metrics,
                                                     double budget_share) {
  const auto environment = aws::process_environment();
  const auto files = aws::load_shared_files(environment);
  if (!files) return files.error_in("AWS configuration");
  const auto region = aws::choose_region(environment, *files);
  if (!region) return std::unexpected(region.error());
  const auto ecs = aws::choose_endpoint(environment, *files, "ecs", *region);
  if (!ecs) return std::unexpected(ecs.error());
  const auto sqs = aws::choose_endpoint(environment, *files, "sqs", *region);
  if (!sqs) return std::unexpected(sqs.error());

  std::unique_ptr<AwsAccount> account{
      new AwsAccount(loop, random, metrics, environment, budget_share)};
  account->region_ = *region;
  account->sqs_endpoint_ = *sqs;
  account->reconcile_client_ = std::make_unique<aws::EcsClient>(
      account->context_, *ecs, *region, account->budgets_, aws::CallPriority::kReconcile);
  account->scheduler_client_ = std::make_unique<aws::EcsClient>(
      account->context_, *ecs, *region, account->budgets_, aws::CallPriority::kResolve);
  account->people_client_ = std::make_unique<aws::EcsClient>(
      account->context_, *ecs, *region, account->budgets_, aws::CallPriority::kPeople);
  return account;
}

Result<std::unique_ptr<aws::Queue>> AwsAccount::open_queue(const std::string& name) {
  if (name.starts_with("kinesis://")) {
    return fail(ErrorKind::kInvalid, "--queue '" + http::without_userinfo(name) +
                                         "': this version reads SQS only; give sqs://NAME or NAME");
  }
  auto parsed = aws::parse_queue_name(name);
  if (!parsed) return parsed.error_in("--queue");
  if (!parsed->region.empty() && parsed->region != region_) {
    return fail(ErrorKind::kInvalid, "--queue '" + name + "' is in " + parsed->region +
                                         ", and the region that Blox works in is " + region_ +
                                         ": set AWS_REGION, or give a queue of that region");
  }
  return std::make_unique<aws::SqsQueue>(context_, sqs_endpoint_, region_, std::move(parsed->name),
                                         std::move(parsed->owner));
}

Async<Result<std::optional<ClusterArn>>> EcsDirectory::find_cluster(std::string cluster) {
  auto found = co_await ecs_.describe_cluster(std::move(cluster));
  if (found) co_return std::optional<ClusterArn>{*std::move(found)};
  if (found.error().kind == ErrorKind::kNotFound) co_return std::optional<ClusterArn>{};
  co_return std::unexpected(found.error());
}

Async<Result<std::optional<TaskDefinitionArn>>> EcsDirectory::find_task_definition(
    std::string task_definition) {
  auto found = co_await ecs_.describe_task_definition(std::move(task_definition));
  if (found && found->active) co_return std::optional<TaskDefinitionArn>{std::move(found->arn)};
  if (found || found.error().kind == ErrorKind::kNotFound) {
    co_return std::optional<TaskDefinitionArn>{};
  }
  co_return std::unexpected(found.error());
}

}  // namespace blox::apps
