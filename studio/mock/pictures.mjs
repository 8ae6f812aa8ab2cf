/** Made sets of pictures, the doctor's findings, forecasts, recipes, and places to publish. What is uploaded is kept in memory. */
import { face, randomFrom } from "./faces.mjs";
import { png, sheet } from "./png.mjs";

const NOW = () => Date.now() / 1000;
const EDITS = { left_out: [], classes: {}, windows: {}, fit: "crop", size: [64, 64], alpha: false, drop_near: null };
const sets = new Map();

function makeSet(name, kind, source, files, extra = {}) {
  const set = { name, kind, source, files, content: new Map(), edits: structuredClone(EDITS), changed: NOW() - 4000 * sets.size, ...extra };
  sets.set(name, set);
  return set;
}

const made = (count, { classes = [""], seed = 0 } = {}) => Array.from({ length: count }, (_, index) => {
  const random = randomFrom(index + seed), label = classes[index % classes.length];
  const [width, height] = [[640, 480], [512, 512], [480, 640], [1200, 700], [96, 96]][Math.floor(random() * 4.15)];
  return { file: `${label ? `${label}/` : ""}${String(index).padStart(4, "0")}.jpg`, class: label || null, width, height, bytes: 9_000 + Math.floor(random() * 90_000), seed: index + seed };
});
makeSet("portraits", "dropped", "files", made(412, { classes: ["smiling", "serious"], seed: 40 }));
makeSet("holiday", "folder", "/home/me/Pictures/holiday", made(5000, { seed: 900 }));
makeSet("cartoon faces", "known", "avatars", made(2000, { seed: 9000 }));
if (process.env.GANVAS_MOCK_EMPTY) sets.clear();

const isOut = (set, file) => set.edits.left_out.includes(file);
const classOf = (set, each) => set.edits.classes[each.file] ?? each.class ?? "";

function shown(set) {
  const used = set.files.filter(({ file }) => !isOut(set, file)), classes = {};
  for (const each of used) classes[classOf(set, each)] = (classes[classOf(set, each)] ?? 0) + 1;
  return {
    name: set.name, kind: set.kind, source: set.source, count: used.length, classes: Object.keys(classes).length > 1 ? classes : {},
    bytes: used.reduce((sum, { bytes }) => sum + bytes, 0), changed: set.changed, edits: set.edits, ready: used.length >= 8, problem: set.problem ?? null,
  };
}

/** A face on a ground of any shape. */
function drawn({ seed, width, height }, px) {
  const scale = px / Math.max(width, height), [w, h] = [width, height].map((side) => Math.max(8, Math.round(side * scale))), side = Math.min(w, h);
  const square = face(seed, side, 1, seed % 3), pixels = Buffer.alloc(3 * w * h), left = (w - side) >> 1, top = (h - side) >> 1;
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    const at = 3 * (Math.min(Math.max(y - top, 0), side - 1) * side + Math.min(Math.max(x - left, 0), side - 1));
    square.copy ? 0 : pixels.set(square.subarray(at, at + 3), 3 * (y * w + x));
  }
  return { w, h, pixels };
}

function thumbnail(set, file, px) {
  const each = set.files.find((one) => one.file === file);
  const content = set.content.get(file);
  if (content) return content;
  const { w, h, pixels } = drawn(each, Math.min(px, 400));
  return png(w, h, pixels);
}

function crop(set, file, size) {
  const each = set.files.find((one) => one.file === file);
  const [width, height] = size.includes("x") ? size.split("x").map(Number) : [Number(size), Number(size)];
  if (set.content.has(file)) return set.content.get(file);
  const whole = drawn(each, 480), [x, y, share] = set.edits.windows[file] ?? [null, null, 1];
  const scale = Math.min(whole.w / width, whole.h / height) * share, left = x === null ? (whole.w - scale * width) / 2 : x * whole.w, top = y === null ? (whole.h - scale * height) / 2 : y * whole.h;
  const pixels = Buffer.alloc(3 * width * height);
  for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) {
    const from = 3 * (Math.min(Math.floor(top + (row + 0.5) * scale), whole.h - 1) * whole.w + Math.min(Math.floor(left + (column + 0.5) * scale), whole.w - 1));
    whole.pixels.copy(pixels, 3 * (row * width + column), from, from + 3);
  }
  return png(width, height, pixels);
}

const LEAVE = { action: "leave out", values: {}, label_key: "mend.leave_out" };

