"""Bindings, sounds and messages of the page, without a page: closed forms and known signals."""

import json
import math
import subprocess

import pytest
from test_page_numbers import NODE, PAGE

MODULES = "bindings.js", "sound.js", "inputs.js", "messages.js"
BEFORE = """
import { readFileSync } from "node:fs";
import { Bindings, MOST_BINDINGS, isSource } from "./bindings.js";
import { OnsetDetector, bands, loudness } from "./sound.js";
import { fromMidi, keySource } from "./inputs.js";
import { fromMessage } from "./messages.js";

/** Bindings of a slider from -4 to 4, a seed and a trigger, and what they were set to. */
function stage() {
  const set = [];
  const fired = [];
  const targets = [
    { name: "direction:1", label: "One", least: -4, most: 4, get: () => set.at(-1) ?? 0, set: (to) => set.push(to) },
    { name: "keyframe:next", label: "Next", fire: () => fired.push(1) },
  ];
  return { bindings: new Bindings(() => targets), set, fired };
}

function said(act) {
  try {
    act();
    return null;
  } catch (error) {
    return error.message;
  }
}

/** Decibels of a spectrum as AnalyserNode has them: Blackman window, no smoothing. Source: Web Audio API, W3C 2021. */
function spectrumOf(samples, end, size = 2048) {
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let at = 0; at < size; at += 1) {
    const turn = (2 * Math.PI * at) / size;
    real[at] = (samples[end - size + at] ?? 0) * (0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
  }
  for (let at = 1, to = 0; at < size; at += 1) {
    let bit = size >> 1;
    for (; to & bit; bit >>= 1) to ^= bit;
    to ^= bit;
    if (at < to) [real[at], real[to]] = [real[to], real[at]];
  }
  for (let half = 1; half < size; half *= 2) {
    for (let at = 0; at < size; at += 2 * half) {
      for (let step = 0; step < half; step += 1) {
        const [cosine, sine] = [Math.cos((Math.PI * step) / half), -Math.sin((Math.PI * step) / half)];
        const [one, other] = [at + step, at + step + half];
        const x = real[other] * cosine - imaginary[other] * sine;
        const y = real[other] * sine + imaginary[other] * cosine;
        [real[other], imaginary[other]] = [real[one] - x, imaginary[one] - y];
        [real[one], imaginary[one]] = [real[one] + x, imaginary[one] + y];
      }
    }
  }
  const magnitude = (at) => Math.hypot(real[at], imaginary[at]) / size;
  return Float32Array.from({ length: size / 2 }, (_, at) => 20 * Math.log10(magnitude(at)));
}

function tone(hertz, amplitude = 0.25, count = 2048, rate = 48000) {
  return Float32Array.from({ length: count }, (_, at) => amplitude * Math.sin((2 * Math.PI * hertz * at) / rate));
}

/** Seconds of the onsets that are found in samples that are looked at `frames` times a second. */
function onsetsOf(samples, frames, rate = 48000) {
  const detector = new OnsetDetector();
  const found = [];
  const first = Math.ceil((2048 / rate) * frames); // where a whole spectrum has been heard
  for (let frame = first; frame < (samples.length / rate) * frames; frame += 1) {
    const now = frame / frames;
    if (detector.heard(spectrumOf(samples, Math.round(now * rate)), 1000 * now)) found.push(now);
  }
  return found;
}

/** Pseudo-random numbers in [-1, 1). */
function noise(count, amplitude) {
  let word = 1;
  return Float32Array.from({ length: count }, () => {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    return amplitude * (word / 2 ** 31 - 1);
  });
}
"""


