#include "client/http_cluster_state.h"

#include <optional>
#include <utility>

#include "base/bounded_text.h"
#include "base/text.h"
#include "http/url.h"

namespace blox::client {
namespace {

constexpr std::size_t kQuotedBodyBytesMax = 300;

void add_parameter(std::string& target, std::string_view name, std::string_view value) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += name;
  target += '=';
  target += http::encode_path_segment(value);
}
void add_if_set(std::string& target, std::string_view name, std::string_view value) {
  if (!value.empty()) add_parameter(target, name, value);
}

std::string stream_target(std::string target, const StreamStart& start) {
  add_parameter(target, "bookmarks", "true");
  if (!start.store_id.empty()) {
    add_parameter(target, "after", std::to_string(start.after));
    add_parameter(target, "storeId", start.store_id);
  }
  return target;
}

ErrorKind kind_of_status(int status) {
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 410) return ErrorKind::kCompacted;
  return status >= 400 && status < 500 && status != 429 ? ErrorKind::kInvalid
                                                        : ErrorKind::kUnavailable;
}

std::unexpected<Error> refused(const std::string& target, const http::Answer& answer) {
  std::string message = "GET " + target + ": status " + std::to_string(answer.status) + ": " +
                        shorten(without_line_end(answer.body), kQuotedBodyBytesMax);
  if (const auto detail = http::find_header(answer.headers, "Blox-Error-Detail")) {
    message += " (" + shorten(*detail) + ")";
  }
  return fail(kind_of_status(answer.status), std::move(message));
}

// A read changes nothing: whether it was sent makes no difference.
std::unexpected<Error> unreachable(const std::string& target, const Error& error) {
  const auto kind = error.kind == ErrorKind::kUnknown ? ErrorKind::kUnavailable : error.kind;
  return fail(kind, "GET " + target + ": " + error.message);
}

std::unexpected<Error> unreadable(const std::string& target, const Error& error) {
  return fail(ErrorKind::kInternal, "GET " + target + ": " + error.message);
}

template <class Object>
class HttpChangeStream final : public ChangeStream<Object> {
 public:
  HttpChangeStream(std::string target, std::unique_ptr<http::LineStream> lines)
      : target_(std::move(target)), lines_(std::move(lines)) {}

  Async<Result<std::vector<Change<Object>>>> next() override {
    if (end_) co_return std::unexpected<Error>(*end_);
    const auto lines = co_await lines_->next();
    if (!lines) co_return unreachable(target_, lines.error());
    std::vector<Change<Object>> changes;
    changes.reserve(lines->size());
    for (const auto& line : *lines) {
      auto change = codec::decode_change<Object>(line);
      if (!change) {
        end_ = change.error().kind == ErrorKind::kCompacted
                   ? change.error()
                   : unreadable(target_, change.error()).error();
        break;
      }
      changes.push_back(*std::move(change));
    }
    if (changes.empty() && end_) co_return std::unexpected<Error>(*end_);
    co_return changes;
  }

 private:
  std::string target_;
  std::unique_ptr<http::LineStream> lines_;
  std::optional<Error> end_;  // Told after the changes that came before it.
};

template <class Object>
Async<Result<std::unique_ptr<ChangeStream<Object>>>> open_stream(http::Transport& transport,
                                                                 http::OutgoingRequest request,
                                                                 std::string target,
                                                                 Duration idle_max) {
  auto lines = co_await transport.open_lines(std::move(request), idle_max);
  if (!lines) co_return unreachable(target, lines.error());
  co_return std::make_unique<HttpChangeStream<Object>>(std::move(target), *std::move(lines));
}

template <class Object>
Result<Listing<Object>> read_list(const std::string& target, const Result<std::string>& body) {
  if (!body) return std::unexpected<Error>(body.error());
  auto listing = codec::decode_list<Object>(*body);
  if (!listing) return unreadable(target, listing.error());
  return listing;
}

template <class Object>
Result<Versioned<Object>> read_object(const std::string& target, const Result<std::string>& body) {
  if (!body) return std::unexpected<Error>(body.error());
  auto object = codec::decode_object<Object>(*body);
  if (!object) return unreadable(target, object.error());
  return object;
}

}  // namespace

HttpClusterState::HttpClusterState(http::Transport& transport, HttpClusterStateOptions options)
    : transport_(transport), options_(std::move(options)) {}

http::OutgoingRequest HttpClusterState::request_for(const std::string& target) const {
  http::OutgoingRequest request;
  request.url = options_.base_url + target;
  request.deadline = options_.deadline;
  request.answer_bytes_max = options_.answer_bytes_max;
  return request;
}

Async<Result<std::string>> HttpClusterState::fetch(std::string target) {
  auto request = request_for(target);
  auto answer = co_await transport_.send(std::move(request));
  if (!answer) co_return unreachable(target, answer.error());
  if (answer->status != 200) co_return refused(target, *answer);
  co_return std::move(answer->body);
}

// Plain lists: who asks shows the objects alone, and of a cluster that was not read from ECS yet
// the service then says that, and not that it is empty.
Async<Result<TaskListing>> HttpClusterState::list_tasks(TaskFilter filter) {
  std::string target = "/v1/tasks";
  add_if_set(target, "cluster", filter.cluster);
  add_if_set(target, "status", filter.status);
  add_if_set(target, "startedBy", filter.started_by);
  const auto body = co_await fetch(target);
  co_return read_list<Task>(target, body);
}

Async<Result<InstanceListing>> HttpClusterState::list_instances(InstanceFilter filter) {
  std::string target = "/v1/instances";
  add_if_set(target, "cluster", filter.cluster);
  add_if_set(target, "status", filter.status);
  const auto body = co_await fetch(target);
  co_return read_list<ContainerInstance>(target, body);
}

Async<Result<Versioned<Task>>> HttpClusterState::get_task(std::string cluster, TaskArn arn) {
  const std::string target = "/v1/tasks/" + http::encode_path_segment(cluster) + "/" +
                             http::encode_path_segment(arn.value);
  const auto body = co_await fetch(target);
  co_return read_object<Task>(target, body);
}

Async<Result<Versioned<ContainerInstance>>> HttpClusterState::get_instance(
    std::string cluster, ContainerInstanceArn arn) {
  const std::string target = "/v1/instances/" + http::encode_path_segment(cluster) + "/" +
                             http::encode_path_segment(arn.value);
  const auto body = co_await fetch(target);
  co_return read_object<ContainerInstance>(target, body);
}

Async<Result<std::unique_ptr<TaskStream>>> HttpClusterState::open_task_stream(StreamStart start) {
  auto target = stream_target("/v1/stream/tasks", start);
  auto request = request_for(target);
  return open_stream<Task>(transport_, std::move(request), std::move(target), options_.idle_max);
}

Async<Result<std::unique_ptr<InstanceStream>>> HttpClusterState::open_instance_stream(
    StreamStart start) {
  auto target = stream_target("/v1/stream/instances", start);
  auto request = request_for(target);
  return open_stream<ContainerInstance>(transport_, std::move(request), std::move(target),
                                        options_.idle_max);
}

}  // namespace blox::client
