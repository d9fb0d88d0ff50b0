#include "codec/wrapped_events.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "codec/json_read.h"

namespace blox::codec {
namespace {

using internal::reader;

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

// The members of the array that `text` is, as they stand there; nothing when it is none or its
// brackets do not close. It looks at brackets and quotes alone: what no parser takes in one member
// is that member's.
std::optional<std::vector<std::string>> split_array(std::string_view text,
                                                    std::size_t members_max) {
  text = trim(text);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  const std::string_view inside = text.substr(1, text.size() - 2);
  std::vector<std::string> members;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t place = 0; place < inside.size() && members.size() <= members_max; ++place) {
    const char letter = inside[place];
    if (quoted) {
      if (letter == '\\') ++place;
      if (letter == '"') quoted = false;
    } else if (letter == '"') {
      quoted = true;
    } else if (letter == '{' || letter == '[') {
      ++depth;
    } else if (letter == '}' || letter == ']') {
      if (--depth < 0) return std::nullopt;
    } else if (letter == ',' && depth == 0) {
      members.emplace_back(trim(inside.substr(begin, place - begin)));
      begin = place + 1;
    }
  }
  if (members.size() > members_max) return members;
  if (quoted || depth != 0) return std::nullopt;
  if (!members.empty() || !trim(inside).empty()) members.emplace_back(trim(inside.substr(begin)));
  return members;
}

struct Opened {
  std::string_view what;  // For errors.
  std::vector<std::string> members;
};

// What stands in the field: a text without its quotes, an object or a list as it is.
std::optional<std::string> find_inner(std::string_view text, std::string_view field) {
  auto walked = reader().walk();
  simdjson::ondemand::value value;
  if (walked.find_field_unordered(field).get(value)) return std::nullopt;
  std::string_view inner;
  if (!value.get_string().get(inner)) return std::string{inner};
  std::string_view raw;
  simdjson::ondemand::object object;
  simdjson::ondemand::array array;
  if (!value.get_object().get(object)) {
    if (object.raw_json().get(raw)) return std::nullopt;
  } else if (value.get_array().get(array) || array.raw_json().get(raw)) {
    return std::nullopt;
  }
  return std::string{reader().in_original(raw, text)};
}

std::optional<Opened> open(std::string_view text, std::size_t members_max) {
  if (auto members = split_array(text, members_max)) return Opened{"an array", std::move(*members)};
  if (!trim(text).starts_with('{')) return std::nullopt;
  reader().hold(text);
  if (find_inner(text, "Type") == "Notification") {
    auto message = find_inner(text, "Message");
    if (message) return Opened{"an SNS notification", {std::move(*message)}};
  }
  if (const auto records = find_inner(text, "Records")) {
    if (auto members = split_array(*records, members_max))
      return Opened{"records", std::move(*members)};
  }
  if (auto inner = find_inner(text, "body")) return Opened{"a record", {std::move(*inner)}};
  return std::nullopt;
}

WrappedEvent refuse(std::string_view body, std::string why) {
  return {fail(ErrorKind::kInvalid, std::move(why)), std::string{body}};
}

std::string name_of(const Opened& opened, std::size_t place) {
  if (opened.members.size() == 1) return "in " + std::string{opened.what};
  return "member " + std::to_string(place + 1) + " of " + std::to_string(opened.members.size());
}

// What a message holds, as far as there is room.
class Members {
 public:
  Members(std::string_view message, std::size_t members_max)
      : message_(message), members_max_(members_max) {}

  // Adds what is in `opened`, which `wrappings` stand around. Shape: false when there is no room
  // for more; the error that says so has the whole message, so that nothing of it is lost.
  bool add(const Opened& opened, std::string_view body, int wrappings) {
    if (opened.members.empty()) {
      return push(refuse(body, std::string{opened.what} + " without any event"));
    }
    // All of them or none.
    if (events_.size() + opened.members.size() > members_max_) return refuse_more();
    for (std::size_t place = 0; place < opened.members.size(); ++place) {
      const std::string& member = opened.members[place];
      const std::size_t before = events_.size();
      const bool goes_on = add_member(member, wrappings);
      const std::string name = name_of(opened, place);
      for (std::size_t added = before; added < events_.size(); ++added) {
        auto& one = events_[added].event;
        if (!one) one = one.error_in(name);
      }
      if (!goes_on) return false;
    }
    return true;
  }
  std::vector<WrappedEvent> take() && { return std::move(events_); }

 private:
  bool add_member(const std::string& member, int wrappings) {
    auto event = decode_ecs_event(member);
    if (!event && wrappings < kWrappingsMax) {
      if (const auto inner = open(member, members_max_)) return add(*inner, member, wrappings + 1);
    }
    return push({std::move(event), member});
  }
  bool push(WrappedEvent event) {
    if (events_.size() == members_max_) return refuse_more();
    events_.push_back(std::move(event));
    return true;
  }
  bool refuse_more() {
    events_.push_back(refuse(message_, "more than " + std::to_string(members_max_) + " members"));
    return false;
  }

  std::string_view message_;
  std::size_t members_max_;
  std::vector<WrappedEvent> events_;
};

}  // namespace

std::vector<WrappedEvent> decode_wrapped_events(std::string_view body) {
  if (body.size() > kEventBytesMax) return {};
  const std::size_t members_max = std::max(kMembersMin, body.size() / kMemberBytes);
  Members members{body, members_max};
  if (const auto opened = open(body, members_max)) members.add(*opened, body, 1);
  return std::move(members).take();
}

}  // namespace blox::codec
