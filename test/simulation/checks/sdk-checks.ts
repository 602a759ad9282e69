/**
 * This file judges what the SDK told its callers, against the committed log and real time: the signal of a hold fires before the lock can
 * be anybody else's, what is said of a mutation is so, and every promise settles in time. Its watches are judged by `sdk-watch-checks.ts`.
 */
import type { CommittedFact } from "./committed-log.ts";
import type { Finding } from "./finding.ts";
import type { SdkCall, SdkHold, SdkMutation, SdkRecords, SdkStall } from "./sdk-records.ts";
import { checkSdkWatches } from "./sdk-watch-checks.ts";

/** What the SDK promises about time holds while rates differ by no more than `rateErrorMax`; null where they differ by more. */
export type SdkCheckOptions = {
  readonly storeId: string;
  readonly rateErrorMax: number | null;
  readonly endMs: number;
  readonly findingsMax: number;
};

/** Everything that is wrong with what the SDK told the programs of a run. */
export function checkSdk(facts: readonly CommittedFact[], records: SdkRecords, options: SdkCheckOptions): readonly Finding[] {
  return [
    ...checkSdkHolds(facts, records.holds, options),
    ...checkSdkMutations(facts, records.mutations, options),
    ...checkSdkCalls(records.calls, options),
    ...checkSdkWatches(facts, records.watches, options),
  ];
}

/** A hold looks at its clocks that often by itself, so it may notice a suspend so much later; timers are late beside that. */
const lookEveryMs = 1000;
const lateMs = 50;
/** The slowest clock where rates are not bounded runs at half the speed. */
const slowestClock = 2;

type Ending = { readonly atMs: number; readonly reason: "released" | "broken" | "leaseEnded" };

/** Holds of `storeId`: nobody else can have had the lock while the program was told, or had to believe, that it holds it. */
export function checkSdkHolds(
  facts: readonly CommittedFact[],
  holds: readonly SdkHold[],
  { storeId, rateErrorMax, endMs, findingsMax }: SdkCheckOptions,
): readonly Finding[] {
  if (rateErrorMax === null) return [];
  const endings = endingsOf(facts);
  const findings: Finding[] = [];
  for (const hold of holds) {
    if (hold.storeId !== storeId) continue;
    const ending = endings.get(hold.fence);
    // Who is broken may go on believing for a while.
    if (ending === undefined || ending.reason === "broken") continue;
    const { program, believedAtMs } = hold;
    const what = `${program.name} holds ${hold.name} as ${hold.fence}`;
    if (believedAtMs > ending.atMs)
      findings.push(found(`${what}, it was told at ${believedAtMs.toFixed(1)}; it ended at ${ending.atMs.toFixed(1)}`));
    const firedByMs = hold.firedAtMs ?? program.goneAtMs ?? endMs;
    if (firedByMs > lastMomentToFire(ending.atMs, program.stalls))
      findings.push(found(`${what} until its signal at ${firedByMs.toFixed(1)}; it ended at ${ending.atMs.toFixed(1)}`));
  }
  return findings.slice(0, findingsMax);
}

function found(detail: string): Finding {
  return { check: "signal before the lock is free", detail };
}

/** How each hold ended, by its fence, and when that was committed; a lease that somebody revoked counts as broken. */
function endingsOf(facts: readonly CommittedFact[]): ReadonlyMap<number, Ending> {
  const endings = new Map<number, Ending>();
  for (const { batches, committedAtMs: atMs } of facts) {
    const changes = batches.flatMap((batch) => batch.changes);
    const revoked = new Set(
      changes.flatMap((change) => (change.kind === "leaseEnded" && change.reason === "revoked" ? [change.leaseId] : [])),
    );
    for (const change of changes) {
      if (change.kind !== "lockReleased") continue;
      endings.set(change.fence, { atMs, reason: revoked.has(change.leaseId) ? "broken" : change.reason });
    }
  }
  return endings;
}

