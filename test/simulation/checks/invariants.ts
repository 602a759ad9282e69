/**
 * This file holds what must be true after every event (dissertation, figure 3.2): election safety, leader append-only,
 * log matching, leader completeness, state machine safety; that terms, votes, commit and applied indexes never go back,
 * also not over crashes; and that nothing is said before it is on disk. Every check looks only at what has changed
 * since the one before, so that it can run after each event.
 */
import { assert, unreachable } from "../../../src/base/assert.ts";
import { at } from "../../../src/base/at.ts";
import type { WriteBatch } from "../../../src/node/ports.ts";
import type { Entry, HardState, Message, SnapshotMeta } from "../../../src/raft/types.ts";
import { type InvariantWorld, type NodeView, sameEntry } from "../world/node-view.ts";
import { claimOf } from "./claims.ts";
import type { CheckName } from "./finding.ts";
import { type Memory, newMemory } from "./node-memory.ts";

/** The identity of an entry, and the term of the one before it. */
type Seen = { readonly entry: Entry; readonly previousTerm: number; readonly by: number };

/** Indexes above and below this many are told apart in one number with their term. */
const indexesMax = 2 ** 32;

/** The checks that run after every event of a run. */
export class Invariants {
  readonly counts = { elections: 0, truncations: 0, entriesWritten: 0, hashesCompared: 0, installs: 0, quarantinesEnded: 0 };
  /** The first virtual time at which each index was known to be committed, by index; 0 for index 0. */
  readonly committedAtMs: number[] = [0];
  readonly #world: InvariantWorld;
  readonly #memories: Memory[] = [];
  readonly #leaderOf = new Map<number, number>();
  readonly #entries = new Map<number, Seen>();
  /** The term of each committed entry, by index. */
  readonly #committedTerms: number[] = [0];
  /** The term of the node that first knew it to be committed, by index. */
  readonly #committedIn: number[] = [0];
  /** Terms in which somebody was a candidate. */
  readonly #termsBegun = new Set<number>();
  /** Since a disk lost acknowledged entries, what is durable cannot be counted any more. */
  #countsDurable = true;
  readonly #hashes = new Map<number, { readonly hash: number; readonly by: number }>();

  constructor(world: InvariantWorld) {
    this.#world = world;
  }

  /** The highest index that any node ever knew to be committed. */
  get committedIndex(): number {
    return this.#committedTerms.length - 1;
  }

  /** After an event at `node`. */
  afterEvent(node: NodeView): void {
    if (!node.alive) return;
    const memory = this.#memoryOf(node.index);
    if (node.term < memory.term) this.#report(node, "commit and apply", `term fell from ${memory.term} to ${node.term}`);
    if (node.term > memory.term) this.#checkBegun(node);
    memory.term = node.term;
    this.#checkLeader(node, memory);
    this.#checkCommit(node, memory);
    this.#checkHeld(node, memory);
    if (node.appliedIndex > node.commitIndex)
      this.#report(node, "commit and apply", `applied ${node.appliedIndex} beyond commit ${node.commitIndex}`);
  }

  /** The process of `node` is gone, and with it what only memory held. */
  afterCrash(node: NodeView): void {
    const memory = this.#memoryOf(node.index);
    memory.commitIndex = 0;
    memory.heldTo = 0;
    memory.leads = -1;
    memory.term = memory.durableTerm;
  }

  /** The disk of `node` lost its log and its state, and knows it. */
  afterQuarantine(node: NodeView): void {
    const memory = this.#memoryOf(node.index);
    memory.durableApplied = 0;
    memory.quarantined = true;
    this.#countsDurable = false;
  }

  /** Before `batch` goes into the image of `node`. */
  beforeWrite(node: NodeView, batch: WriteBatch): void {
    const first = batch.entries[0];
    if (first === undefined) return;
    const { bare: log } = node.disk;
    this.counts.entriesWritten += batch.entries.length;
    if (first.index <= log.lastIndex) {
      this.counts.truncations++;
      this.#checkOverwrite(node, batch.entries);
    }
    let previousTerm = log.term((first.index - 1) as Entry["index"]);
    for (const entry of batch.entries) {
      if (previousTerm === undefined) this.#report(node, "commit and apply", `entry ${entry.index} written after nothing`);
      else this.#checkMatching(node, entry, previousTerm);
      previousTerm = entry.term;
    }
  }

