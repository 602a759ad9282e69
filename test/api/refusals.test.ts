/**
 * This file tests what is refused below the routes, over bare sockets: each refusal is a problem with the right status, and is
 * counted and logged like any other answer.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answersSeen, recordRefusal } from "./contract-recorder.ts";
import { send, startApi, type TestApi } from "./harness.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ limits: { headersTimeoutMs: 700, bodyTimeoutMs: 1_500 } });
});
afterAll(async () => {
  await api.stop();
});

const host = () => `127.0.0.1:${api.api.port}`;
const headers = (count: number) => Array.from({ length: count }, (_, i) => `${(i % 36).toString(36)}:a\r\n`).join("");
const json = "Content-Type: application/json\r\n";

type Case = { readonly name: string; readonly bytes: () => string; readonly status: number; readonly code: string };

const refused: readonly Case[] = [
  {
    name: "1,900 headers",
    bytes: () => `GET /livez HTTP/1.1\r\nHost: ${host()}\r\n${headers(1_900)}\r\n`,
    status: 431,
    code: "header_too_large",
  },
  {
    name: "a head of 20 kB",
    bytes: () => `GET /livez HTTP/1.1\r\nHost: ${host()}\r\nX: ${"a".repeat(20_000)}\r\n\r\n`,
    status: 431,
    code: "header_too_large",
  },
  {
    name: "a path of 20 kB",
    bytes: () => `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: ${host()}\r\n\r\n`,
    status: 431,
    code: "header_too_large",
  },
  { name: "no Host", bytes: () => "GET /livez HTTP/1.1\r\n\r\n", status: 400, code: "invalid_request" },
  {
    name: "two Hosts",
    bytes: () => `GET /livez HTTP/1.1\r\nHost: ${host()}\r\nHost: ${host()}\r\n\r\n`,
    status: 400,
    code: "invalid_request",
  },
  { name: "a Host that is none", bytes: () => "GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n", status: 400, code: "invalid_request" },
  { name: "an empty Host", bytes: () => "GET /livez HTTP/1.1\r\nHost:\r\n\r\n", status: 400, code: "invalid_request" },
  {
    name: "somebody else's Host",
    bytes: () => "GET /v1/config/a HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    status: 421,
    code: "misdirected_request",
  },
  {
    name: "another port",
    bytes: () => "GET /v1/config/a HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
    status: 421,
    code: "misdirected_request",
  },
  {
    name: "a page of somebody else",
    bytes: () => `GET /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nOrigin: http://evil.test\r\n\r\n`,
    status: 403,
    code: "origin_not_allowed",
  },
  {
    name: "a page without an origin",
    bytes: () => `GET /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nOrigin: null\r\n\r\n`,
    status: 403,
    code: "origin_not_allowed",
  },
  {
    name: "a strange expectation",
    bytes: () => `PUT /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nExpect: wonders\r\nContent-Length: 1\r\n\r\n1`,
    status: 417,
    code: "expectation_failed",
  },
  { name: "no HTTP", bytes: () => "nonsense\r\n\r\n", status: 400, code: "invalid_request" },
  { name: "HTTP/0.9", bytes: () => "GET /livez\r\n\r\n", status: 400, code: "invalid_request" },
  { name: "HTTP/2", bytes: () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400, code: "invalid_request" },
  {
    name: "TLS",
    bytes: () => "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
    status: 400,
    code: "invalid_request",
  },
  {
    name: "two lengths",
    bytes: () => `PUT /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12`,
    status: 400,
    code: "invalid_request",
  },
  {
    name: "a length and chunks",
    bytes: () =>
      `PUT /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    status: 400,
    code: "invalid_request",
  },
  {
    name: "an unknown transfer encoding",
    bytes: () => `PUT /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    status: 400,
    code: "invalid_request",
  },
  {
    name: "a folded length",
    bytes: () =>
      `PUT /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    status: 400,
    code: "invalid_request",
  },
  { name: "a bare line feed", bytes: () => `GET /livez HTTP/1.1\nHost: ${host()}\n\n`, status: 400, code: "invalid_request" },
  {
    name: "a space before the colon",
    bytes: () => `GET /livez HTTP/1.1\r\nHost: ${host()}\r\nX : a\r\n\r\n`,
    status: 400,
    code: "invalid_request",
  },
  {
    name: "a head that does not end",
    bytes: () => `GET /livez HTTP/1.1\r\nHost: ${host()}\r\n`,
    status: 408,
    code: "request_timeout",
  },
  {
    name: "a body that does not come",
    bytes: () => `POST /v1/leases HTTP/1.1\r\nHost: ${host()}\r\n${json}Content-Length: 10\r\n\r\n{`,
    status: 408,
    code: "request_timeout",
  },
  {
    name: "chunks that are none",
    bytes: () => `POST /v1/leases HTTP/1.1\r\nHost: ${host()}\r\n${json}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
    status: 400,
    code: "invalid_request",
  },
];

describe("is answered with a problem, counted and logged", () => {
  test.concurrent.each(refused)("$name", async ({ name, bytes, status, code }) => {
    const answer = only(await exchange(bytes()));
    expect(answer.status, answer.text).toBe(status);
    expect(answer.body).toMatchObject({ code, status });
    expect(answer.headers["keyhold-served-by"], name).toBe("n1");
    recordRefusal({ method: "GET", path: "/", ...answer });
    expect(
      api.logged.some(({ message, fields }) => message === "answered" && "status" in fields && fields.status === status),
    ).toBe(true);
    const metrics = await send(api, "GET", "/metrics");
    expect(metrics.text).toMatch(new RegExp(`keyhold_http_request_duration_seconds_count\\{[^}]*status="${status}"\\}`));
  });
});

test("verbs that nobody needs are refused by the routes", async () => {
  const trace = only(await exchange(`TRACE /v1/config/a HTTP/1.1\r\nHost: ${host()}\r\nConnection: close\r\n\r\n`));
  expect([trace.status, trace.body]).toMatchObject([405, { code: "method_not_allowed" }]);
  const tunnel = only(await exchange("CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n"));
  expect([tunnel.status, tunnel.body]).toMatchObject([405, { code: "method_not_allowed" }]);
});

test("another protocol is not spoken here", async () => {
  const upgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  const answer = only(await exchange(`GET /livez HTTP/1.1\r\nHost: ${host()}\r\n${upgrade}`));
  expect([answer.status, answer.body]).toMatchObject([400, { code: "invalid_request" }]);
  const websocket = `GET /v1/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
  for (const [line, status] of [
    ["Host: evil.test", 421],
    [`Host: ${host()}\r\nOrigin: http://evil.test`, 403],
    [`Host: ${host()}\r\nOrigin: http://127.0.0.1:3000`, 403],
  ] as const) {
    expect(only(await exchange(`${websocket}${line}\r\n\r\n`)).status, line).toBe(status);
  }
});

test("websockets that mean two things are refused, and a subprotocol is not agreed on", async () => {
  const head = (query: string, more = "") =>
    `GET /v1/socket.io/?${query} HTTP/1.1\r\nHost: ${host()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;
  for (const query of [
    "EIO=4&EIO=3&transport=websocket&transport=polling",
    "EIO=4&EIO=4&transport=websocket",
    "EIO=4&transport=websocket&transport=websocket",
  ]) {
    const answer = only(await exchange(head(query)));
    expect([answer.status, answer.body], query).toMatchObject([400, { code: "invalid_request" }]);
  }
  for (const offer of ["a,,a", "chat"]) {
    const answer = await begin(head("EIO=4&transport=websocket", `Sec-WebSocket-Protocol: ${offer}\r\n`));
    expect(answer).toMatch(/^HTTP\/1.1 101 /);
    expect(answer).not.toMatch(/sec-websocket-protocol/i);
  }
});

test("the answer to a later request is not taken for that to an earlier one", async () => {
  await send(api, "POST", "/v1/locks/order/acquire", { body: { ttlMs: 60_000 } });
  const body = '{"ttlMs":60000,"waitMs":60000}';
  const acquire = `POST /v1/locks/order/acquire?holdMs=300 HTTP/1.1\r\nHost: ${host()}\r\n${json}Content-Length: ${body.length}\r\n\r\n${body}`;
  const answers = await exchange(`${acquire}nonsense\r\n\r\n`);
  expect(answers.map((answer) => answer.status)).toEqual([202, 400]);
});

test("a node may be called by its own addresses, by names that were given to it, and by nothing else", async () => {
  const named = await startApi({ hostNames: ["keyhold.example", "door.example:8443"] });
  try {
    const port = named.api.port;
    const ask = async (lines: string, version = "1.1"): Promise<number> =>
      only(await exchange(`GET /livez HTTP/${version}\r\n${lines}Connection: close\r\n\r\n`, named)).status;
    for (const name of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      "keyhold.example",
      "keyhold.example:1",
      "door.example:8443",
      "n1.test:7001",
    ]) {
      expect(await ask(`Host: ${name}\r\n`), name).toBe(200);
    }
    for (const name of [
      "localhost",
      "door.example",
      `door.example:${port}`,
      "keyhold.example.evil.test",
      `10.0.0.1:${port}`,
      "n2.test:7001",
      `0.0.0.0:${port}`,
    ]) {
      expect(await ask(`Host: ${name}\r\n`), name).toBe(421);
    }
    const own = `Host: 127.0.0.1:${port}\r\n`;
    for (const origin of [`http://127.0.0.1:${port}`, "https://door.example:8443"])
      expect(await ask(`${own}Origin: ${origin}\r\n`), origin).toBe(200);
    for (const origin of ["https://door.example", "http://127.0.0.1:3000", "null", "file://", "http://keyhold.example:3000"]) {
      expect(await ask(`${own}Origin: ${origin}\r\n`), origin).toBe(403);
    }
    expect(await ask("Host: keyhold.example\r\nOrigin: https://keyhold.example\r\n")).toBe(200);
    expect(await ask("", "1.0")).toBe(200);
    expect(await ask("Host: evil.test\r\n", "1.0")).toBe(421);
  } finally {
    await named.stop();
  }
});

test("one connection too many is answered so, and is taken when another one ends", async () => {
  const small = await startApi({ limits: { connectionsMax: 2 } });
  const [leaving, staying] = [await open(small), await open(small)];
  const ended: string[] = [];
  staying.resume().once("close", () => ended.push("staying"));
  try {
    const answer = only(await exchange("", small));
    expect([answer.status, answer.body]).toMatchObject([503, { code: "overloaded", limit: "connections", max: 2 }]);
    recordRefusal({ method: "GET", path: "/", ...answer });
    leaving.destroy();
    const get = `GET /livez HTTP/1.1\r\nHost: 127.0.0.1:${small.api.port}\r\nConnection: close\r\n\r\n`;
    let status = 0;
    while (status !== 200) status = only(await exchange(get, small)).status;
    // Nobody had to wait until the server ended the other one, which sends nothing.
    expect(ended).toEqual([]);
  } finally {
    for (const socket of [leaving, staying]) socket.destroy();
    await small.stop();
  }
});

test("the document lists every refusal, and no other", () => {
  const refusals = [...answersSeen()].filter((name) => name.startsWith("refused ")).sort();
  expect(refusals).toEqual([
    "refused 400 invalid_request",
    "refused 403 origin_not_allowed",
    "refused 408 request_timeout",
    "refused 417 expectation_failed",
    "refused 421 misdirected_request",
    "refused 431 header_too_large",
    "refused 503 overloaded",
  ]);
});

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly text: string;
};

function open(of: TestApi): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(of.api.port, "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
  });
}

function only(answers: readonly Answer[]): Answer {
  const [answer, ...others] = answers;
  if (answer === undefined || others.length > 0) throw new Error(`${answers.length} answers: ${JSON.stringify(answers)}`);
  return answer;
}

/** The first bytes of the answer to `bytes`. */
async function begin(bytes: string): Promise<string> {
  const socket = await open(api);
  try {
    const answered = once(socket, "data") as Promise<[Buffer]>;
    socket.write(Buffer.from(bytes, "latin1"));
    return (await answered)[0].toString("latin1");
  } finally {
    socket.destroy();
  }
}

/** The answers to `bytes`, until the server closes. */
async function exchange(bytes: string, of: TestApi = api): Promise<readonly Answer[]> {
  const socket = await open(of);
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(Buffer.from(bytes, "latin1"));
  await closed;
  return answersIn(Buffer.concat(chunks).toString("utf8"));
}

function answersIn(text: string): readonly Answer[] {
  if (text === "") return [];
  const headEnd = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const parsed = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const bodyEnd = headEnd + 4 + Number(parsed["content-length"] ?? 0);
  const body = text.slice(headEnd + 4, bodyEnd);
  const status = Number(statusLine.split(" ")[1]);
  const first = { status, headers: parsed, body: body.startsWith("{") ? (JSON.parse(body) as unknown) : body, text: body };
  return [first, ...answersIn(text.slice(bodyEnd))];
}
