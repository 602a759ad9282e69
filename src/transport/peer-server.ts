/**
 * This file listens on the peer port: it checks who calls, finds the route (streams, and chunks of snapshots), and answers
 * refusals as problem documents. A newer stream of a peer replaces the older one: the peer would not have opened it had
 * it still believed in the other.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { assert } from "../base/assert.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Message, NodeId } from "../raft/types.ts";
import { snapshotPath } from "./chunk.ts";
import { ChunkRoute, type OnSnapshotChunk } from "./chunk-route.ts";
import type { Admit, Claim } from "./claim.ts";
import { type Genesis, genesisPath } from "./genesis.ts";
import {
  answerHeaders,
  callerUrl,
  checkCaller,
  checkStranger,
  type Identity,
  memberRemoved,
  protocolVersion,
  refusalOf,
  streamPath,
} from "./handshake.ts";
import { IncomingStream } from "./incoming-stream.ts";

export type ListenAddress = { readonly host: string; readonly port: number };

export type PeerServerOptions = {
  readonly identity: Identity;
  readonly listen: ListenAddress;
  /** How long a caller may take to send its headers. */
  readonly headersTimeoutMs: number;
  readonly onMessage: (message: Message) => void;
  readonly onSnapshotChunk: OnSnapshotChunk;
  /** Whether a caller was a member once and is none any more; it is told so. */
  readonly isRemoved: (caller: NodeId) => boolean;
  /** Asked for each stream and each chunk. */
  readonly admit: Admit;
  /** Answers a node that is not in the cluster yet; undefined while there is nothing to say. */
  readonly onGenesis: () => Genesis | undefined;
  /** `peerUrl` is where the peer says that it can be answered. */
  readonly onOpened: (peer: NodeId, peerUrl: string | undefined) => void;
  /** The peer's stream is over, and no newer one took its place. */
  readonly onClosed: (peer: NodeId, reason: string) => void;
  readonly onRefused: (refusal: PeerRefusal) => void;
};

/** A request that was turned away; `remote` is the caller's address. */
export type PeerRefusal = { readonly remote: string; readonly status: number; readonly code: string; readonly detail: string };

export type IncomingStats = { readonly receiving: boolean; readonly receivedFrames: number; readonly receivedBytes: number };

/** The peer port could not be opened; the message names it. */
export class PeerListenError extends Error {
  override readonly name = "PeerListenError";
  readonly code: string;
  constructor({ host, port }: ListenAddress, cause: NodeJS.ErrnoException) {
    const why = cause.code === "EADDRINUSE" ? "the port is already in use" : cause.message;
    super(`cannot listen for peers on ${host}:${port}: ${why}`, { cause });
    this.code = cause.code ?? "UNKNOWN";
  }
}

type Totals = { frames: number; bytes: number };
type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly sender: NodeId;
  readonly runId: string;
};
type Handler = (call: Call) => void;
type Refusal = Omit<PeerRefusal, "remote">;

/** More than any cluster has members; strangers cannot take more memory than that. */
const connectionsMax = 256;
const headerBytesMax = 8 * 1024;
/** Longer than a stalled network of a live sender, short enough that a dead one does not keep its place for long. */
const chunkSilenceMsMax = 5000;

/** The peer port of one node, from `open` to `close`. */
export class PeerServer {
  readonly #options: PeerServerOptions;
  readonly #server: Server;
  readonly #streams = new Map<NodeId, IncomingStream>();
  /** What streams that are over have received. */
  readonly #totals = new Map<NodeId, Totals>();
  readonly #chunks: ChunkRoute;
  readonly #routes: ReadonlyMap<string, ReadonlyMap<string, Handler>>;
  #closed = false;

