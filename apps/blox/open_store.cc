#include "blox/open_store.h"

#include <cstdlib>
#include <filesystem>

#include "base/log.h"
#include "base/random.h"
#include "http/url.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"

namespace blox::apps {
namespace {

std::string variable_of(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

Result<std::filesystem::path> state_directory() {
  if (const auto text = variable_of("STATE_DIRECTORY"); !text.empty()) return text;
  if (const auto text = variable_of("XDG_STATE_HOME"); !text.empty()) {
    return std::filesystem::path{text} / "blox";
  }
  if (const auto text = variable_of("HOME"); !text.empty()) {
    return std::filesystem::path{text} / ".local/state/blox";
  }
  return fail(ErrorKind::kInvalid,
              "no place for the store, as HOME is not set: set HOME or STATE_DIRECTORY, or give "
              "--store sqlite:PATH");
}

Result<std::unique_ptr<store::Store>> open_sqlite(Executor& executor, Metrics& metrics,
                                                  const std::filesystem::path& path,
                                                  std::size_t queue_bytes_max) {
  std::error_code problem;
  if (path.has_parent_path() && std::filesystem::create_directories(path.parent_path(), problem)) {
    // What is stored may hold secrets, such as the environment of a task.
    std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, problem);
  }
  if (problem) {
    return fail(ErrorKind::kUnavailable,
                "--store: cannot make " + path.parent_path().string() + ": " + problem.message());
  }
  store::SqliteStoreOptions options;
  options.metrics = &metrics;
  options.queue_bytes_max = queue_bytes_max;
  if (std::filesystem::is_directory(path, problem)) {
    return fail(ErrorKind::kInvalid,
                "--store 'sqlite:" + path.string() + "': is a directory; sqlite:PATH takes a file");
  }
  auto opened = store::SqliteStore::open(executor, path.string(), options);
  if (!opened) return opened.error_in("--store 'sqlite:" + path.string() + "'");
  log::info("store", "sqlite:{}", path.string());
  return std::unique_ptr<store::Store>{*std::move(opened)};
}

}  // namespace

Result<std::unique_ptr<store::Store>> open_store(Executor& executor, Metrics& metrics,
                                                 const std::string& text,
                                                 const std::string& file_name,
                                                 std::size_t queue_bytes_max) {
  if (text.empty()) {
    const auto directory = state_directory();
    if (!directory) return std::unexpected(directory.error());
    return open_sqlite(executor, metrics, *directory / file_name, queue_bytes_max);
  }
  if (text == "memory:") {
    log::warn("store", "memory: everything is forgotten when this process ends");
    return std::make_unique<store::MemoryStore>(
        executor, store::make_memory_disk(seed_from_os(), kMemoryHistory));
  }
  if (text.starts_with("sqlite:") && text.size() > 7)
    return open_sqlite(executor, metrics, text.substr(7), queue_bytes_max);
  const bool etcd = text.starts_with("etcd:");
  const std::string shown =
      etcd ? "etcd:" + http::without_userinfo(text.substr(5)) : http::without_userinfo(text);
  return fail(ErrorKind::kInvalid,
              "--store '" + shown +
                  (etcd ? "': etcd is not in this version; give sqlite:PATH or memory:"
                        : "': give sqlite:PATH or memory:, or leave it out"));
}

std::string store_help(const std::string& file_name) {
  return "sqlite:PATH or memory: (for trying out; of history it keeps an hour, 250,000 changes or "
         "256 MiB, whichever is least); default sqlite:DIR/" +
         file_name +
         ", DIR = $STATE_DIRECTORY, else $XDG_STATE_HOME/blox, else ~/.local/state/blox";
}

}  // namespace blox::apps
