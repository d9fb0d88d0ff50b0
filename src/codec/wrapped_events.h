// Events that come in the wrapping of another service: opened, member by member.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/ecs_event.h"

namespace blox::codec {

/// One member of a wrapped message.
struct WrappedEvent {
  Result<EcsEvent> event;  ///< Its error says where in the message: "member 2: decode event: …".
  std::string body;        ///< Of the member alone, as it came.
};

/// Opens what is no event itself: an SNS notification (`Type` "Notification", the event in
/// `Message`), a record of a queue (the event in `body`) or a list of them (`Records`), an array of
/// events, and these within one another. One member that cannot be read costs no other.
/// Shape: the members in their order, each an event or an error; empty when `body` is none of
/// these. Bounds: kWrappingsMax around an event; kMembersMin members in a message, or one for each
/// kMemberBytes of it, which no event goes without; beyond them there is one error. Source: SNS
/// developer guide, "Parsing message formats"; Lambda developer guide, "Using Lambda with Amazon
/// SQS".
std::vector<WrappedEvent> decode_wrapped_events(std::string_view body);

inline constexpr int kWrappingsMax = 4;
inline constexpr std::size_t kMembersMin = 64;
inline constexpr std::size_t kMemberBytes = 64;

}  // namespace blox::codec
