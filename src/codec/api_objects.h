// Tasks and container instances as our HTTP API gives them: the v0.3 objects, word for word,
// the lines of streams, and the lists. The service encodes, clients decode.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/container_instance.h"
#include "model/holes.h"
#include "model/task.h"

namespace blox::codec {

/// The API's counter of changes, over all objects: unique, growing, decimal. 0 is before all.
using EntityVersion = std::int64_t;

/// Positions in one commit that a version can tell apart. Source: store::kCommitOperationsMax.
inline constexpr EntityVersion kPositionsPerRevision = 128;

/// The version of what a commit wrote at `position`. Requires: 0 <= position < 128.
constexpr EntityVersion make_entity_version(std::int64_t revision, int position) {
  return revision * kPositionsPerRevision + position;
}
/// The version that a whole picture at `revision` has: no change of it is later.
constexpr EntityVersion last_entity_version(std::int64_t revision) {
  return revision * kPositionsPerRevision + (kPositionsPerRevision - 1);
}
constexpr std::int64_t revision_of(EntityVersion version) {
  return version / kPositionsPerRevision;
}

/// Start of the last complete reconcile of each cluster that a picture holds.
using SyncTimes = std::map<ClusterArn, WallTime>;

/// No age that is told is greater. As parse_duration has it: sums and small multiples do not
/// overflow.
inline constexpr std::chrono::milliseconds kAgeMax = std::chrono::days{3'650};

/// What a picture is up to. Versions of two stores cannot be compared.
struct Bookmark {
  std::string store_id;
  EntityVersion entity_version = 0;  ///< Every change up to it is in the picture.
  SyncTimes synced_at;
  /// How long before the bookmark was written each of these reads began. An age, as the clocks of
  /// two machines differ. Of those of `synced_at`, as far as the service says it.
  std::map<ClusterArn, Duration> sync_ages = {};
  /// One opening of the store by a service, as it says; empty when it does not.
  std::string epoch = {};
  /// Those of `synced_at` that were not read since the opening: the store may be a copy from
  /// before.
  std::set<ClusterArn> unconfirmed = {};
  /// How long before the bookmark was written the queue of events last answered. An age, as the
  /// clocks of two machines differ. None when it never did, or the service does not say.
  std::optional<Duration> receive_age = {};
  /// What the reads of `synced_at` left out.
  ClusterHoles holes = {};
  friend bool operator==(const Bookmark&, const Bookmark&) = default;
};

template <class Object>
struct Versioned {
  EntityVersion entity_version = 0;  ///< Of the object's last change.
  Object object;
  /// How long before the line was sent ECS said so. An age, as the clocks of two machines differ.
  /// Of container instances in streams with bookmarks alone, where the service knows it. One that
  /// is not within 0 and kAgeMax is taken for none.
  std::optional<Duration> age = {};
  friend bool operator==(const Versioned&, const Versioned&) = default;
};

/// A consistent list, in the order of the ARNs. A list of plain v0.3 has an empty bookmark.
template <class Object>
struct Listing {
  std::vector<Versioned<Object>> items;
  Bookmark bookmark;
};

enum class ChangeKind : std::uint8_t {
  kPut,       ///< The object as it is now.
  kDeleted,   ///< Of the object only its ARN and cluster are set.
  kBookmark,  ///< `bookmark` holds; all changes up to it came before.
};

/// A line of a stream.
template <class Object>
struct Change {
  ChangeKind kind = ChangeKind::kPut;
  Versioned<Object> entry;  ///< Of kPut and kDeleted.
  Bookmark bookmark;        ///< Of kBookmark.
};

/// `{"metadata":{"entityVersion":"N"},"entity":{…}}`. Fields that v0.3 requires are always there,
/// others only when they are not empty. Bytes that are not UTF-8
/// become U+FFFD.
std::string encode_object(EntityVersion version, const Task& task);
std::string encode_object(EntityVersion version, const ContainerInstance& instance);

/// The begin of every encoded object. With encode_aged_begin in its place, the line tells its age.
inline constexpr std::string_view kObjectBegin = R"({"metadata":{)";
/// `{"metadata":{"ageMilliseconds":N,`
std::string encode_aged_begin(Duration age);

/// The stream line of a deletion: `"type":"deleted"`, and of the object only ARN and cluster.
std::string encode_deleted(EntityVersion version, const TaskArn& arn, const ClusterArn& cluster);
std::string encode_deleted(EntityVersion version, const ContainerInstanceArn& arn,
                           const ClusterArn& cluster);

/// `{"entityVersion":"N","storeId":"…","receiveAgeMilliseconds":N,"syncedAt":{"<cluster arn>":
/// "<time>"}}`, as in lists; without the age when there is none.
std::string encode_bookmark(const Bookmark& bookmark);
/// The stream line: the same fields in `metadata`, with `"type":"bookmark"`.
std::string encode_bookmark_line(const Bookmark& bookmark);
/// That line, with its end, in two parts: what differs from stream to stream, and what all streams
/// tell at the same time.
std::string encode_bookmark_head(EntityVersion version);
std::string encode_bookmark_rest(const Bookmark& bookmark);
/// The last line of a stream that cannot go on: changes after `version` were not sent.
std::string encode_compacted_line(EntityVersion version);

/// The three decode what the service sends; fields that they do not know are skipped. The ECS
/// version is not part of the API. `Object` is Task or ContainerInstance.
/// Errors: kInvalid, naming the field and what is wrong with it.
template <class Object>
Result<Versioned<Object>> decode_object(std::string_view json);
template <class Object>
Result<Listing<Object>> decode_list(std::string_view json);
/// Errors besides: kCompacted for the line that says so.
template <class Object>
Result<Change<Object>> decode_change(std::string_view line);

}  // namespace blox::codec
