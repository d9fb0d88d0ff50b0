#include "cluster_state/view/kept_events.h"

#include <map>
#include <utility>

#include "base/log.h"
#include "codec/stored.h"

namespace blox::cluster_state {
namespace {

constexpr std::size_t kPageKeys = 16;  // Of up to 1 MiB each.

// The newest events, by time and id as their keys have them.
class Newest {
 public:
  explicit Newest(std::size_t count_max) : count_max_(count_max) {}

  void add(std::string when, codec::StoredEvent event) {
    bytes_ += event.raw.size();
    events_.emplace(std::move(when), std::move(event));
    while (events_.size() > count_max_ || bytes_ > kKeptEventsBytesMax) {
      bytes_ -= events_.begin()->second.raw.size();
      events_.erase(events_.begin());
    }
  }
  std::vector<codec::StoredEvent> take() {
    std::vector<codec::StoredEvent> taken;
    taken.reserve(events_.size());
    for (auto place = events_.rbegin(); place != events_.rend(); ++place) {
      taken.push_back(std::move(place->second));
    }
    return taken;
  }

 private:
  std::size_t count_max_;
  std::size_t bytes_ = 0;
  std::multimap<std::string, codec::StoredEvent> events_;
};

bool passes(const codec::StoredEvent& event, const EventFilter& filter) {
  if (!filter.detail_type.empty() && event.detail_type != filter.detail_type) return false;
  return filter.cluster.empty() || event.cluster == filter.cluster ||
         (!event.cluster.empty() && cluster_name(ClusterArn{event.cluster}) == filter.cluster);
}

void take_in(const store::KeyValue& item, const EventFilter& filter, Newest& newest) {
  auto event = codec::decode_stored_event(*item.value);
  if (!event) {
    log::error("view", "skips event {}: {}", item.key, event.error().message);
    return;
  }
  if (!passes(*event, filter)) return;
  const std::size_t type_end = item.key.find('/', codec::kEventsPrefix.size());
  newest.add(item.key.substr(type_end + 1), *std::move(event));
}

Async<Status> read_prefix(store::Store& store, std::string prefix, const EventFilter& filter,
                          Newest& newest) {
  store::RangeRequest request{
      .prefix = std::move(prefix), .limit = kPageKeys, .after_key = {}, .revision = 0};
  for (bool more = true; more;) {
    auto asked = request;
    const auto page = co_await store.range(std::move(asked));
    if (!page) co_return page.error_in("list events");
    for (const auto& item : page->items) take_in(item, filter, newest);
    more = page->more && !page->items.empty();
    request.revision = page->revision;
    if (more) request.after_key = page->items.back().key;
  }
  co_return done();
}

}  // namespace

Async<Result<std::vector<codec::StoredEvent>>> list_kept_events(store::Store& store,
                                                                EventFilter filter,
                                                                std::size_t count_max) {
  // Of a type that came when there were many types already, events stand under a common one.
  std::vector<std::string> prefixes{std::string{codec::kEventsPrefix}};
  if (!filter.detail_type.empty()) {
    prefixes = {codec::events_prefix(filter.detail_type)};
    if (filter.detail_type != codec::kOtherEventTypes) {
      prefixes.push_back(codec::events_prefix(codec::kOtherEventTypes));
    }
  }
  Newest newest{count_max};
  for (std::string& prefix : prefixes) {
    const Status read = co_await read_prefix(store, std::move(prefix), filter, newest);
    if (!read) co_return std::unexpected(read.error());
  }
  co_return newest.take();
}

}  // namespace blox::cluster_state
