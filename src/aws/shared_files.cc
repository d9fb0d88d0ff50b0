#include "aws/shared_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "aws/config_sections.h"
#include "base/log.h"
#include "base/text.h"

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

Result<IniSections> load_ini(const std::string& path, bool is_default, const NameSection& name_of) {
  const auto text = read_file(path, is_default);
  if (!text) return std::unexpected(text.error());
  auto sections = parse_ini(*text, name_of);
  if (!sections) return sections.error_in("file '" + path + "'");
  return sections;
}

constexpr const char* kConfigVariable = "AWS_CONFIG_FILE";
constexpr const char* kCredentialsVariable = "AWS_SHARED_CREDENTIALS_FILE";

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
  return path_or_home(environment, kConfigVariable, "config");
}

std::string credentials_path(const Environment& environment) {
  return path_or_home(environment, kCredentialsVariable, "credentials");
}

std::string missing_home(const Environment& environment) {
  if (!config_path(environment).empty() && !credentials_path(environment).empty()) return {};
  return "; HOME is not set, so nothing in ~/.aws is read";
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
  for (const char* variable : {kConfigVariable, kCredentialsVariable}) {
    const std::string path = get_variable(environment, variable);
    if (path.starts_with("~/") && get_variable(environment, "HOME").empty()) {
      return fail(ErrorKind::kInvalid,
                  std::string{variable} + " is " + quote(path) + ", and HOME is not set");
    }
  }
  auto config =
      load_ini(config_path(environment), is_default(kConfigVariable), &name_config_section);
  if (!config) return std::unexpected(config.error());
  files.config = std::move(*config);
  auto credentials = load_ini(credentials_path(environment), is_default(kCredentialsVariable),
                              [](std::string_view name) { return std::string{name}; });
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
