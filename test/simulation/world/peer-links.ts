/**
 * This file is the streams of one simulated process to its peers and from them. Who is let in, what the peers tell each other of starts, and
 * when the run may speak, is decided by the production code; here it is given a folder, a clock, and streams.
 */
import { createStartKeeper, type StartKeeper, type StartKeeperOptions } from "../../../src/bootstrap/start-keeper.ts";
import { admissionsWanted, type StartClaim } from "../../../src/bootstrap/starts.ts";
import type { KeyholdNode } from "../../../src/node/node.ts";
import type { NodeId } from "../../../src/raft/types.ts";
import type { Admission } from "../../../src/transport/claim.ts";
import { StartExchange } from "../../../src/transport/start-exchange.ts";
import type { StartsReport } from "../../../src/transport/starts-frame.ts";

/** One run of one machine, as it shows itself to others. */
export type SimRun = StartClaim & { readonly index: number };

/** What was sent of starts on a stream; each report holds those before it. */
type SentReport = { readonly number: number; readonly report: StartsReport };

/** From one run to another. It stands until one of them ends, or does not hear the other any more. */
export type SimStream = { readonly from: SimRun; readonly to: SimRun; sent: SentReport | null; received: number };

/** What is said on a stream, with the report that was sent on it before. */
export type Spoken = {
  readonly index: number;
  readonly stream: SimStream;
  readonly sent: SentReport | null;
  readonly speaker: PeerLinks;
};

type LinksWorld = Pick<StartKeeperOptions, "records" | "nowMs" | "peerTimeoutMs" | "onOutdated"> & {
  readonly service: () => KeyholdNode;
  /** Another process of that id is connected and heard. */
  readonly isAliveElsewhere: (run: SimRun) => boolean;
  /** The first other node has let this run in: to be kept durably. */
  readonly onAdmitted: () => void;
  /** Brings a report to the other end. */
  readonly carry: (spoken: Spoken) => void;
  /** Something for that peer was dropped. */
  readonly onDropped: (peer: NodeId) => void;
};

/** The streams of one process. */
export class PeerLinks {
  readonly run: SimRun;
  readonly #world: LinksWorld;
  readonly #keeper: StartKeeper;
  readonly #exchange: StartExchange;
  /** Of ours, those that stand as far as we know. */
  readonly #outgoing = new Map<NodeId, SimStream>();
  /** The run of each peer whose stream stands here. */
  readonly #incoming = new Map<NodeId, SimRun>();
  #reports = 0;

  constructor(run: SimRun, world: LinksWorld) {
    this.run = run;
    this.#world = world;
    const { service } = world;
    this.#keeper = createStartKeeper({
      ...world,
      nodeId: run.nodeId,
      self: run,
      instanceOf: (id) => service().instanceOf(id),
      isMember: (id) => service().isMember(id),
      members: () => service().membership(),
      onRefused: () => undefined,
    });
    this.#exchange = new StartExchange({
      nodeId: run.nodeId,
      self: run,
      starts: this.#keeper.starts,
      onAdmitted: world.onAdmitted,
      admissionsWanted: () => admissionsWanted(service().membership()),
      peers: () => this.#outgoing.keys(),
      send: (peer, { starts, counts }) => {
        const claims = [...starts].map(([nodeId, start]) => ({ nodeId, ...start }));
        this.#send(peer, { number: ++this.#reports, report: { starts: claims, counts } });
      },
      cut: ({ nodeId, runId }) => {
        if (this.#incoming.get(nodeId)?.runId !== runId) this.#incoming.delete(nodeId);
      },
    });
  }

  /** Whether a stream to that run stands. */
  isOpenTo(run: SimRun): boolean {
    return this.#outgoing.get(run.nodeId)?.to === run;
  }

  /** Whether a stream of that run stands here. */
  hears(run: SimRun): boolean {
    return this.#incoming.get(run.nodeId) === run;
  }

  /** Whether this process lets `run` in. */
  judge(run: SimRun): Admission {
    const { index: _index, ...claim } = run;
    const admission = this.#keeper.admit(claim, { alive: this.#world.isAliveElsewhere(run) });
    this.#exchange.sendNews();
    return admission;
  }

  /** From now on that run is heard, and no other one of its node. */
  accept(run: SimRun): void {
    this.#incoming.set(run.nodeId, run);
  }

  /** A stream to that run stands; it `counts` this process among those that it remembers. */
  opened(run: SimRun, counts: boolean): void {
    this.#outgoing.set(run.nodeId, { from: this.run, to: run, sent: null, received: 0 });
    this.#exchange.opened(run.nodeId, counts);
  }

  /** How a message to `peer` is sent now; null when it is not. */
  speakTo(peer: NodeId): Spoken | null {
    const stream = this.#outgoing.get(peer);
    if (!this.#exchange.maySpeak() || stream === undefined) {
      this.#world.onDropped(peer);
      return null;
    }
    return { index: this.run.index, stream, sent: stream.sent, speaker: this };
  }

  /** Whether what came on that stream is heard; the report that was sent before it is taken first. */
  take({ stream, sent, speaker }: Spoken): boolean {
    if (stream.to !== this.run || !this.hears(stream.from)) {
      speaker.lost(stream);
      return false;
    }
    if (sent !== null && sent.number > stream.received) {
      stream.received = sent.number;
      this.#exchange.receive(stream.from.nodeId, sent.report);
    }
    return true;
  }

  /** What was said on that stream found nobody, or nobody who hears it. */
  lost(stream: SimStream): void {
    const peer = stream.to.nodeId;
    if (this.#outgoing.get(peer) === stream) this.#outgoing.delete(peer);
    this.#world.onDropped(peer);
  }

  /** Tells all peers again what it knows. */
  repeat(): void {
    this.#exchange.sendAll();
  }

  #send(peer: NodeId, sent: SentReport): void {
    const stream = this.#outgoing.get(peer);
    if (stream === undefined) return;
    stream.sent = sent;
    this.#world.carry({ index: this.run.index, stream, sent, speaker: this });
  }
}
