"""The rows of the table: each starts what it measures, loads it, and holds what is stored against
what was sent before a figure counts."""

import contextlib
import json
import re
import socket
import sqlite3
import subprocess
import time
import urllib.parse

import programs
from programs import Failure, ask, call, metric, wait_until
from table import Result

MARK = re.compile(r'BENCH_MARK","value":"(\d+)"')


def at_least(row, conditions, value, goal, unit):
    return Result(row, conditions, f"{value:,.0f} {unit}", f">= {goal:,} {unit}", value >= goal)


def below(row, conditions, value, goal, unit="ms"):
    return Result(row, conditions, f"{value:.2f} {unit}", f"< {goal} {unit}", value < goal)


def check_count(what, found, wanted):
    if found != wanted:
        raise Failure(f"{what}: {found}, not {wanted}")


def task_count(css):
    return len(ask("GET", css.urls[0] + "/v1/tasks")["items"])


def is_ready(service):
    return call("GET", service.urls[0] + "/readyz")[0] == 200


def stored_changes(path):
    """Changes of tasks in the log of a store that no process has open. Source: docs/formats."""
    with contextlib.closing(sqlite3.connect(path)) as store:
        return store.execute(
            "SELECT COUNT(*) FROM log JOIN keys ON keys.id = log.key_id"
            " WHERE CAST(keys.key AS TEXT) LIKE 'cluster-state/tasks/%'"
        ).fetchone()[0]


def ingest(fleet):
    found = fleet.measure("blox_bench", "ingest", "--store", fleet.folder / "ingest.db")
    conditions = (
        f"{found['events']:,.0f} events of {found['bytes_per_event']:,.0f} B from memory, each a "
        f"change in SQLite; CPU {found['cpu_seconds']:.1f} s of {found['seconds']:.1f} s"
    )
    return [at_least("ingest", conditions, found["events_per_second"], 20_000, "events/s")]


def drain_queue(fleet, events=30_000, objects=10_000):
    """Has a cluster-state-service take a queue full of events, from its start to the last delete.
    Seconds, and the CPU seconds of the service and of the simulator meanwhile."""
    simulator = fleet.simulator()
    fleet.measure(
        "blox_load", "fill-queue", "--endpoint", simulator.urls[0], "--events", events,
        "--objects", objects,
    )
    generator_cpu = simulator.cpu_seconds()
    css = fleet.state_service(simulator)
    name = "blox_ingest_messages_deleted_total"
    wait_until(
        "all messages are deleted", lambda: metric(css.urls[0], name) >= events, 120, pause=0.05
    )
    seconds = time.monotonic() - css.started_at
    cpu = css.cpu_seconds()
    generator_cpu = simulator.cpu_seconds() - generator_cpu
    # Every task must show the newest of its events: the last round over the objects.
    _, text = call("GET", css.urls[0] + "/v1/tasks")
    marks = sorted(int(mark) for mark in MARK.findall(text))
    if marks != list(range(events - objects, events)):
        raise Failure(f"{len(marks)} of {objects} tasks are stored, or not at their newest event")
    # Each event has to be a stored change of its own, not lost in a newer one of its commit.
    css.end()
    check_count("events stored", stored_changes(fleet.folder / "cluster-state.db"), events)
    return seconds, cpu, generator_cpu


def ingest_http(fleet, events=30_000):
    seconds, cpu, generator_cpu = drain_queue(fleet, events)
    conditions = (
        f"{events:,} messages in the simulator's SQS, from the service's start on; CPU "
        f"{cpu:.1f} s service, {generator_cpu:.1f} s simulator"
    )
    return [at_least("ingest-http", conditions, events / seconds, 6_000, "events/s")]


def latency(fleet, rate=1_000, events=20_000):
    simulator = fleet.simulator()
    programs.ecs(simulator, "CreateCluster", {"clusterName": "bench"})
    css = fleet.state_service(simulator)
    wait_until("the service is ready", lambda: is_ready(css))
    found = fleet.measure(
        "blox_load", "latency", "--endpoint", simulator.urls[0], "--state", css.urls[0],
        "--rate", rate, "--events", events,
    )
    check_count("tasks stored", task_count(css), 1_000)
    if found["rate"] < 0.95 * rate:
        raise Failure(f"sent at {found['rate']:,.0f}/s, less than 95 % of {rate:,}/s")
    conditions = f"{events:,} events at {found['rate']:,.0f}/s over SQS, service and stream"
    return [
        below("stream p50", conditions, found["p50_ms"], 2),
        below("stream p99", conditions, found["p99_ms"], 10),
    ]


