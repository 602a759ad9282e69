/**
 * This file is the network of a node in production: one ordered stream to each peer and one from each, over HTTP on the
 * peer port, and single requests for the chunks of snapshots. It owns every socket and the one timer between
 * nodes, and delivers nothing after `close` has begun.
 */
import { Repeats } from "../intake/repeats.ts";
import type { MemberAddress, Message, NodeId } from "../raft/types.ts";
import type { ChunkAnswer, ChunkHeader } from "./chunk.ts";
import { ChunkClient } from "./chunk-client.ts";
import type { OnSnapshotChunk } from "./chunk-route.ts";
import { type Admission, type Admit, admitAll, type Claim, type SelfClaim, type StartNews } from "./claim.ts";
import { frameBytesMax } from "./frame.ts";
import type { GenesisAnswer } from "./genesis.ts";
import type { Identity } from "./handshake.ts";
import type { OnMessage } from "./incoming-stream.ts";
import { OutgoingStream } from "./outgoing-stream.ts";
import { type ListenAddress, type PeerRefusal, PeerServer } from "./peer-server.ts";
import type { PeerAccess } from "./proof.ts";
import { beatMs, beatsPerTimeout } from "./pulse.ts";
import { StartExchange } from "./start-exchange.ts";
import { encodeStarts } from "./starts-frame.ts";
import { encodeMessage } from "./wire.ts";

/** The identity of the node, its bounds and its callbacks. */
export type HttpTransportOptions = {
  /** Nodes of another cluster are refused, and refuse us. Printable ASCII. */
  readonly clusterId: string;
  readonly nodeId: NodeId;
  /** Sent to every node that this one calls or answers. */
  readonly self: SelfClaim;
  /** Port 0 takes a free one. */
  readonly listen: ListenAddress;
  /** About an election timeout: a peer that does not accept, read or answer for this long is cut off. */
  readonly peerTimeoutMs: number;
  /** For each peer: bytes accepted and not yet given to the operating system. */
  readonly bufferBytesMax: number;
  /** Who may call, and how this node shows others that it may. */
  readonly access: PeerAccess;
  /** 0 <= random() < 1; spreads reconnects. */
  readonly random?: () => number;
  /** Called for each message, in the order of its sender. Its errors are not caught. */
  readonly onMessage: OnMessage;
  /** Called for each whole chunk of a snapshot that a peer sends; default: all are refused. */
  readonly onSnapshotChunk?: OnSnapshotChunk;
  /** A message to `peer` was dropped, or a stream to or from it broke. At most once a turn, never from within `send`. */
  readonly onUnreachable: (peer: NodeId) => void;
  readonly onEvent?: (event: TransportEvent) => void;
  /** The URL by which peers reach this node, once it knows one: sent to the nodes it calls, which may not know it yet. */
  readonly ownUrl?: () => string | null;
  /** Whether a node was removed from the cluster. Its calls are refused. */
  readonly isRemoved?: (caller: NodeId) => boolean;
  /** Asked for each incoming stream and chunk, and for each node that answers a stream; default: all are admitted. */
  readonly admit?: Admit;
  /** The starts of other nodes, to be exchanged with peers; default: none are. */
  readonly starts?: StartNews;
  /** The first other node has let this run in: must be durable before anything is sent. */
  readonly onAdmitted?: () => void;
  /** Nothing is sent before so many other nodes have let this run in (DECISIONS 46). Default: 0. */
  readonly admissionsWanted?: () => number;
  /** A peer refuses this run for good: `member_removed`, or the code of its `admit`. May be called often. */
  readonly onRefusedForGood?: (by: NodeId, code: string, detail: string) => void;
  /** The answer to nodes that want to join; default: none. */
  readonly onGenesis?: () => GenesisAnswer | undefined;
};

/** What the transport reports for the log. */
export type TransportEvent =
  | { readonly kind: "outgoingOpened"; readonly peer: NodeId }
  | { readonly kind: "outgoingClosed"; readonly peer: NodeId; readonly reason: string }
  | { readonly kind: "incomingOpened"; readonly peer: NodeId }
  | { readonly kind: "incomingClosed"; readonly peer: NodeId; readonly reason: string }
  /** `suppressed`: how many of the same address and code were refused since the last event of them. */
  | ({ readonly kind: "callerRefused"; readonly suppressed: number } & PeerRefusal)
  | { readonly kind: "frameTooLarge"; readonly peer: NodeId; readonly messageKind: Message["kind"]; readonly bytes: number };

/** Counters of one peer: received ones since the start, others since it was last added by `setPeers`. */
export type PeerStats = {
  readonly connected: boolean;
  readonly receiving: boolean;
  readonly sentFrames: number;
  readonly sentBytes: number;
  readonly bufferedBytes: number;
  readonly receivedFrames: number;
  readonly receivedBytes: number;
  readonly droppedFrames: number;
  readonly reconnects: number;
  readonly lastError: string | null;
};

/** Milliseconds that a stream may take to send the rest of its buffer when it is closed. */
const lingerMsMax = 200;

