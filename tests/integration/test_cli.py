"""The program as users meet it: the README's five minutes, flags, files, signals, sentences."""

import json
import re
import subprocess

import pytest

from processes import BLOX, wait_until
from simulated import Simulated, wait_ready
from web import get, post


def run(fleet, *arguments, program=BLOX, **variables):
    """Runs to the end, which comes soon; its CompletedProcess."""
    return subprocess.run(
        [str(program), *arguments], env={**fleet.environment(), **variables},
        capture_output=True, text=True, timeout=20,
    )


@pytest.fixture
def simulated(simulator):
    return Simulated(simulator)


def test_five_minutes_of_the_readme(fleet, simulated):
    simulated.define()
    simulated.join(5)
    server = fleet.run(
        "server", "server", "--css-bind", "127.0.0.1:0", "--scheduler-bind", "127.0.0.1:0",
        "--store", "memory:", endpoint=simulated.endpoint,
    )
    state, scheduler = server.addresses
    wait_ready(state, scheduler)

    def blox(*arguments):
        return fleet.cli(*arguments, state=state, scheduler=scheduler).stdout

    instances = blox("instances", "list").splitlines()
    assert instances[0].split() == ["INSTANCE", "CLUSTER", "EC2", "INSTANCE", "STATUS", "CONNECTED"]
    assert len(instances) == 6
    assert all(" web " in line and " ACTIVE " in line for line in instances[1:])
    created = blox("environments", "create", "agents", "--cluster", "web", "--task-definition",
                   "agent", "--min-healthy", "1s")
    assert "agents" in created
    assert "is completed." in blox("deploy", "agents", "--wait")
    tasks = blox("tasks", "list", "--status", "running").splitlines()
    assert len(tasks) == 6
    assert all("RUNNING" in line and "agent:1" in line for line in tasks[1:])

    listed = json.loads(blox("tasks", "list", "--output", "json"))["items"]
    assert {item["taskARN"] for item in listed} == set(simulated.statuses())
    assert len(json.loads(blox("instances", "list", "--output", "json"))["items"]) == 5
    (environment,) = json.loads(blox("environments", "list", "--output", "json"))["items"]
    assert (environment["name"], environment["health"]) == ("agents", "healthy")
    (deployment,) = json.loads(blox("deployments", "list", "agents", "--output", "json"))["items"]
    assert deployment["status"] == "completed"
    shown = json.loads(
        blox("deployments", "get", "agents", deployment["id"], "--output", "json")
    )
    assert shown["environmentName"] == "agents"
    one = json.loads(blox("tasks", "get", listed[0]["taskARN"], "--output", "json"))
    assert one["group"] == "blox:agents"
    reasons = blox("environments", "instances", "agents").splitlines()
    assert len(reasons) == 6 and all(" serving " in line for line in reasons[1:])

    # Then stop one, and see it replaced.
    simulated.ecs.stop_task(cluster="web", task=listed[0]["taskARN"])

    def is_replaced():
        lines = blox("tasks", "list", "--status", "running").splitlines()[1:]
        return len(lines) == 5 and not any(listed[0]["taskARN"][-32:] in line for line in lines)

    wait_until("the stopped task is replaced", is_replaced)
    assert "deleted" in blox("environments", "delete", "agents", "--terminate-tasks")
    # At once, while its tasks are still being stopped, or later: there is none any more.
    again = fleet.cli(
        "environments", "delete", "agents", "--terminate-tasks", scheduler=scheduler, check=False
    )
    assert (again.returncode, again.stdout) == (1, ""), again
    assert "Environment agents does not exist" in again.stderr
    wait_until("its tasks are gone", lambda: not any(simulated.live_tasks().values()))


