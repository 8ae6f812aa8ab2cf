import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer, type Server } from "node:http";
import { address, BASE, get, path, post, Problem, remove } from "./client";

/** What the server answers with, by path. */
const ANSWERS: Record<string, [number, string]> = {
  "/api/good": [200, '{"is": "good"}'],
  "/api/field": [422, '{"detail": "expected a size above 0", "field": "size"}'],
  "/api/proxy": [502, "<h1>Bad gateway</h1>"],
  "/api/nothing": [204, ""],
};
let server: Server;

beforeAll(async () => {
  server = createServer(({ url = "" }, response) => {
    const [status, body] = ANSWERS[url] ?? [404, '{"detail": "There is none.", "field": null}'];
    response.writeHead(status, { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "*", "Access-Control-Allow-Headers": "*", "Access-Control-Allow-Credentials": "true" });
    response.end(body);
  });
  await new Promise<void>((ready) => server.listen(Number(BASE.port), ready));
});
afterAll(() => void server.close());

test("paths carry any name, and queries leave out what is not set", () => {
  expect(path(["api", "runs", "a/b c"], { at: 64, label: null, seeds: undefined })).toBe("api/runs/a%2Fb%20c?at=64");
});

test("an address of the server is below the page's own, however the server wrote it", () => {
  expect(address("api/x")).toBe(`${BASE.href}api/x`);
  expect(address("/api/x")).toBe(`${BASE.href}api/x`);
});

test("an answer is its JSON, and none is null", async () => {
  expect(await get("api/good")).toEqual({ is: "good" });
  expect(await remove("api/nothing")).toBeNull();
});

test("a refusal is the server's sentence, with its status and the field that is wrong", async () => {
  const problem = (await post("api/field").catch((error: unknown) => error)) as Problem;
  expect(problem).toBeInstanceOf(Problem);
  expect([problem.message, problem.status, problem.field]).toEqual(["expected a size above 0", 422, "size"]);
});

test("what is no JSON, as of a proxy, becomes a sentence too", async () => {
  const problem = (await get("api/proxy").catch((error: unknown) => error)) as Problem;
  expect([problem.message, problem.status]).toEqual(["The studio answered with status 502.", 502]);
});

test("a server that is gone is said in a sentence", async () => {
  const gone = new URL("http://127.0.0.1:1/");
  const problem = (await get(gone.href).catch((error: unknown) => error)) as Problem;
  expect(problem.message).toBe("The studio does not answer.");
});