  private constructor(options: PeerServerOptions) {
    this.#options = options;
    this.#chunks = new ChunkRoute({
      identity: options.identity,
      silenceMsMax: chunkSilenceMsMax,
      onChunk: options.onSnapshotChunk,
      refuse: (call, refusal) => this.#refuse(call, refusal),
    });
    this.#routes = new Map<string, ReadonlyMap<string, Handler>>([
      [streamPath, new Map([["POST", (call: Call) => this.#acceptStream(call)]])],
      [snapshotPath, new Map([["POST", (call: Call) => this.#chunks.take(call)]])],
    ]);
    this.#server = createServer(
      {
        // A stream is one request whose body never ends.
        requestTimeout: 0,
        headersTimeout: options.headersTimeoutMs,
        connectionsCheckingInterval: options.headersTimeoutMs,
        maxHeaderSize: headerBytesMax,
        noDelay: true,
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server.maxConnections = connectionsMax;
  }

  /** Settles when the port accepts connections; rejects with PeerListenError when it cannot be had. */
  static async open(options: PeerServerOptions): Promise<PeerServer> {
    const server = new PeerServer(options);
    await server.#listen();
    return server;
  }

  get address(): ListenAddress {
    const address = this.#server.address() as AddressInfo | null;
    assert(address !== null, "the peer server does not listen");
    return { host: this.#options.listen.host, port: address.port };
  }

  /** Told once a beat. */
  beat(): void {
    for (const [peer, stream] of this.#streams) {
      // What it missed, its next call will be told.
      if (this.#options.isRemoved(peer)) this.#cut(peer, stream);
      else stream.beat();
    }
  }

  /** Whether a stream of that node stands that is of another run than the claim's, and not silent. */
  isAliveElsewhere({ nodeId, runId }: Claim): boolean {
    const stream = this.#streams.get(nodeId);
    return stream !== undefined && stream.runId !== runId && stream.isHeard;
  }

  stats(peer: NodeId): IncomingStats {
    const stream = this.#streams.get(peer);
    const { frames, bytes } = this.#totals.get(peer) ?? { frames: 0, bytes: 0 };
    return {
      receiving: stream !== undefined,
      receivedFrames: frames + (stream?.receivedFrames ?? 0),
      receivedBytes: bytes + (stream?.receivedBytes ?? 0),
    };
  }

  /** Cuts every connection; settles when the port is free. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#chunks.close();
    for (const stream of this.#streams.values()) stream.destroy();
    this.#streams.clear();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #listen(): Promise<void> {
    const { listen } = this.#options;
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => reject(new PeerListenError(listen, error));
      this.#server.once("error", onError);
      this.#server.listen({ host: listen.host, port: listen.port }, () => {
        this.#server.off("error", onError);
        resolve();
      });
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === genesisPath && request.method === "GET") {
      this.#answerGenesis(request, response);
      return;
    }
    const admitted = this.#admit(request);
    if (!admitted.ok) {
      this.#refuse({ request, response }, admitted.error);
      return;
    }
    const { handle, claim } = admitted.value;
    handle({ request, response, sender: claim.nodeId, runId: claim.runId });
  }

  /** Who calls and what serves it, or why nothing does. */
  #admit(request: IncomingMessage): Result<{ readonly claim: Claim; readonly handle: Handler }, Refusal> {
    const caller = checkCaller(request.headers, this.#options.identity);
    if (!caller.ok) return caller;
    const claim = caller.value;
    if (this.#options.isRemoved(claim.nodeId)) return err(refusalOf(memberRemoved(claim.nodeId)));
    const methods = this.#routes.get(request.url ?? "");
    if (methods === undefined) return err({ status: 404, code: "not_found", detail: "no such path" });
    const handle = methods.get(request.method ?? "");
    if (handle === undefined) {
      const allowed = [...methods.keys()].join(", ");
      return err({ status: 405, code: "method_not_allowed", detail: `allowed: ${allowed}` });
    }
    const admission = this.#options.admit(claim, { alive: this.isAliveElsewhere(claim) });
    return admission.kind === "admitted" ? ok({ claim, handle }) : err(refusalOf(admission));
  }

  #acceptStream({ request, response, sender, runId }: Call): void {
    const replaced = this.#streams.get(sender);
    if (replaced !== undefined) {
      this.#addToTotals(sender, replaced);
      replaced.destroy();
    }
    const stream = IncomingStream.open({
      identity: this.#options.identity,
      sender,
      runId,
      request,
      response,
      onMessage: (message) => {
        if (!this.#closed) this.#options.onMessage(message);
      },
      onClosed: (reason) => {
        this.#streams.delete(sender);
        this.#addToTotals(sender, stream);
        this.#options.onClosed(sender, reason);
      },
    });
    this.#streams.set(sender, stream);
    this.#options.onOpened(sender, callerUrl(request.headers));
  }

  #answerGenesis(request: IncomingMessage, response: ServerResponse): void {
    const caller = checkStranger(request.headers, this.#options.identity);
    if (!caller.ok) {
      this.#refuse({ request, response }, caller.error);
      return;
    }
    const genesis = this.#options.onGenesis();
    if (genesis === undefined) {
      this.#refuse({ request, response }, { status: 503, code: "starting", detail: "this node does not know its cluster yet" });
      return;
    }
    response.writeHead(200, { ...answerHeaders(this.#options.identity), "content-type": "application/json" });
    response.end(JSON.stringify(genesis));
  }

  #cut(peer: NodeId, stream: IncomingStream): void {
    this.#streams.delete(peer);
    this.#addToTotals(peer, stream);
    stream.destroy();
    this.#options.onClosed(peer, "it was removed from the cluster");
  }

  #addToTotals(peer: NodeId, stream: IncomingStream): void {
    const { frames, bytes } = this.#totals.get(peer) ?? { frames: 0, bytes: 0 };
    this.#totals.set(peer, { frames: frames + stream.receivedFrames, bytes: bytes + stream.receivedBytes });
  }

  #refuse({ request, response }: Pick<Call, "request" | "response">, refusal: Refusal): void {
    const { status, code, detail } = refusal;
    this.#options.onRefused({ remote: request.socket.remoteAddress ?? "unknown", status, code, detail });
    const identity = status === 401 ? {} : answerHeaders(this.#options.identity);
    response.writeHead(status, { ...identity, "content-type": "application/problem+json", connection: "close" });
    response.end(JSON.stringify({ type: "about:blank", status, code, detail, protocolVersion }));
    // The body may be endless; it is not read.
    response.on("finish", () => request.socket.destroySoon());
  }
}
