/**
 * This file runs the built `keyhold` command as a user does: help, settings, one node, a cluster for trying out.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { options } from "../../src/config/options.ts";
import { freeBasePort, freePorts } from "../cluster/ports.ts";
import { call } from "../cluster/rest.ts";
import { keyholdMain } from "../cluster/test-node.ts";
import { until } from "../cluster/until.ts";

let folder = "";
const started: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "keyhold-cli-"));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

function keyhold(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [keyholdMain, ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}

/** A process that runs on, and what it has printed so far. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [keyholdMain, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  const run = { child, output: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      run.output += chunk.toString();
    });
  }
  return run;
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

describe("help", () => {
  test("keyhold --help lists the commands, and --version is the package's", () => {
    const { status, stdout } = keyhold(["--help"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/server.*run one node[\s\S]*dev.*run a whole cluster[\s\S]*config/);
    expect(keyhold(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("server --help shows a flag for every option that is no secret, named as the option is", () => {
    const { stdout } = keyhold(["server", "--help"]);
    for (const [name, spec] of Object.entries(options)) {
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
      expect(stdout.includes(`${flag} `) || stdout.includes(`${flag}\n`)).toBe(spec.kind !== "secret");
    }
  });

  test("a misspelt command or flag gets a suggestion and exit code 2, as any wrong setting", () => {
    for (const [args, suggestion] of [
      [["sever"], "Did you mean server?"],
      [["server", "--api-prt", "1"], "--api-prt"],
      [["config", "check", "--api-prt", "1"], "--api-prt"],
      [["dev", "--nodes", "many"], "many is not an integer"],
    ] as const) {
      const { status, stderr } = keyhold([...args]);
      expect(status, args.join(" ")).toBe(2);
      expect(stderr).toContain(suggestion);
    }
  });
});

describe("config", () => {
  test("a wrong setting ends with code 2 and one sentence", () => {
    expect(keyhold(["server", "--api-port", "99999"])).toEqual({
      status: 2,
      stdout: "",
      stderr: 'keyhold: apiPort: "99999" (from --api-port) is not an integer from 0 to 65535 (port)\n',
    });
  });

  test("an unsafe setting ends with code 78", () => {
    const { status, stderr } = keyhold(["server", "--api-host", "0.0.0.0"]);
    expect(status).toBe(78);
    expect(stderr).toContain("--insecure");
  });

  test("config print shows where a value came from, and of a secret only that it is set", () => {
    const secret = "a-secret-that-nobody-may-ever-see-in-print";
    const { status, stdout } = keyhold(["config", "print", "--api-port", "8001"], { KEYHOLD_PEER_SECRET: secret });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^apiPort: 8001 +# flag$/m);
    expect(stdout).toMatch(/^peerSecret: set +# environment$/m);
    expect(stdout).not.toContain(secret);
  });
});

describe("server", () => {
  test("a taken port is named with the process that has it", async () => {
    const [peerPort = 0] = await freePorts(1);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen({ host: "127.0.0.1", port: 0 }, resolve));
    const address = squatter.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { child, output } = await ended(start(["server", "--api-port", String(port), "--peer-port", String(peerPort)]));
    squatter.close();
    expect(child.exitCode).toBe(1);
    expect(output).toContain(`port ${port} is taken by process ${process.pid}`);
    expect(
      output
        .trim()
        .split("\n")
        .filter((line) => line.includes("    at ")),
    ).toEqual([]);
    expect(output).not.toContain("stack");
  });

  async function ended(run: ReturnType<typeof start>) {
    await exitCodeOf(run.child);
    return run;
  }
});

describe("dev", () => {
  test("three nodes serve, stop cleanly on SIGINT, and have their data when started again", async () => {
    const basePort = await freeBasePort(3);
    const url = `http://127.0.0.1:${basePort + 1}`;
    const args = ["dev", "--data-dir", "data", "--base-port", String(basePort)];
    const first = start(args);
    await until("the cluster is ready", 30_000, () => (first.output.includes("Keyhold is ready: 3 nodes") ? true : undefined));
    expect((await call(url, { method: "PUT", path: "/v1/config/kept", json: "yes" }))?.status).toBe(201);
    first.child.kill("SIGINT");
    expect(await exitCodeOf(first.child)).toBe(0);
    expect(first.output).toContain("All nodes have stopped.");
    expect(await call(url, { path: "/livez" })).toBe(undefined);
    const secretFile = join(folder, "data", "peer-secret");
    const secret = readFileSync(secretFile, "utf8");
    expect([statSync(secretFile).mode & 0o777, secret.trim().length]).toEqual([0o600, 64]);
    expect(first.output).not.toContain(secret.trim());

    const second = start(args);
    await until("the cluster is ready again", 30_000, () => (second.output.includes("Keyhold is ready") ? true : undefined));
    expect((await call(url, { path: "/v1/config/kept" }))?.body["value"]).toBe("yes");
    expect(readFileSync(secretFile, "utf8")).toBe(secret);
    second.child.kill("SIGINT");
    await exitCodeOf(second.child);

    const elsewhere = keyhold(["dev", "--data-dir", join(folder, "data"), "--base-port", String(basePort + 200)]);
    expect([elsewhere.status, elsewhere.stdout]).toEqual([2, ""]);
    expect(elsewhere.stderr).toContain(
      `Go on with it: --nodes 3 --base-port ${basePort} (make run NODES=3 BASE_PORT=${basePort})`,
    );
    const fewer = keyhold(["dev", "--data-dir", join(folder, "data"), "--base-port", String(basePort), "--nodes", "2"]);
    expect([fewer.status, fewer.stderr.includes("is of 3 nodes")]).toEqual([2, true]);
  });

  test("a taken port is named before anything is started", async () => {
    const basePort = await freeBasePort(3);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen({ host: "127.0.0.1", port: basePort + 102 }, resolve));
    const run = start(["dev", "--base-port", String(basePort)]);
    expect(await exitCodeOf(run.child)).toBe(1);
    squatter.close();
    expect(run.output).toContain(`port ${basePort + 102} is taken by process ${process.pid}`);
    expect(run.output).toContain("--base-port");
  });

  test("nodes do not outlive a supervisor that was killed", async () => {
    const basePort = await freeBasePort(3);
    const run = start(["dev", "--nodes", "1", "--data-dir", "data", "--base-port", String(basePort)]);
    await until("the node is ready", 30_000, () => (run.output.includes("Keyhold is ready") ? true : undefined));
    const pid = Number(/process (\d+)/.exec(run.output)?.[1]);
    run.child.kill("SIGKILL");
    await until("the node has ended", 10_000, () => (isAlive(pid) ? undefined : true));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
