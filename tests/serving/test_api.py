"""The server over HTTP: what it draws, what it refuses and how it says so."""

import asyncio
import io
import ipaddress
import json
import re
import shutil
import socket
import threading
import time
import zipfile
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

import ganvas.serving.pages
import ganvas.serving.server
from ganvas.errors import SettingError
from ganvas.formats.images import picture_grid
from ganvas.formats.manifest import read_description
from ganvas.serving.api import create_app
from ganvas.serving.auth import (
    Rate,
    client_address,
    client_of,
    given_key,
    is_known,
    parsed_address,
    read_keys,
    read_networks,
)
from ganvas.serving.batching import TURN_SECONDS, Batcher, BusyError, Turns
from ganvas.serving.encoding import ANIMATED, KINDS, animated
from ganvas.serving.engine import Engine
from ganvas.serving.middleware import Limits
from ganvas.serving.requests import Walk
from ganvas.serving.responses import Answer, Job, job_for_walk
from ganvas.serving.server import is_loopback, listening, names_of, serve
from served import running

KEY = "a key that nobody guesses"


@pytest.fixture(scope="module")
def engines(published, labelled):
    return {"things": Engine(published.folder, threads=1), "animals": Engine(labelled.folder, threads=1)}


@pytest.fixture(scope="module")
def client(engines):
    with TestClient(create_app(engines, Limits(), {name: page_named(name) for name in engines})) as client:
        yield client


def page_named(name):
    return lambda: {"index.html": name.encode()}


def limited(engines, **limits):
    return TestClient(create_app(engines, Limits(**limits)), raise_server_exceptions=False)


def picture(response):
    return np.asarray(Image.open(io.BytesIO(response.content))).astype(int)


def is_problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    return body["detail"]


@pytest.mark.parametrize("seed", [0, 5, 11])
def test_a_seeds_picture_is_the_golden_one(client, published, seed):
    response = client.get(f"/v1/images/{seed}.png")
    assert np.abs(picture(response) - published.golden[seed]).max() <= 1


def test_a_seeds_picture_may_be_kept_for_ever(client):
    first = client.get("/v1/images/7.webp?truncation=0.5")
    assert "immutable" in first.headers["cache-control"]
    again = client.get("/v1/images/7.webp?truncation=0.5", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content
    assert client.get("/v1/images/7.webp").headers["etag"] != first.headers["etag"]


def test_a_server_that_is_started_again_draws_again(engines):
    app = create_app(engines, Limits())
    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/v1/images/1.png").status_code == 200


def test_the_largest_seed_is_drawn_and_the_next_is_not_there(client):
    assert client.get(f"/v1/images/{2**64 - 1}.png").status_code == 200
    assert "from 0" in is_problem(client.get(f"/v1/images/{2**64}.png"), 404)


def test_many_seeds_come_as_a_zip_of_the_golden_pictures(client, published):
    response = client.post("/v1/images", json={"seeds": [3, 1], "layout": "zip"})
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == ["000003.png", "000001.png"]
        found = [np.asarray(Image.open(archive.open(name))).astype(int) for name in archive.namelist()]
    assert np.abs(np.stack(found) - published.golden[[3, 1]]).max() <= 1


def test_latents_are_drawn_as_they_are(client, engines, published):
    rows = engines["things"].latents([4]).tolist()
    response = client.post("/v1/images", json={"latents": rows, "layout": "zip"})
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        found = np.asarray(Image.open(archive.open(archive.namelist()[0]))).astype(int)
    assert np.abs(found - published.golden[4]).max() <= 1


def test_a_count_comes_as_one_sheet(client, published):
    sheet = picture(client.post("/v1/images", json={"count": 12}))
    assert np.abs(sheet - picture_grid(published.golden).astype(int)).max() <= 1


def test_directions_say_the_same_in_an_address_and_in_a_body(client):
    one = picture(client.get("/v1/images/2.png?directions=1:2,3:-1.5"))
    body = {"seeds": [2], "directions": {"1": 2, "3": -1.5}, "layout": "zip"}
    with zipfile.ZipFile(io.BytesIO(client.post("/v1/images", json=body).content)) as archive:
        other = np.asarray(Image.open(archive.open("000002.png"))).astype(int)
    assert np.abs(one - other).max() <= 1
    assert np.abs(one - picture(client.get("/v1/images/2.png"))).max() > 1


def test_a_walk_begins_at_its_first_seed_and_has_the_frames_that_were_asked_for(client, published):
    film = Image.open(io.BytesIO(client.get("/v1/walk?seeds=1,2,3&frames=10").content))
    assert film.n_frames == 10
    first = np.asarray(film.convert("RGB")).astype(int)
    assert np.abs(first - published.golden[1]).mean() < 8


def test_the_class_of_a_walk_is_that_of_every_seed_when_it_is_there(engines):
    assert engines["animals"].labels([1, 3, 4]).tolist() == [0, 1, 2]
    job = job_for_walk(engines["animals"], Walk(seeds="1,3,4", frames=12))
    assert job.labels.tolist() == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0]
    held = job_for_walk(engines["animals"], Walk(seeds="1,3,4", frames=12, label="owl"))
    assert set(held.labels.tolist()) == {2}


