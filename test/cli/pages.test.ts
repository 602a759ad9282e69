/**
 * This file runs the examples of the documentation, in the order of its pages, on a cluster of `keyhold dev`, and compares what comes
 * out with what the pages show. The marks of the blocks are described in test/docs/pages.ts.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freeBasePort } from "../cluster/ports.ts";
import { keyholdMain } from "../cluster/test-node.ts";
import { until } from "../cluster/until.ts";
import { type Block, blocksOf, outputPattern, root, runnablePages, tableUnder } from "../docs/pages.ts";

const readyMsMax = 60_000;
const blockMsMax = 60_000;
const outputMsMax = 60_000;
/** Within the checkout, so that programs find the packages that a reader's programs find. */
const programs = join(root, "dist/pages");

let data = "";
let basePort = 0;
let cluster: Running | undefined;

/** A process, and what it has printed so far. */
class Running {
  output = "";
  errors = "";
  readonly child: ChildProcess;

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.output += chunk.toString().replaceAll("\r", "");
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
  }
}

beforeAll(async () => {
  mkdirSync(programs, { recursive: true });
  data = mkdtempSync(join(tmpdir(), "keyhold-pages-"));
  basePort = await freeBasePort(3);
  const args = [keyholdMain, "dev", "--data-dir", data, "--base-port", String(basePort)];
  const dev = new Running(process.execPath, args);
  cluster = dev;
  await until("the cluster is ready", readyMsMax, () => {
    if (dev.hasEnded) throw new Error(dev.errors);
    return dev.output.includes("Keyhold is ready: 3 nodes") ? true : undefined;
  });
}, 2 * readyMsMax);

afterAll(async () => {
  await cluster?.stop();
  rmSync(data, { recursive: true, force: true });
  rmSync(programs, { recursive: true, force: true });
});

/** The pages name the ports of `make run`; the cluster of the test has others. */
const withPorts = (text: string) => text.replaceAll(/\b700([1-3])\b/g, (_, digit) => String(basePort + Number(digit)));

/** The shell and the programs of one page. */
class PageRun {
  readonly #shell = new Running("bash", ["--noprofile", "--norc"]);
  readonly #programs = new Map<string, Running>();
  #blocks = 0;

  /** What a block printed. Settles when it has ended; rejects when one of its commands failed. */
  async shell({ place, text }: Block): Promise<string> {
    this.#blocks += 1;
    const file = join(programs, `block-${this.#blocks}.sh`);
    writeFileSync(file, `trap 'echo "FAILED: $BASH_COMMAND"' ERR\n${withPorts(text)}`);
    const marker = `end of block ${this.#blocks}`;
    const begin = this.#shell.output.length;
    this.#shell.child.stdin?.write(`source ${file} </dev/null; printf '\\n%s\\n' '${marker}'\n`);
    const printed = await until(`${place} has ended`, blockMsMax, () => {
      if (this.#shell.hasEnded) throw new Error(`${place} ended the shell: ${this.#shell.errors}`);
      const end = this.#shell.output.indexOf(`\n${marker}\n`, begin);
      return end < 0 ? undefined : this.#shell.output.slice(begin, end);
    });
    expect(printed, `${place}: ${this.#shell.errors}`).not.toContain("FAILED: ");
    return printed;
  }

  start({ name, language, text }: Block): void {
    const file = join(programs, name);
    writeFileSync(file, withPorts(text));
    const args = language === "ts" ? ["--import", "tsx", file] : [file];
    this.#programs.set(name, new Running(process.execPath, args));
  }

  /** Settles when the program has printed what the block shows, after all that was compared before. */
  async told({ place, name, text }: Block): Promise<void> {
    const program = this.#programs.get(name);
    if (program === undefined) throw new Error(`${place}: ${name} does not run`);
    const pattern = new RegExp(`^${outputPattern(text)}\\n`);
    const found = await until(`${place}: ${name} prints this`, outputMsMax, () =>
      program.hasEnded ? (pattern.exec(program.output)?.[0] ?? "") : pattern.exec(program.output)?.[0],
    ).catch(() => "");
    if (found === "") throw new Error(`${place}: ${name} printed ${program.output}${program.errors}`);
    program.output = program.output.slice(found.length);
  }

  /** A program that has ended by itself did so in order, and printed nothing that the page does not show. */
  checkEnded(): void {
    for (const [name, { hasEnded, child, output, errors }] of this.#programs) {
      if (hasEnded) expect([name, child.exitCode, output, errors]).toEqual([name, 0, "", ""]);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#shell, ...this.#programs.values()].map((running) => running.stop()));
  }
}

test.each(runnablePages)("%s prints what it shows", { timeout: 240_000 }, async (page) => {
  const run = new PageRun();
  let printed = "";
  try {
    for (const block of blocksOf(page)) {
      if (block.kind === "run" && block.language === "sh") printed = await run.shell(block);
      else if (block.kind === "run") run.start(block);
      else if (block.name === "" || block.name === "unordered") compare(block, printed);
      else await run.told(block);
    }
    run.checkEnded();
  } finally {
    await run.stop();
  }
});

function compare({ place, name, text }: Block, printed: string): void {
  const shown = withPorts(text).trimEnd();
  if (name === "") {
    expect(printed.trimEnd(), place).toMatch(new RegExp(`^${outputPattern(shown)}$`));
    return;
  }
  const found = printed.trimEnd().split("\n");
  for (const line of shown.split("\n")) {
    const index = found.findIndex((other) => new RegExp(`^${outputPattern(line)}$`).test(other));
    expect(index, `${place}: no line is ${line}\n${found.join("\n")}`).toBeGreaterThanOrEqual(0);
    found.splice(index, 1);
  }
  expect(found, place).toEqual([]);
}

test("the programs of the pages have no type errors", { timeout: 120_000 }, () => {
  const files = runnablePages.flatMap((page) =>
    blocksOf(page).filter(({ kind, language }) => kind === "run" && language === "ts"),
  );
  const paths = files.map(({ name, text }) => {
    const path = join(programs, `typed-${name}`);
    writeFileSync(path, text);
    return path;
  });
  const flags =
    "--noEmit --ignoreConfig --strict --skipLibCheck --module nodenext --target es2022 --lib esnext,dom --types node".split(" ");
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), [...flags, ...paths], {
    cwd: root,
    encoding: "utf8",
  });
  expect({ status, said: stdout }).toEqual({ status: 0, said: "" });
});

test("METRICS.md lists every metric that a node has, and no other", async () => {
  const text = await (await fetch(`http://127.0.0.1:${basePort + 1}/metrics`)).text();
  const served = [...text.matchAll(/^# HELP (keyhold_\S+)/gm)].map((match) => match[1]);
  const headings = ["Requests and clients", "Watches", "Raft and members", "The store and its disk", "Other nodes"];
  const rows = headings.flatMap((heading) => tableUnder("deploy/METRICS.md", heading));
  expect(rows.map(([name = ""]) => name.replaceAll("`", "")).toSorted()).toEqual(served.toSorted());
});
