/**
 * This file is one simulated socket of a watch: what is sent arrives in order, each way, until the connection breaks. Then each side is
 * told, at once or by the silence of the other.
 */
import type { WatchSocket, WatchSocketOptions } from "../../../openapi/client/index.ts";
import type { SimSocket } from "../world/sim-socket.ts";
import { nodeOf, type SdkNetwork } from "./sdk-network.ts";
import type { SdkProcess } from "./sdk-process.ts";

/** Socket.IO gives up a connection that was silent for a ping interval and its timeout. */
const silenceMs = 45_000;

const eventNames = ["hello", "watch:snapshot", "watch:events", "watch:synced", "watch:progress", "watch:error"] as const;

/** Both sides of one connection. */
export class SdkSocket {
  readonly #network: SdkNetwork;
  readonly #process: SdkProcess;
  readonly #node: number;
  readonly #handlers = new Map<string, (payload: never) => void>();
  #onClose: (detail: string) => void = () => undefined;
  /** The side of the node, once it is connected. */
  #far: SimSocket | null = null;
  readonly #unsent: (() => void)[] = [];
  #lastUpMs = 0;
  #lastDownMs = 0;
  /** The client closed it, or was told that it is closed. */
  #over = false;
  #broken = false;
  #farClosed = false;

  constructor(network: SdkNetwork, process: SdkProcess, options: WatchSocketOptions) {
    this.#network = network;
    this.#process = process;
    this.#node = nodeOf(options.endpoint);
    network.counts.sockets++;
    process.sockets.add(this);
    this.#connect();
  }

  /** It is of no use any more, whether or not the client knows. */
  get broken(): boolean {
    return this.#broken;
  }

  /** What the SDK is given. */
  get near(): WatchSocket {
    return {
      emit: (name, payload, answered) => {
        this.#up(() => this.#far?.emit(name, payload, answered && ((answer) => this.#down(() => answered(answer as never)))));
      },
      on: (name, handler) => void this.#handlers.set(name, handler),
      onClose: (handler) => {
        this.#onClose = handler;
      },
      close: () => {
        this.#over = true;
        this.#process.sockets.delete(this);
        this.#network.scheduler.after(this.#network.delayMs(), () => this.#closeFar());
      },
    };
  }

  /** The process is gone, or the connection is of no use any more: both sides learn of it soon. */
  cut(): void {
    this.#broken = true;
    this.#network.scheduler.after(this.#network.delayMs(), () => this.#closeFar());
    this.#tell("transport close", this.#network.delayMs());
  }

  #connect(): void {
    const { scheduler, random } = this.#network;
    const way = this.#network.passage(this.#process.machine.number, this.#node);
    if (way.kind === "lost") {
      this.#broken = true;
      this.#tell("cannot connect: reset", way.noticed ? this.#network.delayMs() : silenceMs);
      return;
    }
    scheduler.after(way.delayMs, () => {
      if (this.#over || this.#broken) return;
      const node = this.#network.nodeAt(this.#node);
      const running = node?.process ?? null;
      if (node === undefined || running === null) {
        this.#broken = true;
        this.#tell("cannot connect: refused", this.#network.delayMs());
        return;
      }
      const gone = (): void => this.#break();
      running.onGone.add(gone);
      node.later(0, () => {
        if (this.#over || this.#broken) return;
        scheduler.touched();
        const far = running.api.connect();
        this.#far = far;
        this.#network.sockets.add(this);
        for (const name of eventNames) far.on(name, (payload) => this.#down(() => this.#handlers.get(name)?.(payload as never)));
        far.onClose(() => {
          running.onGone.delete(gone);
          this.#network.sockets.delete(this);
          if (this.#farClosed) return;
          this.#farClosed = true;
          if (!this.#broken) this.#tell("transport close", this.#network.delayMs());
        });
        for (const act of this.#unsent.splice(0)) this.#up(act);
      });
      if (!this.#network.calm)
        scheduler.after(random.exponential(this.#network.socketMsMean), () => this.#network.calm || this.#break());
    });
  }

  /** The connection is gone; who is not told learns of it when nothing comes for long. */
  #break(): void {
    if (this.#broken || this.#over) return;
    const { random, scheduler, calm } = this.#network;
    this.#broken = true;
    this.#network.counts.socketsBroken++;
    const noticed = calm || random.chance(0.7);
    this.#tell(noticed ? "transport close" : "ping timeout", noticed ? this.#network.delayMs() : silenceMs);
    scheduler.after(random.chance(0.7) ? this.#network.delayMs() : silenceMs, () => this.#closeFar());
  }

  /** The client is told, once. */
  #tell(detail: string, afterMs: number): void {
    this.#network.scheduler.after(afterMs, () =>
      this.#process.run(() => {
        if (this.#over) return;
        this.#over = true;
        this.#process.sockets.delete(this);
        this.#onClose(detail);
      }),
    );
  }

  #closeFar(): void {
    const far = this.#far;
    if (far === null || this.#farClosed) return;
    this.#farClosed = true;
    this.#atNode(() => far.close());
  }

  #atNode(act: () => void): void {
    this.#network.nodeAt(this.#node)?.later(0, () => {
      this.#network.scheduler.touched();
      act();
    });
  }

  #up(act: () => void): void {
    if (this.#far === null) {
      this.#unsent.push(act);
      return;
    }
    const { scheduler } = this.#network;
    const delayMs = this.#passes();
    if (delayMs === null) return;
    this.#lastUpMs = Math.max(this.#lastUpMs, scheduler.nowMs + delayMs);
    scheduler.after(this.#lastUpMs - scheduler.nowMs, () => {
      if (!this.#broken && !this.#farClosed) this.#atNode(act);
    });
  }

  #down(act: () => void): void {
    const { scheduler } = this.#network;
    const delayMs = this.#passes();
    if (delayMs === null) return;
    this.#lastDownMs = Math.max(this.#lastDownMs, scheduler.nowMs + delayMs);
    scheduler.after(this.#lastDownMs - scheduler.nowMs, () => {
      if (!this.#broken)
        this.#process.run(() => {
          if (!this.#over) act();
        });
    });
  }

  /** How long the next thing is on its way; null when it does not arrive. A stream has no gaps: then the connection breaks. */
  #passes(): number | null {
    if (this.#broken || this.#over) return null;
    const way = this.#network.passage(this.#process.machine.number, this.#node);
    if (way.kind === "arrives") return way.delayMs;
    this.#break();
    return null;
  }
}
