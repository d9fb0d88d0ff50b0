#include "aws/shared_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace blox::aws {
namespace {

std::unexpected<Error> unreadable(const std::string& path, int error) {
  return fail(ErrorKind::kDenied, "cannot read '" + path + "': " + std::strerror(error));
}

// By file descriptor: a directory opens as a stream would, and says so only when it is read.
Result<std::string> read_all(const std::string& path, int file) {
  std::string text;
  std::array<char, 4096> bytes{};
  for (;;) {
    const auto count = ::read(file, bytes.data(), bytes.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(path, errno);
    text.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

// Empty when the file is missing.
Result<std::string> read_file(const std::string& path, bool is_default) {
  if (path.empty()) return std::string{};
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) return std::string{};
    if (error != EACCES || !is_default) return unreadable(path, error);
    log::warn("aws", "'{}' may not be read, and is taken for missing", path);
    return std::string{};
  }
  auto text = read_all(path, file);
  ::close(file);
  return text;
}

Result<IniSections> load_ini(const std::string& path, bool is_default) {
  const auto text = read_file(path, is_default);
  if (!text) return std::unexpected(text.error());
  auto sections = parse_ini(*text);
  if (!sections) return sections.error_in("file '" + path + "'");
  return sections;
}

// "profile  \"my prof\"" is "my prof", "services \"s\"" is "services s".
std::string plain_name(const std::string& section) {
  const std::size_t blank = section.find_first_of(" \t");
  if (blank == std::string::npos) return section;
  const std::string word = section.substr(0, blank);
  std::string name =
      section.substr(std::min(section.find_first_not_of(" \t", blank), section.size()));
  const bool quoted = name.size() >= 2 && (name.front() == '"' || name.front() == '\'') &&
                      name.back() == name.front();
  if (quoted) name = name.substr(1, name.size() - 2);
  return word == "profile" ? name : word + " " + name;
}

std::string path_or_home(const Environment& environment, const std::string& variable,
                         const char* name) {
  const std::string set = get_variable(environment, variable);
  const std::string home = get_variable(environment, "HOME");
  if (set.starts_with("~/") && !home.empty()) return home + set.substr(1);
  if (!set.empty()) return set;
  return home.empty() ? std::string{} : home + "/.aws/" + name;
}

}  // namespace

Environment process_environment() {
  Environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::string get_variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string{} : found->second;
}

std::string config_path(const Environment& environment) {
  return path_or_home(environment, "AWS_CONFIG_FILE", "config");
}

std::string credentials_path(const Environment& environment) {
  return path_or_home(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
}

std::string stamp_of_files(const Environment& environment) {
  std::string stamp;
  for (const std::string& path : {config_path(environment), credentials_path(environment)}) {
    struct stat status{};
    if (!path.empty() && ::stat(path.c_str(), &status) == 0) {
      for (const long long part : std::array<long long, 4>{
               static_cast<long long>(status.st_ino), static_cast<long long>(status.st_size),
               status.st_mtim.tv_sec, status.st_mtim.tv_nsec}) {
        stamp += std::to_string(part) + ",";
      }
    }
    stamp += ";";
  }
  return stamp;
}

Result<SharedFiles> load_shared_files(const Environment& environment) {
  SharedFiles files;
  // Before the reading: a change in between is then seen as one afterwards.
  files.stamp = stamp_of_files(environment);
  const auto is_default = [&](const char* variable) {
    return get_variable(environment, variable).empty();
  };
  auto config = load_ini(config_path(environment), is_default("AWS_CONFIG_FILE"));
  if (!config) return std::unexpected(config.error());
  for (auto& [name, values] : *config) files.config[plain_name(name)] = std::move(values);
  auto credentials =
      load_ini(credentials_path(environment), is_default("AWS_SHARED_CREDENTIALS_FILE"));
  if (!credentials) return std::unexpected(credentials.error());
  files.credentials = std::move(*credentials);
  return files;
}

std::string profile_name(const Environment& environment) {
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (std::string name = get_variable(environment, variable); !name.empty()) return name;
  }
  return "default";
}

std::string get_profile_value(const SharedFiles& files, const std::string& profile,
                              const std::string& key) {
  for (const IniSections* sections : {&files.credentials, &files.config}) {
    const auto section = sections->find(profile);
    if (section == sections->end()) continue;
    const auto value = section->second.find(key);
    if (value != section->second.end() && !value->second.empty()) return value->second;
  }
  return {};
}

}  // namespace blox::aws