  /** After `batch` went into the image of `node`. */
  afterWrite(node: NodeView, batch: WriteBatch): void {
    const memory = this.#memoryOf(node.index);
    if (batch.hardState !== undefined) this.#checkHardState(node, memory, batch.hardState);
    const meta = batch.tableWrites.findLast((write) => write.table === "meta");
    if (meta?.record === undefined || meta.table !== "meta") return;
    const { appliedIndex } = meta.record;
    if (appliedIndex < memory.durableApplied)
      this.#report(node, "commit and apply", `durable applied index fell from ${memory.durableApplied} to ${appliedIndex}`);
    memory.durableApplied = appliedIndex;
    if (appliedIndex > this.committedIndex)
      this.#report(node, "commit and apply", `applied ${appliedIndex}, but only ${this.committedIndex} is committed`);
    const hash = node.disk.stateHash;
    const known = this.#hashes.get(appliedIndex);
    if (known === undefined) this.#hashes.set(appliedIndex, { hash, by: node.index });
    else {
      this.counts.hashesCompared++;
      if (known.hash !== hash) this.#report(node, "state machine safety", `state at ${appliedIndex} differs from ${known.by}'s`);
    }
  }

  /** After a snapshot, with `entries` after it, became all that `node` has. */
  afterInstall(
    node: NodeView,
    snapshot: SnapshotMeta,
    batch: { readonly hardState: HardState | undefined; readonly entries: readonly Entry[] },
  ): void {
    const memory = this.#memoryOf(node.index);
    const { lastIncludedIndex, lastIncludedTerm } = snapshot;
    this.counts.installs++;
    if (batch.hardState !== undefined) this.#checkHardState(node, memory, batch.hardState);
    if (this.#committedTerms[lastIncludedIndex] !== lastIncludedTerm)
      this.#report(node, "commit and apply", `installed a snapshot of ${lastIncludedIndex}, which is not committed`);
    if (lastIncludedIndex < memory.durableApplied)
      this.#report(node, "commit and apply", `installed ${lastIncludedIndex} over applied ${memory.durableApplied}`);
    memory.durableApplied = lastIncludedIndex;
    const known = this.#hashes.get(lastIncludedIndex);
    if (known !== undefined && known.hash !== node.disk.stateHash)
      this.#report(node, "state machine safety", `the snapshot of ${lastIncludedIndex} differs from node ${known.by}'s state`);
    let previousTerm: number = lastIncludedTerm;
    for (const entry of batch.entries) {
      this.#checkMatching(node, entry, previousTerm);
      previousTerm = entry.term;
    }
  }

  /** All committed entries from index 1 on, as they were written. */
  committedEntries(): readonly Entry[] {
    return this.#committedTerms.slice(1).map((term, i) => {
      const seen = this.#entries.get(term * indexesMax + i + 1);
      assert(seen !== undefined, `nobody wrote committed entry ${i + 1} of term ${term}`);
      return seen.entry;
    });
  }

  /** As `node` hands `message` to the network. What it promises must be on its disk by now. */
  onSend(node: NodeView, message: Message): void {
    const { hardState, bare: log } = node.disk;
    if (message.kind === "appendEntriesAccepted" && hardState.currentTerm === message.term && log.lastIndex < message.matchIndex)
      this.#report(node, "durable before said", `accepted ${message.matchIndex}, but its disk ends at ${log.lastIndex}`);
    const claim = claimOf(message);
    switch (claim) {
      case "vote":
        // A later term on disk makes a second vote in this one as impossible as the vote itself.
        if (
          hardState.currentTerm < message.term ||
          (hardState.currentTerm === message.term && hardState.votedFor !== message.to)
        ) {
          this.#report(
            node,
            "one durable vote a term",
            `granted ${message.to} a vote in term ${message.term} that is not on disk`,
          );
        }
        this.#noteVote(node, message.term, message.to);
        return;
      case "term":
        this.#requireDurableTerm(node, message);
        return;
      case "candidacy":
        this.#noteVote(node, message.term, node.id);
        return;
      case "nothing":
        return;
      default:
        unreachable(claim);
    }
  }

  /** Equal logs and states in the end: call it when nothing is under way any more. */
  atRest(nodes: readonly NodeView[]): void {
    const first = nodes[0];
    if (first === undefined) return;
    for (const node of nodes) {
      if (node.appliedIndex !== first.appliedIndex || node.disk.stateHash !== first.disk.stateHash) {
        this.#report(
          node,
          "commit and apply",
          `at rest with ${node.appliedIndex}/${node.disk.stateHash}, node ${first.index} with ${first.appliedIndex}/${first.disk.stateHash}`,
        );
      }
    }
  }

  #checkLeader(node: NodeView, memory: Memory): void {
    if (node.role !== "leader") {
      memory.leads = -1;
      return;
    }
    memory.ledBefore = memory.leads === node.term;
    if (!memory.ledBefore) {
      this.counts.elections++;
      memory.leads = node.term;
      const other = this.#leaderOf.get(node.term);
      if (other !== undefined) this.#report(node, "election safety", `leads term ${node.term}, which node ${other} led`);
      this.#leaderOf.set(node.term, node.index);
      this.#checkCompleteness(node);
    } else if (node.lastIndex < memory.leaderLastIndex) {
      this.#report(
        node,
        "leader append-only",
        `the log of the leader shrank from ${memory.leaderLastIndex} to ${node.lastIndex}`,
      );
    }
    memory.leaderLastIndex = node.lastIndex;
  }

  /** Only a candidate begins a term, not who asks (§9.6); or a quarantined node that its leader can no longer help. */
  #checkBegun(node: NodeView): void {
    if (this.#termsBegun.has(node.term)) return;
    const { lostLog } = node.disk.hardState;
    if (["candidate", "leader"].includes(node.role) || lostLog?.term === node.term - 1) this.#termsBegun.add(node.term);
    else this.#report(node, "terms begin with a candidate", `term ${node.term} was begun by nobody`);
  }

  /** By log matching, holding the last committed entry means holding all of them. */
  #checkCompleteness(node: NodeView): void {
    const last = this.committedIndex;
    const term = at(this.#committedTerms, last);
    // A deposed leader may learn late that it won an older term; it need not hold what was committed later.
    if (term > node.term) return;
    const held = node.termAt(last);
    if (held !== term && !(held === undefined && node.disk.bare.base.lastIncludedIndex > last)) {
      this.#report(node, "leader completeness", `leads term ${node.term} without committed entry ${last} of term ${term}`);
    }
  }

  #checkCommit(node: NodeView, memory: Memory): void {
    const { commitIndex } = node;
    if (commitIndex === memory.commitIndex) return;
    if (commitIndex < memory.commitIndex)
      this.#report(node, "commit and apply", `commit index fell from ${memory.commitIndex} to ${commitIndex}`);
    // §3.6.2: by counting, a leader commits entries of its own term only; older ones go along.
    if (node.role === "leader" && memory.leads === node.term && memory.ledBefore && node.termAt(commitIndex) !== node.term)
      this.#report(
        node,
        "own term by counting",
        `the leader of term ${node.term} committed ${commitIndex} of term ${node.termAt(commitIndex)} by counting`,
      );
    if (commitIndex > node.lastIndex)
      this.#report(node, "commit and apply", `commit ${commitIndex} beyond the end of the log ${node.lastIndex}`);
    for (let index = Math.max(memory.commitIndex + 1, 1); index <= commitIndex; index++) {
      const term = node.termAt(index);
      if (term === undefined) continue;
      const known = this.#committedTerms[index];
      if (known === undefined) {
        this.#checkDurable(node, index, term);
        this.#noteCommitted(node, index, term);
      } else if (known !== term)
        this.#report(node, "state machine safety", `committed ${index} with term ${term}, before with ${known}`);
    }
    memory.commitIndex = commitIndex;
  }

  /** What is committed is on the disks of a majority; of both majorities while the membership is joint (§4.3). */
  #checkDurable(node: NodeView, index: number, term: number): void {
    if (!this.#countsDurable) return;
    const { voters, votersOutgoing } = node.membership;
    for (const half of [voters, votersOutgoing]) {
      const held = half.filter((id) => {
        const { bare: log } = at(this.#world.nodes, this.#world.numberOf(id)).disk;
        return log.base.lastIncludedIndex > index || log.term(index as Entry["index"]) === term;
      });
      if (held.length * 2 > half.length || half.length === 0) continue;
      this.#report(
        node,
        "durable before said",
        `committed ${index} of term ${term} without a durable majority: ${held.join(" ")} of ${half.join(" ")}`,
      );
    }
  }

  #noteCommitted(node: NodeView, index: number, term: number): void {
    if (index !== this.#committedTerms.length) {
      this.#report(node, "commit and apply", `committed ${index} before ${this.#committedTerms.length}`);
      return;
    }
    this.#committedTerms.push(term);
    this.#committedIn.push(node.term);
    this.committedAtMs.push(this.#world.nowMs());
  }

  /** What was applied never changes on a disk that had it. */
  #checkOverwrite(node: NodeView, entries: readonly Entry[]): void {
    const { bare: log } = node.disk;
    const memory = this.#memoryOf(node.index);
    const first = at(entries, 0);
    // The first index whose entry goes or changes.
    let changed: number = first.index;
    for (const entry of entries) {
      if (log.term(entry.index) !== entry.term) break;
      changed = entry.index + 1;
    }
    if (changed > log.lastIndex) return;
    if (changed <= memory.durableApplied)
      this.#report(node, "commit and apply", `entry ${changed} was applied here and is overwritten`);
  }

  /**
   * A log that holds a committed entry keeps it. A node that has not heard of the term in which it was committed may still
   * give it up for what an older leader says.
   */
  #checkHeld(node: NodeView, memory: Memory): void {
    const first = node.disk.bare.base.lastIncludedIndex;
    const { heldTo } = memory;
    if (heldTo > first && node.termAt(heldTo) !== undefined && node.termAt(heldTo) !== this.#committedTerms[heldTo]) {
      if (node.term >= at(this.#committedIn, heldTo))
        this.#report(node, "commit and apply", `committed entry ${heldTo} is overwritten`);
      memory.heldTo = 0;
    } else if (heldTo > node.lastIndex) {
      if (node.term >= at(this.#committedIn, heldTo))
        this.#report(node, "commit and apply", `committed entry ${heldTo} is overwritten or cut off`);
      memory.heldTo = 0;
    }
    let next = Math.max(memory.heldTo, first) + 1;
    while (next <= this.committedIndex && node.termAt(next) === this.#committedTerms[next]) memory.heldTo = next++;
  }

  /** Two entries with one index and term are the same, and follow the same: by induction the logs match (figure 3.2). */
  #checkMatching(node: NodeView, entry: Entry, previousTerm: number): void {
    if (entry.term < previousTerm)
      this.#report(node, "commit and apply", `entry ${entry.index} of term ${entry.term} after term ${previousTerm}`);
    const key = entry.term * indexesMax + entry.index;
    const seen = this.#entries.get(key);
    if (seen === undefined) {
      this.#entries.set(key, { entry, previousTerm, by: node.index });
      return;
    }
    if (seen.previousTerm !== previousTerm) {
      this.#report(
        node,
        "log matching",
        `${entry.index} of term ${entry.term} follows term ${previousTerm}, at node ${seen.by} ${seen.previousTerm}`,
      );
    } else if (seen.entry !== entry && !sameEntry(seen.entry, entry)) {
      this.#report(node, "log matching", `${entry.index} of term ${entry.term} differs from node ${seen.by}'s`);
    }
  }

  #checkHardState(node: NodeView, memory: Memory, hardState: HardState): void {
    const { currentTerm, votedFor } = hardState;
    if (currentTerm < memory.durableTerm)
      this.#report(node, "commit and apply", `durable term fell from ${memory.durableTerm} to ${currentTerm}`);
    memory.durableTerm = currentTerm;
    if (memory.quarantined && hardState.lostLog === null) this.counts.quarantinesEnded++;
    memory.quarantined = hardState.lostLog !== null;
    if (votedFor !== null) this.#noteVote(node, currentTerm, votedFor);
    else if (memory.votes.has(currentTerm))
      this.#report(node, "one durable vote a term", `forgot its vote in term ${currentTerm}`);
  }

  #noteVote(node: NodeView, term: number, candidate: string): void {
    const { votes } = this.#memoryOf(node.index);
    const before = votes.get(term);
    if (before !== undefined && before !== candidate)
      this.#report(node, "one durable vote a term", `voted for ${before} and ${candidate} in term ${term}`);
    votes.set(term, candidate);
  }

  #requireDurableTerm(node: NodeView, message: Message): void {
    const { currentTerm: durable } = node.disk.hardState;
    if (durable < message.term)
      this.#report(node, "durable before said", `sent ${message.kind} of term ${message.term}, its disk knows ${durable}`);
  }

  #memoryOf(index: number): Memory {
    let memory = this.#memories[index];
    if (memory === undefined) {
      memory = newMemory();
      this.#memories[index] = memory;
    }
    return memory;
  }

  #report(node: NodeView, check: CheckName, finding: string): void {
    this.#world.report(check, `node ${node.index}: ${finding}`);
  }
}
