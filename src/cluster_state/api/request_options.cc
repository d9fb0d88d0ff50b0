#include "cluster_state/api/request_options.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <set>

namespace blox::cluster_state {
namespace {

using Names = std::initializer_list<std::string_view>;

std::unexpected<Refusal> refuse(std::string_view body, std::string detail) {
  return std::unexpected{Refusal{.status = 400, .body = body, .detail = std::move(detail)}};
}

std::string join(Names names) {
  std::string joined;
  for (const auto name : names) {
    if (!joined.empty()) joined += ", ";
    joined += name;
  }
  return joined;
}

std::expected<void, Refusal> check_names(const http::Query& query, Names known) {
  for (const auto& [name, value] : query) {
    if (std::ranges::find(known, name) == known.end()) {
      return refuse(kUnsupportedFilter, "'" + name + "' is not one of: " + join(known));
    }
  }
  std::set<std::string_view> seen;
  for (const auto& [name, value] : query) {
    if (!seen.insert(name).second) return refuse(kRepeatedFilter, "'" + name + "' came twice");
  }
  return {};
}

std::expected<bool, Refusal> read_flag(const http::Query& query, std::string_view name) {
  const auto value = http::find_query(query, name);
  if (!value || *value == "false") return false;
  if (*value == "true") return true;
  return refuse(kUnsupportedFilter,
                std::string{name} + " '" + std::string{*value} + "' is neither true nor false");
}

// The status in ECS's spelling.
std::expected<std::string, Refusal> read_status(ObjectKind kind, std::string_view text) {
  if (kind == ObjectKind::kTask) {
    const auto status = make_task_status(text);
    if (status.kind != TaskStatusKind::kOther) return std::string{format(status)};
    return refuse(kInvalidStatus,
                  "status '" + std::string{text} +
                      "' is not a task's: pending, running, stopped or another of ECS's");
  }
  const auto status = make_instance_status(text);
  if (status.kind != InstanceStatusKind::kOther) return std::string{format(status)};
  return refuse(kInvalidStatus,
                "status '" + std::string{text} +
                    "' is not a container instance's: active, inactive or another of ECS's");
}

std::expected<void, Refusal> read_cluster(std::string_view text, ListFilter& filter) {
  if (is_cluster_name(text)) {
    filter.cluster_name = text;
    return {};
  }
  const auto arn = parse_cluster_arn(text);
  if (!arn) {
    return refuse(kInvalidCluster, "cluster '" + std::string{text} +
                                       "' is neither a name of 1 to 255 letters, digits, '-' and "
                                       "'_' nor the ARN of a cluster");
  }
  filter.cluster_name = cluster_name(*arn);
  filter.cluster_arn = arn->value;
  return {};
}

std::expected<codec::EntityVersion, Refusal> read_version(std::string_view name,
                                                          std::string_view text) {
  codec::EntityVersion version = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, version);
  const bool is_whole =
      !text.empty() && parsed.ptr == end && parsed.ec != std::errc::invalid_argument;
  const bool is_digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_whole || !is_digits) {
    return refuse(kInvalidVersion,
                  std::string{name} + " '" + std::string{text} + "' is not a whole number >= 0");
  }
  if (parsed.ec == std::errc::result_out_of_range) {
    return refuse(kVersionOutOfRange, std::string{name} + " '" + std::string{text} +
                                          "' is above all versions there can be");
  }
  return version;
}

}  // namespace

std::expected<ListOptions, Refusal> read_list_options(ObjectKind kind, const http::Query& query) {
  const auto names = kind == ObjectKind::kTask
                         ? check_names(query, {"status", "cluster", "startedBy", "bookmarks"})
                         : check_names(query, {"status", "cluster", "bookmarks"});
  if (!names) return std::unexpected{names.error()};
  ListOptions options;
  const auto bookmarks = read_flag(query, "bookmarks");
  if (!bookmarks) return std::unexpected{bookmarks.error()};
  options.bookmarks = *bookmarks;
  if (const auto text = http::find_filter(query, "status")) {
    auto status = read_status(kind, *text);
    if (!status) return std::unexpected{status.error()};
    options.filter.status = *std::move(status);
  }
  if (const auto text = http::find_filter(query, "cluster")) {
    if (const auto read = read_cluster(*text, options.filter); !read) {
      return std::unexpected{read.error()};
    }
  }
  if (const auto text = http::find_filter(query, "startedBy")) options.filter.started_by = *text;
  return options;
}

std::expected<StreamOptions, Refusal> read_stream_options(const http::Query& query) {
  if (const auto names = check_names(query, {"entityVersion", "after", "storeId", "bookmarks"});
      !names) {
    return std::unexpected{names.error()};
  }
  StreamOptions options;
  const auto bookmarks = read_flag(query, "bookmarks");
  if (!bookmarks) return std::unexpected{bookmarks.error()};
  options.bookmarks = *bookmarks;
  options.store_id = http::find_query(query, "storeId").value_or("");
  const auto first = http::find_query(query, "entityVersion");
  const auto after = http::find_query(query, "after");
  if (first && after) {
    return refuse(kUnsupportedFilter, "entityVersion and after exclude each other");
  }
  if (!first && !after) return options;
  const auto version =
      first ? read_version("entityVersion", *first) : read_version("after", *after);
  if (!version) return std::unexpected{version.error()};
  options.after = first ? *version - 1 : *version;
  options.is_v03_version = first.has_value();
  return options;
}

}  // namespace blox::cluster_state
