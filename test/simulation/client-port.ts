/**
 * This file is the way from a simulated client to a node and back: it takes time, loses requests and answers, and breaks
 * when the process at the other end goes. What a client learns is one of four things, as with the real API.
 */
import { answer } from "../../src/machine/answer.ts";
import type { Answers, CommandBody, Refusal } from "../../src/machine/command.ts";
import { readMeta } from "../../src/machine/meta.ts";
import type { ConfigEntry } from "../../src/machine/query.ts";
import { encodeCommand } from "../../src/node/command-codec.ts";
import type { ProposalEnd } from "../../src/node/proposals.ts";
import type { Watch, WatchOptions } from "../../src/node/service.ts";
import type { Process } from "./node-world.ts";
import type { RandomStream } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimNode } from "./sim-node.ts";
import { hashValue } from "./state-hash.ts";

export type ClientAnswer<Value> =
  | { readonly kind: "ok"; readonly value: Value }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** This attempt certainly did nothing. */
  | { readonly kind: "notDone" }
  | { readonly kind: "unknown" };

export type CallOptions = { readonly node: number; readonly requestId: string | null; readonly timeoutMs: number };

export type ClientPortOptions = { readonly loss: () => number; readonly delayMsMean: number };

type BodyOf<Kind extends CommandBody["kind"]> = Extract<CommandBody, { readonly kind: Kind }>;

export class ClientPort {
  readonly counts = { calls: 0, unknown: 0, notDone: 0 };
  readonly #scheduler: Scheduler;
  readonly #random: RandomStream;
  readonly #nodes: readonly SimNode[];
  readonly #options: ClientPortOptions;

  constructor(
    world: { readonly scheduler: Scheduler; readonly random: RandomStream; readonly nodes: readonly SimNode[] },
    options: ClientPortOptions,
  ) {
    this.#scheduler = world.scheduler;
    this.#random = world.random;
    this.#nodes = world.nodes;
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
    this.#call(options, done, (process, node, reply) => {
      process.driver.propose({
        ...this.#proposal(body, options, node),
        settle: (end) => reply(answerOf(end) as ClientAnswer<Answers[Kind]>),
      });
    });
  }

  /** As the service's acquire: waits in the queue, through this node, until the call times out. */
  acquire(body: BodyOf<"lockAcquire">, options: CallOptions, done: (answer: ClientAnswer<Answers["lockAcquire"]>) => void): void {
    this.#call(options, done, (process, node, reply) => {
      process.driver.propose({
        ...this.#proposal(body, options, node),
        settle: (end) => {
          const first = answerOf(end) as ClientAnswer<Answers["lockAcquire"]>;
          if (first.kind !== "ok" || first.value.kind === "granted") return reply(first);
          const leaseId = body.lease.kind === "existing" ? body.lease.leaseId : null;
          process.tickets.add({ name: body.name, ticket: first.value.ticket, leaseId }, (result) =>
            reply(result.ok ? { kind: "ok", value: result.value } : { kind: "refused", refusal: result.error }),
          );
        },
      });
    });
  }

  /** A read of one key; linearizable unless `stale`. */
  get(
    key: string,
    options: CallOptions & { readonly stale: boolean },
    done: (answer: ClientAnswer<{ readonly entry: ConfigEntry | null; readonly revision: number }>) => void,
  ): void {
    this.#call(options, done, (process, node, reply) => {
      const serve = (): void => {
        const { tables } = process.driver;
        const result = answer<"config">(tables, { kind: "config", key, revision: null });
        if (result.ok) reply({ kind: "ok", value: { entry: result.value, revision: readMeta(tables).revision } });
        else reply({ kind: "notDone" });
      };
      if (options.stale) return serve();
      process.driver.readIndex({
        deadlineMs: node.clock.monotonicMs() + options.timeoutMs,
        settle: (end) => (end.kind === "ready" ? serve() : reply({ kind: "notDone" })),
      });
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
    const process = this.#nodes[node]?.process ?? null;
    if (process === null) return { kind: "down" };
    const opened = process.hub.open(options);
    if (!opened.ok) {
      const revision = opened.error.kind === "compacted" ? opened.error.compactRevision : opened.error.revision;
      return { kind: "refused", why: opened.error.kind, revision };
    }
    process.onGone.add(onGone);
    return { kind: "open", watch: opened.value };
  }

  #proposal(body: CommandBody, options: CallOptions, node: SimNode) {
    const { requestId, timeoutMs } = options;
    const request =
      requestId === null
        ? null
        : { id: requestId, fingerprint: (hashValue(1, encodeCommand({ request: null, body })) >>> 0).toString(36) };
    return { body, request, deadlineMs: node.clock.monotonicMs() + timeoutMs };
  }

  /** One exchange. The client's own patience is a little longer than what it grants the node. */
  #call<Value>(
    options: CallOptions,
    done: (answer: ClientAnswer<Value>) => void,
    serve: (process: Process, node: SimNode, reply: (answer: ClientAnswer<Value>) => void) => void,
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
      const node = this.#nodes[options.node];
      const process = node?.process ?? null;
      if (node === undefined || process === null) return end({ kind: "notDone" });
      const gone = (): void => this.after(this.#random.exponential(this.#options.delayMsMean), () => end({ kind: "unknown" }));
      process.onGone.add(gone);
      node.later(0, () =>
        serve(process, node, (outcome) => {
          process.onGone.delete(gone);
          if (!loses()) this.after(this.#random.exponential(this.#options.delayMsMean), () => end(outcome));
        }),
      );
    });
  }
}

function answerOf(end: ProposalEnd): ClientAnswer<Answers[keyof Answers]> {
  switch (end.kind) {
    case "applied":
      return end.outcome.ok ? { kind: "ok", value: end.outcome.value } : { kind: "refused", refusal: end.outcome.error };
    case "outcomeUnknown":
      return { kind: "unknown" };
    default:
      return { kind: "notDone" };
  }
}