/** Beats between two reports of starts, a few KiB each: a receiver ignores them while it does not know the sender as a member. */
const startsRepeatedBeats = 2 * beatsPerTimeout;

const refuseChunk: OnSnapshotChunk = () => Promise.resolve({ kind: "refused", reason: "this node takes no snapshots" });

/** Ordered, lossy delivery between the nodes of one cluster. */
export class HttpTransport implements AsyncDisposable {
  readonly #options: HttpTransportOptions;
  readonly #identity: Identity;
  readonly #outgoing = new Map<NodeId, OutgoingStream>();
  readonly #chunks: ChunkClient;
  /** Callers that are not among the peers: a leader that this node does not know yet must be answered. */
  readonly #guests = new Set<NodeId>();
  readonly #closing = new Set<Promise<void>>();
  readonly #unreachable = new Set<NodeId>();
  readonly #starts: StartExchange;
  readonly #server: PeerServer;
  readonly #timer: NodeJS.Timeout;
  readonly #refusals = new Repeats({ quietMs: 10_000, keysMax: 256 });
  #refused = 0;
  #beats = 0;
  #closed: Promise<void> | null = null;

  private constructor(options: HttpTransportOptions, parts: { identity: Identity; server: PeerServer; timer: NodeJS.Timeout }) {
    this.#options = options;
    this.#identity = parts.identity;
    this.#chunks = new ChunkClient(parts.identity);
    this.#server = parts.server;
    this.#timer = parts.timer;
    this.#starts = new StartExchange({
      nodeId: options.nodeId,
      self: options.self,
      starts: options.starts,
      onAdmitted: options.onAdmitted ?? (() => undefined),
      admissionsWanted: options.admissionsWanted ?? (() => 0),
      peers: () => this.#outgoing.keys(),
      send: (peer, { starts, counts }) => {
        const stream = this.#outgoing.get(peer);
        if (stream?.accepts === true) stream.send(encodeStarts(starts, counts));
      },
      cut: (news) => this.#server.cutUnless(news),
    });
  }

  /** Resolves when the peer port accepts streams; rejects with PeerListenError when it cannot be opened. */
  static async open(options: HttpTransportOptions): Promise<HttpTransport> {
    const { clusterId, nodeId, self, listen, peerTimeoutMs } = options;
    const identity = { clusterId, nodeId, self, access: options.access };
    const server = await PeerServer.open({
      identity,
      listen,
      headersTimeoutMs: Math.ceil(peerTimeoutMs),
      ownUrl: options.ownUrl ?? (() => null),
      onMessage: options.onMessage,
      onStarts: (from, told) => transport.#starts.receive(from, told),
      onSnapshotChunk: options.onSnapshotChunk ?? refuseChunk,
      isRemoved: options.isRemoved ?? (() => false),
      admit: (claim, situation) => {
        const admission = (options.admit ?? admitAll)(claim, situation);
        transport.#starts.sendNews();
        return admission;
      },
      onGenesis: options.onGenesis ?? (() => undefined),
      onOpened: (peer, peerUrl) => transport.#incomingOpened(peer, peerUrl),
      onClosed: (peer, reason) => transport.#incomingClosed(peer, reason),
      onRefused: (refusal) => transport.#callerRefused(refusal),
    });
    // No stream can have come in yet: the awaits above settle within the turn in which the port was opened.
    const timer = setInterval(() => transport.#beat(), beatMs(peerTimeoutMs));
    const transport = new HttpTransport(options, { identity, server, timer });
    return transport;
  }

  /** Where this node listens for peers, with the port it really got. */
  get address(): ListenAddress {
    return this.#server.address;
  }

  /** Never blocks. A message that cannot be sent is dropped, and `onUnreachable` is called after this turn. */
  send(message: Message): void {
    const stream = this.#outgoing.get(message.to);
    if (!this.#starts.maySpeak()) {
      stream?.drop();
      return;
    }
    if (stream === undefined || !this.#sendTo(stream, message)) this.#reportUnreachable(message.to);
  }

  /**
   * Sends one chunk of a snapshot and resolves with the peer's answer. Rejects when no answer of that peer came within
   * `timeoutMs`; the chunk may have arrived all the same.
   */
  async sendChunk(to: NodeId, header: ChunkHeader, chunk: Uint8Array, timeoutMs: number): Promise<ChunkAnswer> {
    const peerUrl = this.#outgoing.get(to)?.peerUrl;
    if (peerUrl === undefined) throw new Error(`${to} is not among the peers`);
    return this.#chunks.send({ to, peerUrl, header, chunk, timeoutMs });
  }

  /** The nodes to keep streams to; this one is ignored. A stream to an unchanged address is kept. */
  setPeers(peers: ReadonlyMap<NodeId, MemberAddress>): void {
    if (this.#closed !== null) return;
    for (const peer of peers.keys()) this.#guests.delete(peer);
    for (const [peer, stream] of this.#outgoing) {
      if (this.#guests.has(peer) || peers.get(peer)?.peerUrl === stream.peerUrl) continue;
      this.#outgoing.delete(peer);
      // Closed in order, because the last message to a removed node contains its removal.
      const closing = stream.close(lingerMsMax).finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
    for (const [peer, { peerUrl }] of peers) {
      if (peer !== this.#identity.nodeId && !this.#outgoing.has(peer)) this.#outgoing.set(peer, this.#connect(peer, peerUrl));
    }
  }

  /** By peer, for those of `setPeers`. */
  stats(): ReadonlyMap<NodeId, PeerStats> {
    const stats = new Map<NodeId, PeerStats>();
    for (const [peer, stream] of this.#outgoing) stats.set(peer, { ...stream.stats(), ...this.#server.stats(peer) });
    return stats;
  }

  /** Since the start: calls that were refused, and connections that were closed because too many had proven nothing. */
  strangers(): { readonly refused: number; readonly closed: number } {
    return { refused: this.#refused, closed: this.#server.unproven().closed };
  }

  /** Sends what was accepted, for 200 ms at most, ends all streams and resolves when the port is free. */
  close(): Promise<void> {
    this.#closed ??= this.#shutDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#timer);
    this.#chunks.close();
    const streams = [...this.#outgoing.values()];
    this.#outgoing.clear();
    // Both at once: the peers' streams need not be read any more while ours are still ending.
    await Promise.all([this.#server.close(), ...streams.map((stream) => stream.close(lingerMsMax)), ...this.#closing]);
  }

  #connect(peer: NodeId, peerUrl: string): OutgoingStream {
    const { peerTimeoutMs, bufferBytesMax, random, onEvent } = this.#options;
    return OutgoingStream.open({
      identity: this.#identity,
      peer,
      peerUrl,
      bufferBytesMax,
      // After a partition heals, a stream is open again within an election timeout.
      backoffMsMax: peerTimeoutMs / 2,
      random: random ?? Math.random,
      onBroken: () => this.#reportUnreachable(peer),
      ownUrl: this.#options.ownUrl ?? (() => null),
      admit: (claim) => this.#admit(claim),
      // A node that is not a member, as far as this one knows, cannot refuse it for good.
      onRefusedForGood: (code, detail) => {
        if (!this.#guests.has(peer)) this.#options.onRefusedForGood?.(peer, code, detail);
      },
      onOpened: (counts) => {
        this.#starts.opened(peer, counts);
        onEvent?.({ kind: "outgoingOpened", peer });
      },
      onClosed: (reason) => onEvent?.({ kind: "outgoingClosed", peer, reason }),
    });
  }

  #admit(claim: Claim): Admission {
    const admission = (this.#options.admit ?? admitAll)(claim, { alive: this.#server.isAliveElsewhere(claim) });
    this.#starts.sendNews();
    return admission;
  }

  #sendTo(stream: OutgoingStream, message: Message): boolean {
    // For a peer that is down, messages are not even encoded.
    if (!stream.accepts) return stream.drop();
    const frame = encodeMessage(message);
    if (frame.byteLength <= frameBytesMax) return stream.send(frame);
    this.#options.onEvent?.({ kind: "frameTooLarge", peer: message.to, messageKind: message.kind, bytes: frame.byteLength });
    return stream.drop();
  }

  #beat(): void {
    this.#server.beat();
    for (const stream of this.#outgoing.values()) stream.beat();
    this.#beats += 1;
    if (this.#beats % startsRepeatedBeats === 0) this.#starts.sendAll();
  }

  #callerRefused(refusal: PeerRefusal): void {
    this.#refused += 1;
    const suppressed = this.#refusals.note(`${refusal.remote} ${refusal.code}`, performance.now());
    if (suppressed !== undefined) this.#options.onEvent?.({ kind: "callerRefused", suppressed, ...refusal });
  }

  #incomingOpened(peer: NodeId, peerUrl: string | undefined): void {
    this.#options.onEvent?.({ kind: "incomingOpened", peer });
    if (this.#closed === null && peerUrl !== undefined && !this.#outgoing.has(peer)) {
      this.#guests.add(peer);
      this.#outgoing.set(peer, this.#connect(peer, peerUrl));
    }
    this.#outgoing.get(peer)?.reconnectNow();
  }

  #incomingClosed(peer: NodeId, reason: string): void {
    this.#options.onEvent?.({ kind: "incomingClosed", peer, reason });
    if (this.#guests.delete(peer)) {
      this.#outgoing.get(peer)?.destroy();
      this.#outgoing.delete(peer);
    }
    // The first sign of a peer's death: its own stream ends before anything sent to it fails.
    this.#reportUnreachable(peer);
  }

  /** Reports later, because the driver that sends is in the middle of a turn, and once for each peer. */
  #reportUnreachable(peer: NodeId): void {
    if (this.#closed !== null) return;
    if (this.#unreachable.size === 0) process.nextTick(() => this.#flushUnreachable());
    this.#unreachable.add(peer);
  }

  #flushUnreachable(): void {
    const peers = [...this.#unreachable];
    this.#unreachable.clear();
    if (this.#closed !== null) return;
    for (const peer of peers) this.#options.onUnreachable(peer);
  }
}
