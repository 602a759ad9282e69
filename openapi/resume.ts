/**
 * This file is a complete program without the SDK: it keeps a revision, and a watch on another node goes on after it, as a client does
 * whose node died. Start a cluster (`make run`), then: npx tsx openapi/resume.ts [URL of one node] [URL of another]
 */
import { io } from "socket.io-client";
import type { WatchError, WatchEvents, WatchOpen, WatchOpenAck } from "./generated/types.ts";

const [first = "http://127.0.0.1:7001", second = "http://127.0.0.1:7002"] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

const kept = await put("slow");
await put("fast");

const socket = io(`${second}/watch`, { path: "/v1/socket.io", transports: ["websocket"] });
socket.on("hello", () => {
  const from = { revision: kept.revision + 1 };
  const open: WatchOpen = { watchId: "modes", targets: [{ kind: "config", key: "app/mode" }], from, storeId: kept.storeId };
  socket.emit("watch:open", open, (answer: WatchOpenAck) => say(answer.ok ? "opened" : `refused: ${answer.error.code}`));
});
socket.on("watch:events", ({ seq, batches }: WatchEvents) => {
  socket.emit("watch:ack", { watchId: "modes", seq });
  for (const event of batches.flatMap((batch) => batch.events)) {
    if (event.kind === "configPut") say(`${event.key} = ${JSON.stringify(event.value)}`);
  }
  socket.close();
});
socket.on("watch:error", ({ code, detail }: WatchError) => {
  say(`${code}: ${detail}`);
  socket.close();
});

/** Writes `app/mode`; what it resolves with is what a client keeps. */
async function put(value: string): Promise<{ readonly revision: number; readonly storeId: string }> {
  const answer = await fetch(`${first}/v1/config/app/mode`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  });
  return { revision: Number(answer.headers.get("keyhold-revision")), storeId: answer.headers.get("keyhold-store") ?? "" };
}