@pytest.fixture(scope="module")
def in_node(tmp_path_factory):
    """A function: the body of a function in JavaScript -> what it returns."""
    folder = tmp_path_factory.mktemp("control")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    for name in MODULES:
        (folder / name).write_bytes((PAGE / name).read_bytes())

    def value_of(body):
        script = f"{BEFORE}\nconsole.log(JSON.stringify((() => {{ {body} }})()));\n"
        (folder / "main.js").write_text(script, encoding="utf-8")
        done = subprocess.run([NODE, "--expose-gc", "main.js"], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return value_of


@pytest.mark.parametrize("frames_per_second", [30, 144])
def test_smoothing_is_a_first_order_step_response_at_any_frame_rate(in_node, frames_per_second):
    found = in_node(
        f"""
        const {{ bindings, set }} = stage();
        bindings.add({{ target: "direction:1", source: "midi:1:cc:7", low: 0, high: 2, smoothing: 0.4 }});
        bindings.tick(1000);
        bindings.feed("midi:1:cc:7", 1);
        for (let frame = 1; frame <= {frames_per_second}; frame += 1) {{
          bindings.tick(1000 + (1000 * frame) / {frames_per_second});
        }}
        return set.at(-1);
        """
    )
    assert found == pytest.approx(2 * (1 - math.exp(-1 / 0.4)), abs=1e-9)


def test_a_binding_maps_its_source_onto_its_range_and_rests_when_it_is_there(in_node):
    found = in_node(
        """
        const { bindings, set } = stage();
        bindings.add({ target: "direction:1", source: "key:a", low: 3, high: -90 });
        for (const [now, value] of [[0, 0], [16, 0.5], [32, 1], [48, 1], [64, 1]]) {
          bindings.feed("key:a", value);
          bindings.tick(now);
        }
        bindings.feed("key:a", NaN);
        bindings.feed("key:a", 2);
        bindings.tick(80);
        return set;
        """
    )
    assert found == [3, -4, -4]  # never outside of what the target has


def test_a_smoothed_target_comes_to_rest(in_node):
    found = in_node(
        """
        const { bindings, set } = stage();
        bindings.add({ target: "direction:1", source: "key:a", smoothing: 0.1 });
        bindings.feed("key:a", 1);
        for (let frame = 0; frame < 600; frame += 1) bindings.tick(16 * frame);
        return [set.length, set.at(-1)];
        """
    )
    assert found[0] < 100
    assert found[1] == 4


def test_triggers_fire_on_each_rise_through_a_half_and_notes_however_softly(in_node):
    found = in_node(
        """
        const { bindings, fired } = stage();
        bindings.add({ target: "keyframe:next", source: "sound:onset" });
        const fed = (value) => (bindings.feed("sound:onset", value), fired.length);
        const counts = [0.4, 0.5, 0.6, 1, 0.5, 0.51].map(fed);
        bindings.add({ target: "keyframe:next", source: "midi:1:note:60" });
        bindings.feed("midi:1:note:60", 3 / 127);
        bindings.feed("midi:1:note:60", 0);
        bindings.feed("midi:1:note:60", 0.02);
        bindings.tick(0);
        return [...counts, fired.length];
        """
    )
    assert found == [0, 0, 1, 1, 1, 2, 4]


def test_learning_takes_what_moves_and_not_what_trembles_or_moves_by_itself(in_node):
    found = in_node(
        """
        const learnt = [];
        const { bindings } = stage();
        bindings.bound = (binding) => learnt.push(binding.source);
        bindings.learn("direction:1");
        for (const value of [0, 1]) bindings.feed("sound:loudness", value);
        for (const value of [0, 1]) bindings.feed("pointer:x", value);
        for (const value of [0.5, 0.52, 0.49, 0.55]) bindings.feed("pad:0:axis:1", value);
        for (const value of [0.7, 0.8, 0.85]) bindings.feed("midi:3:cc:21", value);
        for (const value of [1, 0]) bindings.feed("key:b", value);
        bindings.learn("keyframe:next");
        bindings.feed("key:b", 1);
        return [learnt, bindings.list];
        """
    )
    assert found[0] == ["midi:3:cc:21", "key:b"]
    assert found[1][0] == {"target": "direction:1", "source": "midi:3:cc:21", "low": -4, "high": 4, "smoothing": 0}


GOOD = {"target": "direction:1", "source": "midi:1:cc:7", "low": -1.5, "high": 2, "smoothing": 0.25}
WRONG = [
    None,
    [],
    {"version": 2, "bindings": []},
    {"version": 1, "bindings": {}},
    {"version": 1, "bindings": [GOOD] * 257},
    *(
        {"version": 1, "bindings": [GOOD, {**GOOD, **change}]}
        for change in (
            {"target": "__proto__"},
            {"target": 3},
            {"target": "x" * 1000},
            {"source": "midi:17:cc:1"},
            {"source": "midi:1:cc:128"},
            {"source": "key:"},
            {"source": "message:with a space"},
            {"low": None},
            {"high": "3"},
            {"high": 1e300},
            {"smoothing": -1},
            {"smoothing": 11},
            {"smoothing": "1"},
        )
    ),
    {"version": 1, "bindings": [None]},
]


def test_bindings_of_a_file_are_taken_whole_or_not_at_all(in_node):
    kept, refusals, after = in_node(
        f"""
        const {{ bindings }} = stage();
        bindings.fromJSON({json.dumps({"version": 1, "bindings": [GOOD]})});
        const kept = JSON.parse(JSON.stringify(bindings));
        const refusals = {json.dumps(WRONG)}.map((each) => said(() => bindings.fromJSON(each)));
        return [kept, refusals, JSON.parse(JSON.stringify(bindings))];
        """
    )
    assert kept == after == {"version": 1, "bindings": [GOOD]}
    assert all(isinstance(refusal, str) and "\n" not in refusal and len(refusal) < 200 for refusal in refusals)


def test_an_hour_of_playing_needs_no_more_memory_than_a_minute(in_node):
    """216,000 frames with every kind of source; the heap is looked at after each tenth of them."""
    heaps = in_node(
        """
        const { bindings, set, fired } = stage();
        for (const source of ["key:a", "midi:1:cc:7", "pad:0:axis:1", "sound:low", "pointer:x", "message:/knob"]) {
          bindings.add({ target: "direction:1", source, smoothing: 0.1 });
        }
        bindings.add({ target: "keyframe:next", source: "sound:onset" });
        const detector = new OnsetDetector(8);
        const spectrum = new Float32Array(8);
        const heaps = [];
        for (let frame = 1; frame <= 216000; frame += 1) {
          spectrum.fill(frame % 30 ? -90 : -20);
          const value = (frame % 100) / 100;
          for (const { source } of bindings.list) bindings.feed(source, value);
          bindings.feed(`message:${frame}`, value);
          bindings.feed("sound:onset", Number(detector.heard(spectrum, frame * 16.7)));
          bindings.tick(frame * 16.7);
          set.length = fired.length = 0;
          if (frame % 21600 === 0) {
            gc();
            heaps.push(process.memoryUsage().heapUsed);
          }
        }
        return heaps;
        """
    )
    assert heaps[-1] - heaps[0] < 200_000


@pytest.mark.parametrize(("hertz", "band"), [(40, "low"), (180, "low"), (400, "mid"), (2000, "mid"), (5000, "high")])
@pytest.mark.parametrize("rate", [44100, 48000])
def test_a_tone_is_as_loud_in_its_band_as_it_is_and_silent_elsewhere(in_node, hertz, band, rate):
    levels, whole = in_node(
        f"""
        const samples = tone({hertz}, 0.25, 2048, {rate});
        return [bands(spectrumOf(samples, 2048), {rate}, 2048), loudness(tone({hertz}, 0.25, {rate}, {rate}))];
        """
    )
    expected = (20 * math.log10(0.25 / math.sqrt(2)) + 60) / 54
    assert whole == pytest.approx(expected, abs=0.01)
    assert levels.pop(band) == pytest.approx(expected, abs=0.06)
    assert max(levels.values()) < expected - 0.3


def test_silence_is_nothing_and_begins_nothing(in_node):
    found = in_node(
        """
        const none = new Float32Array(2048);
        const levels = Object.values(bands(spectrumOf(none, 2048), 48000, 2048));
        return [loudness(none), ...levels, onsetsOf(new Float32Array(48000), 60), onsetsOf(noise(96000, 0.001), 60)];
        """
    )
    assert found == [0, 0, 0, 0, [], []]


@pytest.mark.parametrize("frames_per_second", [45, 60, 144])
@pytest.mark.parametrize("background", [0, 0.02])
def test_the_clicks_of_a_track_are_found_within_50_ms_and_nothing_else(in_node, frames_per_second, background):
    """Clicks of 5 ms, 120 a minute and once three in a row, over noise or silence."""
    clicks = [0.5, 1.0, 1.5, 2.0, 2.15, 2.3, 3.0]
    found = in_node(
        f"""
        const samples = noise(48000 * 3.5, {background});
        for (const start of {clicks}) {{
          for (let at = 0; at < 240; at += 1) {{
            samples[Math.round(start * 48000) + at] += 0.5 * Math.sin(at * 0.26) * (1 - at / 240);
          }}
        }}
        return onsetsOf(samples, {frames_per_second});
        """
    )
    assert len(found) == len(clicks)
    assert all(0 <= at - click <= 0.05 for at, click in zip(found, clicks, strict=True))


def test_a_tone_that_goes_on_begins_once(in_node):
    found = in_node("const s = new Float32Array(96000); s.set(tone(440, 0.3, 72000), 24000); return onsetsOf(s, 60);")
    assert len(found) == 1
    assert 0.5 <= found[0] <= 0.55


def test_there_is_an_end_to_bindings(in_node):
    found = in_node(
        """
        const { bindings } = stage();
        for (let at = 0; at < MOST_BINDINGS; at += 1) bindings.add({ target: "direction:1", source: "key:a" });
        const refusals = [said(() => bindings.learn("direction:1")), said(() => bindings.add(bindings.list[0]))];
        return [...refusals, bindings.list.length];
        """
    )
    assert found == ["there are 256 bindings; remove one first"] * 2 + [256]


def test_midi_messages_are_sources(in_node):
    messages = [
        [0x90, 60, 127],
        [0x9F, 60, 0],
        [0x80, 60, 64],
        [0xB2, 7, 127],
        [0xE0, 127, 127],
        [0xE0, 0, 0],
        [0xF8],
        [0xC0, 5],
    ]
    assert in_node(f"return {messages}.map((data) => fromMidi(data));") == [
        {"source": "midi:1:note:60", "value": 1},
        {"source": "midi:16:note:60", "value": 0},
        {"source": "midi:1:note:60", "value": 0},
        {"source": "midi:3:cc:7", "value": 1},
        {"source": "midi:1:bend", "value": 1},
        {"source": "midi:1:bend", "value": 0},
        None,
        None,
    ]


def test_messages_are_checked(in_node):
    good = ['{"name": "/knob", "value": 0.5}', {"name": "x", "value": 0}, {"name": "x", "value": 1, "more": 1}]
    wrong = [None, 3, "", "{", "x" * 2000, [], {}, {"name": "x"}, {"name": "", "value": 1}, {"name": "x", "value": "1"}]
    wrong += [{"name": "a b", "value": 1}, {"name": "x" * 65, "value": 1}, {"name": "x", "value": 1.01}]
    found = in_node(f"return [{json.dumps(good)}.map(fromMessage), {json.dumps(wrong)}.map(fromMessage)];")
    assert found[0][0] == {"source": "message:/knob", "value": 0.5}
    assert None not in found[0]
    assert found[1] == [None] * len(wrong)
