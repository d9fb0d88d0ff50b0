"""The queue from outside: away and back, made again, wrapped, denied, and shared."""

import json
import signal
import socket
import threading
import time

import pytest
from processes import wait_until
from simulated import Simulated, wait_ready
from web import get, post


class Proxy:
    """Carries connections to `address` until it is closed, and again once it is opened, on the
    same port."""

    def __init__(self, address):
        self.target = address.rsplit(":", 1)
        self.port = 0
        self.open()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def open(self):
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def close(self):
        for one in [self.listener, *self.sockets]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()

    def accept(self, listener):
        try:
            while True:
                inner, _ = listener.accept()
                outer = socket.create_connection((self.target[0], int(self.target[1])))
                self.sockets += [inner, outer]
                for pair in ((inner, outer), (outer, inner)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()
        except OSError:
            pass


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


@pytest.fixture
def simulated(simulator):
    return Simulated(simulator)


def shown_instances(state):
    items = get(state, "/v1/instances").json()["items"]
    return {item["entity"]["containerInstanceARN"] for item in items}


def bookmark(state):
    return get(state, "/v1/instances?bookmarks=true").json()["bookmark"]


def newest_read_age(state):
    """Seconds since the newest whole read of the cluster began. The gauge of it is 5 s behind."""
    (age,) = bookmark(state)["syncAgeMilliseconds"].values()
    return age / 1000


def metric(address, name):
    for line in get(address, "/metrics").text.splitlines():
        if line.startswith(name + " ") or line.startswith(name + "{"):
            return float(line.rsplit(" ", 1)[1])
    return None


def trouble(state, name):
    return metric(state, f'blox_ingest_queue_trouble{{trouble="{name}"}}') == 1


def not_ready(state, why):
    """Whether /readyz says so, and /healthz nothing."""
    answer = get(state, "/readyz")
    assert get(state, "/healthz").status == 200
    return answer.status == 503 and why in answer.text


def test_events_flow_again_after_twenty_seconds_without_the_queue(fleet, simulated):
    proxy = Proxy(simulated.address)
    service = fleet.cluster_state_service(
        simulated.endpoint, AWS_ENDPOINT_URL_SQS=proxy.endpoint
    )
    state = service.addresses[0]
    wait_ready(state)
    known = set(simulated.join(1))
    wait_until("events flow", lambda: shown_instances(state) == known)
    proxy.close()

    wait_until(
        "the queue is away for 20 s",
        lambda: bookmark(state)["receiveAgeMilliseconds"] > 20_000,
        seconds=60,
    )
    joined = set(simulated.join(3))
    proxy.open()
    wait_until("events flow again", lambda: shown_instances(state) >= joined, seconds=4)
    proxy.close()


def test_a_queue_that_is_made_again_has_all_read(fleet, simulated):
    state = fleet.cluster_state_service(simulated.endpoint).addresses[0]
    wait_ready(state)
    wait_until(
        "the read behind an earlier process is over",
        lambda: metric(state, "blox_ingest_hidden_total") > 0,
        20,
    )
    # Nor does any other read find what comes now: one of our own begins, and is seen to its end.
    asked_at = time.monotonic()
    wait_until(
        "a read is begun, and joins none that is under way",
        lambda: "will be read" in post(state, "/v1/reconcile").text,
    )
    wait_until(
        "all is read once more",
        lambda: time.monotonic() - asked_at > newest_read_age(state),
        30,
    )
    url = simulated.sqs.get_queue_url(QueueName="blox_queue")["QueueUrl"]
    simulated.sqs.delete_queue(QueueUrl=url)
    joined = set(simulated.join(3))
    wait_until("no such queue", lambda: metric(state, "blox_ingest_queue_errors_total") > 0)
    assert shown_instances(state) == set()
    simulated.sqs.create_queue(QueueName="blox_queue")
    wait_until("what was lost is read", lambda: shown_instances(state) == joined)
    assert metric(state, "blox_ingest_losses_total") == 1


def test_wrapped_events_are_taken(fleet, simulated):
    state = fleet.cluster_state_service(simulated.endpoint).addresses[0]
    wait_ready(state)
    url = simulated.sqs.get_queue_url(QueueName="blox_queue")["QueueUrl"]
    # Another queue gets what ECS says; ours gets it as other services would wrap it.
    simulated.faults(eventLatency=["1h", "1h"])
    joined = simulated.join(4)
    events = [instance_event(simulated, arn) for arn in joined]
    sns = {"Type": "Notification", "Message": json.dumps(events[0])}
    record = {"messageId": "1", "body": json.dumps(events[3])}
    for message in (sns, events[1:3], {"Records": [record]}):
        simulated.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))
    wait_until("all are shown", lambda: shown_instances(state) == set(joined))


