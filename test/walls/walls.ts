/**
 * This file judges source files by the list of rooms: every import, and in files that are deterministic or played in virtual time every
 * global, member and syntax by which the world gets in.
 */
import { dirname, extname, join, normalize } from "node:path";
import type { Room } from "./rooms.ts";
import type { Imported, Uses } from "./uses.ts";
import { refusedEverywhere, refusedMembers, type World, worlds } from "./worlds.ts";

/** A use that the list of rooms does not allow. */
export type Breach = { readonly path: string; readonly what: string };

/** What the file at `path` (from the root of the project) uses and the list does not allow. */
export function breaches(rooms: readonly Room[], path: string, uses: Uses): readonly Breach[] {
  const room = rooms.find((candidate) => candidate.room === dirname(path));
  if (room === undefined) return [{ path, what: "lies in no room of the list" }];
  if (extname(path) !== ".ts") return [{ path, what: "is no .ts file" }];
  const world = worldOf(room, path);
  const also = alsoAllowed(room, path);
  return [
    ...uses.imports.filter((one) => !mayImport(room, path, one)).map((one) => `imports ${importText(one)}`),
    ...worldIn(uses, world)
      .filter((use) => !also.some((allowed) => covers(allowed, use)))
      .map((use) => `uses ${use}`),
  ].map((what) => ({ path, what }));
}

/** The world that the file at `path` is held to. */
export function worldOf(room: Room, path: string): World {
  return room.played?.[path] === undefined ? room.world : "played";
}

/** What the file at `path` may use besides what all files of its room may. */
function alsoAllowed(room: Room, path: string): readonly string[] {
  return room.ports?.[path] ?? room.played?.[path] ?? [];
}

function mayImport(room: Room, path: string, one: Imported): boolean {
  const { module } = one;
  if (module.startsWith(".")) {
    const target = normalize(join(dirname(path), module));
    return [room.room, ...room.imports].some((allowed) => allowed === target || allowed === dirname(target));
  }
  const allowed = [...room.packages, ...alsoAllowed(room, path)];
  if (!module.startsWith("node:")) return allowed.some((name) => module === name || module.startsWith(`${name}/`));
  return allowed.includes(importText(one)) || (worldOf(room, path) === "free" && allowed.includes(module));
}

/** Of Node's own modules each name counts: one has both a checksum and randomness. */
function importText({ module, name }: Imported): string {
  return module.startsWith("node:") ? `${name} of ${module}` : module;
}

/** What no file of this world may use, if its room does not say so. */
function worldIn({ globals, members, syntax }: Uses, world: World): readonly string[] {
  if (world === "free") return members.filter((name) => name === refusedEverywhere);
  const { globals: allowed, refusedSyntax } = worlds[world];
  return [
    ...globals.filter((use) => !allowed.some((one) => covers(one, use))),
    ...members.filter((name) => refusedMembers.test(name)),
    ...syntax.filter((kind) => refusedSyntax.includes(kind)),
  ];
}

/** Whether what the list names holds `use`: `Math` holds `Math.max`, `new Math(...)` and itself; `Math.max` only itself. */
export function covers(allowed: string, use: string): boolean {
  return use === allowed || use.startsWith(`${allowed}.`) || use === `new ${allowed}(...)`;
}