def query(fleet, tasks=10_000, marked=1_000):
    """Boot, list, filter and get share one filled ECS."""
    simulator = fleet.simulator()
    fleet.measure(
        "blox_load", "start-tasks", "--endpoint", simulator.urls[0], "--tasks", tasks,
        "--marked", marked,
    )
    wait_until("all tasks run", lambda: running_count(simulator) == tasks, 60, pause=0.5)
    # Boot is to read ECS, not the events of what has been done to it.
    queue_url = simulator.urls[0] + "/123456789012/blox_queue"
    ask("POST", simulator.urls[0] + "/", {"QueueUrl": queue_url},
        {"X-Amz-Target": "AmazonSQS.PurgeQueue"})
    css = fleet.state_service(simulator)
    wait_until("the service is ready", lambda: is_ready(css))
    boot = time.monotonic() - css.started_at
    check_count("tasks stored", task_count(css), tasks)
    items = ask("GET", css.urls[0] + "/v1/tasks?startedBy=marked")["items"]
    check_count("tasks started by 'marked'", len(items), marked)

    results = [below("boot", f"{tasks:,} tasks in ECS, empty store, to /readyz", boot, 3, "s")]
    for name, path, goal in (("list", "", 10), ("filter", "?startedBy=marked", 2)):
        found = fleet.measure(
            "blox_load", "fetch", "--url", css.urls[0] + "/v1/tasks" + path, "--count", 200
        )
        conditions = f"p50 of 200 calls, {found['bytes'] / 1e6:.1f} MB, p99 {found['p99_ms']:.1f} ms"
        results.append(below(name, conditions, found["p50_ms"], goal))
    entity = items[len(items) // 2]["entity"]
    url = f"{css.urls[0]}/v1/tasks/bench/{entity['taskARN']}"
    check_count("status of one task", call("GET", url)[0], 200)
    return results + get_one(url)


def running_count(simulator):
    clusters = programs.ecs(simulator, "DescribeClusters", {"clusters": ["bench"]})["clusters"]
    return clusters[0]["runningTasksCount"]


UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def get_one(url, seconds=5):
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", url]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + 30, check=False
        )
    except FileNotFoundError:
        raise Failure("wrk is not installed; ./dev setup does that") from None
    rate = re.search(r"Requests/sec:\s+([\d.]+)", ended.stdout)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", ended.stdout)
    if not rate or not slowest or "Non-2xx" in ended.stdout:
        raise Failure(f"wrk: {ended.stdout} {ended.stderr}")
    conditions = f"wrk, 1 thread, 16 connections, {seconds} s, on the same cores"
    p99 = float(slowest[1]) * UNITS[slowest[2]]
    return [
        at_least("get", conditions, float(rate[1]), 20_000, "calls/s"),
        below("get p99", conditions, p99, 2),
    ]


