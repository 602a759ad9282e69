/**
 * This file strikes at the moment that matters: when a node begins to lead, or to campaign, it is cut off, crashed, paused
 * or made blind a little later. Faults at random times rarely meet the few milliseconds that decide.
 */
import type { Role } from "../../../src/raft/types.ts";
import type { ClusterView } from "../world/cluster-view.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import type { SimNode } from "../world/sim-node.ts";
import { type AmbushStyle, ambushStyles, type Fault } from "./plan.ts";

type Ambush = { readonly fault: Extract<Fault, { readonly kind: "ambush" }>; readonly random: RandomStream; left: number };

/**
 * A leader that comes back must do so before the one after it has made up for the time without a leader; an answer must
 * come while its receiver still leads and others may do so.
 */
function lastsElections(style: AmbushStyle): boolean {
  return style === "comeback" || style === "echo";
}

/** The ambushes that wait for their moment. */
export class Ambushes {
  readonly counts = { ambushes: 0 };
  readonly #cluster: ClusterView;
  #laid: Ambush[] = [];

  constructor(cluster: ClusterView) {
    this.#cluster = cluster;
  }

  add(fault: Ambush["fault"]): void {
    this.#laid.push({ fault, random: randomStreams(fault.salt).proc, left: fault.times });
  }

  end(): void {
    this.#laid = [];
  }

  onRole(node: SimNode, role: Role): void {
    for (const ambush of this.#laid) if (ambush.fault.on === role && ambush.left > 0) this.#strikeSoon(ambush, node);
    this.#laid = this.#laid.filter((ambush) => ambush.left > 0);
  }

  #strikeSoon(ambush: Ambush, node: SimNode): void {
    ambush.left--;
    const { fault, random } = ambush;
    const style = fault.style === "mixed" ? random.pick(ambushStyles) : fault.style;
    const delayMs = random.between(0, 2 * fault.delayMs);
    const durationMs = random.between(0.2, 1.8) * (lastsElections(style) ? 2 * this.#cluster.electionMs : fault.durationMs);
    const other = random.pick(this.#cluster.living.filter((candidate) => candidate !== node).concat(node));
    this.#cluster.scheduler.after(delayMs, () => {
      if (this.#cluster.calm) return;
      this.counts.ambushes++;
      if (style !== "echo" && style !== "lend") this.#cluster.watchClosely(node, durationMs);
      this.#strike(style, { node, other, durationMs });
    });
  }

  #strike(style: AmbushStyle, blow: { readonly node: SimNode; readonly other: SimNode; readonly durationMs: number }): void {
    const { node, other, durationMs } = blow;
    switch (style) {
      case "crash":
        node.crash({ downMs: durationMs });
        return;
      case "crashAtWrite":
        node.crashAtWrite({ downMs: durationMs });
        return;
      case "crashOther":
        other.crash({ downMs: durationMs / 20 });
        return;
      case "pause":
        node.pause({ durationMs, keepsInbound: false });
        return;
      case "echo":
        this.#echo(node, durationMs);
        return;
      case "lend":
        this.#lend();
        return;
      default:
        this.#cut(style, blow);
    }
  }

  #cut(
    style: Exclude<AmbushStyle, "crash" | "crashAtWrite" | "crashOther" | "pause" | "echo" | "lend">,
    blow: { readonly node: SimNode; readonly other: SimNode; readonly durationMs: number },
  ): void {
    const { node, other, durationMs } = blow;
    const { network, living } = this.#cluster;
    for (const peer of living) {
      if (peer === node || (style === "keepOne" && peer === other)) continue;
      const out = { from: node.index, to: peer.index, durationMs };
      const back = { from: peer.index, to: node.index, durationMs };
      if (style === "blind") network.clog(back);
      if (style !== "deaf" && style !== "blind") network.cut(out);
      if (style !== "mute" && style !== "blind") network.cut(back);
    }
    if (style === "comeback") this.#cluster.scheduler.after(durationMs + 1, () => this.#cluster.handOver(node));
  }

  /**
   * The answers to what a node said last come in after about an election timeout, and then nothing more. Who believes them
   * for too long does so from then on; whoever asked before may still be waiting.
   */
  #echo(node: SimNode, cutMs: number): void {
    const { network, electionMs, living } = this.#cluster;
    const lateMs = 0.3 * electionMs + 0.25 * cutMs;
    const durationMs = cutMs + 2 * electionMs;
    for (const { index: peer } of living) {
      if (peer === node.index) continue;
      network.clog({ from: peer, to: node.index, durationMs: lateMs });
      this.#later(0.1 * lateMs, () => network.cut({ from: node.index, to: peer, durationMs }));
      this.#later(1.1 * lateMs, () => network.cut({ from: peer, to: node.index, durationMs }));
    }
    this.#later(lateMs, () => this.#cluster.watchClosely(node, electionMs / 2));
  }

  /** A leader that went by its own timeout would still believe in promises that were shorter. */
  #lend(): void {
    const { electionMs, living, network } = this.#cluster;
    const patience = (node: SimNode): number => node.process?.service.inside.raft.options.leasePromiseMs ?? 0;
    const [lender] = living.filter((node) => node.alive).sort((a, b) => patience(b) - patience(a));
    if (lender === undefined || patience(lender) <= electionMs) return;
    if (lender.role !== "leader") this.#cluster.handOver(lender);
    this.#later(electionMs / 2, () => {
      if (!lender.alive || lender.role !== "leader") return;
      for (const { index: peer } of living) {
        if (peer === lender.index) continue;
        network.cut({ from: lender.index, to: peer, durationMs: 3 * electionMs });
        network.cut({ from: peer, to: lender.index, durationMs: 3 * electionMs });
      }
      this.#later(electionMs, () => this.#cluster.watchClosely(lender, electionMs));
    });
  }

  #later(delayMs: number, act: () => void): void {
    this.#cluster.scheduler.after(delayMs, () => {
      if (!this.#cluster.calm) act();
    });
  }
}
