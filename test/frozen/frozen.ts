/**
 * This file says what it means that bytes are frozen: what this version writes is what the fixture holds, and what the fixture
 * holds is read as what was written.
 */
import { expect } from "vitest";

/** `raise` names the number that tells the old layout from the new one; it is what whoever changes a layout reads. */
export function expectFrozen(found: Uint8Array | string, frozen: string | undefined, raise: string): void {
  const shown = typeof found === "string" ? found : Buffer.from(found).toString("hex");
  expect(shown, `The layout has changed: ${raise}. Then put the new bytes into the fixture.`).toBe(frozen);
}

/** The bytes of `hex`; none when it is undefined. */
export function bytesOf(hex: string | undefined): Buffer {
  return Buffer.from(hex ?? "", "hex");
}
