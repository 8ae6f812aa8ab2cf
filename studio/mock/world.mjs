/** Made runs: what a studio's home folder might hold. One of them trains, so that the page has something to follow. */
import { face, randomFrom } from "./faces.mjs";
import { sheet } from "./png.mjs";

const NOW = () => Date.now() / 1000;
const STEP = 32, FLOOR = 0.0016, PCA = 0.142;

/** Moments that are drawn: four while the images double, on whole steps. */
export function moments(images) {
  const found = [0];
  for (let at = 64; at <= images; at *= 2 ** 0.25) {
    const whole = Math.round(at / STEP) * STEP;
    if (whole > found.at(-1)) found.push(whole);
  }
  return found.map((at, index) => ({ images: at, drawn: true, kept: index % 2 === 0 || at > images / 2 }));
}

const learned = (run, images) => Math.min(1, Math.max(0, 1 - Math.exp(-images / run.tau)) * (run.trouble && images > run.trouble ? 0.55 : 1));
const kdAt = (run, images) => FLOOR * 1.6 + (PCA * 1.3 - FLOOR * 1.6) * (1 - learned(run, images));

function make(name, index, extra) {
  const random = randomFrom(index + 1);
  const size = [64, 64, 96, 32, 128][index % 5];
  return {
    name, style: index % 7, state: "finished", source: "/home/me/pictures/faces", set: index % 3 ? "faces" : "cats", recipe: "swift", size,
    images: 12_800 + Math.floor(random() * 60) * 640, until: null, rate: 90 + random() * 160, tau: 4000 + random() * 9000,
    begun: NOW() - 3600 * (index + 1) * (1 + 3 * random()), by: index % 4 ? "studio" : "terminal", verdict: "improving", scored: index % 2 === 0, ...extra,
  };
}

const runs = new Map();
const add = (run) => runs.set(run.name, run);
add(make("faces 64", 0, { state: "training", size: 64, images: 9_600, until: 60_000, rate: 130, tau: 9000, begun: NOW() - 74, by: "studio", moving: true }));
add(make("faces 64, wider", 1, { state: "queued", images: 0, until: 60_000, verdict: null, begun: NOW() - 40 }));
add(make("cats at night", 3, { state: "queued", images: 0, until: 30_000, verdict: null, begun: NOW() - 35 }));
add(make("moths", 5, { state: "queued", images: 0, until: 30_000, verdict: null, begun: NOW() - 30 }));
add(make("faces first try", 2, { size: 64, images: 51_200, tau: 7000, made: ["faces first try-site"] }));
add(make("faces r1 10", 4, { size: 64, images: 38_400, trouble: 24_000, verdict: "divergence", tau: 6000 }));
add(make("sketches", 6, { size: 64, images: 25_600, state: "paused", verdict: "plateau", until: 60_000, tau: 4000 }));
add(make("tiny", 8, { size: 32, images: 3_200, state: "failed", verdict: "too early", problem: "The disk is full: 12 MB are free, and saving the state needs 80 MB." }));
add(make("photos of gran", 10, { size: 96, images: 64_000, verdict: "copying", by: "terminal" }));
const wanted = Number(process.env.GANVAS_MOCK_RUNS ?? 0);
for (let index = runs.size; index < wanted; index++) add(make(`run ${String(index).padStart(3, "0")}`, 11 + index, {}));

if (process.env.GANVAS_MOCK_EMPTY) runs.clear(); // a first visit

export const queue = ["faces 64, wider", "cats at night", "moths"].filter((name) => runs.has(name));
export const all = () => [...runs.values()];
export const find = (name) => runs.get(name);
export const drop = (name) => runs.delete(name);
export const rename = (run, name) => { runs.delete(run.name); run.name = name; runs.set(name, run); };
export const addRun = (asked) => {
  const run = make(asked.name ?? `run ${runs.size + 1}`, runs.size, { state: "queued", images: 0, verdict: null, begun: NOW(), until: asked.images ?? 30_000, start: asked.start ?? null, by: "studio" });
  add(run);
  queue.push(run.name);
  return run;
};

