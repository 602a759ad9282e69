/**
 * This file writes marks: writes that must succeed soon, by which a run knows that a part of the cluster serves. Where the
 * state is full, room is made first, as an operator would.
 */
import type { CommandBody } from "../../../src/machine/command.ts";
import type { Cluster } from "../world/cluster.ts";
import { isFull } from "./hoarders.ts";

/** Writes marks through the clients' port. */
export class Marks {
  #count = 0;

  /** Writes through any node of `core` until one write is acknowledged; what it returns says whether one was. */
  write({ clients, streams, electionMs, hoarders }: Cluster, core: ReadonlySet<number>): () => boolean {
    let written = false;
    const nodes = [...core];
    const write = (): void => {
      const node = streams.checks.pick(nodes);
      const body = markOf(`mark${++this.#count}`);
      clients.execute<"configPut">(body, { node, requestId: null, timeoutMs: 2 * electionMs }, (answer) => {
        if (answer.kind === "ok") written = true;
        else if (isFull(answer)) hoarders.makeRoom(node, write);
        else clients.after(10, write);
      });
    };
    write();
    return () => written;
  }
}

function markOf(text: string): Extract<CommandBody, { readonly kind: "configPut" }> {
  const value = new TextEncoder().encode(text);
  const rest = { contentType: "text/plain", leaseId: null, author: null, comment: null };
  return { kind: "configPut", key: "mark", value, precondition: { kind: "none" }, ...rest };
}
