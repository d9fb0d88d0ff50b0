// blox_load WORK: the load of one row, from this process over HTTP; figures as a line of JSON.
#include <CLI/CLI.hpp>

#include "load.h"

int main(int argument_count, char** arguments) {
  using namespace blox::bench;
  CLI::App app{"Loads the simulator and Blox over HTTP; tools/bench runs it"};
  app.require_subcommand(1);

  FillQueue queue;
  auto* fill_command = app.add_subcommand("fill-queue", "Events of tasks into SQS");
  fill_command->add_option("--endpoint", queue.endpoint, "http://HOST:PORT of SQS")->required();
  fill_command->add_option("--queue", queue.queue, "Its name");
  fill_command->add_option("--events", queue.events, "How many");
  fill_command->add_option("--objects", queue.objects, "Tasks they are about");

  StartTasks tasks;
  auto* tasks_command = app.add_subcommand("start-tasks", "Instances and tasks into ECS");
  tasks_command->add_option("--endpoint", tasks.endpoint, "http://HOST:PORT of ECS")->required();
  tasks_command->add_option("--tasks", tasks.tasks, "How many");
  tasks_command->add_option("--tasks-per-instance", tasks.tasks_per_instance, "How many on each");
  tasks_command->add_option("--marked", tasks.marked, "So many are started by 'marked'");

  Fetch fetched;
  auto* fetch_command = app.add_subcommand("fetch", "Gets one URL again and again");
  fetch_command->add_option("--url", fetched.url, "What to get")->required();
  fetch_command->add_option("--count", fetched.count, "How often");

  Fetch drained;
  auto* drain_command = app.add_subcommand("drain", "Gets one URL again and again, keeps nothing");
  drain_command->add_option("--url", drained.url, "What to get")->required();
  drain_command->add_option("--count", drained.count, "How often");

  Latency latency;
  auto* latency_command = app.add_subcommand("latency", "Event sent to line on a stream");
  latency_command->add_option("--endpoint", latency.endpoint, "http://HOST:PORT of SQS")
      ->required();
  latency_command->add_option("--queue", latency.queue, "Its name");
  latency_command->add_option("--state", latency.state, "http://HOST:PORT of the service")
      ->required();
  latency_command->add_option("--rate", latency.rate, "Events a second");
  latency_command->add_option("--events", latency.events, "How many");

  CLI11_PARSE(app, argument_count, arguments);
  if (fill_command->parsed()) return finish(fill_queue(queue));
  if (tasks_command->parsed()) return finish(start_tasks(tasks));
  if (fetch_command->parsed()) return finish(fetch(fetched));
  if (drain_command->parsed()) return finish(drain(drained));
  return finish(measure_latency(latency));
}
