/**
 * This file tests that a data folder that cannot be used is refused at once, with what is in the way.
 */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureDirectory } from "../../src/storage/directory.ts";
import { NoRoom, Reserve } from "../../src/storage/reserve.ts";
import { temporaryFolder } from "./temporary-folder.ts";

test("a folder is made with all above it, for its owner only, and left as it is when it is there", () => {
  const folder = join(temporaryFolder(), "a", "b");
  for (let i = 0; i < 2; i++) ensureDirectory(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

/** A file where a folder should be. */
function file(): string {
  const path = join(temporaryFolder(), "file");
  writeFileSync(path, "");
  return path;
}

test.each([
  { name: "below /proc", path: () => "/proc/keyhold/n1" },
  { name: "in the place of a file", path: () => file() },
  { name: "below a file", path: () => join(file(), "n1") },
  { name: "with a name that no file system takes", path: () => join(temporaryFolder(), "x".repeat(300)) },
])("a folder $name is refused within a moment, by name", ({ path }) => {
  const folder = path();
  expect(() => ensureDirectory(folder)).toThrow(`the data folder ${folder} cannot be used`);
});

test("a reserve extends the file by zeros after its end, and reports when there is no room", async () => {
  const path = join(temporaryFolder(), "data");
  writeFileSync(path, "data");
  const reserve = new Reserve(path);
  await reserve.upTo(100_000);
  expect(statSync(path).size).toBeGreaterThanOrEqual(100_000);
  reserve.close();
  // A device that is always full.
  const full = new Reserve("/dev/full");
  await expect(full.upTo(1)).rejects.toThrow(NoRoom);
  full.close();
});
