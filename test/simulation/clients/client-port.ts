/**
 * This file is the way from a simulated client to a node and back: it takes time, loses requests and answers, and breaks
 * when the process at the other end goes. What a client learns is one of four things, as with the real API.
 */

import { openAt } from "../../../api/watch/watch-stream.ts";
import { unreachable } from "../../../src/base/assert.ts";
import type { Result } from "../../../src/base/result.ts";
import type { Answers, CommandBody, Refusal } from "../../../src/machine/command.ts";
import type { Revision } from "../../../src/machine/types.ts";
import type { KeyholdService, ServiceError, StorePosition, Watch, WatchSnapshot } from "../../../src/node/service.ts";
import { toLogIndex } from "../../../src/raft/types.ts";
import type { Report } from "../checks/finding.ts";
import type { RandomStream } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { SimNode } from "../world/sim-node.ts";
import { RestPort, type RestValue } from "./rest-port.ts";

/** The end of a call, as its client sees it. */
export type ClientAnswer<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  /** `isRounded`: the wire does not show all of it. */
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly isRounded?: true }
  /** This attempt certainly did nothing. */
  | { readonly kind: "notDone" }
  | { readonly kind: "unknown" };

/** The node that is called, the request id, and the time that the call may take. */
export type CallOptions = { readonly node: number; readonly requestId: string | null; readonly timeoutMs: number };

/** What a client asked for under a name, with what it had seen before. */
export type NamedRequest = { readonly body: CommandBody; readonly requestId: string };

/** Where nodes are to be found. */
type Place = {
  readonly nodes: readonly SimNode[];
  /** The machine at the address of a node. */
  readonly machineAt: (node: number) => SimNode | undefined;
  /** How likely a request, or its answer, is lost. */
  readonly loss: () => number;
};

const delayMsMean = 1;
/** Named requests that are remembered, to be made again elsewhere. */
const namedMax = 10;

type BodyOf<Kind extends CommandBody["kind"]> = Extract<CommandBody, { readonly kind: Kind }>;

/** Said once: a reason of its own would be made with a stack for each call. */
const hungUpReason = "hung up";

/** A wait begins when its command is answered; and its timer runs on at the old rate when that of the clock changes, by up to four. */
const waitsMax = 6;

/** Carries the calls of all clients of a run. */
export class ClientPort {
  readonly #counts = { crowds: 0, revisionsReached: 0, calls: 0, unknown: 0, notDone: 0 };
  readonly #scheduler: Scheduler;
  readonly #random: RandomStream;
  readonly #report: Report;
  readonly #rest: RestPort | null = null;
  #place: Place = { nodes: [], machineAt: () => undefined, loss: () => 0 };
  /** Which of the clusters that were made at these addresses it is, and the one in which each store was first seen. */
  #incarnation = 0;
  #recognized: string | null = null;
  readonly #incarnationOf = new Map<string, number>();
  readonly #named: NamedRequest[] = [];
  /** The newest revision that any client was told of. */
  newestRevision = 0;
  /** The newest position that any node has shown, and the one that each named request began with. */
  #seen: StorePosition | null = null;
  readonly #sinceOf = new Map<string, StorePosition | null>();

  /** `rest`: by the API of the nodes instead of their services. */
  constructor(world: { readonly scheduler: Scheduler; readonly random: RandomStream; readonly rest: boolean }, report: Report) {
    if (world.rest) this.#rest = new RestPort({ ...world, report, look: (position) => this.#look(position) });
    this.#scheduler = world.scheduler;
    this.#random = world.random;
    this.#report = report;
  }

  get counts(): Readonly<Record<string, number>> {
    return { ...this.#counts, ...this.#rest?.counts };
  }

  /** From now on the nodes are those; what was seen of others stays seen. */
  goTo(place: Place): void {
    this.#place = place;
    this.newestRevision = 0;
    this.#recognized = null;
    this.#incarnation++;
  }

  /** Some of the newest requests that have a name and began after a store was seen. */
  get named(): readonly NamedRequest[] {
    return this.#named.slice();
  }

  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  get nodeCount(): number {
    return this.#place.nodes.length;
  }

  /** The machine at the address of a node. */
  machineAt(node: number): SimNode | undefined {
    return this.#place.machineAt(node);
  }

  /** How likely a request, or its answer, is lost now. */
  get loss(): number {
    return this.#place.loss();
  }

  after(delayMs: number, run: () => void): void {
    this.#scheduler.after(delayMs, run);
  }

  /** A command; `done` is called once, at the latest a little after `timeoutMs`. */
  execute<Kind extends CommandBody["kind"]>(
    body: BodyOf<Kind>,
    options: CallOptions,
    done: (answer: ClientAnswer<Answers[Kind]>) => void,
  ): void {
    const { requestId, timeoutMs } = options;
    const since = this.#begin(requestId);
    if (requestId !== null && since !== null) this.#keep({ body, requestId });
    this.#call(options, done, (node, reply) => {
      if (this.#rest !== null)
        return this.#rest.execute(node, body, { requestId, since, holdMs: timeoutMs, signal: null }, reply);
      node.call(
        { what: body.kind, withinMs: timeoutMs },
        (service) => this.#lookAt(service).execute<Kind>(body, { requestId, since, timeoutMs }),
        (result) => reply(answerOf(result)),
      );
    });
  }