const VERDICTS = {
  "too early": ["fewer than two measures so far", "Keep going."],
  improving: ["KD went from 0.061 to 0.038 over the last four measures", "Keep going."],
  plateau: ["KD gained less than its error over the last 12,800 images", "Stop here, or train a larger network."],
  divergence: ["pictures got worse: KD 0.081 now, 0.032 after 22,400", "Lower optimizer.generator_rate and optimizer.discriminator_rate."],
  collapse: ["31% of pairs of its pictures cannot be told apart", "Set objective.augment=color,translation,cutout, or lower the learning rates."],
  copying: ["18% of its pictures are training pictures again", "Add pictures, or stop here and use an earlier moment (--at)."],
};
const OFFERS = {
  plateau: { action: "stop", label_key: "offer.stop.plateau", values: {} },
  divergence: { action: "fork", label_key: "offer.fork.divergence", values: { images: 22_400, settings: { "optimizer.generator_rate": 0.0005 } } },
  improving: { action: "extend", label_key: "offer.extend.improving", values: { seconds: 900 } },
  copying: { action: "look", label_key: "offer.look.copying", values: {} },
};

export function summary(run) {
  const drawn = moments(run.images).at(-1).images, best = run.trouble ? Math.min(run.trouble - 1600, run.images) : drawn;
  const [evidence, advice] = VERDICTS[run.verdict] ?? [];
  const active = ["training", "starting", "pausing"].includes(run.state);
  const measured = run.images >= 1600 && run.state !== "queued";
  return {
    name: run.name, state: run.state, source: run.source, set: run.set, recipe: run.recipe, width: run.size, height: run.size, channels: 3,
    classes: [], images: run.images, until_images: run.until, seconds: run.images / run.rate,
    seconds_left: active && run.until ? (run.until - run.images) / run.rate : null, images_per_second: active ? run.rate : null,
    verdict: run.verdict ? { kind: run.verdict, evidence, advice, images: drawn } : null,
    offer: run.state === "queued" ? null : (OFFERS[run.verdict] ?? null),
    kd: measured ? kdAt(run, best) : null, kd_error: measured ? 0.0011 : null, floor_kd: measured && run.scored ? FLOOR : null, pca_kd: measured ? PCA : null,
    best_images: measured ? best : null,
    preview: run.state === "queued" ? null : `api/runs/${encodeURIComponent(run.name)}/moments/${drawn}.png?v=${drawn}`,
    drawn: run.state === "queued" ? [] : moments(run.images).map((moment) => moment.images),
    begun: run.begun, changed: active ? NOW() : run.begun + run.images / run.rate, by: run.by, problem: run.problem ?? null, made: run.made ?? [],
    start: run.start ?? null,
  };
}

export function line(run, images) {
  const random = randomFrom(images + run.style * 31), noise = () => random() + random() + random() - 1.5;
  const share = learned(run, images), row = {
    images, seconds: images / run.rate, images_per_second: run.rate * (1 + 0.05 * noise()), generator_loss: 0.9 + 0.5 * share + 0.35 * noise(),
    discriminator_loss: 1.25 - 0.5 * share + 0.25 * noise(), real_score: 0.6 + 0.9 * share + 0.2 * noise(), fake_score: -0.4 - 0.9 * share + 0.2 * noise(),
  };
  if (images % 1600 === 0)
    Object.assign(row, {
      kernel_distance: Math.max(0.0005, kdAt(run, images) * (1 + 0.06 * noise())), kernel_distance_error: 0.0006 + 0.03 * kdAt(run, images), pca_distance: PCA,
      precision: 0.2 + 0.6 * share + 0.02 * noise(), recall: 0.05 + 0.45 * share + 0.02 * noise(), spread: 0.5 + 0.45 * share, same: 0.001, copied: 0.01 * share, copied_low: 0, copied_chance: 0.02,
    });
  return row;
}

