/**
 * This file proves how chunks of snapshots travel: what arrives, what is refused, and what a lost or hostile peer can do.
 */
import { type ClientRequest, createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { toNodeId, toTerm } from "../../src/raft/types.ts";
import { type ChunkAnswer, type ChunkHeader, chunkHeaders, parseAnswer, snapshotPath } from "../../src/transport/chunk.ts";
import type { OnSnapshotChunk } from "../../src/transport/chunk-route.ts";
import { streamPath } from "../../src/transport/handshake.ts";
import { challengePath } from "../../src/transport/peer-call.ts";
import { challengeHeaders, proveAnswer } from "../../src/transport/proof.ts";
import { openRecorded, type Recorded, testAccess, until } from "./http-harness.ts";
import { type Closable, muteServer, provenHeaders, rawAnswer, rawHeaders, rawRequest } from "./raw-peer.ts";

const [n1, n2] = [toNodeId("n1"), toNodeId("n2")];
const opened: Recorded[] = [];
const closables: Closable[] = [];
const chunkName: ChunkHeader = { transferId: "t-1", term: toTerm(7), sequence: 3 };
const next = (sequence: number): ChunkAnswer => ({ kind: "next", sequence, complete: false });

type Taken = ChunkHeader & { readonly from: string; readonly chunk: Uint8Array };

async function open(...parameters: Parameters<typeof openRecorded>): Promise<Recorded> {
  const recorded = await openRecorded(...parameters);
  opened.push(recorded);
  return recorded;
}

/** A node that remembers the chunks it is sent, and answers each as `onChunk` says. */
async function openReceiver(onChunk: OnSnapshotChunk = async (_from, header) => next(header.sequence + 1)) {
  const taken: Taken[] = [];
  const onSnapshotChunk: OnSnapshotChunk = (from, header, chunk) => {
    taken.push({ ...header, from, chunk: Uint8Array.from(chunk) });
    return onChunk(from, header, chunk);
  };
  return { ...(await open("n2", { onSnapshotChunk })), taken };
}

async function openSender(peerUrl: string, options: Parameters<typeof openRecorded>[1] = {}): Promise<Recorded> {
  const sender = await open("n1", options);
  sender.transport.setPeers(new Map([[n2, { peerUrl, apiUrl: "" }]]));
  return sender;
}

/** An HTTP server that answers every chunk with `body`. */
async function answering(
  body: string,
  headers: Record<string, string> = rawAnswer("n2"),
  onCall: (call: IncomingMessage) => void = () => undefined,
): Promise<string> {
  const server = createServer((call, response) => {
    call.resume();
    onCall(call);
    const proven = () => proveAnswer(testAccess, { status: 200, headers, body }, String(call.headers["keyhold-nonce"]));
    if (call.url === snapshotPath) call.on("end", () => response.writeHead(200, proven()).end(body));
    else if (call.url === challengePath) response.writeHead(200, challengeHeaders("any")).end();
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closables.push({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Posts by hand; `body` is written as it is. `answer` has status and body of the answer, or undefined when none came. */
async function post(url: string, bare: Record<string, string>, body?: Uint8Array) {
  const headers = await provenHeaders(url, { method: "POST", path: snapshotPath, headers: bare });
  const call = request(new URL(snapshotPath, url), { method: "POST", agent: false, headers });
  const answer = new Promise<{ readonly status: number | undefined; readonly body: string } | undefined>((resolve) => {
    call.on("error", () => resolve(undefined));
    call.on("response", (response: IncomingMessage) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("error", () => resolve(undefined));
      response.on("end", () => resolve({ status: response.statusCode, body: text }));
    });
  });
  if (body === undefined) call.flushHeaders();
  else call.end(body);
  return Object.assign(call as ClientRequest, { answer });
}

afterEach(async () => {
  for (const closable of closables.splice(0)) closable.close();
  await Promise.all(opened.splice(0).map(({ transport }) => transport.close()));
});

describe("a chunk", () => {
  test("arrives whole, with its name and its sender, and the answer comes back", async () => {
    const b = await openReceiver(async () => ({ kind: "next", sequence: 4, complete: true }));
    const a = await openSender(b.address.peerUrl);
    const chunk = new Uint8Array(3_000_000).map((_, position) => position % 251);
    expect(await a.transport.sendChunk(n2, chunkName, chunk, 5000)).toEqual({ kind: "next", sequence: 4, complete: true });
    expect(b.taken).toHaveLength(1);
    expect(b.taken[0]).toMatchObject({ from: "n1", transferId: "t-1", term: 7, sequence: 3 });
    expect(Buffer.compare(b.taken[0]?.chunk ?? new Uint8Array(), chunk)).toBe(0);
  });

  test("that the receiver wants none of is answered with the reason", async () => {
    const b = await openReceiver(async () => ({ kind: "refused", reason: "of an old term" }));
    const a = await openSender(b.address.peerUrl);
    const answer = await a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 5000);
    expect(answer).toEqual({ kind: "refused", reason: "of an old term" });
  });

  test("goes over the same connection as the one before, which is not that of the messages", async () => {
    const connections: { readonly url: string; readonly port: number | undefined }[] = [];
    const url = await answering('{"kind":"next","sequence":1,"complete":false}', rawAnswer("n2"), (call) => {
      connections.push({ url: call.url ?? "", port: call.socket.remotePort });
    });
    const a = await openSender(url);
    await until(() => connections.length === 1);
    for (let sequence = 0; sequence < 5; sequence += 1) {
      await a.transport.sendChunk(n2, { ...chunkName, sequence }, new Uint8Array(1000), 5000);
    }
    const portsOf = (path: string) => new Set(connections.filter((seen) => seen.url === path).map(({ port }) => port));
    expect(portsOf(snapshotPath).size).toBe(1);
    expect(portsOf(snapshotPath)).not.toEqual(portsOf(streamPath));
  });

  test("to a node that takes no snapshots is refused", async () => {
    const b = await open("n2");
    const a = await openSender(b.address.peerUrl);
    const answer = await a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 5000);
    expect(answer).toEqual({ kind: "refused", reason: "this node takes no snapshots" });
  });
});

describe("a chunk is not delivered, and its sender is told why,", () => {
  const cases: readonly { name: string; serve: () => Promise<string>; timeoutMs?: number; reason: string | RegExp }[] = [
    {
      name: "to a foreign cluster",
      serve: async () => (await open("n2", { clusterId: "other" })).address.peerUrl,
      reason: "cluster_mismatch",
    },
    { name: "to another node", serve: async () => (await open("n3")).address.peerUrl, reason: "wrong_receiver" },
    {
      name: "without the secret",
      serve: async () => (await open("n2", { access: { kind: "secret", secret: "s".repeat(32) } })).address.peerUrl,
      reason: "unauthorized",
    },
    {
      name: "when a stranger answers",
      serve: () => answering('{"kind":"next","sequence":1,"complete":true}', {}),
      reason: "answered by cluster (none)",
    },
    { name: "when another node answers", serve: () => answering("{}", rawAnswer("n3")), reason: 'answered by node "n3"' },
    { name: "when the answer is no answer", serve: () => answering('{"kind":"next","sequence":-1}'), reason: "makes no sense" },
    {
      name: "when the answer does not end",
      serve: () => answering("x".repeat(100_000)),
      reason: /the answer is too long|the answer is longer than/,
    },
    {
      name: "when nobody answers in time",
      serve: async () => {
        const mute = await muteServer();
        closables.push(mute);
        return mute.url;
      },
      timeoutMs: 50,
      reason: "no answer within 50 ms",
    },
    { name: "when nobody listens", serve: async () => "http://127.0.0.1:1", reason: "ECONNREFUSED" },
    { name: "when the address is no URL", serve: async () => "not a url", reason: "Invalid URL" },
  ];
  for (const { name, serve, timeoutMs = 5000, reason } of cases) {
    test(name, async () => {
      const a = await openSender(await serve());
      await expect(a.transport.sendChunk(n2, chunkName, new Uint8Array(100), timeoutMs)).rejects.toThrow(reason);
    });
  }

  test("when the receiver cannot deal with it", async () => {
    const b = await openReceiver(() => Promise.reject(new Error("no space left")));
    const a = await openSender(b.address.peerUrl);
    await expect(a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 5000)).rejects.toThrow("no space left");
    expect(b.events).toContainEqual(expect.objectContaining({ kind: "callerRefused", status: 500, code: "chunk_failed" }));
  });

  test("when it is not among the peers", async () => {
    const a = await open("n1");
    await expect(a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 5000)).rejects.toThrow("n2 is not among the peers");
  });

  test("when the own transport closes", async () => {
    const mute = await muteServer();
    closables.push(mute);
    const a = await openSender(mute.url);
    const sent = a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 60_000);
    const refused = expect(sent).rejects.toThrow("the transport is closed");
    await a.transport.close();
    await refused;
    await expect(a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 5000)).rejects.toThrow();
  });

  test("when the receiver goes away in the middle", async () => {
    const b = await openReceiver(() => new Promise(() => undefined));
    const a = await openSender(b.address.peerUrl);
    const sent = a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 60_000);
    const refused = expect(sent).rejects.toThrow("chunk 3 was not delivered to n2");
    await until(() => b.taken.length === 1);
    await b.transport.close();
    await refused;
  });
});

