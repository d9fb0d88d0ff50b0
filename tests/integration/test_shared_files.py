"""Whose keys the shared files of AWS mean: Blox is the identity that botocore is, or names the line.
Each file of the table is read by both; what Blox signs with is seen in its calls."""

import http.server
import os
import re
import subprocess
import threading

import botocore.configloader
import botocore.credentials
import botocore.exceptions
import pytest

from processes import BLOX, wait_until


def keys(name, *more):
    return f"aws_access_key_id = {name}\naws_secret_access_key = s\n" + "".join(
        line + "\n" for line in more
    )


# (what, config file, credentials file, profile, None or what Blox refuses and botocore takes)
TABLE = [
    ("both files", f"[default]\n{keys('C')}", f"[default]\n{keys('D')}", None, None),
    ("the config file alone", f"[default]\n{keys('C')}", "", None, None),
    ("a profile", f"[profile p]\n{keys('P')}[default]\n{keys('D')}", "", "p", None),
    ("in the credentials file", "", f"[default]\n{keys('D')}[p]\n{keys('P')}", "p", None),
    ("tokens", "", f"[default]\n{keys('D', 'aws_session_token = new')}", None, None),
    ("a token of old", "", f"[default]\n{keys('D', 'aws_security_token = old')}", None, None),
    ("both tokens", "",
     f"[default]\n{keys('D', 'aws_session_token = new', 'aws_security_token = old')}", None, None),
    ("both tokens of the config file",
     f"[default]\n{keys('D', 'aws_security_token = old', 'aws_session_token = new')}", "", None,
     None),
    ("a bracket in the name", f"[profile a]b]\n{keys('B')}[profile a]\n{keys('A')}", "", "a]b", None),
    ("and the profile beside", f"[profile a]b]\n{keys('B')}[profile a]\n{keys('A')}", "", "a", None),
    ("a bracket in the credentials file", "", f"[a]b]\n{keys('B')}[a]\n{keys('A')}", "a]b", None),
    ("quotes", f"[profile \"my prof\"]\n{keys('P')}", "", "my prof", None),
    ("quotes that do not end", f"[profile \"p]\n{keys('P')}[default]\n{keys('D')}", "", "p", None),
    ("three words", f"[profile a b]\n{keys('P')}", "", "a", None),
    ("no profile in the config file", f"[p]\n{keys('P')}", "", "p", None),
    ("none in the credentials file", "", f"[profile p]\n{keys('P')}", "p", None),
    ("blanks round a name", f"[default]\n{keys('C')}", f"[ default ]\n{keys('D')}", None, None),
    ("a section twice", "", f"[default]\n{keys('D')}[default]\nregion = x\n", None, None),
    ("a section twice, apart", "", f"[p]\n{keys('P')}[default]\n{keys('D')}[p]\n{keys('Q')}", None,
     None),
    ("a key twice", "", f"[default]\n{keys('D')}aws_access_key_id = E\n", None, None),
    ("a key twice, in another case", "", f"[default]\n{keys('D')}AWS_Access_Key_ID = E\n", None, None),
    ("a key twice, of another profile", "", f"[default]\n{keys('D')}[p]\na = 1\na = 2\n", None, None),
    ("twice in the config file", f"[default]\nregion = x\nregion = y\n", f"[default]\n{keys('D')}",
     None, None),
    # The line end before [p] is missing.
    ("a section glued to a value", "",
     f"[default]\n{keys('D')}output = json[p]\n{keys('P')}", None, None),
    ("glued to a secret", "",
     "[default]\naws_access_key_id = D\naws_secret_access_key = s[p]\n" + keys("P"), "p", None),
    ("glued, and nothing twice", "",
     f"[default]\n{keys('D')}output = json[p]\nregion = us-west-2\n", None, None),
    ("a key glued to a section", "",
     "[default]aws_access_key_id = D\naws_secret_access_key = s\n", None, "line 1 goes on"),
    ("for all sections", "", f"[DEFAULT]\n{keys('A')}[default]\nregion = us-east-1\n", None,
     "line 1 opens [DEFAULT], which is not supported"),
    ("in both", "", f"[default]\n{keys('D')}[DEFAULT]\n{keys('A')}", None,
     "line 4 opens [DEFAULT], which is not supported"),
    ("not by another case", f"[default]\n{keys('C')}", f"[Default]\n{keys('D')}", None, None),
    ("a profile of two names", f"[profile p]\n{keys('P')}[profile 'p']\n{keys('Q')}", "", "p",
     "line 4 opens section 'profile 'p'' a second time"),
    ("default of two names", f"[default]\n{keys('C')}[profile default]\n{keys('D')}", "", None,
     "line 4 opens section 'profile default' a second time"),
    ("a line that is none", "", f"[default]\n{keys('D')}nonsense\n", None, None),
    ("before the first section", "", f"{keys('D')}[default]\n{keys('D')}", None, None),
    ("comments", "", f"# c\n; c\n[default]\n# aws_access_key_id = X\n{keys('D')}", None, None),
    ("line ends of old Macs", "", f"[default]\n{keys('D')}".replace("\n", "\r"), None, None),
    ("an indented key", "",
     "[default]\naws_access_key_id = D\n  aws_secret_access_key = s\n", None, None),
    ("all keys indented", "", "[default]\n  aws_access_key_id = D\n  aws_secret_access_key = s\n",
     None, None),
    ("colons", "", "[default]\naws_access_key_id: D\naws_secret_access_key : s\n", None, None),
]


