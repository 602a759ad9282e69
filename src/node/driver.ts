/**
 * This file is the loop where time, disk and network meet the core. Inputs are collected until a turn; a turn steps the core once
 * and carries out its effects (DECISIONS 1). Everything that a turn needs on disk is one write, and what is collected during a write
 * shares the next one: that is the group commit.
 */
import { assert, unreachable } from "../base/assert.ts";
import { parseCommand } from "../machine/parse-command.ts";
import { readMeta, writeInitialState } from "../machine/state/meta.ts";
import { pastRowsMaxDefault, StagedTables } from "../machine/state/staged-tables.ts";
import { createRaftNode, type RaftNode, type RaftView } from "../raft/index.ts";
import type { Effect, Entry, Input, LogIndex, Message, NodeId, SnapshotMeta, Term } from "../raft/types.ts";
import { type DriverEvents, type DriverOptions, type DriverPorts, refusalMax } from "./driver-options.ts";
import { type ChangeRequest, MembershipChanges } from "./members/membership-changes.ts";
import { peersOf } from "./members/peers.ts";
import { type TransferRequest, Transfers } from "./members/transfers.ts";
import { compactionIndex, LogWeight } from "./snapshots/compaction.ts";
import { SnapshotSends } from "./snapshots/snapshot-sends.ts";
import { type ReadEnd, Reads } from "./waits/reads.ts";
import { type RevisionWait, RevisionWaits } from "./waits/revision-waits.ts";
import { WaitList } from "./waits/wait-list.ts";
import type { SnapshotTables } from "./watches/watch-snapshot.ts";
import { Applier } from "./writes/applier.ts";
import { unprinted } from "./writes/command-codec.ts";
import { Commands } from "./writes/commands.ts";
import { DiskWriter } from "./writes/disk-writer.ts";
import { leavesBacklog, wantsClockEntry } from "./writes/lease-clock.ts";
import { barrierTicks, followedTerm, type ProposalRequest, Proposals } from "./writes/proposals.ts";
import { Renewals } from "./writes/renewals.ts";
import { softwareVersion, VersionGate } from "./writes/version-gate.ts";

/** Runs the core of one node on its ports. Everything happens within turns, one after the other; nothing here is asynchronous. */
export class Driver {
  readonly #options: DriverOptions;
  readonly #ports: DriverPorts;
  readonly #events: DriverEvents;
  readonly #raft: RaftNode;
  readonly #tables: StagedTables;
  /** All kinds of waits are in it. */
  readonly #waits = new WaitList();
  readonly #renewals: Renewals;
  readonly #proposals: Proposals;
  readonly #reads: Reads;
  readonly #revisionWaits: RevisionWaits;
  readonly #changes: MembershipChanges;
  readonly #transfers: Transfers;
  readonly #applier: Applier;
  #inputs: Input[] = [];
  #turnComing = false;
  #stopped = false;
  readonly #writer: DiskWriter;
  readonly #sends = new SnapshotSends();
  readonly #gate: VersionGate;
  readonly #logWeight: LogWeight;
  #appliedIndex: LogIndex;
  #appliedTerm: Term;
  readonly commands: Commands;
  /** When the newest entry was applied, on the monotonic clock: leases have run on since. */
  appliedAtMs = 0;

