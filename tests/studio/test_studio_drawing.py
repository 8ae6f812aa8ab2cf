"""Pictures of seeds, drawn from the kept moments of a run, and the files that a page may show."""

import io
import os
import shutil
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studios import PX, make_run, opened

import ganvas
from ganvas.studio.problems import Problem
from ganvas.studio.runs.drawing import MOST_SEEDS, MOST_WAITING, Artist, Weights, seeds_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A home with a run of 32 images in two classes, whose moments are kept."""
    home = tmp_path_factory.mktemp("home")
    numbers = np.random.default_rng(0)
    for at in range(12):
        folder = home / "pictures" / ("left" if at % 2 else "right")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(numbers.integers(0, 255, (PX, PX, 3)).astype(np.uint8)).save(folder / f"{at}.png")
    settings = {"training.batch": 4, "recording.report": False, "measuring.share": 0.0, "network.width": 0.1}
    out = home / "runs" / "cats"
    asked = {"recipe": "dcgan", "size": PX, "images": 32, "conditional": True, "device": "cpu", "progress": False}
    ganvas.train(home / "pictures", out=out, settings=settings, **asked)
    return home


@pytest.fixture(scope="module")
def page(trained):
    with opened(trained) as one:
        yield one.page


def pixels(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    return np.asarray(Image.open(io.BytesIO(answer.content)))


@pytest.mark.parametrize(("at", "moment"), [("best", None), ("last", "last"), ("8", 8), ("11", 8)])
def test_one_seed_is_the_picture_that_the_model_draws(at, moment, page, trained):
    answer = page.get("/api/runs/cats/draw", params={"seeds": "7", "at": at})
    assert (pixels(answer) == ganvas.load(trained / "runs" / "cats", at=moment).draw(seeds=[7])[0]).all()
    assert answer.headers.get("x-images") == {"best": None, "last": "32"}.get(at, "8")


def test_several_seeds_are_a_sheet(page):
    sheet = pixels(page.get("/api/runs/cats/draw?seeds=0-3"))
    one = pixels(page.get("/api/runs/cats/draw?seeds=0"))
    assert sheet.shape == (2 * (PX + 2) + 2, 2 * (PX + 2) + 2, 3)
    assert (sheet[2 : PX + 2, 2 : PX + 2] == one).all()


def test_truncation_and_label_change_the_picture(page):
    found = [
        pixels(page.get("/api/runs/cats/draw", params={"seeds": "3", **more})).tobytes()
        for more in ({"label": "left"}, {"label": "right"}, {"label": "left", "truncation": 0.2})
    ]
    assert len(set(found)) == 3


def test_a_picture_that_a_page_has_is_not_drawn_again(page):
    answer = page.get("/api/runs/cats/draw?seeds=1&at=8")
    again = page.get("/api/runs/cats/draw?seeds=1&at=8", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = page.get("/api/runs/cats/draw?seeds=2&at=8", headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("seeds=", 422, "seeds"),
        ("seeds=-1", 422, "seeds"),
        ("seeds=5-1", 422, "seeds"),
        ("seeds=a", 422, "seeds"),
        ("seeds=0-64", 422, "seeds"),
        ("seeds=0-18446744073709551615", 422, "seeds"),
        ("seeds=99999999999999999999", 422, "seeds"),
        ("at=first", 422, "at"),
        ("at=-1", 422, "at"),
        ("truncation=3", 422, "truncation"),
        ("truncation=nan", 422, "truncation"),
        ("label=dogs", 422, None),
    ],
)
def test_what_cannot_be_drawn_is_refused(query, status, field, page):
    answer = page.get(f"/api/runs/cats/draw?{query}")
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text


def test_a_run_that_has_no_model_yet_says_so(tmp_path):
    with opened(tmp_path) as one:
        make_run(one.home, "new", ended=None)
        for at in ("best", "last", "8"):
            answer = one.page.get(f"/api/runs/new/draw?at={at}")
            assert answer.status_code == 404
            assert "moment" in answer.json()["detail"] or "first steps" in answer.json()["detail"]
        assert one.page.get("/api/runs/none/draw").status_code == 404


def test_a_damaged_model_is_told_in_words(trained, tmp_path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    (tmp_path / "runs" / "cats" / "model" / "generator.safetensors").write_bytes(b"no weights")
    with opened(tmp_path) as one:
        answer = one.page.get("/api/runs/cats/draw")
        assert answer.status_code == 422
        assert "safetensors" in answer.json()["detail"]


def test_a_model_is_read_once_and_again_when_it_is_another(trained, tmp_path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    run = tmp_path / "runs" / "cats"
    with Artist() as artist:
        first = artist.drawing(Weights(run, "best"), [1], 1.0, None).result()
        shutil.copy(run / "moments" / "000000000.safetensors", run / "model" / "generator.safetensors")
        assert artist.drawing(Weights(run, "best"), [1], 1.0, None).result() != first
        shutil.rmtree(run / "moments")
        kept = Weights(run, "best")
        (run / "model" / "model.json").unlink()
        assert artist.drawing(kept, [1], 1.0, None).result() != first


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")
def test_drawing_stands_back_and_uses_one_core():
    import torch

    with Artist() as artist:
        nice = artist.in_its_thread(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
        threads = artist.in_its_thread(torch.get_num_threads).result()
    assert nice >= 10
    assert threads == 1
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < nice


def test_more_drawings_than_can_wait_are_refused(trained):
    held, run = threading.Event(), trained / "runs" / "cats"
    with Artist() as artist:
        artist.in_its_thread(held.wait)
        waiting = [artist.drawing(Weights(run, "best"), [at], 1.0, None) for at in range(MOST_WAITING)]
        with pytest.raises(Problem) as refused:
            artist.drawing(Weights(run, "best"), [0], 1.0, None)
        assert refused.value.status == 503
        assert waiting[-1].cancel()  # whoever asked has left
        artist.drawing(Weights(run, "best"), [0], 1.0, None)
        held.set()


def test_seeds_are_ranges_and_numbers():
    assert seeds_of("0-3") == [0, 1, 2, 3]
    assert seeds_of("3, 7,20-21") == [3, 7, 20, 21]
    assert len(seeds_of(f"0-{MOST_SEEDS - 1}")) == MOST_SEEDS


def test_moments_and_files_are_sent_as_they_are(page, trained):
    run = trained / "runs" / "cats"
    for path, file in (("moments/8.png", "samples/000000008.png"), ("files/model/preview.png", "model/preview.png")):
        answer = page.get(f"/api/runs/cats/{path}")
        assert answer.content == (run / file).read_bytes()
        assert answer.headers["cache-control"] == "no-cache"
        assert page.get(f"/api/runs/cats/{path}", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert "immutable" in page.get("/api/runs/cats/moments/8.png?v=1").headers["cache-control"]


@pytest.mark.parametrize("linked", ["run.toml", "samples/000000007.png", "samples", "model"])
def test_links_that_lead_out_of_a_run_are_not_followed(linked, trained, tmp_path, page):
    secret = tmp_path / "secret"
    secret.mkdir()
    for name in ("000000007.png", "preview.png", "run.toml"):
        (secret / name).write_text("secret")
    run = trained / "runs" / "strange"
    run.mkdir()
    (run / linked).parent.mkdir(exist_ok=True)
    (run / linked).symlink_to(secret / Path(linked).name if "." in linked else secret)
    for path in ("moments/7.png", "files/run.toml", "files/samples/000000007.png", "files/model/preview.png"):
        answer = page.get(f"/api/runs/strange/{path}")
        assert (answer.status_code, "secret" in answer.text) == (404, False)
    shutil.rmtree(run)


def test_a_moment_that_is_no_file_is_missing(trained, page):
    run = trained / "runs" / "odd"
    (run / "samples" / "000000007.png").mkdir(parents=True)
    assert page.get("/api/runs/odd/moments/7.png").status_code == 404
    shutil.rmtree(run)


@pytest.mark.parametrize(
    "path",
    [
        "moments/9.png",
        "moments/-1.png",
        "moments/a.png",
        "moments/99999999999999999999999.png",
        "files/none.png",
        "files/checkpoint/state.json",
        "files/studio.json",
        "files/studio.log",
        "files/model/generator.safetensors",
        "files/../cats/run.toml/x",
        "files/film.mp4",
        "files/",
    ],
)
def test_other_files_of_a_run_are_not_sent(path, page):
    assert page.get(f"/api/runs/cats/{path}").status_code in (404, 422)


def test_a_film_is_sent_in_parts(tmp_path):
    with opened(tmp_path) as one:
        run = make_run(one.home, "cats")
        (run / "film.mp4").write_bytes(bytes(range(100)))
        answer = one.page.get("/api/runs/cats/files/film.mp4", headers={"Range": "bytes=10-19"})
        assert (answer.status_code, answer.content) == (206, bytes(range(10, 20)))


def test_a_report_that_a_stranger_wrote_runs_no_script_of_its_own(tmp_path):
    from ganvas.formats.policy import source_hash
    from ganvas.report import write_report

    with opened(tmp_path) as one:
        run = make_run(one.home, "cats")
        write_report(run)
        answer = one.page.get("/api/runs/cats/files/index.html")
        policy, own = answer.headers["content-security-policy"], answer.text.rpartition("<script>")[2]
        assert source_hash(own.partition("</script>")[0]) in policy
        assert source_hash(answer.text.partition("<style>")[2].partition("</style>")[0]) in policy
        assert "unsafe" not in policy
        assert one.page.get("/api/runs/cats/files/samples/000000064.png").status_code == 200
