/**
 * This file is a complete program: three workers in one process that take turns at a counter, one lock and one config key
 * between them, while a watch tells what happens. Start a cluster (`make run`), then: npx tsx openapi/example.ts URL...
 */
import { createClient, type Hold, type KeyholdClient } from "./client/index.ts";

const endpoints = process.argv.slice(2);
const client = createClient({
  endpoints: endpoints.length > 0 ? endpoints : ["http://127.0.0.1:7001", "http://127.0.0.1:7002", "http://127.0.0.1:7003"],
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const watching = tellChanges(client);
const turns = await Promise.all(["ada", "bob", "eve"].map((owner) => takeTurns(client, owner, 3)));
say(`all turns taken: ${turns.every(Boolean)}`);
watching.stop();
await watching.done;
client.close();

/** Three times: wait for the lock, raise the counter, release. False when the cluster could not be used. */
async function takeTurns(keyhold: KeyholdClient, owner: string, rounds: number): Promise<boolean> {
  for (let round = 0; round < rounds; round++) {
    const done = await keyhold.locks.using("example/turn", { ttlMs: 5_000, waitMs: 30_000, owner }, (hold) =>
      raise(keyhold, hold),
    );
    if (!done.ok) {
      say(`${owner} stops: ${done.error.code}: ${done.error.detail}`);
      return false;
    }
  }
  return true;
}

/** One turn. The fence goes with the write, so that a late writer can be told from the present one. */
async function raise(keyhold: KeyholdClient, hold: Hold): Promise<void> {
  const written = await keyhold.config.update(
    "example/counter",
    (current) => ({ count: countOf(current?.value) + 1, fence: hold.fence }),
    { signal: hold.signal, comment: `turn under fence ${hold.fence}` },
  );
  if (!written.ok) say(`the counter was not raised: ${written.error.code}`);
}

/** Values are `unknown` until somebody has looked at them. */
function countOf(value: unknown): number {
  const isCounter = typeof value === "object" && value !== null && "count" in value && typeof value.count === "number";
  return isCounter ? Number(value.count) : 0;
}

function tellChanges(keyhold: KeyholdClient): { readonly stop: () => void; readonly done: Promise<void> } {
  const watch = keyhold.watch({
    targets: [
      { kind: "config", key: "example/counter" },
      { kind: "lock", key: "example/turn" },
    ],
    from: "now",
  });
  const run = async () => {
    for await (const item of watch) {
      if (item.kind === "failed") say(`the watch ended: ${item.error.code}`);
      if (item.kind !== "events") continue;
      for (const event of item.events) {
        if (event.kind === "lockGranted") say(`${item.revision}: ${event.owner} holds the lock, fence ${event.fence}`);
        if (event.kind === "configPut") say(`${item.revision}: ${event.key} = ${JSON.stringify(event.value)}`);
      }
    }
  };
  return { stop: watch.close, done: run() };
}
