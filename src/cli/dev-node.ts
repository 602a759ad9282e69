/**
 * This file runs one node of `keyhold dev` as a child process and passes its output on, line by line, under its name.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";

/** Milliseconds between SIGTERM and SIGKILL; longer than the default shutdown grace. */
const stopMsMax = 15_000;
const colors = ["cyan", "magenta", "yellow", "green", "blue"] as const;

/** How one node of `keyhold dev` is started. */
export type DevNodePlan = {
  readonly id: string;
  readonly apiPort: number;
  readonly apiUrl: string;
  /** Set on top of our own environment. */
  readonly environment: Readonly<Record<string, string>>;
};

/** One node's process; runs from construction, until `stop`. */
export class DevNode {
  readonly id: string;
  readonly apiUrl: string;
  readonly #plan: DevNodePlan;
  #child: ChildProcess;
  #startedAt = Date.now();

  constructor(plan: DevNodePlan) {
    this.id = plan.id;
    this.apiUrl = plan.apiUrl;
    this.#plan = plan;
    this.#child = this.#spawn();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** How it ended: a signal or an exit code. */
  get ending(): string {
    return this.#child.signalCode ?? `exit code ${this.#child.exitCode}`;
  }

  get ageMs(): number {
    return Date.now() - this.#startedAt;
  }

  /** Starts the process again after it ended. */
  start(): void {
    this.#child = this.#spawn();
  }

  /** Whether /readyz answers 200, which means that the node has a leader and serves. */
  async isReady(): Promise<boolean> {
    try {
      const response = await fetch(`${this.apiUrl}/readyz`, { signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      // Not listening yet.
      return false;
    }
  }

  /** Settles when the process has ended or `stop` aborts. */
  async untilEnd(stop: AbortSignal): Promise<void> {
    if (this.hasEnded || stop.aborted) return;
    await once(this.#child, "exit", { signal: stop }).catch(() => undefined);
  }

  /** SIGTERM, then SIGKILL when that takes too long; settles when the process is gone. */
  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), stopMsMax);
    await ended;
    clearTimeout(killer);
  }

  #spawn(): ChildProcess {
    this.#startedAt = Date.now();
    const main = process.argv[1] ?? fileURLToPath(import.meta.url);
    const child = spawn(process.execPath, [...process.execArgv, main, "server"], {
      env: { ...process.env, ...this.#plan.environment },
      // By the channel the node notices when this process dies; its own process group keeps the terminal's Ctrl-C away from it.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    child.once("error", (error) => console.error(`keyhold: ${this.id} could not be started or signalled: ${error.message}`));
    const color = colors[this.#plan.apiPort % colors.length] ?? "cyan";
    const label = process.stdout.isTTY ? styleText(color, this.id) : this.id;
    for (const [stream, target] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      if (stream !== null) createInterface({ input: stream }).on("line", (line) => target.write(`${label} | ${line}\n`));
    }
    return child;
  }
}
