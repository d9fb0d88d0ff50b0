// The files that all tools for AWS share: aws/ini.h and aws/shared_files.h. A line "%%" parts the
// config file from the credentials file.
#include "aws/shared_files.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "aws/config_sections.h"
#include "aws/ini.h"
#include "fuzz/oracle.h"

namespace blox::fuzz {
namespace {

using aws::IniSections;

constexpr std::string_view kParting = "%%\n";

// A file without a place in any folder.
class MemoryFile {
 public:
  MemoryFile() : file_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    check(file_ >= 0, "a file in memory");
  }
  ~MemoryFile() { ::close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void write(std::string_view text) {
    check(::ftruncate(file_, 0) == 0, "an empty file");
    check(::pwrite(file_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
          "the file is written");
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

// The sections as a file that says the same; keys with a colon can only stand nested, so that a
// file that has one is not written anew.
bool print(const IniSections& sections, std::string& text) {
  for (const auto& [name, values] : sections) {
    text += "[" + name + "]\n";
    for (const auto& [key, value] : values) {
      if (key.find(':') != key.npos) return false;
      text += key + " =";  // A blank before a sign of comment would make it one.
      for (const char c : value) text += c == '\n' ? std::string{"\n  "} : std::string{c};
      text += "\n";
    }
  }
  return true;
}

std::string with_ends_of_windows(std::string_view text) {
  std::string changed;
  for (const char c : text) {
    if (c == '\n') changed += '\r';
    changed += c;
  }
  return changed;
}

void ini(std::string_view text) {
  const auto sections = [&] {
    const MemoryBound bound{text};
    return aws::parse_ini(text);
  }();
  check_error(sections);
  const auto other = aws::parse_ini(with_ends_of_windows(text));
  check(other.has_value() == sections.has_value(), "ends of lines do not count");
  if (!sections) return;
  check(*other == *sections, "ends of lines do not count");
  std::string printed;
  if (!print(*sections, printed)) return;
  const auto again = aws::parse_ini(printed);
  check(again.has_value(), "what was read can be written and read");
  check(*again == *sections, "what was written is read back");
}

void files(std::string_view config, std::string_view credentials) {
  static MemoryFile config_file;
  static MemoryFile credentials_file;
  config_file.write(config);
  credentials_file.write(credentials);
  const aws::Environment environment{{"AWS_CONFIG_FILE", config_file.path()},
                                     {"AWS_SHARED_CREDENTIALS_FILE", credentials_file.path()}};
  const auto loaded = aws::load_shared_files(environment);
  check_error(loaded);
  const auto first = aws::parse_ini(config, &aws::name_config_section);
  const auto second = aws::parse_ini(credentials);
  check(loaded.has_value() == (first && second), "files are loaded when both can be parsed");
  if (!loaded) return;
  check(loaded->credentials == *second, "the credentials are those of the file");
  check(loaded->config == *first, "the profiles are those of the file");
  for (const char* profile : {"default", "a"}) {
    const std::string value = aws::get_profile_value(*loaded, profile, "region");
    check(value.size() <= config.size() + credentials.size(), "a value is part of a file");
  }
}

}  // namespace
}  // namespace blox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace blox::fuzz;
  const auto text = as_text(data, size);
  const auto parting = text.find(kParting);
  const auto config = text.substr(0, parting);
  const auto credentials = parting == text.npos ? "" : text.substr(parting + kParting.size());
  ini(config);
  ini(credentials);
  files(config, credentials);
  return 0;
}
