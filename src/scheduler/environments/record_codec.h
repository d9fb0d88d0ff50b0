// The scheduler's records as keys and values of the store; docs/formats/scheduler.md is the same in
// words. The Repository alone reads and writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scheduler/environments/records.h"
#include "store/store.h"

namespace blox::scheduler {

/// All of the scheduler's records stand under this prefix, and nothing else does.
inline constexpr std::string_view kSchedulerPrefix = "scheduler/";
inline constexpr std::string_view kEnvironmentsPrefix = "scheduler/environments/";
inline constexpr std::string_view kNamesPrefix = "scheduler/names/";
inline constexpr std::string_view kDeploymentsPrefix = "scheduler/deployments/";
inline constexpr std::string_view kIntentsPrefix = "scheduler/intents/";
inline constexpr std::string_view kOutcomesPrefix = "scheduler/outcomes/";
inline constexpr std::string_view kEmptiedPrefix = "scheduler/emptied/";

std::string environment_key(const EnvironmentUid& uid);
std::string name_key(const EnvironmentName& name);
std::string deployment_key(const EnvironmentUid& uid, const DeploymentId& id);
std::string intent_key(const EnvironmentUid& uid, const ContainerInstanceArn& instance);
std::string outcome_key(const EnvironmentUid& uid, const TaskArn& task);
std::string emptied_key(const EnvironmentUid& uid, const ContainerInstanceArn& instance);

/// The words of statuses, in records and in the API: "pending", "running", "completed",
/// "superseded".
std::string_view to_text(DeploymentStatus status);
/// "start", "stop".
std::string_view to_text(IntentKind kind);

/// The mod_revision is no part of the value. Requires: text is UTF-8.
std::string encode_record(const Environment& environment);
std::string encode_record(const Deployment& deployment);
std::string encode_record(const Intent& intent);
std::string encode_record(const Outcome& outcome);
std::string encode_record(const Emptied& emptied);
/// The value of a name's key: who has it.
std::string encode_name(const EnvironmentUid& uid);

/// Decode a value with the mod_revision it came with. Unknown fields are skipped.
/// Errors: kInternal, naming the key and the field.
Result<Environment> decode_environment(const store::KeyValue& entry);
Result<Deployment> decode_deployment(const store::KeyValue& entry);
Result<Intent> decode_intent(const store::KeyValue& entry);
Result<Outcome> decode_outcome(const store::KeyValue& entry);
Result<Emptied> decode_emptied(const store::KeyValue& entry);

}  // namespace blox::scheduler
