/**
 * This file holds the bounds that an API has in tests: those of a node whose options are all as they come.
 */
import { type ApiLimits, defaultApiLimits } from "../../api/context.ts";
import { options } from "../../src/config/options.ts";

/** To be spread over where a test needs another bound. */
export const testLimits: ApiLimits = {
  ...defaultApiLimits,
  requestTimeoutMs: options.requestTimeoutMs.default,
  acquireHoldMsMax: options.acquireHoldMsMax.default,
  valueBytesMax: options.bodyBytesMax.default,
  watch: {
    ...defaultApiLimits.watch,
    watchesMax: options.watchesMax.default,
    watchesPerSocketMax: options.watchesPerConnectionMax.default,
  },
};
