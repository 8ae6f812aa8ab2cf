"""What the page performs: presets that the command plays too, and films without a dropped frame."""

import json
import zipfile

import av
import numpy as np
import pytest
from pages import hosted, performed, written
from PIL import Image

import ganvas
from ganvas.formats.latents import latents
from ganvas.formats.preset import read_preset

FPS = 8  # and seconds that are whole numbers of frames, so that no rounding decides which keyframe a frame is at
LACKING = """
for (const [owner, names] of [
    [Navigator.prototype, ["wakeLock", "clipboard"]], [Element.prototype, ["requestFullscreen"]],
    [HTMLCanvasElement.prototype, ["captureStream"]], [globalThis, ["VideoEncoder", "MediaRecorder"]]]) {
  for (const name of names) delete owner[name];
}
"""


@pytest.fixture(scope="module")
def address(published, tmp_path_factory):
    with hosted(written(published, tmp_path_factory.mktemp("site"))) as address:
        yield address


def imported(page, preset, tmp_path):
    """Open the panel and hand it a preset, which need not be one."""
    (tmp_path / "given.json").write_text(preset if isinstance(preset, str) else preset.to_json(), encoding="utf-8")
    page.locator("#perform").evaluate("(panel) => (panel.open = true)")
    page.locator("#preset-file").set_input_files(tmp_path / "given.json")


def downloaded(page, button, path):
    with page.expect_download() as download:
        page.locator(button).click()
    download.value.save_as(path)
    return path


@pytest.mark.parametrize("is_smooth", [False, True])
def test_a_film_is_enlarged_as_the_screen_is(is_smooth, opened, address, preset, tmp_path):
    page = opened(f"{address}#seed=2", accept_downloads=True)
    imported(
        page, preset.model_copy(update={"page": {"isSmooth": is_smooth, "kind": "noise", "seconds": 0.2}}), tmp_path
    )
    page.locator("#keyframes li").nth(2).wait_for()
    page.locator("#record-scale").fill("4")
    page.locator("#record-as").select_option("png")
    with zipfile.ZipFile(downloaded(page, "#record-loop", tmp_path / "loop.zip")) as frames:
        frame = np.asarray(Image.open(frames.open("000000.png")).convert("RGB")).astype(int)
    assert frame.shape == (96, 128, 3)
    blocks = frame.reshape(24, 4, 32, 4, 3)
    assert (blocks == blocks[:, :1, :, :1]).all() == (not is_smooth)


def played_on(page):
    """Wait while half a second of the loop is played."""
    began = float(page.locator("#playhead").input_value())
    page.wait_for_function("(began) => document.getElementById('playhead').value - began > 0.05", arg=began)


@pytest.mark.slow
def test_what_is_played_is_recorded_live(opened, address, tmp_path):
    page = opened(f"{address}#seed=7", accept_downloads=True)
    page.locator("#perform > summary").click()
    page.locator("#record-scale").fill("4")
    page.locator("#record-live").click()
    page.wait_for_timeout(1000)
    with av.open(downloaded(page, "#record-live", tmp_path / "live.webm")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    assert len(frames) >= 5
    assert frames[0].shape == (96, 128, 3)
    assert np.abs(frames[-1] - frames[0]).mean() > 1


def test_a_live_recording_keeps_its_size_and_the_shape_of_what_it_shows(opened, address, tmp_path):
    page = opened(f"{address}#seed=7", accept_downloads=True)
    page.locator("#perform > summary").click()
    page.locator("#perform-radius-typed").fill("0")  # nothing moves but the grid
    page.locator("#perform-radius-typed").press("Tab")
    page.locator("#record-scale").fill("4")
    page.locator("#record-live").click()
    page.locator("#record-note", has_text="Recording").wait_for()
    played_on(page)
    page.locator("#perform-columns").fill("2")
    page.locator("#perform-columns").press("Tab")
    page.locator("#performed[width='64']").wait_for(state="attached")
    played_on(page)
    with av.open(downloaded(page, "#record-live", tmp_path / "live.webm")) as container:
        frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    assert {frame.shape for frame in frames} == {(96, 128, 3)}
    assert frames[0][:20].mean() > 40
    wide = Image.fromarray(performed(page).astype(np.uint8)).resize((128, 48), Image.Resampling.BILINEAR)
    assert np.abs(frames[-1][24:72] - np.asarray(wide).astype(int)).mean() < 10
    assert frames[-1][:22].max() < 40
    assert frames[-1][74:].max() < 40


def test_what_a_browser_lacks_is_said_in_place(browser, address):
    faults = []
    context = browser.new_context()
    context.add_init_script(LACKING)
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}#perform&seed=7")
    page.locator("#perform-note", has_text="keep the screen on").wait_for(state="attached")
    page.keyboard.press("Escape")
    page.locator("#perform > summary").click()
    assert "frames as PNG work" in page.locator("#record-note").inner_text()
    assert page.locator("#record-live").is_disabled()
    page.locator("#perform-open").click()
    page.locator("#perform-note", has_text="fills no screen").wait_for(state="attached")
    page.keyboard.press("Escape")
    page.locator("#preset-share").click()
    page.locator("#preset-note", has_text="no page copy").wait_for(state="attached")
    context.close()
    assert faults == []