describe("the chunk route", () => {
  const good = { ...rawHeaders("n1", "n2"), ...chunkHeaders(chunkName, new Uint8Array(4)) };
  const hostile: readonly { name: string; headers: Record<string, string | undefined>; status: number; code: string }[] = [
    { name: "without a transfer", headers: { "keyhold-transfer": undefined }, status: 400, code: "chunk_invalid" },
    { name: "with a transfer that is a path", headers: { "keyhold-transfer": "../../x" }, status: 400, code: "chunk_invalid" },
    { name: "with a long transfer", headers: { "keyhold-transfer": "t".repeat(65) }, status: 400, code: "chunk_invalid" },
    { name: "with a negative term", headers: { "keyhold-transfer-term": "-1" }, status: 400, code: "chunk_invalid" },
    {
      name: "with a term beyond 2^53",
      headers: { "keyhold-transfer-term": "9007199254740993" },
      status: 400,
      code: "chunk_invalid",
    },
    {
      name: "with a sequence in hexadecimal",
      headers: { "keyhold-transfer-sequence": "0x1" },
      status: 400,
      code: "chunk_invalid",
    },
    {
      name: "with a fraction of a sequence",
      headers: { "keyhold-transfer-sequence": "1.5" },
      status: 400,
      code: "chunk_invalid",
    },
    {
      name: "of unknown length",
      headers: { "content-length": undefined, "transfer-encoding": "chunked" },
      status: 411,
      code: "length_required",
    },
    { name: "that is too long", headers: { "content-length": "16777217" }, status: 413, code: "chunk_too_large" },
    { name: "of a foreign cluster", headers: { "keyhold-cluster": "other" }, status: 409, code: "cluster_mismatch" },
    { name: "in the receiver's own name", headers: { "keyhold-from": "n2" }, status: 400, code: "sender_invalid" },
  ];
  for (const { name, headers, status, code } of hostile) {
    test(`refuses a chunk ${name} with ${status} ${code}, without reading it`, async () => {
      const b = await openReceiver();
      const sent = Object.entries<string | undefined>({ ...good, ...headers }).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value] as const],
      );
      const call = await post(b.address.peerUrl, Object.fromEntries(sent));
      const answer = await call.answer;
      expect(answer?.status).toBe(status);
      expect(JSON.parse(answer?.body ?? "")).toMatchObject({ code });
      expect(b.taken).toEqual([]);
    });
  }

  test("answers a GET with 405", async () => {
    const b = await openReceiver();
    const call = { method: "GET", path: snapshotPath, headers: rawHeaders("n1", "n2") };
    const answer = await rawRequest(b.address.peerUrl, call);
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([405, { code: "method_not_allowed" }]);
  });

  test("gives up a chunk whose sender dies in the middle, and takes the next one", async () => {
    const b = await openReceiver();
    const half = await post(b.address.peerUrl, { ...good, "content-length": "1000" });
    half.write(new Uint8Array(500));
    await new Promise<void>((resolve) => half.once("socket", (socket) => socket.once("connect", () => resolve())));
    half.destroy();
    const a = await openSender(b.address.peerUrl);
    expect(await a.transport.sendChunk(n2, chunkName, new Uint8Array(4), 5000)).toEqual(next(4));
    expect(b.taken.map(({ chunk }) => chunk.byteLength)).toEqual([4]);
  });

  test("takes four chunks at a time and turns the fifth away", async () => {
    const answers: ((answer: ChunkAnswer) => void)[] = [];
    const b = await openReceiver(() => new Promise((resolve) => answers.push(resolve)));
    const calls = await Promise.all([0, 1, 2, 3].map(() => post(b.address.peerUrl, good, new Uint8Array(4))));
    await until(() => answers.length === 4);
    const fifth = await (await post(b.address.peerUrl, good, new Uint8Array(4))).answer;
    expect(fifth?.status).toBe(503);
    for (const answer of answers) answer(next(9));
    for (const call of calls) expect((await call.answer)?.body).toBe('{"kind":"next","sequence":9,"complete":false}');
    expect(b.taken).toHaveLength(4);
  });

  test("turns a large chunk away without reading it, and the sender's next one comes through", async () => {
    const answers: ((answer: ChunkAnswer) => void)[] = [];
    const b = await openReceiver(() => new Promise((resolve) => answers.push(resolve)));
    const calls = await Promise.all([0, 1, 2, 3].map(() => post(b.address.peerUrl, good, new Uint8Array(4))));
    await until(() => answers.length === 4);
    const a = await openSender(b.address.peerUrl);
    await expect(a.transport.sendChunk(n2, chunkName, new Uint8Array(8_000_000), 5000)).rejects.toThrow(
      "was not delivered to n2",
    );
    for (const answer of answers) answer(next(9));
    await Promise.all(calls.map((call) => call.answer));
    const sent = a.transport.sendChunk(n2, chunkName, new Uint8Array(1000), 5000);
    await until(() => answers.length === 5);
    answers[4]?.(next(4));
    expect(await sent).toEqual(next(4));
  });

  test("hands nothing over after close", async () => {
    const b = await openReceiver();
    const half = await post(b.address.peerUrl, { ...good, "content-length": "8" });
    half.write(new Uint8Array(4));
    await new Promise<void>((resolve) => half.once("socket", (socket) => socket.once("connect", () => resolve())));
    await b.transport.close();
    expect(await half.answer).toBe(undefined);
    expect(b.taken).toEqual([]);
  });
});

