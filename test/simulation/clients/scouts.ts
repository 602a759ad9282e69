/**
 * This file is clients that look for the effect of a fault: when one is done to a node, some read there, others write elsewhere
 * and take locks. A stale read, or a lease that ends early, shows only to those who look in that moment.
 */
import type { Cluster } from "../world/cluster.ts";
import type { RandomStream } from "../world/random.ts";
import type { SimNode } from "../world/sim-node.ts";
import { Client, type Workload } from "./workload.ts";

const readersMax = 3;
const writersMax = 3;
const holdersMax = 3;
const looks = 10;

/** Sends clients to the nodes that a fault concerns. */
export class Scouts {
  readonly #cluster: Cluster;
  readonly #random: RandomStream;
  readonly #readers: readonly Client[];
  readonly #writers: readonly Client[];
  readonly #holders: readonly Client[];

  /** `firstNumber` is the number of the first of them among all clients. */
  constructor(cluster: Cluster, workload: Workload, firstNumber: number) {
    this.#cluster = cluster;
    this.#random = cluster.streams.checks;
    const clients = (count: number, from: number): readonly Client[] =>
      Array.from({ length: count }, (_, i) => new Client(firstNumber + from + i, workload));
    this.#readers = clients(readersMax, 0);
    this.#writers = clients(writersMax, readersMax);
    this.#holders = clients(holdersMax, readersMax + writersMax);
    cluster.onStrike.push((node, durationMs) => this.#look(node, durationMs));
  }

  get busy(): boolean {
    return [...this.#readers, ...this.#writers, ...this.#holders].some((client) => client.busy);
  }

  #look(node: SimNode, durationMs: number): void {
    const { scheduler } = this.#cluster;
    for (let i = 0; i < looks; i++) {
      const salt = this.#random.integer(0, 0x7fff_fff0);
      scheduler.after(this.#random.between(0, 2 * durationMs), () => {
        if (!this.#cluster.calm) this.#send(salt, node);
      });
    }
  }

  #send(salt: number, node: SimNode): void {
    const others = this.#cluster.living.filter((other) => other !== node);
    const elsewhere = others[salt % Math.max(1, others.length)] ?? node;
    const idle = (clients: readonly Client[]): Client | undefined => clients.find((client) => !client.busy);
    idle(this.#writers)?.probe(salt, "put", elsewhere.index);
    idle(this.#readers)?.probe(salt + 1, "get", node.index);
    // What a cut off leader stamps and does not get committed must not count later on.
    if (salt % 4 === 0) idle(this.#writers)?.probe(salt + 3, "put", node.index);
    idle(this.#holders)?.probe(salt + 2, "lease", elsewhere.index);
  }
}
