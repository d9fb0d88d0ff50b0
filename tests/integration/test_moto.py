"""Blox against moto, an ECS and SQS that knows nothing of Blox: moto sends no events, so the test
writes them into the queue as EventBridge would."""

import json
import uuid

from conftest import client
from processes import wait_until
from web import get, post

INSTANCE_COUNT = 10


def register_instances(endpoint, cluster):
    ec2 = client("ec2", endpoint)
    ecs = client("ecs", endpoint)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    machines = ec2.run_instances(ImageId=image, MinCount=INSTANCE_COUNT, MaxCount=INSTANCE_COUNT)
    for machine in machines["Instances"]:
        document = {
            "region": "us-east-1", "instanceId": machine["InstanceId"],
            "accountId": "123456789012", "instanceType": "t3.medium",
        }
        ecs.register_container_instance(
            cluster=cluster, instanceIdentityDocument=json.dumps(document)
        )


def instance_event(instance, cluster_arn, version=3):
    """What EventBridge would send about an instance that joined."""
    detail = {
        "agentConnected": instance["agentConnected"],
        "attributes": instance.get("attributes", []),
        "clusterArn": cluster_arn,
        "containerInstanceArn": instance["containerInstanceArn"],
        "ec2InstanceId": instance["ec2InstanceId"],
        "registeredResources": instance["registeredResources"],
        "remainingResources": instance["remainingResources"],
        "status": instance["status"],
        "version": version,
        "versionInfo": instance["versionInfo"],
        "registeredAt": "2026-08-20T10:00:00.000Z",
        "updatedAt": "2026-08-20T10:00:00.000Z",
    }
    return {
        "version": "0", "id": str(uuid.uuid4()),
        "detail-type": "ECS Container Instance State Change", "source": "aws.ecs",
        "account": "123456789012", "time": "2026-08-20T10:00:01Z", "region": "us-east-1",
        "resources": [instance["containerInstanceArn"]], "detail": detail,
    }


def tasks_by_instance(ecs, cluster):
    arns = [
        arn
        for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster)
        for arn in page["taskArns"]
    ]
    if not arns:
        return {}
    placed = {}
    for task in ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]:
        placed.setdefault(task["containerInstanceArn"], []).append(task["taskArn"])
    return placed


def test_exactly_one_task_on_each_instance(fleet, moto):
    ecs, sqs = client("ecs", moto), client("sqs", moto)
    cluster_arn = ecs.create_cluster(clusterName="web")["cluster"]["clusterArn"]
    queue = sqs.create_queue(QueueName="blox_queue")["QueueUrl"]
    ecs.register_task_definition(
        family="agent",
        containerDefinitions=[{"name": "main", "image": "agent:1", "cpu": 10, "memory": 16}],
    )
    server = fleet.server(moto)
    state, scheduler = server.addresses
    wait_until("the empty cluster is read", lambda: get(state, "/readyz").status == 200)

    created = post(
        scheduler, "/v1/environments",
        {"name": "agents", "instanceGroup": {"cluster": "web"}, "taskDefinition": "agent"},
    )
    assert created.status == 200, created.text
    token = created.json()["deploymentToken"]
    deployed = post(scheduler, f"/v1/environments/agents/deployments?deploymentToken={token}")
    assert deployed.status == 200, deployed.text
    deployment = deployed.json()["id"]

    # The instances join only now, and Blox hears of them from the queue alone.
    register_instances(moto, "web")
    instances = ecs.list_container_instances(cluster="web")["containerInstanceArns"]
    described = ecs.describe_container_instances(cluster="web", containerInstances=instances)
    for instance in described["containerInstances"]:
        sqs.send_message(
            QueueUrl=queue, MessageBody=json.dumps(instance_event(instance, cluster_arn))
        )

    def each_has_one():
        placed = tasks_by_instance(ecs, "web")
        return len(placed) == INSTANCE_COUNT and placed

    placed = wait_until("a task on each instance, in moto's own list", each_has_one)
    assert sorted(placed) == sorted(instances)
    assert all(len(tasks) == 1 for tasks in placed.values())
    for page in ecs.get_paginator("list_tasks").paginate(cluster="web", startedBy=deployment):
        assert page["taskArns"]

    def is_empty():
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        return all(
            attributes[name] == "0"
            for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        )

    wait_until("every message is deleted from the queue", is_empty)

    def shown_versions():
        items = get(state, "/v1/instances").json()["items"]
        return {
            item["entity"]["containerInstanceARN"]: item["metadata"]["entityVersion"]
            for item in items
        }

    # Nothing is started twice by what comes later: newer events of the same instances, which are
    # a change to be decided on, and the very same again, which are none.
    before = shown_versions()
    assert sorted(before) == sorted(instances)
    for version in (4, 4):
        for instance in described["containerInstances"]:
            event = instance_event(instance, cluster_arn, version)
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    wait_until(
        "each instance is shown as of its newer event",
        lambda: all(version != before[arn] for arn, version in shown_versions().items()),
    )
    wait_until("the repeated messages are deleted too", is_empty)
    assert tasks_by_instance(ecs, "web") == placed
