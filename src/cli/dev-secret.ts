/**
 * This file keeps the peer secret of `keyhold dev`: made once, in a file of the data folder that only its owner may read.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

const fileName = "peer-secret";

/** The secret of the nodes under `dataDir`; made now when there is none. Throws when the folder cannot be written. */
export function devPeerSecret(dataDir: string): string {
  const file = join(dataDir, fileName);
  mkdirSync(dataDir, { recursive: true });
  const kept = readIfThere(file);
  if (kept !== undefined) return kept;
  const made = randomBytes(32).toString("hex");
  // Linked, not renamed: a second `keyhold dev` at the same moment must not replace the secret of the first.
  const draft = `${file}.${process.pid}`;
  const fd = openSync(draft, "w", 0o600);
  try {
    writeSync(fd, `${made}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    linkSync(draft, file);
    return made;
  } catch (error) {
    const others = readIfThere(file);
    if (others === undefined) throw error;
    return others;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
