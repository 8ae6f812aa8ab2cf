/** A studio's server with made data, for working on the page: `npm run mock`, then the address that it prints.
 *
 * It serves the built page too, under the policy of the real one, and any path prefix given as GANVAS_MOCK_PREFIX.
 * GANVAS_MOCK_RUNS=200: so many runs. GET /mock/trouble?kind=dies|vanishes|gone: what may go wrong.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { KNOWN, routes as pictureRoutes } from "./pictures.mjs";
import * as world from "./world.mjs";

const PORT = Number(process.env.PORT ?? 7871), PREFIX = process.env.GANVAS_MOCK_PREFIX ?? "";
const STATIC = process.env.GANVAS_MOCK_STATIC ?? fileURLToPath(new URL("../../src/ganvas/studio/static/", import.meta.url));
const KINDS = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; media-src 'self' blob:; font-src 'self'; frame-src 'self'; worker-src 'self'; base-uri 'none'; frame-ancestors 'none'";
const NEVER = Symbol("no answer of its own");

const streams = new Set(); // {response, name: of the run that is watched, or null}
const jobs = new Map();
const send = (response, event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
const tell = (event, data, name = null) => { for (const stream of streams) if (name === null || stream.name === name) send(stream.response, event, data); };
const tellRun = (run) => tell("run", world.summary(run));
const refuse = (status, detail, field = null) => Object.assign(new Error(detail), { status, field });

function startJob(kind, subject, result, seconds = 1.5) {
  const job = { id: `job-${jobs.size + 1}`, kind, subject, state: "working", done: 0, total: 10, text: "", result: null, problem: null };
  jobs.set(job.id, job);
  const timer = setInterval(() => {
    job.done += 1;
    if (job.done >= 10) { clearInterval(timer); Object.assign(job, { state: "done", result }); }
    tell("job", job);
  }, seconds * 100);
  return job;
}

function found(name) {
  const run = world.find(name);
  if (!run) throw refuse(404, `There is no run named ${name}; its folder may have been moved or deleted.`);
  return run;
}

function latest(run, at) {
  if (at === "last" || at === "best" || !at) return run.images;
  return Number(at);
}

function seedsOf(text) {
  const [from, to = from] = text.split("-").map(Number);
  return Array.from({ length: Math.min(to - from + 1, 64) }, (_, index) => from + index);
}

const change = (run, state) => { run.state = state; tellRun(run); return world.summary(run); };

/** [method, pattern, answer]: {json} values are answered as JSON, buffers as PNG. */
const ROUTES = [
  ["GET", /^api\/home$/, () => ({ version: "0.1.0", home: "/home/me/ganvas", free_bytes: 81e9, battery: { on_battery: true, share: 0.62 }, cores: 8, device: "cpu", recipes: ["swift", "quick", "dcgan"], limits: { upload_bytes: 2e9, upload_files: 20_000, pixels: 2e8 }, known: KNOWN, extras: { video: true, export: true } })],
  ["GET", /^api\/runs$/, () => world.all().map(world.summary)],
  ["POST", /^api\/runs$/, (_, { body }) => { const run = world.addRun(body); tellRun(run); tell("queue", world.queue); return world.summary(run); }],
  ["GET", /^api\/runs\/([^/]+)$/, ([name]) => world.detail(found(name))],
  ["DELETE", /^api\/runs\/([^/]+)$/, ([name]) => { found(name); world.drop(name); tell("gone", { name }); return null; }],
  ["PATCH", /^api\/runs\/([^/]+)$/, ([name], { body }) => {
    if (world.find(body.name)) throw refuse(409, `There is a run named ${body.name} already; choose another name.`, "name");
    const run = found(name); world.rename(run, body.name); tell("gone", { name }); tellRun(run); return world.summary(run);
  }],
  ["POST", /^api\/runs\/([^/]+)\/pause$/, ([name]) => { const run = found(name); setTimeout(() => change(run, "paused"), 1200); return change(run, "pausing"); }],
  ["POST", /^api\/runs\/([^/]+)\/resume$/, ([name], { body }) => { const run = found(name); run.until = body.images ?? (body.seconds ? Math.round(body.seconds * run.rate) : run.until ?? run.images * 2); run.moving = true; return change(run, "training"); }],
  ["POST", /^api\/runs\/([^/]+)\/stop$/, ([name]) => change(found(name), "finished")],
  ["POST", /^api\/runs\/([^/]+)\/first$/, ([name]) => { world.queue.splice(world.queue.indexOf(name), 1); world.queue.unshift(name); tell("queue", world.queue); return null; }],
  ["GET", /^api\/queue$/, () => world.queue],
  ["PUT", /^api\/queue$/, (_, { body }) => { world.queue.splice(0, world.queue.length, ...body); tell("queue", world.queue); return world.queue; }],
  ["DELETE", /^api\/queue\/([^/]+)$/, ([name]) => { world.queue.splice(world.queue.indexOf(name), 1); world.drop(name); tell("queue", world.queue); tell("gone", { name }); return null; }],
  ["GET", /^api\/runs\/([^/]+)\/moments\/(\d+)\.png$/, ([name, images]) => world.momentSheet(found(name), Number(images))],
  ["GET", /^api\/runs\/([^/]+)\/files\/samples\/originals\.png$/, ([name]) => world.momentSheet({ ...found(name), tau: 1, trouble: 0 }, 1e6)],
  ["GET", /^api\/runs\/([^/]+)\/draw$/, ([name], { query }) => { const run = found(name); return world.seedSheet(run, seedsOf(query.get("seeds")), latest(run, query.get("at"))); }],
  ["POST", /^api\/runs\/([^/]+)\/explore$/, ([name]) => { found(name); return startJob("explore", name, { url: "explore/page/" }); }],
  ["POST", /^api\/runs\/([^/]+)\/score$/, ([name]) => { const run = found(name); run.scored = true; return startJob("score", name, world.card(run), 5); }],
  ["GET", /^api\/runs\/([^/]+)\/score$/, ([name]) => { const run = found(name); if (!run.scored) throw refuse(404, `There is no score card of ${name}.`); return world.card(run); }],
  ["GET", /^api\/runs\/([^/]+)\/scores\/pairs\.png$/, ([name]) => world.seedSheet(found(name), [1, 1, 2, 2, 3, 3, 4, 4], 1e6, 8)],
  ["POST", /^api\/runs\/([^/]+)\/walk$/, ([name]) => startJob("walk", name, { file: `api/runs/${encodeURIComponent(name)}/walks/walk-1.webp` }, 4)],
  ["GET", /^api\/runs\/([^/]+)\/walks$/, () => []],
  ["GET", /^api\/runs\/([^/]+)\/walks\/walk-1\.webp$/, ([name]) => world.seedSheet(found(name), [7], 1e6)],
  ["GET", /^explore\/page\/$/, (_, { response }) => {
    response.writeHead(200, { "Content-Type": KINDS[".html"] });
    response.end("<!doctype html><title>Explore</title><body style='font:2rem system-ui;padding:2rem'>The published page</body>");
    return NEVER;
  }],
  ["GET", /^api\/compare$/, (_, { query }) => {
    const runs = query.get("runs").split(",").filter(Boolean).map((name) => ({ ...world.detail(found(name)), card: found(name).scored ? world.card(found(name)) : null }));
    const paths = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))];
    const settings = paths.map((path) => ({ path, values: runs.map((run) => run.settings[path] ?? null) }));
    return { settings: settings.filter(({ values }) => new Set(values.map(String)).size > 1), runs };
  }],
  ["GET", /^api\/jobs$/, () => [...jobs.values()]],
  ["DELETE", /^api\/jobs\/([^/]+)$/, () => null],
  ...pictureRoutes({ startJob, tell, refuse }),
  ["GET", /^api\/events$/, (_, asked) => stream(asked, asked.query.get("run"))],
  ["GET", /^mock\/trouble$/, (_, { query }) => {
    const run = found("faces 64");
    if (query.get("kind") === "dies") { run.problem = "The process ended: out of memory."; change(run, "failed"); }
    if (query.get("kind") === "vanishes") { world.drop(run.name); tell("gone", { name: run.name }); }
    if (query.get("kind") === "gone") setTimeout(goAway, 200);
    return null;
  }],
];

