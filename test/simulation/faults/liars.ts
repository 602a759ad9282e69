/**
 * This file is members that do not keep to the protocol, as far as nodes promise to stand it: who claims a term that another one
 * leads, hands over what it does not have, acknowledges what there is not, repeats an old state; and a leader whose entries fall
 * in time. None of it may be believed. That is certain only where the node knows its leader, so it is said to such nodes alone.
 */

import { assert, unreachable } from "../../../src/base/assert.ts";
import type { RaftView } from "../../../src/raft/node.ts";
import { type LogIndex, type Message, type NodeId, toClusterTimeMs, toLogIndex } from "../../../src/raft/types.ts";
import { CorruptRecord } from "../../../src/storage/errors.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import type { SimNode } from "../world/sim-node.ts";

const lieKinds = ["heartbeat", "appendEntries", "timeoutNow", "snapshot", "fallingTime", "beyondTheLog"] as const;
type Lie = { readonly to: SimNode; readonly raft: RaftView; readonly leaderId: NodeId; readonly liar: SimNode };

/** Sends the lies of a tape. */
export class Liars {
  readonly counts: Record<string, number> = {};
  readonly #nodes: () => readonly SimNode[];
  readonly #tell: (line: string) => void;

  constructor(nodes: () => readonly SimNode[], tell: (line: string) => void) {
    this.#nodes = nodes;
    this.#tell = tell;
  }

  /** Whether anybody has lied so far. */
  get lied(): boolean {
    return Object.keys(this.counts).length > 0;
  }

  /** `times` lies, each told to a random one of the nodes that know their leader. */
  speak(fault: { readonly times: number; readonly salt: number }): void {
    const random = randomStreams(fault.salt).folders;
    const nodes = this.#nodes().filter((node) => node.alive && !node.paused);
    for (let left = fault.times; left > 0 && nodes.length > 0; left--) this.#lieTo(random.pick(nodes), random);
  }

  #lieTo(to: SimNode, random: RandomStream): void {
    const raft = to.process?.service.inside.raft;
    const leaderId = raft?.status.leaderId ?? null;
    const others = this.#nodes().filter((node) => node !== to && node.id !== leaderId && node.alive);
    if (raft === undefined || leaderId === null || others.length === 0) return;
    const kind = random.pick(lieKinds);
    const lie = { to, raft, leaderId, liar: random.pick(others) };
    if (!unlessRotten(() => this.#tellLie(kind, lie))) return;
    this.counts[`lies.${kind}`] = (this.counts[`lies.${kind}`] ?? 0) + 1;
    this.#tell(`${to.id} is lied to: ${kind}`);
  }

  #tellLie(kind: (typeof lieKinds)[number], lie: Lie): boolean {
    const { to, raft, leaderId, liar } = lie;
    const { currentTerm: term, role, lastIndex: prevLogIndex } = raft.status;
    const header = { from: liar.id, to: to.id, term };
    const say = (message: Message): boolean => {
      to.receive(message, null);
      return true;
    };
    const prevLogTerm = raft.termAt(prevLogIndex);
    assert(prevLogTerm !== undefined, `no term at the last index ${prevLogIndex}`);
    const end = { prevLogIndex, prevLogTerm };
    switch (kind) {
      case "heartbeat":
        return say({ ...header, kind, leaderCommit: toLogIndex(0), round: 0 });
      case "appendEntries":
        return say({ ...header, kind, ...end, entries: [], leaderCommit: toLogIndex(0) });
      case "timeoutNow":
        // A leader is asked by nobody: it does not take part in elections of its own term.
        return role === "follower" && say({ ...header, kind });
      case "beyondTheLog":
        if (role !== "leader") return false;
        return say({ ...header, kind: "appendEntriesAccepted", matchIndex: toLogIndex(end.prevLogIndex + 1) });
      case "snapshot":
        return this.#repeatState(lie);
      case "fallingTime": {
        const beforeMs = raft.lastClusterTimeMs();
        if (role === "leader" || beforeMs === 0) return false;
        const entry = { index: toLogIndex(end.prevLogIndex + 1), term, wallTimeMs: 0 };
        const entries = [{ ...entry, clusterTimeMs: toClusterTimeMs(beforeMs - 1), payload: { kind: "noop" } as const }];
        return say({ ...header, from: leaderId, kind: "appendEntries", ...end, entries, leaderCommit: toLogIndex(0) });
      }
      default:
        return unreachable(kind);
    }
  }

  /** The whole state of one that does not lead, as if a transfer had brought it. */
  #repeatState({ to, raft, liar }: Lie): boolean {
    const liarsRaft = liar.process?.service.inside.raft;
    const index = liar.durableAppliedIndex as LogIndex;
    if (liarsRaft === undefined || index < liarsRaft.status.baseIndex || index === 0) return false;
    const { process, disk } = to;
    if (process === null || to.paused || process.transfer.isReceiving) return false;
    const snapshot = liarsRaft.snapshotMetaAt(index);
    to.enter(process, () => {
      disk.receive(liar.disk.image(snapshot));
      process.transfer.smuggled();
      process.service.snapshotReceived({ from: liar.id, term: raft.status.currentTerm, snapshot });
    });
    return true;
  }
}

/** What a liar makes up looks like the log of who is lied to; where that is damaged, its own node is the one to notice. */
function unlessRotten(tell: () => boolean): boolean {
  try {
    return tell();
  } catch (error) {
    if (error instanceof CorruptRecord) return false;
    throw error;
  }
}
