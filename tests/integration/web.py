"""The few calls of HTTP that the tests make, with deadlines."""

import json
import urllib.error
import urllib.parse
import urllib.request

# Straight to the address, whatever proxy the machine has.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


def call(method, address, path, body=None, headers=None, seconds=30):
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://{address}{path}", data=data, method=method,
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with OPENER.open(request, timeout=seconds) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def get(address, path, **options):
    return call("GET", address, path, **options)


def post(address, path, body=None, **options):
    return call("POST", address, path, body=body, **options)


def quote(text):
    return urllib.parse.quote(text, safe="")
