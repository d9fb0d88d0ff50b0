#include "aws/queue_name.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/endpoint.h"
#include "http/url.h"

namespace blox::aws {
namespace {

constexpr std::size_t kNameBytesMax = 80;  // Source: SQS developer guide, "Queue name".

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_account(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, is_digit);
}

bool is_region(std::string_view text) {
  return text.find('-') != text.npos && is_digit(text.back()) &&
         std::ranges::all_of(text, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || is_digit(letter) || letter == '-';
         });
}

bool is_name(std::string_view text) {
  std::string_view stem = text;
  if (stem.ends_with(".fifo")) stem.remove_suffix(5);
  return !stem.empty() && text.size() <= kNameBytesMax &&
         std::ranges::all_of(stem, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  is_digit(letter) || letter == '-' || letter == '_';
         });
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// "sqs.eu-west-1.amazonaws.com", "vpce-1.sqs.eu-west-1.vpce.amazonaws.com", and of old
// "eu-west-1.queue.amazonaws.com".
std::string region_of_host(std::string_view host) {
  const auto labels = split(host, '.');
  for (std::size_t i = 0; i + 1 < labels.size(); ++i) {
    const bool is_before = labels[i] == "sqs" || labels[i] == "sqs-fips";
    if (is_before && is_region(labels[i + 1])) return std::string{labels[i + 1]};
    if (labels[i + 1] == "queue" && is_region(labels[i])) return std::string{labels[i]};
  }
  return {};
}

// "arn:aws:sqs:eu-west-1:123456789012:NAME". A name that is none is refused later.
QueueName parse_arn(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 6 || parts[2] != "sqs" || !is_region(parts[3]) || !is_account(parts[4])) {
    return {};
  }
  return {std::string{parts[5]}, std::string{parts[4]}, std::string{parts[3]}};
}

QueueName parse_url(std::string_view text) {
  const auto url = http::parse_endpoint(text, {.needs_scheme = true, .takes_user = false});
  if (!url) return {};
  const auto parts = split(std::string_view{*url}.substr(url->find("://") + 3), '/');
  if (parts.size() < 2) return {};
  QueueName queue;
  queue.name = parts.back();
  const std::string_view account = parts[parts.size() - 2];
  if (is_account(account)) queue.owner = account;
  queue.region = region_of_host(http::host_name(parts.front()));
  return queue;
}

}  // namespace

Result<QueueName> parse_queue_name(std::string_view text) {
  QueueName queue;
  if (text.starts_with("arn:")) {
    queue = parse_arn(text);
  } else if (text.starts_with("sqs://")) {
    queue.name = text.substr(6);
  } else if (text.find("://") != text.npos) {
    queue = parse_url(text);
  } else {
    queue.name = text;
  }
  if (is_name(queue.name)) return queue;
  return fail(ErrorKind::kInvalid,
              "queue " + quote(http::without_userinfo(text)) +
                  " is no SQS queue; allowed are NAME, sqs://NAME, its ARN "
                  "(arn:aws:sqs:REGION:ACCOUNT:NAME) and its URL (https://HOST/ACCOUNT/NAME), NAME "
                  "being 1 to 80 letters, digits, '-' and '_', perhaps with .fifo at its end");
}

}  // namespace blox::aws
