/**
 * This file is the network between nodes: each directed link delays, loses, doubles, reorders and clogs on its own, and
 * partitions cut links one way or both. A healthy link keeps order, as the real streams do; the algorithm must not need it.
 */
import { unreachable } from "../../../src/base/assert.ts";
import { at } from "../../../src/base/at.ts";
import type { Message } from "../../../src/raft/types.ts";
import type { RandomStream } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Rates are per message, between 0 and 1; durations in ms. */
export type NetworkRates = {
  readonly delayMsMin: number;
  readonly delayMsMean: number;
  readonly loss: number;
  readonly duplicate: number;
  /** Ignores the order of the link. */
  readonly reorder: number;
  /** Comes up to `staleMsMax` late, out of order. */
  readonly stale: number;
  readonly staleMsMax: number;
  /** Messages in flight on one link; more are dropped. */
  readonly queueMax: number;
  /** A dropped message is reported to its sender as `peerUnreachable`. */
  readonly unreachableReport: number;
  /** Goes through the wire codec and back on its way. */
  readonly recode: number;
};

/** A network without faults, for the part of a run that must make progress. */
export const calmNetwork: NetworkRates = {
  delayMsMin: 0.2,
  delayMsMean: 1,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  stale: 0,
  staleMsMax: 1,
  queueMax: 10_000,
  unreachableReport: 1,
  recode: 0,
};

/** `blocked(from, to)` cuts that direction. Nodes are named by their number in the run. */
export type Partition = { readonly name: string; readonly blocked: (from: number, to: number) => boolean };

/** A network without a partition. */
export const noPartition: Partition = { name: "none", blocked: () => false };

/** `From` is who sends, as the receiver may see it. */
export type NetworkWorld<From extends { readonly index: number }> = {
  readonly scheduler: Scheduler;
  readonly random: RandomStream;
  /** The machine at the address of a node. */
  readonly numberOf: (nodeId: string) => number;
  /** Hands a message to its receiver, if that one can receive. */
  readonly deliver: (to: number, message: Message, from: From) => void;
  /** Tells `reporter` that something for `message.to` was dropped. */
  readonly unreachable: (reporter: number, message: Message) => void;
  /** The node tells another one to campaign in its place. */
  readonly handsOver: (from: number) => void;
  /** The codec of the production transport: what comes out must equal what goes in. */
  readonly recode: (message: Message) => Message;
};

/** What became of the messages of a run. */
export type NetworkCounts = { sent: number; lost: number; duplicated: number; cut: number; overflowed: number; stale: number };

type Link = {
  inFlight: number;
  lastArrivalMs: number;
  cloggedUntilMs: number;
  cutUntilMs: number;
  stragglesUntilMs: number;
  lateMs: number;
};

/** All links between the machines of a cluster. */
export class NetworkModel<From extends { readonly index: number }> {
  readonly counts: NetworkCounts = { sent: 0, lost: 0, duplicated: 0, cut: 0, overflowed: 0, stale: 0 };
  readonly #world: NetworkWorld<From>;
  readonly #links: Link[][] = [];
  #rates: NetworkRates;
  #partition: Partition = noPartition;

