// blox_bench ROW: measures one row in this process and prints its figures as a line of JSON.
#include <CLI/CLI.hpp>

#include "rows.h"

int main(int argument_count, char** arguments) {
  using namespace blox::bench;
  CLI::App app{"Measures Blox within one process; tools/bench runs it"};
  app.require_subcommand(1);

  IngestRow ingest;
  auto* ingest_command = app.add_subcommand("ingest", "Queue in memory to SQLite");
  ingest_command->add_option("--store", ingest.store, "Where to make the file")->required();
  ingest_command->add_option("--events", ingest.events, "Events of tasks");
  ingest_command->add_option("--objects", ingest.objects, "Tasks they are about");
  ingest_command->add_option("--instances", ingest.instances, "Instances, an event each");

  PassRow pass;
  auto* pass_command = app.add_subcommand("pass", "Observe and plan");
  pass_command->add_option("--instances", pass.instances, "Container instances");
  pass_command->add_option("--tasks", pass.tasks, "Tasks on them");
  pass_command->add_option("--passes", pass.passes, "How often");

  CLI11_PARSE(app, argument_count, arguments);
  return finish(ingest_command->parsed() ? run_ingest(ingest) : run_pass(pass));
}