def test_another_model_is_asked_for_by_its_name(client, labelled):
    found = picture(client.get("/v1/images/3.png?model=animals"))
    assert np.abs(found - labelled.golden[3][..., 0]).max() <= 1
    assert picture(client.get("/v1/images/3.png?model=animals&label=owl")).shape == (28, 28)
    assert "things, animals" in is_problem(client.get("/v1/images/3.png?model=cars"), 404)


def test_models_are_listed_with_what_can_be_asked_of_them(client):
    things, animals = client.get("/v1/models").json()
    assert things["model"] == "things"
    assert things["title"] == "This thing does not exist"
    assert animals["classes"] == ["cat", "dog", "owl"]


@pytest.mark.parametrize(
    "address",
    [
        *("1.bmp", "x.png", "1.png?truncation=-1", "1.png?truncation=nan", "1.png?label=cat", "1.png?directions=99:1"),
        *("1.png?directions=1", "1.png?directions=1:11", "1.png?directions=1:nan", "1.png?colour=red"),
    ],
)
def test_what_cannot_be_drawn_is_said_to_be_wrong(client, address):
    assert is_problem(client.get(f"/v1/images/{address}"), 422)


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"count": 65}, {"count": 0}, {"seeds": []}, {"seeds": [-1]}, {"seeds": [1], "count": 2}, [], "x"),
        *(
            {"latents": [[1.0]]},
            {"latents": [[1e300] * 8]},
            {"seed": 2**64 - 1, "count": 2},
            {"seeds": [1], "format": "bmp"},
            *({"seeds": [each]} for each in (True, False, "7", None, 1.5, [1], 10**400)),
            *({"count": 2, name: each} for name in ("seed", "truncation") for each in (True, "1")),
            *({"count": each} for each in (True, "2")),
            *({"latents": [[each] * 8]} for each in (True, "1", None)),
            *({"count": 1, "directions": {"1": each}} for each in (True, "1")),
            {"count": 1, "directions": {"true": 1}},
        ),
    ],
)
def test_a_body_that_says_nothing_drawable_is_said_to_be_wrong(client, body):
    assert is_problem(client.post("/v1/images", json=body), 422)


@pytest.mark.parametrize(
    "stored",
    [b"", b"{", b"\xff", b'{"count": NaN}', b'{"count": ' + b"9" * 5000 + b"}", b"[" * 100_000, b"\xef\xbb\xbf{}"],
)
def test_a_body_that_is_no_json_is_said_to_be_wrong(client, stored):
    headers = {"Content-Type": "application/json"}
    assert is_problem(client.post("/v1/images", content=stored, headers=headers), 422)


def test_an_error_names_what_a_request_calls_it(client):
    for answer in (
        client.get("/v1/images/1.png?label=cat"),
        client.post("/v1/images", json={"count": 1, "label": "cat"}),
        client.get("/v1/images/1.png?model=animals&label=horse"),
        client.get("/v1/walk?seeds=1,2&label=cat"),
        client.get("/v1/images/1.png?directions=99:1"),
        client.get("/v1/walk?seeds=1"),
        client.get("/v1/walk?seeds=١,٢"),
        client.get("/v1/images/1.png?directions=١:1"),
    ):
        assert "--" not in is_problem(answer, 422)


def test_a_body_whose_length_is_said_twice_ends_its_connection(engines):
    """What is in between may have taken the other one for true, and the rest of the body for the next request."""
    body = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    with running(create_app(engines, Limits())) as address:
        for lengths in (
            b"Content-Length: 5\r\nTransfer-Encoding: chunked",
            b"transfer-encoding: chunked\r\nCONTENT-LENGTH: 50",
        ):
            for path in (b"POST /v1/images", b"GET /healthz", b"PUT /nowhere"):
                answer = received(address, path + b" HTTP/1.1\r\nHost: h\r\n" + lengths + b"\r\n\r\n" + body)
                assert answer.startswith(b"HTTP/1.1 400")
                assert answer.count(b"HTTP/1.1") == 1


def test_every_refusal_is_in_the_description(client):
    described = client.get("/openapi.json").json()
    for path in ("/v1/images/{seed}.{format}", "/v1/images", "/v1/walk"):
        (operation,) = described["paths"][path].values()
        assert {"400", "401", "404", "413", "421", "422", "429", "503"} <= operation["responses"].keys()


def test_what_is_not_there_is_a_problem(client):
    assert is_problem(client.get("/v2/images"), 404)
    assert "/docs" in is_problem(client.get("/v1/pictures"), 404)
    assert is_problem(client.put("/v1/images"), 405)


def test_every_model_has_its_page(client):
    assert client.get("/").text == "things"
    assert client.get("/models/animals/").text == "animals"
    assert client.get("/models/animals").text == "animals"  # by way of the address with its slash
    assert client.get("/").headers["content-type"].startswith("text/html")


