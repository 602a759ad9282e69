/**
 * This file is programs that read and write config through the SDK: compare-and-set, loops of it, and calls that are given up. What they
 * were told joins the histories of all other clients.
 */
import type { KeyholdErrorCode } from "../../../openapi/client/index.ts";
import { unreachable } from "../../../src/base/assert.ts";
import type { Expectation, KeyOutput } from "./history.ts";
import { type Answered, requestTimeoutMs, type SdkRig, saidBy } from "./sdk-rig.ts";

type Seen = { readonly value: string; readonly revision: number };
type WriteError = { readonly code: KeyholdErrorCode; readonly actual?: number | null };

const contentType = "text/plain";

/** Does one thing with one key. */
export async function useConfig(rig: SdkRig, seen: Map<string, Seen>): Promise<void> {
  const { random, world } = rig;
  // Some keys are hot.
  const key = `k${Math.floor(world.options.keys * random.fraction() ** 2)}`;
  const draw = random.fraction();
  if (draw < 0.3) await get(rig, key, seen);
  else if (draw < 0.65) await put(rig, key, seen);
  else if (draw < 0.75) await remove(rig, key, seen);
  else await update(rig, key, seen);
}

async function get(rig: SdkRig, key: string, seen: Map<string, Seen>): Promise<void> {
  const timeoutMs = rig.random.magnitude(50, requestTimeoutMs);
  const output = async (): Promise<KeyOutput | null> => {
    const read = await rig.track(`get ${key}`, timeoutMs, rig.client.config.get(key, { timeoutMs }));
    if (!read.ok) return read.error.code === "key_not_found" ? { kind: "read", value: null, revision: 0 } : null;
    const { value, modRevision: revision } = read.value;
    seen.set(key, { value: String(value), revision });
    return { kind: "read", value: String(value), revision };
  };
  await rig.operate({ key, input: { kind: "get" } }, output());
}

function drawExpectation(rig: SdkRig, known: Seen | undefined): Expectation {
  const draw = rig.random.fraction();
  if (draw < 0.3) return { kind: "none" };
  if (draw < 0.35) return { kind: "exists" };
  return known === undefined || draw < 0.4 ? { kind: "absent" } : { kind: "matches", ...known };
}

/** The argument of the SDK that demands the same. */
function expectOf(expectation: Expectation) {
  switch (expectation.kind) {
    case "none":
      return {};
    case "matches":
      return { expect: { revision: expectation.revision } } as const;
    case "absent":
    case "exists":
      return { expect: expectation.kind };
    default:
      return unreachable(expectation);
  }
}

async function put(rig: SdkRig, key: string, seen: Map<string, Seen>): Promise<void> {
  const { random, client } = rig;
  const value = rig.nextMark();
  const timeoutMs = random.magnitude(50, requestTimeoutMs);
  const expectation = drawExpectation(rig, seen.get(key));
  const abort = new AbortController();
  const call = rig.newCall(`put ${key} ${value}`, timeoutMs);
  if (random.chance(0.1)) {
    rig.process.after(random.magnitude(1, 2000), () => {
      if (call.settledAtMs !== null) return;
      rig.hurry(call, 0);
      abort.abort(new Error("no longer wanted"));
    });
  }
  const options = { contentType, timeoutMs, signal: abort.signal, ...expectOf(expectation) };
  const putting = rig.track("", 0, client.config.put(key, value, options), call);
  const written = rig.mutate({ what: "put", mark: value }, putting, ({ modRevision }) => modRevision);
  const output = async (): Promise<KeyOutput | null> => {
    const result = await written;
    if (result.ok) seen.set(key, { value, revision: result.value.modRevision });
    return outputOf(result, ({ modRevision }) => modRevision);
  };
  await rig.operate({ key, input: { kind: "put", value, expectation } }, output());
}

async function remove(rig: SdkRig, key: string, seen: Map<string, Seen>): Promise<void> {
  const { random, client } = rig;
  const known = seen.get(key);
  const expectation: Expectation = known === undefined || random.chance(0.5) ? { kind: "none" } : { kind: "matches", ...known };
  const timeoutMs = random.magnitude(50, requestTimeoutMs);
  const options = { timeoutMs, ...(expectation.kind === "matches" ? { expect: { revision: expectation.revision } } : {}) };
  const output = async (): Promise<KeyOutput | null> => {
    const result = await rig.track(`delete ${key}`, timeoutMs, client.config.delete(key, options));
    return outputOf(result, ({ revision }) => revision);
  };
  await rig.operate({ key, input: { kind: "delete", expectation } }, output());
}

/** A loop of compare-and-set, with each of its rounds written down. */
async function update(rig: SdkRig, key: string, seen: Map<string, Seen>): Promise<void> {
  const { random, client } = rig;
  const timeoutMs = random.magnitude(100, requestTimeoutMs);
  /** Of the round that is under way. */
  let settle: (output: KeyOutput | null) => void = () => undefined;
  const writes: Promise<void>[] = [];
  let mark = "";
  const compute = (current: { readonly value: unknown; readonly modRevision: number } | null): string => {
    // That it is called again says that the round before wrote nothing.
    settle(null);
    const expectation: Expectation =
      current === null ? { kind: "absent" } : { kind: "matches", value: String(current.value), revision: current.modRevision };
    mark = rig.nextMark();
    const output = new Promise<KeyOutput | null>((resolve) => {
      settle = resolve;
    });
    writes.push(rig.operate({ key, input: { kind: "put", value: mark, expectation } }, output));
    return mark;
  };
  const result = await rig.track(
    `update ${key}`,
    timeoutMs,
    client.config.update(key, compute, { contentType, timeoutMs, roundsMax: random.pick([1, 3, 16]) }),
  );
  if (result.ok) seen.set(key, { value: mark, revision: result.value.modRevision });
  settle(outputOf(result, ({ modRevision }) => modRevision));
  await Promise.all(writes);
}

/** What a write is known to have come to; null when it certainly did nothing and saw nothing. */
function outputOf<Value>(result: Answered<Value, WriteError>, revisionOf: (value: Value) => number): KeyOutput | null {
  if (result.ok) return { kind: "written", revision: revisionOf(result.value) };
  const { code, actual } = result.error;
  if (code === "revision_mismatch") return { kind: "mismatch", actual: actual ?? null };
  if (code === "key_not_found") return { kind: "notFound" };
  return saidBy(code) === "unknown" ? { kind: "unknown" } : null;
}