def walked_by(published, preset, tmp_path):
    """The frames that the command makes of a preset's file, (H, W, 3) levels each."""
    ganvas.walk(published.folder, tmp_path / "walk", preset=preset, fps=FPS, scale=1, progress=False)
    return [np.asarray(Image.open(each)).astype(int) for each in sorted((tmp_path / "walk").glob("*.png"))]


def recorded(page, tmp_path):
    """Those that the page saves of one loop."""
    page.locator("#record-fps").fill(str(FPS))
    page.locator("#record-scale").fill("1")
    page.locator("#record-as").select_option("png")
    with zipfile.ZipFile(downloaded(page, "#record-loop", tmp_path / "loop.zip")) as stored:
        return [np.asarray(Image.open(stored.open(name)).convert("RGB")).astype(int) for name in stored.namelist()]


def test_presets_of_another_model_and_damaged_ones_are_refused_in_a_sentence(opened, address, preset, tmp_path):
    page = opened(f"{address}#seed=2")
    for given, said in (
        (preset.model_copy(update={"model": "b" * 64}), "is of another model, bbbbbbbbbbbb"),
        (preset.to_json()[:-20], "it is no JSON"),
        (json.dumps({**json.loads(preset.to_json()), "keyframes": [{"point": "seed=1&99=1"}]}), "99 of its point"),
    ):
        imported(page, given, tmp_path)
        page.locator("#preset-note", has_text=said).wait_for()
    assert page.locator("#keyframes li").count() == 0
    page.evaluate("location.hash = '#seed=3&preset=AAAA'")
    page.locator("#status", has_text="no preset").wait_for()


def test_a_loop_is_that_of_the_command_frame_by_frame(opened, address, published, preset, tmp_path):
    page = opened(f"{address}#seed=2", accept_downloads=True)
    imported(page, preset, tmp_path)
    page.locator("#keyframes li").nth(2).wait_for()
    saved = downloaded(page, "#preset-export", tmp_path / "exported.json")
    again = read_preset(saved, [preset.model])
    assert (again.name, again.keyframes[0].seconds, again.points) == ("Dusk", 0.5, preset.points)

    walked, frames = walked_by(published, saved, tmp_path), recorded(page, tmp_path)
    assert len(frames) == len(walked) == 2 * FPS
    assert max(np.abs(one - other).max() for one, other in zip(frames, walked, strict=True)) <= 2

    page.locator("#record-scale").fill("4")
    page.locator("#record-as").select_option("webm")
    film = downloaded(page, "#record-loop", tmp_path / "loop.webm")
    with av.open(film) as container:
        assert container.streams.video[0].average_rate == FPS
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
    assert len(shown) == len(walked)
    small = [each.reshape(24, 4, 32, 4, 3).mean((1, 3)) for each in shown]
    assert max(np.abs(one - other).mean() for one, other in zip(small, walked, strict=True)) <= 4