def test_health_and_counts_are_told(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["status"] == "ok"
    client.get("/v1/images/1.png")
    lines = client.get("/metrics").text.splitlines()
    assert any(
        line.startswith('ganvas_requests_total{route="/v1/images/{seed}.{format}",status="200"}') for line in lines
    )
    assert any(line.startswith('ganvas_pictures_total{model="things"}') for line in lines)


def test_the_description_of_the_interface_has_examples(client):
    described = client.get("/openapi.json").json()
    assert "/v1/images/{seed}.{format}" in described["paths"]
    assert "1:2.5,3:-1" in str(described)


def test_the_interface_is_described_on_a_page_that_asks_nobody_else_for_anything(client):
    page = client.get("/docs")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for word in ("GET /v1/images/{seed}.{format}", "POST /v1/images", "truncation", "Too many requests"):
        assert word in page.text
    assert "<script" not in page.text
    assert "://" not in page.text


def test_with_keys_only_who_has_one_may_ask(engines, tmp_path):
    path = tmp_path / "keys"
    path.write_text(f"# for the shop\n\n{KEY}\n", encoding="utf-8")
    client = limited(engines, keys=read_keys(path))
    assert "a key is needed" in is_problem(client.get("/v1/models"), 401)
    assert is_problem(client.get("/v1/models", headers={"X-API-Key": KEY + "x"}), 401)
    assert client.get("/v1/models", headers={"X-API-Key": KEY}).status_code == 200
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    assert client.get("/v1/models", auth=("anyone", KEY)).status_code == 200
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n"])
def test_a_file_without_good_keys_is_refused(text, tmp_path):
    (tmp_path / "keys").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match="16 ASCII characters"):
        read_keys(tmp_path / "keys")


@pytest.mark.parametrize(
    ("key", "mode", "warned"),
    [
        (KEY, 0o600, 0),
        (KEY, 0o644, 0),
        (KEY, 0o620, 1),
        (KEY, 0o602, 1),
        ("a" * 16, 0o600, 1),
        ("ab" * 10, 0o600, 1),
        ("password1!" * 2, 0o600, 1),
        ("0123456789abcdef" * 2, 0o600, 1),
        ("5f2c9e1b7a3d8046", 0o600, 0),
        ("z" * 40, 0o666, 2),
    ],
)
def test_keys_that_are_not_kept_well_are_warned_about(key, mode, warned, tmp_path, caplog):
    path = tmp_path / "keys"
    path.write_text(f"# mine\n{key}\n", encoding="utf-8")
    path.chmod(mode)
    assert len(read_keys(path)) == 1
    assert len(caplog.messages) == warned
    assert key not in caplog.text


def test_a_keys_file_without_an_end_is_refused():
    with pytest.raises(SettingError, match="not a regular file"):
        read_keys(Path("/dev/zero"))


def test_a_damaged_authorisation_is_no_key():
    assert given_key({"authorization": "Basic !!!"}) is None
    assert given_key({"authorization": "Digest x"}) is None
    assert not is_known((), None)


