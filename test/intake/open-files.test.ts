/**
 * This file tests how the files that a process may have open are divided.
 */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { clientConnections, reservedFiles } from "../../src/intake/open-files.ts";

test("clients get what peers and the disk leave, and a quarter at least", () => {
  const wanted = 10_000;
  expect(clientConnections({ wanted, filesMax: undefined })).toBe(wanted);
  expect(clientConnections({ wanted, filesMax: 65_536 })).toBe(wanted);
  expect(clientConnections({ wanted, filesMax: 1024 })).toBe(1024 - reservedFiles);
  expect(clientConnections({ wanted, filesMax: 300 })).toBe(75);
});

test("the limit is the one that the process was started with", () => {
  const program = 'const { openFilesMax } = await import("./src/intake/open-files.ts"); console.log(openFilesMax());';
  const started = spawnSync(
    "/bin/sh",
    ["-c", 'ulimit -n 300; exec "$0" --import tsx --input-type=module -e "$1"', process.execPath, program],
    { encoding: "utf8" },
  );
  expect([started.stderr, started.stdout]).toEqual(["", "300\n"]);
});
