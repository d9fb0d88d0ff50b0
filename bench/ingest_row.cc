// Row "ingest": the queue's messages as bytes in memory, everything behind them as it ships.
#include <fmt/format.h>
#include <sys/resource.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "aws/fake_queue.h"
#include "base/check.h"
#include "base/metrics.h"
#include "base/random.h"
#include "cluster_state/ingest/ingest.h"
#include "cluster_state/ingest/queue_consumer.h"
#include "codec/stored.h"
#include "events.h"
#include "rows.h"
#include "store/sqlite_store.h"

namespace blox::bench {
namespace {

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Fills the queue; the bytes of all messages.
std::size_t fill(aws::FakeQueue& queue, const IngestRow& row, WallTime now) {
  check(row.objects > 0 && row.instances > 0, "events are of objects on instances");
  std::size_t bytes = 0;
  const auto push = [&](std::string body) {
    bytes += body.size();
    queue.push(std::move(body));
  };
  for (std::uint64_t i = 0; i < row.instances; ++i) push(make_instance_event(i, 1, now));
  for (std::uint64_t i = 0; i < row.events; ++i) {
    const std::uint64_t task = i % row.objects;
    const auto version = static_cast<std::int64_t>(i / row.objects + 1);
    push(make_task_event(task, task % row.instances, version, i, now));
  }
  return bytes;
}

// Holds every stored task against the newest event that was sent of it.
Async<Status> check_stored(store::Store& store, const IngestRow& row) {
  std::uint64_t found = 0;
  store::RangeRequest request;
  request.prefix = codec::task_key(TaskArn{""});
  for (bool more = true; more;) {
    const auto page = co_await store.range(request);
    if (!page) co_return page.error_in("read the store back");
    for (const auto& item : page->items) {
      const std::uint64_t task = found++;
      const std::uint64_t newest = (row.events - 1 - task) / row.objects * row.objects + task;
      if (find_mark(*item.value) != static_cast<std::int64_t>(newest)) {
        co_return fail(ErrorKind::kInternal, fmt::format("{} holds event {}, the newest is {}",
                                                         item.key, find_mark(*item.value), newest));
      }
      request.after_key = item.key;
    }
    request.revision = page->revision;
    more = page->more;
  }
  if (found == row.objects) co_return done();
  co_return fail(ErrorKind::kInternal,
                 fmt::format("{} tasks are stored, {} were sent", found, row.objects));
}

Async<void> drained(Executor& executor, const aws::FakeQueue& queue) {
  while (queue.size() > 0) co_await sleep_for(executor, std::chrono::milliseconds{1});
}

Async<Result<Figures>> measure(IoLoop& loop, const IngestRow& row) {
  Metrics metrics;
  Random random{1};
  const auto store = store::SqliteStore::open(loop, row.store);
  if (!store) co_return store.error_in("open " + row.store);
  cluster_state::Ingest ingest{loop, **store, metrics};
  const auto opened = co_await ingest.open();
  if (!opened) co_return opened.error_in("read the store");
  aws::FakeQueue queue{loop};
  const std::size_t bytes = fill(queue, row, loop.wall_now());
  const std::size_t sent = queue.size();

  const TimePoint start = loop.now();
  const double cpu_start = cpu_seconds();
  auto consumer =
      std::make_unique<cluster_state::QueueConsumer>(loop, random, queue, ingest, metrics);
  co_await drained(loop, queue);
  const double seconds = to_seconds(loop.now() - start);
  const double cpu = cpu_seconds() - cpu_start;
  consumer.reset();

  const auto checked = co_await check_stored(**store, row);
  if (!checked) co_return std::unexpected(checked.error());
  // Of two changes of one object that wait together the newer one alone is stored: the rate would
  // then not be that of durable events.
  const double changes =
      metrics.counter("blox_ingest_commit_objects_total", "Objects in commits").Value();
  if (changes != static_cast<double>(sent)) {
    co_return fail(ErrorKind::kInternal,
                   fmt::format("{} events were sent, {} changes are stored", sent, changes));
  }
  co_return Figures{{"events_per_second", static_cast<double>(sent) / seconds},
                    {"events", static_cast<double>(sent)},
                    {"stored_changes", changes},
                    {"seconds", seconds},
                    {"cpu_seconds", cpu},
                    {"bytes_per_event", static_cast<double>(bytes) / static_cast<double>(sent)}};
}

}  // namespace

Result<Figures> run_ingest(const IngestRow& row) {
  if (row.events < row.objects || row.objects == 0 || row.instances == 0) {
    return fail(ErrorKind::kInvalid, "--events: at least as many as --objects, and those above 0");
  }
  if (std::filesystem::exists(row.store)) {
    return fail(ErrorKind::kInvalid, "--store '" + row.store + "': a path where no file is yet");
  }
  IoLoop loop;
  return run_to_end(loop, measure(loop, row));
}

}  // namespace blox::bench
