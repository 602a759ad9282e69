/**
 * This file is one connected client of the watch gateway: its watches, its leases, what it may still open. Every message
 * is checked against the document first; a client may leave out any acknowledgement callback.
 */
import { err, ok, type Result } from "../src/base/result.ts";
import { type LeaseId, toRevision } from "../src/node/service.ts";
import type { ApiContext } from "./context.ts";
import type { ContractFault, Schemas } from "./contract.ts";
import { leaseIdOf } from "./lease-routes.ts";
import type { LockNotices } from "./lock-notices.ts";
import { invalidByContract, invalidRequest, type Problem, problemShape, serviceProblem } from "./problem.ts";
import type { BatchWriter } from "./watch-messages.ts";
import { endOf, type OpenedWatch, type Outlet, openAt, type WatchEnd, WatchStream } from "./watch-stream.ts";

/** What all sessions of a node share. */
export type SessionHost = {
  readonly context: ApiContext;
  readonly batches: BatchWriter;
  readonly notices: LockNotices;
  readonly checks: MessageChecks;
  /** Open watches of the node, over all sockets. */
  watchCount: number;
  /** Monotonic. */
  nowMs(): number;
};

export type MessageChecks = {
  readonly open: (value: unknown) => Result<Schemas["WatchOpen"], ContractFault>;
  readonly ack: (value: unknown) => Result<Schemas["WatchAck"], ContractFault>;
  readonly close: (value: unknown) => Result<Schemas["WatchClose"], ContractFault>;
  readonly keepalive: (value: unknown) => Result<Schemas["LeaseKeepalive"], ContractFault>;
};

/** Targets of one watch; the document says the same. */
export const targetsMax = 100;

export class WatchSession {
  readonly #host: SessionHost;
  readonly #outlet: Outlet;
  readonly #streams = new Map<string, WatchStream>();
  /** Ids that are being opened and wait for their revision. */
  readonly #opening = new Set<string>();
  #closed = false;

  constructor(host: SessionHost, send: (event: string, json: string) => void) {
    this.#host = host;
    this.#outlet = { send, unacknowledged: 0 };
  }

  /** Says where this node stands; the first message of a connection. */
  greet(): void {
    const { service, limits } = this.#host.context;
    const { storeId, nodeId, term, revision } = service.position();
    const hello: Schemas["Hello"] = {
      storeId,
      node: nodeId,
      term,
      revision,
      compactRevision: service.status().compactRevision,
      limits: {
        watchesMax: limits.watch.watchesPerSocketMax,
        targetsMax,
        unackedMax: limits.watch.windowPackets,
        messageBytesMax: limits.watch.packetBytesMax,
        progressMs: limits.watch.progressIntervalMs,
      },
    };
    this.#outlet.send("hello", JSON.stringify(hello));
  }

  /** `watch:open`. `reply` is called before the first message of the watch. */
  async open(message: unknown, reply: (ack: Schemas["WatchOpenAck"]) => void): Promise<void> {
    const checked = this.#host.checks.open(message);
    if (!checked.ok) {
      this.#refuse(watchIdIn(message), { code: "invalid_request", detail: faultText(checked.error) }, reply);
      return;
    }
    const { watchId } = checked.value;
    const refusal = this.#refusalOf(checked.value);
    if (refusal !== null) {
      this.#refuse(watchId, refusal, reply);
      return;
    }
    this.#opening.add(watchId);
    const opened = await this.#openWhenReached(checked.value);
    this.#opening.delete(watchId);
    if (!opened.ok) {
      this.#refuse(watchId, opened.error, reply);
      return;
    }
    if (this.#closed) {
      opened.value.watch.close();
      return;
    }
    this.#start(checked.value, opened.value, reply);
  }

