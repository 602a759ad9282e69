/**
 * This file is programs that use locks and leases through the SDK: they take a lock, work for as long as its signal has not fired, write
 * to what it guards, and let go; or they keep a lease for a while.
 */
import type { Hold } from "../../../openapi/client/index.ts";
import type { SdkHold } from "../checks/sdk-records.ts";
import { cancelMs, requestTimeoutMs, type SdkRig } from "./sdk-rig.ts";

/** Takes a lock and uses it, if it gets it. */
export async function useLock(rig: SdkRig): Promise<void> {
  const { random, client, world } = rig;
  // Those of everybody, and some for which fewer wait; many hold them for longer than a lease lasts that nobody renews.
  const name = random.chance(0.4) ? `l${random.integer(0, world.options.locks - 1)}` : `own${random.integer(0, 2)}`;
  const ttlMs = Math.round(random.magnitude(500, 5000));
  const waitMs = random.chance(0.3) ? 0 : Math.round(random.magnitude(100, 10_000));
  const owner = rig.nextMark();
  const boundMs = waitMs + requestTimeoutMs + ttlMs;
  const call = rig.newCall(`acquire ${name} as ${owner}`, boundMs);
  const abort = new AbortController();
  if (random.chance(0.15)) {
    rig.process.after(random.magnitude(10, 5000), () => {
      if (call.settledAtMs !== null) return;
      rig.hurry(call, cancelMs);
      abort.abort(new Error("no longer wanted"));
    });
  }
  const options = { ttlMs, waitMs, owner, signal: abort.signal };
  if (random.chance(0.3)) {
    const work = async (hold: Hold): Promise<void> => {
      call.boundMs = Number.POSITIVE_INFINITY;
      await workUnder(rig, noteHold(rig, hold, call.calledAtMs), hold);
    };
    await rig.track("", 0, client.locks.using(name, options, work), call);
    return;
  }
  const acquiring = rig.track("", 0, client.locks.acquire(name, options), call);
  // With a wait it may be several requests, of which some were granted and lost.
  const acquired =
    waitMs === 0 ? await rig.mutate({ what: "acquire", mark: owner }, acquiring, ({ fence }) => fence) : await acquiring;
  if (!acquired.ok) return;
  const hold = acquired.value;
  await workUnder(rig, noteHold(rig, hold, call.calledAtMs), hold);
  await release(rig, hold);
}

/** Grants a lease, keeps it alive for a while, and lets it go or forgets it. */
export async function keepLease(rig: SdkRig): Promise<void> {
  const { random, client, world } = rig;
  const ttlMs = Math.round(random.magnitude(500, 5000));
  const owner = rig.nextMark();
  const timeoutMs = random.magnitude(100, 5000);
  const granting = rig.track(`grant ${owner}`, timeoutMs, client.leases.grant({ ttlMs, owner, timeoutMs }));
  const granted = await rig.mutate({ what: "lease", mark: owner }, granting, () => null);
  if (!granted.ok) return;
  const { leaseId } = granted.value;
  for (let left = random.integer(0, 8); left > 0; left--) {
    await rig.process.sleep(random.chance(0.05) ? ttlMs * 1.5 : ttlMs / 3);
    const sentAtMs = world.nowMs();
    const keeping = client.leases.keepAlive(leaseId, { timeoutMs: ttlMs / 3 });
    const kept = await rig.track(`keepAlive ${leaseId}`, ttlMs / 3, keeping);
    if (kept.ok) world.records.locks.push({ kind: "renewed", leaseId, ttlMs, sentAtMs, receivedAtMs: world.nowMs() });
    else if (kept.error.code === "lease_not_found") return;
  }
  if (random.chance(0.6)) await rig.track(`revoke ${leaseId}`, timeoutMs, client.leases.revoke(leaseId, { timeoutMs }));
}

function noteHold(rig: SdkRig, hold: Hold, calledAtMs: number): SdkHold {
  const { world, program, number } = rig;
  const { name, fence, leaseId, ttlMs, storeId } = hold;
  const nowMs = world.nowMs();
  const { signal } = hold;
  // A program that stood still may be handed a hold that has ended, and is told so with it: then it never believed.
  const believedAtMs = signal.aborted ? Number.NEGATIVE_INFINITY : nowMs;
  const noted: SdkHold = { program, name, fence, storeId, heldAtMs: nowMs, believedAtMs, firedAtMs: null };
  world.sdk.holds.push(noted);
  const fired = (): void => {
    noted.firedAtMs ??= world.nowMs();
    world.told(`${program.name} holds ${name} as ${fence} no more: ${String(signal.reason)}`);
  };
  if (signal.aborted) fired();
  else signal.addEventListener("abort", fired);
  // For the others this one begins when it was told: how long its lease lives is the business of the SDK.
  const told = { client: number, name, fence, leaseId, ttlMs, sentAtMs: calledAtMs, receivedAtMs: nowMs, waited: true };
  world.records.locks.push({ kind: "granted", ...told });
  return noted;
}

/** Looks whether the lock is held, and writes, until enough was done or it is not held any more. */
async function workUnder(rig: SdkRig, noted: SdkHold, hold: Hold): Promise<void> {
  const { random, world } = rig;
  const endsAtMs = world.nowMs() + random.exponential(random.pick([0.5, 2, 8]) * hold.ttlMs);
  while (world.nowMs() < endsAtMs) {
    const isHeld = random.chance(0.7) ? !hold.signal.aborted : hold.remainingMs() > 0;
    if (isHeld) noted.believedAtMs = world.nowMs();
    else if (random.chance(0.9)) return;
    // What was begun in time may still arrive later, or somebody does not care; the fence is for both.
    writeFenced(rig, hold);
    if (random.chance(0.05)) await rig.track(`verify ${hold.name}`, requestTimeoutMs, hold.verify());
    await rig.process.sleep(random.exponential(hold.ttlMs / 6) + 1);
  }
}

function writeFenced({ random, world, number, process }: SdkRig, { name, fence }: Hold): void {
  const { machine } = process;
  const onTheWayMs = random.chance(0.05) ? random.magnitude(10, 10_000) : random.exponential(2);
  machine.scheduler.after(onTheWayMs, () => {
    const accepted = world.resourceTakes(name, fence);
    world.records.locks.push({ kind: "resourceWrite", client: number, name, fence, atMs: world.nowMs(), accepted });
  });
}

async function release(rig: SdkRig, hold: Hold): Promise<void> {
  const { random, world, number } = rig;
  const { name, fence } = hold;
  const event = { kind: "release", client: number, name, fence, sentAtMs: world.nowMs() } as const;
  world.records.locks.push({ ...event, released: false });
  const timeoutMs = random.chance(0.5) ? requestTimeoutMs : random.magnitude(50, 2000);
  const released = await rig.track(`release ${name} ${fence}`, timeoutMs, hold.release({ timeoutMs }));
  if (released.ok) world.records.locks.push({ ...event, released: true });
  // Asked again, it says the same, or tries once more.
  else if (random.chance(0.5)) await rig.track(`release ${name} ${fence} again`, timeoutMs, hold.release({ timeoutMs }));
}