def test_a_cluster_that_is_younger_than_the_server(fleet, simulated):
    server = fleet.server(simulated.endpoint)
    state, scheduler = server.addresses
    wait_ready(state, scheduler)
    simulated.ecs.create_cluster(clusterName="young")
    simulated.define()
    simulated.control("POST", "instances", {"cluster": "young", "count": 2})
    fleet.cli(
        "environments", "create", "agents", "--cluster", "young", "--task-definition", "agent",
        "--min-healthy", "1s", scheduler=scheduler,
    )
    fleet.cli("deploy", "agents", "--wait", "--wait-max", "20s", scheduler=scheduler)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["server", "--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
        ([], "subcommand"),
        (["server", "--api-share", "0"], "--api-share"),
        (["server", "--reconcile-interval", "5 parsecs"], "5 parsecs"),
        (["server", "--reconcile-interval", "0s"], "'0s' is not from 10s to 7d"),
        (["daemon-scheduler", "--reconcile-interval", "8d"], "is not from 10s to 7d"),
        (["server", "--stopped-retention", "30s"], "'30s' is not from 1m to 14d"),
        (["simulator", "--account", "abc"], "'abc' is not 12 digits"),
        (["tasks", "list", "--output", "xml"], "xml"),
        (["tasks", "list", "--state-endpoint", "ftp://h"], "'ftp://h': not an http or https URL"),
        (["daemon-scheduler", "--css-endpoint", "h:x"], "--css-endpoint: 'h:x': its port is not"),
        (["server", "--log-max-size", "1"], "'1' is not from 64KiB to 64GiB"),
        (["server", "--log-old-files", "0"], "--log-old-files"),
        (["environments", "create", "agents"], "--cluster"),
        (["tasks", "list", "--cluster", "web,api"], "'web,api' is not the name or ARN of one cluster"),
    ],
)
def test_bad_usage_ends_with_2_and_a_sentence(fleet, arguments, sentence):
    result = run(fleet, *arguments)
    assert result.returncode == 2, result.stderr
    assert sentence in result.stdout + result.stderr


