/**
 * This file is the way of programs with the SDK to the nodes: requests that are lost, or late, answers that are lost, connections that
 * are refused, reset, or die without a word. What passes is the production's own request and answer, as bytes.
 */
import type { SdkOptions } from "../faults/sdk-faults.ts";
import type { RandomStream } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { SdkProcess } from "./sdk-process.ts";
import type { SdkSocket } from "./sdk-socket.ts";

/** What becomes of one thing that is sent, and after how long. */
export type Passage =
  | { readonly kind: "arrives"; readonly delayMs: number }
  /** The sender learns of it when `noticed`. */
  | { readonly kind: "lost"; readonly noticed: boolean };

/** What the way needs of a run. */
export type SdkNetworkWorld = {
  readonly scheduler: Scheduler;
  readonly random: RandomStream;
  readonly options: SdkOptions;
  /** The machine at the address of a node; undefined where there is none. */
  readonly machineAt: (node: number) => SimNode | undefined;
};

/** The way of all machines with the SDK to all nodes. */
export class SdkNetwork {
  readonly counts = {
    requests: 0,
    refused: 0,
    reset: 0,
    answersLost: 0,
    late: 0,
    hungUp: 0,
    sockets: 0,
    socketsBroken: 0,
  };
  readonly scheduler: Scheduler;
  readonly random: RandomStream;
  /** Those that a node still has. */
  readonly sockets = new Set<SdkSocket>();
  readonly #world: SdkNetworkWorld;
  readonly #cuts = new Map<string, number>();
  #calm = false;

  constructor(world: SdkNetworkWorld) {
    this.#world = world;
    this.scheduler = world.scheduler;
    this.random = world.random;
  }

  get calm(): boolean {
    return this.#calm;
  }

  /** Nothing is lost or late any more. */
  calmDown(): void {
    this.#calm = true;
    this.#cuts.clear();
  }

  get socketMsMean(): number {
    return this.#world.options.socketMsMean;
  }

  cut({ machine, node, durationMs }: { readonly machine: number; readonly node: number; readonly durationMs: number }): void {
    const untilMs = this.scheduler.nowMs + durationMs;
    const key = `${machine} ${node}`;
    this.#cuts.set(key, Math.max(untilMs, this.#cuts.get(key) ?? 0));
  }

  nodeAt(index: number): SimNode | undefined {
    return this.#world.machineAt(index);
  }