def test_a_client_that_asks_too_often_is_told_when_to_come_back(engines):
    client = limited(engines, requests_per_second=0.5, burst=2)
    assert [client.get("/v1/models").status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get("/v1/models")
    assert is_problem(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 2


def test_too_many_requests_at_once_are_told_to_come_back(engines):
    client = limited(engines, requests=0)
    assert "at once" in is_problem(client.get("/v1/models"), 503)
    assert client.get("/healthz").status_code == 200


def test_one_client_cannot_take_all_requests_that_may_be_in_progress(engines):
    """Who sends bodies that never end, say."""
    app = create_app(engines, Limits(requests=4))

    async def main():
        async def receive():
            await asyncio.sleep(60)

        async def status_of(client):
            told = []

            async def send(message):
                told.append(message.get("status"))

            await app(asked_for("/v1/models") | {"client": (client, 1)}, receive, send)
            return told[0]

        slow = [asked_for("/v1/images", "POST") | {"client": ("192.0.2.1", at)} for at in range(2)]
        waiting = [asyncio.create_task(app(each, receive, receive)) for each in slow]
        await asyncio.sleep(0.05)
        assert await status_of("192.0.2.1") == 503
        assert await status_of("192.0.2.2") == 200
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert await status_of("192.0.2.1") == 200

    asyncio.run(main())


def test_a_server_that_goes_by_its_own_names_is_asked_by_no_other(engines):
    """A page from elsewhere whose name was pointed to this machine would ask by that name."""
    client = limited(engines, hosts=("localhost", "[::1]"))
    assert client.get("/v1/models", headers={"Host": "localhost:8000"}).status_code == 200
    assert client.get("/v1/models", headers={"Host": "[::1]:8000"}).status_code == 200
    assert "--public" in is_problem(client.get("/v1/models", headers={"Host": "evil.example"}), 421)


def test_a_bucket_fills_again_at_its_rate_and_each_client_has_its_own():
    now = [0.0]
    rate = Rate(2.0, 1, clock=lambda: now[0])
    assert rate.seconds_to_wait("a") == 0
    assert rate.seconds_to_wait("a") == pytest.approx(0.5)
    assert rate.seconds_to_wait("b") == 0
    now[0] = 0.5
    assert rate.seconds_to_wait("a") == 0


def test_a_body_that_is_too_large_is_refused_with_or_without_its_length(engines):
    client = limited(engines, body_bytes=1000)
    assert is_problem(client.post("/v1/images", content=b"x" * 1001), 413)
    assert is_problem(client.post("/v1/images", content=iter([b"x" * 600] * 2)), 413)


async def answered(batcher, job, encode, client="", kind=KINDS["png"]):
    async with batcher.answering(job, encode, kind, client) as answer:
        return answer


def batching(draw, *, at_once=4, pixels=4096, most_pictures=2000, most_seconds=1000.0):
    return Batcher(draw, at_once=at_once, pixels=pixels, most_pictures=most_pictures, most_seconds=most_seconds)


def quickly(z, labels):
    return z[:, :1, None, None].astype(np.uint8)


def job(count, mark=0):
    return Job(np.full((count, 2), mark, np.float32), None)


def told(pictures):
    return Answer(pictures.tobytes(), "application/octet-stream")


def test_a_full_queue_refuses_and_never_grows():
    begun, may_end = threading.Event(), threading.Event()

    def draw(z, labels):
        begun.set()
        assert may_end.wait(5)
        return np.zeros((len(z), 1, 1, 1), np.uint8)

    async def main():
        batcher = batching(draw, at_once=2, most_pictures=8)
        first = asyncio.create_task(answered(batcher, job(1), told))
        await asyncio.to_thread(begun.wait, 5)
        others = [asyncio.create_task(answered(batcher, job(1), told, client)) for client in ("", "a", "b")]
        await asyncio.sleep(0)
        assert batcher.is_full
        with pytest.raises(BusyError):
            await answered(batcher, job(1), told)
        may_end.set()
        await asyncio.gather(first, *others)
        await asyncio.sleep(0.05)
        assert batcher.in_the_making == 0
        batcher.close()

    asyncio.run(main())


def test_who_stops_waiting_leaves_no_trace():
    sizes = []

    def draw(z, labels):
        sizes.append(len(z))
        time.sleep(0.05)
        return np.zeros((len(z), 1, 1, 1), np.uint8)

    async def main():
        batcher = batching(draw, at_once=2)
        waiting = [asyncio.create_task(answered(batcher, job(2), told)) for _ in range(5)]
        await asyncio.sleep(0.01)
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await asyncio.sleep(0.2)
        assert batcher.in_the_making == 0
        assert sum(sizes) == 2  # only what was begun
        assert len((await answered(batcher, job(10), told)).body) == 10
        batcher.close()

    asyncio.run(main())


def test_requests_that_wait_are_drawn_together_and_each_gets_its_own():
    sizes = []

    def draw(z, labels):
        sizes.append(len(z))
        time.sleep(0.0002 * len(z))
        return z[:, :1, None, None].astype(np.uint8)

    async def main():
        batcher = batching(draw, at_once=8)
        counts = [1, 3, 40, 2, 5]
        answers = await asyncio.gather(
            *(answered(batcher, job(count, mark), told) for mark, count in enumerate(counts))
        )
        for mark, (count, answer) in enumerate(zip(counts, answers, strict=True)):
            assert answer.body == bytes([mark] * count)
        batcher.close()

    asyncio.run(main())
    assert max(sizes) == 8
    assert len(sizes) < 15  # not one by one


def test_a_long_job_does_not_keep_short_ones_waiting():
    order = []

    def draw(z, labels):
        time.sleep(0.01)
        return z[:, :1, None, None].astype(np.uint8)

    async def main():
        batcher = batching(draw)

        async def one(mark, count):
            await answered(batcher, job(count, mark), told)
            order.append(mark)

        await asyncio.gather(one(0, 100), one(1, 2), one(2, 3))
        batcher.close()

    asyncio.run(main())
    assert order[-1] == 0


def test_a_long_film_that_becomes_a_file_does_not_keep_a_picture_waiting():
    order, may_end = [], threading.Event()

    def slowly(pictures):
        assert may_end.wait(5)
        return told(pictures)

    async def main():
        batcher = batching(quickly)

        async def one(count, encode):
            await answered(batcher, job(count), encode)
            order.append(count)
            may_end.set()

        await asyncio.gather(one(8, slowly), one(9, slowly), one(10, slowly), one(1, told))
        batcher.close()

    asyncio.run(main())
    assert order[0] == 1


def test_one_client_cannot_take_the_whole_queue():
    async def main():
        batcher = batching(quickly, most_pictures=16)
        async with batcher.answering(job(4), told, KINDS["png"], "a"):
            with pytest.raises(BusyError):
                await answered(batcher, job(2), told, "a")
            await answered(batcher, job(4), told, "b")
        await answered(batcher, job(4), told, "a")
        assert batcher.in_the_making == 0
        batcher.close()

    asyncio.run(main())


@pytest.mark.parametrize("clients", [["one"] * 8, list("abcdefgh")], ids=["one client", "eight clients"])
def test_whoever_asks_for_films_and_sheets_leaves_room_for_single_pictures(clients):
    async def main():
        batcher, refused = batching(quickly, most_pictures=100), 0
        async with AsyncExitStack() as taken:
            for client in clients:
                for count in (40, 12, 2):
                    try:
                        await taken.enter_async_context(batcher.answering(job(count), told, KINDS["png"], client))
                    except BusyError:
                        refused += 1
            assert refused
            assert not batcher.is_full
            for client in clients:
                await answered(batcher, job(1), told, client)
        batcher.close()

    asyncio.run(main())


def test_what_is_taken_in_is_reckoned_by_how_long_its_format_takes():
    """A film of which a frame takes a hundred times as long to make takes up a hundred times as much."""

    async def admitted(seconds):
        def slowly(pictures):
            time.sleep(seconds * len(pictures))
            return told(pictures)

        gif, may_end = ANIMATED["gif"], threading.Event()
        batcher = batching(quickly, pixels=1, most_seconds=10.0)
        await answered(batcher, job(2), slowly, kind=gif)

        def until(pictures):
            may_end.wait(5)
            return told(pictures)

        asked = [asyncio.create_task(answered(batcher, job(10), until, kind=gif)) for _ in range(20)]
        await asyncio.sleep(0.05)
        may_end.set()
        done = await asyncio.gather(*asked, return_exceptions=True)
        batcher.close()
        return sum(not isinstance(each, BusyError) for each in done)

    assert asyncio.run(admitted(0.1)) == 2
    assert asyncio.run(admitted(0.001)) == 20


def test_who_asks_for_little_is_let_in_beside_those_who_ask_for_much():
    """And who has more than an equal share already is not."""

    async def main():
        batcher = batching(quickly, most_pictures=1024)
        async with (
            batcher.answering(job(480), told, KINDS["png"], "a"),
            batcher.answering(job(480), told, KINDS["png"], "b"),
        ):
            await answered(batcher, job(64), told, "c")
            with pytest.raises(BusyError):
                await answered(batcher, job(480), told, "c")
            with pytest.raises(BusyError):
                await answered(batcher, job(64), told, "a")
        batcher.close()

    asyncio.run(main())


def test_work_that_is_done_makes_room_before_its_answer_is_taken():
    async def main():
        batcher = batching(quickly, most_seconds=0.001)
        async with batcher.answering(job(2), told, KINDS["png"], "slow reader"):
            await answered(batcher, job(2), told, "another")
        batcher.close()

    asyncio.run(main())


def test_clients_take_turns_however_much_each_asks_for():
    turns = Turns()
    for item in range(4):
        turns.put("greedy", item)
    turns.put("modest", 9)
    assert [turns.take() for _ in range(5)] == [
        ("greedy", 0), ("modest", 9), ("greedy", 1), ("greedy", 2), ("greedy", 3)
    ]  # fmt: skip
    assert not turns


def test_a_single_picture_waits_for_one_turn_of_a_walk_and_no_longer():
    sizes = []

    def draw(z, labels):
        sizes.append(len(z))
        time.sleep(0.004 * len(z))
        return quickly(z, labels)

    async def main():
        batcher = batching(draw, at_once=32)
        walk = asyncio.create_task(answered(batcher, job(200), told))
        while len(sizes) < 3:
            await asyncio.sleep(0.002)
        before = len(sizes)
        await answered(batcher, job(1), told)
        assert 1 in sizes[before : before + 2]
        walk.cancel()
        await asyncio.gather(walk, return_exceptions=True)
        batcher.close()

    asyncio.run(main())
    assert max(sizes) <= TURN_SECONDS / 0.004


def test_a_drawing_that_fails_tells_those_who_wait_and_the_next_is_drawn():
    calls = []

    def draw(z, labels):
        calls.append(len(z))
        if len(calls) == 1:
            raise RuntimeError("out of memory")
        return np.zeros((len(z), 1, 1, 1), np.uint8)

    async def main():
        batcher = batching(draw)
        with pytest.raises(RuntimeError, match="out of memory"):
            await answered(batcher, job(1), told)
        assert len((await answered(batcher, job(1), told)).body) == 1
        batcher.close()

    asyncio.run(main())


class Slow:
    """An engine that takes a while, or fails."""

    def __init__(self, engine, draw):
        self.engine, self.draw = engine, draw

    def __getattr__(self, name):
        return getattr(self.engine, name)


def test_over_http_a_full_queue_says_when_to_come_back(engines):
    refused = limited(engines, pictures=0).post("/v1/images", json={"count": 4})
    assert "too many pictures" in is_problem(refused, 503)
    assert refused.headers["retry-after"] == "1"


def test_a_failure_is_a_problem_too_and_tells_nothing_of_the_inside(engines):
    def draw(z, labels):
        raise RuntimeError("secret")

    client = limited({"broken": Slow(engines["things"], draw)})
    assert "secret" not in is_problem(client.get("/v1/images/1.png"), 500)
    assert 'route="/v1/images/{seed}.{format}",status="500"' in client.get("/metrics").text


def asked_for(path, method="GET"):
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.partition("?")[0],
        "raw_path": path.partition("?")[0].encode(),
        "query_string": path.partition("?")[2].encode(),
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": ("192.0.2.1", 1),
        "server": ("here", 80),
    }


def test_who_goes_away_stops_the_work(engines):
    sizes, left = [], asyncio.Event()

    def draw(z, labels):
        sizes.append(len(z))
        time.sleep(0.03)
        return engines["things"].draw(z, labels)

    async def main():
        app = create_app({"things": Slow(engines["things"], draw)}, Limits())

        async def receive():
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            raise AssertionError("nobody is there")

        asked = asyncio.create_task(app(asked_for("/v1/walk?seeds=1,2&frames=480"), receive, send))
        await asyncio.sleep(0.1)
        left.set()
        await asyncio.wait_for(asked, 1)
        return app

    app = asyncio.run(main())
    assert 0 < sum(sizes) < 480
    counted = TestClient(app).get("/metrics").text
    assert 'status="499"' in counted
    assert 'ganvas_in_the_making{model="things"} 0.0' in counted


def test_who_takes_nothing_of_an_answer_holds_no_more_of_it_than_a_piece(engines):
    pieces, noise = [], np.random.default_rng(0)

    def draw(z, labels):
        return noise.integers(0, 256, (len(z), 24, 32, 3)).astype(np.uint8)

    async def main():
        app = create_app({"things": Slow(engines["things"], draw)}, Limits(seconds=1.0))

        body = [b'{"count": 64, "layout": "zip"}']

        async def receive():
            if not body:
                await asyncio.sleep(60)
            return {"type": "http.request", "body": body.pop(), "more_body": False}

        async def send(message):
            if message["type"] == "http.response.body":
                pieces.append(len(message["body"]))
                await asyncio.sleep(60)

        await asyncio.wait_for(app(asked_for("/v1/images", "POST"), receive, send), 20)
        return app

    app = asyncio.run(main())
    assert pieces == [65536]
    assert 'ganvas_in_the_making{model="things"} 0.0' in TestClient(app).get("/metrics").text


def test_a_large_file_of_a_page_comes_whole(engines):
    stored = bytes(range(256)) * 1000
    with TestClient(create_app(engines, Limits(), {"things": lambda: {"model.onnx.gz": stored}})) as client:
        assert client.get("/model.onnx.gz").content == stored


def received(address, said):
    """All that comes until the server closes the connection."""
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(said)
        return b"".join(iter(lambda: connection.recv(65536), b""))


NO_REQUESTS = {
    "nonsense": b"nonsense\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a chunk without a length": b"POST /v1/images HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n",
    "an endless address": b"GET /" + b"x" * 100_000,
    "a long length": b"POST /v1/images HTTP/1.1\r\nHost: h\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
}


def test_what_is_no_request_of_http_is_told_so_as_a_problem(engines):
    with running(create_app(engines, Limits())) as address:
        for name, said in NO_REQUESTS.items():
            head, _, body = received(address, said).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400"), name
            assert b"application/problem+json" in head
            assert json.loads(body)["status"] == 400


def test_a_body_that_breaks_after_the_answer_ends_the_connection(engines, caplog):
    asked = b"POST /nowhere HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    with (
        running(create_app(engines, Limits())) as address,
        socket.create_connection(address, timeout=5) as connection,
    ):
        connection.sendall(asked)
        assert connection.recv(65536).startswith(b"HTTP/1.1 405")
        connection.sendall(b"no length\r\n")
        while connection.recv(65536):
            pass
    assert "Traceback" not in caplog.text


