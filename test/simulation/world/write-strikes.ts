/**
 * This file is the disk as one process sees it: calls back into that process only, and may take it along at a write.
 */
import { assert } from "../../../src/base/assert.ts";
import type { Disk } from "../../../src/node/ports.ts";
import type { DiskModel } from "./disk-model.ts";
import { guardedDisk } from "./guarded-disk.ts";
import type { NodeWorld, Process } from "./node-world.ts";

type Machine = { readonly id: string; readonly disk: DiskModel; readonly counts: { crashesAtWrite: number } };

/** The disk of one process, which may crash the process at a write. */
export class WriteStrikes {
  readonly #machine: Machine;
  readonly #world: Pick<NodeWorld<unknown>, "scheduler" | "streams" | "options">;
  #armed: (() => void) | null = null;

  constructor(machine: Machine, world: Pick<NodeWorld<unknown>, "scheduler" | "streams" | "options">) {
    this.#machine = machine;
    this.#world = world;
  }

  /** `crash` is called once, at some moment of the next write. */
  arm(crash: () => void): void {
    this.#armed = crash;
  }

  disarm(): void {
    this.#armed = null;
  }

  /** The disk for the process that `current` names at a write; its callbacks go through `run`. */
  diskFor(current: () => Process | null, run: (process: Process, act: () => void) => void): Disk {
    const guarded = (begin: (done: () => void) => void, done: () => void): void => {
      const process = current();
      assert(process !== null, `${this.#machine.id} writes, but is down`);
      begin(() => {
        if (process.alive) run(process, done);
      });
      this.#strike(process);
    };
    return guardedDisk(this.#machine.disk, guarded);
  }

  #strike(process: Process): void {
    const crash = this.#armed;
    if (crash === null) return;
    this.#armed = null;
    const { scheduler, streams, options } = this.#world;
    scheduler.after(streams.proc.between(0, 2 * options.disk.latencyMsMean), () => {
      if (!process.alive) return;
      this.#machine.counts.crashesAtWrite++;
      crash();
    });
  }
}