function looked(set) {
  const files = set.files.map(({ file }) => file), at = (from, to) => files.slice(from, to), small = set.files.filter(({ width }) => width < 100).map(({ file }) => file);
  const near = Array.from({ length: Math.min(9, Math.floor(files.length / 12)) }, (_, index) => [files[6 * index + 2], files[6 * index]]);
  const findings = files.length < 60 ? [] : [
    { kind: "broken", text: "2 pictures cannot be used and are left out", files: ["IMG_2041.jpg", "scan.png"], pairs: [], mends: [], reasons: { "IMG_2041.jpg": "cut off: the file ends in the middle of the picture", "scan.png": "empty" } },
    { kind: "duplicate", text: "The same pictures under another name; the second of each is left out by itself.", files: [files[3], files[10], files[24]], pairs: [[files[3], files[1]], [files[10], files[8]], [files[24], files[20]]], mends: [LEAVE] },
    { kind: "near", text: "Saved twice at another quality, or taken a moment apart.", files: near.map(([file]) => file), pairs: near, mends: [{ action: "drop near", values: { drop_near: 0.98 }, label_key: "mend.drop_near" }, LEAVE] },
    { kind: "slim", text: "The crop leaves less than three quarters of them.", files: at(30, 77), pairs: [], mends: [{ action: "pad", values: { fit: "pad" }, label_key: "mend.pad" }, { action: "stretch", values: { fit: "stretch" }, label_key: "mend.stretch" }] },
    { kind: "small", text: "They are enlarged; at 48x48 most are not, and are learned sooner.", files: small, pairs: [], mends: [{ action: "size", values: { size: [48, 48] }, label_key: "mend.size" }, LEAVE] },
    { kind: "turned", text: "They lay on their side, and were turned as their camera says.", files: at(80, 91), pairs: [], mends: [] },
  ];
  const used = files.filter((file) => !isOut(set, file)).length;
  return { used: Math.max(used - (findings.length ? 5 : 0), 0), found: used + (findings.length ? 2 : 0), width: set.edits.size[0], height: set.edits.size[1], channels: 3, classes: shown(set).classes, findings: set.edits.fit === "crop" ? findings : findings.filter(({ kind }) => kind !== "slim"), sheet: `api/sets/${encodeURIComponent(set.name)}/sheet.png?fit=${set.edits.fit}`, key: "k" };
}

const setting = (path, kind, value, description, more = {}) => ({ path, kind, default: value, description, minimum: null, maximum: null, step: null, choices: null, unit: null, optional: false, ...more });
const SETTINGS = [
  setting("seed", "whole", 0, "of everything random", { minimum: 0, maximum: 4294967295 }),
  setting("pictures.levels", "text", "auto", "what becomes black and white in pictures of more than 8 bits: white as 4095, or black:white as 0:4095; auto: by the values of the whole set"),
  setting("pictures.mirror", "switch", false, "show every second picture mirrored left to right"),
  setting("network.architecture", "choice", "cascade", "a name in networks.ARCHITECTURES", { choices: ["cascade", "dcgan", "vaegan"] }),
  setting("network.width", "number", "planned", "multiplies the channels of every layer; planned: as much as the time allows", { minimum: 0, maximum: 4, choices: ["planned"] }),
  setting("network.z_dim", "whole", 64, "numbers in a latent", { minimum: 1, maximum: 4096 }),
  setting("objective.loss", "choice", "relativistic", "a name in objectives.LOSSES", { choices: ["bce", "hinge", "relativistic"] }),
  setting("objective.augment", "list", [], "names in objectives.AUGMENTS, for all pictures that the discriminator scores", { choices: ["color", "translation", "cutout", "tint"] }),
  setting("objective.r1_weight", "number", 0.3, "penalty on the discriminator's gradient at real pictures", { minimum: 0 }),
  setting("optimizer.generator_rate", "number", 0.001, "learning rate", { minimum: 0 }),
  setting("optimizer.discriminator_rate", "number", 0.001, "learning rate", { minimum: 0 }),
  setting("optimizer.beta1", "number", 0, "memory of the gradients' mean", { minimum: 0, maximum: 1 }),
  setting("optimizer.muon_momentum", "number", 0.5, "the generator's inner convolutions are updated by Muon with this memory of the gradients' mean", { minimum: 0, maximum: 1, optional: true }),
  setting("training.batch", "whole", 16, "pictures an update", { minimum: 1, maximum: 4096 }),
  setting("training.double_batch_at", "whole", 8000, "images shown from which on the batch is twice as large", { minimum: 0, optional: true, unit: "images" }),
  setting("measuring.share", "number", 0.035, "of the time that measuring may take; 0: none", { minimum: 0, maximum: 0.5 }),
  setting("recording.save_seconds", "number", 45, "between two saved states", { minimum: 0, unit: "s" }),
];
const RECIPES = [
  { name: "swift", about: "Principal components sharpened by a small network under a discriminator that has seen ImageNet", source: "", reached: "faces with eyes, mouths and hair from 1,030 photographs after 20,000 images", failings: "small things on a large plain ground stay blurred for long", how: [], is_default: true, settings: SETTINGS },
  { name: "dcgan", about: "The classic of 2015, as its paper has it", source: "", reached: "shapes and colours in an hour", failings: "collapses on small sets", how: [], is_default: false, settings: SETTINGS.filter(({ path }) => !path.includes("muon")) },
];

