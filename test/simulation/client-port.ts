/**
 * This file is the way from a simulated client to a node and back: it takes time, loses requests and answers, and breaks
 * when the process at the other end goes. What a client learns is one of four things, as with the real API.
 */
import type { Result } from "../../src/base/result.ts";
import type { Answers, CommandBody, Refusal } from "../../src/machine/command.ts";
import type { ConfigEntry } from "../../src/machine/query.ts";
import type { Revision } from "../../src/machine/types.ts";
import type { KeyholdService, ServiceError, StorePosition, Watch, WatchOptions } from "../../src/node/service.ts";
import type { RandomStream } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";

export type ClientAnswer<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** This attempt certainly did nothing. */
  | { readonly kind: "notDone" }
  | { readonly kind: "unknown" };

export type CallOptions = { readonly node: number; readonly requestId: string | null; readonly timeoutMs: number };

export type ClientPortOptions = { readonly loss: () => number; readonly delayMsMean: number };

type BodyOf<Kind extends CommandBody["kind"]> = Extract<CommandBody, { readonly kind: Kind }>;

/** Said once: a reason of its own would be made with a stack for each call. */
const hungUpReason = "hung up";

/** A wait begins when its command is answered; and its timer runs on at the old rate when that of the clock changes, by up to four. */
const waitsMax = 6;

export class ClientPort {
  readonly counts = { crowds: 0, calls: 0, unknown: 0, notDone: 0 };
  readonly #scheduler: Scheduler;
  readonly #random: RandomStream;
  readonly #nodes: readonly SimNode[];
  readonly #machineAt: (node: number) => SimNode | undefined;
  readonly #options: ClientPortOptions;
  /** The newest position that any node has shown, and the one that each named request began with. */
  #seen: StorePosition | null = null;
  readonly #sinceOf = new Map<string, StorePosition | null>();

  constructor(
    world: {
      readonly scheduler: Scheduler;
      readonly random: RandomStream;
      readonly nodes: readonly SimNode[];
      readonly machineAt: (node: number) => SimNode | undefined;
    },
    options: ClientPortOptions,
  ) {
    this.#scheduler = world.scheduler;
    this.#random = world.random;
    this.#nodes = world.nodes;
    this.#machineAt = world.machineAt;
    this.#options = options;
  }

  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  get nodeCount(): number {
    return this.#nodes.length;
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
    this.#call(options, done, (node, reply) =>
      node.call(
        { what: body.kind, withinMs: timeoutMs },
        (service) => this.#look(service).execute<Kind>(body, { requestId, since, timeoutMs }),
        (result) => reply(answerOf(result)),
      ),
    );
  }

  /** Clients that take leases and are never heard of again. */
  crowd(crowd: { readonly leases: number; readonly ttlMs: number }, random: RandomStream): void {
    this.counts.crowds++;
    const body = { kind: "leaseGrant", ttlMs: crowd.ttlMs, owner: null } as const;
    for (let left = crowd.leases; left > 0; left--) {
      const node = random.integer(0, this.nodeCount - 1);
      const call = (): void => this.execute<"leaseGrant">(body, { node, requestId: null, timeoutMs: 2000 }, () => undefined);
      this.after(random.between(0, 200), call);
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
    this.#call(options, hungUp, (node, reply) =>
      node.call(
        { what: body.kind, withinMs: waitsMax * timeoutMs },
        (service) => this.#look(service).acquire(body, { requestId, since, timeoutMs, holdMs: timeoutMs, signal: hangUp.signal }),
        (result) => reply(answerOf(result)),
      ),
    );
  }

  /** A read of one key; linearizable unless `stale`. `revision` is where the node stood when a stale read was served. */
  get(
    key: string,
    options: CallOptions & { readonly stale: boolean; readonly minRevision: Revision | null },
    done: (answer: ClientAnswer<{ readonly entry: ConfigEntry | null; readonly revision: number }>) => void,
  ): void {
    const { timeoutMs, stale, minRevision } = options;
    this.#call(options, done, (node, reply) => {
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
        (result) => reply(result.ok ? { kind: "ok", value: { entry: result.value, revision } } : { kind: "notDone" }),
      );
    });
  }

  /** Opens a watch at a node; null when it is down or refuses, with the refusal. `onGone` is called when the node dies. */
  openWatch(
    node: number,
    options: WatchOptions,
    onGone: () => void,
  ):
    | { readonly kind: "open"; readonly watch: Watch }
    | { readonly kind: "down" }
    | { readonly kind: "refused"; readonly why: string; readonly revision: number } {
    const process = this.#machineAt(node)?.process ?? null;
    if (process === null) return { kind: "down" };
    const opened = process.service.openWatch(options);
    if (!opened.ok) {
      const revision = opened.error.kind === "compacted" ? opened.error.compactRevision : opened.error.revision;
      return { kind: "refused", why: opened.error.kind, revision };
    }
    process.onGone.add(onGone);
    return { kind: "open", watch: opened.value };
  }

  /** What was seen before the first attempt of a request; null when that was nothing. */
  #begin(requestId: string | null): StorePosition | null {
    if (requestId === null) return null;
    const known = this.#sinceOf.get(requestId);
    const since = known === undefined ? this.#seen : known;
    this.#sinceOf.set(requestId, since);
    return since;
  }

  /** Sees where the node stands. */
  #look<Service extends Pick<KeyholdService, "position">>(service: Service): Service {
    const { storeId, appliedIndex } = service.position();
    const isNewer = storeId !== this.#seen?.storeId || appliedIndex > this.#seen.index;
    // A node that is in no cluster yet has no store.
    if (isNewer && storeId !== "") this.#seen = { storeId, index: appliedIndex };
    return service;
  }

  /** One exchange. The client's own patience is a little longer than what it grants the node. */
  #call<Value>(
    options: CallOptions,
    done: (answer: ClientAnswer<Value>) => void,
    serve: (node: SimNode, reply: (answer: ClientAnswer<Value>) => void) => void,
  ): void {
    this.counts.calls++;
    let open = true;
    const end = (outcome: ClientAnswer<Value>): void => {
      if (!open) return;
      open = false;
      if (outcome.kind === "unknown") this.counts.unknown++;
      else if (outcome.kind === "notDone") this.counts.notDone++;
      done(outcome);
    };
    this.after(options.timeoutMs * 1.2 + 50, () => end({ kind: "unknown" }));
    const loses = (): boolean => this.#random.chance(this.#options.loss());
    if (loses()) return;
    this.after(this.#random.exponential(this.#options.delayMsMean), () => {
      const node = this.#machineAt(options.node);
      const process = node?.process ?? null;
      if (node === undefined || process === null) return end({ kind: "notDone" });
      const gone = (): void => this.after(this.#random.exponential(this.#options.delayMsMean), () => end({ kind: "unknown" }));
      process.onGone.add(gone);
      node.later(0, () =>
        serve(node, (outcome) => {
          process.onGone.delete(gone);
          if (!loses()) this.after(this.#random.exponential(this.#options.delayMsMean), () => end(outcome));
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
    default:
      return { kind: "refused", refusal: error };
  }
}
