/**
 * This file is a disk as one process sees it: the same disk, but the end of a write reaches that process only.
 */
import type { Disk } from "../../../src/node/ports.ts";

/** `guarded` begins a write and passes its end on to those who may still hear it. */
export function guardedDisk(disk: Disk, guarded: (begin: (done: () => void) => void, done: () => void) => void): Disk {
  return {
    get log() {
      return disk.log;
    },
    get logBytes() {
      return disk.logBytes;
    },
    get hardState() {
      return disk.hardState;
    },
    get tables() {
      return disk.tables;
    },
    write: (batch, done) => guarded((end) => disk.write(batch, end), done),
    installSnapshot: (batch, done) => guarded((end) => disk.installSnapshot(batch, end), done),
  };
}
