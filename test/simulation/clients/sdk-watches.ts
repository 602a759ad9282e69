/**
 * This file is programs that watch through the SDK: from a snapshot or from now, at their own pace, closing and going on later from the
 * revision that they kept, also in another process.
 */
import type { WatchItem, WatchTarget } from "../../../openapi/client/index.ts";
import type { SdkWatch } from "../checks/sdk-records.ts";
import type { RandomStream } from "../world/random.ts";
import type { SdkRig } from "./sdk-rig.ts";

/** What a program keeps of a watch where it outlives the process. */
export type KeptWatch = {
  readonly targets: readonly WatchTarget[];
  /** Whether it wants to begin anew where it cannot go on. */
  readonly resync: boolean;
  revision: number | null;
  storeId: string | undefined;
  /** Read without pauses. */
  hurried: boolean;
};

/** A watch that knows nothing yet. */
export function drawKeptWatch(random: RandomStream): KeptWatch {
  const targets = random.pick<readonly WatchTarget[]>([
    [{ kind: "config", prefix: "" }],
    [{ kind: "config", prefix: "k" }],
    [{ kind: "lock", prefix: "l" }],
    [
      { kind: "config", key: "k0" },
      { kind: "lock", prefix: "" },
    ],
    [{ kind: "lease", prefix: "" }],
  ]);
  return { targets, resync: random.chance(0.5), revision: null, storeId: undefined, hurried: false };
}

/** Watches until the process or its client ends. */
export async function watchOn(rig: SdkRig, kept: KeptWatch, isOver: () => boolean): Promise<void> {
  const { random } = rig;
  while (!isOver()) {
    const failure = await watchOnce(rig, kept);
    if (failure === "closed") continue;
    if (failure === "compacted" || failure === "store_changed") {
      kept.revision = null;
      kept.storeId = undefined;
    }
    await rig.process.sleep(random.magnitude(10, 1000));
  }
}

/** One watch of the SDK, until it ends; says why. */
async function watchOnce(rig: SdkRig, kept: KeptWatch): Promise<string> {
  const { random, client, program, world } = rig;
  const { targets, resync, storeId } = kept;
  const knownRevision = kept.revision;
  const from = knownRevision === null ? random.pick(["snapshot", "now"] as const) : { revision: knownRevision + 1 };
  const watch = client.watch({ targets, resync, from, ...(storeId === undefined ? {} : { storeId }) });
  let segment: SdkWatch | null = null;
  for await (const item of watch) {
    const store: string = watch.storeId() ?? "";
    if (segment === null || item.kind === "snapshot" || segment.storeId !== store) {
      const known: number | null = segment === null && item.kind !== "snapshot" ? knownRevision : null;
      segment = { program, targets, storeId: store, knownRevision: known, items: [] };
      world.sdk.watches.push(segment);
    }
    segment.items.push(item);
    world.told(`${program.name} watches ${item.kind} ${item.kind === "failed" ? item.error.code : item.revision}`);
    if (item.kind === "failed") return noteFailure(rig, item);
    kept.revision = item.revision;
    kept.storeId = store;
    if (kept.hurried) continue;
    if (random.chance(0.01)) {
      watch.close();
      return "closed";
    }
    if (random.chance(0.05)) await rig.process.sleep(random.magnitude(10, 5000));
  }
  return "ended";
}

function noteFailure({ world, program }: SdkRig, { error }: Extract<WatchItem, { readonly kind: "failed" }>): string {
  const { code, detail } = error;
  if (code === "invalid_request") world.report("SDK watches", `${program.name} cannot watch: ${code} ${detail}`);
  return code;
}
