#include "simulator/sqs_queue_calls.h"

#include <algorithm>
#include <optional>

#include "model/arn.h"
#include "simulator/paging.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

std::unexpected<ApiError> no_such_queue(const std::string& name) {
  return refuse("QueueDoesNotExist", "The queue '" + name + "' does not exist.");
}

std::string url_of(const SqsContext& context, const std::string& name) {
  return "http://" + context.host + "/" + context.simulator.world.identity().account + "/" + name;
}

struct Attribute {
  std::string_view name;
  Duration QueueSettings::* member;
  std::int64_t low;
  std::int64_t high;
};
// Source: API reference of SQS, SetQueueAttributes.
constexpr Attribute kAttributes[] = {
    {"VisibilityTimeout", &QueueSettings::visibility, 0, 43'200},
    {"MessageRetentionPeriod", &QueueSettings::retention, 60, 1'209'600},
    {"ReceiveMessageWaitTimeSeconds", &QueueSettings::receive_wait, 0, 20},
};

constexpr std::string_view kMessageBytes = "MaximumMessageSize";
constexpr std::int64_t kMessageBytesMax = 1 << 20;

// What a standard queue has besides. The simulator has no use for them.
constexpr std::string_view kOthers[] = {
    "Policy",         "RedrivePolicy",        "RedriveAllowPolicy",
    "KmsMasterKeyId", "SqsManagedSseEnabled", "KmsDataKeyReusePeriodSeconds",
};

bool is_other(std::string_view name) {
  return std::ranges::find(kOthers, name) != std::end(kOthers);
}

std::unexpected<ApiError> unknown_attribute(std::string_view name) {
  return refuse("InvalidAttributeName", "Unknown Attribute " + std::string{name} + ".");
}

// `settings` with those of the request; what is absent stays.
Outcome<QueueSettings> read_settings(JsonInput& input, QueueSettings settings) {
  const json::object& given = input.object("Attributes");
  if (input.failed()) return input.error();
  JsonInput attributes{given, "InvalidAttributeValue", "Attributes."};
  for (const auto& [name, member, low, high] : kAttributes) {
    const auto now = std::chrono::floor<std::chrono::seconds>(settings.*member).count();
    settings.*member = std::chrono::seconds{attributes.loose_number(name, now, low, high)};
  }
  settings.message_bytes_max = static_cast<std::size_t>(
      attributes.loose_number(kMessageBytes, static_cast<std::int64_t>(settings.message_bytes_max),
                              1'024, kMessageBytesMax));
  if (attributes.loose_number("DelaySeconds", 0, 0, 900) != 0) {
    attributes.reject("DelaySeconds", json::value("…"), "0: the simulator has no delayed messages");
  }
  for (const auto& [key, value] : given) {
    const std::string_view name{key.data(), key.size()};
    const bool numeric =
        std::ranges::find(kAttributes, name, &Attribute::name) != std::end(kAttributes) ||
        name == kMessageBytes || name == "DelaySeconds";
    if (numeric) continue;
    if (!is_other(name)) return unknown_attribute(name);
    settings.others[std::string{name}] = attributes.text(name);
  }
  if (attributes.failed()) return attributes.error();
  return settings;
}

// As GetQueueAttributes gives them.
std::map<std::string, std::string, std::less<>> show(const QueueSettings& settings) {
  auto shown = settings.others;
  for (const auto& [name, member, low, high] : kAttributes) {
    shown[std::string{name}] =
        std::to_string(std::chrono::floor<std::chrono::seconds>(settings.*member).count());
  }
  shown[std::string{kMessageBytes}] = std::to_string(settings.message_bytes_max);
  shown["DelaySeconds"] = "0";
  return shown;
}

Outcome<json::object> create_queue(const SqsContext& context, JsonInput& input) {
  const std::string name = input.needed_text("QueueName");
  if (!is_cluster_name(name) || name.size() > 80) {  // FIFO queues, NAME.fifo, are left out too.
    input.reject("QueueName", json::value(name), "1 to 80 letters, digits, '-' and '_'");
  }
  const auto known = context.simulator.queues.find(name);
  auto settings = read_settings(input, known ? known->settings : QueueSettings{});
  if (input.failed()) return input.error();
  if (!settings) return std::unexpected(settings.error());
  if (!known) {
    context.simulator.queues.create(name)->settings = std::move(*settings);
    return json::object{{"QueueUrl", url_of(context, name)}};
  }
  // A queue that is there stays as it is: SetQueueAttributes alone changes it.
  const auto present = show(known->settings);
  for (const auto& [attribute, value] : show(*settings)) {
    const auto found = present.find(attribute);
    if (found == present.end() || found->second != value) {
      return refuse("QueueNameExists",
                    "A queue already exists with the same name and a different value for "
                    "attribute " +
                        attribute);
    }
  }
  return json::object{{"QueueUrl", url_of(context, name)}};
}

Outcome<json::object> get_queue_url(const SqsContext& context, JsonInput& input) {
  const std::string name = input.needed_text("QueueName");
  if (input.failed()) return input.error();
  if (!context.simulator.queues.find(name)) return no_such_queue(name);
  return json::object{{"QueueUrl", url_of(context, name)}};
}

Outcome<json::object> list_queues(const SqsContext& context, JsonInput& input) {
  const std::string prefix = input.text("QueueNamePrefix");
  PageRequest page;
  page.list = "QueueUrls";
  page.count_max = static_cast<std::size_t>(input.number("MaxResults", 1'000, 1, 1'000));
  page.after = read_page_token(input, "NextToken", page.list);
  if (input.failed()) return input.error();
  json::object answer =
      make_page(page, context.simulator.queues.all(), [&](const std::string& name, const auto&) {
        return name.starts_with(prefix) ? std::optional<json::value>{url_of(context, name)}
                                        : std::nullopt;
      });
  if (const json::value* token = answer.if_contains("nextToken")) {
    json::value moved = *token;
    answer.erase("nextToken");
    answer["NextToken"] = std::move(moved);
  }
  return answer;
}

Outcome<json::object> delete_queue(const SqsContext& context, JsonInput& input) {
  const auto queue = get_queue(context.simulator, input);
  if (!queue) return std::unexpected(queue.error());
  context.simulator.queues.remove((*queue)->name());
  return json::object{};
}

Outcome<json::object> purge_queue(const SqsContext& context, JsonInput& input) {
  const auto queue = get_queue(context.simulator, input);
  if (!queue) return std::unexpected(queue.error());
  (*queue)->purge();
  return json::object{};
}

Outcome<json::object> get_queue_attributes(const SqsContext& context, JsonInput& input) {
  const auto names = input.texts("AttributeNames", 50);
  const auto found = get_queue(context.simulator, input);
  if (!found) return std::unexpected(found.error());
  SimQueue& queue = **found;
  const Identity& identity = context.simulator.world.identity();
  json::object all{
      {"QueueArn", "arn:" + identity.partition + ":sqs:" + identity.region + ":" +
                       identity.account + ":" + queue.name()},
      {"ApproximateNumberOfMessages", std::to_string(queue.visible_count())},
      {"ApproximateNumberOfMessagesNotVisible", std::to_string(queue.hidden_count())},
      {"ApproximateNumberOfMessagesDelayed", "0"},
      {"CreatedTimestamp",
       std::to_string(queue.created_at.time_since_epoch() / std::chrono::seconds{1})},
      {"LastModifiedTimestamp",
       std::to_string(queue.modified_at.time_since_epoch() / std::chrono::seconds{1})},
  };
  for (const auto& [name, value] : show(queue.settings)) all[name] = value;
  for (const std::string& name : names) {
    if (name != "All" && !all.contains(name) && !is_other(name)) return unknown_attribute(name);
  }
  json::object wanted;
  const bool everything = std::ranges::find(names, "All") != names.end();
  for (const auto& [name, value] : all) {
    const std::string_view text{name.data(), name.size()};
    if (everything || std::ranges::find(names, text) != names.end()) wanted[name] = value;
  }
  json::object answer;
  if (!wanted.empty()) answer["Attributes"] = std::move(wanted);
  return answer;
}

Outcome<json::object> set_queue_attributes(const SqsContext& context, JsonInput& input) {
  const auto queue = get_queue(context.simulator, input);
  if (!queue) return std::unexpected(queue.error());
  auto settings = read_settings(input, (*queue)->settings);
  if (!settings) return std::unexpected(settings.error());
  (*queue)->settings = std::move(*settings);
  (*queue)->modified_at = context.simulator.world.executor().wall_now();
  return json::object{};
}

struct Row {
  std::string_view operation;
  SqsCall call;
};
constexpr Row kRows[] = {
    {"CreateQueue", create_queue},
    {"DeleteQueue", delete_queue},
    {"GetQueueUrl", get_queue_url},
    {"ListQueues", list_queues},
    {"PurgeQueue", purge_queue},
    {"GetQueueAttributes", get_queue_attributes},
    {"SetQueueAttributes", set_queue_attributes},
};

}  // namespace

SqsCall find_sqs_queue_call(std::string_view operation) {
  const auto* row = std::ranges::find(kRows, operation, &Row::operation);
  return row == std::end(kRows) ? nullptr : row->call;
}

Outcome<std::shared_ptr<SimQueue>> get_queue(Simulator& simulator, JsonInput& input) {
  const std::string url = input.needed_text("QueueUrl");
  if (input.failed()) return input.error();
  auto queue = simulator.queues.find(short_id(url));
  if (!queue) return no_such_queue(url);
  return queue;
}

}  // namespace blox::simulator
