"""Keys, MIDI, a gamepad, a microphone, a file, the pointer and other pages move what is played: in a real browser.

What is played is a stand-in: two sliders and a trigger, which note when they were set.
"""

import json
import socket
import statistics
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from pages import hosted
from test_page_numbers import PAGE

from ganvas.publishing import site
from ganvas.serving.api import create_app
from ganvas.serving.control import Control, osc_socket
from ganvas.serving.engine import Engine
from ganvas.serving.middleware import Limits
from ganvas.serving.server import LOOPBACK
from served import running

OWN = "memory.js", "view.js", "bindings.js", "sound.js", "inputs.js", "messages.js", "control.js", "style.css"
RATE = 48_000
CLICKS_PER_SECOND = 2
MAIN = """
import { mountControl } from "./control.js";

globalThis.notes = [];
const values = { "direction:1": 0, mix: 0 };
const slider = (name, label, least, most) => ({
  name, label, least, most,
  get: () => values[name],
  set: (value) => {
    values[name] = value;
    notes.push({ name, value, at: performance.now() });
  },
});
const stage = {
  extras: {}, // what presets keep
  targets: [
    slider("direction:1", "Direction 1", -4, 4),
    slider("mix", "Mix", 0, 1),
    { name: "keyframe:next", label: "Next keyframe", fire: () => notes.push({ name: "next", at: performance.now() }) },
  ],
};
const say = (words) => (document.getElementById("status").textContent = words);
mountControl(stage, document.getElementById("control"), say);
Object.assign(globalThis, { stage, times: [] });
const turn = (now) => {
  const begun = performance.now();
  stage.onTick?.(now);
  times.push(performance.now() - begun);
  requestAnimationFrame(turn);
};
requestAnimationFrame(turn);
addEventListener("keydown", ({ timeStamp }) => (globalThis.pressedAt = timeStamp), { capture: true });
"""
POLICY = "; ".join(f"{name} {value}" for name, value in site._POLICY.items())
INDEX = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Played</title>
<link rel="icon" href="data:,">
<meta http-equiv="Content-Security-Policy" content="{POLICY}"><link rel="stylesheet" href="style.css"></head>
<body><p id="status"></p><label>Words <input id="words"></label><div id="control"></div>
<script type="module" src="main.js"></script></body></html>"""
FILES = {"index.html": INDEX.encode(), "main.js": MAIN.encode(), **{name: (PAGE / name).read_bytes() for name in OWN}}
MOCKS = """
const asked = (globalThis.asked = []);
const input = (globalThis.midiInput = { name: "A keyboard" });
navigator.requestMIDIAccess = async (options) => (asked.push("midi"), { inputs: new Map([["1", input]]), options });
globalThis.pad = null;
navigator.getGamepads = () => [globalThis.pad, null, null, null];
const { mediaDevices } = navigator;
const getUserMedia = mediaDevices?.getUserMedia.bind(mediaDevices);
if (mediaDevices) mediaDevices.getUserMedia = (wanted) => (asked.push("microphone"), getUserMedia(wanted));
"""


def clicks(path, seconds):
    """A file with two clicks a second, of 5 ms each."""
    samples = np.zeros(seconds * RATE)
    click = np.sin(np.arange(240) * 0.26) * (1 - np.arange(240) / 240)
    for start in range(RATE // 4, len(samples) - RATE // 4, RATE // CLICKS_PER_SECOND):
        samples[start : start + 240] = 0.8 * click
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return clicks(tmp_path_factory.mktemp("sounds") / "clicks.wav", 10)


@pytest.fixture(scope="module")
def browser(launched, sounds):
    """One with a microphone that hears the clicks."""
    fakes = "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"
    browser = launched("--disable-gpu", *fakes, f"--use-file-for-fake-audio-capture={sounds}")
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("played")
    for name, stored in FILES.items():
        (folder / name).write_bytes(stored)
    with hosted(folder) as address:
        yield address


@pytest.fixture
def opened(browser):
    """A function: an address, and what is done before its scripts -> the page. What it complains of fails the test."""
    complaints, contexts = [], []

    def open_page(address, before=MOCKS):
        contexts.append(browser.new_context(viewport={"width": 800, "height": 600}))
        page = contexts[-1].new_page()
        page.add_init_script(before)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.locator("#control button").first.wait_for()
        return page

    yield open_page
    heard = list(complaints)
    for context in contexts:
        context.close()
    assert heard == []


def learn(page, target):
    page.get_by_label("What is moved").select_option(label=target)
    page.get_by_role("button", name="Learn").click()


def choose(page, target, source):
    page.get_by_label("What is moved").select_option(label=target)
    page.get_by_label("What moves it").select_option(label=source)


def becomes(page, name, value):
    """Wait until a target was last set to a value."""
    condition = "([name, value]) => Math.abs(notes.findLast((note) => note.name === name)?.value - value) < 1e-3"
    page.wait_for_function(condition, arg=[name, value], timeout=5000)


def test_a_key_is_learnt_and_moves_its_target_at_once(opened, address):
    page = opened(address)
    learn(page, "Direction 1")
    page.keyboard.press("k")
    page.get_by_text("Direction 1 ← key:k").wait_for()
    waits = []
    for _ in range(20):
        page.keyboard.down("k")
        becomes(page, "direction:1", 4)
        waits.append(page.evaluate("notes.at(-1).at - pressedAt"))
        page.keyboard.up("k")
        becomes(page, "direction:1", -4)
    assert statistics.median(waits) < 40  # which leaves 20 of the 60 ms to draw
    page.get_by_label("Words").fill("")
    page.get_by_label("Words").press("k")
    assert page.get_by_label("Words").input_value() == "k"  # whoever types plays nothing


def test_bindings_stay_and_can_be_changed_and_removed(opened, address):
    page = opened(address)
    learn(page, "Next keyframe")
    page.keyboard.press(" ")
    choose(page, "Mix", "pointer: left to right")
    page.get_by_label("Mix: to").fill("0.5")
    page.get_by_label("Mix: to").press("Enter")
    page.get_by_label("Mix: smoothing, s").fill("-3")
    page.get_by_label("Mix: smoothing, s").press("Enter")
    assert "smoothing of mix" in page.locator("#status").inner_text()
    page.reload()
    page.get_by_text("Next keyframe ← key:space").wait_for()
    page.mouse.move(800, 10)
    page.mouse.move(400, 10)
    becomes(page, "mix", 0.25)
    page.keyboard.press(" ")
    page.wait_for_function("() => notes.some(({ name }) => name === 'next')")
    page.get_by_role("button", name="Remove Mix").click()
    assert page.locator("#control li").count() == 1


def test_midi_is_asked_for_when_it_is_used_and_is_learnt_by_moving(opened, address):
    page = opened(address)
    assert page.evaluate("asked") == []
    page.get_by_role("button", name="Use MIDI").click()
    page.get_by_text("MIDI: A keyboard").wait_for()
    assert page.evaluate("asked") == ["midi"]
    learn(page, "Direction 1")
    page.evaluate("for (const at of [3, 9, 40]) midiInput.onmidimessage({ data: new Uint8Array([0xb0, 7, at]) })")
    page.get_by_text("Direction 1 ← midi:1:cc:7").wait_for()
    page.evaluate("midiInput.onmidimessage({ data: new Uint8Array([0xb0, 7, 127]) })")
    becomes(page, "direction:1", 4)
    learn(page, "Next keyframe")
    page.evaluate("for (const at of [5, 0, 2]) midiInput.onmidimessage({ data: new Uint8Array([0x90, 60, at]) })")
    page.get_by_text("Next keyframe ← midi:1:note:60").wait_for()
    assert page.evaluate("notes.filter(({ name }) => name === 'next').length") == 2  # what is learnt acts at once


def test_a_gamepad_is_learnt_by_moving(opened, address):
    page = opened(address)
    page.evaluate("globalThis.pad = { connected: true, index: 0, axes: [0, 0.01], buttons: [{ value: 0 }] }")
    learn(page, "Mix")
    page.wait_for_timeout(100)
    page.evaluate("pad.axes = [0, 0.5]")
    page.get_by_text("Mix ← pad:0:axis:1").wait_for()
    page.evaluate("pad.axes = [0, -0.5]")
    becomes(page, "mix", 0.25)


def test_other_pages_of_this_host_move_it_and_those_of_others_do_not(opened, address):
    page = opened(address)
    learn(page, "Mix")
    other = page.context.new_page()
    other.goto(f"{address}style.css")
    send = "value => new BroadcastChannel('ganvas').postMessage({ name: 'knob', value })"
    for value in (0.2, 0.6):
        other.evaluate(send, value)
    page.get_by_text("Mix ← message:knob").wait_for()
    other.evaluate(send, 0.75)
    becomes(page, "mix", 0.75)
    page.evaluate("postMessage({ name: 'knob', value: 0.5 }, location.origin)")
    becomes(page, "mix", 0.5)
    page.evaluate(
        """{
        const data = { name: "knob", value: 1 };
        for (const origin of ["null", "", "https://evil.example"]) {
          dispatchEvent(new MessageEvent("message", { origin, data }));
        }
        const wrong = [{ name: "knob", value: 7 }, { name: "knob" }, "{", null];
        for (const each of wrong) postMessage(each, location.origin);
        }"""
    )
    page.wait_for_timeout(200)
    becomes(page, "mix", 0.5)


def test_the_clicks_that_the_microphone_hears_are_onsets(opened, address):
    page = opened(address)
    choose(page, "Next keyframe", "sound: onsets")
    choose(page, "Mix", "sound: high")
    page.get_by_role("button", name="Use the microphone").click()
    page.get_by_text("Microphone: listening.").wait_for()
    assert page.evaluate("asked") == ["microphone"]
    page.wait_for_function("() => notes.filter(({ name }) => name === 'next').length >= 7", timeout=15_000)
    heard = np.array(page.evaluate("notes.filter(({ name }) => name === 'next').map(({ at }) => at / 1000)"))[1:]
    steps = np.diff(heard) * CLICKS_PER_SECOND
    assert (
        np.abs(steps - np.round(steps)).max() / CLICKS_PER_SECOND < 0.05 + 0.02
    )  # seconds; found within 50 ms, a frame
    assert (np.round(steps) == 1).mean() > 0.7  # where its file begins anew, the fake device leaves a gap
    assert page.evaluate("Math.max(...notes.filter(({ name }) => name === 'mix').map(({ value }) => value))") > 0.05
    page.get_by_role("button", name="Stop listening").click()
    page.wait_for_timeout(1500)  # what is smoothed comes to rest
    count = page.evaluate("notes.length")
    page.wait_for_timeout(300)
    assert page.evaluate("notes.length") == count
    page.get_by_text("Microphone: off.").wait_for()


def test_a_sound_file_is_analysed_while_it_plays(opened, address, sounds, tmp_path):
    page = opened(address)
    choose(page, "Next keyframe", "sound: onsets")
    for _ in range(2):  # a second file takes the place of the first
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose a sound file").click()
        chooser.value.set_files(sounds)
        page.get_by_text(f"Sound file: {sounds.name}").wait_for()
    page.wait_for_function("() => notes.filter(({ name }) => name === 'next').length >= 5", timeout=15_000)
    assert page.evaluate("times.sort((a, b) => a - b).at(times.length / 2)") < 3  # ms of the 16 that a frame has
    (tmp_path / "words.wav").write_text("no sound", encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a sound file").click()
    chooser.value.set_files(tmp_path / "words.wav")
    page.get_by_text("Sound file: words.wav is no sound that this browser can play").wait_for()


MISSING = """
for (const name of ["requestMIDIAccess", "mediaDevices", "getGamepads"]) {
  Object.defineProperty(Navigator.prototype, name, { value: undefined });
}
delete globalThis.AudioContext;
delete globalThis.BroadcastChannel;
"""


def test_what_a_browser_lacks_is_said_in_its_place_and_the_rest_works(opened, address):
    page = opened(address, MISSING)
    for words in ("MIDI: this browser has no", "Microphone: this browser gives none", "Gamepad: this browser has none"):
        assert page.get_by_text(words).is_visible()
    assert page.get_by_text("Sound file: this browser analyses no sound").is_visible()
    assert page.get_by_role("button", name="Use MIDI").is_disabled()
    learn(page, "Mix")
    page.keyboard.press("m")
    page.get_by_text("Mix ← key:m").wait_for()


def test_what_is_refused_is_said_in_its_place(opened, address):
    refuse = "async () => { throw new DOMException('no', 'NotAllowedError'); }"
    page = opened(address, f"navigator.requestMIDIAccess = navigator.mediaDevices.getUserMedia = {refuse};")
    for name, device in (("Use MIDI", "MIDI"), ("Use the microphone", "Microphone")):
        page.get_by_role("button", name=name).click()
        page.get_by_text(f"{device}: it was refused").wait_for()


def test_bindings_go_through_a_file(opened, address, tmp_path):
    page = opened(address)
    choose(page, "Mix", "pointer: bottom to top")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the bindings").click()
    stored = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert stored["bindings"] == [{"target": "mix", "source": "pointer:y", "low": 0, "high": 1, "smoothing": 0}]
    stored["bindings"][0]["source"] = "pad:3:button:9"
    for name, text in (("good.json", json.dumps(stored)), ("wrong.json", '{"version": 1, "bindings": [7]}')):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Open bindings").click()
        chooser.value.set_files(tmp_path / name)
    page.get_by_text("is nothing that can be moved").wait_for()
    page.get_by_text("Mix ← pad:3:button:9").wait_for()
    assert page.evaluate("stage.extras.bindings.get()") == stored  # so that presets keep them
    page.evaluate("stage.extras.bindings.set({ version: 1, bindings: [] })")
    assert page.locator("#control li").count() == 0


def test_osc_moves_a_page_that_was_opened_by_its_address(opened, browser, published):
    control = Control(osc_socket(0), LOOPBACK)
    engines = {"things": Engine(published.folder, threads=1)}
    app = create_app(engines, Limits(hosts=LOOPBACK), {"things": lambda: FILES}, control=control)
    packet = b"/knob\0\0\0,f\0\0"
    with running(app, with_control=True) as (host, port), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        page = opened(f"http://{host}:{port}/#control={control.token}")
        page.get_by_text("OSC: connected.").wait_for()
        learn(page, "Mix")
        for value in (0.1, 0.9):
            sender.sendto(packet + struct.pack(">f", value), ("127.0.0.1", control.port))
        page.get_by_text("Mix ← message:/knob").wait_for()
        sender.sendto(packet + struct.pack(">f", 0.3), ("127.0.0.1", control.port))
        becomes(page, "mix", 0.3)
        page.evaluate("location.hash = '#seed=1'")
        page.reload()
        page.get_by_text("OSC: connected.").wait_for()
        page.goto("about:blank")
        late = browser.new_page()  # whose token is that of a server that was here before
        late.add_init_script("sessionStorage.setItem('ganvas:control', '0'.repeat(32))")
        late.goto(f"http://{host}:{port}/")
        late.get_by_text("OSC: not connected.").wait_for()
        assert late.evaluate("sessionStorage.length") == 0
        late.close()
