/**
 * This file is one connected client of the watch gateway: its watches, its leases, and its bounds. Every message
 * is checked against the document first; a client may leave out any acknowledgement callback.
 */
import { err, type Result } from "../../src/base/result.ts";
import { toRevision, type WatchTarget } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import type { ContractFault, Schemas } from "../contract/contract.ts";
import { invalidByContract, invalidRequest, type Problem, problemShape, serviceProblem } from "../contract/problem.ts";
import type { SendBudget, Waiting } from "../send-budget.ts";
import { answerAfterMs } from "../time-limit.ts";
import type { InboundShare } from "./inbound-backlog.ts";
import { type InboundMessage, InboundQueue } from "./inbound-queue.ts";
import type { LockNotices } from "./lock-notices.ts";
import type { Slices, Worker } from "./slices.ts";
import type { SocketOutlet } from "./socket-outlet.ts";
import type { TargetSet, TargetSets } from "./target-sets.ts";
import type { WatchWriter } from "./watch-messages.ts";
import { allLeaseIds, faultText, limitEnd, targetsMax, watchIdIn } from "./watch-requests.ts";
import { closeOpened, endOf, type OpenedWatch, openAt, type WatchEnd, WatchStream } from "./watch-stream.ts";

/** What all sessions of a node share. */
export type SessionHost = {
  readonly context: ApiContext;
  readonly writer: WatchWriter;
  readonly targets: TargetSets;
  /** Gives sockets with work their turns. */
  readonly slices: Slices;
  readonly budget: SendBudget;
  readonly notices: LockNotices;
  readonly checks: MessageChecks;
  /** Open watches of the node, over all sockets. */
  watchCount: number;
  /** Monotonic. */
  nowMs(): number;
};

/** The checks of client messages, compiled from the document. */
export type MessageChecks = {
  readonly open: (value: unknown) => Result<Schemas["WatchOpen"], ContractFault>;
  readonly ack: (value: unknown) => Result<Schemas["WatchAck"], ContractFault>;
  readonly close: (value: unknown) => Result<Schemas["WatchClose"], ContractFault>;
  readonly keepalive: (value: unknown) => Result<Schemas["LeaseKeepalive"], ContractFault>;
};

/** The socket of a session. */
export type SessionSocket = {
  readonly outlet: SocketOutlet;
  readonly share: InboundShare;
  /** Whether what the client sends is read. */
  setReading(reading: boolean): void;
  /** Called with an unexpected error that ends the connection. */
  failed(error: unknown): void;
  /** Called with an unexpected error that ends one watch. */
  watchFailed(error: unknown): void;
};

/** A watch that is being opened and waits for its revision. */
type Opening = {
  readonly watchId: string;
  readonly reply: (ack: Schemas["WatchOpenAck"]) => void;
  /** Answered already, and not to be started. */
  isOver: boolean;
};
type OpenStream = { readonly stream: WatchStream; readonly targets: TargetSet };

/** One connected client, from its connection to `dispose`. */
export class WatchSession implements Worker, Waiting {
  readonly #host: SessionHost;
  readonly #socket: SessionSocket;
  readonly #outlet: SocketOutlet;
  readonly #streams = new Map<string, OpenStream>();
  /** Streams that may have something to send, in the order of their turns. */
  readonly #streamsToServe = new Set<WatchStream>();
  /** Also those that are over, until their wait is: they count against the bounds as long as it goes on. */
  readonly #opening = new Set<Opening>();
  readonly #inbound: InboundQueue;
  #tickDue = false;
  #closed = false;

