/**
 * This file is the second life of a run: all folders were wiped, and a cluster is formed at the same addresses, while clients and
 * watches keep the store and the position that they saw. What they named in the old store must not be taken for the new one's.
 */

import type { Finding } from "../checks/finding.ts";
import type { NamedRequest } from "../clients/client-port.ts";
import type { Records } from "../clients/records.ts";
import type { WatchClient } from "../clients/watcher.ts";
import type { Client } from "../clients/workload.ts";
import type { Cluster } from "../world/cluster.ts";

type World = {
  readonly before: Cluster;
  readonly again: Cluster;
  readonly clients: readonly Client[];
  readonly watchers: readonly WatchClient[];
  readonly records: Records;
};

const operationsPerSecond = 15;
const crashes = 2;
/** Each old request comes again so many times, by different ways. */
const repeats = 2;

/** The second cluster of a run. */
export class Remake {
  repeated = 0;
  readonly #world: World;
  readonly #findings: Finding[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** Wipes the old cluster, starts the new one, and lets clients go on for `forMs`. */
  begin(forMs: number): void {
    const { before, again, clients, watchers, records } = this.#world;
    const { scheduler } = again;
    const random = again.streams.checks;
    for (const list of [records.operations, records.locks, records.answers, records.staleReads]) list.length = 0;
    for (const watcher of watchers) watcher.judged();
    for (const client of clients) client.forget();
    const named = again.clients.named;
    before.end();
    for (const node of again.nodes.slice(0, again.spareFrom)) node.start();
    again.calls.streams.dial();
    for (let left = (operationsPerSecond * forMs) / 1000; left > 0; left--) {
      const client = random.pick(clients);
      scheduler.after(random.between(0, forMs), () => client.operate(random.integer(0, 0x7fff_ffff)));
    }
    for (let left = crashes; left > 0; left--) {
      const node = random.pick(again.living);
      scheduler.after(random.between(0, forMs), () => node.crash({ downMs: random.magnitude(1, 500) }));
    }
    for (const request of named)
      for (let left = repeats; left > 0; left--) scheduler.after(random.between(0, forMs), () => this.#repeat(request));
  }

  /** What is wrong with what only this life could show. */
  findings(): readonly Finding[] {
    const { before, again } = this.#world;
    const [old, present] = [before.cluster, again.cluster];
    if (old !== null && old.clusterId === present?.clusterId)
      this.#findings.push({
        check: "one store an id",
        detail: `the cluster that was made again is ${old.clusterId}, as the one before`,
      });
    return this.#findings;
  }

  /** It was named at the old store, so nobody can know any more what came of it. */
  #repeat({ body, requestId }: NamedRequest): void {
    const { again } = this.#world;
    const random = again.streams.checks;
    const node = random.integer(0, again.spareFrom - 1);
    again.clients.execute(body, { node, requestId, timeoutMs: 1000 }, (answer) => {
      if (answer.kind === "unknown") this.repeated++;
      if (answer.kind === "ok" || answer.kind === "refused")
        this.#findings.push({
          check: "one store an id",
          detail: `${requestId}, named at the old store, was answered ${answer.kind} by the new one`,
        });
    });
  }
}