  /** Clients that take leases and are never heard of again. */
  crowd(
    { leases, ttlMs, spreadMs }: { readonly leases: number; readonly ttlMs: number; readonly spreadMs: number },
    random: RandomStream,
  ): void {
    this.#counts.crowds++;
    const body = { kind: "leaseGrant", ttlMs, owner: null } as const;
    // All that come at once come to one node, and begin with the same entry's time.
    const one = random.integer(0, this.nodeCount - 1);
    for (let left = leases; left > 0; left--) {
      const node = spreadMs === 0 ? one : random.integer(0, this.nodeCount - 1);
      const call = (): void => this.execute<"leaseGrant">(body, { node, requestId: null, timeoutMs: 2000 }, () => undefined);
      this.after(random.between(0, spreadMs), call);
    }
  }

  /** Waits in the queue, through this node, until the call times out; the client hangs up then. */
  acquire(body: BodyOf<"lockAcquire">, options: CallOptions, done: (answer: ClientAnswer<Answers["lockAcquire"]>) => void): void {
    const { requestId, timeoutMs } = options;
    const since = this.#begin(requestId);
    const hangUp = new AbortController();
    const hungUp = (answer: ClientAnswer<Answers["lockAcquire"]>): void => {
      // Some machines die without a word, and the node waits on for nobody.
      if (!this.#random.chance(0.3)) hangUp.abort(hungUpReason);
      this.#scheduler.promised();
      done(answer);
    };
    const { signal } = hangUp;
    this.#call(options, hungUp, (node, reply) => {
      if (this.#rest !== null)
        return this.#rest.execute<"lockAcquire">(node, body, { requestId, since, holdMs: timeoutMs, signal }, reply);
      node.call(
        { what: body.kind, withinMs: waitsMax * timeoutMs },
        (service) => this.#lookAt(service).acquire(body, { requestId, since, timeoutMs, holdMs: timeoutMs, signal }),
        (result) => reply(answerOf(result)),
      );
    });
  }

