/**
 * This file starts the API on a node, for tests, and sends requests to it. Every answer that passes through here is
 * held against the document at once, and remembered for the contract test at the end.
 */

import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import supertest from "supertest";
import type { ApiLimits } from "../../api/context.ts";
import { createContract } from "../../api/contract/contract.ts";
import { type ApiServer, createApiServer } from "../../api/server.ts";
import { document } from "../../openapi/generated/document.ts";
import { realApiPorts } from "../../src/composition/api-ports.ts";
import { type Observed, record } from "./contract-recorder.ts";
import { FaultyService } from "./faulty-service.ts";
import { testLimits } from "./limits.ts";
import { type RealNode, startRealNode } from "./real-node.ts";

/** A node with its API on a free port, and what a test can do with it. */
export type TestApi = {
  readonly api: ApiServer;
  readonly service: FaultyService;
  readonly url: string;
  /** What the API logged, in order. */
  readonly logged: { readonly level: string; readonly message: string; readonly fields: object }[];
  stop(): Promise<void>;
};

/** How a test's node differs from the default one. */
export type StartOptions = {
  readonly limits?: Partial<ApiLimits>;
  readonly watch?: Partial<ApiLimits["watch"]>;
  readonly voters?: readonly string[];
  readonly hostNames?: readonly string[];
  readonly noLeaderAdvice?: () => string;
};

const contract = createContract(document);

/** An API on a node of its own. Settles when the node leads (or at once, when it cannot: it has other voters). */
export async function startApi(options: StartOptions = {}): Promise<TestApi> {
  const real: RealNode = await startRealNode(options.voters);
  const service = new FaultyService(real.node);
  const logged: { level: string; message: string; fields: object }[] = [];
  const log = (level: string) => (fields: object, message: string) => void logged.push({ level, message, fields });
  const api = await createApiServer({
    service,
    ports: realApiPorts,
    document,
    contract,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    limits: { ...testLimits, ...options.limits, watch: { ...testLimits.watch, ...options.watch } },
    listen: { host: "127.0.0.1", port: 0 },
    ...(options.hostNames === undefined ? {} : { hostNames: options.hostNames }),
    ...(options.noLeaderAdvice === undefined ? {} : { noLeaderAdvice: options.noLeaderAdvice }),
  });
  if (options.voters === undefined) await until(() => real.node.status().role === "leader");
  return {
    api,
    service,
    url: api.url,
    logged,
    async stop() {
      await api.close(1_000);
      await real.stop();
    },
  };
}

/** Settles once `condition` holds; looks again after every turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** The HTTP methods that tests send. */
export type Method = "GET" | "HEAD" | "PUT" | "POST" | "DELETE" | "PATCH" | "OPTIONS";
/** Headers and body of a request. */
export type RequestOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON with its content type; text and bytes as they are. */
  readonly body?: object | string | Buffer;
};

/** What came back. `body` is the parsed JSON of JSON answers. */
export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
  readonly text: string;
};

/** Sends through supertest, which asks for what an ordinary client asks for. */
export async function send(api: TestApi, method: Method, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { headers = {}, body } = options;
  const test = supertest(api.url)
    [method.toLowerCase() as "get"](path)
    .buffer(true)
    .parse(asBytes as never);
  for (const [name, value] of Object.entries(headers)) test.set(name, value);
  if (typeof body === "object" && !Buffer.isBuffer(body)) test.set("content-type", "application/json").send(JSON.stringify(body));
  else if (typeof body === "string" && headers["content-type"] === undefined) test.set("content-type", "text/plain").send(body);
  else if (body !== undefined) test.send(body);
  const response = await test;
  return observe({ method, path, status: response.status, headers: response.headers, bytes: bytesOf(response.body) });
}

/** Sends with node:http, which changes nothing: paths, headers and bodies that no decent client would send. */
export function sendRaw(api: TestApi, method: Method, path: string, options: RawOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: "127.0.0.1", port: api.api.port, method, path, headers: options.headers ?? {}, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const { statusCode = 0, headers } = response;
          resolve(observe({ method, path, status: statusCode, headers, bytes: Buffer.concat(chunks) }));
        });
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(options.body);
  });
}
/** Headers and body of a request that is sent byte for byte. */
export type RawOptions = { readonly headers?: Record<string, string | string[]>; readonly body?: string | Buffer };

type Received = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders | Record<string, string>;
  readonly bytes: Buffer;
};

function observe({ method, path, status, headers, bytes }: Received): Answer {
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  const text = bytes.toString("utf8");
  const isJson = /^application\/(problem\+)?json/.test(flat["content-type"] ?? "") && text !== "";
  const body: unknown = isJson ? JSON.parse(text) : undefined;
  const observed: Observed = { method, path, status, headers: flat, body, text };
  record(observed);
  return { status, headers: flat, body: (body ?? {}) as Record<string, unknown>, text };
}

/** superagent's types know parsers of text only; its parsers get the response and a callback. */
function asBytes(response: NodeJS.ReadableStream, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  response.on("end", () => done(null, Buffer.concat(chunks)));
}

function bytesOf(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
