/**
 * This file brings one request through the real app in memory: node's own request and response objects on a connection that is no
 * more than an array of bytes.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Assembly } from "../../../api/assembly.ts";
import type { AppResponse } from "../../../api/native-classes.ts";
import { assert } from "../../../src/base/assert.ts";

/** A connection whose other end takes everything at once. */
class MemoryConnection extends Duplex {
  readonly written: Buffer[] = [];
  readonly localAddress = "10.0.0.1";
  readonly localPort = 2;
  readonly remoteAddress = "10.0.0.2";

  override _read(): void {
    // Nothing comes by this way: the request is there.
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.written.push(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
    done();
  }
}

/** What a `fetch` rejects with when the connection broke. */
export function resetConnection(): TypeError {
  return new TypeError("fetch failed", { cause: new Error("the connection was reset") });
}

/**
 * Has `request`, whose body is `bytes`, answered. `done` is called once, with null when the API ended the connection without an answer.
 * The function returned is the client that goes away.
 */
export function exchange(
  { classes, handle }: Assembly,
  { request, bytes }: { readonly request: Request; readonly bytes: Buffer },
  done: (response: Response | null) => void,
): () => void {
  const connection = new MemoryConnection();
  // The classes ask no more of a socket than what this one has.
  const received = new classes.IncomingMessage(connection as unknown as Socket);
  received.httpVersion = "1.1";
  received.httpVersionMajor = 1;
  received.httpVersionMinor = 1;
  received.method = request.method;
  const { host, pathname, search } = new URL(request.url);
  received.url = pathname + search;
  const headers: Record<string, string> = { host, ...Object.fromEntries(request.headers) };
  if (request.body !== null) headers["content-length"] = String(bytes.length);
  received.headers = headers;
  received.rawHeaders = Object.entries(headers).flat();
  const response = new classes.ServerResponse(received) as AppResponse;
  // It would be the time of the machine that simulates.
  response.sendDate = false;
  response.assignSocket(connection as unknown as Socket);
  let ended = false;
  const end = (answer: Response | null): void => {
    if (ended) return;
    ended = true;
    done(answer);
  };
  connection.on("error", () => undefined);
  received.on("error", () => undefined);
  response.once("finish", () => {
    // What node's server does with an answer that is written.
    response.detachSocket(connection as unknown as Socket);
    end(responseOf(Buffer.concat(connection.written), request.method));
    process.nextTick(() => {
      response.destroy();
      response.emit("close");
    });
  });
  connection.once("close", () => end(null));
  received.complete = true;
  if (bytes.length > 0) received.push(bytes);
  received.push(null);
  handle(received, response, null);
  return () => {
    received.destroy();
    connection.destroy();
  };
}

/** The answer as its client reads it. */
function responseOf(bytes: Buffer, method: string): Response {
  const headEnd = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const body = bytes.subarray(headEnd + 4);
  const hasNone = method === "HEAD" || status === 204 || status === 304;
  const announced = headers.get("content-length");
  assert(hasNone || Number(announced) === body.length, `${announced} bytes were announced, ${body.length} came`);
  return new Response(hasNone ? null : new Uint8Array(body), { status, headers });
}