describe("the answer to a chunk", () => {
  const bodies: readonly { body: string; answer: ChunkAnswer | undefined }[] = [
    { body: '{"kind":"next","sequence":5,"complete":false}', answer: { kind: "next", sequence: 5, complete: false } },
    { body: '{"kind":"refused","reason":"no"}', answer: { kind: "refused", reason: "no" } },
    { body: '{"kind":"next","sequence":"5","complete":false}', answer: undefined },
    { body: '{"kind":"next","sequence":1e300,"complete":false}', answer: undefined },
    { body: '{"kind":"next","sequence":5}', answer: undefined },
    { body: '{"kind":"refused"}', answer: undefined },
    { body: '{"kind":"other"}', answer: undefined },
    { body: "null", answer: undefined },
    { body: "[]", answer: undefined },
    { body: "", answer: undefined },
  ];
  for (const { body, answer } of bodies) {
    test(`${body === "" ? "an empty body" : body} is ${answer === undefined ? "not " : ""}understood`, () => {
      expect(parseAnswer(body)).toEqual(answer);
    });
  }

  test("carries at most 500 characters of a reason", async () => {
    const b = await openReceiver(async () => ({ kind: "refused", reason: "r".repeat(10_000) }));
    const a = await openSender(b.address.peerUrl);
    const answer = await a.transport.sendChunk(n2, chunkName, new Uint8Array(10), 5000);
    expect(answer.kind === "refused" && answer.reason.length).toBe(500);
  });
});

// What n1 sends under its own name is told apart from what n2 sends.
test("two nodes can send each other chunks at the same time", async () => {
  const b = await openReceiver();
  const back: string[] = [];
  const a = await openSender(b.address.peerUrl, {
    onSnapshotChunk: async (from, header) => {
      back.push(from);
      return next(header.sequence + 10);
    },
  });
  b.transport.setPeers(new Map([[n1, a.address]]));
  const answers = await Promise.all([
    a.transport.sendChunk(n2, chunkName, new Uint8Array(100_000), 5000),
    b.transport.sendChunk(n1, chunkName, new Uint8Array(100_000), 5000),
  ]);
  expect(answers).toEqual([next(4), next(13)]);
  expect([b.taken.map(({ from }) => from), back]).toEqual([["n1"], ["n2"]]);
});
