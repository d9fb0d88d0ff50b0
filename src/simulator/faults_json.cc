#include "simulator/faults_json.h"

#include <variant>

namespace blox::simulator {
namespace {

namespace json = boost::json;

using Revisions = std::map<std::string, RevisionFaults>;
using Texts = std::vector<std::string>;
using Member = std::variant<double Faults::*, Duration Faults::*, Span Faults::*, bool Faults::*,
                            Revisions Faults::*, Texts Faults::*>;
struct Field {
  const char* name;
  Member member;
};
const Field kFields[] = {
    {"eventLatency", &Faults::event_latency},
    {"eventDelayed", &Faults::event_delayed},
    {"eventDelay", &Faults::event_delay},
    {"eventLost", &Faults::event_lost},
    {"eventDuplicated", &Faults::event_duplicated},
    {"eventReordered", &Faults::event_reordered},
    {"listLagging", &Faults::list_lagging},
    {"listLagMax", &Faults::list_lag_max},
    {"undescribed", &Faults::undescribed},
    {"listSlow", &Faults::list_slow},
    {"listSlowness", &Faults::list_slowness},
    {"launchLate", &Faults::launch_late},
    {"launchLateMax", &Faults::launch_late_max},
    {"startRefused", &Faults::start_refused},
    {"startBroken", &Faults::start_broken},
    {"callRefused", &Faults::call_refused},
    {"answerLost", &Faults::answer_lost},
    {"requestLost", &Faults::request_lost},
    {"serverError", &Faults::server_error},
    {"serverErrorExecuted", &Faults::server_error_executed},
    {"callOvertime", &Faults::call_overtime},
    {"overtime", &Faults::overtime},
    {"throttled", &Faults::throttled},
    {"denied", &Faults::denied},
    {"messageRedelivered", &Faults::message_redelivered},
    {"deleteRefused", &Faults::delete_refused},
    {"keyDenied", &Faults::key_denied},
    {"taskDies", &Faults::task_dies},
    {"taskLife", &Faults::task_life},
    {"agentDisconnects", &Faults::agent_disconnects},
    {"agentAway", &Faults::agent_away},
    {"revisions", &Faults::revisions},
    {"refusedInstances", &Faults::refused_instances},
};

constexpr std::size_t kTextsMax = 100;
constexpr Duration kWaitMax = std::chrono::hours{24 * 365};

Duration read_duration(JsonInput& input, const char* name, const json::value& value) {
  if (const json::string* text = value.if_string()) {
    const auto duration = parse_duration({text->data(), text->size()});
    if (duration && *duration <= kWaitMax) return *duration;
  }
  input.reject(name, value, "a duration of up to 365d such as \"250ms\", \"10s\" or \"5m\"");
  return {};
}

Span read_span(JsonInput& input, const char* name, const json::value& value) {
  if (!value.is_array() || value.get_array().size() != 2) {
    input.reject(name, value, "a pair of durations such as [\"1s\", \"30s\"]");
    return {};
  }
  const Span span{read_duration(input, name, value.get_array()[0]),
                  read_duration(input, name, value.get_array()[1])};
  if (span.low > span.high) input.reject(name, value, "a pair whose first is not the greater");
  return span;
}

Revisions read_revisions(JsonInput& input, const char* name) {
  Revisions revisions;
  for (const auto& [key, value] : input.object(name)) {
    const std::string revision{key.data(), key.size()};
    if (!value.is_object() || !revision.contains(':')) {
      input.reject(name, value,
                   "{\"family:revision\": {\"life\": \"5s\", \"hangs\": true, "
                   "\"denied\": true, \"silent\": true, \"ill\": true}}, of which one is enough");
      return {};
    }
    JsonInput fields = input.within(value.get_object(), std::string{name} + "." + revision);
    RevisionFaults& faults = revisions[revision];
    for (const auto& [field, given] : fields.raw()) {
      if (field == "life") {
        faults.life = read_duration(fields, "life", given);
      } else if (field == "hangs") {
        faults.hangs = fields.flag("hangs");
      } else if (field == "denied") {
        faults.denied = fields.flag("denied");
      } else if (field == "silent") {
        faults.silent = fields.flag("silent");
      } else if (field == "ill") {
        faults.ill = fields.flag("ill");
      } else {
        fields.reject({field.data(), field.size()}, given, "life, hangs, denied, silent or ill");
      }
    }
    input.take_error(fields);
  }
  return revisions;
}

json::object show_revision(const RevisionFaults& faults) {
  json::object shown;
  if (faults.life) shown["life"] = format_duration(*faults.life);
  if (faults.hangs) shown["hangs"] = true;
  if (faults.denied) shown["denied"] = true;
  if (faults.silent) shown["silent"] = true;
  if (faults.ill) shown["ill"] = true;
  return shown;
}

struct Reader {
  JsonInput& input;
  const char* name;
  const json::value& value;
  Faults& faults;
  void operator()(double Faults::* member) const { faults.*member = input.fraction(name, 0, 0, 1); }
  void operator()(bool Faults::* member) const { faults.*member = input.flag(name); }
  void operator()(Duration Faults::* member) const {
    faults.*member = read_duration(input, name, value);
  }
  void operator()(Span Faults::* member) const { faults.*member = read_span(input, name, value); }
  void operator()(Revisions Faults::* member) const {
    faults.*member = read_revisions(input, name);
  }
  void operator()(Texts Faults::* member) const { faults.*member = input.texts(name, kTextsMax); }
};

struct Shower {
  const Faults& faults;
  json::value operator()(double Faults::* member) const { return faults.*member; }
  json::value operator()(bool Faults::* member) const { return faults.*member; }
  json::value operator()(Texts Faults::* member) const {
    json::array texts;
    for (const std::string& text : faults.*member) texts.emplace_back(text);
    return texts;
  }
  json::value operator()(Duration Faults::* member) const {
    return json::value(format_duration(faults.*member));
  }
  json::value operator()(Span Faults::* member) const {
    const Span& span = faults.*member;
    return json::array{json::value(format_duration(span.low)),
                       json::value(format_duration(span.high))};
  }
  json::value operator()(Revisions Faults::* member) const {
    json::object shown;
    for (const auto& [name, revision] : faults.*member) shown[name] = show_revision(revision);
    return shown;
  }
};

}  // namespace

json::object show_faults(const Faults& faults) {
  json::object shown;
  for (const auto& [name, member] : kFields) shown[name] = std::visit(Shower{faults}, member);
  return shown;
}

Outcome<Faults> read_faults(JsonInput& input, Faults faults) {
  for (const auto& [key, value] : input.raw()) {
    const Field* field = nullptr;
    for (const Field& one : kFields) {
      if (key == one.name) field = &one;
    }
    if (field == nullptr) {
      input.reject(std::string_view{key.data(), key.size()}, value,
                   "a fault; GET /simulator/faults shows all");
    } else {
      std::visit(Reader{input, field->name, value, faults}, field->member);
    }
    if (input.failed()) return input.error();
  }
  return faults;
}

}  // namespace blox::simulator
