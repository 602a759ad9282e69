/**
 * This file is a process that opens the data directory of its first argument and writes batch after batch until it is
 * killed, reporting on standard output what was acknowledged. Batch n is entry n and n in each of two tables.
 */
import { writeSync } from "node:fs";
import { LmdbStorage } from "../../src/storage/lmdb-storage.ts";
import { batch, command } from "../contracts/entries.ts";
import { optionsFor } from "./storage-options.ts";

const [directory = "", batchesMax = "1000000"] = process.argv.slice(2);
const storage = await LmdbStorage.open({
  ...optionsFor(directory),
  onFatal: (error) => {
    writeSync(1, `fatal ${error.message}\n`);
    // At once, as production does: after a failed write LMDB's memory cannot be trusted to survive an orderly exit.
    process.kill(process.pid, "SIGKILL");
  },
});
writeSync(1, `open ${storage.log.lastIndex}\n`);
next();

function next(): void {
  const index = storage.log.lastIndex + 1;
  if (index > Number(batchesMax)) return;
  const row = { key: String(index).padStart(8, "0"), record: String(index) };
  storage.write(
    batch({
      entries: [command(index, 1, 256)],
      tableWrites: [
        { table: "requestOrder", ...row },
        { table: "requestOrder", key: "last", record: row.record },
      ],
    }),
    () => {
      writeSync(1, `ack ${index}\n`);
      next();
    },
  );
}
