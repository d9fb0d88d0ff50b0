// The small parts under the stores: the ring of recent changes, the key cache, encoded values.
#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "store/change_ring.h"
#include "store/fault_file.h"
#include "store/key_cache.h"
#include "store/value_codec.h"

namespace blox::store {
namespace {

std::vector<WatchEvent> changes(Revision revision, int count) {
  std::vector<WatchEvent> events;
  for (int position = 0; position < count; ++position) {
    const auto value = std::make_shared<const std::string>("v");
    events.push_back({KeyValue{"k", value, revision, revision, position}, false});
  }
  return events;
}

TEST(ChangeRing, DropsWholeCommitsAndKeepsTheNewest) {
  ChangeRing ring{10, 5, 1'000'000};
  EXPECT_EQ(ring.first_revision(), 11);
  EXPECT_TRUE(ring.push(changes(11, 3), 11).empty());
  EXPECT_TRUE(ring.push(changes(12, 2), 12).empty());
  EXPECT_EQ(ring.push(changes(13, 1), 13).size(), 3U);
  EXPECT_EQ(ring.first_revision(), 12);
  EXPECT_EQ(ring.push(changes(14, 9), 14).size(), 3U);
  EXPECT_EQ(ring.size(), 9U);
  EXPECT_EQ(ring.first_revision(), 14);
  EXPECT_EQ(ring.push({}, 15).size(), 9U);
  EXPECT_EQ(ring.first_revision(), 15);
  EXPECT_EQ(ring.bytes(), 0);
}

TEST(ChangeRing, IsBoundedInBytes) {
  const std::int64_t one = bytes_of(changes(1, 1)[0]);
  ChangeRing ring{0, 1'000, 3 * one};
  for (Revision revision = 1; revision <= 10; ++revision) ring.push(changes(revision, 1), revision);
  EXPECT_EQ(ring.size(), 3U);
  EXPECT_EQ(ring.bytes(), 3 * one);
  EXPECT_EQ(ring.first_revision(), 8);
}

TEST(KeyCache, HoldsTheKeysUsedOfLate) {
  KeyCache cache{10};
  cache.put("hot", {1, 1, 1});
  for (int i = 0; i < 100; ++i) {
    cache.put("cold" + std::to_string(i), {i + 2, 1, 1});
    ASSERT_NE(cache.find("hot"), nullptr);
    EXPECT_LE(cache.size(), 10U);
  }
  EXPECT_EQ(cache.find("cold0"), nullptr);
  EXPECT_EQ(cache.find("cold99")->id, 101);
  cache.put("cold99", {7, 1, 1});
  EXPECT_EQ(cache.find("cold99")->id, 7);
  cache.erase("cold99");
  EXPECT_EQ(cache.find("cold99"), nullptr);
}

TEST(ValueCodec, CompressesWhereThatPays) {
  ValueCodec codec;
  Random random{1};
  std::string noise;
  for (int i = 0; i < 1'000; ++i) noise.push_back(static_cast<char>(random.next()));
  const std::pair<std::string, ValueEncoding> rows[] = {
      {"", ValueEncoding::kPlain},
      {"short", ValueEncoding::kPlain},
      {noise, ValueEncoding::kPlain},
      {std::string(1'000, 'x'), ValueEncoding::kZstd},
      {std::string(1'000'000, 'x'), ValueEncoding::kZstd},
  };
  for (const auto& [value, encoding] : rows) {
    const EncodedValue encoded = codec.encode(value);
    EXPECT_EQ(encoded.encoding, encoding) << value.size();
    EXPECT_EQ(codec.decode(encoded.encoding, std::string{encoded.bytes}).value(), value);
  }
}

TEST(ValueCodec, DamageIsAnError) {
  ValueCodec codec;
  const std::string value(1'000, 'x');
  const std::string good{codec.encode(value).bytes};
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(codec.decode(ValueEncoding::kZstd, good.substr(0, size)));
  }
  EXPECT_FALSE(codec.decode(ValueEncoding{3}, good));
  EXPECT_FALSE(codec.decode(ValueEncoding::kZstd, "not a frame"));
}

TEST(FaultFile, ACrashLosesTearsAndReordersWhatWasNotSynced) {
  bool lost = false;
  bool kept = false;
  bool reordered = false;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random{seed};
    FaultFile file;
    file.write(0, std::string(1'024, 'a'));
    file.sync();
    file.write(0, std::string(512, 'b'));
    file.write(512, std::string(512, 'c'));
    file.crash(random);
    ASSERT_EQ(file.bytes().size(), 1'024U);
    const char first = file.bytes()[0];
    const char second = file.bytes()[512];
    EXPECT_TRUE(first == 'a' || first == 'b');
    EXPECT_TRUE(second == 'a' || second == 'c');
    lost |= first == 'a' && second == 'a';
    kept |= first == 'b' && second == 'c';
    reordered |= first == 'a' && second == 'c';
  }
  EXPECT_TRUE(lost && kept && reordered);
}

}  // namespace
}  // namespace blox::store
