/**
 * This file logs that writes are refused because the store is full, so that operators learn it, and not only clients.
 */
import { Repeats } from "../../src/intake/repeats.ts";
import type { NodeStatus } from "../../src/node/service.ts";
import type { Logger } from "../context.ts";

/** Milliseconds between two log lines: often enough to see that it lasts. */
const quietMs = 30_000;

/** What the warning reads, and where it writes. */
export type QuotaWarningOptions = {
  readonly service: { readonly status: () => Pick<NodeStatus, "stateBytes" | "stateBytesMax"> };
  readonly logger: Pick<Logger, "warn">;
  /** Never falls. */
  readonly nowMs: () => number;
};

/** To be called for each answer 507; writes a line for the first one, and then one every half minute with how many there were since. */
export function quotaWarning({ service, logger, nowMs }: QuotaWarningOptions): () => void {
  const repeats = new Repeats({ quietMs, keysMax: 1 });
  return () => {
    const suppressed = repeats.note("full", nowMs());
    if (suppressed === undefined) return;
    const { stateBytes: used, stateBytesMax: limit } = service.status();
    logger.warn(
      { code: "quota_exceeded", used, limit, suppressed },
      "the store is full, and a write was refused with 507: delete, or make room",
    );
  };
}
