/**
 * This file holds the list of checks to what the simulator reports: a name that nothing reports is a check that is gone.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkNames } from "./finding.ts";

const simulator = fileURLToPath(new URL("..", import.meta.url));

test("every name of a check is one that something reports", () => {
  const files = readdirSync(simulator, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && path !== join("checks", "finding.ts"),
  );
  const sources = files.map((path) => readFileSync(join(simulator, path), "utf8")).join("\n");
  expect(checkNames.filter((name) => !sources.includes(`"${name}"`))).toEqual([]);
});
