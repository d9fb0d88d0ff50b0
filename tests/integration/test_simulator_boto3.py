"""boto3 and the AWS CLI on the simulator: botocore validates every request before it is sent and
parses every answer by the service's own model."""

import datetime
import json
import pathlib
import subprocess
import sys

import botocore.exceptions
import pytest

from processes import wait_until
from simulated import Simulated

# Has the form of an id of ECS; ECS says MISSING of such a one alone.
ABSENT = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def simulated(simulator):
    return Simulated(simulator)


def error_of(call, **arguments):
    """The code of the error that the call ends with; it must be a class of boto3's as well."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def failure_of(call, **arguments):
    """Code and message of the error that the call ends with."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def arns_of(ecs, operation, result, **arguments):
    pages = list(ecs.get_paginator(operation).paginate(**arguments))
    return [arn for page in pages for arn in page[result]], len(pages)


# ---- ECS -------------------------------------------------------------------------------------


def test_clusters(simulated):
    ecs = simulated.ecs
    created = ecs.create_cluster(clusterName="other", tags=[{"key": "a", "value": "b"}])
    arn = created["cluster"]["clusterArn"]
    assert arn == "arn:aws:ecs:us-east-1:123456789012:cluster/other"
    assert ecs.list_clusters()["clusterArns"] == [arn, arn.replace("other", "web")]
    described = ecs.describe_clusters(clusters=["other", "web", "absent"])
    assert [cluster["status"] for cluster in described["clusters"]] == ["ACTIVE", "ACTIVE"]
    assert described["failures"] == [{"arn": arn.replace("other", "absent"), "reason": "MISSING"}]
    assert ecs.delete_cluster(cluster=arn)["cluster"]["status"] == "INACTIVE"
    with pytest.raises(ecs.exceptions.ClusterNotFoundException, match="inactive"):
        ecs.list_tasks(cluster="other")
    with pytest.raises(ecs.exceptions.ClusterNotFoundException, match="not found"):
        ecs.list_tasks(cluster="absent")
    simulated.join(1)
    assert error_of(ecs.delete_cluster, cluster="web") == (
        "ClusterContainsContainerInstancesException"
    )


def test_clusters_in_pages(simulated):
    for number in range(120):
        simulated.ecs.create_cluster(clusterName=f"c{number:03}")
    arns, page_count = arns_of(simulated.ecs, "list_clusters", "clusterArns")
    assert len(set(arns)) == len(arns) == 121
    assert page_count == 2
    with pytest.raises(simulated.ecs.exceptions.InvalidParameterException, match="nextToken"):
        simulated.ecs.list_clusters(nextToken="made-up")


def test_task_definitions(simulated):
    ecs = simulated.ecs
    registered = ecs.register_task_definition(
        family="proxy",
        networkMode="host",
        containerDefinitions=[
            {
                "name": "main", "image": "proxy:1", "cpu": 32, "memory": 64, "essential": True,
                "portMappings": [{"containerPort": 80, "hostPort": 8080, "protocol": "tcp"}],
                "environment": [{"name": "A", "value": "B"}],
            }
        ],
        tags=[{"key": "team", "value": "net"}],
    )["taskDefinition"]
    assert (registered["family"], registered["revision"]) == ("proxy", 1)
    assert simulated.define("proxy").endswith("task-definition/proxy:2")
    for name in ("proxy:1", registered["taskDefinitionArn"]):
        answer = ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])
        shown = answer["taskDefinition"]
        assert shown["containerDefinitions"][0]["portMappings"][0]["hostPort"] == 8080
        assert answer["tags"] == [{"key": "team", "value": "net"}]
        assert ecs.describe_task_definition(taskDefinition=name)["tags"] == []
    newest = ecs.describe_task_definition(taskDefinition="proxy")["taskDefinition"]
    assert newest["revision"] == 2
    ecs.deregister_task_definition(taskDefinition="proxy:2")
    assert ecs.list_task_definitions(familyPrefix="proxy")["taskDefinitionArns"] == [
        registered["taskDefinitionArn"]
    ]
    assert failure_of(ecs.deregister_task_definition, taskDefinition="proxy") == (
        "ClientException", "Revision is missing."
    )
    ecs.deregister_task_definition(taskDefinition="proxy:1")
    # Both kinds of families, unless one asks for one of them.
    assert ecs.list_task_definition_families()["families"] == ["proxy"]
    assert ecs.list_task_definition_families(status="ACTIVE")["families"] == []
    assert ecs.list_task_definition_families(status="INACTIVE")["families"] == ["proxy"]
    assert error_of(ecs.describe_task_definition, taskDefinition="absent") == "ClientException"
    for definition, error in (
        ("proxy:2", ("InvalidParameterException", "TaskDefinition is inactive")),
        ("absent:1", ("ClientException", "TaskDefinition not found.")),
        ("proxy", ("ClientException", "TaskDefinition not found.")),
    ):
        assert error == failure_of(
            ecs.start_task, cluster="web", taskDefinition=definition, containerInstances=[ABSENT]
        )
    code, message = failure_of(
        ecs.register_task_definition, family="proxy",
        containerDefinitions=[{"name": "main", "image": "proxy:1"}],
    )
    assert code == "ClientException"
    assert "'memory' or 'memoryReservation' must be specified" in message


