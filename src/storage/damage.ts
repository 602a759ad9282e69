/**
 * This file remembers damage beyond the end of the process: a marker in the data directory names the state with a record
 * that is not what was written. A marked state is never used again.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "./directory.ts";
import type { CorruptRecord } from "./errors.ts";

const markerName = "DAMAGED";

/** A record that is not what was written, in state number `state`. */
export type Damage = { readonly state: number; readonly table: string; readonly key: number | string; readonly why: string };

/** What a marker says of `error`, found in state number `state`. */
export function damageOf(error: CorruptRecord, state: number): Damage {
  return { state, table: error.table, key: error.key, why: error.why };
}

/** Durable when it returns; synchronous, because the process is about to end. */
export function writeMarker(directory: string, damage: Damage): void {
  const path = join(directory, markerName);
  const fd = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(fd, `${JSON.stringify(damage)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  syncFolder(directory);
}

/** As `writeMarker`, for a node that ends in any case: returns why the marker could not be written, null when it was. */
export function markDamage(directory: string, damage: Damage): string | null {
  try {
    writeMarker(directory, damage);
    return null;
  } catch (error) {
    return `This could not be recorded for the next start: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

/** What the marker says; undefined without one. A marker that cannot be read counts as damage of state `present`. */
export function readMarker(directory: string, present: number): Damage | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, markerName), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return parse(text) ?? { state: present, table: "unknown", key: "unknown", why: `the marker says ${JSON.stringify(text)}` };
}

/** Removes the marker, durably when it returns; does nothing without one. */
export function removeMarker(directory: string): void {
  rmSync(join(directory, `${markerName}.new`), { force: true });
  rmSync(join(directory, markerName), { force: true });
  syncFolder(directory);
}

function parse(text: string): Damage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { state, table, key, why } = value as Readonly<Record<string, unknown>>;
  if (typeof state !== "number" || typeof table !== "string" || typeof why !== "string") return undefined;
  return typeof key === "number" || typeof key === "string" ? { state, table, key, why } : undefined;
}
