#include "blox/service_flags.h"

#include "base/text.h"
#include "blox/byte_size.h"
#include "blox/open_store.h"
#include "http/url.h"
#include "model/arn.h"

namespace blox::apps {
namespace {

// Four reads for clients, three of the past, one of the service itself, and room for commits.
constexpr std::uint64_t kStoreQueueBytesLeast = std::uint64_t{64} << 20;

}  // namespace

void CommonFlags::add_to(CLI::App& app, const std::string& store_file) {
  add_flag(app, "--store", store, store_help(store_file));
  add_flag(app, "--store-queue-memory", store_queue_memory,
           "What reads and writes that wait for the file of --store may hold, such as 64MiB; above "
           "it they are refused")
      ->check(is_byte_size(kStoreQueueBytesLeast));
  add_flag(app, "--api-share", api_share,
           "Share of ECS's published call limits that Blox may use; over 1 where AWS raised them")
      ->check(CLI::Range(0.01, 100.0));
  listen.add_to(app);
  log.add_to(app);
  add_flag(app, "--etcd-endpoint", etcd_endpoints, "HOST:PORT of etcd (v0.3; not served yet)");
}

Status CommonFlags::check() const {
  if (etcd_endpoints.empty()) return done();
  return fail(ErrorKind::kInvalid, "--etcd-endpoint '" +
                                       http::without_userinfo(etcd_endpoints.front()) +
                                       "': etcd is not in this version; leave it out, or give "
                                       "--store sqlite:PATH");
}

namespace {

CLI::Validator is_cluster() {
  const auto check = [](const std::string& text) {
    if (is_cluster_name(text) || parse_cluster_arn(text)) return std::string{};
    return quote(text) +
           " is neither a name of 1 to 255 letters, digits, '-' and '_' nor the ARN "
           "of a cluster";
  };
  return CLI::Validator{[check](std::string& text) { return check(text); }, "NAME-or-ARN"};
}

}  // namespace

CLI::Validator is_reconcile_interval() {
  return is_duration(std::chrono::seconds{10}, std::chrono::days{7});
}

void StateFlags::add_to(CLI::App& app) {
  add_flag(app, "--queue", queue,
           "SQS queue with the events, of this service alone: NAME, sqs://NAME, its ARN or URL");
  add_flag(
      app, "--cluster", clusters,
      "Name or ARN of a cluster to follow; repeat it; default: all of the account. Messages on "
      "others are deleted from the queue: a queue belongs to one service")
      ->check(is_cluster());
  add_flag(app, "--reconcile-interval", reconcile_interval, "Between full reads of ECS")
      ->check(is_reconcile_interval());
  add_flag(app, "--stopped-retention", stopped_retention,
           "How long STOPPED tasks and INACTIVE instances stay in lists")
      ->check(is_duration(std::chrono::minutes{1}, std::chrono::days{14}));
  add_flag(
      app, "--boot-api-share", boot_api_share,
      "Share of ECS's published limits for reads that the first read of an empty store may "
      "use, where --api-share is less; it ends with that read, and for good when AWS throttles")
      ->check(CLI::Range(0.01, 100.0));
  add_flag(
      app, "--ingest-memory", ingest_memory,
      "What messages that are received and not stored yet may hold, such as 64MiB; above it "
      "receiving pauses. Each receive call needs 20 times the queue's MaximumMessageSize of it")
      ->check(is_byte_size());
}

StateServiceOptions StateFlags::options(const std::string& region) const {
  StateServiceOptions options;
  options.reconcile.clusters = clusters;
  options.reconcile.region = region;
  options.reconcile.every = to_duration(reconcile_interval);
  options.reconcile.boot_share = boot_api_share;
  options.ingest.final_kept = to_duration(stopped_retention);
  options.consumer.undurable_bytes_max = to_bytes(ingest_memory);
  return options;
}

SchedulerServiceOptions SchedulerFlags::options(const std::string& state_url) const {
  SchedulerServiceOptions options;
  options.state_url = state_url;
  options.plan.picture_age_max = 3 * to_duration(reconcile_interval);
  return options;
}

}  // namespace blox::apps