  constructor(options: DriverOptions, ports: DriverPorts, events: DriverEvents) {
    const { disk } = ports;
    this.#options = options;
    this.#ports = ports;
    this.#events = events;
    this.#tables = new StagedTables(disk.tables, { pastRowsMax: options.pastRowsMax ?? pastRowsMaxDefault });
    if (readMeta(this.#tables).storeId === "") {
      assert(disk.log.base.lastIncludedIndex === 0, "the log was cut, but there is no state");
      const membership = options.genesis ?? disk.log.base.membership;
      writeInitialState(this.#tables, { storeId: options.storeId, membership, instances: options.firstInstances ?? {} });
    }
    this.#gate = new VersionGate(options.software ?? softwareVersion);
    this.#gate.checkState(this.#tables);
    this.commands = new Commands(this.#gate);
    const { appliedIndex, appliedTerm } = readMeta(this.#tables);
    [this.#appliedIndex, this.#appliedTerm] = [appliedIndex, appliedTerm];
    this.#logWeight = new LogWeight({ index: appliedIndex, bytes: disk.logBytes });
    this.#writer = new DiskWriter(
      { disk, tables: this.#tables },
      {
        onWritten: () => void (this.#applier.pending && this.#turnSoon()),
        onPersisted: (sequence) => this.#input({ kind: "persisted", sequence }),
        onInstalled: (snapshot) => this.#installed(snapshot),
      },
    );
    this.#raft = createRaftNode(options.raft, { hardState: disk.hardState, log: disk.log, appliedIndex });
    this.#applier = new Applier(this.#tables, this.commands);
    // First: a renewal whose command ends at the stop must not be put into another one.
    this.#renewals = this.#waits.add(new Renewals({ leaseIdsMax: options.renewalsPerCommandMax }));
    this.#proposals = this.#waits.add(new Proposals(options.raft.runId));
    this.#reads = this.#waits.add(new Reads(options));
    this.#revisionWaits = this.#waits.add(new RevisionWaits());
    this.#changes = this.#waits.add(new MembershipChanges());
    this.#transfers = this.#waits.add(new Transfers(this.#raft));
  }

  /** The newest applied state; changes only within a turn. */
  get tables(): SnapshotTables & Pick<StagedTables, "keptRows"> {
    return this.#tables;
  }

  /** What the core knows, to be asked and not to be changed. */
  get raft(): RaftView {
    return this.#raft;
  }

  get appliedIndex(): LogIndex {
    return this.#appliedIndex;
  }

  get pending(): { readonly proposals: number; readonly reads: number } {
    return { proposals: this.#proposals.count, reads: this.#reads.count };
  }

  /** Connects to the other members. Call once, before anything else. */
  start(): void {
    this.#ports.network.setPeers(peersOf(this.#raft.status));
  }

  /** Ends everything that waits, with its reason, and does nothing afterwards. A write under way may or may not complete. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#waits.close();
    this.#writer.stop();
  }

  /** Takes a message. Returns null, or why it is malformed, without its values: its sender is faulty. */
  receive(message: Message): string | null {
    const fault = this.commands.faultIn(message);
    if (fault === null) this.#input({ kind: "messageReceived", message });
    return fault;
  }

  unreachable(peer: NodeId): void {
    if (peer === this.#raft.status.leaderId) this.#proposals.suspectLoss();
    this.#input({ kind: "peerUnreachable", peer });
  }

  /** To be called once a tick: for the core's timers, for deadlines, and for work that no other input would begin. */
  tick(): void {
    if (this.#stopped) return;
    const nowMs = this.#ports.clock.monotonicMs();
    this.#waits.expire(nowMs);
    // A changed state is written with the next log entries, or now if there were none.
    this.#writer.flush();
    this.#input({ kind: "tick" });
    if (wantsClockEntry(this.#raft, this.#tables, nowMs)) this.#input({ kind: "clockEntryWanted" });
    const version = this.#gate.wanted(this.#raft.status, this.#tables);
    if (version !== undefined) this.#input({ kind: "clusterVersionProposed", version });
    const epoch = this.#proposals.tick(followedTerm(this.#raft.status), barrierTicks(this.#options));
    if (epoch !== undefined) this.#input({ kind: "barrierWanted", epoch });
  }

  /** Proposes a command; `settle` is called once, with its end. Throws MalformedCommand for one that apply could not read. */
  propose(request: ProposalRequest): void {
    // Checked before: in the log, a command that cannot be applied would be skipped by all nodes (DECISIONS 27).
    const { request: name, body } = parseCommand({ body: request.body, request: request.request && unprinted(request.request) });
    const refusal = this.#stopped ? { kind: "shuttingDown" as const } : this.#gate.refusal(body.kind, this.#tables);
    if (refusal !== undefined) {
      request.settle(refusal);
      return;
    }
    if (body.kind === "leaseRenew") {
      // A repeated renewal does no harm, so nothing is remembered under a request id (DECISIONS 8).
      this.#renewals.add({ ...request, leaseIds: body.leaseIds });
    } else {
      const command = name === null ? this.commands.encode({ request: null, body }) : this.commands.encodeNamed(name, body);
      this.#proposals.add({ command, deadlineMs: request.deadlineMs, settle: request.settle });
    }
    this.#turnSoon();
  }

  /** Calls `settle` when `tables` is fit for a linearizable read, within the call. */
  readIndex(read: { readonly deadlineMs: number; readonly settle: (end: ReadEnd) => void }): void {
    if (this.#stopped) {
      read.settle({ kind: "shuttingDown" });
      return;
    }
    this.#reads.add(read);
    this.#turnSoon();
  }

  /** Calls `settle` with true when this node has reached `revision`, with false when the deadline passes first. */
  whenRevision(wait: RevisionWait): void {
    if (readMeta(this.#tables).revision >= wait.revision) wait.settle(true);
    else if (this.#stopped) wait.settle(false);
    else this.#revisionWaits.add(wait);
  }

  /** Asks for a change of the membership; only a leader makes one. `settle` is called once. */
  changeMembership(request: ChangeRequest): void {
    if (this.#stopped) request.settle({ kind: "shuttingDown" });
    else this.#input({ kind: "membershipProposed", changeId: this.#changes.add(request), change: request.change });
  }

  /** Transfers leadership, if this node has it. `settle` is called once. */
  transferLeadership(request: TransferRequest): void {
    if (this.#stopped) {
      request.settle({ kind: "shuttingDown" });
      return;
    }
    const to = this.#transfers.add(request);
    if (to !== undefined) this.#input({ kind: "transferWanted", to });
  }

  /** A whole snapshot from `from`, leader of `term`, was received and can be installed. */
  snapshotReceived(received: { readonly from: NodeId; readonly term: Term; readonly snapshot: SnapshotMeta }): void {
    this.#input({ kind: "snapshotReceived", ...received });
  }

  #input(input: Input): void {
    if (this.#stopped) return;
    this.#inputs.push(input);
    this.#turnSoon();
  }

  #turnSoon(): void {
    if (this.#turnComing || this.#stopped) return;
    this.#turnComing = true;
    this.#ports.turns.soon(() => {
      this.#turnComing = false;
      if (this.#stopped) return;
      try {
        this.#turn();
      } catch (error) {
        // After any error the state in memory may be wrong; the state on disk is not.
        this.stop();
        this.#events.onFatal(error);
      }
    });
  }

  #turn(): void {
    // Entries that an earlier turn left: one portion a turn, so that messages and the clock are not held up.
    const applied = this.#applier.pending && this.#applyNext();
    const inputs = this.#inputs;
    this.#inputs = [];
    this.#collectProposals(inputs);
    const readId = this.#raft.status.leaderId === null ? undefined : this.#reads.ask();
    if (readId !== undefined) inputs.push({ kind: "readIndexWanted", readId });
    const compactTo = this.#compaction();
    if (compactTo !== undefined) inputs.push({ kind: "compacted", base: compactTo });
    const { clock, disk } = this.#ports;
    // Read after the inputs were collected: a leadership that begins here must not count from before they happened.
    inputs.unshift({ kind: "clock", monotonicMs: clock.monotonicMs(), wallTimeMs: clock.wallTimeMs() });
    const settles = inputs.some((input) => input.kind === "applied") && this.#raft.status.memberships.length > 1;
    const effects = this.#raft.step(inputs, disk.log);
    this.#sends.forget(inputs);
    for (const effect of effects) this.#carryOut(effect);
    if (this.#applier.pending && !applied) this.#applyNext();
    if (settles) this.#ports.network.setPeers(peersOf(this.#raft.status));
    if (compactTo !== undefined) this.#writer.compact(compactTo);
    // The core did not take the received snapshot: drop it.
    if (!this.#applier.isHeld && inputs.some(({ kind }) => kind === "snapshotReceived")) this.#ports.snapshots.settle(false);
    this.#writer.write();
    const appliesMore = this.#raft.status.commitIndex > this.#appliedIndex && !this.#applier.mustWait;
    if (appliesMore || this.#renewals.ready) this.#turnSoon();
  }

  #collectProposals(inputs: Input[]): void {
    for (const { leaseIds, deadlineMs, settle } of this.#renewals.take(this.#ports.clock.monotonicMs())) {
      const command = this.commands.encode({ request: null, body: { kind: "leaseRenew", leaseIds } });
      this.#proposals.add({ command, deadlineMs, settle });
    }
    // Without a leader they wait here; the core would only refuse them.
    if (this.#raft.status.leaderId === null || !this.#proposals.waiting) return;
    for (const proposals of this.#proposals.take(this.#options.forwardBytesMax))
      inputs.push({ kind: "proposed", epoch: this.#proposals.epoch, proposals });
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        this.#ports.network.send(effect.message);
        return;
      case "persist":
        if (effect.snapshot !== undefined) this.#beginInstall(effect.snapshot);
        this.#writer.order(effect);
        return;
      case "apply":
        this.#applier.add(effect.entries);
        return;
      case "readReady":
        this.#reads.ready(effect.readId, effect.index, this.#appliedIndex);
        // More inputs may have arrived meanwhile.
        this.#turnSoon();
        return;
      case "readDropped":
        this.#reads.dropped(effect.readId);
        return;
      case "proposalsPlaced":
        this.#proposals.placed(effect.sequences, effect.term);
        return;
      case "proposalsRefused":
        this.#proposals.refused(effect.sequences, { reason: effect.reason, max: refusalMax(effect.reason, this.#options.raft) });
        return;
      case "barrierReached":
        this.#proposals.barrierReached(effect, this.#appliedIndex);
        this.#turnSoon();
        return;
      case "membershipChanged":
        this.#ports.network.setPeers(peersOf(this.#raft.status));
        return;
      case "roleChanged":
        this.#transfers.roleChanged(effect);
        this.#proposals.roleChanged(effect);
        this.#reads.roleChanged(effect);
        this.#events.onRoleChanged(effect);
        // Proposals that waited for a leader go on.
        this.#turnSoon();
        return;
      case "membershipAccepted":
      case "membershipRefused":
        this.#changes.answered(effect);
        return;
      case "sendSnapshot":
        this.#sendSnapshot(effect.to);
        return;
      case "messageRefused":
      case "logConflict":
      case "ceilingReached":
        this.#events.onProtocolFault(effect);
        return;
      default:
        unreachable(effect);
    }
  }

  /** Applies a portion of what waits; returns whether it did. */
  #applyNext(): boolean {
    const applied = this.#applier.next();
    if (applied.length === 0) this.#writer.flush();
    this.#logWeight.add(applied.map(({ entry }) => entry));
    for (const { entry, outcome, batches } of applied) {
      this.#noteApplied(entry);
      const { payload } = entry;
      // First the end of the command, then its changes: a caller that continues after the end misses none of them.
      if (payload.kind === "command" && payload.id.runId === this.#options.raft.runId && outcome !== undefined) {
        this.#proposals.applied(payload.id.sequence, outcome);
      }
      if (batches.length > 0) this.#events.onBatches(batches);
      this.#changes.applied(entry);
      if (payload.kind === "membership" && payload.membership.removed.includes(this.#options.raft.id)) this.#events.onRemoved();
    }
    this.#inputs.push({ kind: "applied", index: this.#appliedIndex });
    this.#proposals.appliedTo(this.#appliedIndex);
    this.#reads.applied(this.#appliedIndex);
    this.#revisionWaits.reached(readMeta(this.#tables).revision);
    // Each entry ends a portion of what is due: the next one must not wait for a tick.
    if (leavesBacklog(this.#raft, this.#tables)) this.#input({ kind: "clockEntryWanted" });
    return applied.length > 0;
  }

  #noteApplied({ index, term }: Entry): void {
    this.#appliedIndex = index;
    this.appliedAtMs = this.#raft.status.monotonicMs;
    if (term === this.#appliedTerm) return;
    this.#appliedTerm = term;
    this.#proposals.termApplied(term);
    if (this.#proposals.waiting) this.#turnSoon();
  }

  /** Sends the state on disk; the entries after it follow from the log once it has arrived. */
  #sendSnapshot(to: NodeId): void {
    const meta = this.#raft.snapshotMetaAt(this.#writer.durableAppliedIndex);
    this.#sends.begin({ to, term: this.#raft.status.currentTerm, meta }, this.#ports.snapshots, (input) => this.#input(input));
  }

  #beginInstall({ lastIncludedTerm }: SnapshotMeta): void {
    this.#applier.hold();
    // The outcome of proposals whose entries are part of the snapshot is unknown; later proposals come after it.
    this.#proposals.stateReplaced(lastIncludedTerm);
  }

  #installed(snapshot: SnapshotMeta): void {
    this.#appliedIndex = snapshot.lastIncludedIndex;
    this.#appliedTerm = snapshot.lastIncludedTerm;
    this.#gate.checkState(this.#tables);
    this.#changes.replaced(snapshot.lastIncludedIndex);
    this.#ports.snapshots.settle(true);
    this.#events.onStateReplaced();
    this.#applier.release();
    this.#reads.applied(this.#appliedIndex);
    this.#revisionWaits.reached(readMeta(this.#tables).revision);
    this.#proposals.appliedTo(this.#appliedIndex);
    this.#turnSoon();
  }

  /** Where to cut the log now. Not while its state is being replaced. */
  #compaction(): SnapshotMeta | undefined {
    if (this.#applier.isHeld) return undefined;
    const index = compactionIndex(this.#raft, this.#options, {
      durableAppliedIndex: this.#writer.durableAppliedIndex,
      sending: this.#sends.indexes,
      weight: this.#logWeight,
    });
    return index === undefined ? undefined : this.#raft.snapshotMetaAt(index);
  }
}
