#include "scheduler/environments/store_mark.h"

#include <boost/json.hpp>
#include <utility>

#include "codec/field_reader.h"
#include "scheduler/environments/record_codec.h"

namespace blox::scheduler {
namespace {

struct Mark {
  std::string store_id;
  std::optional<WallTime> taken_over_at;
};

Result<Mark> decode_mark(const std::string& value) {
  const auto parsed = codec::parse_json_object(value);
  if (!parsed) return std::unexpected(parsed.error());
  codec::FieldReader fields{*parsed};
  Mark mark{fields.text("storeId"), fields.find_time("takenOverAt")};
  if (const auto status = fields.status(); !status) return std::unexpected(status.error());
  return mark;
}

Async<Status> put_mark(store::Store& store, std::optional<WallTime> taken_over_at) {
  store::Commit commit;
  commit.puts.push_back(store_mark_of(store.info().store_id, taken_over_at));
  const auto committed = co_await store.commit(std::move(commit));
  if (!committed) co_return committed.error_in("mark the scheduler's store");
  co_return done();
}

}  // namespace

store::Put store_mark_of(const std::string& id, std::optional<WallTime> taken_over_at) {
  boost::json::object mark{{"v", 1}, {"storeId", id}};
  if (taken_over_at) mark["takenOverAt"] = format_time(*taken_over_at);
  return {std::string{kStoreMarkKey}, boost::json::serialize(mark)};
}

Async<Result<StoreOrigin>> find_origin(store::Store& store) {
  store::RangeRequest request;
  request.prefix = kStoreMarkKey;
  request.limit = 1;
  const auto marks = co_await store.range(std::move(request));
  if (!marks) co_return marks.error_in("read the mark of the scheduler's store");
  if (!marks->items.empty()) {
    const auto mark = decode_mark(*marks->items.front().value);
    if (!mark) co_return fail(ErrorKind::kInternal, "scheduler/store: " + mark.error().message);
    co_return StoreOrigin{mark->store_id != store.info().store_id, mark->taken_over_at};
  }
  // An empty one gets its mark with the first environment.
  store::RangeRequest any;
  any.prefix = kEnvironmentsPrefix;
  any.limit = 1;
  const auto environments = co_await store.range(std::move(any));
  if (!environments) co_return environments.error_in("read the scheduler's records");
  if (!environments->items.empty()) {
    const Status marked = co_await put_mark(store, {});
    if (!marked) co_return std::unexpected(marked.error());
  }
  co_return StoreOrigin{};
}

Async<Status> take_over(store::Store& store, WallTime now) { return put_mark(store, now); }

}  // namespace blox::scheduler
