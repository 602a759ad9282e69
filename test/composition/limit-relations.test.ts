/**
 * This file tests that a node whose bounds do not fit together does not start.
 */
import { expect, test } from "vitest";
import { assertLimitsFit } from "../../src/composition/limit-relations.ts";
import { options } from "../../src/config/options.ts";
import { testLimits } from "../api/limits.ts";

const { watch } = testLimits;

test("the bounds of a node fit together, whatever its options are set to", () => {
  for (const bound of ["min", "max"] as const) {
    const limits = {
      ...testLimits,
      requestTimeoutMs: options.requestTimeoutMs[bound],
      acquireHoldMsMax: options.acquireHoldMsMax[bound],
      valueBytesMax: options.bodyBytesMax[bound],
      watch: { ...watch, watchesMax: options.watchesMax[bound], watchesPerSocketMax: options.watchesPerConnectionMax[bound] },
    };
    expect(() => assertLimitsFit(limits)).not.toThrow();
  }
});

test.each([
  [{ valueBytesMax: 1_048_577 }, "a value that is let in is 1048577, and a value that is applied holds 1048576 at most"],
  [{ headerBytesMax: 4_096 }, "a name and a comment, percent-encoded is 4512, and the head of a request holds 4096 at most"],
  [
    { watch: { ...watch, packetBytesMax: 1_048_577 } },
    "a packet of events is 1048577, and the window of a socket holds 1048576 at most",
  ],
  [
    { watch: { ...watch, leasesPerSocketMax: 1_001 } },
    "leases of a socket is 1001, and renewals of one command holds 1000 at most",
  ],
  [
    { watch: { ...watch, messageBytesMax: 32_768 } },
    "a watch with all its targets is 54400, and a message of a socket holds 32768 at most",
  ],
])("%j does not fit: %s", (changed, message) => {
  expect(() => assertLimitsFit({ ...testLimits, ...changed })).toThrow(message);
});
