/**
 * This file is a scripted node: a real HTTP server on a free loopback port that answers as a test says and remembers what it
 * was asked.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that the node received. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  readonly json: () => unknown;
};

/** What to do with a request: answer it, drop the connection, or never answer. */
export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> }
  | { readonly kind: "raw"; readonly status: number; readonly body: string; readonly contentType: string }
  | { readonly kind: "drop" }
  | { readonly kind: "hang" };

/** A scripted node that listens on a free port. */
export type FakeNode = {
  readonly url: string;
  readonly server: Server;
  readonly asked: Asked[];
  /** Replaces the script. */
  answer: (asked: Asked, count: number) => Answer | Promise<Answer>;
  readonly close: () => Promise<void>;
};

/** An answer with a JSON body. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { kind: "json", status, body, headers };
}

/** A problem document; `extra` are the fields of its code. */
export function problem(status: number, code: string, extra: object = {}): Answer {
  const body = { type: `urn:keyhold:problem:${code}`, title: code, status, detail: code, code, ...extra };
  return json(status, body, { "content-type": "application/problem+json" });
}

/** Starts a node that answers with `answer`, until the test ends. */
export async function startFakeNode(answer: FakeNode["answer"]): Promise<FakeNode> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void serve(node, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const node: FakeNode = {
    url: `http://127.0.0.1:${port}`,
    server,
    asked,
    answer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return node;
}

async function serve(node: FakeNode, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const url = new URL(request.url ?? "/", "http://node");
  const asked: Asked = {
    method: request.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    json: () => JSON.parse(body.toString("utf8")) as unknown,
  };
  // Asked once by each client, before its first mutation: no part of any script.
  if (asked.path === "/livez") {
    response.writeHead(200, { "content-type": "application/json", "keyhold-position": "s1.7" });
    response.end('{"status":"ok"}');
    return;
  }
  node.asked.push(asked);
  const answer = await node.answer(asked, node.asked.length);
  switch (answer.kind) {
    case "json":
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(JSON.stringify(answer.body));
      return;
    case "raw":
      response.writeHead(answer.status, { "content-type": answer.contentType });
      response.end(answer.body);
      return;
    case "drop":
      request.socket.destroy();
      return;
    case "hang":
      return;
    default:
      throw new Error(`unknown answer ${JSON.stringify(answer satisfies never)}`);
  }
}

/** Resolves once `condition` holds; rejects, naming `what`, after five seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
