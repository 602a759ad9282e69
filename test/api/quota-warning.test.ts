/**
 * This file checks that a full store is logged, and does not fill the log.
 */
import { expect, test } from "vitest";
import { quotaWarning } from "../../api/rest/quota-warning.ts";

test("the first refused write is logged with what is used and the limit, and the next after half a minute with a count", () => {
  const lines: object[] = [];
  let ms = 5;
  const service = { status: () => ({ stateBytes: 99, stateBytesMax: 100 }) };
  const note = quotaWarning({ service, logger: { warn: (fields) => lines.push(fields) }, nowMs: () => ms });
  for (let i = 0; i < 10; i++) note();
  ms += 30_000;
  note();
  note();
  expect(lines).toEqual([
    { code: "quota_exceeded", used: 99, limit: 100, suppressed: 0 },
    { code: "quota_exceeded", used: 99, limit: 100, suppressed: 9 },
  ]);
});
