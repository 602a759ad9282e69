/**
 * This file spreads seeds over processes of the simulator: each is `main.ts` (as one script), told by its arguments which seeds are its
 * share, and tells its totals as lines of JSON.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { addTotals, type BatchTotals, emptyTotals } from "./batch.ts";
import { simulatorScript } from "./bundle.ts";

/** A run makes much that is garbage soon: with room for it, collecting takes a twentieth of the time instead of a tenth. */
const semiSpaceMib = 64;

/** How many processes play which seeds. */
export type WorkerOptions = {
  readonly workers: number;
  readonly from: number;
  /** What every worker is told besides its share of the seeds. */
  readonly arguments: readonly string[];
  /** The folder whose `test/simulation/main.ts` is started. */
  readonly root: string;
  /** Ends workers that take longer. */
  readonly timeoutMs: number;
  readonly progress: (totals: BatchTotals) => void;
};

/** Runs the workers to their end and adds up what they did; rejects when one of them breaks. */
export async function playWithWorkers(options: WorkerOptions): Promise<BatchTotals> {
  const newest = new Map<number, BatchTotals>();
  const sum = (): BatchTotals => {
    const totals = emptyTotals();
    for (const part of newest.values()) addTotals(totals, part);
    return totals;
  };
  const ends = Array.from({ length: options.workers }, (_, worker) =>
    runWorker(options, worker, (totals) => {
      newest.set(worker, totals);
      options.progress(sum());
    }),
  );
  await Promise.all(ends);
  return sum();
}

async function runWorker(options: WorkerOptions, worker: number, told: (totals: BatchTotals) => void): Promise<void> {
  const { root, from, workers, timeoutMs } = options;
  const share = ["--from", String(from + worker), "--step", String(workers), "--report"];
  const script = await simulatorScript(root);
  const child: ChildProcess = spawn(
    process.execPath,
    [`--max-semi-space-size=${semiSpaceMib}`, script, ...share, ...options.arguments],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("a worker without pipes");
  let complaints = "";
  stderr.on("data", (text: Buffer) => {
    complaints = (complaints + text.toString()).slice(-4000);
  });
  let hasTold = false;
  createInterface({ input: stdout }).on("line", (line) => {
    hasTold = true;
    told(JSON.parse(line) as BatchTotals);
  });
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`worker ${worker} took more than ${timeoutMs} ms`));
    }, timeoutMs);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      // 1 says that there are failures, which the totals name; without totals it did not even start.
      if (code === 0 || (code === 1 && hasTold)) resolve();
      else reject(new Error(`worker ${worker} ended with ${code}: ${complaints}`));
    });
  });
}
