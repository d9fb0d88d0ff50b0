// What the control API shows: the judge's records, and the truth about every instance.
#include "simulator/control_calls.h"
#include "simulator/describe.h"

namespace blox::simulator {
namespace {

namespace json = boost::json;

json::object show(const TaskMention& task) {
  return {{"taskArn", task.task_arn},
          {"taskDefinitionArn", task.task_definition_arn},
          {"startedBy", task.started_by}};
}

json::value word(TaskStatusKind kind) {
  const std::string_view text = format(TaskStatus{kind, {}});
  return json::value(json::string_view{text.data(), text.size()});
}

json::object show(const Peak& peak) {
  json::array tasks;
  for (const TaskMention& task : peak.tasks) tasks.push_back(show(task));
  return {{"group", peak.group},
          {"containerInstanceArn", peak.instance_arn},
          {"liveMax", peak.live_max},
          {"at", format_time(peak.at)},
          {"tasks", std::move(tasks)}};
}

json::object show_instance(const Instance& instance) {
  const InstanceState& state = instance.present();
  json::array tasks;
  for (const auto& [id, task] : instance.tasks) {
    if (!task->present().is_live()) continue;
    tasks.push_back(json::object{{"taskArn", task->arn},
                                 {"taskDefinitionArn", task->definition->arn},
                                 {"group", task->group},
                                 {"startedBy", task->started_by},
                                 {"lastStatus", word(task->present().last_status)},
                                 {"desiredStatus", word(task->present().desired_status)}});
  }
  const std::string_view status = format(InstanceStatus{state.status, {}});
  return {{"containerInstanceArn", instance.arn},
          {"ec2InstanceId", instance.ec2_instance_id},
          {"status", json::string_view{status.data(), status.size()}},
          {"agentConnected", state.agent_connected},
          {"tasks", std::move(tasks)}};
}

}  // namespace

json::object show_judge(const Judge& judge) {
  json::array doubled;
  for (const Peak& peak : judge.doubled()) doubled.push_back(show(peak));
  json::array bad_starts;
  for (const BadStart& start : judge.bad_starts()) {
    bad_starts.push_back(json::object{{"group", start.group},
                                      {"containerInstanceArn", start.instance_arn},
                                      {"status", start.instance_status},
                                      {"agentConnected", start.agent_connected},
                                      {"at", format_time(start.at)},
                                      {"sinceMillis", start.since / std::chrono::milliseconds{1}}});
  }
  json::array foreign_stops;
  for (const ForeignStop& stop : judge.foreign_stops()) {
    foreign_stops.push_back(json::object{{"task", show(stop.task)},
                                         {"group", stop.group},
                                         {"reason", stop.reason},
                                         {"at", format_time(stop.at)}});
  }
  json::object out;
  for (const std::string& group : judge.groups()) {
    json::array instances;
    for (const OutOfService& entry : judge.out_of_service(group)) {
      instances.push_back(json::object{{"containerInstanceArn", entry.instance_arn},
                                       {"taskArn", entry.task_arn},
                                       {"at", format_time(entry.at)}});
    }
    out[group] =
        json::object{{"now", std::move(instances)}, {"max", judge.out_of_service_max(group)}};
  }
  return {{"doubled", std::move(doubled)},
          {"doubledNow", judge.doubled_now()},
          {"badStarts", std::move(bad_starts)},
          {"badStartCount", judge.bad_start_count()},
          {"foreignStops", std::move(foreign_stops)},
          {"foreignStopCount", judge.foreign_stop_count()},
          {"outOfService", std::move(out)}};
}

json::object show_state(Simulator& simulator, std::string_view cluster_name) {
  json::array clusters;
  for (const auto& [name, cluster] : simulator.world.clusters()) {
    if (!cluster->active || (!cluster_name.empty() && name != cluster_name)) continue;
    json::array instances;
    for (const auto& [id, instance] : cluster->instances) {
      if (instance->present().status == InstanceStatusKind::kInactive) continue;
      instances.push_back(show_instance(*instance));
    }
    clusters.push_back(json::object{{"clusterArn", cluster->arn},
                                    {"clusterName", name},
                                    {"containerInstances", std::move(instances)}});
  }
  json::array queues;
  for (const auto& [name, queue] : simulator.queues.all()) {
    queues.push_back(json::object{{"name", name},
                                  {"sent", queue->sent_count()},
                                  {"visible", queue->visible_count()},
                                  {"hidden", queue->hidden_count()}});
  }
  const Events::Counts& events = simulator.events.counts();
  return {{"clusters", std::move(clusters)},
          {"queues", std::move(queues)},
          {"events",
           {{"emitted", events.emitted},
            {"delivered", events.delivered},
            {"delayed", events.delayed},
            {"lost", events.lost},
            {"duplicated", events.duplicated},
            {"reordered", events.reordered}}},
          {"throttledCalls", simulator.throttle.refused_count()},
          {"paused", simulator.timers.is_paused()}};
}

}  // namespace blox::simulator
