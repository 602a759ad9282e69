/**
 * This file is the clients that fill the state with large values, and delete them again. What the refusals must be is judged
 * at the end, by the log; that a delete is never refused for want of room, here as well.
 */
import type { CommandBody } from "../../../src/machine/command.ts";
import type { Report } from "../checks/finding.ts";
import type { Hoard } from "../faults/filling.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import type { ClientAnswer, ClientPort } from "./client-port.ts";

const timeoutMs = 1500;
/** Values differ in size by so much. */
const spread = 0.5;

type World = { readonly port: ClientPort; readonly report: Report };

/** Carries out the hoards of a tape. */
export class Hoarders {
  readonly counts = { hoards: 0, hoarded: 0, hoardsRefused: 0, hoardsFreed: 0, roomsMade: 0 };
  readonly #world: World;
  /** Keys that may be there. */
  readonly #keys = new Set<string>();
  #puts = 0;

  constructor(world: World) {
    this.#world = world;
  }

  begin(hoard: Hoard): void {
    this.counts.hoards++;
    const random = randomStreams(hoard.salt).workload;
    const { port } = this.#world;
    let left = hoard.puts;
    const next = (): void => {
      if (left-- > 0) {
        this.#put(hoard, random);
        port.after(random.exponential(hoard.everyMs), next);
      } else if (hoard.clearedAfterMs !== null) port.after(hoard.clearedAfterMs, () => this.#clear(random));
    };
    next();
  }

  /** Deletes all that was hoarded, through `node`; `done` when each deletion has an answer, or was given up. */
  makeRoom(node: number, done: () => void): void {
    this.counts.roomsMade++;
    let left = this.#keys.size + 1;
    const ended = (): void => {
      left--;
      if (left === 0) done();
    };
    for (const key of this.#keys) this.#delete(key, node, ended);
    ended();
  }

  #put(hoard: Hoard, random: RandomStream): void {
    const { port } = this.#world;
    const key = `hoard${random.integer(0, hoard.keys - 1)}`;
    const value = new Uint8Array(Math.round(hoard.valueBytes * random.between(1 - spread, 1 + spread)));
    value.fill(random.integer(1, 255), 0, Math.min(value.length, 16));
    const node = random.integer(0, port.nodeCount - 1);
    const named = random.chance(0.3);
    this.#puts++;
    const requestId = named ? `hoard-${this.#puts}` : null;
    const free = random.chance(hoard.frees) ? random.integer(0, 0x7fff_ffff) : null;
    const rest = { contentType: "application/octet-stream", leaseId: null, author: null, comment: null } as const;
    const body: CommandBody = { kind: "configPut", key, value, precondition: { kind: "none" }, ...rest };
    this.#keys.add(key);
    port.execute<"configPut">(body, { node, requestId, timeoutMs }, (answer) => {
      if (answer.kind === "ok") this.counts.hoarded++;
      if (!isFull(answer)) return;
      this.counts.hoardsRefused++;
      const keys = [...this.#keys];
      const freed = free === null ? undefined : keys[free % keys.length];
      if (freed !== undefined) this.#delete(freed, node, () => undefined);
    });
  }

  #clear(random: RandomStream): void {
    for (const key of this.#keys) this.#delete(key, random.integer(0, this.#world.port.nodeCount - 1), () => undefined);
  }

  #delete(key: string, node: number, done: () => void): void {
    const { port, report } = this.#world;
    const body = { kind: "configDelete", key, precondition: { kind: "none" } } as const;
    port.execute<"configDelete">(body, { node, requestId: null, timeoutMs }, (answer) => {
      if (answer.kind === "ok") this.counts.hoardsFreed++;
      if (isFull(answer)) report("room in the state", `deleting ${key} was refused for want of room`);
      done();
    });
  }
}

/** Whether a client was told that there is no room. */
export function isFull(answer: ClientAnswer<unknown>): boolean {
  return answer.kind === "refused" && answer.refusal.kind === "quotaExceeded";
}