def test_too_many_connections_are_told_so_as_a_problem(engines, monkeypatch):
    monkeypatch.setattr(ganvas.serving.server, "CONNECTIONS", 1)
    asked = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    with running(create_app(engines, Limits())) as address, socket.create_connection(address, timeout=5) as first:
        first.sendall(asked)
        assert first.recv(65536).startswith(b"HTTP/1.1 200")
        head, _, body = received(address, asked).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in head.lower()
    assert json.loads(body)["status"] == 503


def test_a_connection_that_asks_for_nothing_is_closed(engines, monkeypatch):
    monkeypatch.setattr(ganvas.serving.server, "SECONDS_OF_SILENCE", 0.2)
    with running(create_app(engines, Limits())) as address:
        for said in (b"", b"GET /healthz HTTP/1.1\r\nHost: h"):
            assert received(address, said) == b""
        with socket.create_connection(address, timeout=5) as patient:
            patient.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
            assert patient.recv(1000).startswith(b"HTTP/1.1 200")


def test_what_takes_too_long_is_given_up(engines):
    client = limited({"slow": Slow(engines["things"], lambda z, labels: time.sleep(0.5))}, seconds=0.1)
    refused = client.get("/v1/images/1.png")
    assert "longer than 0.1 s" in is_problem(refused, 503)
    assert refused.headers["retry-after"] == "1"


