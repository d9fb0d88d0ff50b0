#include "scheduler/environments/store_mark.h"

#include <boost/json.hpp>
#include <utility>

#include "codec/field_reader.h"
#include "scheduler/environments/record_codec.h"

namespace blox::scheduler {
namespace {

constexpr std::string_view kMarkKey = "scheduler/store";

Result<std::string> decode_mark(const std::string& value) {
  const auto parsed = codec::parse_json_object(value);
  if (!parsed) return std::unexpected(parsed.error());
  codec::FieldReader fields{*parsed};
  std::string id = fields.text("storeId");
  if (const auto status = fields.status(); !status) return std::unexpected(status.error());
  return id;
}

}  // namespace

store::Put store_mark_of(const std::string& id) {
  return {std::string{kMarkKey},
          boost::json::serialize(boost::json::object{{"v", 1}, {"storeId", id}})};
}

Async<Result<bool>> is_copy(store::Store& store) {
  store::RangeRequest request;
  request.prefix = kMarkKey;
  request.limit = 1;
  const auto marks = co_await store.range(std::move(request));
  if (!marks) co_return marks.error_in("read the mark of the scheduler's store");
  if (!marks->items.empty()) {
    const auto id = decode_mark(*marks->items.front().value);
    if (!id) co_return fail(ErrorKind::kInternal, "scheduler/store: " + id.error().message);
    co_return *id != store.info().store_id;
  }
  // An empty one gets its mark with the first environment.
  store::RangeRequest any;
  any.prefix = kEnvironmentsPrefix;
  any.limit = 1;
  const auto environments = co_await store.range(std::move(any));
  if (!environments) co_return environments.error_in("read the scheduler's records");
  if (!environments->items.empty()) {
    const Status marked = co_await take_over(store);
    if (!marked) co_return std::unexpected(marked.error());
  }
  co_return false;
}

Async<Status> take_over(store::Store& store) {
  store::Commit commit;
  commit.puts.push_back(store_mark_of(store.info().store_id));
  const auto committed = co_await store.commit(std::move(commit));
  if (!committed) co_return committed.error_in("mark the scheduler's store");
  co_return done();
}

}  // namespace blox::scheduler