@pytest.mark.parametrize("are_keyframes_left", [True, False])
def test_a_noise_loop_is_that_of_the_command_which_is_told_of_its_file_alone(
    are_keyframes_left, opened, address, published, preset, tmp_path
):
    page = opened(f"{address}#seed=2&1=1.5", accept_downloads=True)
    played = {"kind": "noise", "radius": 0.8, "seconds": 2, "tempo": 120, "seed": "5", "columns": 2, "rows": 1}
    imported(page, preset.model_copy(update={"page": played}), tmp_path)
    page.locator("#keyframes li").nth(2).wait_for()
    if not are_keyframes_left:  # it plays around the picture of the page
        page.locator("#keyframes-clear").click()
        page.locator("#keyframes-none").wait_for()
    saved = downloaded(page, "#preset-export", tmp_path / "exported.json")
    walked, frames = walked_by(published, saved, tmp_path), recorded(page, tmp_path)
    assert len(frames) == len(walked) == FPS  # a second at a tempo of 120
    for frame, other in zip(frames, walked, strict=True):
        beside = np.concatenate([other[1:25, 1:33], other[1:25, 34:66]], axis=1)  # without the paper between
        assert np.abs(frame - beside).max() <= 2
    assert np.abs(frames[0] - frames[FPS // 2]).mean() > 1


STAND_IN = """async (act) => {
  const { Performance } = await import(document.querySelector('link[href^="perform.js"]').href);
  const { jsonAsset } = await import(document.querySelector('link[href^="assets.js"]').href);
  const description = await jsonAsset("model.json");
  const asked = [];
  const generator = {
    description,
    latent: ({ seed }) => new Float32Array(description.z_dim).fill(Number(seed)),
    drawLatents: async ([z]) => (asked.push([...z]), [new ImageData(description.width, description.height)]),
  };
  const nothing = () => {};
  const parts = { say: nothing, hush: nothing, opened: nothing, show: nothing, fail: console.error };
  const state = { seed: 2n, z: null, mixes: [], fine: null, truncation: 1, label: null, steps: new Map() };
  parts.state = () => state;
  const performance = new Performance(generator, parts);
  const target = (name) => performance.targets.find((each) => each.name === name);
  const drawn = async (count = 2) => {
    const { length } = asked;
    while (asked.length < length + count) await new Promise((done) => setTimeout(done, 10));
    return asked.slice(length);
  };
"""  # a performance of a model whose latents are its seeds, and what it asks to be drawn


def test_hands_move_the_motion_by_the_units_of_the_sliders(opened, address):
    moved = opened(f"{address}#seed=2").evaluate(
        STAND_IN
        + """
          let ticks = 0;
          performance.onTick = () => (ticks += 1);
          target("radius").set(0);
          target("play").fire();
          const still = (await drawn()).at(-1);
          target("direction:2").set(99);
          target("truncation").set(0.5);
          const after = (await drawn()).at(-1);
          target("truncation").set(1);
          target("direction:2").set(0);
          target("mix").set(1);
          target("seed").set(5);
          const mixed = (await drawn()).at(-1);
          const { vector } = description.published.directions[1];
          return { still, after, mixed, vector, ticks, seed: target("seed").get() };
        }"""
    )
    size = len(moved["still"])
    np.testing.assert_allclose(moved["still"], np.full(size, 2), atol=1e-6)
    np.testing.assert_allclose(moved["after"], 1 + 4 * np.array(moved["vector"]), atol=1e-5)
    np.testing.assert_allclose(moved["mixed"], latents([5], size)[0], atol=1e-5)
    assert moved["seed"] == 5
    assert moved["ticks"] >= 2


def test_a_film_is_of_the_picture_that_the_page_shows_by_then(opened, address):
    films = opened(f"{address}#seed=2").evaluate(
        STAND_IN
        + """
          const film = async () => {
            const told = { told: nothing, isOver: () => false };
            for await (const _ of performance.frames(1, { width: 1, height: 1 }, told)) return asked.at(-1)[0];
          };
          target("radius").set(0);
          const first = await film();
          state.seed = 7n;
          return [first, await film()];
        }"""
    )
    np.testing.assert_allclose(films, [2, 7], atol=1e-6)


def test_keyframes_are_triggered_and_presets_morph(opened, address):
    seen = opened(f"{address}#seed=2").evaluate(
        STAND_IN
        + """
          const keyframes = [3, 4, 5].map((seed) => ({ point: `seed=${seed}`, seconds: 600, ease: "hold" }));
          performance.change({ kind: "tour", keyframes });
          target("play").fire();
          const at = async () => (await drawn()).at(-1)[0];
          const found = [await at()];
          for (const name of ["keyframe:next", "keyframe:next", "keyframe:next", "keyframe:3"]) {
            target(name).fire();
            found.push(await at());
          }
          const goal = { point: "seed=9", seconds: 1, ease: "hold" };
          performance.morphTo({ ...performance.settings, keyframes: [goal] }, 0.3);
          const way = (await drawn(40)).map(([first]) => first);
          return { found, way };
        }"""
    )
    np.testing.assert_allclose(seen["found"], [3, 4, 5, 3, 5], atol=1e-5)
    assert np.all(np.diff(seen["way"]) >= -1e-4)
    assert len(set(np.round(seen["way"], 2))) > 3
    assert seen["way"][-1] == pytest.approx(9, abs=1e-4)
