/**
 * This file is how simulated clients use locks: take one, keep it alive, write to the resource it guards, and let go,
 * or forget to, or come back to the resource when the hold is long over.
 */
import type { Answers, CommandBody } from "../../../src/machine/command.ts";
import type { Fence, LeaseId } from "../../../src/machine/types.ts";
import { rateErrorMax } from "../world/clock-model.ts";
import type { RandomStream } from "../world/random.ts";
import type { Client, Workload } from "./workload.ts";

type Hold = {
  readonly name: string;
  readonly fence: Fence;
  readonly leaseId: LeaseId;
  readonly ttlMs: number;
  untilMs: number;
  endsAtMs: number;
  over: boolean;
};

/** The resources that fences guard: each remembers the highest fence it saw. */
const resources = new WeakMap<Workload, Map<string, number>>();

/** Whether the resource that a lock guards takes a write under this fence: one that saw a higher fence refuses it. */
export function resourceTakes(workload: Workload, name: string, fence: number): boolean {
  const highest = resources.get(workload) ?? new Map<string, number>();
  resources.set(workload, highest);
  const accepted = fence >= (highest.get(name) ?? 0);
  if (accepted) highest.set(name, fence);
  return accepted;
}

/** Longer than any run. */
const longWaitMs = 3_600_000;

/** The locks of one client. */
export class LockClient {
  readonly #client: Client;
  readonly #workload: Workload;

  constructor(client: Client, workload: Workload) {
    this.#client = client;
    this.#workload = workload;
  }

  /** Takes a lock, uses it and lets go. `done` is called when the client is free for other things. */
  cycle(random: RandomStream, done: () => void): void {
    const { port, options, records } = this.#workload;
    const client = this.#client;
    const name = `l${random.integer(0, options.locks - 1)}`;
    const ttlMs = Math.round(random.magnitude(500, 5000));
    const patienceMs = Math.round(random.magnitude(100, 10_000));
    // Many ask for a place for much longer than they will live.
    const waitMs = random.chance(0.3) ? 0 : random.chance(0.4) ? longWaitMs : patienceMs;
    const body: CommandBody = { kind: "lockAcquire", name, lease: { kind: "own", ttlMs }, waitMs, owner: `c${client.number}` };
    const requestId = client.nextRequestId();
    const sentAtMs = port.nowMs;
    client.send<Answers["lockAcquire"]>(
      (call, reply) => port.acquire(body, call, reply),
      { random, requestId, timeoutMs: Math.min(waitMs, patienceMs) + random.magnitude(50, 2000) },
      (answer) => {
        client.noteAnswer(requestId, answer);
        if (answer.kind !== "ok" || answer.value.kind !== "granted") return done();
        const { fence, leaseId, ticket } = answer.value;
        const receivedAtMs = port.nowMs;
        records.locks.push({
          kind: "granted",
          client: client.number,
          name,
          fence,
          leaseId,
          ttlMs,
          sentAtMs,
          receivedAtMs,
          waited: ticket !== null,
        });
        const hold: Hold = {
          name,
          fence,
          leaseId,
          ttlMs,
          // A hold that was waited for began at a time that the client does not know; it counts from its first renewal.
          untilMs: ticket === null ? sentAtMs + ttlMs / (1 + rateErrorMax) : receivedAtMs,
          endsAtMs: receivedAtMs + random.exponential(1.5 * ttlMs),
          over: false,
        };
        this.#keepAlive(hold, random);
        this.#use(hold, random, done);
      },
    );
  }

