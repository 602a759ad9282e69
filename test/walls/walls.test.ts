/**
 * This file holds every source file to the list of rooms, and plants what the list refuses to see it refused.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { planted } from "./planted.ts";
import { reached } from "./reached.ts";
import { type Room, rooms } from "./rooms.ts";
import { sourceFiles } from "./source-files.ts";
import { type Uses, usesOf } from "./uses.ts";
import { breaches, covers, worldOf } from "./walls.ts";
import { type World, worlds } from "./worlds.ts";

/** All files are parsed, which takes a second or two on a machine that does nothing else. */
const timeout = 120_000;
const root = new URL("../..", import.meta.url).pathname;
const all = sourceFiles(root);
const files = all.filter((path) => /^(src|api|openapi\/(client|generated))\//.test(path));
const read = (path: string) => readFileSync(join(root, path), "utf8");

const known = new Map<string, Uses>();
function usesAt(path: string): Uses {
  const uses = known.get(path) ?? usesOf(path, read(path));
  known.set(path, uses);
  return uses;
}

test("no file imports, or reaches the world, past the walls of its room", { timeout }, () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.flatMap((path) => breaches(rooms, path, usesAt(path)))).toEqual([]);
});

test("every room of the list is there, and allows nothing that it does not need", { timeout }, () => {
  const unused = rooms.flatMap((room) => {
    const inside = files.filter((path) => dirname(path) === room.room);
    expect(inside.length, room.room).toBeGreaterThan(0);
    const isNeeded = (left: Partial<Room>) =>
      inside.some((path) => breaches([{ ...room, ...left }], path, usesAt(path)).length > 0);
    return [
      ...room.imports.filter((one) => !isNeeded({ imports: without(room.imports, one) })),
      ...room.packages.filter((one) => !isNeeded({ packages: without(room.packages, one) })),
      ...Object.entries(room.ports ?? {}).flatMap(([path, may]) => [
        ...may.filter((one) => !isNeeded({ ports: { ...room.ports, [path]: without(may, one) } })),
        ...(inside.includes(path) ? [] : [path]),
      ]),
      ...Object.entries(room.played ?? {}).flatMap(([path, may]) =>
        may.filter((one) => !isNeeded({ played: { ...room.played, [path]: without(may, one) } })),
      ),
    ].map((one) => `${room.room} does not need ${one}`);
  });
  expect(unused).toEqual([]);
});

test("every world allows only globals that one of its files uses", { timeout }, () => {
  const held = files.flatMap((path) =>
    rooms.filter(({ room }) => room === dirname(path)).map((room) => ({ path, world: worldOf(room, path) })),
  );
  const isUsed = (world: World, global: string) =>
    held.some((file) => file.world === world && usesAt(file.path).globals.some((use) => covers(global, use)));
  expect(worlds.pure.globals.filter((global) => !isUsed("pure", global))).toEqual([]);
  expect(worlds.played.globals.filter((global) => !isUsed("played", global))).toEqual([]);
});

test("what the simulator plays is listed as played, and nothing else", { timeout }, () => {
  const simulator = all.filter(
    (path) => path.startsWith("test/simulation/") && !path.includes("/mutants/") && !path.endsWith(".test.ts"),
  );
  const played = [...reached(root, simulator)];
  const free = rooms.filter(({ world }) => world === "free");
  expect(played.filter((path) => free.some(({ room }) => room === dirname(path))).sort()).toEqual(
    free.flatMap(({ played: listed }) => Object.keys(listed ?? {})).sort(),
  );
});

describe("what is planted is refused:", () => {
  test.each(planted)("%s: %s", { timeout }, (path, line, what) => {
    const text = files.includes(path) ? read(path) : "";
    expect(breaches(rooms, path, usesOf(path, `${text}\n${line}\n`)).map((breach) => breach.what)).toContain(what);
  });
});

function without(list: readonly string[], one: string): readonly string[] {
  return list.filter((other) => other !== one);
}
