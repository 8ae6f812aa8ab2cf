"""What pages are told as it happens."""

import asyncio
import json
import shutil
import threading
import time

import httpx
import pytest
from studios import TOKEN, Listening, append, draw_moment, held, line, make_run

from ganvas.studio.access import Access
from ganvas.studio.home import Home
from ganvas.studio.runs.watcher import Watcher
from ganvas.studio.server import assemble
from ganvas.studio.watching import Hub, event, merged
from served import running


def test_an_event_is_as_the_standard_has_it():
    assert event("run", {"a": float("nan")}) == b'event: run\ndata: {"a":null}\n\n'
    assert event("queue", ["ä\n"]) == 'event: queue\ndata: ["ä\\n"]\n\n'.encode()


def told(pieces):
    """(kind, data) of what a stream said."""
    lines = b"".join(pieces).decode().splitlines()
    kinds = [one.removeprefix("event: ") for one in lines if one.startswith("event: ")]
    data = [json.loads(one.removeprefix("data: ")) for one in lines if one.startswith("data: ")]
    return list(zip(kinds, data, strict=True))


def heard(hub, act, *, quiet_seconds=60.0, pieces=3):
    """What a page is told of what `act` does once it listens."""

    async def listen():
        stream, found = hub.stream(quiet_seconds), []
        while len(found) < 2:  # how often to try again, and the snapshot
            found.append(await anext(stream))
        act()
        while len(found) < pieces:
            found.append(await anext(stream))
        await stream.aclose()
        return found

    return asyncio.run(asyncio.wait_for(listen(), 300))


def test_a_page_is_first_told_all_that_there_is():
    hub = Hub()
    hub.begin_with("runs", lambda: [{"name": "a"}])
    hub.begin_with("queue", lambda: ["b"])
    pieces = heard(hub, lambda: None, pieces=2)
    assert pieces[0].startswith(b"retry: ")
    assert told(pieces) == [("snapshot", {"runs": [{"name": "a"}], "queue": ["b"]})]


def test_a_page_that_slept_is_told_the_latest_of_each_thing():
    hub = Hub()

    def act():
        for images in range(1000):
            hub.tell("run", {"name": "a", "images": images})
        hub.tell("run", {"name": "b", "images": 1})
        hub.tell("queue", ["a"])
        hub.tell("queue", [])

    assert told(heard(hub, act))[1:] == [
        ("run", {"name": "a", "images": 999}),
        ("run", {"name": "b", "images": 1}),
        ("queue", []),
    ]


def test_the_end_of_a_thing_takes_the_place_of_what_was_to_be_told_of_it():
    hub = Hub()

    def act():
        hub.tell("run", {"name": "a"})
        hub.tell("run", {"name": "b"})
        hub.tell("gone", {"name": "a"})

    assert told(heard(hub, act))[1:] == [("run", {"name": "b"}), ("gone", {"name": "a"})]


def test_a_quiet_stream_shows_that_it_is_alive():
    assert heard(Hub(), lambda: None, quiet_seconds=0.01)[-1].startswith(b":")


def test_telling_nobody_costs_nothing_and_every_listener_leaves():
    hub = Hub()
    hub.tell("run", object())  # which could not be sent
    assert not hub.heard.is_set()
    heard(hub, lambda: hub.tell("queue", []))
    assert not hub.heard.is_set()


def test_streams_end_with_the_hub_and_none_begins_after():
    hub = Hub()

    async def all_of_it():
        return [piece async for piece in hub.stream()]

    async def both():
        listening = asyncio.create_task(all_of_it())
        while not hub.heard.is_set():
            await asyncio.sleep(0.01)
        hub.close()
        return await asyncio.wait_for(listening, 300), await asyncio.wait_for(all_of_it(), 300)

    assert [len(one) for one in asyncio.run(both())] == [2, 2]


def test_it_may_be_told_from_any_thread():
    hub = Hub()

    def act():
        threads = [threading.Thread(target=hub.tell, args=("run", {"name": str(at)})) for at in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    pieces = heard(hub, act)
    assert {data["name"] for kind, data in told(pieces) if kind == "run"} <= {str(at) for at in range(20)}


@pytest.fixture
def studio(tmp_path):
    """A studio that is served: its home, its address, and a client."""
    home = Home(tmp_path)
    one = assemble(home, Access(TOKEN, 7870))
    with running(one.app) as (host, port):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=f"http://{host}:{port}", headers=headers, timeout=300) as client:
            yield home, client, one
            one.close()


def listening(client, path, **headers):
    """What a page hears, in a thread of its own."""
    page = Listening(client, path, headers)
    assert page.answer.status_code == 200
    assert page.answer.headers["content-type"].startswith("text/event-stream")
    return page


def test_runs_that_come_change_and_go_are_told_to_every_page(studio):
    home, client, _ = studio
    make_run(home, "old")
    pages = [listening(client, "/api/events") for _ in range(3)]
    for page in pages:
        snapshot = page.wait("snapshot")
        assert [one["name"] for one in snapshot["runs"]] == ["old"]
        assert (snapshot["queue"], snapshot["jobs"], snapshot["sets"]) == ([], [], [])
        assert snapshot["home"]["home"] == str(home.root)
    run = make_run(home, "new", ended=None)
    for page in pages:
        page.wait("run", lambda one: one["name"] == "new")
    append(run, line(80))
    for page in pages:
        page.wait("run", lambda one: one["name"] == "new" and one["images"] == 80)
    shutil.rmtree(run)
    for page in pages:
        page.wait("gone", lambda one: one == {"name": "new"})


