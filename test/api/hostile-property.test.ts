/**
 * This file walks the document, and gives every operation, parameter, header, body and Socket.IO message what no decent client
 * sends: texts that are not Unicode or have a meaning in some system, numbers at the edge of their range, shapes that fit
 * nothing. The node lives, says what was wrong, and serves the next one. HOSTILE_CASES sends more, SEED others.
 */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import fc from "fast-check";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { document } from "../../openapi/generated/document.ts";
import { send, startApi, type TestApi } from "./harness.ts";
import { jsonText, text } from "./hostile-values.ts";

type Json = Readonly<Record<string, unknown>>;
type Parameter = { readonly name: string; readonly in: "path" | "query" | "header"; readonly schema: Json };
type Operation = {
  readonly id: string;
  readonly method: string;
  readonly template: string;
  readonly parameters: readonly Parameter[];
  readonly body: Json | null;
};

const cases = Number(process.env["HOSTILE_CASES"] ?? 3_000);
const seed = Number(process.env["SEED"] ?? 1);
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

let api: TestApi;
beforeAll(async () => {
  // Those that would wait for something end soon.
  api = await startApi({ limits: { requestTimeoutMs: 500, acquireHoldMsMax: 5 }, watch: { futureWaitMs: 5 } });
});
afterAll(async () => {
  agent.destroy();
  await api.stop();
});

const operations = operationsOf(document as Json);
const statusesAllowed: ReadonlySet<number> = new Set([503, 504, 508]);

test(`every operation survives ${cases} hostile requests`, { timeout: 600_000 }, async () => {
  const request = fc.constantFrom(...operations).chain((operation) =>
    fc.record({
      operation: fc.constant(operation),
      // Mostly one part is hostile and the others are fit, so that it gets far.
      hostile: fc.array(fc.nat({ max: Math.max(0, operation.parameters.length) }), { minLength: 1, maxLength: 2 }),
      texts: fc.array(text, { minLength: operation.parameters.length, maxLength: operation.parameters.length }),
      escaped: fc.boolean(),
      body: bodyOf(operation.body),
    }),
  );
  const codes = new Map<string, number>();
  await inParallel(16, fc.sample(request, { numRuns: cases, seed }), async (one) => {
    const answer = await ask(one);
    codes.set(String(answer.status), (codes.get(String(answer.status)) ?? 0) + 1);
    const fits = answer.status < 500 || statusesAllowed.has(answer.status);
    if (!fits) throw new Error(`${answer.status} ${answer.text.slice(0, 300)} to ${JSON.stringify(one).slice(0, 2_000)}`);
    if (answer.status >= 400) expect(answer.type, JSON.stringify(one).slice(0, 500)).toBe("application/problem+json");
  });
  process.stdout.write(`answers: ${JSON.stringify(Object.fromEntries([...codes].sort()))}\n`);
  expect((codes.get("400") ?? 0) / cases).toBeGreaterThan(0.2);
  expect((codes.get("200") ?? 0) / cases).toBeGreaterThan(0.02);
  await servesOn();
});

test("every Socket.IO message survives hostile payloads", { timeout: 600_000 }, async () => {
  const events = Object.entries(
    (document["x-socket-io"] as { clientToServer: Record<string, { payload: Json }> }).clientToServer,
  );
  const message = fc.constantFrom(...events).chain(([event, { payload }]) =>
    fc.record({
      event: fc.oneof({ weight: 9, arbitrary: fc.constant(event) }, text),
      body: bodyOf(payload),
      acknowledged: fc.boolean(),
    }),
  );
  let socket = await connected();
  for (const { event, body, acknowledged } of fc.sample(message, { numRuns: Math.ceil(cases / 3), seed })) {
    if (!socket.connected) socket = await connected();
    // Written by hand: no serialiser writes -0, 1e309 or a name twice.
    const packet = `2/watch,${acknowledged ? "7" : ""}[${JSON.stringify(event)},${body}]`;
    (socket.io.engine as unknown as { write(packet: string): void }).write(packet);
  }
  socket.disconnect();
  await servesOn();
});

test("a cursor that holds half a surrogate pair is refused, and ends no node", async () => {
  const cursor = Buffer.from('["locks","\\ud800",null]').toString("base64url");
  expect((await send(api, "GET", `/v1/locks?cursor=${cursor}`)).status).toBe(400);
  await servesOn();
});

async function servesOn(): Promise<void> {
  const put = await send(api, "PUT", "/v1/config/serves-on", { body: { on: true } });
  expect([200, 201]).toContain(put.status);
  expect((await send(api, "GET", "/v1/config/serves-on")).body["value"]).toEqual({ on: true });
  const socket = await connected();
  const ack: unknown = await socket
    .timeout(5_000)
    .emitWithAck("watch:open", { watchId: "w", targets: [{ kind: "config", prefix: "" }], from: "now" });
  expect(ack).toMatchObject({ ok: true });
  socket.disconnect();
  const internal = api.logged.filter(({ level }) => level === "error");
  expect(internal).toEqual([]);
}

type Sent = {
  readonly operation: Operation;
  readonly hostile: readonly number[];
  readonly texts: readonly string[];
  readonly escaped: boolean;
  readonly body: string;
};
type Answer = { readonly status: number; readonly type: string; readonly text: string };

