"""An orderly end by SIGTERM: what is under way gets its answer, and nothing is left to be found out
by the next process."""

import socket

import pytest

from processes import wait_until
from simulated import Simulated, create_environment, deploy, wait_ready
from web import get

INSTANCE_COUNT = 12


@pytest.fixture
def simulated(simulator):
    return Simulated(simulator)


@pytest.fixture(params=["one process", "two processes"])
def services(request, fleet, simulated):
    """The processes, the scheduler's first, and the addresses of state and scheduler."""
    if request.param == "one process":
        server = fleet.server(simulated.endpoint)
        return [server], *server.addresses
    state = fleet.cluster_state_service(simulated.endpoint)
    scheduler = fleet.daemon_scheduler(simulated.endpoint, state.addresses[0])
    return [scheduler, state], state.addresses[0], scheduler.addresses[0]


def open_intents(scheduler):
    for line in get(scheduler, "/metrics").text.splitlines():
        if line.startswith("blox_scheduler_open_intents "):
            return float(line.split()[1])
    return 0


def test_starts_under_way_get_their_outcome_stored(simulated, services):
    processes, state, scheduler = services
    wait_ready(state, scheduler)
    definition = simulated.define()
    environment = create_environment(scheduler, definition)
    deploy(scheduler, environment["deploymentToken"])
    # Long enough for the signal to come while ECS has not answered.
    simulated.faults(callOvertime=1, overtime=["900ms", "901ms"])
    simulated.join(INSTANCE_COUNT)
    wait_until("a start is under way", lambda: open_intents(scheduler) > 0)
    for process in processes:
        assert process.terminate() == 0
    simulated.heal(["callOvertime"])
    for process in reversed(processes):
        process.restart()
    # A start whose outcome was lost would keep its instance waiting for minutes.
    wait_until(
        "each instance runs one task",
        lambda: all(
            [task["lastStatus"] for task in tasks] == ["RUNNING"]
            for tasks in simulated.live_tasks().values()
        ),
        30,
    )
    wait_until("nothing is open", lambda: open_intents(scheduler) == 0)
    simulated.expect_kept_promises()


def test_streams_end_with_a_last_chunk(simulated, services):
    processes, state, scheduler = services
    wait_ready(state, scheduler)
    host, port = state.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=20) as stream:
        stream.sendall(b"GET /v1/stream/tasks?bookmarks=true HTTP/1.1\r\nHost: localhost\r\n\r\n")
        text = b""
        while b'"bookmark"' not in text:
            text += stream.recv(65536)
        for process in processes:
            assert process.terminate() == 0
        while more := stream.recv(65536):
            text += more
    assert text.endswith(b"\r\n0\r\n\r\n")


def test_a_second_signal_ends_at_once(simulated, services):
    processes, state, scheduler = services
    wait_ready(state, scheduler)
    definition = simulated.define()
    environment = create_environment(scheduler, definition)
    deploy(scheduler, environment["deploymentToken"])
    # A call that outlasts the wait of an orderly end, of SQS as well: the event comes late, too.
    simulated.faults(callOvertime=1, overtime=["8s", "8001ms"])
    simulated.join(INSTANCE_COUNT)
    wait_until("a start is under way", lambda: open_intents(scheduler) > 0)
    processes[0].process.terminate()
    wait_until("the signal is taken", lambda: "under way" in processes[0].log())
    assert processes[0].terminate() == 0
    assert "broken off" not in processes[0].log()  # What it says when it has waited in vain.