def test_who_asks_for_the_head_gets_the_head(client):
    whole, head = client.get("/v1/images/7.png"), client.head("/v1/images/7.png")
    assert head.status_code == 200
    assert head.headers["etag"] == whole.headers["etag"]


def test_pictures_behind_a_key_are_kept_by_nobody_on_the_way(engines, tmp_path):
    (tmp_path / "keys").write_text(KEY, encoding="utf-8")
    client = limited(engines, keys=read_keys(tmp_path / "keys"))
    assert "private" in client.get("/v1/images/1.png", headers={"X-API-Key": KEY}).headers["cache-control"]


def test_a_page_that_is_kept_already_is_not_sent_again(client):
    first = client.get("/")
    assert client.get("/", headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_page_that_cannot_be_made_says_so_and_the_api_goes_on(engines, capsys, caplog):
    def fail():
        raise SettingError("no network; put it into /home/someone/.cache")

    with TestClient(create_app(engines, Limits(), {"things": fail})) as client:
        assert "/home" not in is_problem(client.get("/"), 503)
        assert client.get("/v1/models").status_code == 200
    assert "the page of things could not be made: no network; put it into /home/someone/.cache" in caplog.messages
    assert capsys.readouterr().out == ""


def test_a_page_that_could_not_be_made_is_tried_again(engines, monkeypatch):
    tried = []

    def make():
        tried.append(1)
        if len(tried) == 1:
            raise SettingError("no network")
        return {"index.html": b"here"}

    with TestClient(create_app(engines, Limits(), {"things": make})) as client:
        assert client.get("/").status_code == 503
        monkeypatch.setattr(ganvas.serving.pages, "SECONDS_UNTIL_TRIED_AGAIN", 0)
        assert client.get("/").text == "here"


def test_a_tag_changes_with_what_is_drawn(published, tmp_path):
    shutil.copytree(published.folder, tmp_path / "other")
    described = read_description(tmp_path / "other")
    bolder = described.published.model_copy(update={"truncation": 0.5})
    text = described.model_copy(update={"published": bolder}).to_json()
    (tmp_path / "other" / "model.json").write_text(text, encoding="utf-8")
    tags = {
        TestClient(create_app({"one": Engine(folder, threads=1)}, Limits())).get("/v1/images/1.png").headers["etag"]
        for folder in (published.folder, tmp_path / "other")
    }
    assert len(tags) == 2


def test_a_film_is_not_faster_than_browsers_play_it():
    frames = np.zeros((3, 8, 8, 3), np.uint8) + 100 * np.arange(3, dtype=np.uint8)[:, None, None, None]
    assert Image.open(io.BytesIO(animated(frames, "gif", 60))).info["duration"] == 20
    film = Image.open(io.BytesIO(animated(frames, "webp", 60)))
    film.load()
    assert film.info["duration"] == 17


def test_only_the_api_has_a_rate(engines):
    limits, pages = Limits(requests_per_second=0.5, burst=1), {"things": page_named("things")}
    with TestClient(create_app(engines, limits, pages)) as client:
        assert {client.get("/").status_code for _ in range(5)} == {200}


def counted(address):
    return client_of(parsed_address(address))


def test_an_ipv6_client_is_the_network_that_it_was_given():
    assert counted("2001:db8::1") == counted("2001:db8::ffff") != counted("2001:db8:0:1::1")
    assert counted("192.0.2.1") == counted("::ffff:192.0.2.1") != counted("::ffff:192.0.2.2")
    assert counted("fe80::1%eth0") == counted("fe80::1%<script>1") == counted("fe80::2")


PROXIES = read_networks(["10.0.0.0/8, 127.0.0.1", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),  # no proxy of ours
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.7, 10.1.2.3", "198.51.100.7"),  # the first was written by the client
        ("::ffff:10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("2001:db8::1", "[2001:db9::7]:4711", "2001:db9::7"),
        ("2001:db8::1", " 2001:db9::7\t", "2001:db9::7"),
        ("10.0.0.1", "10.0.0.2,10.0.0.3", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.7, <script>1, 10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "999.1.1.1", "10.0.0.1"),
    ],
)
def test_a_client_is_who_the_nearest_proxy_of_ours_was_asked_by(peer, forwarded, found):
    assert str(client_address(peer, forwarded, PROXIES)) == found


@given(forwarded=st.text(max_size=60), peer=st.sampled_from(["127.0.0.1", "192.0.2.1", "", "testclient"]))
def test_whatever_a_proxy_says_a_client_is_an_address_or_nobody(forwarded, peer):
    client = client_of(client_address(peer, forwarded, PROXIES))
    assert client == "" or ipaddress.ip_network(client)


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "proxy", "*", "10.0.0.1,,", "0.0.0.0/0", "::/0"])
def test_what_is_no_proxys_address_is_refused(text):
    with pytest.raises(SettingError, match="--proxy"):
        read_networks([text])


