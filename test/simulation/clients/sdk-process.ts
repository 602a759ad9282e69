/**
 * This file is one process that uses the SDK: the environment that its client is given, and what of it is still under way.
 */
import { createClient, type Environment, type KeyholdClient } from "../../../openapi/client/index.ts";
import type { RandomStream } from "../world/random.ts";
import { type SdkMachine, TimerSet } from "./sdk-machine.ts";
import type { Exchange, SdkNetwork } from "./sdk-network.ts";
import { SdkSocket } from "./sdk-socket.ts";

/** One process with one client. What it begins ends with it. */
export class SdkProcess {
  readonly machine: SdkMachine;
  readonly requests = new Set<Exchange>();
  readonly sockets = new Set<SdkSocket>();
  readonly client: KeyholdClient;
  /** How many requests were named. */
  named = 0;
  readonly #network: SdkNetwork;
  /** Of the client, and of the program around it. */
  readonly #clientTimers: TimerSet;
  readonly #programTimers: TimerSet;
  #alive = true;

  constructor(
    machine: SdkMachine,
    world: {
      readonly network: SdkNetwork;
      readonly random: RandomStream;
      readonly name: string;
      readonly endpoints: readonly string[];
    },
  ) {
    this.machine = machine;
    this.#network = world.network;
    this.#clientTimers = new TimerSet(machine);
    this.#programTimers = new TimerSet(machine);
    const environment: Environment = {
      clock: this.#clientTimers.clock,
      random: () => world.random.fraction(),
      newRequestId: () => `${world.name}-${++this.named}`,
      fetch: (request) => world.network.fetch(this, request),
      openSocket: (options) => new SdkSocket(world.network, this, options).near,
    };
    this.client = createClient({ endpoints: world.endpoints, environment });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Runs `act` in a turn of this process, unless it is gone by then. */
  run(act: () => void): void {
    this.machine.run(() => {
      if (this.#alive) act();
    });
  }

  /** Settles after `delayMs` of the clock of the machine; never when the process is gone before. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#programTimers.clock.setTimer(delayMs, resolve));
  }

  /** Calls back after `delayMs` of the clock of the machine. */
  after(delayMs: number, act: () => void): void {
    this.#programTimers.clock.setTimer(delayMs, act);
  }

  /** The process is gone, without a word. */
  crash(): void {
    this.#alive = false;
    this.#clientTimers.cancelAll();
    this.#programTimers.cancelAll();
    for (const exchange of this.requests) this.#network.hangUp(exchange);
    for (const socket of this.sockets) socket.cut();
    this.requests.clear();
    this.sockets.clear();
  }

  /** What the client still has under way; nothing, once it was closed. */
  left(): readonly string[] {
    const counts = { timers: this.#clientTimers.timers.size, requests: this.requests.size, sockets: this.sockets.size };
    return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  }
}
