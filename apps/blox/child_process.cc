#include "blox/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

extern char** environ;

namespace blox::apps {
namespace {

// What this program and AWS's clients read: the child gets none of the caller's.
bool is_ours(std::string_view entry) {
  return std::ranges::any_of(
      std::to_array<std::string_view>({"AWS_", "BLOX_", "CSS_", "DS_", "SIMULATOR_"}),
      [&](std::string_view prefix) { return entry.starts_with(prefix); });
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_ours(*entry)) entries.emplace_back(*entry);
  }
  for (const auto& [name, value] : variables) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string read_line(int descriptor) {
  std::string line;
  char letter = 0;
  while (read(descriptor, &letter, 1) == 1 && letter != '\n') line.push_back(letter);
  return line;
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(
    std::vector<std::string> arguments, std::map<std::string, std::string> variables,
    const std::string& log_path) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::kUnavailable, std::string{"pipe: "} + std::strerror(errno));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  arguments.insert(arguments.begin(), "blox");
  auto entries = environment_with(variables);
  pid_t process = 0;
  const int problem = posix_spawn(&process, "/proc/self/exe", &actions, nullptr,
                                  pointers_to(arguments).data(), pointers_to(entries).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (problem != 0) {
    close(ends[0]);
    return fail(ErrorKind::kUnavailable, std::string{"cannot start: "} + std::strerror(problem));
  }
  std::unique_ptr<ChildProcess> child{new ChildProcess(process, ends[0])};
  child->first_line_ = read_line(child->output_);
  if (child->addresses().empty()) {
    return fail(ErrorKind::kUnavailable,
                "blox " + arguments[1] + " ended at its start: " + read_file(log_path));
  }
  return child;
}

ChildProcess::~ChildProcess() {
  kill(process_, SIGTERM);
  int status = 0;
  waitpid(process_, &status, 0);
  close(output_);
}

std::vector<std::string> ChildProcess::addresses() const {
  static constexpr std::string_view kScheme = "http://";
  std::vector<std::string> found;
  for (std::size_t place = first_line_.find(kScheme); place != std::string::npos;
       place = first_line_.find(kScheme, place)) {
    place += kScheme.size();
    found.push_back(first_line_.substr(place, first_line_.find_first_of(", \n", place) - place));
  }
  return found;
}

}  // namespace blox::apps
