// Which store, by the text of --store.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/history.h"
#include "store/store.h"

namespace blox::apps {

/// Bounds of the history of --store memory:, the least of the three. What a store on disk may keep
/// would be gigabytes of memory here. Watches that fall behind it begin anew.
inline constexpr store::HistoryBounds kMemoryHistory{
    .age = std::chrono::hours{1}, .changes_max = 250'000, .bytes_max = std::int64_t{256} << 20};

/// `text`: "sqlite:PATH", "memory:", or empty for sqlite in the state directory
/// ($STATE_DIRECTORY, else $XDG_STATE_HOME/blox, else $HOME/.local/state/blox) as `file_name`.
/// Missing folders are made. `queue_bytes_max`: see SqliteStoreOptions; of sqlite alone. Errors:
/// kInvalid (another form, naming what is allowed; etcd: is not in this version), else those of
/// SqliteStore::open.
Result<std::unique_ptr<store::Store>> open_store(Executor& executor, Metrics& metrics,
                                                 const std::string& text,
                                                 const std::string& file_name,
                                                 std::size_t queue_bytes_max);

/// What --help says of --store.
std::string store_help(const std::string& file_name);

}  // namespace blox::apps
