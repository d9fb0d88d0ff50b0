#include "cluster_state/api/change_stream.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "cluster_state/api/plain_stream.h"
#include "cluster_state/view/change_reader.h"

namespace blox::cluster_state {
namespace {

/// A reader is told that it is up to date at least so often. Source: design of streams.
constexpr std::chrono::seconds kBookmarkInterval{10};
constexpr std::size_t kSnapshotLinesMax = 256;

http::Slice slice_of(std::string bytes) {
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view{*owner};
  return {.owner = std::move(owner), .bytes = view};
}

// With bookmarks.
class ChangeStreamBody final : public http::BodyStream {
 public:
  ChangeStreamBody(ClusterView& view, ObjectKind kind, ChangeReader reader, SnapshotPtr first,
                   BookmarkLines& bookmarks)
      : view_(view),
        kind_(kind),
        reader_(std::move(reader)),
        snapshot_(std::move(first)),
        bookmarks_(bookmarks),
        next_bookmark_(view.executor().now()) {}

  Async<Result<http::Slices>> next() override {
    if (has_ended_) co_return http::Slices{};
    if (snapshot_) co_return next_of_snapshot();
    for (;;) {
      auto lines = co_await reader_.next(next_bookmark_);
      if (!lines) co_return end_with(lines.error());
      auto slices = to_slices(*std::move(lines));
      if (!slices.empty()) co_return slices;
    }
  }

 private:
  // Every object, and then the bookmark of the snapshot, with which the reader goes on.
  Result<http::Slices> next_of_snapshot() {
    std::vector<ShownPtr> entries;
    snapshot_->table(kind_).by_arn.take_after(sent_, kSnapshotLinesMax, entries);
    http::Slices slices;
    if (entries.empty()) {
      bookmarks_.append(*snapshot_, snapshot_->version(), slices);
      next_bookmark_ = view_.executor().now() + kBookmarkInterval;
      snapshot_.reset();
      return slices;
    }
    sent_ = entries.back()->arn;
    slices.reserve(entries.size());
    for (auto& entry : entries) {
      const auto line = entry->line();
      const WallTime told_at = entry->told_at;
      add_line({.owner = std::move(entry), .bytes = line}, told_at, slices);
    }
    return slices;
  }

  http::Slices to_slices(std::vector<Line> lines) {
    http::Slices slices;
    slices.reserve(lines.size() + 1);
    const bool is_quiet = lines.empty();
    for (auto& line : lines) {
      add_line({.owner = std::move(line.owner), .bytes = line.bytes}, line.told_at, slices);
    }
    add_bookmark_if_due(is_quiet, slices);
    return slices;
  }

  // The line is shared with all readers, its age is not: it counts from when ECS said so to now.
  void add_line(http::Slice line, WallTime told_at, http::Slices& slices) const {
    if (const auto age = find_age(told_at)) {
      slices.push_back(slice_of(codec::encode_aged_begin(*age)));
      line.bytes.remove_prefix(codec::kObjectBegin.size());
    }
    slices.push_back(std::move(line));
  }

  // None for a time that nobody knows or that cannot be, and while the date is not known. Compared
  // in milliseconds: those between the years 0 and 9999 overflow as nanoseconds.
  std::optional<Duration> find_age(WallTime told_at) const {
    if (!view_.knows_date()) return std::nullopt;
    const std::chrono::milliseconds age = view_.executor().wall_now() - told_at;
    if (told_at == WallTime{} || age > codec::kAgeMax || age < -codec::kAgeMax) return std::nullopt;
    return std::max(age, std::chrono::milliseconds{});
  }

  // A bookmark tells sync times, which hold for the whole snapshot: so only to who has all of it.
  void add_bookmark_if_due(bool is_quiet, http::Slices& slices) {
    const TimePoint now = view_.executor().now();
    const auto snapshot = view_.snapshot();
    if (reader_.position() < snapshot->version() || (!is_quiet && now < next_bookmark_)) return;
    bookmarks_.append(*snapshot, reader_.position(), slices);
    next_bookmark_ = now + kBookmarkInterval;
  }

  Result<http::Slices> end_with(const Error& error) {
    has_ended_ = true;
    if (error.kind != ErrorKind::kCompacted) return std::unexpected<Error>(error);
    return http::Slices{slice_of(codec::encode_compacted_line(reader_.position()) + "\n")};
  }

  ClusterView& view_;
  ObjectKind kind_;
  ChangeReader reader_;
  SnapshotPtr snapshot_;  // While it is being sent.
  BookmarkLines& bookmarks_;
  std::string sent_;  // The last ARN of it that was.
  TimePoint next_bookmark_;
  bool has_ended_ = false;
};

std::unexpected<Refusal> out_of_range(const StreamOptions& options, std::string detail) {
  return std::unexpected{Refusal{.status = options.is_v03_version ? 400 : 410,
                                 .body = kVersionOutOfRange,
                                 .detail = std::move(detail)}};
}

}  // namespace

std::expected<std::unique_ptr<http::BodyStream>, Refusal> open_change_stream(
    ClusterView& view, ObjectKind kind, const StreamOptions& options, BookmarkLines& bookmarks,
    FindUnread unread) {
  auto snapshot = view.snapshot();
  if (options.after && !options.store_id.empty() && options.store_id != snapshot->store_id) {
    return out_of_range(
        options, "the version is of store " + options.store_id + ", this is " + snapshot->store_id);
  }
  auto reader = options.after ? ChangeReader::open(view, kind, *options.after)
                              : Result<ChangeReader>{ChangeReader::open_now(view, kind)};
  if (!reader) return out_of_range(options, reader.error().message);
  if (!options.bookmarks) {
    const auto seen =
        options.is_v03_version ? std::optional{*options.after + 1} : std::nullopt;  // Inclusive.
    return std::make_unique<PlainStreamBody>(view, kind, *std::move(reader), std::move(unread),
                                             seen);
  }
  if (options.after) snapshot = nullptr;
  return std::make_unique<ChangeStreamBody>(view, kind, *std::move(reader), std::move(snapshot),
                                            bookmarks);
}

}  // namespace blox::cluster_state
