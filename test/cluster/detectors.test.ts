/**
 * This file proves that the clients of the cluster tests notice what they are there for: each is set on a server that
 * breaks one promise.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { Contender, wrongHolds } from "./contenders.ts";
import { Counter } from "./counters.ts";
import { until } from "./until.ts";

type Answer = { readonly status: number; readonly etag?: string; readonly body: unknown };
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers what `answer` says. */
async function serve(answer: (request: IncomingMessage, body: string) => Answer): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { status, etag, body: reply } = answer(request, body);
    response.writeHead(status, etag === undefined ? {} : { etag });
    response.end(JSON.stringify(reply));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

/** A key with compare-and-set; it acknowledges the writes of `lost` without keeping them. */
function createKey(lost: ReadonlySet<number>) {
  let kept = { value: 0, etag: "" };
  return (request: IncomingMessage, body: string): Answer => {
    if (request.method === "GET") {
      return kept.etag === "" ? { status: 404, body: {} } : { status: 200, etag: kept.etag, body: kept };
    }
    if ((request.headers["if-match"] ?? "") !== kept.etag) return { status: 412, body: {} };
    const written = { value: Number(body), etag: `"${body}"` };
    if (!lost.has(written.value)) kept = written;
    return { status: 200, etag: written.etag, body: { modRevision: written.value } };
  };
}

test("a counter finds nothing wrong with a store that keeps everything", async () => {
  const counter = new Counter([await serve(createKey(new Set()))], 0);
  const stop = new AbortController();
  const run = counter.run(stop.signal);
  await until("it has counted", 5000, () => (counter.value >= 20 ? true : undefined));
  stop.abort();
  await run;
  expect(counter.violations).toEqual([]);
});

test("a counter notices an acknowledged write that was lost", async () => {
  const counter = new Counter([await serve(createKey(new Set([7])))], 0);
  const stop = new AbortController();
  const run = counter.run(stop.signal);
  const violation = await until("it noticed", 5000, () => counter.violations[1]);
  stop.abort();
  await run;
  expect(violation).toBe("/v1/config/counters/0: 7 was acknowledged, 8 tried, and 6 is there");
});

test("a contender does not enter when its lease has ended by the time it heard of it", async () => {
  let fence = 0;
  const url = await serve((request) => {
    if (request.url?.includes("/acquire")) fence += 1;
    const ended = request.url?.includes("/keepalive") && fence % 2 === 0;
    return { status: ended ? 404 : 200, body: { fence, leaseId: `l${fence}` } };
  });
  const contender = new Contender({ urls: [url], index: 0, lock: "job", ttlMs: 1000 });
  const stop = new AbortController();
  const run = contender.run(stop.signal);
  await until("it entered a few times", 5000, () => (contender.holds.length >= 3 ? true : undefined));
  stop.abort();
  await run;
  expect(contender.holds.slice(0, 3).map((hold) => hold.fence)).toEqual([1, 3, 5]);
  expect(contender.violations).toEqual([]);
});

const first = { owner: "a", fence: 5, enteredAtMs: 10, leftAtMs: 20 };
const orders = [
  { name: "a hold that begins after the one before ended, with a larger fence, is right", next: { fence: 6, at: 21 }, wrong: 0 },
  { name: "two holders at one time are wrong", next: { fence: 6, at: 19 }, wrong: 1 },
  { name: "a fence that repeats is wrong", next: { fence: 5, at: 21 }, wrong: 1 },
  { name: "a fence that falls is wrong", next: { fence: 4, at: 21 }, wrong: 1 },
];
for (const { name, next, wrong } of orders) {
  test(name, () => {
    const second = { owner: "b", fence: next.fence, enteredAtMs: next.at, leftAtMs: next.at + 1 };
    expect(wrongHolds([second, first])).toHaveLength(wrong);
  });
}
