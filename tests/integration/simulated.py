"""What a test does in the simulated AWS and asks of it: its own truth, its judge, boto3."""

import itertools

from conftest import client
from processes import wait_until
from web import call, get, post


def chunks(items, size):
    items = iter(items)
    while chunk := list(itertools.islice(items, size)):
        yield chunk


class Simulated:
    """The simulator of a test, with a cluster `web` in it."""

    CLUSTER = "web"

    def __init__(self, process):
        self.address = process.addresses[0]
        self.endpoint = f"http://{self.address}"
        self.ecs = client("ecs", self.endpoint)
        self.sqs = client("sqs", self.endpoint)
        self.ecs.create_cluster(clusterName=self.CLUSTER)

    def control(self, method, path, body=None):
        answer = call(method, self.address, f"/simulator/{path}", body)
        assert answer.status == 200, answer.text
        return answer.json()

    def join(self, count, **more):
        """ARNs of so many new container instances."""
        machine = {"cluster": self.CLUSTER, "count": count, **more}
        return self.control("POST", "instances", machine)["containerInstanceArns"]

    def faults(self, **faults):
        self.control("PUT", "faults", faults)

    def heal(self, names):
        """Turns the faults of these names off; those that are spans of time may stay."""
        self.faults(**{name: 0 for name in names})

    def define(self, family="agent", cpu=16, memory=16):
        """ARN of the next revision."""
        container = {"name": "main", "image": f"{family}:1", "cpu": cpu, "memory": memory}
        answer = self.ecs.register_task_definition(
            family=family, containerDefinitions=[container]
        )
        return answer["taskDefinition"]["taskDefinitionArn"]

    def live_tasks(self):
        """Live tasks by the ARN of their instance, all instances among them."""
        clusters = self.control("GET", f"state?cluster={self.CLUSTER}")["clusters"]
        return {
            instance["containerInstanceArn"]: instance["tasks"]
            for cluster in clusters
            for instance in cluster["containerInstances"]
        }

    def count_of(self, definition, group="blox:agents"):
        """How many live tasks there are of it."""
        return sum(
            task["taskDefinitionArn"] == definition and task["group"] == group
            for tasks in self.live_tasks().values()
            for task in tasks
        )

    def queue(self, name="blox_queue"):
        """Counts of the queue: sent, visible, hidden."""
        queues = self.control("GET", "state")["queues"]
        return next(queue for queue in queues if queue["name"] == name)

    def statuses(self):
        """lastStatus of every task that ECS still describes, by boto3, by ARN."""
        pages = self.ecs.get_paginator("list_tasks")
        arns = [
            arn
            for desired in ("RUNNING", "STOPPED")
            for page in pages.paginate(cluster=self.CLUSTER, desiredStatus=desired)
            for arn in page["taskArns"]
        ]
        found = {}
        for chunk in chunks(arns, 100):
            answer = self.ecs.describe_tasks(cluster=self.CLUSTER, tasks=chunk)
            assert not answer["failures"]
            found.update((task["taskArn"], task["lastStatus"]) for task in answer["tasks"])
        return found

    def expect_kept_promises(self, own_stops=0):
        """By the judge: nothing was ever doubled, started where it must not be, or stopped that is
        not Blox's; `own_stops` are those that the test itself made."""
        judge = self.control("GET", "judge")
        assert judge["doubled"] == []
        assert judge["badStartCount"] == 0, judge["badStarts"][:3]
        assert judge["foreignStopCount"] == own_stops, judge["foreignStops"][:3]


def create_environment(scheduler, definition, name="agents", **more):
    body = {
        "name": name, "instanceGroup": {"cluster": Simulated.CLUSTER},
        "taskDefinition": definition, "minHealthy": "1s", **more,
    }
    answer = post(scheduler, "/v1/environments", body)
    assert answer.status == 200, answer.text
    return answer.json()


def deploy(scheduler, token, name="agents"):
    path = f"/v1/environments/{name}/deployments?deploymentToken={token}&supersede=true"
    answer = post(scheduler, path)
    assert answer.status == 200, answer.text
    return answer.json()


def roll_out(scheduler, definition, name="agents"):
    """Changes the task definition and deploys it."""
    answer = call(
        "PATCH", scheduler, f"/v1/environments/{name}", {"taskDefinition": definition}
    )
    assert answer.status == 200, answer.text
    return deploy(scheduler, answer.json()["deploymentToken"], name)


def wait_ready(*addresses):
    for address in addresses:
        wait_until(f"{address} is ready", lambda: get(address, "/readyz").status == 200)


def shown_statuses(state):
    """lastStatus of every task that the cluster-state-service shows, by ARN."""
    answer = get(state, "/v1/tasks")
    assert answer.status == 200, answer.text
    return {
        item["entity"]["taskARN"]: item["entity"]["lastStatus"]
        for item in answer.json()["items"]
    }