def join(fleet, instances=1_000, rate=50):
    simulator = fleet.simulator()
    programs.ecs(simulator, "CreateCluster", {"clusterName": "bench"})
    container = {"name": "main", "image": "agent:1", "cpu": 64, "memory": 64, "essential": True}
    programs.ecs(
        simulator, "RegisterTaskDefinition",
        {"family": "agent", "containerDefinitions": [container]},
    )
    server = fleet.server(simulator)
    for service in server.urls:
        wait_until("ready", lambda url=service: call("GET", url + "/readyz")[0] == 200)
    scheduler = server.urls[1]
    created = ask(
        "POST", scheduler + "/v1/environments",
        {"name": "agents", "instanceGroup": {"cluster": "bench"}, "taskDefinition": "agent:1"},
    )
    token = created["deploymentToken"]
    ask("POST", f"{scheduler}/v1/environments/agents/deployments?deploymentToken={token}")
    start = time.monotonic()
    for i in range(instances):
        time.sleep(max(0.0, start + i / rate - time.monotonic()))
        ask("POST", simulator.urls[0] + "/simulator/instances", {"cluster": "bench"})
    wait_until(
        "each instance has its task", lambda: running_count(simulator) >= instances, 30, pause=0.2
    )
    milliseconds = sorted(times_from_join_to_task(simulator))
    check_count("tasks", len(milliseconds), instances)
    judge = ask("GET", simulator.urls[0] + "/simulator/judge")
    check_count("doubled instances", len(judge["doubled"]), 0)
    conditions = (
        f"{instances:,} instances join at {rate}/s; from registeredAt to the task's createdAt, "
        f"p50 {milliseconds[len(milliseconds) // 2]:.0f} ms; none doubled"
    )
    return [below("join p99", conditions, milliseconds[len(milliseconds) * 99 // 100], 100)]


def pages(simulator, operation, key, body):
    token = {}
    while token is not None:
        answer = programs.ecs(simulator, operation, {**body, **token})
        yield answer[key]
        token = {"nextToken": answer["nextToken"]} if answer.get("nextToken") else None


def times_from_join_to_task(simulator):
    """By the simulator's own clock, in ms: the call to StartTask is within."""
    cluster = {"cluster": "bench"}
    joined = {}
    for arns in pages(simulator, "ListContainerInstances", "containerInstanceArns", cluster):
        found = programs.ecs(
            simulator, "DescribeContainerInstances", {**cluster, "containerInstances": arns}
        )
        for instance in found["containerInstances"]:
            joined[instance["containerInstanceArn"]] = instance["registeredAt"]
    for arns in pages(simulator, "ListTasks", "taskArns", cluster):
        for task in programs.ecs(simulator, "DescribeTasks", {**cluster, "tasks": arns})["tasks"]:
            yield (task["createdAt"] - joined[task["containerInstanceArn"]]) * 1000


def decision(fleet):
    found = fleet.measure("blox_bench", "pass")
    conditions = (
        f"observe and plan, {found['instances']:,.0f} instances, {found['tasks']:,.0f} tasks; "
        f"p50 of 50, max {found['max_ms']:.1f} ms"
    )
    return [below("decision pass", conditions, found["p50_ms"], 20)]


def restart(fleet, tasks=50_000, instances=5_000):
    fleet.measure(
        "blox_bench", "ingest", "--store", fleet.folder / "cluster-state.db", "--events", tasks,
        "--objects", tasks, "--instances", instances,
    )
    simulator = fleet.simulator()
    css = fleet.state_service(simulator)
    url = css.urls[0] + "/v1/instances"
    wait_until("it serves what is stored", lambda: call("GET", url)[0] == 200, pause=0.002)
    seconds = time.monotonic() - css.started_at
    check_count("instances served", len(json.loads(call("GET", url)[1])["items"]), instances)
    check_count("tasks served", task_count(css), tasks)
    per_task = css.memory_bytes() / tasks / 1000
    conditions = (
        f"{instances:,} instances and {tasks:,} tasks stored, from exec to the first whole list; "
        f"resident {per_task:.1f} KB a task, instances and all else included"
    )
    return [below("restart", conditions, seconds, 1, "s")]


def list_large(fleet, tasks=100_000):
    """One answer of 100,000 tasks to a client that keeps none of it."""
    fleet.measure(
        "blox_bench", "ingest", "--store", fleet.folder / "cluster-state.db", "--events", tasks,
        "--objects", tasks, "--instances", 1_000,
    )
    css = fleet.state_service(fleet.simulator())
    wait_until("it serves what is stored", lambda: call("GET", css.urls[0] + "/v1/instances")[0] == 200)
    check_count("tasks served", task_count(css), tasks)
    found = fleet.measure("blox_load", "drain", "--url", css.urls[0] + "/v1/tasks", "--count", 50)
    conditions = f"{tasks:,} tasks, {found['bytes'] / 1e6:.1f} MB, 50 calls, p50; a client that discards"
    return [
        at_least("list rate", conditions, found["bytes_per_second"] / 1e6, 1_000, "MB/s"),
        below("list first byte", conditions, found["first_byte_p50_ms"], 5),
    ]


def list_slow(fleet, tasks=100_000, readers=100):
    """So many who each ask for the whole list and read no more than its beginning."""
    fleet.measure(
        "blox_bench", "ingest", "--store", fleet.folder / "blox.db", "--events", tasks,
        "--objects", tasks, "--instances", 1_000,
    )
    server = fleet.server(fleet.simulator())
    url = server.urls[0] + "/v1/tasks"
    wait_until("it serves what is stored", lambda: call("GET", url)[0] == 200)
    size = len(call("GET", url)[1].encode())
    check_count("tasks served", task_count(server), tasks)
    before = most = server.memory_bytes()
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(ask_and_stop(url, size)) for _ in range(readers)]
        end = time.monotonic() + 2
        while time.monotonic() < end:  # The server fills what the kernel takes meanwhile.
            most = max(most, server.memory_bytes())
            time.sleep(0.01)
        check_count("bytes of the list that the last of them reads to its end",
                    sum(iter(lambda: len(sockets[-1].recv(1 << 20)), 0)), size)
    conditions = (
        f"{readers} readers stop behind the head of a list of {tasks:,} tasks, {size / 1e6:.0f} MB; "
        f"growth of {before / 2**20:.0f} MiB resident of blox server, at its most"
    )
    return [below("list slow", conditions, (most - before) / 2**20, 25, "MiB")]


def ask_and_stop(url, size):
    """A connection that has read the head of an answer of `size` bytes and none of its body."""
    parts = urllib.parse.urlsplit(url)
    reader = socket.create_connection((parts.hostname, parts.port), timeout=30)
    reader.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                   "Connection: close\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = reader.recv(1)
        if not byte:
            raise Failure(f"{url}: no whole answer: {head!r}")
        head += byte
    if f"\r\nContent-Length: {size}\r\n".encode() not in head:
        raise Failure(f"{url}: not an answer of {size} bytes: {head!r}")
    return reader


ROWS = {
    "ingest": ingest,
    "ingest-http": ingest_http,
    "latency": latency,
    "query": query,
    "list-large": list_large,
    "list-slow": list_slow,
    "join": join,
    "pass": decision,
    "restart": restart,
}