function ask({ operation, hostile, texts: chosen, escaped, body }: Sent): Promise<Answer> {
  let path = operation.template;
  const query: string[] = [];
  const headers: Record<string, string> = { "content-type": "application/json" };
  for (const [index, parameter] of operation.parameters.entries()) {
    const isHostile = hostile.includes(index);
    const value = isHostile ? (chosen[index] ?? "") : usual(parameter);
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, () => written(value, escaped));
    else if (parameter.in === "query" && (isHostile || parameter.name === "consistency"))
      query.push(`${parameter.name}=${written(value, escaped)}`);
    else if (parameter.in === "header" && isHostile)
      headers[parameter.name] = Buffer.from(value)
        .toString("latin1")
        .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "");
  }
  const target = (path + (query.length === 0 ? "" : `?${query.join("&")}`)).replaceAll(/[^\x21-\x7e]/g, "%EF%BF%BD");
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port: api.api.port, method: operation.method, path: target, headers, agent },
      (response) => resolve(read(response)),
    );
    request.on("error", reject);
    request.end(operation.body === null ? undefined : body);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? 0,
    type: response.headers["content-type"] ?? "",
    text: Buffer.concat(chunks).toString("utf8"),
  };
}

/** As a careful client writes it, or as it is as far as a request line can hold it. Halves of pairs as UTF-8 would have them. */
function written(value: string, escaped: boolean): string {
  const bytes = [...value].flatMap((character) => {
    const unit = character.codePointAt(0) ?? 0;
    return unit >= 0xd800 && unit <= 0xdfff
      ? [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]
      : [...Buffer.from(character)];
  });
  const plain = (byte: number) => byte > 0x20 && byte < 0x7f && !(escaped && '%?#&=/"'.includes(String.fromCharCode(byte)));
  return bytes.map((byte) => (plain(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`)).join("");
}

function usual({ name, schema }: Parameter): string {
  if (name === "consistency") return "stale";
  if (name === "id") return "l1";
  return schema["type"] === "integer" ? "1" : "k";
}

/** The text of a body that is nearly as `schema` says: one of its fields is not, is missing, is twice, or all of it is something else. */
function bodyOf(schema: Json | null): fc.Arbitrary<string> {
  if (schema === null) return fc.constant("");
  const resolved = resolve(schema);
  const properties = { ...propertiesOf(resolved) };
  const names = Object.keys(properties);
  if (names.length === 0) return jsonText;
  const field = fc.tuple(fc.constantFrom(...names, "__proto__", "extra"), jsonText);
  const near = fc.tuple(fc.subarray(names), fc.array(field, { maxLength: 2 })).map(([kept, wrong]) => {
    const right = kept
      .filter((name) => !wrong.some(([other]) => other === name))
      .map((name) => `${JSON.stringify(name)}:${fitting(resolve(properties[name] as Json))}`);
    return `{${[...right, ...wrong.map(([name, value]) => `${JSON.stringify(name)}:${value}`)].join(",")}}`;
  });
  return fc.oneof({ weight: 6, arbitrary: near }, jsonText, text);
}

function propertiesOf(schema: Json): Json {
  const parts = [...((schema["oneOf"] as Json[] | undefined) ?? []), ...((schema["allOf"] as Json[] | undefined) ?? [])];
  return Object.assign({}, schema["properties"], ...parts.map((part) => propertiesOf(resolve(part)))) as Json;
}

function fitting(schema: Json): string {
  const choice = (schema["enum"] as unknown[] | undefined)?.[0] ?? schema["const"];
  if (choice !== undefined) return JSON.stringify(choice);
  const variants = schema["oneOf"] as Json[] | undefined;
  if (variants !== undefined) return fitting(resolve(variants[0] ?? {}));
  switch (schema["type"]) {
    case "integer":
      return String(Math.max(Number(schema["minimum"] ?? 1), 1));
    case "array":
      return `[${fitting(resolve(schema["items"] as Json))}]`;
    case "object": {
      const properties = propertiesOf(schema);
      const required = (schema["required"] as string[] | undefined) ?? [];
      return `{${required.map((name) => `${JSON.stringify(name)}:${fitting(resolve(properties[name] as Json))}`).join(",")}}`;
    }
    default:
      return JSON.stringify(
        String(schema["pattern"] ?? "").startsWith("^l")
          ? "l1"
          : String(schema["pattern"] ?? "").startsWith("^http")
            ? "http://a:1"
            : "k",
      );
  }
}

function resolve(schema: Json): Json {
  const reference = schema["$ref"];
  if (typeof reference !== "string") return schema;
  let current: unknown = document;
  for (const part of reference.slice(2).split("/")) current = (current as Json)[part.replaceAll("~1", "/")];
  return resolve(current as Json);
}

function operationsOf(root: Json): readonly Operation[] {
  return Object.entries(root["paths"] as Record<string, Json>).flatMap(([template, item]) =>
    ["get", "put", "post", "delete"].flatMap((method) => {
      const found = item[method] as Json | undefined;
      if (found === undefined) return [];
      const parameters = [
        ...((item["parameters"] as Json[] | undefined) ?? []),
        ...((found["parameters"] as Json[] | undefined) ?? []),
      ]
        .map((parameter) => resolve(parameter) as Parameter)
        .map((parameter) => ({ ...parameter, schema: resolve(parameter.schema) }));
      const content = (found["requestBody"] as { content?: Json } | undefined)?.content;
      const body =
        content === undefined
          ? null
          : (((content["application/json"] as Json | undefined)?.["schema"] as Json | undefined) ?? {});
      return [{ id: String(found["operationId"]), method: method.toUpperCase(), template, parameters, body }];
    }),
  );
}

async function inParallel<Item>(lanes: number, items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  const lane = async (): Promise<void> => {
    for (const item of queue) await run(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

function connected(): Promise<Socket> {
  const socket = io(`${api.url}/watch`, {
    path: "/v1/socket.io",
    transports: ["websocket"],
    reconnection: false,
    forceNew: true,
  });
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });
}
