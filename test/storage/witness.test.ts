/**
 * This file rots the meta pages of LMDB, bit by bit: the last transaction is never lost unnoticed.
 */
import {
  closeSync,
  copyFileSync,
  cpSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toNodeId, toTerm } from "../../src/raft/types.ts";
import { StorageError } from "../../src/storage/errors.ts";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import type { StorageEvent } from "../../src/storage/storage-event.ts";
import { contradiction, readWitness } from "../../src/storage/witness.ts";
import { noop } from "../contracts/entries.ts";
import { written } from "../contracts/storage-contract.ts";
import { optionsFor } from "./storage-options.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const pageBytes = 4096;
const metaBytes = 168;
const state = "state-00000001";
const lastVote = { currentTerm: toTerm(9), votedFor: toNodeId("b"), lostLog: null };

/** A folder whose last transaction holds a vote and entry 2, and where its newer meta page is. */
async function made(): Promise<{ readonly directory: string; readonly newer: number }> {
  const directory = temporaryFolder();
  {
    await using storage = await LmdbStorage.open(optionsFor(directory));
    await written(storage, { entries: [noop(1, 1)] });
    await written(storage, { hardState: lastVote, entries: [noop(2, 9)] });
  }
  const bytes = readFileSync(join(directory, state, "data.mdb"));
  const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(pageBytes + 152) ? 0 : pageBytes;
  return { directory, newer };
}

function flip(directory: string, position: number, bit: number): void {
  const fd = openSync(join(directory, state, "data.mdb"), "r+");
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, position);
  byte.writeUInt8(byte.readUInt8(0) ^ (1 << bit), 0);
  writeSync(fd, byte, 0, 1, position);
  closeSync(fd);
}

/** What a start makes of the folder. */
async function opened(directory: string): Promise<"whole" | "quarantine" | "refused" | "LOST"> {
  try {
    const events: StorageEvent[] = [];
    await using storage = await LmdbStorage.open({ ...optionsFor(directory), onEvent: (event) => events.push(event) });
    const { hardState, log } = storage;
    if (hardState.currentTerm !== 9 || hardState.votedFor !== "b") return "LOST";
    if (hardState.lostLog !== null) return hardState.lostLog.lastIndex >= 2 ? "quarantine" : "LOST";
    return log.lastIndex === 2 ? "whole" : "LOST";
  } catch (error) {
    if (error instanceof StorageError) return "refused";
    throw error;
  }
}

describe("a bit of a meta page", () => {
  test("of the newer one, whichever, is noticed: the witness contradicts it", { timeout: 60_000 }, async () => {
    const { directory, newer } = await made();
    const folder = join(directory, state);
    const witness = readWitness(folder);
    expect(contradiction(folder, witness)).toBe(undefined);
    for (let position = 0; position < metaBytes; position++) {
      for (let bit = 0; bit < 8; bit++) {
        flip(directory, newer + position, bit);
        expect(contradiction(folder, witness), `byte ${position}, bit ${bit}`).not.toBe(undefined);
        flip(directory, newer + position, bit);
      }
    }
  });

  test("of the newer one, at a start, ends in quarantine with the last vote and the end of the log", {
    timeout: 60_000,
  }, async () => {
    const { directory, newer } = await made();
    for (let position = 0; position < metaBytes; position += 8) {
      const copy = temporaryFolder();
      cpSync(directory, copy, { recursive: true });
      flip(copy, newer + position, position % 8);
      expect(await opened(copy), `byte ${position}`).toBe("quarantine");
    }
  });

  test("of the older one changes nothing that is shown", { timeout: 60_000 }, async () => {
    const { directory, newer } = await made();
    const folder = join(directory, state);
    const older = pageBytes - newer;
    // Its number could make it the newer one.
    for (let position = 152; position < 160; position++) {
      for (let bit = 0; bit < 8; bit++) {
        flip(directory, older + position, bit);
        const bytes = readFileSync(join(folder, "data.mdb"));
        const shownFirst = bytes.readBigUInt64LE(older + 152) > bytes.readBigUInt64LE(newer + 152);
        expect(contradiction(folder, readWitness(folder)) !== undefined, `byte ${position}, bit ${bit}`).toBe(shownFirst);
        flip(directory, older + position, bit);
      }
    }
    flip(directory, older + 100, 3);
    expect(await opened(directory)).toBe("whole");
  });
});

describe("a witness", () => {
  test("that is missing or rotten is said to be, and is made anew", async () => {
    for (const spoil of ["missing", "rotten"] as const) {
      const { directory } = await made();
      const file = join(directory, state, "WITNESS");
      if (spoil === "missing") rmSync(file);
      else writeFileSync(file, Buffer.alloc(8192, 7));
      const events: StorageEvent[] = [];
      const options = { ...optionsFor(directory), onEvent: (event: StorageEvent) => events.push(event) };
      await (await LmdbStorage.open(options)).close();
      expect(events.map(({ kind }) => kind)).toEqual(["witnessLost"]);
      await (await LmdbStorage.open(options)).close();
      expect(events).toHaveLength(1);
    }
  });

  test("that lost its newer half, or was not written for some transactions, lets the node start", async () => {
    const { directory } = await made();
    const file = join(directory, state, "WITNESS");
    const early = join(temporaryFolder(), "early");
    copyFileSync(file, early);
    for (const more of [1, 2, 3]) {
      {
        await using storage = await LmdbStorage.open(optionsFor(directory));
        for (let i = 0; i < more; i++) {
          await written(storage, { tableWrites: [{ table: "requestOrder", key: "k", record: `${more} ${i}` }] });
        }
      }
      const late = join(temporaryFolder(), "late");
      copyFileSync(file, late);
      copyFileSync(early, file);
      expect(contradiction(join(directory, state), readWitness(join(directory, state)))).toBe(undefined);
      copyFileSync(late, file);
      copyFileSync(late, early);
    }
    const fd = openSync(file, "r+");
    ftruncateSync(fd, 4096);
    closeSync(fd);
    expect(await opened(directory)).not.toBe("quarantine");
  });

  test("goes with its state through a snapshot that is installed", async () => {
    const { directory } = await made();
    await (await LmdbStorage.open(optionsFor(directory))).close();
    expect(readWitness(join(directory, state))?.lastIndex).toBe(2);
    expect(readWitness(join(directory, state))?.hardState).toEqual(lastVote);
  });
});