  constructor(host: SessionHost, socket: SessionSocket) {
    this.#host = host;
    this.#socket = socket;
    this.#outlet = socket.outlet;
    const { inboundMessagesMax: messagesMax, messageBytesMax: bytesMax } = host.context.limits.watch;
    this.#inbound = new InboundQueue({
      share: socket.share,
      messagesMax,
      bytesMax,
      setReading: (reading) => socket.setReading(reading),
      onReady: () => host.slices.add(this),
    });
  }

  /** Queues a message until this client's turn. */
  receive(message: InboundMessage): void {
    this.#inbound.push(message);
  }

  /** A turn: some messages of the client, and one large message to it. */
  serve(nowMs: number): boolean {
    if (this.#closed) return false;
    try {
      const endMs = nowMs + this.#host.context.limits.watch.sliceMs;
      this.#inbound.look(() => this.#host.nowMs() >= endMs);
      if (this.#tickDue) this.#tick(nowMs);
      const sendsMore = this.#sendNext(nowMs);
      return !this.#closed && (this.#inbound.isReady || sendsMore);
    } catch (error) {
      this.#socket.failed(error);
      return false;
    } finally {
      // A socket that waited for room and needs none passes it on.
      this.#host.budget.callNext();
    }
  }

  /** The kernel took everything: more can be sent. */
  outletIdle(): void {
    if (this.#streamsToServe.size > 0) this.#host.slices.add(this);
  }

  roomAgain(): void {
    this.#host.slices.add(this);
  }

  /** True when there is more to send, and it can be sent now. */
  #sendNext(nowMs: number): boolean {
    const [stream] = this.#streamsToServe;
    // `outletIdle` continues.
    if (stream === undefined || !this.#outlet.idle) return false;
    if (!this.#host.budget.hasRoom) {
      this.#host.budget.wait(this);
      return false;
    }
    this.#streamsToServe.delete(stream);
    try {
      if (stream.step(nowMs)) this.#streamsToServe.add(stream);
    } catch (error) {
      this.#socket.watchFailed(error);
      stream.fail({ code: "internal", detail: "This node failed to read what the watch selects; the error is in its log." });
    }
    return this.#streamsToServe.size > 0 && this.#outlet.idle;
  }

  #feed(stream: WatchStream): void {
    this.#streamsToServe.add(stream);
    if (this.#outlet.idle) this.#host.slices.add(this);
  }

  /** Sends `hello`, the first message of a connection, with this node's position and limits. */
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
    const { limits } = this.#host.context;
    const refusal = this.#refusalOf(checked.value);
    if (refusal !== null) {
      this.#refuse(watchId, refusal, reply);
      return;
    }
    const targets = this.#host.targets.take(checked.value.targets);
    if (targets === undefined) {
      this.#refuse(watchId, limitEnd("watchTargetCharacters", limits.watch.targetCharactersMax), reply);
      return;
    }
    const opening: Opening = { watchId, reply, isOver: false };
    this.#opening.add(opening);
    this.#host.watchCount += 1;
    const opened = await this.#openWhenReached(checked.value, targets.targets);
    this.#opening.delete(opening);
    if (opened.ok && !this.#closed && !opening.isOver) {
      this.#start(checked.value, { opened: opened.value, targets }, reply);
      return;
    }
    this.#host.watchCount -= 1;
    this.#host.targets.release(targets);
    if (opened.ok) closeOpened(opened.value);
    else if (!opening.isOver) this.#refuse(watchId, opened.error, reply);
  }

  /** `watch:ack`. A malformed or outdated one is ignored. */
  acknowledge(message: unknown): void {
    const checked = this.#host.checks.ack(message);
    if (!checked.ok) return;
    const nowMs = this.#host.nowMs();
    this.#streams.get(checked.value.watchId)?.stream.acknowledge(checked.value.seq, nowMs);
    // The credit of the socket is shared: another watch may be waiting for what this one returned.
    for (const { stream } of this.#streams.values()) if (stream.blockedFor(0, nowMs)) this.#feed(stream);
  }

  /** `watch:close`. */
  close(message: unknown, reply: (ack: Schemas["WatchCloseAck"]) => void): void {
    const checked = this.#host.checks.close(message);
    if (checked.ok) {
      const { watchId } = checked.value;
      this.#streams.get(watchId)?.stream.close();
      this.#forget(watchId);
      const detail = "This watch was closed before it was open.";
      for (const opening of this.#opening) {
        if (opening.watchId === watchId) this.#endOpening(opening, { code: "invalid_request", detail });
      }
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
    // Before the renewal, so that no later change is missed.
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

  /** Called about once a second: at its next turn, ends watches that do not keep up, and sends progress on idle ones. */
  tick(): void {
    if (this.#streams.size === 0) return;
    this.#tickDue = true;
    this.#host.slices.add(this);
  }

  #tick(nowMs: number): void {
    this.#tickDue = false;
    const { slowConsumerMs } = this.#host.context.limits.watch;
    const streams = [...this.#streams.values()].map(({ stream }) => stream);
    if (streams.some((stream) => stream.blockedFor(slowConsumerMs, nowMs))) {
      const detail = `Nothing was acknowledged for ${slowConsumerMs} ms; open again from the revision after the last one received.`;
      for (const stream of streams) if (stream.silentFor(slowConsumerMs, nowMs)) stream.fail({ code: "slow_consumer", detail });
    }
    if (!this.#outlet.idle) return;
    for (const { stream } of this.#streams.values()) stream.reportProgress(nowMs);
  }

  /** The node is stopping: ends all watches with `shutting_down`. */
  shutDown(): void {
    this.#failAll({ code: "shutting_down", detail: "This node is shutting down; continue at another one." });
  }

  /** The client reads nothing: ends all watches; it sees that only if it reads again. */
  giveUp(): void {
    this.#failAll({ code: "slow_consumer", detail: "This socket does not read what is sent to it." });
  }

  /** The client is gone. */
  dispose(): void {
    this.#closed = true;
    for (const [watchId, { stream }] of [...this.#streams]) {
      stream.close();
      this.#forget(watchId);
    }
    this.#inbound.close();
    this.#host.slices.remove(this);
    this.#host.budget.forget(this);
    this.#host.notices.unregisterAll(this.#outlet);
    this.#outlet.close();
  }

  #failAll(end: WatchEnd): void {
    for (const { stream } of [...this.#streams.values()]) stream.fail(end);
    for (const opening of this.#opening) this.#endOpening(opening, end);
  }

  #endOpening(opening: Opening, end: WatchEnd): void {
    if (opening.isOver) return;
    opening.isOver = true;
    this.#refuse(opening.watchId, end, opening.reply);
  }

  #start(
    request: Schemas["WatchOpen"],
    { opened, targets }: { readonly opened: OpenedWatch; readonly targets: TargetSet },
    reply: (ack: Schemas["WatchOpenAck"]) => void,
  ): void {
    const { watchId } = request;
    const { context, writer } = this.#host;
    const stream = new WatchStream(
      {
        watchId,
        targets,
        watch: opened.watch,
        snapshot: opened.snapshot,
        outlet: this.#outlet,
        writer,
        limits: context.limits.watch,
        present: () => context.service.position().revision,
        onEnd: () => this.#forget(watchId),
      },
      this.#host.nowMs(),
    );
    this.#streams.set(watchId, { stream, targets });
    reply({ ok: true, startRevision: opened.startRevision });
    this.#feed(stream);
  }

  #forget(watchId: string): void {
    const found = this.#streams.get(watchId);
    if (found === undefined) return;
    this.#streams.delete(watchId);
    this.#streamsToServe.delete(found.stream);
    this.#host.targets.release(found.targets);
    this.#host.watchCount -= 1;
  }

  /** Opens; when this node has not reached the revision yet, as after a change of nodes, waits a while for it. */
  async #openWhenReached(request: Schemas["WatchOpen"], targets: readonly WatchTarget[]): Promise<Result<OpenedWatch, WatchEnd>> {
    const { service, limits } = this.#host.context;
    const from = typeof request.from === "object" ? request.from.revision : request.from;
    const onReady = (): void => {
      const found = this.#streams.get(request.watchId);
      if (found !== undefined) this.#feed(found.stream);
    };
    const open = () => openAt(service, { targets, storeId: request.storeId ?? null, from, onReady });
    let opened = open();
    if (typeof from === "number" && !opened.ok && opened.error.kind === "futureRevision") {
      const timeoutMs = answerAfterMs(request.timeoutMs, limits.watch.futureWaitMs);
      await service.whenReached(toRevision(from - 1), { timeoutMs });
      opened = open();
    }
    return opened.ok ? opened : err(endOf(opened.error));
  }

  #refusalOf(request: Schemas["WatchOpen"]): WatchEnd | null {
    const { limits, closing } = this.#host.context;
    if (closing()) return { code: "shutting_down", detail: "This node is shutting down; go on at another one." };
    const isOpening = [...this.#opening].some(({ watchId, isOver }) => watchId === request.watchId && !isOver);
    if (this.#streams.has(request.watchId) || isOpening) {
      return { code: "invalid_request", detail: "A watch with this watchId is open on this socket." };
    }
    const { watchesPerSocketMax, watchesMax } = limits.watch;
    if (this.#streams.size + this.#opening.size >= watchesPerSocketMax) return limitEnd("watchesPerSocket", watchesPerSocketMax);
    if (this.#host.watchCount >= watchesMax) return limitEnd("watchesPerNode", watchesMax);
    return null;
  }

  #refuse(watchId: string, end: WatchEnd, reply: (ack: Schemas["WatchOpenAck"]) => void): void {
    reply({ ok: false, error: { watchId, ...end } });
  }
}