def instance_event(simulated, arn):
    """As EventBridge would send it."""
    answer = simulated.ecs.describe_container_instances(
        cluster=Simulated.CLUSTER, containerInstances=[arn]
    )
    detail = answer["containerInstances"][0]
    detail["clusterArn"] = simulated.ecs.describe_clusters(clusters=[Simulated.CLUSTER])[
        "clusters"
    ][0]["clusterArn"]
    return {
        "version": "0", "id": arn, "detail-type": "ECS Container Instance State Change",
        "source": "aws.ecs", "time": "2026-08-20T10:00:01Z", "resources": [arn],
        "detail": json.loads(json.dumps(detail, default=str)),
    }


@pytest.mark.long
def test_refused_deletes_and_denied_keys_show(fleet, simulated):
    state = fleet.cluster_state_service(simulated.endpoint).addresses[0]
    wait_ready(state)
    simulated.faults(denied=["DeleteMessageBatch"])
    simulated.join(1)
    wait_until(
        "/readyz tells of the deletes", lambda: not_ready(state, "sqs:DeleteMessageBatch"), 60
    )
    wait_until("so does the metric", lambda: trouble(state, "delete"))
    simulated.faults(denied=[], keyDenied=True)
    simulated.join(1)
    wait_until("/readyz tells of the key", lambda: not_ready(state, "KMS"), 60)
    simulated.faults(keyDenied=False)
    simulated.join(1)
    # What was refused comes again once it is visible.
    wait_until("all is well", lambda: get(state, "/readyz").status == 200, 150)
    wait_until("all is shown", lambda: len(shown_instances(state)) == 3, 150)


def test_without_the_permission_to_look_at_the_queue(fleet, simulated):
    simulated.faults(denied=["GetQueueAttributes"])
    service = fleet.cluster_state_service(simulated.endpoint)
    state = service.addresses[0]
    wait_ready(state)
    joined = set(simulated.join(2))
    wait_until("events come in", lambda: shown_instances(state) == joined)
    assert service.log().count("cannot look at the queue") == 1


def test_messages_that_nobody_can_read_show(fleet, simulated):
    state = fleet.cluster_state_service(simulated.endpoint).addresses[0]
    wait_ready(state)
    url = simulated.sqs.get_queue_url(QueueName="blox_queue")["QueueUrl"]
    for number in range(20):
        simulated.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"unread": number}))
    wait_until("/readyz tells", lambda: not_ready(state, "the last 20 messages"))
    simulated.join(1)
    wait_until("one that can be read ends it", lambda: get(state, "/readyz").status == 200)


@pytest.mark.long
def test_someone_who_holds_messages_of_our_queue_shows(fleet, simulated):
    service = fleet.cluster_state_service(simulated.endpoint)
    state = service.addresses[0]
    wait_ready(state)
    url = simulated.sqs.get_queue_url(QueueName="blox_queue")["QueueUrl"]
    # While ours stands still, so that it takes no more than its call under way brings.
    service.process.send_signal(signal.SIGSTOP)
    simulated.join(30)
    taken = simulated.sqs.receive_message(
        QueueUrl=url, VisibilityTimeout=600, MaxNumberOfMessages=10, WaitTimeSeconds=1
    )["Messages"]
    assert taken
    service.process.send_signal(signal.SIGCONT)
    wait_until("/readyz tells", lambda: not_ready(state, "someone else receives"), 150, every=1)
    wait_until("so does the metric", lambda: trouble(state, "shared"))


def test_two_services_on_one_queue_show(fleet, simulated):
    """Each is as quick as the other, so that no count shows it."""
    simulated.join(5)
    names = ("one", "other")
    states = [
        fleet.run(
            name, "cluster-state-service", "--bind", "127.0.0.1:0",
            "--store", f"sqlite:{fleet.directory}/{name}.db", endpoint=simulated.endpoint,
        ).addresses[0]
        for name in names
    ]
    wait_ready(*states)

    def is_told():
        simulated.join(1)
        return any(not_ready(state, "someone else receives") for state in states)

    wait_until("one of them tells", is_told, 240, every=0.5)
