"""Trainings over HTTP: begun, queued, paused, stopped, gone on with. Their processes hold locks and train nothing."""

import errno
import json
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from studios import PATIENCE_SECONDS, PX, TOKEN, Pretending, held, make_run, opened, until

from ganvas.studio.access import Access
from ganvas.studio.home import Home
from ganvas.studio.runs.notes import read_note
from ganvas.studio.runs.requests import Prepared, TrainRequest
from ganvas.studio.runs.trainings import Trainings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are ended by signals")
ASKED = {"source": "avatars", "size": PX, "seconds": 60, "recipe": "quick"}


@pytest.fixture
def start():
    with Pretending() as processes:
        yield processes


@pytest.fixture
def one(tmp_path, start):
    with opened(tmp_path, start=start) as studio:
        yield studio


def begin(one, name, **more):
    answer = one.page.post("/api/runs", json={**ASKED, "name": name, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def act(one, name, verb, **body):
    answer = one.page.post(f"/api/runs/{name}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def queue(one):
    return one.page.get("/api/queue").json()


def test_one_trains_at_a_time_and_the_next_begins_when_it_has_ended(one, start):
    assert begin(one, "a")["state"] == "training"
    assert [begin(one, name)["state"] for name in "bc"] == ["queued", "queued"]
    assert queue(one) == ["b", "c"]
    assert [name for name, _ in start.log] == ["a"]
    act(one, "a", "stop")
    one.wait("b", "training")
    one.wait("a", "finished")
    assert queue(one) == ["c"]


def test_the_command_is_the_one_that_a_terminal_would_take(one, start):
    settings = {"training.batch": 8, "objective.augment": ["color"], "pictures.fit": "pad", "recording.report": False}
    begin(one, "a", size=[16, 32], images=640, until="plateau", settings=settings)
    ((_, words),) = start.log
    expected = "train avatars --out runs/a --recipe quick --size 16x32 --time 60s --images 640 --until plateau"
    given = ["training.batch=8", 'objective.augment=["color"]', 'pictures.fit="pad"', "recording.report=false"]
    assert words == expected.split() + [word for each in given for word in ("--set", each)]
    assert one.page.get("/api/runs/a").json()["command"].startswith("ganvas train avatars --out runs/a-again ")


def test_a_fork_begins_with_a_run_of_this_home_or_a_model(one, start):
    make_run(one.home, "parent")
    begin(one, "a", start={"run": "parent", "images": 32})
    act(one, "a", "stop")
    one.wait("a", "finished")
    model = one.home.root / "model.safetensors"
    refused = one.page.post("/api/runs", json={**ASKED, "name": "b", "start": {"model": str(model)}})
    assert (refused.status_code, refused.json()["field"]) == (422, "start")
    model.touch()
    begin(one, "b", start={"model": str(model)})
    of_run, of_model = (words for _, words in start.log)
    assert of_run[-4:] == ["--start", "runs/parent", "--start-at", "32"]
    assert of_model[-2:] == ["--start", str(model)]


def test_a_run_may_be_paused_while_the_pictures_of_another_are_prepared(tmp_path, start):
    home, is_asked, may_end = Home(tmp_path), threading.Event(), threading.Event()
    (home.sets / "pets").mkdir(parents=True)

    def prepare(name, request):
        is_asked.set()
        assert may_end.wait(PATIENCE_SECONDS)
        return Prepared(source="avatars")

    trainings = Trainings(home, prepare, start=start)
    trainings.begin(TrainRequest(**ASKED, name="a"))
    with ThreadPoolExecutor() as threads:
        begun = threads.submit(trainings.begin, TrainRequest(**ASKED | {"source": None}, set="pets", name="b"))
        assert is_asked.wait(PATIENCE_SECONDS)
        paused = threads.submit(trainings.pause, "a")
        try:
            assert paused.result(PATIENCE_SECONDS)["state"] == "pausing"
        finally:
            may_end.set()
        assert begun.result(PATIENCE_SECONDS)["name"] == "b"


def test_a_name_is_found_where_none_is_given(one):
    names = [one.page.post("/api/runs", json=ASKED).json()["name"] for _ in range(3)]
    assert names == ["avatars-quick", "avatars-quick 2", "avatars-quick 3"]


WRONG = [
    ({"source": None}, 422, "set"),
    ({"set": "a", "source": "avatars"}, 422, "set"),
    ({"source": None, "set": "missing"}, 404, None),
    ({"source": "/nowhere/at/all"}, 422, "source"),
    ({"name": "../a"}, 422, "name"),
    ({"name": ""}, 422, "name"),
    ({"name": "taken"}, 409, "name"),
    ({"name": "TAKEN"}, 409, "name"),
    ({"size": 17}, 422, "size"),
    ({"size": [16, 5000]}, 422, "size"),
    ({"size": "large"}, 422, None),
    ({"seconds": 0}, 422, "seconds"),
    ({"seconds": 1e12}, 422, "seconds"),
    ({"images": -1}, 422, "images"),
    ({"until": "never"}, 422, "until"),
    ({"recipe": "cake"}, 422, "recipe"),
    ({"settings": {"optimizer.beta1": 3}}, 422, "settings.optimizer.beta1"),
    ({"settings": {"optimizer.nothing": 3}}, 422, "settings.optimizer.nothing"),
    ({"settings": {"nothing.at.all": 3}}, 422, "settings.nothing.at.all"),
    ({"settings": {"--out": "/tmp"}}, 422, "settings.--out"),
    ({"settings": {"pictures.source": "/home"}}, 422, "settings.pictures.source"),
    ({"settings": {"training.batch": None}}, 422, "settings.training.batch"),
    ({"settings": {"network.architecture": "house"}}, 422, "settings.network.architecture"),
    ({"settings": {"training.batch": {"a": 1}}}, 422, "settings.training.batch"),
    ({"start": {"run": "missing"}}, 404, None),
    ({"start": {"run": "../taken"}}, 404, None),
    ({"start": 3}, 422, None),
    ({"what": 3}, 422, "what"),
]


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """A studio with one run, of which nothing is begun."""
    with opened(tmp_path_factory.mktemp("idle")) as one:
        make_run(one.home, "taken")
        yield one


@pytest.mark.parametrize(("wrong", "status", "field"), WRONG)
def test_what_cannot_be_trained_is_refused_with_the_field(wrong, status, field, idle):
    one = idle
    answer = one.page.post("/api/runs", json={**ASKED, **wrong})
    said = answer.json()
    assert (answer.status_code, said["field"]) == (status, field) or (field is None and answer.status_code == status)
    assert isinstance(said["detail"], str)
    assert [path.name for path in one.home.runs.iterdir()] == ["taken"]
    assert queue(one) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_request_is_refused(body, idle):
    assert idle.page.post("/api/runs", content=body).status_code == 422


def test_where_everyone_is_let_in_no_folder_is_named(tmp_path, start):
    with opened(tmp_path, Access(TOKEN, 7870, public=True), start=start) as one:
        for wrong in ({"source": str(tmp_path)}, {"start": {"model": "/"}}):
            assert one.page.post("/api/runs", json={**ASKED, **wrong}).status_code == 403


def test_a_pause_ends_the_process_and_a_resume_goes_on(one, start):
    begin(one, "a")
    assert act(one, "a", "pause")["state"] in ("pausing", "paused")
    one.wait("a", "paused")
    assert act(one, "a", "pause")["state"] == "paused"  # again is the same
    assert act(one, "a", "resume")["state"] == "training"
    assert start.log[-1] == ("a", ["train", "--out", "runs/a", "--resume"])


def test_a_stop_ends_it_for_good_and_more_time_extends_it(one, start):
    begin(one, "a")
    act(one, "a", "stop")
    one.wait("a", "finished")
    act(one, "a", "resume", seconds=600, images=6400)
    assert start.log[-1][1][-4:] == ["--time", "600s", "--images", "6400"]
    act(one, "a", "pause")
    one.wait("a", "paused")
    assert act(one, "a", "stop")["state"] == "finished"  # what is paused may be called done


def test_what_trains_or_waits_is_not_begun_again(one):
    begin(one, "a")
    begin(one, "b")
    for name in "ab":
        assert one.page.post(f"/api/runs/{name}/resume").status_code == 409


@pytest.mark.parametrize(
    ("limits", "status"), [({}, 409), ({"seconds": 6}, 422), ({"images": 64}, 422), ({"seconds": -1}, 422)]
)
def test_a_run_that_reached_its_limit_needs_a_further_one(limits, status, one):
    make_run(one.home, "cats", images=64)
    answer = one.page.post("/api/runs/cats/resume", json=limits)
    assert answer.status_code == status
    assert answer.json()["field"] in ("seconds", "images")


def test_a_run_of_a_terminal_is_paused_and_gone_on_with(one, start):
    run = make_run(one.home, "cats", ended=None)
    with held(run, "/usr/bin/ganvas", "train", "pictures") as process:
        one.wait("cats", "training")
        act(one, "cats", "pause")
        assert process.wait(300) == 0
    assert one.wait("cats", "paused")["by"] == "terminal"
    act(one, "cats", "resume", images=640)
    assert start.log == [("cats", ["train", "--out", "runs/cats", "--resume", "--images", "640"])]


def test_a_run_of_a_terminal_takes_its_turn_before_the_queue(one, start):
    run = make_run(one.home, "cats", ended=None)
    with held(run, "ganvas", "train") as process:
        one.wait("cats", "training")
        assert begin(one, "a")["state"] == "queued"
        process.send_signal(signal.SIGTERM)
        one.wait("a", "training")


@pytest.mark.parametrize("words", [("notes.py", "train"), ("ganvas", "serve"), ("ganvas", "studio", "train"), ()])
def test_a_process_that_is_no_training_is_never_signalled(words, one):
    run = make_run(one.home, "cats", ended=None)
    with held(run, *words) as process:
        one.wait("cats", "training")
        for verb in ("pause", "stop"):
            answer = one.page.post(f"/api/runs/cats/{verb}")
            assert answer.status_code == 409
            assert str(process.pid) in answer.json()["detail"]
        assert process.poll() is None


def test_a_training_of_another_folder_is_never_signalled(one, tmp_path):
    """Its number stands in a folder, where a process of that number trained before."""
    run = make_run(one.home, "cats", ended=None)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with held(elsewhere, "ganvas", "train") as process, held(run, "other"):
        (run / "training.pid").write_text(f"{process.pid}\n")
        answer = one.page.post("/api/runs/cats/pause")
        assert answer.status_code == 409
        assert process.poll() is None


def test_the_queue_is_put_into_another_order(one):
    for name in "abcd":
        begin(one, name)
    assert one.page.put("/api/queue", json=["d", "b", "c"]).json() == ["d", "b", "c"]
    act(one, "c", "first")
    assert queue(one) == ["c", "d", "b"]
    for wrong, status in (
        (["d", "b"], 409),
        (["d", "b", "x"], 409),
        (["c", "c", "d", "b"], 409),
        ({}, 422),
        ([1], 422),
    ):
        assert one.page.put("/api/queue", json=wrong).status_code == status
    assert one.page.post("/api/runs/a/first").status_code == 409
    act(one, "a", "stop")
    one.wait("c", "training")


def test_what_never_began_is_gone_once_it_is_taken_out_of_the_queue(one):
    begin(one, "a")
    begin(one, "b")
    assert one.page.delete("/api/queue/b").status_code == 204
    assert [each["name"] for each in one.page.get("/api/runs").json()] == ["a"]
    assert one.page.delete("/api/queue/a").status_code == 409
    assert one.page.delete("/api/queue/b").status_code == 404


def test_what_had_begun_is_what_it_was_once_it_is_taken_out_of_the_queue(one):
    begin(one, "a")
    make_run(one.home, "cats", ended="interrupted")
    assert act(one, "cats", "resume")["state"] == "queued"
    assert one.page.delete("/api/queue/cats").status_code == 204
    assert one.run("cats")["state"] == "paused"


def test_a_run_that_waits_may_be_paused_and_begun_later(one, start):
    begin(one, "a")
    begin(one, "b")
    assert act(one, "b", "pause")["state"] == "paused"
    assert queue(one) == []
    act(one, "a", "stop")
    one.wait("a", "finished")
    act(one, "b", "resume", images=64)
    assert start.log[-1][0] == "b"
    assert start.log[-1][1][:2] == ["train", "avatars"]
    assert start.log[-1][1][-2:] == ["--images", "64"]
    assert "--time" not in start.log[-1][1]


def test_a_run_is_renamed_and_removed_once_it_rests(one, start):
    begin(one, "a")
    begin(one, "b")
    for name in "ab":
        assert one.page.patch(f"/api/runs/{name}", json={"name": "z"}).status_code == 409
    assert one.page.delete("/api/runs/a").status_code == 409
    act(one, "b", "pause")
    assert one.page.patch("/api/runs/b", json={"name": "new name"}).json()["name"] == "new name"
    assert one.page.patch("/api/runs/new name", json={"name": "a"}).status_code == 409
    assert one.page.patch("/api/runs/new name", json={"name": "../x"}).status_code == 422
    assert one.page.patch("/api/runs/new name", json={}).status_code == 422
    assert one.page.patch("/api/runs/new name", json={"name": "New Name"}).json()["name"] == "New Name"
    act(one, "a", "stop")
    one.wait("a", "finished")
    act(one, "New Name", "resume")
    assert start.log[-1][1][2:4] == ["--out", "runs/New Name"]
    act(one, "New Name", "stop")
    one.wait("New Name", "finished")
    for name in ("a", "New Name"):
        assert one.page.delete(f"/api/runs/{name}").status_code == 204
    assert list(one.home.runs.iterdir()) == []


def test_a_run_that_is_a_link_is_removed_and_what_it_leads_to_is_kept(one, tmp_path):
    make_run(one.home, "cats").rename(tmp_path / "elsewhere")
    (one.home.runs / "link").symlink_to(tmp_path / "elsewhere")
    assert one.page.delete("/api/runs/link").status_code == 204
    assert (tmp_path / "elsewhere" / "run.toml").exists()


@pytest.mark.parametrize("verb", ["pause", "stop", "resume", "first"])
def test_a_run_that_is_not_there_is_missing(verb, one):
    assert one.page.post(f"/api/runs/none/{verb}").status_code == 404


@pytest.mark.parametrize("verb", ["pause", "stop"])
def test_what_failed_is_not_training(verb, one):
    make_run(one.home, "cats", ended=None)
    assert one.page.post(f"/api/runs/cats/{verb}").status_code == 409


def test_a_process_that_cannot_be_started_is_told_in_words_and_the_next_begins(tmp_path, start):
    def failing(home, run, arguments):
        if run.name == "a":
            raise OSError(errno.EAGAIN, "no more processes")
        return start(home, run, arguments)

    with opened(tmp_path, start=failing) as one:
        assert one.page.post("/api/runs", json={**ASKED, "name": "a"}).json()["state"] == "failed"
        assert "no more processes" in one.run("a")["problem"]
        assert begin(one, "b")["state"] == "training"


def test_a_disk_that_is_full_is_said_to_be(tmp_path, start):
    with opened(tmp_path, start=start) as one:
        one.home.studio.mkdir(exist_ok=True)
        (one.home.studio / "queue.json").mkdir()  # which nothing can be written to
        answer = one.page.post("/api/runs", json=ASKED)
        assert answer.status_code in (422, 507)
        assert answer.json()["detail"]


def test_a_studio_that_was_killed_finds_what_it_had_begun(tmp_path, start):
    with opened(tmp_path, start=start) as one:
        begin(one, "a")
        begin(one, "b")
    with opened(tmp_path, start=start) as again:
        assert (again.run("a")["state"], again.run("b")["state"], queue(again)) == ("training", "queued", ["b"])
        act(again, "a", "pause")
        again.wait("b", "training")
        assert again.run("a")["state"] == "paused"
    assert [name for name, _ in start.log] == ["a", "b"]


def test_two_studios_of_one_home_begin_no_training_twice(tmp_path, start):
    with opened(tmp_path, start=start) as one, opened(tmp_path, start=start) as other:
        asked = [(studio, f"{side}{at}") for side, studio in (("x", one), ("y", other)) for at in range(3)]
        threads = [threading.Thread(target=begin, args=each) for each in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: len(start.log) == 1)
        assert sorted([*queue(one), start.log[0][0]]) == ["x0", "x1", "x2", "y0", "y1", "y2"]
        assert queue(other) == queue(one)


@pytest.mark.parametrize("stored", ["", "{", '{"a": 1}', "[1, null]", '["gone"]'])
def test_a_damaged_queue_is_an_empty_one(stored, tmp_path, start):
    (tmp_path / "studio").mkdir()
    (tmp_path / "studio" / "queue.json").write_text(stored)
    with opened(tmp_path, start=start) as one:
        assert begin(one, "a")["state"] in ("training", "queued")
        one.wait("a", "training")


def test_what_the_studio_knows_of_a_run_is_in_its_folder(one):
    begin(one, "a")
    note = read_note(one.home.runs / "a")
    assert json.loads((one.home.runs / "a" / "studio.json").read_text())["request"]["source"] == "avatars"
    assert (note.process is not None, note.wish) == (True, None)
    act(one, "a", "pause")
    note = read_note(one.home.runs / "a")
    assert (note.wish, note.wish_of) == ("pause", note.process)
    assert os.path.exists(one.home.studio / "queue.json")


def test_a_training_that_cannot_be_queued_takes_no_name(one):
    queue_file = one.home.studio / "queue.json"
    (queue_file / "in the way").mkdir(parents=True)
    assert one.page.post("/api/runs", json={**ASKED, "name": "a"}).status_code >= 400
    assert not (one.home.runs / "a").exists()
    (queue_file / "in the way").rmdir()
    queue_file.rmdir()
    assert begin(one, "a")["state"] == "training"
