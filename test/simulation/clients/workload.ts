/**
 * This file is the simulated clients: what each does with an operation of the tape, how it retries, and what it writes
 * down. A client does one thing at a time.
 */

import type { RetryOptions } from "../../../openapi/client/options.ts";
import { afterSetback, newRetries } from "../../../openapi/client/retries.ts";
import { unreachable } from "../../../src/base/assert.ts";
import { err, ok } from "../../../src/base/result.ts";
import type { Answers, CommandBody, Refusal } from "../../../src/machine/command.ts";
import { type Revision, toRevision } from "../../../src/machine/types.ts";
import { outcomeText, valueText } from "../checks/committed-log.ts";
import type { Report } from "../checks/finding.ts";
import type { RunOptions } from "../faults/plan.ts";
import { type RandomStream, randomStreams } from "../world/random.ts";
import type { ClientAnswer, ClientPort } from "./client-port.ts";
import type { Expectation, KeyInput, KeyOutput } from "./history.ts";
import { isFull } from "./hoarders.ts";
import { LockClient } from "./lock-client.ts";
import type { Records } from "./records.ts";

/** Shorter pauses and fewer attempts than the SDK's defaults, as fits a run of half a minute. */
const retryOptions: RetryOptions = { delayMsMin: 10, delayMsMax: 300, attemptsMax: 6 };

/** What all clients of a run share. */
export type Workload = {
  readonly port: ClientPort;
  readonly options: RunOptions;
  readonly records: Records;
  readonly report: Report;
};

type Attempt<Value> = (
  options: { readonly node: number; readonly requestId: string | null; readonly timeoutMs: number },
  done: (answer: ClientAnswer<Value>) => void,
) => void;

/** What a client remembers of one key: the last value it saw, and under which revision. */
type Seen = { readonly value: string; readonly revision: number };

/** One client, which does one thing at a time. */
export class Client {
  readonly number: number;
  readonly #workload: Workload;
  readonly #seen = new Map<string, Seen>();
  /** The newest revision that it was told of. */
  #newest = 0;
  readonly #lockClient: LockClient;
  #busy = false;
  #requests = 0;
  #node: number;

