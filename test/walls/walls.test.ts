/**
 * This file holds every source file to the list of rooms, and plants what the list refuses to see it refused.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Room, rooms } from "./rooms.ts";
import { sourceFiles } from "./source-files.ts";
import { breaches } from "./walls.ts";

const root = new URL("../..", import.meta.url).pathname;
const files = sourceFiles(root).filter((path) => /^(src|api|openapi\/(client|generated))\//.test(path));
const read = (path: string) => ({ path, text: readFileSync(join(root, path), "utf8") });

test("no file imports, or reaches the world, past the walls of its room", () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((path) => breaches(rooms, read(path)))).toEqual([]);
});

test("every room of the list is there, and allows nothing that it does not need", () => {
  const unused = rooms.flatMap(({ room, imports, packages, ports = [], portPackages = [] }) => {
    const inside = files.filter((path) => dirname(path) === room).map(read);
    expect(inside.length, room).toBeGreaterThan(0);
    const isNeeded = (left: Partial<Pick<Room, "imports" | "packages" | "portPackages">>) =>
      inside.some(
        (file) => breaches([{ room, world: "free", imports, packages, ports, portPackages, ...left }], file).length > 0,
      );
    return [
      ...imports.filter((one) => !isNeeded({ imports: imports.filter((other) => other !== one) })),
      ...packages.filter((one) => !isNeeded({ packages: packages.filter((other) => other !== one) })),
      ...portPackages.filter((one) => !isNeeded({ portPackages: portPackages.filter((other) => other !== one) })),
      ...ports.filter((port) => !inside.some(({ path }) => path === port)),
    ].map((one) => `${room} does not need ${one}`);
  });
  expect(unused).toEqual([]);
});

describe("what is planted is refused:", () => {
  const planted: readonly (readonly [path: string, line: string, what: string])[] = [
    ["src/storage/records.ts", 'import "../transport/frame.ts";', "imports ../transport/frame.ts"],
    ["src/transport/frame.ts", 'import { step } from "../raft/step.ts";', "imports ../raft/step.ts"],
    ["src/node/driver.ts", 'import type { Config } from "../config/config.ts";', "imports ../config/config.ts"],
    ["src/node/driver.ts", 'import { open } from "lmdb";', "imports lmdb"],
    ["src/node/driver.ts", 'import { becomeLeader } from "../raft/roles.ts";', "imports ../raft/roles.ts"],
    ["src/transport/frame.ts", 'import { step } from "../raft/index.ts";', "imports ../raft/index.ts"],
    ["src/node/watches/watch-hub.ts", 'import "../../storage/records.ts";', "imports ../../storage/records.ts"],
    ["openapi/client/client.ts", 'import { readFileSync } from "node:fs";', "imports node:fs"],
    ["openapi/client/watch-session.ts", 'import { io } from "socket.io-client";', "imports socket.io-client"],
    ["openapi/client/client.ts", 'export * from "../../src/base/at.ts";', "imports ../../src/base/at.ts"],
    ["api/server.ts", 'import { open } from "lmdb";', "imports lmdb"],
    [
      "api/rest/config-routes.ts",
      'const m = await import("../../src/machine/limits.ts");',
      "imports ../../src/machine/limits.ts",
    ],
    ["api/watch/slices.ts", 'type T = import("../../src/raft/types.ts").Term;', "imports ../../src/raft/types.ts"],
    ["src/machine/apply.ts", "const chance = Math.random();", "calls Math.random"],
    ["src/machine/apply.ts", 'const text = new Intl.NumberFormat("de");', "uses Intl"],
    ["src/machine/state/keys.ts", 'const order = "a".localeCompare("b");', "calls localeCompare"],
    ["src/machine/state/keys.ts", "const text = (1).toLocaleString();", "calls toLocaleString"],
    ["src/machine/commands/quota.ts", 'import { step } from "../../raft/step.ts";', "imports ../../raft/step.ts"],
    [
      "src/machine/state/keys.ts",
      'import { apply } from "../apply.ts";\nimport "../commands/quota.ts";',
      "imports ../commands/quota.ts",
    ],
    ["src/raft/step.ts", "const now = Date.now();", "uses Date"],
    ["src/raft/step.ts", "const { now } = performance;", "uses performance"],
    ["src/raft/step.ts", "globalThis.setTimeout(() => {}, 1);", "uses globalThis"],
    ["src/raft/step.ts", 'import { readFileSync } from "node:fs";', "imports node:fs"],
    ["src/raft/step.ts", "const m = await import(name);", "imports something computed: name"],
    ["src/base/at.ts", 'import "../raft/types.ts";', "imports ../raft/types.ts"],
    ["src/node/driver.ts", "setTimeout(() => {}, 1);", "uses setTimeout"],
    ["src/node/node.ts", "const t = Date.now();", "uses Date"],
    [
      "src/node/snapshots/snapshot-transfer.ts",
      'import { setTimeout as delay } from "node:timers/promises";',
      "imports node:timers/promises",
    ],
    ["src/node/writes/proposals.ts", "const id = crypto.randomUUID();", "uses crypto"],
    ["src/bootstrap/form.ts", 'import { KeyholdNode } from "../node/node.ts";', "imports ../node/node.ts"],
    ["src/cli/dev.ts", 'import { step } from "../raft/step.ts";', "imports ../raft/step.ts"],
    ["src/intake/intake.ts", 'import "../base/at.ts";', "imports ../base/at.ts"],
    ["src/elsewhere/file.ts", "", "lies in no room of the list"],
  ];
  test.each(planted)("%s: %s", (path, line, what) => {
    const text = path.includes("elsewhere") ? "" : read(path).text;
    expect(breaches(rooms, { path, text: `${text}\n${line}\n` }).map((breach) => breach.what)).toContain(what);
  });
});
