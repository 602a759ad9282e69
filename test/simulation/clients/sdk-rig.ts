/**
 * This file is what the programs with the SDK share: their client, their randomness, and how they write down what it told them.
 */
import type { KeyholdClient, KeyholdErrorCode } from "../../../openapi/client/index.ts";
import type { Report } from "../checks/finding.ts";
import type { SdkCall, SdkMutation, SdkProgram, SdkRecords, SdkSaid } from "../checks/sdk-records.ts";
import type { RunOptions } from "../faults/plan.ts";
import type { RandomStream } from "../world/random.ts";
import type { KeyOperation, KeyOutput } from "./history.ts";
import type { Records } from "./records.ts";
import type { SdkProcess } from "./sdk-process.ts";

/** What programs need of a run. */
export type SdkWorld = {
  readonly nowMs: () => number;
  readonly options: RunOptions;
  readonly records: Records;
  readonly sdk: SdkRecords;
  readonly report: Report;
  /** Whether the resource that a lock guards takes a write under this fence. */
  readonly resourceTakes: (name: string, fence: number) => boolean;
  /** What a program was told, for the story and for the hash of the run. */
  readonly told: (line: string) => void;
};

/** How late a promise may settle: timers of a busy machine are late, one after the other. */
const slackMs = 100;
/** What a client waits for one call by default, and how long it may take to leave a queue. */
export const requestTimeoutMs = 10_000;
/** How long it may take to leave a queue. */
export const cancelMs = 20_000;

/** One program: its client and what it writes down. */
export class SdkRig {
  readonly number: number;
  readonly process: SdkProcess;
  readonly program: SdkProgram;
  readonly random: RandomStream;
  readonly world: SdkWorld;
  /** What to write down of calls that never come back, because the process is gone. */
  readonly #lost = new Set<() => void>();
  readonly #open = new Set<SdkCall>();
  /** Things that its programs are at. */
  rounds = 0;
  #marks = 0;

  constructor(given: {
    readonly number: number;
    readonly process: SdkProcess;
    readonly program: SdkProgram;
    readonly random: RandomStream;
    readonly world: SdkWorld;
  }) {
    this.number = given.number;
    this.process = given.process;
    this.program = given.program;
    this.random = given.random;
    this.world = given.world;
  }

  get client(): KeyholdClient {
    return this.process.client;
  }

  /** Promises that have not settled, but for those that wait for what a program does. */
  get openCalls(): readonly SdkCall[] {
    return [...this.#open].filter(({ boundMs }) => boundMs !== Number.POSITIVE_INFINITY);
  }

  /** Writes down when a promise of the SDK settles. */
  async track<Value>(what: string, boundMs: number, promise: Promise<Value>, call = this.newCall(what, boundMs)): Promise<Value> {
    try {
      const value = await promise;
      this.world.told(`${this.program.name} ${call.what}: ${textOf(value)}`);
      return value;
    } finally {
      call.settledAtMs = this.world.nowMs();
      this.#open.delete(call);
    }
  }

  newCall(what: string, boundMs: number): SdkCall {
    const { program, world } = this;
    const call: SdkCall = { program, what, calledAtMs: world.nowMs(), boundMs: boundMs + slackMs, settledAtMs: null };
    world.sdk.calls.push(call);
    this.#open.add(call);
    return call;
  }

  /** The caller gave up: the promise must settle within `boundMs` from now. */
  hurry(call: SdkCall, boundMs: number): void {
    // What its program does under a lock may take as long as it likes.
    if (call.boundMs === Number.POSITIVE_INFINITY) return;
    call.boundMs = Math.min(call.boundMs, this.world.nowMs() - call.calledAtMs + boundMs + slackMs);
  }

  /** Something that nobody else puts, or is called. */
  nextMark(): string {
    return `${this.program.name}.${++this.#marks}`;
  }

  /** Writes down `mutation` when `answer` settles, or as unknown when the process is gone before. */
  async mutate<Value, Failure extends { readonly code: KeyholdErrorCode }>(
    mutation: Pick<SdkMutation, "what" | "mark">,
    answer: Promise<Answered<Value, Failure>>,
    revisionOf: (value: Value) => number | null,
  ): Promise<Answered<Value, Failure>> {
    const { program, world } = this;
    const lost = (): void =>
      void world.sdk.mutations.push({ ...mutation, program, said: "unknown", code: "gone", revision: null });
    this.#lost.add(lost);
    const result = await answer;
    this.#lost.delete(lost);
    const said = result.ok ? "done" : saidBy(result.error.code);
    const code = result.ok ? "ok" : result.error.code;
    if (code === "bad_response" || code === "invalid_request")
      world.report("what the SDK says of a mutation", `${program.name} was told ${code} of ${mutation.mark}`);
    world.sdk.mutations.push({ ...mutation, program, said, code, revision: result.ok ? revisionOf(result.value) : null });
    return result;
  }

  /** Writes down an operation on a key when `output` settles (null: it certainly did nothing), or as unknown when the process is gone. */
  async operate(operation: Pick<KeyOperation, "key" | "input">, output: Promise<KeyOutput | null>): Promise<void> {
    const { records, nowMs } = this.world;
    const started = { ...operation, client: this.number, calledAt: nowMs() };
    const unknown = (): void => {
      if (operation.input.kind === "get") return;
      records.operations.push({ ...started, output: { kind: "unknown" }, returnedAt: Number.POSITIVE_INFINITY });
    };
    this.#lost.add(unknown);
    const came = await output;
    this.#lost.delete(unknown);
    if (came === null) return;
    if (came.kind === "unknown") unknown();
    else records.operations.push({ ...started, output: came, returnedAt: nowMs() });
  }

  /** The process is gone: what it would have heard, nobody hears. */
  gone(): void {
    this.program.goneAtMs = this.world.nowMs();
    for (const lost of this.#lost) lost();
    this.#lost.clear();
    this.#open.clear();
  }
}

/** A result of the SDK. */
export type Answered<Value, Failure> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure };

/** What a result came to, in short. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null || !("ok" in value)) return "";
  return "error" in value ? JSON.stringify(value.error) : "ok";
}

/** What an error says of the mutation that it ended. */
export function saidBy(code: KeyholdErrorCode): SdkSaid {
  if (code === "outcome_unknown" || code === "aborted" || code === "internal" || code === "bad_response") return "unknown";
  return code === "lock_lost" ? "done" : "nothing";
}
