#include "model/arn.h"

#include <algorithm>

#include "base/bounded_text.h"
#include "base/text.h"

namespace blox {
namespace {

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t place = text.find(end);
  const std::string_view part = text.substr(0, place);
  text.remove_prefix(place == std::string_view::npos ? text.size() : place + 1);
  return part;
}

bool is_lower_or_dash(char letter) { return (letter >= 'a' && letter <= 'z') || letter == '-'; }
bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_word(char letter) {
  return is_digit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         letter == '-' || letter == '_';
}

bool is_partition(std::string_view text) {
  return text == "aws" || (text.starts_with("aws-") && std::ranges::all_of(text, is_lower_or_dash));
}

// What may follow "<kind>/": names and ids in one or more steps, with a colon before a revision.
bool is_rest(std::string_view text) {
  if (text.empty() || text.front() == '/' || text.back() == '/') return false;
  if (text.find("//") != std::string_view::npos) return false;
  return std::ranges::all_of(
      text, [](char letter) { return is_word(letter) || letter == '/' || letter == ':'; });
}

Result<ArnParts> parse_kind(std::string_view text, std::string_view kind) {
  auto parts = parse_arn(text);
  if (parts && parts->kind != kind) {
    return fail(ErrorKind::kInvalid,
                "'" + std::string{text} + "' is not the ARN of a " + std::string{kind});
  }
  return parts;
}

}  // namespace

Result<ArnParts> parse_arn(std::string_view text) {
  std::string_view left = text;
  const std::string_view scheme = take_until(left, ':');
  ArnParts parts;
  parts.partition = take_until(left, ':');
  const std::string_view service = take_until(left, ':');
  parts.region = take_until(left, ':');
  parts.account = take_until(left, ':');
  parts.kind = take_until(left, '/');
  parts.rest = left;
  const bool good = scheme == "arn" && is_partition(parts.partition) && service == "ecs" &&
                    !parts.region.empty() && std::ranges::all_of(parts.region, is_word) &&
                    parts.account.size() == 12 && std::ranges::all_of(parts.account, is_digit) &&
                    !parts.kind.empty() && std::ranges::all_of(parts.kind, is_lower_or_dash) &&
                    is_rest(parts.rest) && text.size() <= 1'024;
  if (!good) {
    return fail(ErrorKind::kInvalid,
                "'" + escape_control(cut(text, 200)) +
                    "' is not an ARN of ECS: arn:<partition>:ecs:<region>:<account>:<kind>/<id>");
  }
  return parts;
}

Result<ClusterArn> parse_cluster_arn(std::string_view text) {
  const auto parts = parse_kind(text, "cluster");
  if (!parts) return std::unexpected(parts.error());
  if (!is_cluster_name(parts->rest)) {
    return fail(ErrorKind::kInvalid, "'" + std::string{text} + "' does not name a cluster");
  }
  return ClusterArn{std::string{text}};
}

Result<ContainerInstanceArn> parse_container_instance_arn(std::string_view text) {
  const auto parts = parse_kind(text, "container-instance");
  if (!parts) return std::unexpected(parts.error());
  return ContainerInstanceArn{std::string{text}};
}

Result<TaskArn> parse_task_arn(std::string_view text) {
  const auto parts = parse_kind(text, "task");
  if (!parts) return std::unexpected(parts.error());
  return TaskArn{std::string{text}};
}

Result<TaskDefinitionArn> parse_task_definition_arn(std::string_view text) {
  const auto parts = parse_kind(text, "task-definition");
  if (!parts) return std::unexpected(parts.error());
  const std::size_t colon = parts->rest.rfind(':');
  const std::string_view revision =
      colon == std::string_view::npos ? std::string_view{} : parts->rest.substr(colon + 1);
  if (revision.empty() || colon == 0 || !std::ranges::all_of(revision, is_digit)) {
    return fail(ErrorKind::kInvalid, "'" + std::string{text} +
                                         "' is not the ARN of a task definition: it has to end in "
                                         "<family>:<revision>");
  }
  return TaskDefinitionArn{std::string{text}};
}

bool is_cluster_name(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, is_word);
}

std::string_view cluster_name(const ClusterArn& arn) { return short_id(arn.value); }

std::string_view short_id(std::string_view arn) {
  const std::size_t slash = arn.rfind('/');
  return slash == std::string_view::npos ? arn : arn.substr(slash + 1);
}

}  // namespace blox
