"""Fixtures of the outside-in tests: real processes, real HTTP, boto3 and moto."""

import boto3
import botocore.config
import pytest
from moto.server import ThreadedMotoServer

from processes import BLOX, Fleet
from web import post


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also the tests that take minutes")


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; runs with --long")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--long"):
        for item in items:
            if "long" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="runs with --long"))


@pytest.fixture(scope="session", autouse=True)
def program():
    assert BLOX.exists(), f"{BLOX} is missing: ./dev build"
    return BLOX


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path)
    yield fleet
    fleet.end()


@pytest.fixture
def simulator(fleet):
    return fleet.simulator()


def client(service, endpoint, **config):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=botocore.config.Config(
            retries={"total_max_attempts": 1}, proxies={}, connect_timeout=5, read_timeout=30,
            **config,
        ),
    )


@pytest.fixture
def aws(simulator):
    """boto3 clients of the simulator: aws("ecs")."""
    return lambda service: client(service, f"http://{simulator.addresses[0]}")


@pytest.fixture
def moto():
    """A moto server of its own; its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # By itself moto ends a task after it was described a few times; ours have to go on running.
    transition = {"model_name": "ecs::task", "transition": {"progression": "manual", "times": 10**9}}
    answer = post(f"{host}:{port}", "/moto-api/state-manager/set-transition", transition)
    assert answer.status < 300, answer.text
    yield f"http://{host}:{port}"
    server.stop()
