#include "cluster_state/ingest/record_keeper.h"

#include <algorithm>

#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

// "cluster-state/events/<type>/" of a whole key.
std::string prefix_of(const std::string& key) {
  const std::size_t slash = key.find('/', codec::kEventsPrefix.size());
  return key.substr(0, slash == std::string::npos ? slash : slash + 1);
}

}  // namespace

Status RecordKeeper::load(const store::KeyValue& item) {
  if (item.key.starts_with(codec::kEventsPrefix)) {
    events_[prefix_of(item.key)][item.key].slot.set_mod_revision(item.mod_revision);
    return done();
  }
  if (!item.key.starts_with(codec::kDeadLettersPrefix)) return done();
  const auto number = codec::parse_dead_letter_key(item.key);
  if (!number) return std::unexpected(number.error());
  Letter& kept = letters_[*number];
  kept.slot.set_mod_revision(item.mod_revision);
  last_letter_ = std::max(last_letter_, *number);
  auto letter = codec::decode_dead_letter(*item.value);
  if (!letter) return letter.error_in(item.key);
  kept.origin = {std::move(letter->message_id), letter->member};
  letter_of_origin_[kept.origin] = *number;
  return done();
}

void RecordKeeper::clear() {
  letters_.clear();
  letter_of_origin_.clear();
  events_.clear();
  last_letter_ = 0;
}

void RecordKeeper::keep(const codec::DeadLetter& letter, const std::shared_ptr<Ticket>& ticket) {
  const LetterOrigin origin{letter.message_id, letter.member};
  if (const auto known = letter_of_origin_.find(origin); known != letter_of_origin_.end()) {
    Slot& slot = letters_.at(known->second).slot;
    if (slot.is_refused()) {
      writer_.put(slot, codec::dead_letter_key(known->second), codec::encode_dead_letter(letter));
    }
    writer_.await(slot, ticket);
    return;
  }
  const std::uint64_t number = ++last_letter_;
  Letter& kept = letters_[number];
  kept.origin = origin;
  letter_of_origin_[origin] = number;
  writer_.put(kept.slot, codec::dead_letter_key(number), codec::encode_dead_letter(letter));
  writer_.await(kept.slot, ticket);
  trim_letters();
}

void RecordKeeper::trim_letters() {
  // One whose delete is under way still has its place; those go when they are idle and gone.
  std::size_t kept = letters_.size();
  for (auto place = letters_.begin(); place != letters_.end() && kept > bounds_.dead_letters_max;
       --kept) {
    Letter& oldest = place->second;
    const bool gone = oldest.leaving && oldest.slot.is_idle();
    if (!oldest.leaving) {
      oldest.leaving = true;
      letter_of_origin_.erase(oldest.origin);
      writer_.remove(oldest.slot, codec::dead_letter_key(place->first));
    }
    place = gone ? letters_.erase(place) : std::next(place);
  }
}

void RecordKeeper::keep(const codec::StoredEvent& event, WallTime time,
                        const std::shared_ptr<Ticket>& ticket) {
  std::string_view type = event.detail_type;
  if (!events_.contains(codec::events_prefix(type)) && events_.size() >= bounds_.event_types_max) {
    type = codec::kOtherEventTypes;
  }
  Events& events = events_[codec::events_prefix(type)];
  std::string key = codec::event_key(type, time, event.id);
  // One that the store has refused is given to it again, so that it is refused again.
  if (const auto known = events.find(key);
      known != events.end() && !known->second.slot.is_refused()) {
    writer_.await(known->second.slot, ticket);
    return;
  }
  if (events.size() >= bounds_.events_per_type_max && key < events.begin()->first) return;
  Event& kept = events[key];
  writer_.put(kept.slot, std::move(key), codec::encode_stored_event(event));
  writer_.await(kept.slot, ticket);
  trim_events(events);
}

void RecordKeeper::trim_events(Events& events) {
  std::size_t kept = events.size();
  for (auto place = events.begin(); place != events.end() && kept > bounds_.events_per_type_max;
       --kept) {
    Event& oldest = place->second;
    const bool gone = oldest.leaving && oldest.slot.is_idle();
    if (!oldest.leaving) {
      oldest.leaving = true;
      writer_.remove(oldest.slot, place->first);
    }
    place = gone ? events.erase(place) : std::next(place);
  }
}

}  // namespace blox::cluster_state
