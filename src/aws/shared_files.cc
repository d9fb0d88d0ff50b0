#include "aws/shared_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace blox::aws {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return lower;
}

// A comment behind a value begins with a blank, so that '#' may stand within a secret.
std::string_view without_comment(std::string_view value) {
  for (const std::string_view start : {" #", " ;", "\t#", "\t;"}) {
    value = value.substr(0, value.find(start));
  }
  return value;
}

std::unexpected<Error> bad_line(std::size_t number, std::string_view what) {
  return fail(ErrorKind::kInvalid, "line " + std::to_string(number) + " " + std::string{what} +
                                       "; allowed are [section], key = value and # comment");
}

// Empty when the file is missing.
Result<std::string> read_file(const std::string& path) {
  if (path.empty()) return std::string{};
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::string{};
    return fail(ErrorKind::kDenied, "cannot read '" + path + "': " + std::strerror(errno));
  }
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (file.bad()) return fail(ErrorKind::kDenied, "cannot read '" + path + "' to its end");
  return text;
}

Result<IniSections> load_ini(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  auto sections = parse_ini(*text);
  if (!sections) return sections.error_in("file '" + path + "'");
  return sections;
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

Result<IniSections> parse_ini(std::string_view text) {
  IniSections sections;
  std::map<std::string, std::string>* section = nullptr;
  std::string outer;  // The key whose value is empty, and so may have nested ones.
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const std::size_t close = line.find(']');
      if (close == std::string_view::npos) return bad_line(number, "has no ']'");
      section = &sections[std::string{trim(line.substr(1, close - 1))}];
      outer.clear();
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) return bad_line(number, "has no key");
    if (section == nullptr) return bad_line(number, "stands before the first section");
    const std::string key = to_lower(trim(line.substr(0, equals)));
    const std::string_view value = trim(without_comment(line.substr(equals + 1)));
    const bool indented = raw.front() == ' ' || raw.front() == '\t';
    if (indented && !outer.empty()) {
      (*section)[outer + "." + key] = value;
    } else {
      (*section)[key] = value;
      outer = value.empty() ? key : std::string{};
    }
  }
  return sections;
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
  auto config = load_ini(config_path(environment));
  if (!config) return std::unexpected(config.error());
  for (auto& [name, values] : *config) {
    constexpr std::string_view kPrefix = "profile ";
    const bool is_profile = name.starts_with(kPrefix);
    files.config[is_profile ? std::string{trim(name.substr(kPrefix.size()))} : name] =
        std::move(values);
  }
  auto credentials = load_ini(credentials_path(environment));
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
