// Answers of ECS: every decoder of codec/ecs_calls.h reads the input.
#include <boost/json.hpp>
#include <cmath>
#include <string>
#include <string_view>

#include "codec/ecs_calls.h"
#include "codec/stored.h"
#include "fuzz/oracle.h"

namespace blox::fuzz {
namespace {

namespace json = boost::json;

const ClusterArn kCluster{"arn:aws:ecs:eu-west-1:123456789012:cluster/prod"};

void check_failures(const std::vector<codec::EcsFailure>& failures) {
  for (const auto& failure : failures) {
    if (failure.reason != codec::kUndecodable) continue;
    check_message(failure.detail);
  }
}

void lists(std::string_view body) {
  for (const char* field : {"clusterArns", "containerInstanceArns", "taskArns"}) {
    const auto page = codec::decode_list(body, field);
    check_error(page);
    if (!page) continue;
    std::size_t bytes = page->next_token.size();
    for (const auto& arn : page->arns) bytes += arn.size();
    check(bytes <= text_bytes_max(body), "a page holds no more than the answer");
    const auto encoded = codec::encode_list_tasks({.cluster = kCluster,
                                                   .started_by = {},
                                                   .container_instance = {},
                                                   .family = {},
                                                   .stopped = false,
                                                   .next_token = page->next_token});
    json::error_code error;
    const auto request = json::parse(encoded, error);
    check(!error &&
              (page->next_token.empty() || request.at("nextToken").as_string() == page->next_token),
          "a token is sent as it came");
  }
}

// What ECS sent as a number is the same number, or, in a field of times, the same time as text.
void check_numbers(const json::value& sent, const json::value& kept) {
  if (sent.is_number() && kept.is_string()) {
    const auto time = parse_time(std::string_view{kept.get_string()});
    check(time.has_value(), "a time from epoch seconds can be read back");
    check_time(*time);
    const double off =
        sent.to_number<double>() * 1'000 - static_cast<double>(time->time_since_epoch().count());
    check(std::abs(off) <= 0.51, "a time is the one that ECS sent");
  } else if (sent.is_int64() || sent.is_uint64()) {
    check(sent == kept, "whole numbers stay as they are");
  } else if (sent.is_double() && std::isnan(sent.get_double())) {
    check(kept.is_number(), "what Boost makes of 0e400 is zero");
  } else if (sent.is_double() && std::isinf(sent.get_double())) {
    check(kept.is_null(), "a number beyond all is left out");
  } else if (sent.is_double()) {
    check(kept.is_double() || kept.is_int64() || kept.is_uint64(), "a number stays one");
  } else if (sent.is_array()) {
    check(kept.is_array() && kept.get_array().size() == sent.get_array().size(),
          "a list stays one");
    for (std::size_t i = 0; i < sent.get_array().size(); ++i) {
      check_numbers(sent.get_array()[i], kept.get_array()[i]);
    }
  } else if (sent.is_object()) {
    check(kept.is_object(), "an object stays one");
    for (const auto& field : sent.get_object()) {
      // Health and tags have moved elsewhere; the cluster is the one that was asked for.
      const auto* held = kept.get_object().if_contains(field.key());
      if (held != nullptr && field.key() != "clusterArn") check_numbers(field.value(), *held);
    }
  } else {
    check(sent == kept, "what is no number stays as it is");
  }
}

Result<codec::DescribeTasksAnswer> again(const TaskReport& report) {
  return codec::decode_describe_tasks("{\"tasks\":[" + report.detail + "]}");
}
Result<codec::DescribeInstancesAnswer> again(const InstanceReport& report) {
  return codec::decode_describe_container_instances(
      "{\"containerInstances\":[" + report.detail + "]}", kCluster);
}
void check_detail(const TaskReport& report) {
  const auto task = codec::decode_task_detail(report.detail);
  check(task.has_value(), "the detail of a report can be decoded");
  check(task->arn == report.arn && task->cluster == report.cluster &&
            task->last_status == report.last_status &&
            task->container_instance == report.container_instance,
        "a report names what its detail names");
}
void check_detail(const InstanceReport& report) {
  const auto instance = codec::decode_instance_detail(report.detail);
  check(instance.has_value(), "the detail of a report can be decoded");
  check(instance->arn == report.arn && instance->cluster == kCluster &&
            instance->status == report.status,
        "a report names what its detail names");
}

// `field` holds the objects in `body`.
template <class Answer>
void described(std::string_view body, const Result<Answer>& answer, std::string_view field) {
  check_error(answer);
  if (!answer) return;
  check_failures(answer->failures);
  for (const auto& repair : answer->repaired) check_message(repair.what);
  json::error_code error;
  const auto parsed = json::parse(body, error);
  check(error ? !answer->repaired.empty() : parsed.is_object(),
        "an answer is a JSON object, or says that it was repaired");
  const auto* sent = error ? nullptr : parsed.get_object().if_contains(field);
  const bool all_taken =
      sent != nullptr && sent->is_array() && sent->get_array().size() == answer->reports.size();
  std::size_t place = 0;
  for (const auto& report : answer->reports) {
    check_detail(report);
    const auto kept = json::parse(report.detail, error);
    check(!error && kept.is_object(), "a detail is a JSON object");
    const auto describe = json::parse(report.describe_only, error);
    check(!error && describe.is_object(), "what Describe alone says is a JSON object");
    if (all_taken) check_numbers(sent->get_array()[place++], kept);
    const auto twice = again(report);
    check(twice && twice->reports.size() == 1, "a detail can be described again");
    check(twice->reports[0].detail == report.detail && twice->reports[0].version == report.version,
          "described again nothing changes");
  }
}

void others(std::string_view body) {
  const auto clusters = codec::decode_describe_clusters(body);
  check_error(clusters);
  if (clusters) {
    check_failures(clusters->failures);
    for (const auto& cluster : clusters->clusters)
      check(!cluster.arn.value.empty(), "a named cluster");
  }
  const auto definition = codec::decode_describe_task_definition(body);
  check_error(definition);
  if (definition) check(!definition->arn.value.empty(), "a named task definition");
  const auto started = codec::decode_start_task(body);
  check_error(started);
  if (!started) return;
  std::size_t bytes = 0;
  for (const auto& [task, instance] : started->started) {
    check(!task.value.empty() && !instance.value.empty(), "what was started is named");
    bytes += task.value.size() + instance.value.size();
  }
  check(bytes <= text_bytes_max(body), "an answer names no more than it holds");
}

void run(std::string_view body) {
  const MemoryBound bound{body};
  lists(body);
  described(body, codec::decode_describe_tasks(body), "tasks");
  described(body, codec::decode_describe_container_instances(body, kCluster), "containerInstances");
  others(body);
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  blox::fuzz::run(blox::fuzz::as_text(data, size));
  return 0;
}
