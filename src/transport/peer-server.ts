/**
 * This file listens on the peer port: it checks who calls, finds the route (streams, and chunks of snapshots), and proves
 * its answers. Nothing of a call is processed before its caller has proven that it knows the secret (DECISIONS 26). A newer stream of a
 * peer replaces the older one, because the peer would not have opened it if the older one worked.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { assert } from "../base/assert.ts";
import { err, ok, type Result } from "../base/result.ts";
import { Intake } from "../intake/intake.ts";
import type { NodeId } from "../raft/types.ts";
import { guardRefusal } from "./caller-guard.ts";
import { snapshotPath } from "./chunk.ts";
import { ChunkRoute, type OnSnapshotChunk } from "./chunk-route.ts";
import { type Admit, type Claim, countsHeader } from "./claim.ts";
import { type GenesisAnswer, genesisPath } from "./genesis.ts";
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
  unauthorized,
} from "./handshake.ts";
import { IncomingStream, type OnMessage } from "./incoming-stream.ts";
import { challengePath } from "./peer-call.ts";
import { Challenges, challengeHeaders, proveAnswer, provenCaller } from "./proof.ts";
import type { StartsReport } from "./starts-frame.ts";
import { UnprovenConnections } from "./unproven-connections.ts";

/** Where to listen; port 0 takes a free one. */
export type ListenAddress = { readonly host: string; readonly port: number };

/** The identity of the node, its bounds and its callbacks. */
export type PeerServerOptions = {
  readonly identity: Identity;
  readonly listen: ListenAddress;
  /** Milliseconds that a caller may take to send its headers. */
  readonly headersTimeoutMs: number;
  /** Where other nodes reach this one, once it knows. */
  readonly ownUrl: () => string | null;
  readonly onMessage: OnMessage;
  /** A peer reports which starts of other nodes it has seen; default: ignored. */
  readonly onStarts?: (from: NodeId, told: StartsReport) => void;
  readonly onSnapshotChunk: OnSnapshotChunk;
  /** Whether a caller was removed from the cluster; it is answered so. */
  readonly isRemoved: (caller: NodeId) => boolean;
  /** Asked for each stream and each chunk. */
  readonly admit: Admit;
  /** The answer to a node that wants to join; undefined while there is none. */
  readonly onGenesis: () => GenesisAnswer | undefined;
  /** `peerUrl` is where the peer says that it can be answered. */
  readonly onOpened: (peer: NodeId, peerUrl: string | undefined) => void;
  /** The peer's stream is over, and no newer one took its place. */
  readonly onClosed: (peer: NodeId, reason: string) => void;
  readonly onRefused: (refusal: PeerRefusal) => void;
};

/** A request that was refused; `remote` is the caller's address. */
export type PeerRefusal = { readonly remote: string; readonly status: number; readonly code: string; readonly detail: string };

/** What one peer has sent since the start, and whether a stream of it is open. */
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
/** A request whose caller has proven itself; the answer is proven for `nonce`. */
type ProvenCall = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly nonce: string };
type Call = ProvenCall & { readonly sender: NodeId; readonly runId: string; readonly counts: boolean };
type Handler = (call: Call) => void;
type Admitted = { readonly claim: Claim; readonly handle: Handler; readonly counts: boolean };
type Refusal = Omit<PeerRefusal, "remote">;

/** Connections in all: more than any cluster needs, and a bound on the memory that strangers can take. */
const connectionsMax = 256;
const headerBytesMax = 8 * 1024;
/**
 * What callers without proof get of a turn of the event loop, all together (DECISIONS 52): less than clients, because a node calls once
 * and then keeps its stream. As many as may wait hold less than half of these bytes.
 */
const strangersIntake = { turnRequestsMax: 16, turnMsMax: 4, heldBytesMax: 32 * 1024 * 1024 };
/** Milliseconds: longer than a network of a live sender stalls, short enough that a dead one does not keep its place for long. */
const chunkSilenceMsMax = 5000;