function stream({ request, response }, name) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const one = { response, name };
  streams.add(one);
  request.on("close", () => streams.delete(one));
  send(response, "snapshot", { runs: world.all().map(world.summary), queue: world.queue, jobs: [...jobs.values()] });
  return NEVER;
}

// What trains goes on, as it would.
setInterval(() => {
  for (const run of world.all()) {
    if (run.state !== "training" || !run.moving) continue;
    const before = world.moments(run.images).length;
    run.images += 160;
    tell("numbers", world.line(run, run.images), run.name);
    const now = world.moments(run.images);
    for (const moment of now.slice(before)) tell("moment", moment, run.name);
    if (run.until && run.images >= run.until) run.state = "finished";
    tellRun(run);
  }
}, 1200);

function goAway() {
  server.close();
  server.closeAllConnections();
  setTimeout(() => server.listen(PORT, "127.0.0.1"), 6000);
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const whole = Buffer.concat(parts);
  if (!(request.headers["content-type"] ?? "application/json").startsWith("application/json")) return whole;
  try { return whole.length ? JSON.parse(whole) : {}; } catch { return whole; }
}

async function file(response, path) {
  const name = path && !path.includes("..") && extname(path) ? path : "index.html";
  const content = await readFile(STATIC + name).catch(() => null);
  response.writeHead(content ? 200 : 404, { "Content-Type": KINDS[extname(name)] ?? "application/octet-stream", "Content-Security-Policy": POLICY, "Cache-Control": "no-cache" });
  response.end(content ?? "");
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://mock");
  const path = url.pathname.slice(PREFIX.length + 1);
  try {
    for (const [method, pattern, answer] of ROUTES) {
      const match = method === request.method && pattern.exec(path);
      if (!match) continue;
      const body = method === "GET" ? null : await bodyOf(request);
      const said = await answer(match.slice(1).map(decodeURIComponent), { query: url.searchParams, body, request, response });
      if (said === NEVER) return;
      response.writeHead(200, { "Content-Type": Buffer.isBuffer(said) ? "image/png" : "application/json", "Cache-Control": Buffer.isBuffer(said) ? "max-age=3600" : "no-store" });
      response.end(Buffer.isBuffer(said) ? said : JSON.stringify(said));
      return;
    }
    if (path.startsWith("api/")) throw refuse(404, `The mock knows nothing of ${request.method} ${path}.`);
    await file(response, path);
  } catch (error) {
    response.writeHead(error.status ?? 500, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ detail: error.message, field: error.field ?? null }));
    if (!error.status) console.error(error);
  }
});
server.listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}${PREFIX}/`));
