"""The HTTP contract of v0.3, word for word, over real sockets."""

import json
import re
import socket
import uuid

import pytest

from processes import wait_until
from simulated import Simulated, create_environment, deploy, wait_ready
from web import call, get, post, quote

JSON = "application/json; charset=UTF-8"
ACCOUNT = "arn:aws:ecs:us-east-1:123456789012"


class World:
    """Two instances with one daemon task each, and both services of it."""

    def __init__(self, fleet):
        self.simulated = Simulated(fleet.simulator())
        self.instances = sorted(self.simulated.join(2))
        self.definition = self.simulated.define()
        self.server = fleet.server(self.simulated.endpoint)
        self.state, self.scheduler = self.server.addresses
        wait_ready(self.state, self.scheduler)
        self.environment = create_environment(self.scheduler, "agent")
        self.deployment = deploy(self.scheduler, self.environment["deploymentToken"])
        wait_until("the deployment is completed", lambda: self.deployment_now() == "completed")
        self.tasks = wait_until("both tasks are shown as running", self.running_tasks)

    def deployment_now(self):
        path = f"/v1/environments/agents/deployments/{self.deployment['id']}"
        return get(self.scheduler, path).json()["status"]

    def running_tasks(self):
        items = get(self.state, "/v1/tasks?status=running").json()["items"]
        return len(items) == 2 and [item["entity"]["taskARN"] for item in items]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from processes import Fleet

    fleet = Fleet(tmp_path_factory.mktemp("contract"))
    try:
        yield World(fleet)
    finally:
        fleet.end()