  /** `watch:ack`. A malformed or outdated one gives no credit, and that is all. */
  acknowledge(message: unknown): void {
    const checked = this.#host.checks.ack(message);
    if (!checked.ok) return;
    const nowMs = this.#host.nowMs();
    this.#streams.get(checked.value.watchId)?.acknowledge(checked.value.seq, nowMs);
    // The credit of the socket is shared: what one watch gives back another may be waiting for.
    for (const stream of this.#streams.values()) if (stream.blockedFor(0, nowMs)) stream.pump(nowMs);
  }

  /** `watch:close`. */
  close(message: unknown, reply: (ack: Schemas["WatchCloseAck"]) => void): void {
    const checked = this.#host.checks.close(message);
    if (checked.ok) {
      this.#streams.get(checked.value.watchId)?.close();
      this.#forget(checked.value.watchId);
    }
    reply({ ok: true });
  }

  /** `lease:keepalive`. */
  async keepalive(message: unknown, reply: (ack: object) => void): Promise<void> {
    const { context, checks, notices } = this.#host;
    const refuse = (problem: Problem): void => reply({ ok: false, error: problemShape(problem) });
    const checked = checks.keepalive(message);
    if (!checked.ok) {
      refuse(invalidByContract(checked.error));
      return;
    }
    const parsed = allLeaseIds(checked.value.leaseIds);
    if (!parsed.ok) {
      refuse(parsed.error);
      return;
    }
    const leaseIds = parsed.value;
    const max = context.limits.watch.leasesPerSocketMax;
    const newOnes = leaseIds.filter((leaseId) => !notices.has(leaseId, this.#outlet));
    if (notices.count(this.#outlet) + newOnes.length > max) {
      refuse(invalidRequest(`One socket keeps at most ${max} leases alive.`, "/leaseIds"));
      return;
    }
    // Before the renewal, so that nothing that follows it is missed.
    for (const leaseId of leaseIds) notices.register(leaseId, this.#outlet);
    const renewed = await context.service.execute<"leaseRenew">(
      { kind: "leaseRenew", leaseIds },
      { requestId: null, timeoutMs: context.limits.requestTimeoutMs },
    );
    if (this.#closed) {
      notices.unregisterAll(this.#outlet);
      return;
    }
    if (!renewed.ok) {
      refuse(serviceProblem(renewed.error, context.service.position().revision));
      return;
    }
    for (const { leaseId, ttlMs } of renewed.value.renewals) if (ttlMs === null) notices.unregister(leaseId, this.#outlet);
    reply({ ok: true, renewals: renewed.value.renewals });
  }

  /** Called about once a second: ends who does not keep up, and lets the silent know where they are. */
  tick(): void {
    const nowMs = this.#host.nowMs();
    const { slowConsumerMs } = this.#host.context.limits.watch;
    const streams = [...this.#streams.values()];
    if (streams.some((stream) => stream.blockedFor(slowConsumerMs, nowMs))) {
      const detail = `Nothing was acknowledged for ${slowConsumerMs} ms; open again from the revision after the last one received.`;
      for (const stream of streams) if (stream.silentFor(slowConsumerMs, nowMs)) stream.fail({ code: "slow_consumer", detail });
    }
    for (const stream of this.#streams.values()) stream.reportProgress(nowMs);
  }

  /** The node is going away. */
  shutDown(): void {
    for (const stream of [...this.#streams.values()]) {
      stream.fail({ code: "shutting_down", detail: "This node is shutting down; go on at another one." });
    }
  }

  /** The client is gone. */
  dispose(): void {
    this.#closed = true;
    for (const [watchId, stream] of [...this.#streams]) {
      stream.close();
      this.#forget(watchId);
    }
    this.#host.notices.unregisterAll(this.#outlet);
  }

  #start(request: Schemas["WatchOpen"], opened: OpenedWatch, reply: (ack: Schemas["WatchOpenAck"]) => void): void {
    const { watchId, targets } = request;
    const { context, batches } = this.#host;
    const stream = new WatchStream(
      {
        watchId,
        targets,
        watch: opened.watch,
        snapshot: opened.snapshot,
        outlet: this.#outlet,
        batches,
        limits: context.limits.watch,
        present: () => context.service.position().revision,
        onEnd: () => this.#forget(watchId),
      },
      this.#host.nowMs(),
    );
    this.#streams.set(watchId, stream);
    this.#host.watchCount += 1;
    reply({ ok: true, startRevision: opened.startRevision });
    stream.pump(this.#host.nowMs());
  }

  #forget(watchId: string): void {
    if (this.#streams.delete(watchId)) this.#host.watchCount -= 1;
  }

  /** Opens; when this node has not reached the revision yet, as after a change of nodes, waits a while for it. */
  async #openWhenReached(request: Schemas["WatchOpen"]): Promise<Result<OpenedWatch, WatchEnd>> {
    const { service, limits } = this.#host.context;
    const from = typeof request.from === "object" ? request.from.revision : request.from;
    const onReady = (): void => this.#streams.get(request.watchId)?.pump(this.#host.nowMs());
    const attempt = (): Result<OpenedWatch, WatchEnd> => {
      const opened = openAt(service, { targets: request.targets, from, onReady });
      if (opened.ok) return opened;
      const end = endOf(opened.error);
      return err(end.code === "future_revision" ? { ...end, revision: service.position().revision } : end);
    };
    if (typeof from === "number" && from > service.position().revision + 1) {
      // Any query will do: what matters is that the answer waits for the revision.
      await service.read(
        { kind: "lock", name: "-", queueLimit: 0 },
        { consistency: "stale", minRevision: toRevision(from - 1), timeoutMs: limits.watch.futureWaitMs },
      );
    }
    return attempt();
  }

  #refusalOf(request: Schemas["WatchOpen"]): WatchEnd | null {
    const { service, limits, closing } = this.#host.context;
    if (closing()) return { code: "shutting_down", detail: "This node is shutting down; go on at another one." };
    if (this.#streams.has(request.watchId) || this.#opening.has(request.watchId)) {
      return { code: "invalid_request", detail: "A watch with this watchId is open on this socket." };
    }
    const { watchesPerSocketMax, watchesMax } = limits.watch;
    if (this.#streams.size + this.#opening.size >= watchesPerSocketMax) return limitEnd("watchesPerSocket", watchesPerSocketMax);
    if (this.#host.watchCount >= watchesMax) return limitEnd("watchesPerNode", watchesMax);
    const { storeId } = service.position();
    if (request.storeId !== undefined && request.storeId !== storeId) {
      return { code: "store_changed", detail: "Revisions of another store mean nothing here; open from a snapshot.", storeId };
    }
    return null;
  }

  #refuse(watchId: string, end: WatchEnd, reply: (ack: Schemas["WatchOpenAck"]) => void): void {
    reply({ ok: false, error: { watchId, ...end } });
  }
}

function allLeaseIds(texts: readonly string[]): Result<readonly LeaseId[], Problem> {
  const leaseIds: LeaseId[] = [];
  for (const text of texts) {
    const leaseId = leaseIdOf(text);
    if (!leaseId.ok) return leaseId;
    leaseIds.push(leaseId.value);
  }
  return ok(leaseIds);
}

function limitEnd(limit: string, max: number): WatchEnd {
  return { code: "limit_reached", detail: `${limit} is bounded by ${max}.`, limit, max };
}

/** The watchId of a message that is otherwise wrong, as far as it can be told. */
function watchIdIn(message: unknown): string {
  const watchId = typeof message === "object" && message !== null ? (message as { watchId?: unknown }).watchId : undefined;
  return typeof watchId === "string" && watchId.length > 0 && watchId.length <= 64 ? watchId : "unknown";
}

function faultText(fault: ContractFault): string {
  return `${fault.path === "" ? "The message" : fault.path} ${fault.message}.`;
}
