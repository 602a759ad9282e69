/**
 * This file watches over what one process promised: every call of the service ends by the time it was given, and all of
 * them when the process stops.
 */

import type { Report } from "../checks/finding.ts";
import type { Scheduler } from "./scheduler.ts";

type Call = { readonly what: string; readonly dueAtMs: number };
/** What a caller asks for, and how long it may take by the clock of the node. */
export type Called = { readonly what: string; readonly withinMs: number };
type World = { readonly scheduler: Scheduler; readonly report: Report };

/** The calls of one process that have not ended. */
export class ServiceCalls {
  readonly #node: string;
  readonly #world: World;
  readonly #open = new Set<Call>();

  constructor(node: string, world: World) {
    this.#node = node;
    this.#world = world;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Passes the end of `promise` on to `then`. `dueAtMs` is by the clock of the node; a rejection is a finding. */
  track<Value>(promise: Promise<Value>, call: Call, then: (value: Value) => void): void {
    this.#open.add(call);
    const { scheduler } = this.#world;
    scheduler.promised();
    promise.then(
      (value) => {
        this.#open.delete(call);
        scheduler.promised();
        then(value);
      },
      (error: unknown) => {
        this.#open.delete(call);
        this.#find(`rejected ${call.what}: ${error instanceof Error ? error.stack : String(error)}`);
      },
    );
  }

  /** `nowMs` by the clock of the node: what was due before must be over. */
  checkOverdue(nowMs: number): void {
    for (const { what, dueAtMs } of this.#open)
      if (dueAtMs < nowMs) this.#find(`did not settle ${what}, due at ${dueAtMs}, by ${nowMs}`);
  }

  checkAllSettled(): void {
    for (const { what } of this.#open) this.#find(`stopped and did not settle ${what}`);
  }

  #find(detail: string): void {
    this.#world.report("every call ends", `${this.#node} ${detail}`);
  }
}
