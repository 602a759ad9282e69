/**
 * This file is a running node: the driver with its clocks and timers, behind the service that the API calls (DECISIONS 39).
 */
import { own } from "../base/own.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { WatchTarget } from "../machine/change.ts";
import type { Answers, CommandBody, OutcomeOf } from "../machine/command.ts";
import { readChanges } from "../machine/config/change-log.ts";
import type { Query, QueryAnswers, QueryRefusal } from "../machine/query.ts";
import { measuredAnswer } from "../machine/reads/answer.ts";
import { readMeta } from "../machine/state/meta.ts";
import type { Revision } from "../machine/types.ts";
import { membersOf } from "../raft/index.ts";
import type { MemberAddress, Membership, MembershipChange, Message, NodeId, Role, SnapshotMeta, Term } from "../raft/types.ts";
import { contained } from "./contained.ts";
import { Driver } from "./driver.ts";
import type { DriverEvents, DriverOptions, DriverPorts, ProtocolFault } from "./driver-options.ts";
import { type Gate, gatesOf, leaving, weightOf } from "./gate.ts";
import { type GenesisView, genesisOf, instanceOf, isRemoved } from "./members/genesis.ts";
import { loggedInstances } from "./members/logged-instances.ts";
import { type ChangeEnd, refusalHere } from "./members/membership-changes.ts";
import { SelfPublication } from "./members/self-publication.ts";
import type { TransferEnd } from "./members/transfers.ts";
import type { Snapshots, Timers } from "./ports.ts";
import type {
  KeyholdService,
  NodeStatus,
  Position,
  ReadOptions,
  ServiceError,
  Watch,
  WatchOptions,
  WatchRefusal,
  WatchSnapshot,
  WriteOptions,
} from "./service.ts";
import type { SnapshotTransfer } from "./snapshots/snapshot-transfer.ts";
import { stalenessMs, statusOf } from "./status.ts";
import { AnswerQueue, answerWeightOf, type NotMade, readKindOf, refusalOf } from "./waits/answer-queue.ts";
import type { ReadEnd } from "./waits/reads.ts";
import { type TicketEnd, TicketWaits } from "./waits/ticket-waits.ts";
import { WatchHub } from "./watches/watch-hub.ts";
import { openSnapshot } from "./watches/watch-snapshot.ts";
import { type ProposalEnd, resultOf } from "./writes/proposals.ts";
import { softwareVersion } from "./writes/version-gate.ts";

/** How often the publication is checked: often enough that an upgrade goes on at once, rarely enough to cost nothing. */
const ticksPerPublication = 10;
/** Deadline of one publication; after it the node publishes again. */
const publicationMsMax = 5000;

/** The settings of one node. `tickMs` is the real length of a tick. */
export type NodeOptions = {
  readonly driver: DriverOptions;
  readonly clusterId: string;
  readonly recentBatchesMax: number;
  readonly recentBytesMax: number;
  /** The instance that the node publishes; null publishes nothing. */
  readonly instanceId: string | null;
  /** Bytes of state that its map can hold. */
  readonly stateBytesMax: number;
};

/** A node's world. `realTime` is the clock, turns and timers of a process; the simulator has its own. */
export type NodePorts = Pick<DriverPorts, "disk" | "network" | "clock" | "turns"> & {
  readonly timers: Timers;
  readonly snapshots: Snapshots & Pick<SnapshotTransfer, "progress">;
};

/** What a node reports to the process that runs it. Called at most once each: `onRemoved`, `onForeignInstance`, `onFatal`. */
export type NodeEvents = {
  readonly onRoleChanged: (told: { readonly role: Role; readonly term: Term; readonly leaderId: NodeId | null }) => void;
  readonly onRemoved: () => void;
  /** This node's id belongs to another data folder, so this one replaced one that was lost. It must stop. */
  readonly onForeignInstance: () => void;
  /** A message was refused; see `DriverEvents`. */
  readonly onProtocolFault: (fault: ProtocolFault) => void;
  /** The work for one client threw: it gets no answer, and the node goes on. This is an error of ours, to be logged. */
  readonly onRequestFailed: (error: unknown) => void;
  /** The node has stopped after a violated invariant or a failed write; the process should end. */
  readonly onFatal: (error: unknown) => void;
};

/** Owns its timers, which `stop` ends. Disk and network are closed by their opener. */
export class KeyholdNode implements KeyholdService {
  readonly #options: NodeOptions;
  readonly #events: NodeEvents;
  readonly #driver: Driver;
  readonly #hub: WatchHub;
  readonly #ports: NodePorts;
  readonly #tickets = new TicketWaits();
  readonly #answers: AnswerQueue;
  /** Writes without an end, and reads without an answer, whatever each waits for. */
  readonly #writes: Gate;
  readonly #reads: Gate;
  readonly #publication: SelfPublication | undefined;
  #stopTicking: () => void = () => undefined;
  #ticks = 0;