const TARGETS = [
  { name: "site", about: "a page", needs: [], options: [setting("webgpu", "switch", false, "draw on WebGPU where a browser has it"), setting("perform", "switch", false, "the page opens with its picture alone, which plays")] },
  { name: "server", about: "a server", needs: [], options: [] },
  { name: "lambda", about: "a cloud function", needs: [{ what: "pip, and packages that it fetches", there: true, how: "" }, { what: "the packages that export models", there: false, how: "pip install 'ganvas[export]'" }], options: [setting("architecture", "choice", "x86_64", "of the processor", { choices: ["x86_64", "arm64"] })] },
  { name: "docker", about: "a container", needs: [], options: [] },
  { name: "hub", about: "the Hub", needs: [], options: [setting("repository", "text", "", "push to this owner/name; only written unless given")] },
];
const COPIES = "None of 512 pictures is a copy of a training picture (at most 0.7% could be, at 95%).";
const published = [];
const words = (licence) => ({ title: "", about: "", licence, copying: false, copy_word: COPIES, findings: [COPIES] });
const publication = (run, target, { title = "", about = "", licence = "" }) => ({
  ...words(licence), title, about, name: `${run}-${target}`, run, target, folder: `/home/me/ganvas/published/${run}-${target}`,
  files: ["index.html", "app.js", "model.onnx.gz", "page.html"].map((file) => ({ file, bytes: 3_550_000 })), bytes: 14_200_000, changed: NOW() - 600,
  open: target === "site" ? "explore/page/" : null, addresses: [], zip: `api/published/${encodeURIComponent(`${run}-${target}`)}.zip`,
});
published.push(publication("faces first try", "site", { licence: "CC-BY-4.0" }));

export const KNOWN = [["avatars", 2000, 64, ""], ["digits", 5000, 28, "pip install 'ganvas[digits]'"], ["mnist", 60000, 28, ""]].map(([name, count, px, needs]) => ({ name, about: name, count, width: px, height: px, needs, here: name === "avatars" }));

function parts(buffer) {
  const text = buffer.toString("latin1"), boundary = text.slice(0, text.indexOf("\r\n"));
  return text.split(boundary).slice(1, -1).map((part) => {
    const head = part.indexOf("\r\n\r\n"), name = /filename="([^"]*)"/.exec(Buffer.from(part.slice(0, head), "latin1").toString())?.[1] ?? "file";
    return [name, Buffer.from(part.slice(head + 4, -2), "latin1")];
  });
}