/** The peer port of one node, from `open` to `close`. */
export class PeerServer {
  readonly #options: PeerServerOptions;
  readonly #server: Server;
  readonly #streams = new Map<NodeId, IncomingStream>();
  /** What streams that have ended had received. */
  readonly #totals = new Map<NodeId, Totals>();
  readonly #chunks: ChunkRoute;
  readonly #routes: ReadonlyMap<string, ReadonlyMap<string, Handler>>;
  readonly #challenges = new Challenges();
  readonly #unproven = new UnprovenConnections();
  /** For connections whose callers have proven nothing yet; others are read directly. */
  readonly #intake = new Intake<ServerResponse>(strangersIntake);
  #closed = false;

  private constructor(options: PeerServerOptions) {
    this.#options = options;
    this.#chunks = new ChunkRoute({
      silenceMsMax: chunkSilenceMsMax,
      onChunk: options.onSnapshotChunk,
      answer: (call, body) => this.#answer(call, { status: 200, type: "application/json", body }),
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
        // A missing Host is answered and counted like every other request that is no node's.
        requireHostHeader: false,
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server.maxConnections = connectionsMax;
    this.#server.on("connection", (socket) => {
      this.#intake.attach(socket);
      this.#unproven.add(socket);
    });
  }

  /** Resolves when the port accepts connections; rejects with PeerListenError when it cannot be opened. */
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

  /** To be called once a beat: ends streams that are silent, or of removed nodes. */
  beat(): void {
    for (const [peer, stream] of this.#streams) {
      // Its next call will be answered that it was removed.
      if (this.#options.isRemoved(peer)) this.#cut(peer, stream, "it was removed from the cluster");
      else stream.beat();
    }
  }

  /** Whether that node has a stream here from another run than the claim's, which is not silent. */
  isAliveElsewhere({ nodeId, runId }: Claim): boolean {
    const stream = this.#streams.get(nodeId);
    return stream !== undefined && stream.runId !== runId && stream.isHeard;
  }

  /** Connections of callers that have proven nothing yet, and how many were closed to make room for others. */
  unproven(): { readonly open: number; readonly closed: number } {
    return { open: this.#unproven.size, closed: this.#unproven.closed };
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

  /** Ends every connection; resolves when the port is free. */
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
    this.#intake.began(request, response);
    const { identity, listen, ownUrl } = this.#options;
    const guarded = guardRefusal(request, identity.access, { listenHost: listen.host, ownUrl: ownUrl() });
    const { method = "", url: path = "", headers } = request;
    if (guarded !== null) this.#turnAway({ request, response }, guarded);
    else if (path === challengePath && method === "GET") this.#giveChallenge(response);
    else {
      const nonce = provenCaller(identity.access, { method, path, headers }, this.#challenges);
      if (nonce === undefined) this.#turnAway({ request, response }, unauthorized(identity.access));
      else this.#serveProven({ request, response, nonce });
    }
  }

  #serveProven(call: ProvenCall): void {
    const { request } = call;
    this.#unproven.proven(request.socket);
    this.#intake.release(request.socket);
    if (request.url === genesisPath && request.method === "GET") {
      this.#answerGenesis(call);
      return;
    }
    const admitted = this.#admit(request);
    if (!admitted.ok) {
      this.#refuse(call, admitted.error);
      return;
    }
    const { handle, claim, counts } = admitted.value;
    handle({ ...call, sender: claim.nodeId, runId: claim.runId, counts });
  }

  /** The caller and the route that serves it, or a refusal. */
  #admit(request: IncomingMessage): Result<Admitted, Refusal> {
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
    if (admission.kind === "refused") return err(refusalOf(admission));
    return ok({ claim, handle, counts: admission.counts });
  }

  #acceptStream({ request, response, nonce, sender, runId, counts }: Call): void {
    const replaced = this.#streams.get(sender);
    if (replaced !== undefined) {
      this.#addToTotals(sender, replaced);
      replaced.destroy();
    }
    const stream = IncomingStream.open({
      receiver: this.#options.identity.nodeId,
      headers: this.#headers({ nonce, status: 200, type: "application/octet-stream", body: "" }, countsHeader(counts)),
      sender,
      runId,
      request,
      response,
      onMessage: (message) => (this.#closed ? null : this.#options.onMessage(message)),
      onStarts: (told) => {
        if (!this.#closed) this.#options.onStarts?.(sender, told);
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

  #giveChallenge(response: ServerResponse): void {
    response.writeHead(200, { ...challengeHeaders(this.#challenges.issue()), "content-length": "0" });
    response.end();
  }

  #answerGenesis(call: ProvenCall): void {
    const caller = checkStranger(call.request.headers, this.#options.identity);
    const genesis = this.#options.onGenesis();
    if (!caller.ok) this.#refuse(call, caller.error);
    else if (genesis === undefined) {
      this.#refuse(call, { status: 503, code: "starting", detail: "this node does not know its cluster yet" });
    } else this.#answer(call, { status: 200, type: "application/json", body: JSON.stringify(genesis) });
  }

  /** A later start of that node was seen elsewhere: ends the stream of an earlier run. Its next call will be refused. */
  cutUnless({ nodeId, runId }: Claim): void {
    const stream = this.#streams.get(nodeId);
    if (stream !== undefined && stream.runId !== runId) this.#cut(nodeId, stream, "a later start of it was seen");
  }

  #cut(peer: NodeId, stream: IncomingStream, reason: string): void {
    this.#streams.delete(peer);
    this.#addToTotals(peer, stream);
    stream.destroy();
    this.#options.onClosed(peer, reason);
  }

  #addToTotals(peer: NodeId, stream: IncomingStream): void {
    const { frames, bytes } = this.#totals.get(peer) ?? { frames: 0, bytes: 0 };
    this.#totals.set(peer, { frames: frames + stream.receivedFrames, bytes: bytes + stream.receivedBytes });
  }

  #answer(
    { nonce, response }: ProvenCall,
    answer: { readonly status: number; readonly type: string; readonly body: string },
  ): void {
    response.writeHead(answer.status, this.#headers({ nonce, ...answer }));
    response.end(answer.body);
  }

  /** The headers that say who this node is, prove it, and carry the challenge for the next call. */
  #headers(
    answer: { readonly nonce: string; readonly status: number; readonly type: string; readonly body: string },
    more: Readonly<Record<string, string>> = {},
  ) {
    const { identity } = this.#options;
    const { nonce, status, type, body } = answer;
    const headers = { ...answerHeaders(identity), ...challengeHeaders(this.#challenges.issue()), ...more };
    return { ...proveAnswer(identity.access, { status, headers, body }, nonce), "content-type": type };
  }

  /** Refuses a caller that has proven itself. */
  #refuse({ request, response, nonce }: ProvenCall, refusal: Refusal): void {
    const body = problemOf(refusal);
    this.#end({ request, response }, refusal, { headers: this.#headers({ nonce, ...refusal, type: problemType, body }), body });
  }

  /** Refuses a caller that has not proven itself; the answer reveals nothing of this node. */
  #turnAway(call: Pick<Call, "request" | "response">, refusal: Refusal): void {
    this.#end(call, refusal, { headers: { "content-type": problemType }, body: problemOf(refusal) });
  }

  #end(
    { request, response }: Pick<Call, "request" | "response">,
    refusal: Refusal,
    { headers, body }: { readonly headers: Record<string, string>; readonly body: string },
  ): void {
    this.#options.onRefused({ remote: request.socket.remoteAddress ?? "unknown", ...refusal });
    // The rest is not read: nothing more will be answered on this connection.
    this.#intake.discard(request.socket);
    response.on("error", () => undefined);
    response.writeHead(refusal.status, { ...headers, connection: "close" });
    response.end(body);
    // The body may be endless; it is not read.
    response.on("finish", () => request.socket.destroySoon());
  }
}

const problemType = "application/problem+json";

function problemOf({ status, code, detail }: Refusal): string {
  return JSON.stringify({ type: "about:blank", status, code, detail, protocolVersion });
}