  /** Grants a lease, ties a key and a lock to it, and ends it, or the lock, or neither. */
  leaseCycle(random: RandomStream, done: () => void): void {
    const { port, options } = this.#workload;
    const client = this.#client;
    const timeoutMs = random.magnitude(100, 2000);
    const step = <Kind extends CommandBody["kind"]>(
      body: Extract<CommandBody, { readonly kind: Kind }>,
      then: (value: Answers[Kind]) => void,
    ): void => {
      const requestId = client.nextRequestId();
      client.send<Answers[Kind]>(
        (call, reply) => port.execute<Kind>(body, call, reply),
        { random, requestId, timeoutMs },
        (answer) => {
          client.noteAnswer(requestId, answer);
          if (answer.kind === "ok") then(answer.value);
          else done();
        },
      );
    };
    const number = random.integer(0, options.locks - 1);
    const value = new TextEncoder().encode(client.nextRequestId());
    step<"leaseGrant">({ kind: "leaseGrant", ttlMs: Math.round(random.magnitude(500, 5000)), owner: null }, ({ leaseId }) => {
      const put = {
        key: `bound${number}`,
        value,
        contentType: "text/plain",
        precondition: { kind: "none" },
        leaseId,
        author: "sim",
        comment: null,
      } as const;
      step<"configPut">({ kind: "configPut", ...put }, () => {
        const acquire = {
          name: `m${number}`,
          lease: { kind: "existing", leaseId },
          waitMs: random.pick([0, 1000]),
          owner: null,
        } as const;
        step<"lockAcquire">({ kind: "lockAcquire", ...acquire }, (acquired) => {
          const draw = random.fraction();
          if (acquired.kind === "queued" && draw < 0.5)
            step<"lockCancel">({ kind: "lockCancel", name: acquire.name, ticket: acquired.ticket }, done);
          else if (draw < 0.3) step<"leaseRevoke">({ kind: "leaseRevoke", leaseId }, done);
          else if (draw < 0.6) step<"lockBreak">({ kind: "lockBreak", name: acquire.name }, done);
          else done();
        });
      });
    });
  }

  /** Renews every third of the TTL until the hold is over. Now and then the client sleeps through a deadline. */
  #keepAlive(hold: Hold, random: RandomStream): void {
    const { port, records } = this.#workload;
    const sentAtMs = port.nowMs;
    if (hold.over) return;
    const again = (): void => {
      const sleepMs = random.chance(0.05) ? hold.ttlMs * random.between(1, 3) : hold.ttlMs / 3;
      port.after(sleepMs, () => this.#keepAlive(hold, random));
    };
    this.#client.send<Answers["leaseRenew"]>(
      (call, reply) => port.execute<"leaseRenew">({ kind: "leaseRenew", leaseIds: [hold.leaseId] }, call, reply),
      { random, requestId: null, timeoutMs: hold.ttlMs / 3 },
      (answer) => {
        if (answer.kind !== "ok") return again();
        const ttlMs = answer.value.renewals[0]?.ttlMs ?? null;
        if (ttlMs === null) {
          hold.over = true;
          return;
        }
        const receivedAtMs = port.nowMs;
        records.locks.push({ kind: "renewed", leaseId: hold.leaseId, ttlMs, sentAtMs, receivedAtMs });
        hold.untilMs = Math.max(hold.untilMs, sentAtMs + ttlMs / (1 + rateErrorMax));
        again();
      },
    );
  }

  /** Writes to the resource now and then, and lets go in the end. */
  #use(hold: Hold, random: RandomStream, done: () => void): void {
    const { port } = this.#workload;
    // A careful client stops at its own deadline; a careless one relies on the fence.
    const careless = random.chance(0.3);
    const next = (): void => {
      if (hold.over || port.nowMs >= hold.endsAtMs) {
        if (random.chance(0.7)) this.#release(hold, random, done);
        else {
          hold.over = true;
          done();
        }
        return;
      }
      if (careless || port.nowMs < hold.untilMs) this.#writeResource(hold, random);
      port.after(random.exponential(hold.ttlMs / 4) + 1, next);
    };
    next();
  }

  #writeResource(hold: Hold, random: RandomStream): void {
    const { port, records } = this.#workload;
    const onTheWayMs = random.chance(0.05) ? random.magnitude(10, 10_000) : random.exponential(2);
    port.after(onTheWayMs, () => {
      const accepted = resourceTakes(this.#workload, hold.name, hold.fence);
      records.locks.push({
        kind: "resourceWrite",
        client: this.#client.number,
        name: hold.name,
        fence: hold.fence,
        atMs: port.nowMs,
        accepted,
      });
    });
  }

  #release(hold: Hold, random: RandomStream, done: () => void): void {
    const { port, records } = this.#workload;
    const client = this.#client;
    hold.over = true;
    const { name, fence, leaseId } = hold;
    const event = { kind: "release", client: client.number, name, fence, sentAtMs: port.nowMs } as const;
    records.locks.push({ ...event, released: false });
    const requestId = client.nextRequestId();
    client.send<Answers["lockRelease"]>(
      (call, reply) => port.execute<"lockRelease">({ kind: "lockRelease", name, leaseId, fence }, call, reply),
      { random, requestId, timeoutMs: random.magnitude(100, 2000) },
      (answer) => {
        client.noteAnswer(requestId, answer);
        if (answer.kind === "ok") records.locks.push({ ...event, released: true });
        done();
      },
    );
  }
}
