/**
 * This file lays out a data directory:
 *
 *     IDENTITY        whose directory it is and what it promised; PEERS: the last start that was seen of each other node
 *     LOCK            held by the owner while it lives
 *     DAMAGED         names a state with a corrupt record, until that state is set aside
 *     state-00000001/ one LMDB environment: the whole state of the node
 *     damaged-*       the newest state that was set aside, kept for inspection; nothing reads it
 *     state-*.new/    an environment under construction; removed when the directory is opened
 *
 * The highest number counts. A state becomes the present one by losing its `.new`, in one rename, after all of it was
 * synced: so a first start or an installed snapshot exists completely or not at all, whenever a crash happens.
 */

import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { assert } from "../base/assert.ts";
import { StorageError } from "./errors.ts";

const statePattern = /^state-(\d{8})$/;
const damagedPattern = /^damaged-\d{8}$/;
const newPattern = /^state-(\d{8})\.new$/;

/** One numbered state; `path` is its folder. */
export type StateFolder = { readonly number: number; readonly path: string };

/**
 * Makes the directory, readable by its owner only, if it does not exist, and checks that it can be written. Throws StorageError
 * `cannotUse` with the reason.
 */
export function ensureDirectory(directory: string): void {
  try {
    const path = resolve(directory);
    if (makeFolders(path)) syncFolder(dirname(path));
    // On some file systems a folder can be made, but no file in it: better noticed here than during a start.
    const probe = join(path, "PROBE");
    const fd = openSync(probe, "w", 0o600);
    try {
      writeSync(fd, "x");
      fsyncSync(fd);
    } finally {
      closeSync(fd);
      rmSync(probe, { force: true });
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const advice =
      "Check the configured data directory: it must be a folder on a local disk that this user can write to, with room on it.";
    throw new StorageError("cannotUse", `the data folder ${directory} cannot be used: ${why}. ${advice}`, { cause });
  }
}

/** One folder at a time: with `recursive`, Node.js tries for ever where none can be made, as below /proc. */
function makeFolders(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return false;
  const parent = dirname(path);
  if (parent !== path) makeFolders(parent);
  mkdirSync(path, { mode: 0o700 });
  return true;
}

/** The present state, which has the highest number; undefined when there has never been one. */
export function presentState(directory: string): StateFolder | undefined {
  return states(directory).at(-1);
}

/** The names of all states here: complete, under construction, or set aside; and of the damage marker. */
export function tracesOfState(directory: string): string[] {
  const patterns = [statePattern, newPattern, damagedPattern, /^DAMAGED$/];
  return readdirSync(directory).filter((name) => patterns.some((pattern) => pattern.test(name)));
}

/** Removes states under construction. */
export function removeUnfinishedStates(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (newPattern.test(name)) rmSync(join(directory, name), { recursive: true });
  }
}

/** Removes the states before the present one. */
export function removeOldStates(directory: string): void {
  for (const { path } of states(directory).slice(0, -1)) rmSync(path, { recursive: true });
  syncFolder(directory);
}

/** The path of a state after it was set aside. */
export function damagedPath(directory: string, number: number): string {
  return join(directory, `damaged-${digits(number)}`);
}

/** Sets aside the state `number`, if it exists and is not the present one, and removes the one that was set aside before. */
export function setAside(directory: string, number: number): void {
  const state = states(directory)
    .slice(0, -1)
    .find((candidate) => candidate.number === number);
  if (state === undefined) return;
  for (const name of readdirSync(directory)) {
    if (damagedPattern.test(name)) rmSync(join(directory, name), { recursive: true });
  }
  renameSync(state.path, damagedPath(directory, number));
  syncFolder(directory);
}

/** An empty folder, under a number of its own, for a state that is to follow the present one. */
export function beginState(directory: string): StateFolder {
  // A state under construction that is being discarded may still exist.
  const taken = readdirSync(directory).flatMap((name) => [statePattern.exec(name)?.[1] ?? newPattern.exec(name)?.[1] ?? 0]);
  const number = Math.max(0, ...taken.map(Number)) + 1;
  assert(number < 100_000_000, `state number ${number} has more than 8 digits`);
  const path = join(directory, `state-${digits(number)}.new`);
  mkdirSync(path, { mode: 0o700 });
  return { number, path };
}

/** Removes a closed state that was not published. */
export function discardState(state: StateFolder): void {
  rmSync(state.path, { recursive: true });
}

/** Makes a finished, closed state the present one. It is, durably, when this returns. */
export function publishState(directory: string, state: StateFolder): StateFolder {
  for (const name of readdirSync(state.path)) syncFile(join(state.path, name));
  syncFolder(state.path);
  const path = state.path.slice(0, -".new".length);
  renameSync(state.path, path);
  syncFolder(directory);
  return { number: state.number, path };
}

function digits(number: number): string {
  return String(number).padStart(8, "0");
}

function states(directory: string): readonly StateFolder[] {
  const found: StateFolder[] = [];
  for (const name of readdirSync(directory)) {
    const match = statePattern.exec(name);
    if (match !== null) found.push({ number: Number(match[1]), path: join(directory, name) });
  }
  return found.sort((a, b) => a.number - b.number);
}

function syncFile(path: string): void {
  const fd = openSync(path, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A new name in a folder is durable only when the folder is synced. */
export function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