  constructor(options: NodeOptions, ports: NodePorts, events: NodeEvents) {
    this.#options = options;
    this.#events = events;
    this.#ports = ports;
    this.#answers = new AnswerQueue(ports);
    [this.#writes, this.#reads] = gatesOf(options.driver);
    const driverEvents: DriverEvents = {
      ...events,
      onBatches: (batches) => {
        this.#tickets.publish(batches);
        this.#hub.publish(batches);
      },
      onStateReplaced: () => {
        this.#tickets.stateReplaced();
        this.#hub.stateReplaced();
      },
    };
    this.#driver = new Driver(options.driver, ports, driverEvents);
    const { tables } = this.#driver;
    this.#hub = new WatchHub({
      changeLog: {
        revision: () => readMeta(tables).revision,
        read: (after, limits) => readChanges(tables, { after, ...limits }),
      },
      recentBatchesMax: options.recentBatchesMax,
      recentBytesMax: options.recentBytesMax,
      soon: (task) => ports.turns.soon(task),
    });
    this.#publication = this.#publicationOf(options, events);
  }

  start(): void {
    this.#driver.start();
    this.#stopTicking = this.#ports.timers.every(this.#options.driver.raft.tickMs, () => this.#tick());
  }

  /**
   * Everything that waits ends with `shuttingDown`, or `outcomeUnknown` where that is the truth; a client in the queue of
   * a lock is told so, and can go on waiting at another node.
   */
  stop(): void {
    this.#stopTicking();
    this.#answers.close();
    this.#tickets.close();
    this.#driver.stop();
  }

  /** Takes a message. Returns null, or why it is malformed, without its values: its sender is faulty. */
  receive(message: Message): string | null {
    return this.#driver.receive(message);
  }

  /** Committed entries that held no readable command and were skipped (DECISIONS 27). Should always be 0. */
  get skippedEntries(): number {
    return this.#driver.commands.skipped;
  }

  snapshotReceived(received: { readonly from: NodeId; readonly term: Term; readonly snapshot: SnapshotMeta }): void {
    this.#driver.snapshotReceived(received);
  }

  unreachable(peer: NodeId): void {
    this.#driver.unreachable(peer);
  }

  execute<Kind extends CommandBody["kind"]>(
    command: Extract<CommandBody, { readonly kind: Kind }>,
    options: WriteOptions,
  ): Promise<Result<Answers[Kind], ServiceError>> {
    const entered = this.#writes.enter(weightOf(command));
    if (!entered.ok) return Promise.resolve(entered);
    return new Promise((settled, failed) => {
      const [resolve, reject] = [leaving(entered.value, settled), leaving(entered.value, failed)];
      // Apply answers each command with the outcome of its own kind.
      const settle = (end: ProposalEnd) =>
        this.#answers.give(
          contained(() => resolve(resultOf(end) as Result<Answers[Kind], ServiceError>), reject),
          answerWeightOf(command),
        );
      contained(() => this.#propose(command, options, settle), reject)();
    });
  }

  acquire(
    command: Extract<CommandBody, { readonly kind: "lockAcquire" }>,
    options: WriteOptions & { readonly holdMs: number; readonly signal: AbortSignal },
  ): Promise<Result<Answers["lockAcquire"], ServiceError>> {
    const endsByMs = this.#nowMs() + options.timeoutMs + options.holdMs;
    const entered = this.#writes.enter(weightOf(command));
    if (!entered.ok) return Promise.resolve(entered);
    return new Promise((settled, failed) => {
      const [resolve, reject] = [leaving(entered.value, settled), leaving(entered.value, failed)];
      const settle = (end: ProposalEnd) => {
        const result = resultOf(end) as OutcomeOf<"lockAcquire"> | Result<never, ServiceError>;
        const give = (given: Result<Answers["lockAcquire"], ServiceError>) => this.#answers.give(() => resolve(given));
        if (!result.ok || result.value.kind === "granted") return give(result);
        // Waits in a queue are bounded by the length of the queue.
        entered.value();
        // In the same call, before anything that follows the enqueueing is published: the grant cannot be missed.
        this.#awaitTicket(command, { ...options, endsByMs, queued: result.value }, give);
      };
      contained(() => this.#propose(command, options, contained(settle, reject)), reject)();
    });
  }

  read<Kind extends Query["kind"]>(
    query: Extract<Query, { readonly kind: Kind }>,
    options: ReadOptions,
  ): Promise<Result<QueryAnswers[Kind], ServiceError>> {
    const deadlineMs = this.#nowMs() + options.timeoutMs;
    const entered = this.#reads.enter(0);
    if (!entered.ok) return Promise.resolve(entered);
    return new Promise((settled, failed) => {
      const [resolve, reject] = [leaving(entered.value, settled), leaving(entered.value, failed)];
      // An error in one request ends that request, not the node.
      const give = (call: () => void) => this.#answers.give(contained(call, reject));
      const drop = (why: NotMade) => resolve(err(refusalOf(why, options)));
      const wait = { kind: readKindOf(query), deadlineMs, isWanted: options.isWanted, drop };
      const serve = (call: () => void) => this.#answers.serve({ ...wait, make: contained(call, reject) });
      const answer = () => resolve(this.#answerOf<Kind>(query));
      const serveConsistently = contained(() => {
        const answerStale = () => (this.#isRecovering ? resolve(err({ kind: "recovering" })) : answer());
        if (options.consistency === "stale") return serve(answerStale);
        // The read may be served from any later state, too.
        const settle = (end: ReadEnd) => (end.kind === "ready" ? serve(answer) : give(() => resolve(err(end))));
        this.#driver.readIndex({ deadlineMs, settle });
      }, reject);
      const { minRevision } = options;
      if (minRevision === null) return serveConsistently();
      const notReached = () =>
        resolve(err({ kind: "revisionNotReached", wanted: minRevision, actual: this.position().revision }));
      const settle = (reached: boolean) => (reached ? serveConsistently() : give(notReached));
      this.#driver.whenRevision({ revision: minRevision, deadlineMs, settle });
    });
  }

  changeMembership(change: MembershipChange, options: { readonly timeoutMs: number }): Promise<ChangeEnd> {
    const refusal = refusalHere(this.#driver.raft, this.#driver.tables, change);
    if (refusal !== undefined) return Promise.resolve({ kind: "refused", refusal });
    const deadlineMs = this.#nowMs() + options.timeoutMs;
    return new Promise((settle) => this.#driver.changeMembership({ change, deadlineMs, settle }));
  }

  transferLeadership(to: NodeId | null, options: { readonly timeoutMs: number }): Promise<TransferEnd> {
    const deadlineMs = this.#nowMs() + options.timeoutMs;
    return new Promise((settle) => this.#driver.transferLeadership({ to, deadlineMs, settle }));
  }

  openWatch(options: WatchOptions): Result<Watch, WatchRefusal> {
    const { onReady, storeId = null } = options;
    const present = readMeta(this.#driver.tables).storeId;
    if (this.#isRecovering) return err({ kind: "recovering" });
    if (storeId !== null && storeId !== present) return err({ kind: "storeChanged", storeId: present });
    // Called from a timer: an error would end the process.
    return this.#hub.open({ ...options, onReady: contained(onReady, this.#events.onRequestFailed) });
  }

  openSnapshot(targets: readonly WatchTarget[]): Result<WatchSnapshot, WatchRefusal> {
    return this.#isRecovering ? err({ kind: "recovering" }) : ok(openSnapshot(this.#driver.tables, targets));
  }

  whenReached(revision: Revision, options: { readonly timeoutMs: number }): Promise<boolean> {
    const counted = this.#reads.enter(0);
    if (!counted.ok) return Promise.resolve(false);
    const deadlineMs = this.#nowMs() + options.timeoutMs;
    return new Promise((settled) => this.#driver.whenRevision({ revision, deadlineMs, settle: leaving(counted.value, settled) }));
  }

  position(): Position {
    const { revision, storeId, appliedIndex } = readMeta(this.#driver.tables);
    const { raft } = this.#driver;
    const staleMs = stalenessMs(raft.status, this.#nowMs());
    return { nodeId: raft.options.id, revision, term: raft.status.currentTerm, storeId, appliedIndex, stalenessMs: staleMs };
  }

  /** What a joining node is answered; undefined while nothing is applied here. */
  genesis(): GenesisView | undefined {
    const view = genesisOf(this.#driver.tables);
    if (view === undefined) return undefined;
    return { ...view, instances: { ...Object.fromEntries(loggedInstances(this.#driver)), ...view.instances } };
  }

  /** The data folder of `id`, from the applied state or the log after it; undefined when neither has one. */
  instanceOf(id: NodeId): string | undefined {
    return instanceOf(this.#driver.tables, id) ?? loggedInstances(this.#driver).get(id);
  }

  /** The membership in force here. */
  membership(): Membership {
    return this.#driver.raft.status.membership;
  }

  /** Whether `id` is a member, by the membership in force here. */
  isMember(id: NodeId): boolean {
    return membersOf(this.membership()).includes(id);
  }

  /** Whether `id` was a member once. */
  isRemoved(id: NodeId): boolean {
    return isRemoved(this.#driver.tables, id);
  }

  /** Where others reach this node, by the membership in force; undefined when it is not in it. */
  ownAddress(): MemberAddress | undefined {
    return own(this.#driver.raft.status.membership.addresses, this.#options.driver.raft.id);
  }

  status(): NodeStatus {
    const { sending: snapshotsSending, receiving: snapshotReceiving } = this.#ports.snapshots.progress();
    const counts = { pendingProposals: this.#writes.count, pendingReads: this.#reads.count, watches: this.#hub.count };
    return statusOf(this.#driver, { clusterId: this.#options.clusterId, ...counts, snapshotsSending, snapshotReceiving });
  }

  /** The inside of this node, read only: the core's state and the newest applied state. */
  get inside(): Pick<Driver, "raft" | "tables" | "appliedIndex"> {
    return this.#driver;
  }

  /** Answers from the present state, and charges the answer queue for the work that will follow. */
  #answerOf<Kind extends Query["kind"]>(
    query: Extract<Query, { readonly kind: Kind }>,
  ): Result<QueryAnswers[Kind], QueryRefusal> {
    const elapsedMs = Math.max(0, this.#nowMs() - this.#driver.appliedAtMs);
    const { result, cost } = measuredAnswer<Kind>(this.#driver.tables, query, elapsedMs);
    this.#answers.charge(cost);
    return result;
  }

  #nowMs(): number {
    return this.#ports.clock.monotonicMs();
  }

  /** Whether this node may have lost applied state: then only linearizable reads are served. */
  get #isRecovering(): boolean {
    return this.#driver.raft.status.lostLog !== null;
  }

  #publicationOf(options: NodeOptions, events: NodeEvents): SelfPublication | undefined {
    if (options.instanceId === null) return undefined;
    const { supported: version } = options.driver.software ?? softwareVersion;
    return new SelfPublication(
      { id: options.driver.raft.id, instanceId: options.instanceId, version, stateBytesMax: options.stateBytesMax },
      {
        tables: this.#driver.tables,
        // The node's own command does not count at the gate of its clients.
        publish: (self) =>
          new Promise((resolve) => {
            const body: CommandBody = { kind: "memberHello", ...self };
            const deadlineMs = this.#nowMs() + publicationMsMax;
            this.#driver.propose({ body, request: null, deadlineMs, settle: () => resolve() });
          }),
        onForeignInstance: events.onForeignInstance,
      },
    );
  }

  #tick(): void {
    this.#driver.tick();
    this.#answers.expire(this.#nowMs());
    this.#tickets.renewDue(this.#ports.clock.monotonicMs(), (leaseIds, deadlineMs) =>
      // A failed renewal is tried again within the TTL.
      this.#driver.propose({ body: { kind: "leaseRenew", leaseIds }, request: null, deadlineMs, settle: () => undefined }),
    );
    if (++this.#ticks % ticksPerPublication === 0) this.#publication?.check();
  }

  #propose(body: CommandBody, options: WriteOptions, settle: (end: ProposalEnd) => void): void {
    const { requestId, timeoutMs, since = null } = options;
    const request = requestId === null ? null : { id: requestId, since };
    this.#driver.propose({ body, request, deadlineMs: this.#nowMs() + timeoutMs, settle });
  }

  #awaitTicket(
    command: Extract<CommandBody, { readonly kind: "lockAcquire" }>,
    wait: {
      readonly holdMs: number;
      /** Monotonic. A process that stood still before the wait began does not wait longer for that. */
      readonly endsByMs: number;
      readonly signal: AbortSignal;
      readonly queued: Extract<Answers["lockAcquire"], { kind: "queued" }>;
    },
    resolve: (result: Result<Answers["lockAcquire"], ServiceError>) => void,
  ): void {
    const { queued, signal } = wait;
    const holdMs = Math.max(0, Math.min(wait.holdMs, wait.endsByMs - this.#nowMs()));
    const { ticket, leaseId } = queued;
    const ownTtlMs = command.lease.kind === "own" ? queued.ttlMs : null;
    const end = (result: TicketEnd) => {
      cancelTimer();
      signal.removeEventListener("abort", giveUp);
      pending.cancel();
      resolve(result);
    };
    // Still in the queue, and staying there: only this wait is over.
    const giveUp = () => end(ok(queued));
    const cancelTimer = this.#ports.timers.after(holdMs, giveUp);
    const pending = this.#tickets.add({ name: command.name, ticket, leaseId, ownTtlMs }, end, giveUp);
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  }
}