/** A process that cannot run cannot be told: then as soon as it goes on, after a suspend when it looks next. */
function lastMomentToFire(endedAtMs: number, stalls: readonly SdkStall[]): number {
  let lastMs = endedAtMs;
  for (const { fromMs, untilMs, suspended } of stalls) {
    const noticedMs = untilMs + lateMs + (suspended ? lookEveryMs * 1.01 : 0);
    if (fromMs <= lastMs && noticedMs > lastMs) lastMs = noticedMs;
  }
  return lastMs;
}

/** Each mutation was carried out at most once, and as it was said. */
export function checkSdkMutations(
  facts: readonly CommittedFact[],
  mutations: readonly SdkMutation[],
  { findingsMax }: Pick<SdkCheckOptions, "findingsMax">,
): readonly Finding[] {
  const carriedOut = carriedOutBy(facts);
  const findings: Finding[] = [];
  for (const { program, what, mark, said, code, revision } of mutations) {
    const revisions = carriedOut.get(`${what} ${mark}`) ?? [];
    const of = `${program.name} was told ${code} of ${what} ${mark}`;
    const log = revisions.length === 0 ? "the log does not have it" : `the log has it at ${revisions.join(", ")}`;
    const isTrue =
      said === "unknown" || (said === "nothing" ? revisions.length === 0 : revisions.length > 0 && isAt(revision, revisions));
    if (!isTrue)
      findings.push({
        check: "what the SDK says of a mutation",
        detail: `${of}${revision === null ? "" : ` at ${revision}`}; ${log}`,
      });
    // Who waits in a queue may lose its place, and take another one.
    else if (revisions.length > 1) findings.push({ check: "what the SDK says of a mutation", detail: `${of}, once; ${log}` });
  }
  return findings.slice(0, findingsMax);
}

function isAt(revision: number | null, revisions: readonly number[]): boolean {
  return revision === null || revisions.includes(revision);
}

/** The revisions at which each mark was put, or was given a lease or a lock, as its owner. */
function carriedOutBy(facts: readonly CommittedFact[]): ReadonlyMap<string, readonly number[]> {
  const decoder = new TextDecoder();
  const found = new Map<string, number[]>();
  for (const { revision, changes } of facts.flatMap(({ batches }) => batches)) {
    for (const change of changes) {
      const mark =
        change.kind === "configPut"
          ? `put ${decoder.decode(change.record.value)}`
          : change.kind === "lockGranted"
            ? `acquire ${change.owner}`
            : change.kind === "leaseGranted"
              ? `lease ${change.owner}`
              : null;
      if (mark === null) continue;
      const others = found.get(mark);
      if (others === undefined) found.set(mark, [revision]);
      else others.push(revision);
    }
  }
  return found;
}

/** Every promise settles in its time, unless its process was gone before. */
export function checkSdkCalls(
  calls: readonly SdkCall[],
  { rateErrorMax, endMs, findingsMax }: Omit<SdkCheckOptions, "storeId">,
): readonly Finding[] {
  const slowest = rateErrorMax === null ? slowestClock : 1 + 2 * rateErrorMax;
  const findings: Finding[] = [];
  for (const { program, what, calledAtMs, boundMs, settledAtMs } of calls) {
    const untilMs = settledAtMs ?? program.goneAtMs ?? endMs;
    const tookMs = untilMs - calledAtMs - stalledMs(program.stalls, calledAtMs, untilMs);
    if (tookMs <= boundMs * slowest) continue;
    const end = settledAtMs === null ? "had not settled" : "settled";
    const detail = `${program.name}: ${what}, called at ${calledAtMs.toFixed(1)} for at most ${boundMs} ms, ${end} after ${tookMs.toFixed(1)}`;
    findings.push({ check: "SDK promises settle", detail });
  }
  return findings.slice(0, findingsMax);
}

/** For how long between two times a process could not run. */
function stalledMs(stalls: readonly SdkStall[], fromMs: number, toMs: number): number {
  return stalls.reduce((sum, stall) => sum + Math.max(0, Math.min(stall.untilMs, toMs) - Math.max(stall.fromMs, fromMs)), 0);
}