@pytest.mark.parametrize("spoofed", [[("x-forwarded-for", "{0}.1.1.1")], [("X-Forwarded-For", "<script>{0}")] * 2])
@pytest.mark.parametrize("proxies", [(), read_networks(["10.0.0.0/8"])], ids=["no proxy", "another proxy"])
def test_nobody_has_a_rate_of_another_address_by_saying_so(engines, proxies, spoofed):
    app = create_app(engines, Limits(requests_per_second=0.01, burst=5, proxies=proxies))
    with TestClient(app, client=("127.0.0.1", 1)) as client:
        headers = [[(name, value.format(number)) for name, value in spoofed] for number in range(8)]
        assert [client.get("/v1/models", headers=each).status_code for each in headers] == [200] * 5 + [429] * 3


def test_behind_a_proxy_each_of_its_clients_has_a_rate(engines):
    limits = Limits(requests_per_second=0.01, burst=1, proxies=PROXIES)
    with TestClient(create_app(engines, limits), client=("127.0.0.1", 1)) as client:
        forwarded = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.9, 192.0.2.2", "<script>1", "<script>2"]
        statuses = [client.get("/v1/models", headers={"X-Forwarded-For": each}).status_code for each in forwarded]
    assert statuses == [200, 200, 429, 429, 200, 429]


