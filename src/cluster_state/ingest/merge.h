// What one report does to one object: the rules by which an object's state only moves forward.
// Pure; the table of merge_test.cc has all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "model/arn.h"

namespace blox::cluster_state {

enum class Origin : std::uint8_t { kEvent, kDescribe };

/// What is held of an object, as far as merging asks.
///
///   unknown ──report──> live ──MISSING twice, or kept long enough──> tombstone ──> unknown
///                         ^────────────── a Describe that finds it ───────┘
struct Known {
  enum class Kind : std::uint8_t { kUnknown, kLive, kTombstone };
  Kind kind = Kind::kUnknown;
  /// Live: the last status admits no other (a task's STOPPED). Tombstone: it was so before.
  bool final = false;
  std::optional<EcsVersion> version;
  std::optional<WallTime> described_at;  ///< When the last Describe taken in was asked.
  WallTime seen_at;                      ///< Live: when its detail was taken in. Else: its end.
  /// The same two by the executor's clock. Of what was read from the store: just before it was
  /// read, as whatever is asked from then on is younger.
  std::optional<TimePoint> asked = {};
  TimePoint seen = {};
};

/// A report, as far as merging asks.
struct Sighting {
  Origin origin = Origin::kEvent;
  bool final = false;
  std::optional<EcsVersion> version;
  WallTime at;           ///< When the event was sent, or when the Describe was asked.
  TimePoint asked = {};  ///< Of a Describe: the same by the executor's clock.
};

enum class Verdict : std::uint8_t {
  kApply,     ///< The report's detail replaces what is held.
  kOverlay,   ///< The same version, described: what differs is laid over what is held.
  kStale,     ///< It tells nothing new.
  kFinal,     ///< It contradicts a final status, and is wrong.
  kDescribe,  ///< It proves nothing: ask ECS about the object.
};
/// The verdict as it stands in metrics: "applied", "overlaid", "stale", "final", "asked".
std::string_view to_text(Verdict verdict);

struct Decision {
  Verdict verdict = Verdict::kStale;
  /// The report's part of what Describe alone carries replaces the one held.
  bool takes_describe = false;
  friend bool operator==(const Decision&, const Decision&) = default;
};

/// Decides on one report. Where versions do not tell, answers of Describe are ordered by when they
/// were asked, by the executor's clock, which nobody sets: a date that is set back by an hour would
/// keep what is newer out for as long, and let an answer from before win. Dates (`at`,
/// `described_at`, `seen_at`) decide on events alone: those come with a date of ECS's clock and
/// nothing else. Where one wins wrongly, as Blox's clock is behind, the next Describe mends it.
/// An event about an unknown object that was sent before `old_before` may
/// be one of an object long gone.
Decision decide(const Known& known, const Sighting& sighting, WallTime old_before);

}  // namespace blox::cluster_state
