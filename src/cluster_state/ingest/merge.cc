#include "cluster_state/ingest/merge.h"

namespace blox::cluster_state {
namespace {

Verdict meet_tombstone(const Known& known, const Sighting& sighting) {
  if (sighting.final || known.final) {
    return sighting.final ? Verdict::kStale : Verdict::kFinal;
  }
  if (sighting.origin == Origin::kEvent) return Verdict::kDescribe;
  // Asked before the end: the answer may be the very past that was found to be over.
  if (sighting.asked <= known.seen) return Verdict::kDescribe;
  const bool behind = sighting.version && known.version && *sighting.version < *known.version;
  return behind ? Verdict::kStale : Verdict::kApply;
}

// Asked later than the last one that was taken in.
bool is_later(const Known& known, const Sighting& sighting) {
  return !known.asked || sighting.asked > *known.asked;
}

// Where one side has no version, time has to do; an event can only claim to be newer.
Verdict meet_without_version(const Known& known, const Sighting& sighting) {
  if (sighting.origin == Origin::kEvent) {
    const WallTime held = known.described_at.value_or(known.seen_at);
    return sighting.at >= held ? Verdict::kApply : Verdict::kDescribe;
  }
  if (!sighting.version) return sighting.asked >= known.seen ? Verdict::kOverlay : Verdict::kStale;
  return sighting.asked > known.asked.value_or(known.seen) ? Verdict::kApply : Verdict::kStale;
}

Verdict meet_live(const Known& known, const Sighting& sighting) {
  if (known.final && !sighting.final) return Verdict::kFinal;
  if (sighting.final && !known.final) return Verdict::kApply;
  if (!sighting.version || !known.version) return meet_without_version(known, sighting);
  if (*sighting.version > *known.version) return Verdict::kApply;
  if (*sighting.version < *known.version) return Verdict::kStale;
  if (sighting.origin == Origin::kEvent) return Verdict::kStale;
  return is_later(known, sighting) ? Verdict::kOverlay : Verdict::kStale;
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kApply: return "applied";
    case Verdict::kOverlay: return "overlaid";
    case Verdict::kStale: return "stale";
    case Verdict::kFinal: return "final";
    case Verdict::kDescribe: return "asked";
  }
  return "";
}

Decision decide(const Known& known, const Sighting& sighting, WallTime old_before) {
  const bool described = sighting.origin == Origin::kDescribe;
  switch (known.kind) {
    case Known::Kind::kUnknown: {
      const bool proves = described || sighting.final || sighting.at >= old_before;
      return {proves ? Verdict::kApply : Verdict::kDescribe, described};
    }
    case Known::Kind::kTombstone: {
      const Verdict verdict = meet_tombstone(known, sighting);
      return {verdict, described && verdict == Verdict::kApply};
    }
    case Known::Kind::kLive: {
      const Verdict verdict = meet_live(known, sighting);
      return {verdict, described && is_later(known, sighting) && verdict != Verdict::kFinal};
    }
  }
  return {};
}

}  // namespace blox::cluster_state