def raw(address, text, seconds=10):
    """Sends the bytes as they stand; what comes until the other side closes."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        connection.sendall(text.encode() if isinstance(text, str) else text)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer.decode()


def check_fields(entity, always, optional=()):
    assert set(always) <= set(entity), set(always) - set(entity)
    # What is more than v0.3 had is allowed; what v0.3 had is never empty where it is optional.
    for field in optional:
        assert entity.get(field) != "", field


# ---- cluster-state-service -------------------------------------------------------------------


def test_instances(world):
    answer = get(world.state, "/v1/instances")
    assert (answer.status, answer.headers["Content-Type"]) == (200, JSON)
    items = answer.json()["items"]
    assert sorted(item["entity"]["containerInstanceARN"] for item in items) == world.instances
    for item in items:
        assert re.fullmatch(r"\d+", item["metadata"]["entityVersion"])
        entity = item["entity"]
        check_fields(
            entity,
            ("agentConnected", "clusterARN", "containerInstanceARN", "registeredResources",
             "remainingResources", "status", "versionInfo"),
            ("agentUpdateStatus", "EC2InstanceID"),
        )
        assert entity["agentConnected"] is True
        assert entity["clusterARN"] == f"{ACCOUNT}:cluster/web"
        resources = {one["name"]: one for one in entity["registeredResources"]}
        assert resources["CPU"]["type"] == "INTEGER"
        assert re.fullmatch(r"\d+", resources["CPU"]["value"])
        assert re.fullmatch(r"(\d+(,\d+)*)?", resources["PORTS"]["value"])
        assert {"agentHash", "agentVersion", "dockerVersion"} <= set(entity["versionInfo"])
        assert all({"name", "value"} >= set(one) for one in entity.get("attributes", []))


def test_tasks(world):
    items = get(world.state, "/v1/tasks?status=running").json()["items"]
    for item in items:
        entity = item["entity"]
        check_fields(
            entity,
            ("clusterARN", "containerInstanceARN", "containers", "createdAt", "desiredStatus",
             "lastStatus", "overrides", "taskARN", "taskDefinitionARN"),
            ("startedAt", "startedBy", "stoppedAt", "stoppedReason"),
        )
        assert entity["startedBy"] == world.deployment["id"]
        assert "stoppedAt" not in entity and "stoppedReason" not in entity
        assert entity["overrides"]["containerOverrides"] == [{"name": "main"}]
        for container in entity["containers"]:
            check_fields(container, ("containerARN", "lastStatus", "name"), ("reason",))
            assert "exitCode" not in container


@pytest.mark.parametrize("encode", [lambda arn: arn, quote])
def test_one_object(world, encode):
    task, instance = world.tasks[0], world.instances[0]
    shown = get(world.state, f"/v1/tasks/web/{encode(task)}")
    assert (shown.status, shown.headers["Content-Type"]) == (200, JSON)
    assert shown.json()["entity"]["taskARN"] == task
    shown = get(world.state, f"/v1/instances/web/{encode(instance)}")
    assert shown.json()["entity"]["containerInstanceARN"] == instance


@pytest.mark.parametrize(
    "path, count",
    [
        ("/v1/tasks?status=RUNNING", 2),
        ("/v1/tasks?status=Pending", 0),
        ("/v1/tasks?status=stopped", 0),
        ("/v1/tasks?cluster=web&status=running&startedBy={deployment}", 2),
        (f"/v1/tasks?cluster={ACCOUNT}:cluster/web", 2),
        (f"/v1/tasks?cluster={quote(ACCOUNT)}%3Acluster%2Fweb", 2),
        ("/v1/tasks?cluster=0-absent_", 0),
        ("/v1/tasks?startedBy=nobody", 0),
        ("/v1/instances?status=Active&cluster=web", 2),
        ("/v1/instances?status=inactive", 0),
        # An empty one counts as left out.
        ("/v1/tasks?cluster=&status=running&startedBy=", 2),
        ("/v1/instances?cluster=&status=", 2),
    ],
)
def test_filters(world, path, count):
    answer = get(world.state, path.format(deployment=world.deployment["id"]))
    assert answer.status == 200, answer.text
    assert len(answer.json()["items"]) == count
    if count == 0:
        assert answer.text == '{"items":[]}'


@pytest.mark.parametrize(
    "path, status, body",
    [
        ("/v1/tasks/web/arn:aws:ecs:us-east-1:123456789012:task/web/none", 404, "Task not found"),
        ("/v1/instances/web/nonsense", 404, "Instance not found"),
        ("/v1/instances/other/{instance}", 404, "Instance not found"),
        ("/v1/tasks?status=nonsense", 400, "Invalid status"),
        ("/v1/instances?status=running", 400, "Invalid status"),
        ("/v1/tasks?cluster=a%20b", 400, "Invalid cluster ARN or name"),
        ("/v1/instances?cluster=arn:x", 400, "Invalid cluster ARN or name"),
        ("/v1/tasks?colour=red", 400, "At least one of the filters provided is unsupported"),
        ("/v1/tasks?colour=", 400, "At least one of the filters provided is unsupported"),
        ("/v1/instances?startedBy=x", 400, "At least one of the filters provided is unsupported"),
        ("/v1/tasks?status=running&status=stopped", 400,
         "At least one of the filters provided is specified multiple times"),
        ("/v1/stream/tasks?entityVersion=x", 400, "Invalid entity version"),
        ("/v1/stream/instances?entityVersion=-1", 400, "Invalid entity version"),
        ("/v1/stream/tasks?entityVersion=99999999999", 400, "Entity version is out of range"),
    ],
)
def test_errors_of_the_state_service(world, path, status, body):
    answer = get(world.state, path.format(instance=world.instances[0]))
    assert (answer.status, answer.text) == (status, f"{body}\n")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Blox-Error-Detail"]


class Stream:
    """Lines of an endless answer."""

    def __init__(self, address, path):
        host, port = address.rsplit(":", 1)
        self.connection = socket.create_connection((host, int(port)), timeout=20)
        self.connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        self.file = self.connection.makefile("rb")
        self.head = b""
        while not self.head.endswith(b"\r\n\r\n"):
            self.head += self.file.readline()
        self.pending = b""

    def line(self):
        """The next line, out of the chunks."""
        while b"\n" not in self.pending:
            size = int(self.file.readline(), 16)
            assert size > 0, "the stream ended"
            self.pending += self.file.read(size)
            self.file.read(2)
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def close(self):
        self.file.close()
        self.connection.close()


def test_streams_replay_and_go_on(world):
    listed = get(world.state, "/v1/tasks?status=running").json()["items"]
    oldest = min(listed, key=lambda item: int(item["metadata"]["entityVersion"]))
    version = oldest["metadata"]["entityVersion"]
    stream = Stream(world.state, f"/v1/stream/tasks?entityVersion={version}")
    head = stream.head.lower()
    assert head.startswith(b"http/1.1 200")
    assert b"content-type: application/octet-stream" in head
    assert b"transfer-encoding: chunked" in head
    assert stream.line() == oldest  # Inclusive.

    simulated = world.simulated
    simulated.define("foreign")
    started = simulated.ecs.run_task(cluster="web", taskDefinition="foreign", startedBy="me")
    arn = started["tasks"][0]["taskArn"]
    versions, statuses = [int(version)], []
    while "RUNNING" not in statuses:
        line = stream.line()
        versions.append(int(line["metadata"]["entityVersion"]))
        if line["entity"]["taskARN"] == arn:
            statuses.append(line["entity"]["lastStatus"])
    assert versions == sorted(set(versions))
    assert statuses[0] in ("PROVISIONING", "PENDING")
    stream.close()
    simulated.ecs.stop_task(cluster="web", task=arn)
    wait_until(
        "the foreign task is shown as stopped",
        lambda: len(get(world.state, "/v1/tasks?status=stopped&startedBy=me").json()["items"]) == 1,
    )
    (ended,) = get(world.state, "/v1/tasks?startedBy=me").json()["items"]
    assert ended["entity"]["containers"][0]["exitCode"] == 137
    assert ended["entity"]["stoppedAt"]


# ---- daemon-scheduler ------------------------------------------------------------------------


def test_ping(world):
    answer = get(world.scheduler, "/v1/ping")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == JSON


def test_environments(world):
    shown = get(world.scheduler, "/v1/environments/agents")
    assert (shown.status, shown.headers["Content-Type"]) == (200, JSON)
    environment = shown.json()
    assert environment["name"] == "agents"
    assert environment["instanceGroup"] == {"cluster": f"{ACCOUNT}:cluster/web"}
    assert environment["taskDefinition"] == world.definition
    assert environment["health"] == "healthy"
    uuid.UUID(environment["deploymentToken"])
    for path in ("/v1/environments", "/v1/environments?cluster=web", "/v1/environments?cluster=",
                 f"/v1/environments?cluster={ACCOUNT}:cluster/web"):
        assert get(world.scheduler, path).json()["items"] == [environment]
    assert get(world.scheduler, "/v1/environments?cluster=other").json()["items"] == []


def test_deployments(world):
    path = "/v1/environments/agents/deployments"
    (deployment,) = get(world.scheduler, path).json()["items"]
    assert deployment == get(world.scheduler, f"{path}/{deployment['id']}").json()
    # The description of v0.3's API demands it here, so its clients send one.
    for token in (TOKEN, "any", ""):
        assert get(world.scheduler, f"{path}?deploymentToken={token}").json()["items"] == [deployment]
    assert get(world.scheduler, f"{path}?colour=red").status == 400
    assert deployment["status"] == "completed"
    assert deployment["environmentName"] == "agents"
    assert deployment["taskDefinition"] == world.definition
    assert deployment["failedInstances"] == []
    assert world.deployment["status"] == "pending"


def test_life_of_an_environment(world):
    world.simulated.ecs.create_cluster(clusterName="empty")
    body = {
        "name": "short-lived_1",
        "instanceGroup": {"cluster": f"{ACCOUNT}:cluster/empty"},
        "taskDefinition": world.definition,
    }
    created = post(world.scheduler, "/v1/environments", body)
    assert created.status == 200
    token = created.json()["deploymentToken"]
    path = "/v1/environments/short-lived_1"
    assert post(world.scheduler, f"{path}/deployments?deploymentToken={token}").status == 200
    used = post(world.scheduler, f"{path}/deployments?deploymentToken={token}")
    assert used.status == 400
    changed = call("PATCH", world.scheduler, path, {"taskDefinition": "agent:1"}).json()
    assert changed["deploymentToken"] != token
    outdated = post(world.scheduler, f"{path}/deployments?deploymentToken={token}")
    assert outdated.status == 400 and "outdated" in outdated.text
    for _ in range(2):  # Deleting what is missing succeeds as well.
        deleted = call("DELETE", world.scheduler, path)
        assert (deleted.status, deleted.body) == (200, b"")
        assert deleted.headers["Content-Type"] is None
    assert get(world.scheduler, path).status == 404


NEW = {"name": "new", "instanceGroup": {"cluster": "web"}, "taskDefinition": "agent"}
TOKEN = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "method, path, body, status, sentence",
    [
        ("POST", "/v1/environments", {**NEW, "name": "agents"}, 400,
         "An environment with name agents already exists"),
        ("POST", "/v1/environments", {**NEW, "name": "a b"}, 400, "name is 'a b'"),
        ("POST", "/v1/environments", {**NEW, "name": "x" * 31}, 400, "1 to 30"),
        ("POST", "/v1/environments", {"name": "new"}, 400, "instanceGroup"),
        ("POST", "/v1/environments", {**NEW, "taskDefinition": 7}, 400, "taskDefinition"),
        ("POST", "/v1/environments", b"{", 400, ""),
        ("POST", "/v1/environments", {**NEW, "instanceGroup": {"cluster": "absent"}}, 404,
         "Cluster absent does not exist"),
        ("POST", "/v1/environments", {**NEW, "taskDefinition": "absent:1"}, 404,
         "Task definition absent:1 does not exist"),
        ("GET", "/v1/environments/absent", None, 404, "Environment absent does not exist"),
        ("GET", "/v1/environments/absent/deployments", None, 404,
         "Environment absent does not exist"),
        ("GET", "/v1/environments/agents/deployments/7", None, 404,
         "Deployment 7 does not exist for environment agents"),
        ("POST", f"/v1/environments/absent/deployments?deploymentToken={TOKEN}", None, 404,
         "Environment absent does not exist"),
        ("POST", f"/v1/environments/agents/deployments?deploymentToken={TOKEN}", None, 400,
         "outdated"),
        ("POST", "/v1/environments/agents/deployments", None, 404, ""),
        ("POST", "/v1/environments/agents/deployments?deploymentToken=7", None, 404, ""),
        ("GET", "/v1/environments?colour=red", None, 400,
         "At least one of the filters provided is not supported"),
        ("GET", "/v1/environments?cluster=a&cluster=b", None, 400,
         "At least one of the filters provided is specified multiple times"),
        ("GET", "/v1/environments?cluster=a%20b", None, 400, "Invalid cluster ARN or name"),
    ],
)
def test_errors_of_the_scheduler(world, method, path, body, status, sentence):
    before = get(world.scheduler, "/v1/environments").body
    answer = call(method, world.scheduler, path, body)
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.endswith("\n") and len(answer.text.splitlines()) == 1
    assert sentence in answer.text
    if method == "GET" and path.startswith("/v1/environments/"):
        assert answer.text == f"{sentence}\n"
    assert get(world.scheduler, "/v1/environments").body == before


# ---- Both ------------------------------------------------------------------------------------


def test_trailing_slash_redirects(world):
    for address, path in (
        (world.state, "/v1/tasks"), (world.state, f"/v1/instances/web/{world.instances[0]}"),
        (world.scheduler, "/v1/environments"), (world.scheduler, "/v1/ping"),
    ):
        text = f"GET {path}/?x=1 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        answer = raw(address, text)
        assert answer.startswith("HTTP/1.1 301"), answer
        assert re.search(rf"(?im)^location: {re.escape(path)}\?x=1\r$", answer), answer
    assert get(world.state, "/v1/tasks/").json() == get(world.state, "/v1/tasks").json()


def test_paths_that_are_not_clean_redirect(world):
    def answered(address, target, method="GET"):
        text = f"{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        head = raw(address, text).split("\r\n\r\n")[0]
        location = re.search(r"(?im)^location: (.*?)\r?$", head)
        return int(head.split()[1]), location and location[1]

    for target, clean in (
        ("//v1/tasks", "/v1/tasks"), ("/v1//tasks?a=b", "/v1/tasks?a=b"),
        ("/./v1/x/../tasks/", "/v1/tasks"), ("///v1/tasks//", "/v1/tasks"),
        ("/v1/%2e%2e/v1/tasks", "/v1/tasks"), ("//evil.example/../v1/tasks", "/v1/tasks"),
    ):
        assert answered(world.state, target) == (301, clean), target
    assert answered(world.scheduler, "//v1/environments", "POST") == (301, "/v1/environments")
    # Never to another host.
    for target in ("//evil.example", "//evil.example/..", "//evil.example/v1/tasks", "//",
                   "/..//evil.example", "http://evil.example//v1/tasks", "//evil.example/%2e%2e//x"):
        status, location = answered(world.state, target)
        assert status in (400, 404) and location is None, target


@pytest.mark.parametrize("service, path", [
    ("state", "/v1/tasks"), ("state", "/v1/tasks?cluster=a%20b"), ("state", "/v1/tasks/web/none"),
    ("state", "/v1/stream/tasks"), ("state", "/readyz"), ("scheduler", "/v1/environments/agents"),
    ("scheduler", "/v1/environments/absent"), ("scheduler", "/v1/ping"), ("scheduler", "/nonsense"),
])
def test_a_head_is_a_get_without_its_body(world, service, path):
    address = getattr(world, service)
    # No peer may be left waiting for the end of a body: the connection is used again.
    request = f" {path} HTTP/1.1\r\nHost: {address}\r\n"
    twice = raw(address, f"HEAD{request}\r\nHEAD{request}Connection: close\r\n\r\n")
    first, second, rest = twice.split("\r\n\r\n")
    assert rest == ""
    if "stream" in path:
        assert first.startswith("HTTP/1.1 200") and second.startswith("HTTP/1.1 200")
        return
    answer = get(address, path)
    for head in (first, second):
        assert head.startswith(f"HTTP/1.1 {answer.status} "), head
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        assert fields["Content-Length"] == str(len(answer.body))
        assert fields.get("Content-Type") == answer.headers["Content-Type"]


def test_a_head_that_is_refused_has_no_body(world):
    for head in ("Host: evil.example\r\n", "Host: a\r\nHost: a\r\n"):
        answer = raw(world.state, f"HEAD /v1/tasks HTTP/1.1\r\n{head}\r\n")
        assert re.match(r"HTTP/1.1 40[03] ", answer) and answer.endswith("\r\n\r\n"), answer


def test_other_paths_and_methods(world):
    for address in (world.state, world.scheduler):
        assert get(address, "/v1/nonsense").status == 404
        assert get(address, "/").status == 404
    refused = post(world.state, "/v1/tasks")
    assert refused.status == 405 and "GET" in refused.headers["Allow"]


@pytest.mark.parametrize("header", ["Host", "Origin"])
def test_foreign_sites_change_nothing(world, header):
    value = "evil.example" if header == "Host" else "http://evil.example"
    refused = post(world.scheduler, "/v1/environments", NEW, headers={header: value})
    assert refused.status == 403
    assert "evil.example" in refused.text and "--allowed-host NAME" in refused.text
    assert get(world.scheduler, "/v1/environments/new").status == 404
    # Nor do they read: a name that is pointed at this address would be of one origin with it.
    assert get(world.scheduler, "/v1/environments", headers={header: value}).status == 403
    assert get(world.scheduler, "/healthz", headers={header: value}).status == 200


def test_limits_of_requests(world):
    for address in (world.state, world.scheduler):
        head = f"POST /v1/environments HTTP/1.1\r\nHost: {address}\r\n"
        large = raw(address, f"{head}Content-Length: 5000000\r\n\r\n")
        assert large.startswith("HTTP/1.1 413"), large
        assert raw(address, "nonsense\r\n\r\n").startswith("HTTP/1.1 400")
        fields = "".join(f"X-{number}: {'x' * 1000}\r\n" for number in range(100))
        assert raw(address, f"{head}{fields}\r\n").startswith("HTTP/1.1 431")
        assert get(address, "/healthz").status == 200


def test_operators_pages(world):
    for address in (world.state, world.scheduler):
        assert get(address, "/healthz").status == 200
        assert get(address, "/readyz").status == 200
        metrics = get(address, "/metrics")
        assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        samples = [line for line in metrics.text.splitlines() if not line.startswith("#")]
        assert all(re.fullmatch(r"[a-z_]+(\{.*\})? \S+", line) for line in samples)
        names = {re.split(r"[{ ]", line)[0] for line in samples}
        assert {"blox_http_requests_total", "blox_ingest_messages_total",
                "blox_scheduler_starts_total"} <= names
