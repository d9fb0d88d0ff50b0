// Which store, by the text of --store.
#pragma once

#include <memory>
#include <string>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/store.h"

namespace blox::apps {

/// `text`: "sqlite:PATH", "memory:", or empty for sqlite in the state directory
/// ($STATE_DIRECTORY, else $XDG_STATE_HOME/blox, else $HOME/.local/state/blox) as `file_name`.
/// Missing folders are made. Errors: kInvalid (another form, naming what is allowed; etcd: is not
/// in this version), else those of SqliteStore::open.
Result<std::unique_ptr<store::Store>> open_store(Executor& executor, Metrics& metrics,
                                                 const std::string& text,
                                                 const std::string& file_name);

/// What --help says of --store.
std::string store_help(const std::string& file_name);

}  // namespace blox::apps
