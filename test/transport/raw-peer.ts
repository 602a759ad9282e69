/**
 * This file plays peers that misbehave: callers and servers made of bare HTTP and TCP, and a link that can be frozen.
 */
import { type ClientRequest, createServer as createHttpServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { toNodeId } from "../../src/raft/types.ts";
import { answerHeaders, callerHeaders, streamPath } from "../../src/transport/handshake.ts";
import { challengePath } from "../../src/transport/peer-call.ts";
import { challengeHeaders, challengeIn, type PeerAccess, proveAnswer, proveCall } from "../../src/transport/proof.ts";
import { testAccess, testClaim } from "./http-harness.ts";

/** Something to end when the test is over. */
export type Closable = { close(): void };
/** A server of a misbehaving peer. */
export type RawServer = Closable & { readonly url: string };

/** The headers with which `from` of cluster "test" calls `to`. */
export function rawHeaders(from: string, to: string): Record<string, string> {
  return callerHeaders({ clusterId: "test", nodeId: toNodeId(from), access: testAccess, self: testClaim(from) }, toNodeId(to));
}

/** `headers` with the proof that the caller knows the secret; asks for the challenge on a connection of its own. */
export async function provenHeaders(
  url: string,
  call: { readonly method: string; readonly path: string; readonly headers: Record<string, string> },
  access: PeerAccess = testAccess,
): Promise<Record<string, string>> {
  const answer = await bareRequest(url, { method: "GET", path: challengePath, headers: {} });
  return proveCall(access, call, challengeIn(answer.headers) ?? "").headers;
}

/** Opens a stream by hand; settles when it is accepted. Nothing but what is written is sent: no pings either. */
export async function rawStream(
  url: string,
  headers: Record<string, string>,
): Promise<ClientRequest & { readonly ended: boolean }> {
  const proven = await provenHeaders(url, { method: "POST", path: streamPath, headers });
  const call = Object.assign(request(new URL(streamPath, url), { method: "POST", agent: false, headers: proven }), {
    ended: false,
  });
  call.on("error", () => {});
  call.on("close", () => {
    call.ended = true;
  });
  call.flushHeaders();
  await new Promise<void>((resolve, reject) => {
    call.once("response", (response) => {
      response.resume();
      response.on("error", () => {});
      if (response.statusCode === 200) resolve();
      else reject(new Error(`refused with ${response.statusCode}`));
    });
    call.once("error", reject);
  });
  return call;
}

/** A request, as it is sent. */
export type RawCall = { readonly method: string; readonly path: string; readonly headers: Record<string, string> };
/** An answer, as it arrived. */
export type RawReply = {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

/** Sends one request of who knows the secret, and answers status, headers and body. */
export async function rawRequest(url: string, call: RawCall): Promise<RawReply> {
  return bareRequest(url, { ...call, headers: await provenHeaders(url, call) });
}

/** Sends one request as it is. */
export async function bareRequest(url: string, options: RawCall): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(options.path, url), { method: options.method, agent: false, headers: options.headers });
    call.on("error", reject);
    call.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        body += part;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    call.end();
  });
}

/** A server that answers every stream with `headers` and then never reads a byte of it. */
export async function deafServer(headers: Record<string, string>, access: PeerAccess = testAccess): Promise<RawServer> {
  const server = createHttpServer({ requestTimeout: 0 }, (call, response) => {
    if (call.url === challengePath) {
      response.writeHead(200, challengeHeaders("any")).end();
      return;
    }
    const nonce = String(call.headers["keyhold-nonce"]);
    response.writeHead(200, proveAnswer(access, { status: 200, headers, body: "" }, nonce)).flushHeaders();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: urlOf(server.address()),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The headers by which node `id` of cluster "test" answers. */
export function rawAnswer(id: string): Record<string, string> {
  return answerHeaders({ clusterId: "test", nodeId: toNodeId(id), access: testAccess, self: testClaim(id) });
}

/** A server that accepts connections and says nothing. */
export async function muteServer(): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: urlOf(server.address()),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A link to `url` that, while frozen, keeps connections and passes nothing: what a pulled cable looks like. */
export async function freezableLink(url: string): Promise<RawServer & { freeze(): void; heal(): void }> {
  let frozen = false;
  const sockets = new Set<Socket>();
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on("data", (chunk) => frozen || to.write(chunk));
    from.on("error", () => {});
    from.on("close", () => frozen || to.destroy());
  };
  const server = createTcpServer((near) => {
    const far = connect(Number(new URL(url).port), "127.0.0.1");
    pass(near, far);
    pass(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: urlOf(server.address()),
    freeze: () => {
      frozen = true;
    },
    heal: () => {
      frozen = false;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return `http://127.0.0.1:${address.port}`;
}