  /** A delay of what is not lost. */
  delayMs(): number {
    return this.random.exponential(this.#calm ? 1 : this.#world.options.delayMsMean);
  }

  /** What becomes of something between a machine and a node, either way. */
  passage(machine: number, node: number): Passage {
    const { options } = this.#world;
    if (this.#calm) return { kind: "arrives", delayMs: this.delayMs() };
    const { nowMs } = this.scheduler;
    const cutUntilMs = Math.max(this.#cuts.get(`${machine} ${node}`) ?? 0, this.#cuts.get(`${machine} -1`) ?? 0);
    if (cutUntilMs > nowMs) {
      // What the kernel sends again arrives when the way is free, whether or not somebody still waits for it.
      if (this.random.chance(0.5)) return { kind: "lost", noticed: false };
      return { kind: "arrives", delayMs: cutUntilMs - nowMs + this.delayMs() };
    }
    if (this.random.chance(options.loss)) return { kind: "lost", noticed: this.random.chance(0.5) };
    if (this.random.chance(options.late)) {
      this.counts.late++;
      return { kind: "arrives", delayMs: this.random.magnitude(10, options.lateMsMax) };
    }
    return { kind: "arrives", delayMs: this.delayMs() };
  }

  /** Sends a request from `process`; settles as `fetch` does, unless the process is gone by then. */
  fetch(process: SdkProcess, request: Request): Promise<Response> {
    this.counts.requests++;
    return new Promise((resolve, reject) => {
      const exchange: Exchange = { open: true, hangUp: new AbortController(), request };
      const { signal } = request;
      const finish = (act: () => void): void =>
        process.run(() => {
          if (!exchange.open) return;
          exchange.open = false;
          process.requests.delete(exchange);
          act();
        });
      const fail = (code: string): void => finish(() => reject(networkError(code)));
      const abort = (): void => {
        exchange.open = false;
        process.requests.delete(exchange);
        this.hangUp(exchange);
        reject(signal.reason);
      };
      if (signal.aborted) return abort();
      signal.addEventListener("abort", () => exchange.open && abort(), { once: true });
      process.requests.add(exchange);
      const send = (body: ArrayBuffer | null): void => {
        if (exchange.open)
          this.#send({ process, request, body, exchange, answered: (answer) => finish(() => resolve(answer())), fail });
      };
      if (request.body === null) send(null);
      else void request.arrayBuffer().then(send);
    });
  }

  /** The client does not wait any more, and its node hears of that, or not. */
  hangUp({ hangUp }: Exchange): void {
    if (this.random.chance(0.3) && !this.#calm) return;
    this.counts.hungUp++;
    this.scheduler.after(this.delayMs(), () => {
      this.scheduler.touched();
      hangUp.abort();
    });
  }

  #send(sending: Sending): void {
    const { process, request, exchange, fail } = sending;
    const index = nodeOf(request.url);
    const machine = process.machine.number;
    const way = this.passage(machine, index);
    if (way.kind === "lost") {
      if (way.noticed) this.scheduler.after(this.delayMs(), () => fail("ECONNRESET"));
      return;
    }
    this.scheduler.after(way.delayMs, () => {
      const node = this.nodeAt(index);
      const running = node?.process ?? null;
      if (node === undefined || running === null) {
        this.counts.refused++;
        this.scheduler.after(this.delayMs(), () => fail("ECONNREFUSED"));
        return;
      }
      const gone = (): void => {
        this.counts.reset++;
        if (this.#calm || this.random.chance(0.7)) this.scheduler.after(this.delayMs(), () => fail("ECONNRESET"));
      };
      running.onGone.add(gone);
      node.later(0, () => {
        this.scheduler.touched();
        const { method, headers, url } = request;
        const received = new Request(url, { method, headers, body: sending.body, signal: exchange.hangUp.signal });
        running.api
          .fetch(received)
          .then(async (response) => {
            const body = await response.arrayBuffer();
            running.onGone.delete(gone);
            this.#answer(sending, { status: response.status, headers: [...response.headers], body });
          })
          .catch(gone);
      });
    });
  }

  #answer({ process, request, answered, fail }: Sending, answer: Answer): void {
    const way = this.passage(process.machine.number, nodeOf(request.url));
    if (way.kind === "arrives") {
      const { status, headers, body } = answer;
      const hasBody = ![204, 205, 304].includes(status);
      this.scheduler.after(way.delayMs, () => answered(() => new Response(hasBody ? body : null, { status, headers })));
      return;
    }
    this.counts.answersLost++;
    if (way.noticed) this.scheduler.after(this.delayMs(), () => fail("ECONNRESET"));
  }
}

type Answer = { readonly status: number; readonly headers: [string, string][]; readonly body: ArrayBuffer };

/** One request under way. `hangUp` fires at the node. */
export type Exchange = {
  open: boolean;
  readonly hangUp: AbortController;
  /** Held for as long as it is under way, as `fetch` does: the platform's request hears of its signal only while somebody holds it. */
  readonly request: Request;
};

type Sending = {
  readonly process: SdkProcess;
  readonly request: Request;
  readonly body: ArrayBuffer | null;
  readonly exchange: Exchange;
  readonly answered: (answer: () => Response) => void;
  readonly fail: (code: string) => void;
};

/** The number of the node that a URL of `addressOf` names. */
export function nodeOf(url: string): number {
  return Number(new URL(url).hostname.slice(1));
}

/** As Node's fetch rejects. */
function networkError(code: string): Error {
  return new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) });
}