def test_container_instances(simulated):
    ecs = simulated.ecs
    document = {"instanceId": "i-0123456789abcdef0", "region": "us-east-1"}
    registered = ecs.register_container_instance(
        cluster="web",
        instanceIdentityDocument=json.dumps(document),
        totalResources=[
            {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
            {"name": "MEMORY", "type": "INTEGER", "integerValue": 4096},
            {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
        ],
        attributes=[{"name": "zone", "value": "a"}],
    )["containerInstance"]
    arn = registered["containerInstanceArn"]
    assert registered["ec2InstanceId"] == document["instanceId"]
    described = ecs.describe_container_instances(
        cluster="web", containerInstances=[arn, ABSENT], include=["TAGS"]
    )
    (shown,) = described["containerInstances"]
    assert shown["status"] == "ACTIVE" and shown["agentConnected"] is True
    assert {r["name"]: r.get("integerValue") for r in shown["remainingResources"]}["CPU"] == 2048
    assert isinstance(shown["registeredAt"], datetime.datetime)
    assert {"name": "zone", "value": "a"} in shown["attributes"]
    missing = {"arn": f"{arn.rsplit('/', 1)[0]}/{ABSENT}", "reason": "MISSING"}
    assert described["failures"] == [missing]

    drained = ecs.update_container_instances_state(
        cluster="web", containerInstances=[arn, ABSENT], status="DRAINING"
    )
    assert drained["containerInstances"][0]["status"] == "DRAINING"
    assert drained["failures"] == [missing]
    listed = ecs.list_container_instances(cluster="web", status="DRAINING")
    assert listed["containerInstanceArns"] == [arn]
    assert ecs.list_container_instances(cluster="web", status="ACTIVE")[
        "containerInstanceArns"
    ] == []
    ecs.update_container_instances_state(
        cluster="web", containerInstances=[arn], status="ACTIVE"
    )
    # The agent starts again, on a machine with more memory.
    again = ecs.register_container_instance(
        cluster="web", containerInstanceArn=arn,
        totalResources=[{"name": "MEMORY", "type": "INTEGER", "integerValue": 8192}],
        versionInfo={"agentVersion": "1.98.0"},
    )["containerInstance"]
    assert again["versionInfo"]["agentVersion"] == "1.98.0"
    resources = {r["name"]: r.get("integerValue") for r in again["registeredResources"]}
    assert (resources["CPU"], resources["MEMORY"]) == (2048, 8192)
    ended = ecs.deregister_container_instance(cluster="web", containerInstance=arn, force=True)
    assert ended["containerInstance"]["status"] == "INACTIVE"
    assert ecs.list_container_instances(cluster="web")["containerInstanceArns"] == []
    assert failure_of(
        ecs.register_container_instance, cluster="web", containerInstanceArn=arn
    ) == ("ClientException", f"Container instance {arn.rsplit('/')[-1]} is inactive.")
    too_many = {"cluster": "web", "containerInstances": [ABSENT] * 11, "status": "ACTIVE"}
    assert error_of(ecs.update_container_instances_state, **too_many) == (
        "InvalidParameterException"
    )


def test_container_instances_in_pages(simulated):
    joined = simulated.join(230)
    arns, page_count = arns_of(
        simulated.ecs, "list_container_instances", "containerInstanceArns", cluster="web"
    )
    assert sorted(arns) == sorted(joined)
    assert page_count == 3
    described = simulated.ecs.describe_container_instances(
        cluster="web", containerInstances=arns[:100]
    )
    assert len(described["containerInstances"]) == 100
    assert error_of(
        simulated.ecs.describe_container_instances, cluster="web", containerInstances=arns[:101]
    ) == "InvalidParameterException"


def test_attributes(simulated):
    ecs = simulated.ecs
    first, second = simulated.join(2)
    entries = [
        {"name": "stack", "value": value, "targetId": arn, "targetType": "container-instance"}
        for value, arn in (("blue", first), ("green", second))
    ]
    assert len(ecs.put_attributes(cluster="web", attributes=entries)["attributes"]) == 2
    found = ecs.list_attributes(
        cluster="web", targetType="container-instance", attributeName="stack",
        attributeValue="green",
    )["attributes"]
    assert [entry["targetId"] for entry in found] == [second]
    gone = {key: entries[1][key] for key in ("name", "targetId", "targetType")}
    ecs.delete_attributes(cluster="web", attributes=[gone])
    left = ecs.list_attributes(
        cluster="web", targetType="container-instance", attributeName="stack"
    )["attributes"]
    assert [entry["targetId"] for entry in left] == [first]
    absent = [{**entries[0], "targetId": "absent"}]
    with pytest.raises(ecs.exceptions.TargetNotFoundException):
        ecs.put_attributes(cluster="web", attributes=absent)


def test_start_and_stop_a_task(simulated):
    ecs = simulated.ecs
    (instance,) = simulated.join(1)
    definition = simulated.define()
    answer = ecs.start_task(
        cluster="web", taskDefinition="agent", containerInstances=[instance, ABSENT],
        startedBy="me", group="my-group", tags=[{"key": "a", "value": "b"}],
        overrides={
            "containerOverrides": [
                {"name": "main", "command": ["x"], "environment": [{"name": "A", "value": "B"}]}
            ]
        },
    )
    (task,) = answer["tasks"]
    missing = f"{instance.rsplit('/', 1)[0]}/{ABSENT}"
    assert answer["failures"] == [{"arn": missing, "reason": "MISSING"}]
    assert task["taskDefinitionArn"] == definition
    assert task["containerInstanceArn"] == instance
    assert (task["startedBy"], task["group"]) == ("me", "my-group")
    assert task["overrides"]["containerOverrides"][0]["command"] == ["x"]
    assert isinstance(task["createdAt"], datetime.datetime)
    (shown,) = ecs.describe_tasks(
        cluster="web", tasks=[task["taskArn"]], include=["TAGS"]
    )["tasks"]
    assert shown["tags"] == [{"key": "a", "value": "b"}]

    # The waiters of boto3 end by what DescribeTasks says.
    quickly = {"Delay": 1, "MaxAttempts": 30}
    ecs.get_waiter("tasks_running").wait(
        cluster="web", tasks=[task["taskArn"]], WaiterConfig=quickly
    )
    stopped = ecs.stop_task(cluster="web", task=task["taskArn"], reason="enough")["task"]
    assert stopped["desiredStatus"] == "STOPPED"
    ecs.get_waiter("tasks_stopped").wait(
        cluster="web", tasks=[task["taskArn"]], WaiterConfig=quickly
    )
    (ended,) = ecs.describe_tasks(cluster="web", tasks=[task["taskArn"]], include=["TAGS"])["tasks"]
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", "UserInitiated")
    assert ended["stoppedReason"] == "enough"
    assert ended["containers"][0]["exitCode"] == 137
    assert ended["tags"] == []  # StopTask takes them.


def test_what_names_no_task(simulated):
    ecs = simulated.ecs
    (instance,) = simulated.join(1)
    simulated.define()
    started = ecs.start_task(cluster="web", taskDefinition="agent", containerInstances=[instance])
    task = started["tasks"][0]["taskArn"]
    (missing,) = ecs.describe_tasks(cluster="web", tasks=[ABSENT])["failures"]
    assert missing == {"arn": f"{task.rsplit('/', 1)[0]}/{ABSENT}", "reason": "MISSING"}
    assert failure_of(ecs.stop_task, cluster="web", task=ABSENT)[1].startswith(
        "The referenced task was not found"
    )
    ecs.create_cluster()
    # The cluster that was forgotten is the commonest slip of all.
    for call, arguments in (
        (ecs.describe_tasks, {"tasks": [task]}),
        (ecs.stop_task, {"task": task}),
        (ecs.describe_container_instances, {"containerInstances": [instance]}),
        (ecs.start_task, {"taskDefinition": "agent", "containerInstances": [instance]}),
        (ecs.list_tasks, {"containerInstance": instance}),
    ):
        code, message = failure_of(call, **arguments)
        assert code == "InvalidParameterException"
        assert message == (
            "Invalid identifier: Identifier is for cluster web. Your cluster is default"
        )
    for name, words in (
        ("None", "taskId length should be one of [32,36]"),
        (instance, "Unsupported resource type: container-instance"),
    ):
        code, message = failure_of(ecs.describe_tasks, cluster="web", tasks=[name])
        assert code == "InvalidParameterException" and words in message
    many = {"cluster": "web", "tasks": [ABSENT] * 101}
    assert error_of(ecs.describe_tasks, **many) == "InvalidParameterException"
    assert len(ecs.describe_tasks(cluster="web", tasks=[ABSENT] * 100)["failures"]) == 100
    assert error_of(ecs.describe_tasks, cluster="web", tasks=[]) == "InvalidParameterException"


def test_tasks_in_pages_and_by_filter(simulated):
    ecs = simulated.ecs
    instances = simulated.join(13, cpu=100_000, memory=100_000)
    simulated.define("agent", cpu=1, memory=4)
    simulated.define("other", cpu=1, memory=4)
    for number in range(12):
        ecs.run_task(
            cluster="web", taskDefinition="agent", count=10, startedBy=f"run-{number % 2}",
            clientToken=f"token-{number}",
        )
    again = ecs.run_task(
        cluster="web", taskDefinition="agent", count=10, startedBy="run-0", clientToken="token-0"
    )
    assert len(again["tasks"]) == 10  # The same ten: a token starts nothing twice.
    for chunk in (instances[:10], instances[10:]):
        ecs.start_task(cluster="web", taskDefinition="other", containerInstances=chunk)

    def listed(**filters):
        return arns_of(ecs, "list_tasks", "taskArns", cluster="web", **filters)

    everything, page_count = listed()
    assert len(set(everything)) == 133
    assert page_count == 2
    assert len(listed(startedBy="run-0")[0]) == 60
    assert len(listed(family="other")[0]) == 13
    on_one = listed(containerInstance=instances[0])[0]
    shown = ecs.describe_tasks(cluster="web", tasks=on_one)["tasks"]
    assert {task["containerInstanceArn"] for task in shown} == {instances[0]}
    assert listed(desiredStatus="STOPPED")[0] == []
    assert listed(startedBy="run-0", desiredStatus="STOPPED")[0] == []
    for other in (
        {"family": "agent"}, {"launchType": "EC2"}, {"containerInstance": instances[0]},
        {"daemonName": "agents"},
    ):
        assert failure_of(ecs.list_tasks, cluster="web", startedBy="run-0", **other) == (
            "InvalidParameterException", "cannot specify startedBy with other arguments"
        )
    with pytest.raises(ecs.exceptions.ServiceNotFoundException):
        ecs.list_tasks(cluster="web", serviceName="absent")
    token = ecs.list_tasks(cluster="web", maxResults=1)["nextToken"]
    assert error_of(ecs.list_container_instances, cluster="web", nextToken=token) == (
        "InvalidParameterException"
    )


def test_refused_starts(simulated):
    ecs = simulated.ecs
    away, full = simulated.join(2)
    simulated.define("large", cpu=1_000_000_000)
    simulated.define("agent")
    simulated.control("POST", f"instances/{away.rsplit('/')[-1]}/disconnect")

    def reasons(definition, *instances):
        answer = ecs.start_task(
            cluster="web", taskDefinition=definition, containerInstances=instances
        )
        return [failure["reason"] for failure in answer["failures"]]

    assert reasons("agent", away) == ["AGENT"]
    assert reasons("large", full) == ["RESOURCE:CPU"]
    simulated.faults(startRefused=1)
    assert len(reasons("agent", full)) == 1
    simulated.faults(startRefused=0)
    too_many = {"cluster": "web", "taskDefinition": "agent", "containerInstances": ["x"] * 11}
    assert error_of(ecs.start_task, **too_many) == "InvalidParameterException"
    assert error_of(ecs.list_services, cluster="web") == "UnknownOperationException"


def test_faults_as_boto3_sees_them(simulated):
    ecs = simulated.ecs
    simulated.faults(serverError=1)
    with pytest.raises(ecs.exceptions.ServerException):
        ecs.list_clusters()
    simulated.faults(serverError=0, answerLost=1)
    with pytest.raises(botocore.exceptions.HTTPClientError):
        ecs.create_cluster(clusterName="lost")
    simulated.faults(answerLost=0, throttled=True)
    (cluster,) = ecs.describe_clusters(clusters=["lost"])["clusters"]
    assert cluster["status"] == "ACTIVE"  # It was done; the answer alone was lost.

    with pytest.raises(botocore.exceptions.ClientError, match="ThrottlingException"):
        for _ in range(2_000):
            ecs.list_clusters()


def test_answers_have_request_ids(simulated):
    metadata = [
        simulated.ecs.list_clusters()["ResponseMetadata"],
        simulated.sqs.list_queues()["ResponseMetadata"],
    ]
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        simulated.ecs.list_tasks(cluster="absent")
    metadata.append(caught.value.response["ResponseMetadata"])
    assert len({entry["RequestId"] for entry in metadata}) == 3


# ---- SQS -------------------------------------------------------------------------------------


def test_messages(simulated):
    sqs = simulated.sqs
    url = sqs.create_queue(QueueName="mine", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    assert sqs.get_queue_url(QueueName="mine")["QueueUrl"] == url
    assert url in sqs.list_queues(QueueNamePrefix="mi")["QueueUrls"]
    # botocore compares the MD5 of bodies by itself.
    sent = sqs.send_message(QueueUrl=url, MessageBody="häßlich ☂")
    (message,) = sqs.receive_message(
        QueueUrl=url, MessageSystemAttributeNames=["All"], WaitTimeSeconds=1
    )["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "häßlich ☂")
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"

    def counts():
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return [shown[name] for name in names]

    assert counts() == ["0", "1"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    receipt = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)
    (again,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert counts() == ["0", "0"]
    sqs.delete_queue(QueueUrl=url)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="mine")


def test_batches(simulated):
    sqs = simulated.sqs
    url = sqs.create_queue(QueueName="mine")["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": f"body {number}"} for number in range(10)]
    sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == [entry["Id"] for entry in entries]
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == [e["MessageBody"] for e in entries]
    handles = [
        {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
        for number, message in enumerate(received)
    ]
    hidden = [{**handle, "VisibilityTimeout": 0} for handle in handles[:3]]
    sqs.change_message_visibility_batch(QueueUrl=url, Entries=hidden)
    deleted = sqs.delete_message_batch(
        QueueUrl=url, Entries=[*handles[3:], {"Id": "bad", "ReceiptHandle": "nonsense"}]
    )
    assert len(deleted["Successful"]) == 7
    assert [(e["Id"], e["Code"]) for e in deleted["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]
    assert simulated.queue("mine")["visible"] == 3
    sqs.purge_queue(QueueUrl=url)
    assert simulated.queue("mine")["visible"] == 0
    with pytest.raises(sqs.exceptions.BatchEntryIdsNotDistinct):
        sqs.send_message_batch(QueueUrl=url, Entries=[entries[0], entries[0]])
    with pytest.raises(sqs.exceptions.TooManyEntriesInBatchRequest):
        sqs.send_message_batch(
            QueueUrl=url, Entries=[*entries, {"Id": "11", "MessageBody": "one too many"}]
        )
    with pytest.raises(sqs.exceptions.EmptyBatchRequest) as caught:
        sqs.send_message_batch(QueueUrl=url, Entries=[])
    # The code is the one of old, as boto3 users compare it; the class has the new name.
    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.EmptyBatchRequest"
    large = [{"Id": str(number), "MessageBody": "x" * 600_000} for number in range(2)]
    with pytest.raises(sqs.exceptions.BatchRequestTooLong):
        sqs.send_message_batch(QueueUrl=url, Entries=large)
    with pytest.raises(sqs.exceptions.InvalidBatchEntryId):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a b", "MessageBody": "x"}])
    assert simulated.queue("mine")["visible"] == 0
    assert "Failed" not in sqs.send_message_batch(QueueUrl=url, Entries=large[:1])


def test_queue_attributes(simulated):
    sqs = simulated.sqs
    policy = json.dumps({"Statement": []})
    first = {"VisibilityTimeout": "60", "Policy": policy}
    url = sqs.create_queue(QueueName="mine", Attributes=first)["QueueUrl"]
    assert sqs.create_queue(QueueName="mine", Attributes=first)["QueueUrl"] == url
    assert sqs.create_queue(QueueName="mine")["QueueUrl"] == url
    with pytest.raises(sqs.exceptions.QueueNameExists) as caught:
        sqs.create_queue(QueueName="mine", Attributes={"VisibilityTimeout": "61"})
    assert caught.value.response["Error"]["Code"] == "QueueAlreadyExists"
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (shown["VisibilityTimeout"], shown["Policy"]) == ("60", policy)
    with pytest.raises(sqs.exceptions.InvalidAttributeName):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Colour": "red"})
    with pytest.raises(sqs.exceptions.InvalidAttributeValue):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "43201"})


# ---- Events ----------------------------------------------------------------------------------


def receive_all(simulated, url):
    """Bodies until the queue is empty."""
    bodies = []
    while True:
        answer = simulated.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        bodies.extend(json.loads(message["Body"]) for message in messages)
        for message in messages:
            simulated.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if not messages:
            return bodies


def test_events_of_a_task(simulated):
    (instance,) = simulated.join(1)
    definition = simulated.define()
    url = simulated.sqs.get_queue_url(QueueName="blox_queue")["QueueUrl"]
    answer = simulated.ecs.start_task(
        cluster="web", taskDefinition=definition, containerInstances=[instance], startedBy="me"
    )
    task = answer["tasks"][0]["taskArn"]
    events = []

    def of_task():
        events.extend(receive_all(simulated, url))
        return [event for event in events if event["resources"] == [task]]

    wait_until("the task's event says RUNNING", lambda: any(
        event["detail"]["lastStatus"] == "RUNNING" for event in of_task()
    ))
    for event in events:
        assert event["version"] == "0" and event["source"] == "aws.ecs"
        assert (event["account"], event["region"]) == ("123456789012", "us-east-1")
        datetime.datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")
    assert {event["detail-type"] for event in of_task()} == {"ECS Task State Change"}
    joined = [event for event in events if event["resources"] == [instance]]
    assert {event["detail-type"] for event in joined} == {"ECS Container Instance State Change"}
    assert len({event["id"] for event in events}) == len(events)

    details = [event["detail"] for event in of_task()]
    assert [detail["version"] for detail in details] == list(range(1, len(details) + 1))
    statuses = [detail["lastStatus"] for detail in details]
    assert statuses == ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"]
    (shown,) = simulated.ecs.describe_tasks(cluster="web", tasks=[task])["tasks"]
    last = details[-1]
    for field in ("clusterArn", "containerInstanceArn", "taskDefinitionArn", "startedBy", "group"):
        assert last[field] == shown[field], field
    assert datetime.datetime.fromisoformat(last["startedAt"]) == shown["startedAt"]


# ---- The AWS CLI -----------------------------------------------------------------------------


@pytest.fixture
def aws_cli(fleet, simulated):
    environment = fleet.environment(simulated.endpoint)
    environment["AWS_PAGER"] = ""
    program = pathlib.Path(sys.executable).parent / "aws"

    def run(*arguments):
        result = subprocess.run(
            # By itself it asks SQS at an address of old, whatever AWS_ENDPOINT_URL says.
            [
                sys.executable, str(program), "--endpoint-url", simulated.endpoint,
                "--output", "json", *arguments,
            ],
            env=environment, capture_output=True, text=True, timeout=60,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout) if result.stdout.strip() else {}

    return run


def test_aws_cli(simulated, aws_cli):
    created = aws_cli("ecs", "create-cluster", "--cluster-name", "prod")
    assert created["cluster"]["status"] == "ACTIVE"
    instances = simulated.control("POST", "instances", {"cluster": "prod", "count": 3})
    container = [{"name": "main", "image": "agent:1", "cpu": 64, "memory": 64}]
    aws_cli(
        "ecs", "register-task-definition", "--family", "agent",
        "--container-definitions", json.dumps(container),
    )
    listed = aws_cli("ecs", "list-container-instances", "--cluster", "prod")
    assert sorted(listed["containerInstanceArns"]) == sorted(instances["containerInstanceArns"])
    started = aws_cli(
        "ecs", "start-task", "--cluster", "prod", "--task-definition", "agent",
        "--container-instances", instances["containerInstanceArns"][0],
    )
    task = started["tasks"][0]["taskArn"]
    described = aws_cli("ecs", "describe-tasks", "--cluster", "prod", "--tasks", task)
    assert described["tasks"][0]["taskArn"] == task
    url = aws_cli("sqs", "get-queue-url", "--queue-name", "blox_queue")["QueueUrl"]
    received = aws_cli("sqs", "receive-message", "--queue-url", url)
    assert json.loads(received["Messages"][0]["Body"])["source"] == "aws.ecs"
