// The typed client of the daemon-scheduler: what an error says about what was done.
#include "client/scheduler.h"

#include <gtest/gtest.h>

#include <optional>
#include <tuple>

#include "base/run_to_end_for_tests.h"
#include "base/scope.h"
#include "base/sim_loop.h"

namespace blox::client {
namespace {

class OneAnswer final : public http::Transport {
 public:
  explicit OneAnswer(int status) : status_(status) {}
  Async<Result<http::Answer>> send(http::OutgoingRequest) override {
    co_return http::Answer{status_, {}, "why"};
  }
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest,
                                                              Duration) override {
    co_return fail(ErrorKind::kUnavailable, "not here");
  }

 private:
  int status_;
};

template <class T>
ErrorKind error_of(SimLoop& loop, Async<T> work) {
  return run_to_end(loop, std::move(work)).error().kind;
}

TEST(Scheduler, AnErrorOfAWriteSaysWhetherItMayHaveBeenDone) {
  const std::tuple<int, ErrorKind, ErrorKind> rows[] = {
      // status, of a write, of a read
      {400, ErrorKind::kInvalid, ErrorKind::kInvalid},
      {404, ErrorKind::kNotFound, ErrorKind::kNotFound},
      {409, ErrorKind::kConflict, ErrorKind::kConflict},
      {429, ErrorKind::kThrottled, ErrorKind::kThrottled},
      {500, ErrorKind::kUnknown, ErrorKind::kInternal},
      {502, ErrorKind::kUnknown, ErrorKind::kInternal},
      {503, ErrorKind::kUnavailable, ErrorKind::kUnavailable},
      {504, ErrorKind::kUnknown, ErrorKind::kUnavailable},
  };
  for (const auto& [status, of_write, of_read] : rows) {
    SimLoop loop{1};
    OneAnswer transport{status};
    Scheduler scheduler{transport, {}};
    EXPECT_EQ(error_of(loop, scheduler.create_deployment("e", "t", false)), of_write) << status;
    EXPECT_EQ(error_of(loop, scheduler.delete_environment("e", true)), of_write) << status;
    EXPECT_EQ(error_of(loop, scheduler.get_environment("e")), of_read) << status;
  }
}

class NobodyThere final : public http::Transport {
 public:
  Async<Result<http::Answer>> send(http::OutgoingRequest) override {
    co_return fail(ErrorKind::kUnavailable, "nobody there");
  }
  Async<Result<std::unique_ptr<http::LineStream>>> open_lines(http::OutgoingRequest,
                                                              Duration) override {
    co_return fail(ErrorKind::kUnavailable, "nobody there");
  }
};

TEST(Scheduler, AnErrorSaysWhereAndNotWithWhichPassword) {
  SimLoop loop{1};
  NobodyThere transport;
  SchedulerOptions options;
  options.base_url = "http://user:secret@scheduler:2000";
  Scheduler scheduler{transport, options};
  std::optional<Result<Environment>> result;
  Scope scope{loop};
  scope.spawn(keep(scheduler.get_environment("e"), result));
  loop.run_for(std::chrono::minutes{1});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().message, "http://scheduler:2000: nobody there");
}

}  // namespace
}  // namespace blox::client