@pytest.fixture
def aws_calls():
    """An AWS that notes who calls, and lets nobody in: its URL, and (key, token) of the calls."""
    calls = []

    class Face(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            key = re.search(r"Credential=(.*?)/\d{8}/", self.headers["Authorization"])[1]
            calls.append((key, self.headers["X-Amz-Security-Token"]))
            body = b'{"__type":"AccessDeniedException"}'
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Face)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", calls
    server.shutdown()
    server.server_close()


def of_botocore(config, credentials, profile):
    """(key, token), None without keys, or the error with which it refuses the files."""
    try:
        botocore.configloader.load_config(config)  # A session reads it whatever its keys are.
        for provider in (
            botocore.credentials.SharedCredentialProvider(credentials, profile),
            botocore.credentials.ConfigProvider(config, profile),
        ):
            found = provider.load()
            if found:
                return found.access_key, found.token
    except (botocore.exceptions.ConfigParseError, botocore.exceptions.PartialCredentialsError) as e:
        return e
    return None


@pytest.mark.parametrize("what, config, credentials, profile, refused", TABLE,
                         ids=[row[0] for row in TABLE])
def test_blox_is_who_botocore_is(fleet, aws_calls, what, config, credentials, profile, refused):
    endpoint, calls = aws_calls
    variables = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "PATH": os.environ["PATH"]}
    for variable, text in (("AWS_CONFIG_FILE", config), ("AWS_SHARED_CREDENTIALS_FILE", credentials)):
        path = fleet.directory / variable
        path.write_text(text, newline="")
        variables[variable] = str(path)
    if profile:
        variables["AWS_PROFILE"] = profile
    meant = of_botocore(
        variables["AWS_CONFIG_FILE"], variables["AWS_SHARED_CREDENTIALS_FILE"], profile or "default"
    )
    process = subprocess.Popen(
        [str(BLOX), "cluster-state-service", "--bind", "127.0.0.1:0", "--store", "memory:"],
        env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    said = []
    reader = threading.Thread(target=lambda: said.extend(iter(process.stderr.readline, "")))
    reader.start()
    try:
        def shown():
            text = "".join(said)
            return calls or process.poll() is not None or "AWS credentials" in text or "profile '" in text
        wait_until("it calls or says why not", shown)
    finally:
        process.terminate()
        process.wait(timeout=10)
        reader.join()
    text = "".join(said)
    if refused:
        assert refused in text and calls == []
    elif isinstance(meant, botocore.exceptions.ConfigParseError):
        assert process.returncode == 1 and re.search(r"file '.*': line \d+ ", text), text
        assert calls == []
    elif isinstance(meant, Exception):
        assert "is set but" in text and calls == []
    elif meant is None:
        assert "no AWS credentials" in text and calls == []
    else:
        assert set(calls) == {meant}, text