@pytest.mark.parametrize(
    "arguments, variables, sentence",
    [
        (["--store", "mysql:x"], {}, "--store 'mysql:x': give sqlite:PATH or memory:"),
        (["--store", "etcd:h:1"], {}, "etcd is not in this version"),
        (["--etcd-endpoint", "h:1"], {}, "--etcd-endpoint 'h:1': etcd is not in this version"),
        (["--store", "memory:", "--queue", "kinesis://x"], {}, "this version reads SQS only"),
        (["--store", "memory:", "--queue", "a b"], {}, "'a b' is no SQS queue; allowed are NAME"),
        (["--store", "memory:", "--queue", "arn:aws:sqs:eu-west-1:123456789012:q"], {},
         "is in eu-west-1, and the region that Blox works in is us-east-1"),
        (["--store", "memory:", "--css-bind", "nonsense"], {}, "nonsense"),
        ([], {"HOME": ""}, "as HOME is not set: set HOME or STATE_DIRECTORY"),
        (["--store", "memory:"], {"HOME": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": ""},
         "HOME is not set, so nothing in ~/.aws is read"),
        (["--store", "memory:"], {"AWS_REGION": "us-east-1\n"}, "AWS_REGION is 'us-east-1\\x0a'"),
        (["--store", "memory:"], {"AWS_ENDPOINT_URL": "http://h \n"}, "'http://h \\x0a': it holds"),
        (["--store", "memory:"], {"CSS_LOG_LEVEL": "loud"}, "CSS_LOG_LEVEL"),
        (["--store", "memory:"], {"CSS_LOG_LEVEL": "", "DS_LOG_LEVEL": "loud"}, "DS_LOG_LEVEL"),
        (["--store", "memory:"], {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "AWS_REGION"),
        (["--store", "sqlite:/proc/none/blox.db"], {}, "/proc/none"),
    ],
)
def test_what_cannot_work_ends_with_1_and_a_sentence(fleet, arguments, variables, sentence):
    result = run(fleet, "server", *arguments, **variables)
    assert result.returncode == 1, result.stderr
    assert result.stderr.splitlines()[-1].startswith("blox: ")
    assert sentence in result.stderr


def test_version_and_help(fleet):
    version = run(fleet, "--version")
    assert version.returncode == 0 and version.stdout.startswith("blox ")
    for command in (
        ["cluster-state-service"], ["daemon-scheduler"], ["server"], ["simulator"], ["demo"],
        ["tasks", "list"], ["environments", "create"],
    ):
        said = run(fleet, *command, "--version")
        assert (said.returncode, said.stdout) == (0, version.stdout), command
    for command in (
        [], ["server"], ["cluster-state-service"], ["daemon-scheduler"], ["simulator"], ["demo"],
        ["deploy"], ["tasks", "list"], ["instances", "get"], ["environments", "create"],
        ["deployments", "list"],
    ):
        result = run(fleet, *command, "--help")
        assert result.returncode == 0, command
        assert "Usage:" in result.stdout
        assert not command or "Example" in result.stdout


def queue_by(fleet, *arguments, **variables):
    """The queue that a simulator says it has."""
    process = fleet.run(
        "precedence", "simulator", "--bind", "127.0.0.1:0", *arguments, **variables
    )
    queues = get(process.addresses[0], "/simulator/state").json()["queues"]
    process.kill()
    return queues[0]["name"]


def test_flag_beats_environment_beats_file(fleet):
    file = fleet.directory / "blox.ini"
    file.write_text('queue = "of-file"\n')
    flag, environment = ["--queue", "of-flag"], {"BLOX_QUEUE": "of-environment"}
    config = ["--config", str(file)]
    assert queue_by(fleet) == "blox_queue"
    assert queue_by(fleet, *config) == "of-file"
    assert queue_by(fleet, BLOX_CONFIG=str(file)) == "of-file"
    assert queue_by(fleet, *config, **environment) == "of-environment"
    assert queue_by(fleet, *flag, **environment) == "of-flag"
    assert queue_by(fleet, *config, *flag, **environment) == "of-flag"


def test_services_by_their_v03_names(fleet, simulated):
    """Installed as links, they take the flags of v0.3."""
    for name in ("cluster-state-service", "daemon-scheduler"):
        (fleet.directory / name).symlink_to(BLOX)
    state = fleet.run(
        "state", "--bind", "127.0.0.1:0", "--queue", "sqs://blox_queue",
        program=fleet.directory / "cluster-state-service", endpoint=simulated.endpoint,
    )
    scheduler = fleet.run(
        "scheduler", "--bind", "127.0.0.1:0", "--css-endpoint", state.addresses[0],
        program=fleet.directory / "daemon-scheduler", endpoint=simulated.endpoint,
    )
    wait_ready(state.addresses[0], scheduler.addresses[0])
    # Without --store the stores are in the state directory, one each.
    stores = fleet.directory / ".local/state/blox"
    assert {path.name for path in stores.glob("*.db")} == {"cluster-state.db", "scheduler.db"}


def test_one_process_a_store(fleet, simulated):
    first = fleet.server(simulated.endpoint)
    second = run(
        fleet, "server", "--css-bind", "127.0.0.1:0", "--scheduler-bind", "127.0.0.1:0",
        "--store", f"sqlite:{fleet.directory}/blox.db", AWS_ENDPOINT_URL=simulated.endpoint,
    )
    assert second.returncode == 1
    sentence = second.stderr.splitlines()[-1]
    assert sentence.startswith("blox: --store") and "blox.db" in sentence
    assert "another process" in sentence
    assert get(first.addresses[0], "/healthz").status == 200  # The first goes on.
    first.kill()
    fleet.server(simulated.endpoint)  # A killed process leaves no lock behind.


def test_one_process_an_address(fleet, simulator):
    second = run(fleet, "simulator", "--bind", simulator.addresses[0])
    assert second.returncode == 1
    assert simulator.addresses[0] in second.stderr


def test_hosts_that_may_change_the_simulation(fleet):
    """Behind a name of its own, as in a container, it serves those that --allowed-host names."""
    open_to_all = fleet.run(
        "named", "simulator", "--bind", "0.0.0.0:0", "--allowed-host", "ecs.example",
    )
    address = "127.0.0.1:" + open_to_all.addresses[0].rpartition(":")[2]
    join = {"cluster": "web", "count": 1}
    for host, status in (("ecs.example", 200), ("other.example", 403)):
        answer = post(address, "/simulator/instances", join, headers={"Host": host})
        assert answer.status == status, answer.text


def test_who_serves_others_is_told_by_which_names(fleet, simulated):
    flags = ["--store", "memory:", "--allowed-host", "blox.example:80"]
    for bind, is_warned in (("127.0.0.1:0", False), ("[::1]:0", False), ("0.0.0.0:0", True)):
        process = fleet.run(
            f"bound-{is_warned}-{bind[0]}", "cluster-state-service", "--bind", bind, *flags,
            endpoint=simulated.endpoint,
        )
        address = process.addresses[0]
        warned = re.search(r"warning http: (\S+) can be reached by other machines.*", process.log())
        assert bool(warned) == is_warned, process.log()
        if warned:
            assert warned[1] == address
            assert "blox.example:80" in warned[0] and "--allowed-host NAME adds one" in warned[0]


@pytest.mark.parametrize("name", [
    "blox_queue", "sqs://blox_queue", "arn:aws:sqs:us-east-1:123456789012:blox_queue",
    "http://127.0.0.1:1/123456789012/blox_queue",
    "https://sqs.us-east-1.amazonaws.com/123456789012/blox_queue",
])
def test_the_queue_by_name_arn_and_url(fleet, simulated, name):
    state = fleet.cluster_state_service(simulated.endpoint, "--queue", name)
    wait_ready(state.addresses[0])
    simulated.join(1)
    wait_until(
        "an event comes in",
        lambda: len(get(state.addresses[0], "/v1/instances").json()["items"]) == 1,
    )


@pytest.mark.parametrize("form", ["{}", "http://{}/", "http://{}"])
def test_endpoints_as_people_write_them(fleet, simulated, form):
    simulated.join(1)
    state = fleet.cluster_state_service(simulated.endpoint)
    scheduler = fleet.daemon_scheduler(simulated.endpoint, form.format(state.addresses[0]))
    wait_ready(state.addresses[0], scheduler.addresses[0])
    where = ["--state-endpoint", form.format(state.addresses[0])]
    assert len(run(fleet, "instances", "list", *where).stdout.splitlines()) == 2
    where = ["--scheduler-endpoint", form.format(scheduler.addresses[0])]
    assert run(fleet, "environments", "list", *where).returncode == 0


def test_keys_with_a_line_end_are_named(fleet):
    state = fleet.run(
        "state", "cluster-state-service", "--bind", "127.0.0.1:0", "--store", "memory:",
        endpoint="http://127.0.0.1:1", AWS_SECRET_ACCESS_KEY="hush\n",
    )
    wait_until("said", lambda: "AWS_SECRET_ACCESS_KEY holds a blank, a line end" in state.log())
    assert "hush" not in state.log()


def test_variables_of_client_commands(fleet, simulated):
    simulated.join(1)
    server = fleet.server(simulated.endpoint)
    wait_ready(*server.addresses)
    endpoint = {"BLOX_STATE_ENDPOINT": f"http://{server.addresses[0]}"}
    listed = run(fleet, "instances", "list", BLOX_OUTPUT="json", **endpoint)
    assert len(json.loads(listed.stdout)["items"]) == 1
    listed = run(fleet, "instances", "list", BLOX_OUTPUT="json", BLOX_CLUSTER="other", **endpoint)
    assert json.loads(listed.stdout)["items"] == []


def test_each_of_two_processes_takes_half_of_the_calls(fleet):
    shares = {
        name: re.search(r"--api-share .*\]=([\d.]+) ", run(fleet, name, "--help").stdout)[1]
        for name in ("server", "cluster-state-service", "daemon-scheduler")
    }
    assert shares == {"server": "1", "cluster-state-service": "0.5", "daemon-scheduler": "0.5"}


def test_several_clusters_by_variable(fleet, simulated):
    simulated.ecs.create_cluster(clusterName="prod")
    for cluster in ("web", "prod"):
        simulated.control("POST", "instances", {"cluster": cluster, "count": 1})
    state = fleet.run(
        "state", "cluster-state-service", "--bind", "127.0.0.1:0", "--store", "memory:",
        endpoint=simulated.endpoint, BLOX_CLUSTER="web,prod",
    )
    wait_ready(state.addresses[0])
    assert len(get(state.addresses[0], "/v1/instances").json()["items"]) == 2


def test_a_variable_of_one_command_keeps_no_other_from_starting(fleet):
    refused = fleet.cli("tasks", "list", check=False, BLOX_OUTPUT="yaml")
    assert refused.returncode == 2 and "yaml" in refused.stderr
    asked = fleet.cli("tasks", "list", state="127.0.0.1:1", check=False, BLOX_RECONCILE_INTERVAL="1s")
    assert asked.returncode == 1, asked.stderr


def test_sigterm_ends_well(fleet, simulated):
    state = fleet.cluster_state_service(simulated.endpoint)
    scheduler = fleet.daemon_scheduler(simulated.endpoint, state.addresses[0])
    server = fleet.server(simulated.endpoint)
    wait_ready(state.addresses[0], scheduler.addresses[0], *server.addresses)
    for process in (scheduler, state, server, fleet.processes[0]):
        assert process.terminate() == 0, process.command


def test_clients_say_where_to_go_on(fleet, simulator):
    lost = fleet.cli("tasks", "list", state="127.0.0.1:1", check=False)
    assert lost.returncode == 1
    assert lost.stderr.startswith("error: cannot list the tasks: ")
    assert "`blox server` starts it" in lost.stderr
    assert lost.stdout == ""