def test_a_line_of_a_run_that_trains_is_told_at_once(studio):
    home, client, _ = studio
    run = make_run(home, "cats", ended=None)
    with held(run, "ganvas", "train"):
        page = listening(client, "/api/events")
        page.wait("snapshot", lambda one: one["runs"][0]["state"] == "training")
        took = []
        for images in range(80, 240, 16):
            began = time.monotonic()
            append(run, line(images))
            page.wait("run", lambda one, images=images: one["images"] == images)
            took.append(time.monotonic() - began)
    assert sorted(took)[len(took) // 2] < 2  # 50 ms where nothing else happens


def test_a_page_that_watches_a_run_hears_its_lines_events_and_moments(studio):
    home, client, _ = studio
    run = make_run(home, "cats", ended=None)
    page = listening(client, "/api/events?run=cats")
    page.wait("snapshot")
    page.wait("moment", lambda one: one == {"images": 64, "drawn": True, "kept": False})
    append(run, line(80), {"images": 80, "seconds": 8.0, "event": "unmeasured", "reason": "too short"})
    draw_moment(run, 80)
    assert page.wait("numbers")["discriminator_loss"] == 0.5
    assert page.wait("event")["text"] == "nothing is measured: too short"
    page.wait("moment", lambda one: one["images"] == 80)
    (run / "moments").mkdir()
    (run / "moments" / "000000080.safetensors").touch()
    page.wait("moment", lambda one: one == {"images": 80, "drawn": True, "kept": True})
    assert [kind for kind, _, _ in page.events].count("numbers") == 1
    shutil.rmtree(run)
    page.wait("gone")


def test_a_page_that_watches_a_run_hears_of_the_others_by_the_same_connection(studio):
    home, client, _ = studio
    make_run(home, "cats", ended=None)
    page = listening(client, "/api/events?run=cats")
    page.wait("moment")
    dogs = make_run(home, "dogs", ended=None)
    page.wait("run", lambda one: one["name"] == "dogs")
    append(dogs, line(80))
    page.wait("run", lambda one: one["images"] == 80)
    append(home.runs / "cats", line(96))
    page.wait("numbers")
    assert [value["images"] for kind, value, _ in page.events if kind == "numbers"] == [96]


def test_a_log_that_is_another_by_now_is_told_to_be_read_again(studio):
    home, client, _ = studio
    run = make_run(home, "cats", ended=None)
    page = listening(client, "/api/events?run=cats")
    page.wait("moment")
    replaced = run / "log.new"
    replaced.write_text(json.dumps(line(16)) + "\n")
    replaced.replace(run / "log.jsonl")
    page.wait("rewritten")
    append(run, line(32))
    page.wait("numbers", lambda one: one["images"] == 32)


@pytest.mark.parametrize("name", ["none", "%2e%2e", "a%00b", ".hidden", ""])
def test_a_run_that_is_not_there_is_said_to_be_gone_and_the_page_hears_the_rest(name, studio):
    home, client, _ = studio
    page = listening(client, f"/api/events?run={name}")
    page.wait("gone")
    page.wait("snapshot")
    make_run(home, "cats")
    page.wait("run", lambda one: one["name"] == "cats")


def test_streams_are_merged_until_all_have_ended_and_end_where_nobody_listens():
    ended = []

    async def saying(*words, last=False):
        try:
            for word in words:
                await asyncio.sleep(0)
                yield word
            if last:
                await asyncio.Event().wait()
        finally:
            ended.append(words)

    async def all_of_it():
        return [word async for word in merged(saying(b"a", b"b"), saying(b"c"))]

    async def a_part():
        stream = merged(saying(b"d", last=True), saying(b"e"))
        found = {await anext(stream), await anext(stream)}
        await stream.aclose()
        return found

    assert sorted(asyncio.run(all_of_it())) == [b"a", b"b", b"c"]
    assert asyncio.run(a_part()) == {b"d", b"e"}
    assert sorted(ended) == [(b"a", b"b"), (b"c",), (b"d",), (b"e",)]


class Asked:
    """Runs that note that they were asked for."""

    def __init__(self):
        self.was_asked = threading.Event()

    def summaries(self):
        self.was_asked.set()
        return []


def test_nothing_is_looked_at_while_no_page_listens():
    hub, runs = Hub(), Asked()
    with Watcher(hub, runs):
        assert not runs.was_asked.wait(0.5)
        heard(hub, lambda: runs.was_asked.wait(300), pieces=2)
    assert runs.was_asked.is_set()


class Failing:
    """Runs that cannot be looked at the first time."""

    def __init__(self):
        self.has_failed = False

    def summaries(self):
        if not self.has_failed:
            self.has_failed = True
            raise ValueError("a file that nobody foresaw")
        return [{"name": "cats", "state": "finished"}]


def test_a_look_that_fails_is_not_the_last():
    hub = Hub()
    with Watcher(hub, Failing()):
        pieces = heard(hub, lambda: None)
    assert told(pieces)[1] == ("run", {"name": "cats", "state": "finished"})
