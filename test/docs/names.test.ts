/**
 * This file compares what the pages of the documentation name with the code: settings, error codes, limits, exit codes, and the
 * commands of the measurements.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { defaultApiLimits } from "../../api/context.ts";
import { targetsMax } from "../../api/watch/watch-requests.ts";
import { problems, watchErrorCodes } from "../../openapi/generated/problems.ts";
import { configFileEnv, options } from "../../src/config/options.ts";
import * as machine from "../../src/machine/limits.ts";
import { planBudget } from "../../src/storage/budget.ts";
import { workNames } from "../bench/work.ts";
import { mutants } from "../simulation/mutants/list.ts";
import { allPages, readPage, root, tableUnder } from "./pages.ts";

const pages = allPages();
const namedIn = (cell: string) => [...cell.matchAll(/`([a-z_]+)`/g)].map((match) => match[1] ?? "");

describe("settings", () => {
  test("no page names a variable that is not an option", () => {
    const known = new Set<string>([configFileEnv, ...Object.values(options).map((spec) => spec.env)]);
    const unknown = pages.flatMap((page) =>
      [...readPage(page).matchAll(/\bKEYHOLD_[A-Z0-9_]*[A-Z0-9]/g)].map(String).filter((name) => !known.has(name)),
    );
    expect(unknown).toEqual([]);
  });

  test("the commands of the runbook for a first cluster are settings with which its nodes start", { timeout: 120_000 }, () => {
    const [, block = ""] = /^## A first cluster\n[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(readPage("deploy/RUNBOOK.md")) ?? [];
    expect(block).toContain("$(openssl rand -hex 32)");
    // Looked at, and not started: the ports are those that readers use.
    const check = `keyhold() { shift; ${process.execPath} --import tsx src/cli/main.ts config check "$@"; }\n`;
    const script = `set -eu\n${check}${block.replace("$(openssl rand -hex 32)", "a".repeat(64))}`;
    const { stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-c", script], { cwd: root, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe([1, 2, 3].map((i) => `ok: node n${i} of 3, cluster "keyhold"\n`).join(""));
  });

  test("the quota is three eighths of the map, less some 50 MB, as the runbook says", () => {
    expect(readPage("deploy/RUNBOOK.md")).toContain("three eighths of the smallest member's map, less some 50 MB");
    const { mapBytesMax, logBytesMax, uncommittedBytesMax } = options;
    const budget = planBudget({
      mapBytesMax: mapBytesMax.default,
      logBytesMax: logBytesMax.default,
      uncommittedBytesMax: uncommittedBytesMax.default,
    });
    const less = (3 / 8) * mapBytesMax.default - (budget.ok ? budget.value.stateBytesMax : 0);
    expect([less > 45e6, less < 60e6]).toEqual([true, true]);
  });
});

describe("error codes", () => {
  test("the guide lists every code under its status, and no other", () => {
    const listed = tableUnder("openapi/GUIDE.md", "Error codes").flatMap(([status, codes = ""]) =>
      namedIn(codes).map((code) => [code, Number(status)]),
    );
    const expected = Object.entries(problems).map(([code, { status }]) => [code, Number(status)]);
    expect(listed.toSorted()).toEqual(expected.toSorted());
  });

  test("the guide lists every code that ends a watch, and no other", () => {
    const listed = tableUnder("openapi/GUIDE.md", "Watches").flatMap(([codes = ""]) => namedIn(codes));
    expect(listed.toSorted()).toEqual(watchErrorCodes.toSorted());
  });

  test("the answers in the runbook have the status that their codes have", () => {
    for (const [answers = ""] of tableUnder("deploy/RUNBOOK.md", "What refusals mean")) {
      for (const answer of answers.matchAll(/(\d{3}) ((?:`[a-z_]+`(?:, )?)+)/g)) {
        for (const code of namedIn(answer[2] ?? "")) {
          expect([code, problems[code as keyof typeof problems]?.status]).toEqual([code, Number(answer[1])]);
        }
      }
    }
  });
});

test("every field, header and message that a page names is one of the contract or of the client", () => {
  const folders = ["openapi/client", "api", "src/config", "src/machine"].flatMap((folder) => {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    return files.filter((name) => name.endsWith(".ts")).map((name) => readPage(`${folder}/${name}`));
  });
  const known = [readPage("openapi/keyhold.yaml"), ...folders].join("\n");
  const words = /`([a-z]+(?:[A-Z][a-z]+)+|Keyhold-[A-Za-z-]+|(?:watch|lock|lease):[a-z]+)`/g;
  const unknown = ["README.md", "openapi/GUIDE.md", "openapi/client/README.md", "deploy/RUNBOOK.md"].flatMap((page) =>
    [...readPage(page).matchAll(words)].map((match) => match[1] ?? "").filter((word) => !known.includes(word)),
  );
  expect(unknown).toEqual([]);
});

test("the guide's limits are those of the code", () => {
  const number = (value: number) => value.toLocaleString("en-US");
  const bytes = (value: number) => `${number(value)} bytes`;
  const { watch, answers, bodies } = defaultApiLimits;
  expect(tableUnder("openapi/GUIDE.md", "Limits")).toEqual([
    ["a value", bytes(machine.valueBytesMax)],
    ["a request body that is not a value", bytes(defaultApiLimits.bodyBytesMax)],
    ["a key, or the name of a lock", bytes(machine.nameBytesMax)],
    ["an owner, or a content type", bytes(machine.labelBytesMax)],
    ["a comment", bytes(machine.commentBytesMax)],
    ["an `Idempotency-Key`", bytes(machine.requestIdBytesMax)],
    ["the TTL of a lease", `${number(machine.leaseTtlMsMin)} to ${number(machine.leaseTtlMsMax)} ms`],
    ["a wait for a lock", `${number(machine.waitMsMax)} ms`],
    ["leases, those of waiters among them", number(machine.leasesMax)],
    ["what can be attached to one lease", number(machine.holdingsPerLeaseMax)],
    ["waiters of one lock", number(machine.queueLengthMax)],
    [
      "old revisions that are kept",
      `${number(machine.revisionsKeptMax)}, and ${bytes(machine.historyBytesMax)} of superseded values`,
    ],
    ["requests that are remembered", `${number(machine.requestsMax)}, for ${number(machine.requestAgeMsMax)} ms`],
    ["connections of clients to one node", number(defaultApiLimits.connectionsMax)],
    ["Socket.IO clients of one node", number(watch.socketsMax)],
    ["targets of one watch", number(targetsMax)],
    ["messages of one watch that are not acknowledged", number(watch.windowPackets)],
    ["bytes of events on their way to one Socket.IO client", number(watch.windowBytes)],
    ["bytes to all Socket.IO clients that the kernel has not taken", number(watch.sendingBytesMax)],
    ["bytes of REST answers that the kernel has not taken", number(answers.sendingBytesMax)],
    ["bytes of request bodies that are not complete", number(bodies.unfinishedBytesMax)],
  ]);
  expect([answers.slowReaderMs, answers.slowReaderContendedMs]).toEqual([60_000, 1_000]);
  expect([watch.slowConsumerMs, watch.slowConsumerContendedMs]).toEqual([60_000, 2_000]);
});

test("the runbook lists every exit code of the command, and no other", () => {
  const server = readFileSync(join(root, "src/cli/server.ts"), "utf8");
  const ownCodes = [...server.matchAll(/^const exit[A-Za-z]+ = (\d+);$/gm)].map((match) => Number(match[1]));
  const config = readFileSync(join(root, "src/config/config.ts"), "utf8");
  const configCodes = [...config.matchAll(/exitCode: (\d+)/g)].map((match) => Number(match[1]));
  const listed = tableUnder("deploy/RUNBOOK.md", "A node ends").map(([code]) => Number.parseInt(code ?? "", 10));
  // The last one is the system's, for a process that has not begun to listen to the signal.
  const ofSigterm = 128 + constants.signals.SIGTERM;
  expect(listed).toEqual([...[...new Set([...ownCodes, ...configCodes])].toSorted((a, b) => a - b), ofSigterm]);
});

test("the commands of all pages start files, scripts and targets that there are", () => {
  const makefile = readPage("Makefile");
  const scripts = readPage("package.json") + readPage("openapi/package.json");
  const wrong = pages.flatMap((page) => {
    const shown = [...readPage(page).matchAll(/^ {4}((?:make|npm|npx|node) .*)|`((?:make|npm|npx|node) [^`\n]*)`/gm)];
    const commands = shown.map((match) => (match[1] ?? match[2] ?? "").split(/ +[#>]|\|/, 1)[0] ?? "");
    return commands.filter((command) => !isPossible(command)).map((command) => `${page}: ${command}`);
  });
  expect(wrong).toEqual([]);

  function isPossible(command: string): boolean {
    const [program = "", ...words] = command.trim().split(/\s+/);
    // Its settings are not where it looks for them: `npm test` names them.
    if (program === "npx" && words[0] === "vitest") return false;
    const paths = words.filter((word) => /^(test|src|openapi|dist)\//.test(word));
    if (program === "make") return words.every((word) => word.includes("=") || new RegExp(`^${word}:`, "m").test(makefile));
    if (program === "npm" && words[0] === "run" && !scripts.includes(`"${words[1]}":`)) return false;
    return paths.every((path) => existsSync(join(root, path.replace(/^dist\/(.*)\.js$/, "$1.ts"))) || /^dist\/[^/]*$/.test(path));
  }
});

describe("measurements", () => {
  const commands = ["test/NUMBERS.md", "test/PROOF.md"].flatMap((page) =>
    [...readPage(page).matchAll(/`((?:node|npx) [^`]*)`/g)].map((match) => match[1] ?? ""),
  );

  test("their options and works are known to the programs that they start", () => {
    const benches = readPage("test/bench/main.ts");
    const folders = ["test/simulation", "test/simulation/mutants"];
    const simulators = folders.flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith(".ts"))
        .map((name) => readPage(`${folder}/${name}`)),
    );
    for (const command of commands) {
      const source = command.includes("test/bench/") ? benches : simulators.join("\n");
      for (const [flag] of command.matchAll(/(?<= --)(?!help)[a-z-]+/g)) expect(source, `${command}: ${flag}`).toContain(flag);
      const work = /--work (\S+)/.exec(command)?.[1];
      if (work !== undefined) expect(workNames).toContain(work);
    }
  });

  test("there are as many planted bugs as the page says", () => {
    expect(readPage("test/PROOF.md")).toMatch(/More than a hundred bugs are planted [\s\S]* More than twenty of them/);
    expect(mutants.length).toBeGreaterThan(100);
    expect(mutants.filter((mutant) => "suite" in mutant && mutant.suite !== undefined).length).toBeGreaterThanOrEqual(20);
  });
});
