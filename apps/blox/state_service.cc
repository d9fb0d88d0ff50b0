#include "blox/state_service.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace blox::apps {

StateService::StateService(Executor& executor, Random& random, store::Store& store,
                           aws::Queue& queue, aws::EcsQuery& ecs, Metrics& metrics,
                           StateServiceOptions options)
    : executor_(executor),
      random_(random),
      queue_(queue),
      ecs_(ecs),
      metrics_(metrics),
      options_(std::move(options)),
      ingest_(executor, store, metrics, options_.ingest),
      view_(executor, store, metrics, options_.view),
      api_(view_, metrics),
      scope_(executor) {
  api_.add_to(router_);
  scope_.spawn(run());
  scope_.spawn(view_.run());
}

Async<void> StateService::run() {
  // The view reads the store first, alone, as it is what answers; nothing is written before ingest
  // has read it too.
  while (!view_.snapshot()) {
    co_await view_.changed(cluster_state::ObjectKind::kTask).wait();
  }
  Duration wait = std::chrono::milliseconds{100};
  for (;;) {
    const auto opened = co_await ingest_.open();
    if (opened) break;
    log::error("cluster-state-service", "cannot read the store: {}; trying again in {}",
               opened.error().message, format_duration(wait));
    co_await sleep_for(executor_, wait);
    wait = std::min<Duration>(2 * wait, std::chrono::seconds{10});
  }
  consumer_ = std::make_unique<cluster_state::QueueConsumer>(executor_, random_, queue_, ingest_,
                                                             metrics_, options_.consumer);
  reconciler_ = std::make_unique<cluster_state::Reconciler>(executor_, random_, ecs_, ingest_,
                                                            metrics_, options_.reconcile);
}

}  // namespace blox::apps