  constructor(world: NetworkWorld<From>, options: { readonly rates: NetworkRates; readonly nodesMax: number }) {
    this.#world = world;
    this.#rates = options.rates;
    for (let from = 0; from < options.nodesMax; from++) {
      this.#links.push(
        Array.from({ length: options.nodesMax }, () => ({
          inFlight: 0,
          lastArrivalMs: 0,
          cloggedUntilMs: 0,
          cutUntilMs: 0,
          stragglesUntilMs: 0,
          lateMs: 0,
        })),
      );
    }
  }

  setRates(rates: NetworkRates): void {
    this.#rates = rates;
  }

  setPartition(partition: Partition): void {
    this.#partition = partition;
  }

  isBlocked(from: number, to: number): boolean {
    return this.#partition.blocked(from, to) || this.#link(from, to).cutUntilMs > this.#world.scheduler.nowMs;
  }

  /** Cuts a link for `durationMs`, whatever partition there is besides. */
  cut(link: { readonly from: number; readonly to: number; readonly durationMs: number }): void {
    this.#link(link.from, link.to).cutUntilMs = this.#world.scheduler.nowMs + link.durationMs;
  }

  /** Holds everything that is sent on a link back for `durationMs`, then lets it through in order. */
  clog(link: { readonly from: number; readonly to: number; readonly durationMs: number }): void {
    this.#link(link.from, link.to).cloggedUntilMs = this.#world.scheduler.nowMs + link.durationMs;
  }

  /** For `durationMs`, some messages of a link, and most answers to reads, come about `lateMs` late and out of order. */
  straggle(link: { readonly from: number; readonly to: number; readonly durationMs: number; readonly lateMs: number }): void {
    const straggling = this.#link(link.from, link.to);
    straggling.stragglesUntilMs = this.#world.scheduler.nowMs + link.durationMs;
    straggling.lateMs = link.lateMs;
  }

  unclogAll(): void {
    for (const links of this.#links) {
      for (const link of links) {
        link.cloggedUntilMs = 0;
        link.cutUntilMs = 0;
        link.stragglesUntilMs = 0;
      }
    }
  }

  send(message: Message, sender: From): void {
    const { numberOf, random } = this.#world;
    const from = sender.index;
    const to = numberOf(message.to);
    const rates = this.#rates;
    const link = this.#link(from, to);
    this.counts.sent++;
    if (message.kind === "timeoutNow") this.#world.handsOver(from);
    if (this.isBlocked(from, to)) {
      this.counts.cut++;
      this.#drop(from, message);
    } else if (link.inFlight >= rates.queueMax) {
      this.counts.overflowed++;
      this.#drop(from, message);
    } else if (random.chance(rates.loss)) {
      this.counts.lost++;
      this.#drop(from, message);
    } else {
      const sent = random.chance(rates.recode) ? this.#world.recode(message) : message;
      this.#carry(link, { sender, to, message: sent });
      // The streams between nodes never double anything. The algorithm does not mind; a forwarded proposal that came twice
      // would be appended twice, and only a request id would keep it from being carried out twice.
      if (message.kind !== "proposeRequest" && random.chance(rates.duplicate)) {
        this.counts.duplicated++;
        this.#carry(link, { sender, to, message: sent });
      }
    }
  }

  #carry(link: Link, parcel: { readonly sender: From; readonly to: number; readonly message: Message }): void {
    const { scheduler, random, deliver } = this.#world;
    const rates = this.#rates;
    const now = scheduler.nowMs;
    let arrivalMs = Math.max(now, link.cloggedUntilMs) + rates.delayMsMin + random.exponential(rates.delayMsMean);
    if (random.chance(rates.stale)) {
      arrivalMs += random.between(0, rates.staleMsMax);
      this.counts.stale++;
    } else if (link.stragglesUntilMs > now && random.chance(parcel.message.kind === "readIndexResponse" ? 0.7 : 0.1)) {
      arrivalMs += random.between(0, 2 * link.lateMs);
    } else if (!random.chance(rates.reorder)) {
      arrivalMs = Math.max(arrivalMs, link.lastArrivalMs);
      link.lastArrivalMs = arrivalMs;
    }
    link.inFlight++;
    scheduler.after(arrivalMs - now, () => {
      link.inFlight--;
      // A cut that began meanwhile breaks the stream with everything on it.
      if (this.isBlocked(parcel.sender.index, parcel.to)) {
        this.counts.cut++;
        this.#drop(parcel.sender.index, parcel.message);
      } else deliver(parcel.to, parcel.message, parcel.sender);
    });
  }

  #drop(from: number, message: Message): void {
    const { random, scheduler, unreachable } = this.#world;
    if (!random.chance(this.#rates.unreachableReport)) return;
    scheduler.after(random.exponential(20), () => unreachable(from, message));
  }

  #link(from: number, to: number): Link {
    return at(at(this.#links, from), to);
  }
}

/** Draws a partition of `nodes`: one node alone, two groups, a bridge that alone sees both sides, or one-way cuts. */
export function drawPartition(nodes: readonly number[], random: RandomStream): Partition {
  const kind = random.pick(["isolate", "split", "bridge", "deaf", "mute", "oneWay"] as const);
  switch (kind) {
    case "isolate": {
      const alone = random.pick(nodes);
      return { name: `isolate ${alone}`, blocked: (from, to) => from === alone || to === alone };
    }
    case "deaf": {
      const deaf = random.pick(nodes);
      return { name: `deaf ${deaf}`, blocked: (_from, to) => to === deaf };
    }
    case "mute": {
      const mute = random.pick(nodes);
      return { name: `mute ${mute}`, blocked: (from) => from === mute };
    }
    case "split": {
      const side = new Set(random.sample(nodes, random.integer(1, Math.max(1, nodes.length - 1))));
      return { name: `split ${[...side].join(",")}`, blocked: (from, to) => side.has(from) !== side.has(to) };
    }
    case "bridge": {
      const bridge = random.pick(nodes);
      const rest = nodes.filter((node) => node !== bridge);
      const side = new Set(random.sample(rest, Math.ceil(rest.length / 2)));
      const blocked = (from: number, to: number): boolean => from !== bridge && to !== bridge && side.has(from) !== side.has(to);
      return { name: `bridge ${bridge} between ${[...side].join(",")} and the rest`, blocked };
    }
    case "oneWay": {
      const cuts = new Set<number>();
      for (const from of nodes) for (const to of nodes) if (from !== to && random.chance(0.3)) cuts.add(from * 1000 + to);
      return { name: `one-way cuts ${[...cuts].join(",")}`, blocked: (from, to) => cuts.has(from * 1000 + to) };
    }
    default:
      return unreachable(kind);
  }
}
