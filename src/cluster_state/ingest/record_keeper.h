// Keeps what changes no object: dead letters, and events of types that carry no version. Both are
// bounded, the oldest go first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "cluster_state/ingest/writer.h"
#include "codec/stored_records.h"

namespace blox::cluster_state {

struct RecordBounds {
  std::size_t dead_letters_max = 1'000;
  std::size_t events_per_type_max = 10'000;
  std::size_t event_types_max = 64;  ///< Events of further types share the type "other".
};

/// Threading: the executor's thread.
class RecordKeeper {
 public:
  RecordKeeper(Writer& writer, RecordBounds bounds) : writer_(writer), bounds_(bounds) {}

  /// Takes in one key of the store. Errors: kInvalid (not of this format; it goes when its turn
  /// comes).
  Status load(const store::KeyValue& item);
  void clear();

  /// Keeps a dead letter once for each member of a message. `ticket` waits until it is durable.
  void keep(const codec::DeadLetter& letter, const std::shared_ptr<Ticket>& ticket);
  /// Keeps an event once an id, unless it is older than all that are kept and there is no room.
  void keep(const codec::StoredEvent& event, WallTime time, const std::shared_ptr<Ticket>& ticket);

 private:
  using LetterOrigin = std::pair<std::string, std::size_t>;  // Message id and member.
  struct Letter {
    Slot slot;
    LetterOrigin origin;
    bool leaving = false;  // Its delete has been given to the writer.
  };
  struct Event {
    Slot slot;
    bool leaving = false;
  };
  using Events = std::map<std::string, Event>;  // By key, so oldest first.
  void trim_letters();
  void trim_events(Events& events);

  Writer& writer_;
  RecordBounds bounds_;
  std::map<std::uint64_t, Letter> letters_;
  std::map<LetterOrigin, std::uint64_t> letter_of_origin_;
  std::map<std::string, Events> events_;  // By the prefix of the type.
  std::uint64_t last_letter_ = 0;
};

}  // namespace blox::cluster_state