export function detail(run) {
  const rows = [];
  for (let at = 160; at <= run.images; at += 160) rows.push(line(run, at));
  const names = new Set(rows.flatMap(Object.keys));
  const columns = Object.fromEntries([...names].map((name) => [name, rows.map((row) => row[name] ?? null)]));
  const events = [];
  const at = (images, event, text, fields = {}) => { if (images <= run.images) events.push({ images, seconds: images / run.rate, event, text, ...fields }); };
  at(3200, "verdict", `improving: ${VERDICTS.improving.join(". ")}`, { kind: "improving" });
  at(8000, "resumed", "resumed at 8,000 images");
  if (run.trouble) at(run.trouble + 3200, "rescued", `went back to the state after ${(run.trouble - 1600).toLocaleString("en")} images, with half the learning rates (1 of 2)`);
  if (run.verdict) at(run.images, "verdict", `${run.verdict}: ${VERDICTS[run.verdict].join(". ")}`, { kind: run.verdict });
  if (run.state === "finished") at(run.images, "ended", "finished");
  const quoted = run.name.includes(" ") ? `'runs/${run.name}'` : `runs/${run.name}`;
  return {
    ...summary(run), moments: run.state === "queued" ? [] : moments(run.images), columns, events,
    settings: {
      "network.architecture": "swift", "network.width": run.style === 4 ? 1.5 : 1, "optimizer.generator_rate": run.style === 4 ? 0.002 : 0.001,
      "optimizer.discriminator_rate": 0.001, "objective.loss": "hinge", "objective.augment": run.style % 2 ? "color,translation" : "", "training.seed": run.style,
      "recording.drawn_px": 480,
    },
    data: { used: 1187, found: 1203 }, bytes: 48_000_000 + 1000 * run.images, command: `ganvas train ${run.source} --size ${run.size} --time 10m --out ${quoted}`,
    film: run.state === "finished" ? `api/runs/${encodeURIComponent(run.name)}/files/film.mp4` : null, directions: null, report: `api/runs/${encodeURIComponent(run.name)}/files/index.html`,
  };
}

/** A made score card. */
export function card(run) {
  const scores = (kd, precision, recall) => ({ kernel_distance: { value: kd, low: kd * 0.9, high: kd * 1.1, error: kd * 0.05 }, frechet_distance: 900 * kd + 12, neighbourhoods: { precision, recall, density: precision, coverage: recall }, spread: 0.9, same: 0 });
  return {
    model: scores(kdAt(run, run.images), 0.78, 0.52), floor: scores(FLOOR, 0.97, 0.96), pca: scores(PCA, 0.21, 0.4), ceiling: scores(0.9, 0, 0),
    copies: { share: { value: 0.02, low: 0, high: 0.04 }, chance: { value: 0.01, low: 0, high: 0.03 } },
    findings: ["Good: KD lies far below the PCA baseline, and ten times above real pictures.", "Varied: recall 0.52 of 0.96.", "No copies beyond chance: 2% of its pictures, as 1% of held-out ones."],
    pairs: `api/runs/${encodeURIComponent(run.name)}/scores/pairs.png`, at: null, measured: NOW(),
  };
}

/** The same seeds at a moment, as Ganvas draws them: as many as fit into 480 pixels, from 3 to 8 a side. */
export function momentSheet(run, images) {
  const columns = Math.min(8, Math.max(3, Math.floor(480 / run.size)));
  return seedSheet(run, Array.from({ length: columns ** 2 }, (_, seed) => seed), images, columns);
}

const made = new Map();
export function seedSheet(run, seeds, images, columns = Math.ceil(Math.sqrt(seeds.length))) {
  const key = [run.style, run.size, seeds.join(), images, run.tau].join();
  if (made.size > 3000) made.clear();
  if (!made.has(key)) {
    const pictures = seeds.map((seed) => face(seed, run.size, learned(run, images), run.style));
    made.set(key, sheet(pictures, run.size, columns, Math.max(1, Math.floor(720 / (columns * run.size)))));
  }
  return made.get(key);
}
