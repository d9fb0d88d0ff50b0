// The network between Blox and the simulated world: what it loses, and what arrives none the less.
#include "simulator/sim_transport.h"

#include <memory>
#include <string>

#include "simulator/account_for_tests.h"

namespace blox::simulator {
namespace {

using namespace std::chrono_literals;

class SimTransportTest : public ::testing::Test {
 protected:
  SimTransportTest()
      : instance(*account.set_up(1)[0]),
        transport(account.loop, account.random, account.face, account.simulator.faults) {}

  http::OutgoingRequest start_request() const {
    http::OutgoingRequest request;
    request.method = "POST";
    request.url = "http://aws.sim/";
    request.headers = {{"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.StartTask"}};
    request.body = Account::with_quotes(
        "{'cluster':'c','taskDefinition':'d','containerInstances':['" + instance.id + "']}");
    request.deadline = 2s;
    return request;
  }
  Async<void> call(http::OutgoingRequest request) {
    result.emplace(co_await transport.send(std::move(request)));
  }
  // "200", or the kind of the error; then the number of tasks that the world got of it.
  std::string outcome_of(http::OutgoingRequest request) {
    result.reset();
    const std::size_t before = instance.tasks.size();
    Scope scope{account.loop};
    scope.spawn(call(std::move(request)));
    account.loop.run_for(30s);
    if (!result) return "nothing";
    return (*result ? std::to_string((*result)->status)
                    : std::string{to_text(result->error().kind)}) +
           " " + std::to_string(instance.tasks.size() - before);
  }

  Account account;
  Instance& instance;
  SimTransport transport;
  std::optional<Result<http::Answer>> result;
};

TEST_F(SimTransportTest, GivesEveryFateItsAnswer) {
  const std::tuple<const char*, double Faults::*> rows[] = {
      {"unavailable 0", &Faults::call_refused},  {"unknown 0", &Faults::request_lost},
      {"unknown 1", &Faults::answer_lost},       {"500 0", &Faults::server_error},
      {"500 1", &Faults::server_error_executed},
  };
  EXPECT_EQ(outcome_of(start_request()), "200 1");
  for (const auto& [expected, fault] : rows) {
    account.simulator.faults.*fault = 1;
    EXPECT_EQ(outcome_of(start_request()), expected);
    account.simulator.faults.*fault = 0;
  }
}

TEST_F(SimTransportTest, ALateRequestIsExecutedAfterItsDeadline) {
  account.simulator.faults.call_overtime = 1;
  account.simulator.faults.overtime = Span{5s, 10s};
  EXPECT_EQ(outcome_of(start_request()), "unknown 1");
  EXPECT_EQ(transport.counts().overtime, 1u);
}

TEST_F(SimTransportTest, ACallOutlivesItsCaller) {
  auto process = std::make_unique<Scope>(account.loop);
  process->spawn(call(start_request()));
  while (transport.counts().calls == 0) ASSERT_TRUE(account.loop.step());
  process.reset();  // The process crashes with its request on the wire.
  account.loop.run_for(10s);
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(instance.tasks.size(), 1u);
}

TEST_F(SimTransportTest, RefusesOtherHostsAndWhenCutOff) {
  http::OutgoingRequest elsewhere = start_request();
  elsewhere.url = "http://169.254.169.254/latest/api/token";
  EXPECT_EQ(outcome_of(std::move(elsewhere)), "unavailable 0");
  transport.set_cut_off(true);
  EXPECT_EQ(outcome_of(start_request()), "unavailable 0");
  transport.set_cut_off(false);
  EXPECT_EQ(outcome_of(start_request()), "200 1");
}

// Over a socket, where the handler itself has to lose the answer.
TEST_F(SimTransportTest, TheHandlerBreaksLostAnswersOff) {
  account.simulator.faults.answer_lost = 1;
  http::Request request;
  request.method = "POST";
  request.headers = start_request().headers;
  request.body = start_request().body;
  bool broken = false;
  Scope scope{account.loop};
  const auto work = [&](http::Request sent) -> Async<void> {
    http::Response response = co_await account.face.handle(std::move(sent));
    auto& body = std::get<std::unique_ptr<http::BodyStream>>(response.body);
    broken = !(co_await body->next()).has_value();
  };
  scope.spawn(work(std::move(request)));
  account.loop.run_for(1s);
  EXPECT_TRUE(broken);
  EXPECT_EQ(instance.tasks.size(), 1u);
}

// A whole run is a function of its seed, every fault included.
std::uint64_t run_of(std::uint64_t seed, std::size_t& message_count) {
  Account account{seed};
  const auto instances = account.set_up(20);
  Faults& faults = account.simulator.faults;
  faults.event_lost = faults.event_duplicated = faults.event_reordered = 0.1;
  faults.task_dies = 0.5;
  faults.agent_disconnects = 0.3;
  faults.list_lagging = 0.5;
  for (int minute = 0; minute < 10; ++minute) {
    for (Instance* instance : instances) {
      if (instance->present().agent_connected) account.start(*instance);
    }
    account.loop.run_for(1min);
  }
  message_count = account.simulator.queues.find("blox_queue")->sent_count();
  return account.loop.trace_hash();
}

TEST(Simulator, EqualSeedsGiveEqualRuns) {
  std::size_t first = 0;
  std::size_t second = 0;
  EXPECT_EQ(run_of(5, first), run_of(5, second));
  EXPECT_EQ(first, second);
  EXPECT_GT(first, 1'000u);
  EXPECT_NE(run_of(5, first), run_of(6, second));
}

}  // namespace
}  // namespace blox::simulator