def test_the_server_itself_believes_no_proxy_it_was_not_told_of(engines, monkeypatch):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with running(create_app(engines, Limits(requests_per_second=0.01, burst=1))) as address:
        said = b"GET /v1/models HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.%d\r\n\r\n"
        statuses = [received(address, said % number).split()[1] for number in range(3)]
    assert statuses == [b"200", b"429", b"429"]


@pytest.mark.parametrize("is_stripped", [True, False])
def test_behind_a_prefix_everything_stays_below_it(engines, is_stripped):
    pages = {name: page_named(name) for name in engines}
    before = "" if is_stripped else "/pictures"
    limits = Limits(requests_per_second=0.01, burst=2)
    with TestClient(create_app(engines, limits, pages, root_path="/pictures")) as client:
        assert client.get(f"{before}/healthz").status_code == 200
        described = client.get(f"{before}/openapi.json").json()
        assert described["servers"] == [{"url": "/pictures"}]
        (link,) = re.findall('href="([^"]*)"', client.get(f"{before}/docs").text)
        assert urljoin("http://host/pictures/docs", link) == "http://host/pictures/openapi.json"
        moved = client.get(f"{before}/models/animals", follow_redirects=False).headers["location"]
        assert urljoin("http://host/pictures/models/animals", moved) == "http://host/pictures/models/animals/"
        assert client.get(f"{before}/").text == "things"
        statuses = [client.get(f"{before}/v1/models").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]


@pytest.mark.parametrize("path", ["pictures", "/pictures/", "/", "//evil.example", "/a b", "/<script>"])
def test_what_is_no_root_path_is_refused(published, path):
    options = {"port": 0, "threads": 1, "make_page": lambda folder: {}, "limits": Limits(), "public": False}
    with pytest.raises(SettingError, match="--root-path"):
        serve({"things": published.folder}, host="127.0.0.1", root_path=path, **options)


def test_the_same_seed_twice_is_two_files(client):
    response = client.post("/v1/images", json={"seeds": [3, 3], "layout": "zip"})
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.namelist() == ["000003.png", "000003-2.png"]


def test_models_go_by_their_folders(tmp_path):
    paths = [tmp_path / "cats" / "exported", tmp_path / "dogs", Path("hf:ada/owls@main")]
    assert list(names_of(paths)) == ["cats", "dogs", "owls"]
    runs = [tmp_path / "cats" / "exported", tmp_path / "dogs" / "exported" / "model", tmp_path / "owls" / "model"]
    assert list(names_of(runs)) == ["cats", "dogs", "owls"]
    assert list(names_of(["/model"])) == ["model"]
    with pytest.raises(SettingError, match="two models are called 'cats'"):
        names_of([tmp_path / "cats" / "exported", tmp_path / "other" / "cats"])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_is_reached_by_this_machine_alone(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_other_addresses_are_reached_by_others(host):
    assert not is_loopback(host)


def test_answers_are_sent_at_once():
    """Asyncio lets the pieces of an answer wait for each other where it is not told that the protocol is TCP."""
    with listening("127.0.0.1", 0) as socket_of_ours:
        assert socket_of_ours.proto == socket.IPPROTO_TCP


def test_listening_to_others_needs_keys_or_a_word(published):
    options = {"port": 0, "threads": 1, "make_page": lambda folder: {}}
    with pytest.raises(SettingError, match="--public"):
        serve({"things": published.folder}, host="0.0.0.0", limits=Limits(), public=False, **options)
