/**
 * This file is the way of simulated clients to a node over its API: REST for everything, and the socket of the watch gateway for some
 * of the renewals. What cannot be on the wire is a finding.
 */

import { assert } from "../../../src/base/assert.ts";
import type { Answers, CommandBody } from "../../../src/machine/command.ts";
import type { ConfigEntry } from "../../../src/machine/query.ts";
import { type LeaseId, parseLeaseId, type Revision } from "../../../src/machine/types.ts";
import type { Report } from "../checks/finding.ts";
import { messageOf } from "../world/node-world.ts";
import type { RandomStream } from "../world/random.ts";
import type { Scheduler } from "../world/scheduler.ts";
import type { SimNode } from "../world/sim-node.ts";
import type { ClientAnswer } from "./client-port.ts";
import {
  codeOf,
  commandAnswer,
  commandCall,
  positionIn,
  problemAnswer,
  type RestAnswer,
  type RestCall,
  type RestName,
  taggedRevision,
} from "./rest-form.ts";

type World = {
  readonly scheduler: Scheduler;
  readonly random: RandomStream;
  readonly report: Report;
  /** An answer shows where its node stood. */
  readonly look: (position: { readonly storeId: string; readonly index: number }) => void;
};

type Reply<Value> = (answer: ClientAnswer<Value>) => void;

/** How a key is read: by this node alone, and from which revision on. */
export type RestRead = { readonly stale: boolean; readonly minRevision: Revision | null };
/** What was read, null where there is no such key, and where the node stood. */
export type RestValue = { readonly entry: Pick<ConfigEntry, "record"> | null; readonly revision: number };

/** How many renewals go by the socket, and how long such a socket stays open, in ms. */
const socketShare = 0.5;
const socketMs = [10, 20_000] as const;

/** The way to the API of all nodes. */
export class RestPort {
  readonly counts = { restCalls: 0, socketRenewals: 0, lockNotices: 0 };
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Sends a command; `reply` is called once, or never when the process dies first. */
  execute<Kind extends CommandBody["kind"]>(
    node: SimNode,
    body: Extract<CommandBody, { readonly kind: Kind }>,
    options: RestName & { readonly holdMs: number; readonly signal: AbortSignal | null },
    reply: Reply<Answers[Kind]>,
  ): void {
    const renewal: CommandBody = body;
    if (renewal.kind === "leaseRenew" && this.#world.random.chance(socketShare)) {
      // The one kind that this answers.
      this.#renew(node, renewal.leaseIds, reply as unknown as Reply<Answers["leaseRenew"]>);
      return;
    }
    const { requestId, signal } = options;
    this.#fetch(
      node,
      commandCall(body, options, options.holdMs),
      { signal, unanswered: () => reply({ kind: "unknown" }) },
      (said) => reply(commandAnswer<Kind>(body, requestId, said)),
    );
  }

  /** Reads one key; `revision` is where the node stood when it answered. */
  get(node: SimNode, key: string, { stale, minRevision }: RestRead, reply: Reply<RestValue>): void {
    const query = new URLSearchParams();
    if (stale) query.set("consistency", "stale");
    if (minRevision !== null) query.set("minRevision", String(minRevision));
    const call = { method: "GET", path: `/v1/config/${key}?${query}`, headers: {} };
    this.#fetch(node, call, { signal: null, unanswered: () => reply({ kind: "unknown" }) }, (said) => {
      const revision = positionIn(said.headers)?.revision ?? 0;
      if (said.status === 200) {
        const { value } = said.body;
        assert(typeof value === "string" && said.body["key"] === key, `${key} was read as ${JSON.stringify(said.body)}`);
        const modRevision = taggedRevision(said.headers);
        assert(modRevision === said.body["modRevision"], `the ETag names ${modRevision}, the body ${said.body["modRevision"]}`);
        const record = { value: new TextEncoder().encode(value), modRevision } as ConfigEntry["record"];
        reply({ kind: "ok", value: { entry: { record }, revision } });
      } else if (codeOf(said) === "key_not_found") reply({ kind: "ok", value: { entry: null, revision } });
      else {
        const answer = problemAnswer(null, said);
        assert(answer.kind === "notDone" || answer.kind === "unknown", `a read was answered ${JSON.stringify(said.body)}`);
        reply({ kind: "notDone" });
      }
    });
  }

  #fetch(
    node: SimNode,
    { path, ...call }: RestCall,
    { signal, unanswered }: { readonly signal: AbortSignal | null; readonly unanswered: () => void },
    done: (answer: RestAnswer) => void,
  ): void {
    const { process, id } = node;
    if (process === null) return;
    this.counts.restCalls++;
    const request = new Request(`http://${id}:2${path}`, { ...call, signal });
    const read = async (): Promise<RestAnswer | null> => {
      try {
        const response = await process.api.fetch(request);
        const text = await response.text();
        return { status: response.status, headers: response.headers, body: text === "" ? {} : JSON.parse(text) };
      } catch {
        return null;
      }
    };
    void read().then((answer) => {
      if (answer === null) {
        if (process.alive && signal?.aborted !== true) unanswered();
        return;
      }
      this.#judge(`${id} to ${call.method} ${path}`, () => {
        const position = positionIn(answer.headers);
        if (position !== null) this.#world.look(position);
        done(answer);
      });
    });
  }

  #renew(node: SimNode, leaseIds: readonly LeaseId[], reply: Reply<Answers["leaseRenew"]>): void {
    const { process, id } = node;
    const { scheduler, random } = this.#world;
    if (process === null) return;
    this.counts.socketRenewals++;
    const socket = process.api.connect({ delayMs: () => random.exponential(1) });
    scheduler.after(random.magnitude(...socketMs), () => socket.close());
    for (const event of ["lock:granted", "lock:lost"])
      socket.on(event, (payload) =>
        this.#judge(`${id} with ${event}`, () => {
          this.counts.lockNotices++;
          const { leaseId } = payload as { readonly leaseId: LeaseId };
          assert(leaseIds.includes(leaseId), `a keeper of ${leaseIds.join()} was told about ${leaseId}`);
        }),
      );
    socket.emit("lease:keepalive", { leaseIds }, (payload) =>
      this.#judge(`${id} to lease:keepalive`, () => {
        const ack = payload as {
          readonly ok: boolean;
          readonly renewals?: Answers["leaseRenew"]["renewals"];
          readonly error?: object;
        };
        if (!ack.ok) {
          const body = { ...ack.error } as RestAnswer["body"];
          const headers = new Headers({ "content-type": "application/problem+json" });
          reply(problemAnswer(null, { status: Number(body["status"]), headers, body }));
          return;
        }
        const renewals = ack.renewals ?? [];
        const told = renewals.map(({ leaseId }) => parseLeaseId(leaseId));
        assert(told.join() === leaseIds.join(), `${leaseIds.join()} were renewed as ${told.join()}`);
        reply({ kind: "ok", value: { renewals } });
      }),
    );
  }

  /** Reads what was said; what makes no sense is a finding. */
  #judge(who: string, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#world.report("what the wire says", `${who}: ${messageOf(error)}`);
    }
  }
}
