// A message of the queue into what ingest works with: the hot path, one parse and one copy of the
// detail an event.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "codec/stored_records.h"
#include "model/report.h"

namespace blox::codec {

/// Bytes of a message that can be an event, at most. Source: SQS quotas, 1 MiB a message.
inline constexpr std::size_t kEventBytesMax = 1'048'576;

/// An EventBridge event of ECS: a state change of a task or a container instance, or an event of
/// any other type, known or not, kept whole.
struct EcsEvent {
  std::string id;
  WallTime time;  ///< The envelope's, to the second.
  std::variant<TaskReport, InstanceReport, StoredEvent> what;
  bool repaired = false;  ///< It was no JSON, and is taken as repair_json has it.
};

/// Decodes the JSON of an envelope, or what becomes JSON by repair_json: one text that no parser
/// takes must not cost the event. The reports' `detail` is cut out of that as it is. A state
/// change has to come from the source aws.ecs; of an event that is kept whole, a clusterArn that
/// is none counts as absent.
/// Errors: kInvalid, naming the field. Source: EventBridge events reference, "Amazon ECS events".
Result<EcsEvent> decode_ecs_event(std::string_view body);

}  // namespace blox::codec
