#include "cluster_state/ingest/merge.h"

namespace blox::cluster_state {
namespace {

Verdict meet_tombstone(const Known& known, const Sighting& sighting) {
  if (sighting.final || known.final) {
    return sighting.final ? Verdict::kStale : Verdict::kFinal;
  }
  if (sighting.origin == Origin::kEvent) return Verdict::kDescribe;
  // Asked before the end: the answer may be the very past that was found to be over.
  if (sighting.at <= known.seen_at) return Verdict::kDescribe;
  const bool behind = sighting.version && known.version && *sighting.version < *known.version;
  return behind ? Verdict::kStale : Verdict::kApply;
}

// Where one side has no version, time has to do; an event can only claim to be newer.
Verdict meet_without_version(const Known& known, const Sighting& sighting) {
  const WallTime held = known.described_at.value_or(known.seen_at);
  if (sighting.origin == Origin::kEvent) {
    return sighting.at >= held ? Verdict::kApply : Verdict::kDescribe;
  }
  if (!sighting.version) return sighting.at >= known.seen_at ? Verdict::kOverlay : Verdict::kStale;
  return sighting.at > held ? Verdict::kApply : Verdict::kStale;
}

Verdict meet_live(const Known& known, const Sighting& sighting) {
  if (known.final && !sighting.final) return Verdict::kFinal;
  if (sighting.final && !known.final) return Verdict::kApply;
  if (!sighting.version || !known.version) return meet_without_version(known, sighting);
  if (*sighting.version > *known.version) return Verdict::kApply;
  if (*sighting.version < *known.version) return Verdict::kStale;
  if (sighting.origin == Origin::kEvent) return Verdict::kStale;
  const bool later = !known.described_at || sighting.at > *known.described_at;
  return later ? Verdict::kOverlay : Verdict::kStale;
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
      const bool later = !known.described_at || sighting.at > *known.described_at;
      return {verdict, described && later && verdict != Verdict::kFinal};
    }
  }
  return {};
}

}  // namespace blox::cluster_state
