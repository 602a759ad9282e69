/**
 * This file is `make fuzz`: mutated frames against living nodes, for a number of frames or of minutes, whichever ends first.
 * It prints what became of them, and fails when a node died or a stranger was heard.
 */
import { runLiars } from "./liars.ts";
import { runStrangers } from "./strangers.ts";

const [frames = "1000000", minutes = "10", seed = "1"] = process.argv.slice(2);
const strangers = await runStrangers({ calls: Math.ceil(Number(frames) / 200), seed: Number(seed) });
process.stdout.write(`strangers ${JSON.stringify(strangers)}\n`);
const untilMs = performance.now() + Number(minutes) * 60_000;
const { deaths, ...liars } = runLiars({ frames: Number(frames), seed: Number(seed), untilMs });
process.stdout.write(`liars ${JSON.stringify({ ...liars, deaths: Object.fromEntries(deaths) })}\n`);
if (deaths.size > 0 || strangers.messagesHeard > 0) process.exitCode = 1;
