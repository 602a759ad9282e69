/**
 * This file is the API of one simulated process: the real one around its service, with REST and watches, and no sockets. What it says and is
 * told is what would be on the wire; how long that takes and what of it is lost is for the caller to play.
 */
import type { Assembly } from "../../../api/assembly.ts";
import { assembleApi } from "../../../api/assembly.ts";
import type { ApiLimits } from "../../../api/context.ts";
import { type Contract, createContract } from "../../../api/contract/contract.ts";
import type { Metrics } from "../../../api/metrics.ts";
import type { ApiPorts } from "../../../api/ports.ts";
import { InboundBacklog } from "../../../api/watch/inbound-backlog.ts";
import { createWatchClients, type WatchClients } from "../../../api/watch/watch-clients.ts";
import { document } from "../../../openapi/generated/document.ts";
import type { KeyholdService } from "../../../src/node/service.ts";
import { testLimits } from "../../api/limits.ts";
import { exchange, resetConnection } from "./memory-exchange.ts";
import { type SimSocket, type SocketOptions, SocketPair } from "./sim-socket.ts";

/** What the API of a process uses of its machine. */
export type SimApiWorld = {
  readonly service: KeyholdService;
  /** Of the process: nothing of them runs once it is gone. */
  readonly ports: ApiPorts;
  /** What clients call this node, `name:port`. */
  readonly hostName: string;
  /** Runs in the process, after what it is at; not at all once it is gone. */
  readonly later: (run: () => void) => void;
  /** Runs after `delayMs`, whatever became of the process. */
  readonly after: (delayMs: number, run: () => void) => void;
  readonly nowMs: () => number;
  readonly isAlive: () => boolean;
  /** Called when the process is gone. */
  readonly onGone: Set<() => void>;
  /** Something may go on in streams and callbacks that must have ended before the next thing happens. */
  readonly touched: () => void;
  readonly onInternalError: (error: unknown) => void;
};

/** So small that runs of a minute come to every bound. */
export const simApiLimits: ApiLimits = {
  ...testLimits,
  requestTimeoutMs: 2_000,
  acquireHoldMsMax: 20_000,
  watch: {
    ...testLimits.watch,
    windowPackets: 4,
    windowBytes: 4_000,
    packetBytesMax: 1_000,
    batchesPerPacketMax: 5,
    slowConsumerMs: 10_000,
    slowConsumerContendedMs: 2_000,
    progressIntervalMs: 2_000,
    futureWaitMs: 1_000,
  },
};

const nothing = (): void => undefined;
const noMetrics: Metrics = {
  addGauge: nothing,
  observeRequest: nothing,
  render: () => Promise.resolve({ contentType: "text/plain", text: "" }),
};
const noLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The document, compiled once for all nodes of all runs. */
let compiled: Contract | undefined;

type Opened = { readonly assembly: Assembly; readonly clients: WatchClients; readonly backlog: InboundBacklog };

/** The API of one process. */
export class SimApi {
  readonly #world: SimApiWorld;
  /** Made when the first client comes. */
  #opened: Opened | null = null;
  #exchanges = 0;
  readonly #sockets = new Set<SocketPair>();

  constructor(world: SimApiWorld) {
    this.#world = world;
  }

  /** Whether anything waits for this API, so that what its service settles goes on here. */
  get isBusy(): boolean {
    return this.#exchanges > 0 || this.#sockets.size > 0;
  }

  /**
   * Sends one request, and settles with the whole answer. Rejects as the platform's `fetch` does: with a TypeError when the process
   * is gone before it has answered, with the reason of the request's signal when that is dropped; the API sees its client leave then.
   */
  async fetch(request: Request): Promise<Response> {
    const { touched, later, isAlive, onGone } = this.#world;
    touched();
    const bytes = Buffer.from(await request.arrayBuffer());
    return new Promise((resolve, reject) => {
      if (!isAlive()) return reject(resetConnection());
      let hangUp = nothing;
      const end = (settle: () => void): void => {
        if (!onGone.delete(gone)) return;
        this.#exchanges -= 1;
        request.signal.removeEventListener("abort", aborted);
        touched();
        settle();
      };
      const gone = (): void => end(() => reject(resetConnection()));
      const aborted = (): void => {
        end(() => reject(request.signal.reason));
        later(() => {
          touched();
          hangUp();
        });
      };
      this.#exchanges += 1;
      onGone.add(gone);
      if (request.signal.aborted) return aborted();
      request.signal.addEventListener("abort", aborted);
      later(() => {
        touched();
        if (!onGone.has(gone)) return;
        hangUp = exchange(this.#open().assembly, { request, bytes }, (response) =>
          end(() => (response === null ? reject(resetConnection()) : resolve(response))),
        );
      });
    });
  }

  /** Connects a Socket.IO client. What is to be heard from the first message on must be bound in the same call. */
  connect(options: SocketOptions = {}): SimSocket {
    const { after, later, nowMs, isAlive, onGone, touched } = this.#world;
    const touching = (run: () => void) => (): void => {
      touched();
      run();
    };
    const pair: SocketPair = new SocketPair(
      {
        after: (delayMs, run) => after(delayMs, touching(run)),
        later: (run) => later(touching(run)),
        nowMs,
        isAlive,
        onEnd: () => {
          this.#sockets.delete(pair);
          onGone.delete(gone);
        },
      },
      options,
    );
    const gone = (): void => pair.break("transport close");
    if (!isAlive()) pair.break("transport error");
    else {
      this.#sockets.add(pair);
      onGone.add(gone);
      pair.open(() => {
        const { assembly, clients, backlog } = this.#open();
        return assembly.context.closing() ? null : { clients, backlog };
      });
    }
    return pair.client;
  }

  /** As at SIGTERM: nothing new is begun, and watches end with `shutting_down`. */
  shutDown(): void {
    if (this.#opened === null) return;
    this.#world.touched();
    this.#opened.assembly.beginClosing();
    this.#opened.clients.shutDown();
    for (const socket of [...this.#sockets]) socket.farewell();
  }

  #open(): Opened {
    if (this.#opened !== null) return this.#opened;
    const { service, ports, hostName, onInternalError } = this.#world;
    compiled ??= createContract(document);
    const assembly = assembleApi({
      service,
      ports,
      document,
      contract: compiled,
      metrics: noMetrics,
      logger: noLogger,
      limits: simApiLimits,
      hostNames: [hostName],
      noLeaderAdvice: () => undefined,
      onInternalError,
    });
    const { context } = assembly;
    this.#opened = {
      assembly,
      clients: createWatchClients(context),
      backlog: new InboundBacklog(context.limits.watch.backlogBytesMax, ports.turns.soon),
    };
    return this.#opened;
  }
}
