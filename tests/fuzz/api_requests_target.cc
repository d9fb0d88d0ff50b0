// What users send to both services: bodies (codec/scheduler_objects.h) and queries
// (cluster_state/api/request_options.h, scheduler/api/queries.h). The input is read as a body, and
// as a query.
#include <string>
#include <string_view>

#include "cluster_state/api/request_options.h"
#include "codec/scheduler_objects.h"
#include "fuzz/oracle.h"
#include "http/url.h"
#include "scheduler/api/queries.h"
#include "scheduler/environments/paging.h"
#include "scheduler/environments/validation.h"

namespace blox::fuzz {
namespace {

using codec::EnvironmentRequest;

void check_body(const Result<EnvironmentRequest>& request,
                Result<EnvironmentRequest> (*decode)(std::string_view)) {
  check_error(request);
  if (!request) return;
  // Empty names are refused later, and are not encoded.
  if (decode == &codec::decode_new_environment &&
      (request->name.empty() || request->cluster.empty()))
    return;
  const auto again = decode(codec::encode_request(*request));
  check(gives(again, *request), "a request is read back");
}

void bodies(std::string_view body) {
  const MemoryBound bound{body};
  for (auto* decode : {&codec::decode_new_environment, &codec::decode_environment_patch}) {
    check_body(decode(body), decode);
  }
}

void fields(std::string_view text) {
  const auto name = scheduler::parse_environment_name(text);
  check_error(name);
  if (name) check(name->value == text, "a name is taken as it is");
  const auto unavailable = scheduler::parse_max_unavailable(text);
  check_error(unavailable);
  if (unavailable) {
    check(gives(scheduler::parse_max_unavailable(scheduler::format_max_unavailable(*unavailable)),
                *unavailable),
          "maxUnavailable is read back");
  }
  const auto deadline = scheduler::parse_drain_deadline(text);
  check_error(deadline);
  if (deadline) {
    check(gives(scheduler::parse_drain_deadline(format_duration(*deadline)), *deadline),
          "a duration is read back");
  }
  const auto time = parse_time(text);
  check_error(time);
  if (time) check_time(*time);
  const auto key = scheduler::decode_page_token(text);
  check_error(key);
  if (key) {
    check(gives(scheduler::decode_page_token(scheduler::encode_page_token(*key)), *key),
          "a token is read back");
  }
  check_error(scheduler::parse_results_max({.results_max = std::string{text}, .next_token = {}}));
  check_error(parse_cluster_arn(text));
  check_error(parse_container_instance_arn(text));
  check_error(parse_task_arn(text));
  check_error(parse_task_definition_arn(text));
}

template <class Options>
void check_options(const std::expected<Options, cluster_state::Refusal>& options) {
  if (options) return;
  check(options.error().status >= 400 && options.error().status < 500, "a bad query is refused");
  check_message(options.error().body);
  const auto response = cluster_state::to_response(options.error());
  check_message(http::find_header(response.headers, "Blox-Error-Detail").value_or(""));
}

void queries(std::string_view text) {
  const MemoryBound bound{text};
  const auto target = http::parse_target("/v1/tasks?" + std::string{text});
  if (!target) return;
  const auto& query = target->query;
  check_options(cluster_state::read_list_options(cluster_state::ObjectKind::kTask, query));
  check_options(cluster_state::read_list_options(cluster_state::ObjectKind::kInstance, query));
  const auto stream = cluster_state::read_stream_options(query);
  check_options(stream);
  if (stream && stream->after) check(*stream->after >= -1, "a stream begins at a version");
  if (const auto refusal = scheduler::find_refusal(query, {"maxResults", "nextToken"})) {
    check_message(refusal->body);
    check_message(refusal->detail);
  }
  check_error(scheduler::read_query_flag(query, "force"));
  for (const auto& [name, value] : query) fields(value);
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = blox::fuzz::as_text(data, size);
  blox::fuzz::bodies(text);
  blox::fuzz::fields(text);
  blox::fuzz::queries(text);
  return 0;
}