  constructor(number: number, workload: Workload) {
    this.number = number;
    this.#workload = workload;
    this.#node = number % workload.options.nodes;
    this.#lockClient = new LockClient(this, workload);
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** The store that it knew is gone. */
  forget(): void {
    this.#seen.clear();
    this.#newest = 0;
  }

  /** Does one thing, unless it is still at another. */
  operate(salt: number): void {
    if (this.#busy) return;
    const random = streamOf(salt);
    const { options } = this.#workload;
    // Some keys are hot.
    const key = `k${Math.floor(options.keys * random.fraction() ** 2)}`;
    const draw = random.fraction();
    if (draw < 0.3) this.#get(key, random, false);
    else if (draw < 0.35) this.#get(key, random, true);
    else if (draw < 0.5) this.#put(key, random, { kind: "none" });
    else if (draw < 0.72) this.#compareAndSet(key, random);
    else if (draw < 0.78) this.#delete(key, random);
    else if (draw < 0.94) this.#during(random, (done) => this.#lockClient.cycle(random, done));
    else this.#during(random, (done) => this.#lockClient.leaseCycle(random, done));
  }

  /** Reads or writes the hottest key, or takes a lease, at `node` first. */
  probe(salt: number, what: "get" | "put" | "lease", node: number): void {
    if (this.#busy) return;
    const random = streamOf(salt);
    this.#node = node;
    if (what === "get") this.#get("k0", random, false);
    else if (what === "put") this.#put("k0", random, { kind: "none" });
    else this.#during(random, (done) => this.#lockClient.cycle(random, done));
  }

  /** A request id that nobody else uses. */
  nextRequestId(): string {
    this.#requests++;
    return `c${this.number}-${this.#requests}`;
  }

  /**
   * Sends a request until it is answered, by the SDK's own decisions: to the same node or another, under the same id.
   * Without an id it is sent once. `done` gets "unknown" when any attempt may have done something.
   */
  send<Value>(
    attempt: Attempt<Value>,
    options: {
      readonly random: RandomStream;
      readonly requestId: string | null;
      readonly timeoutMs: number;
      readonly repeatable?: boolean;
    },
    done: (answer: ClientAnswer<Value>) => void,
  ): void {
    const { port } = this.#workload;
    const { random, requestId, timeoutMs, repeatable = requestId !== null } = options;
    const retries = newRetries();
    const callMs = timeoutMs * random.integer(1, retryOptions.attemptsMax);
    const context = {
      options: retryOptions,
      mutates: true,
      callMs,
      deadlineMs: port.nowMs + callMs,
      random: () => random.fraction(),
    };
    const next = (): void => {
      attempt({ node: this.#node, requestId, timeoutMs }, (answer) => {
        if (answer.kind === "ok" || answer.kind === "refused") return done(answer);
        if (!repeatable) return done(answer);
        const setback = { kind: "unanswered", detail: answer.kind, wasSent: answer.kind === "unknown" } as const;
        const step = afterSetback(retries, setback, { ...context, nowMs: port.nowMs });
        // A list of endpoints may name one node twice, or a proxy.
        if (random.chance(0.7)) this.#node = random.integer(0, port.nodeCount - 1);
        if (step.kind === "repeat") port.after(step.pauseMs, next);
        else done({ kind: step.error.code === "outcome_unknown" ? "unknown" : "notDone" });
      });
    };
    next();
  }

  /** Notes what came of a request that had an id. */
  noteAnswer(requestId: string | null, answer: ClientAnswer<unknown>): void {
    if (requestId === null || (answer.kind !== "ok" && answer.kind !== "refused")) return;
    if (answer.kind === "refused" && answer.isRounded === true) return;
    const outcome = answer.kind === "ok" ? ok(answer.value as Answers[keyof Answers]) : err(answer.refusal);
    this.#workload.records.answers.push({ client: this.number, requestId, outcome: outcomeText(outcome) });
  }

  #during(random: RandomStream, act: (done: () => void) => void): void {
    this.#busy = true;
    if (random.chance(0.1)) this.#node = random.integer(0, this.#workload.port.nodeCount - 1);
    act(() => {
      this.#busy = false;
    });
  }

  #get(key: string, random: RandomStream, stale: boolean): void {
    const { port, records, report } = this.#workload;
    const calledAt = port.nowMs;
    // What was seen or written here, or somebody told of, must be seen again, wherever it is read.
    const newest = stale ? port.newestRevision : this.#newest;
    const minRevision = newest > 0 && random.chance(stale ? 0.6 : 0.3) ? toRevision(newest) : null;
    if (stale && minRevision !== null) this.#node = random.integer(0, port.nodeCount - 1);
    this.#during(random, (done) => {
      const timeoutMs = random.magnitude(50, 2000);
      this.send<{
        readonly entry: { readonly record: { readonly value: Uint8Array; readonly modRevision: Revision } } | null;
        readonly revision: number;
      }>(
        (options, reply) => port.get(key, { ...options, stale, minRevision }, reply),
        { random, requestId: null, timeoutMs, repeatable: true },
        (answer) => {
          done();
          if (answer.kind !== "ok") return;
          const { entry, revision } = answer.value;
          const value = entry === null ? null : valueText(entry.record.value);
          const keyRevision = entry === null ? 0 : entry.record.modRevision;
          const seen = this.#seen.get(key)?.revision ?? 0;
          if (minRevision !== null && keyRevision < seen && minRevision >= seen && value !== null)
            report("stale reads", `a stale read of ${key} from ${minRevision} on showed ${keyRevision}, when ${seen} was seen`);
          this.#noteRevision(keyRevision);
          if (value !== null) this.#seen.set(key, { value, revision: keyRevision });
          if (stale && minRevision !== null) return;
          if (stale) records.staleReads.push({ key, value, keyRevision, revision });
          else {
            const output: KeyOutput = { kind: "read", value, revision: keyRevision };
            records.operations.push({
              client: this.number,
              key,
              input: { kind: "get" },
              calledAt,
              output,
              returnedAt: port.nowMs,
            });
          }
        },
      );
    });
  }

  #put(key: string, random: RandomStream, expectation: Expectation): void {
    const value = this.#nextValue();
    const body: CommandBody = {
      kind: "configPut",
      key,
      value: encoder.encode(value),
      contentType: "text/plain",
      precondition: preconditionOf(expectation),
      leaseId: null,
      author: null,
      comment: null,
    };
    this.#write(key, random, { input: { kind: "put", value, expectation }, body });
  }

  #compareAndSet(key: string, random: RandomStream): void {
    const seen = this.#seen.get(key);
    const draw = random.fraction();
    if (seen === undefined || draw < 0.1) this.#put(key, random, { kind: draw < 0.05 ? "exists" : "absent" });
    else this.#put(key, random, { kind: "matches", ...seen });
  }

  #delete(key: string, random: RandomStream): void {
    const seen = this.#seen.get(key);
    const expectation: Expectation = seen === undefined || random.chance(0.5) ? { kind: "none" } : { kind: "matches", ...seen };
    const body: CommandBody = { kind: "configDelete", key, precondition: preconditionOf(expectation) };
    this.#write(key, random, { input: { kind: "delete", expectation }, body });
  }

  #write(
    key: string,
    random: RandomStream,
    write: {
      readonly input: Exclude<KeyInput, { readonly kind: "get" }>;
      readonly body: Extract<CommandBody, { readonly kind: "configPut" | "configDelete" }>;
    },
  ): void {
    const { port, records, report } = this.#workload;
    const { input, body } = write;
    const calledAt = port.nowMs;
    const requestId = random.chance(0.8) ? this.nextRequestId() : null;
    this.#during(random, (done) => {
      this.send<Answers["configPut"] | Answers["configDelete"]>(
        (options, reply) => {
          if (body.kind === "configPut") port.execute<"configPut">(body, options, reply);
          else port.execute<"configDelete">(body, options, reply);
        },
        { random, requestId, timeoutMs: random.magnitude(50, 2000) },
        (answer) => {
          done();
          this.noteAnswer(requestId, answer);
          // Without room nothing was done; whether there was none, the log says.
          if (answer.kind === "notDone" || (body.kind === "configPut" && isFull(answer))) return;
          const output = outputOf(answer);
          if (output === null)
            return report(
              "each request once",
              `client ${this.number} was answered ${JSON.stringify(answer)} to ${body.kind} ${key}`,
            );
          if (output.kind === "written") this.#noteRevision(output.revision);
          if (output.kind === "written" && input.kind === "put")
            this.#seen.set(key, { value: input.value, revision: output.revision });
          const returnedAt = output.kind === "unknown" ? Number.POSITIVE_INFINITY : port.nowMs;
          const named = requestId === null ? {} : { requestId };
          records.operations.push({ client: this.number, key, input, calledAt, output, returnedAt, ...named });
        },
      );
    });
  }

  #noteRevision(revision: number): void {
    const { port } = this.#workload;
    this.#newest = Math.max(this.#newest, revision);
    port.newestRevision = Math.max(port.newestRevision, revision);
  }

  #nextValue(): string {
    this.#requests++;
    return `v${this.number}-${this.#requests}`;
  }
}

/** Chance for one operation. */
export function streamOf(salt: number): RandomStream {
  return randomStreams(salt).workload;
}

const encoder = new TextEncoder();

type Precondition = Extract<CommandBody, { readonly kind: "configPut" }>["precondition"];

function preconditionOf(expectation: Expectation): Precondition {
  return expectation.kind === "matches"
    ? { kind: "modRevision", revision: toRevision(expectation.revision) }
    : { kind: expectation.kind };
}

function outputOf(
  answer: Exclude<ClientAnswer<Answers["configPut"] | Answers["configDelete"]>, { readonly kind: "notDone" }>,
): KeyOutput | null {
  switch (answer.kind) {
    case "ok":
      return { kind: "written", revision: "modRevision" in answer.value ? answer.value.modRevision : answer.value.revision };
    case "refused":
      return refusalOutput(answer.refusal);
    case "unknown":
      return { kind: "unknown" };
    default:
      return unreachable(answer);
  }
}

function refusalOutput(refusal: Refusal): KeyOutput | null {
  if (refusal.kind === "revisionMismatch") return { kind: "mismatch", actual: refusal.actual };
  return refusal.kind === "keyNotFound" ? { kind: "notFound" } : null;
}
