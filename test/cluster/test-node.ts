/**
 * This file runs one node as a process that tests can kill, pause and start again on the same data.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

/** How one node is started. */
export type NodePlan = {
  readonly id: string;
  readonly apiUrl: string;
  readonly dataDir: string;
  readonly environment: Readonly<Record<string, string>>;
};

const readyMsMax = 20_000;
const stopMsMax = 15_000;

/** The `keyhold` command as built; its folder is found from sources and from compiled tests alike. */
export const keyholdMain = join(projectRoot(), "dist/src/cli/main.js");

/** The folder of the project. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** One node; not running until `start`. */
export class TestNode {
  readonly id: string;
  readonly apiUrl: string;
  readonly #plan: NodePlan;
  #child: ChildProcess | undefined;
  #outputBefore = 0;

  constructor(plan: NodePlan) {
    this.id = plan.id;
    this.apiUrl = plan.apiUrl;
    this.#plan = plan;
  }

  /** Another node that is planned like this one, but for what is given. */
  with({ environment, ...rest }: Partial<NodePlan>): TestNode {
    return new TestNode({ ...this.#plan, ...rest, environment: { ...this.#plan.environment, ...environment } });
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get dataDir(): string {
    return this.#plan.dataDir;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.id} has no process`);
    return pid;
  }

  /** Settles with the exit code once the process has ended by itself. */
  async untilEnded(withinMs: number): Promise<number | null> {
    await until(`${this.id} ends by itself`, withinMs, () => (this.isRunning ? undefined : true));
    return this.#child?.exitCode ?? null;
  }

  /** What the node printed, over all its lives. */
  get output(): string {
    return existsSync(this.#outputPath) ? readFileSync(this.#outputPath, "utf8") : "";
  }

  /** What it printed since it was started last. */
  get lastOutput(): string {
    return this.output.slice(this.#outputBefore);
  }

  /** Starts the process, of the build that `main` belongs to; it serves only after `untilReady`. */
  start(main: string = keyholdMain): void {
    if (this.isRunning) throw new Error(`${this.id} runs already`);
    this.#outputBefore = this.output.length;
    const child = spawn(process.execPath, [main, "server"], {
      env: { ...foreignEnvironment(), ...this.#plan.environment },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => appendFileSync(this.#outputPath, chunk));
    this.#child = child;
  }

  /** Settles once the node says that it has a leader and serves; throws with its last words when it ends before. */
  async untilReady(): Promise<void> {
    await until(`${this.id} is ready`, readyMsMax, async () => {
      if (!this.isRunning) throw new Error(`${this.id} ended: ${this.output.slice(-2000)}`);
      return (await statusOf(`${this.apiUrl}/readyz`)) === 200 ? true : undefined;
    });
  }

  /** SIGKILL; settles when the process is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM; the exit code. Throws when the node does not end in time. */
  async stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  /** Freezes the process, as a long pause of its machine would. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Seconds of processor time that the present process has used (Linux). */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  get #outputPath(): string {
    return `${this.#plan.dataDir}.log`;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return child?.exitCode ?? null;
    const ended = once(child, "exit", { signal: AbortSignal.timeout(stopMsMax) });
    child.kill(signal);
    if (signal === "SIGKILL") child.kill("SIGCONT");
    await ended;
    return child.exitCode;
  }
}

/** The environment without settings of whoever runs the tests. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("KEYHOLD_")));
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    // Not listening, or frozen.
    return undefined;
  }
}