  /** A read of one key; linearizable unless `stale`. `revision` is where the node stood when a stale read was served. */
  get(
    key: string,
    options: CallOptions & { readonly stale: boolean; readonly minRevision: Revision | null },
    done: (answer: ClientAnswer<RestValue>) => void,
  ): void {
    const { timeoutMs, stale, minRevision } = options;
    this.#call(options, done, (node, reply) => {
      if (this.#rest !== null)
        return this.#rest.get(node, key, options, (answer) => {
          if (answer.kind === "ok" && minRevision !== null) this.#checkReached(node, minRevision, answer.value.revision);
          reply(answer);
        });
      let revision = 0;
      node.call(
        { what: "a read", withinMs: timeoutMs },
        (service) => {
          const consistency = stale ? "stale" : "linearizable";
          const answer = service.read({ kind: "config", key, revision: null }, { consistency, minRevision, timeoutMs });
          // A stale read is answered at once, unless it waits for a revision; then it is judged by that.
          revision = service.position().revision;
          return answer;
        },
        (result) => {
          const reached = node.process?.service.position().revision ?? minRevision ?? 0;
          if (result.ok && minRevision !== null) this.#checkReached(node, minRevision, reached);
          reply(result.ok ? { kind: "ok", value: { entry: result.value, revision } } : { kind: "notDone" });
        },
      );
    });
  }

  /** A read that waited for a revision was answered just now, from what the node has applied. */
  #checkReached({ id }: SimNode, wanted: Revision, revision: number): void {
    this.#counts.revisionsReached++;
    if (revision < wanted)
      this.#report("waits for a revision", `a read from revision ${wanted} on was answered by ${id} at ${revision}`);
  }

  /** Opens a watch at a node as the API does; `onGone` is called when the node dies. */
  openWatch(
    node: number,
    options: Parameters<typeof openAt>[1] & { readonly twin: boolean },
    onGone: () => void,
  ):
    | {
        readonly kind: "open";
        readonly watch: Watch;
        readonly snapshot: WatchSnapshot | null;
        /** A second reader of the same snapshot, if one was asked for. */
        readonly twin: WatchSnapshot | null;
        readonly appliedIndex: number;
        readonly storeId: string;
      }
    | { readonly kind: "down" }
    | { readonly kind: "refused"; readonly why: string; readonly revision: number } {
    const process = this.#place.machineAt(node)?.process ?? null;
    if (process === null) return { kind: "down" };
    const { storeId, revision: present, appliedIndex } = process.service.position();
    const opened = openAt(process.service, options);
    if (!opened.ok) {
      const { error } = opened;
      return { kind: "refused", why: error.kind, revision: error.kind === "compacted" ? error.compactRevision : present };
    }
    process.onGone.add(onGone);
    const { watch, snapshot } = opened.value;
    const twin = snapshot !== null && options.twin ? process.service.openSnapshot(options.targets) : null;
    return { kind: "open", watch, snapshot, twin: twin?.ok === true ? twin.value : null, appliedIndex, storeId };
  }

  /** The revision of a node; 0 when it is down. */
  revisionAt(node: number): number {
    return this.#place.machineAt(node)?.process?.service.position().revision ?? 0;
  }

  /** What was seen before the first attempt of a request; null when that was nothing. */
  #begin(requestId: string | null): StorePosition | null {
    if (requestId === null) return null;
    const known = this.#sinceOf.get(requestId);
    const since = known === undefined ? this.#seen : known;
    this.#sinceOf.set(requestId, since);
    return since;
  }

  #keep(request: NamedRequest): void {
    if (this.#named.push(request) > namedMax) this.#named.shift();
  }

  /** What is seen of one store under an id is never that of another one. */
  #recognize(storeId: string): void {
    this.#recognized = storeId;
    const known = this.#incarnationOf.get(storeId) ?? this.#incarnation;
    this.#incarnationOf.set(storeId, known);
    if (known !== this.#incarnation) this.#report("one store an id", `${storeId} is that of a cluster that was wiped`);
  }

  /** Sees where the node stands. */
  #lookAt<Service extends Pick<KeyholdService, "position">>(service: Service): Service {
    const { storeId, appliedIndex: index } = service.position();
    this.#look({ storeId, index });
    return service;
  }

  #look({ storeId, index }: { readonly storeId: string; readonly index: number }): void {
    if (storeId !== this.#recognized && storeId !== "") this.#recognize(storeId);
    const isNewer = storeId !== this.#seen?.storeId || index > this.#seen.index;
    // A node that is in no cluster yet has no store.
    if (isNewer && storeId !== "") this.#seen = { storeId, index: toLogIndex(index) };
  }

  /** One exchange. The client's own patience is a little longer than what it grants the node. */
  #call<Value>(
    options: CallOptions,
    done: (answer: ClientAnswer<Value>) => void,
    serve: (node: SimNode, reply: (answer: ClientAnswer<Value>) => void) => void,
  ): void {
    this.#counts.calls++;
    let open = true;
    const end = (outcome: ClientAnswer<Value>): void => {
      if (!open) return;
      open = false;
      if (outcome.kind === "unknown") this.#counts.unknown++;
      else if (outcome.kind === "notDone") this.#counts.notDone++;
      done(outcome);
    };
    this.after(options.timeoutMs * 1.2 + 50, () => end({ kind: "unknown" }));
    const loses = (): boolean => this.#random.chance(this.#place.loss());
    if (loses()) return;
    this.after(this.#random.exponential(delayMsMean), () => {
      const node = this.#place.machineAt(options.node);
      const process = node?.process ?? null;
      if (node === undefined || process === null) return end({ kind: "notDone" });
      const gone = (): void => this.after(this.#random.exponential(delayMsMean), () => end({ kind: "unknown" }));
      process.onGone.add(gone);
      node.later(0, () =>
        serve(node, (outcome) => {
          process.onGone.delete(gone);
          if (!loses()) this.after(this.#random.exponential(delayMsMean), () => end(outcome));
        }),
      );
    });
  }
}

function answerOf<Value>(result: Result<Value, ServiceError>): ClientAnswer<Value> {
  if (result.ok) return { kind: "ok", value: result.value };
  const { error } = result;
  switch (error.kind) {
    case "outcomeUnknown":
    case "requestForgotten":
      return { kind: "unknown" };
    case "noLeader":
    case "overloaded":
    case "shuttingDown":
    case "upgradeInProgress":
    case "recovering":
    case "revisionNotReached":
    case "compacted":
    case "futureRevision":
      return { kind: "notDone" };
    case "revisionMismatch":
    case "keyNotFound":
    case "requestMismatch":
    case "limitReached":
    case "quotaExceeded":
    case "leaseNotFound":
    case "lockHeld":
    case "alreadyHeld":
    case "waitTimeout":
    case "leaseGone":
    case "waitCancelled":
    case "notHolder":
    case "ticketNotFound":
      return { kind: "refused", refusal: error };
    default:
      return unreachable(error);
  }
}