/** [method, pattern, answer], as the server's own. */
export function routes({ startJob, tell, refuse }) {
  const found = (name) => {
    if (!sets.has(name)) throw refuse(404, `There is no set named ${name}.`);
    return sets.get(name);
  };
  const changed = (set) => { set.changed = NOW(); tell("set", shown(set)); return shown(set); };
  const list = [
    ["GET", /^api\/sets$/, () => [...sets.values()].map(shown)],
    ["POST", /^api\/sets$/, (_, { body: { name, source } }) => {
      if (source === "/nowhere") throw refuse(404, "There is no folder /nowhere; give one that is on this machine.", "source");
      let free = name ?? (source ?? "pictures").split("/").pop(), n = 2;
      while (sets.has(free)) free = `${name ?? "pictures"} ${n++}`;
      const isKnown = KNOWN.some((each) => each.name === source);
      return changed(makeSet(free, source ? (isKnown ? "known" : "folder") : "dropped", source ?? "files", source ? made(600, { seed: 70 }) : []));
    }],
    ["DELETE", /^api\/sets\/([^/]+)$/, ([name]) => { found(name); sets.delete(name); tell("set", { name, gone: true }); return null; }],
    ["PATCH", /^api\/sets\/([^/]+)$/, ([name], { body: { leave_out = [], put_back = [], classes = {}, windows = {}, ...others } }) => {
      const set = found(name), { edits } = set, back = new Set(put_back), merge = (old, now) => Object.fromEntries(Object.entries({ ...old, ...now }).filter(([, value]) => value !== null));
      set.edits = { ...edits, ...others, left_out: [...new Set([...edits.left_out, ...leave_out])].filter((file) => !back.has(file)), classes: merge(edits.classes, classes), windows: merge(edits.windows, windows) };
      return changed(set);
    }],
    ["GET", /^api\/sets\/([^/]+)\/files$/, ([name], { query }) => {
      const set = found(name), offset = Number(query.get("offset") ?? 0), limit = Number(query.get("limit") ?? 100);
      return set.files.slice(offset, offset + limit).map(({ seed, ...each }) => ({ ...each, class: classOf(set, each) || null, left_out: isOut(set, each.file), window: set.edits.windows[each.file] ?? null, thumbnail: `api/sets/${encodeURIComponent(name)}/thumbnail/${each.file.split("/").map(encodeURIComponent).join("/")}?px=160` }));
    }],
    ["POST", /^api\/sets\/([^/]+)\/files$/, ([name], { body, query, request }) => {
      const set = found(name), isForm = (request.headers["content-type"] ?? "").startsWith("multipart/"), left_out = [];
      let added = 0;
      for (const [file, content] of isForm ? parts(body) : [[query.get("path"), body]]) {
        if (content.length < 60) { left_out.push({ file, reason: content.length ? "text, not a picture" : "empty" }); continue; }
        const isMany = /\.(zip|mp4|webm|mov)$/i.test(file), label = file.includes("/") ? file.slice(0, file.indexOf("/")) : null;
        for (let at = 0; at < (isMany ? 24 : 1); at++) {
          const kept = isMany ? `${file.replace(/\.\w+$/, "")}/${String(at).padStart(4, "0")}.jpg` : file;
          if (set.files.some((each) => each.file === kept)) continue;
          set.files.push({ file: kept, class: label, width: 500, height: 400, bytes: content.length, seed: set.files.length });
          if (!isMany) set.content.set(kept, content);
          added += 1;
        }
      }
      return { added, left_out, left_out_count: left_out.length, set: changed(set) };
    }],
    ["GET", /^api\/sets\/([^/]+)\/thumbnail\/(.+)$/, ([name, file], { query }) => thumbnail(found(name), file, Number(query.get("px") ?? 160))],
    ["GET", /^api\/sets\/([^/]+)\/crop\/(.+)$/, ([name, file], { query }) => crop(found(name), file, query.get("size") ?? "64")],
    ["GET", /^api\/sets\/([^/]+)\/sheet.png$/, ([name]) => { const set = found(name); return sheet(set.files.slice(0, 48).map(({ seed }) => face(seed, 64, 1, seed % 3)), 64, 8); }],
    ["POST", /^api\/sets\/([^/]+)\/look$/, ([name]) => startJob("look", name, looked(found(name)), 0.8)],
    ["GET", /^api\/recipes$/, () => RECIPES],
    ["GET", /^api\/forecast$/, (_, { query }) => {
      const size = query.get("size"), seconds = Number(query.get("seconds") ?? 900), rate = 120 * (64 / parseInt(size)) ** 1.4, images = Math.round(Number(query.get("images") ?? seconds * rate));
      const example = (set) => ({ set, images: Math.min(images, 60_000), width: 202, height: 202, picture: `api/forecast/${set}.png?images=${Math.min(images, 60_000)}` });
      return { seconds, size: [parseInt(size), parseInt(size)], images, at: NOW() + images / rate, disk_bytes: 4e8 + parseInt(size) * 1e6, memory_bytes: 9e8 + parseInt(size) ** 2 * 4e4, kd_share: [0.22, 0.41], words_key: images < 8000 ? "forecast.begins" : "forecast.good", examples: [example("faces"), example("cars")], images_per_second: rate, measured_here: size === "64" };
    }],
    ["GET", /^api\/forecast\/(\w+)\.png$/, ([set], { query }) => sheet(Array.from({ length: 16 }, (_, seed) => face(seed, 48, 1 - Math.exp(-Number(query.get("images")) / 9000), set === "cars" ? 5 : 2)), 48, 4)],
    ["GET", /^api\/targets$/, () => TARGETS],
    ["GET", /^api\/published$/, () => published],
    ["GET", /^api\/published\/(.+)\.zip$/, () => Buffer.from("PK")],
    ["POST", /^api\/runs\/([^/]+)\/publish$/, ([name], { body }) => {
      const made = publication(name, body.target, body);
      published.push(made);
      return startJob("publish", name, made, 3);
    }],
    ["GET", /^api\/runs\/([^/]+)\/publishing$/, ([name]) => ({ ...words(""), copying: null, copy_word: null, findings: [], preview: null, published: published.filter(({ run }) => run === name) })],
  ];
  return list;
}
