/**
 * This file compares numbers that stand in sentences of the pages, outside of any table, with the code.
 */
import { expect, test } from "vitest";
import { defaultApiLimits } from "../../api/context.ts";
import { marginMs } from "../../openapi/client/hold.ts";
import { toSettings } from "../../openapi/client/options.ts";
import { options } from "../../src/config/options.ts";
import { requestAgeMsMax, requestsMax, valueBytesMax } from "../../src/machine/limits.ts";
import { allPages, readPage, tableUnder } from "./pages.ts";

const settings = toSettings({ endpoints: ["http://127.0.0.1:7001"] });
const number = (value: number) => value.toLocaleString("en-US");
const found = (page: string, pattern: RegExp) => pattern.exec(readPage(page))?.[1] ?? `nothing in ${page}`;
const entriesMax = found("src/composition/start-node.ts", /promoteLagEntriesMax: (\d+)/);
const unit = "deploy/systemd/keyhold.service";
const mebibyte = 1024 * 1024;

test.each([
  ["README.md", `Node.js ${found("package.json", /"node": ">=(\d+\.\d+)\.0"/)} or newer`],
  ["README.md", `a value below ${valueBytesMax / mebibyte} MiB`],
  ["README.md", `http://127.0.0.1:${options.apiPort.default}`],
  ["openapi/GUIDE.md", `for ${requestAgeMsMax / 3_600_000} hours of cluster time`],
  ["openapi/GUIDE.md", `the next ${number(requestsMax)} named requests`],
  ["openapi/client/README.md", `keyhold-client-${found("openapi/package.json", /"version": "([^"]+)"/)}.tgz`],
  ["openapi/client/README.md", `silent for \`attemptTimeoutMs\` (${settings.attemptTimeoutMs / 1000} s)`],
  ["openapi/client/README.md", `until \`requestTimeoutMs\` (${settings.requestTimeoutMs / 1000} s)`],
  ["openapi/client/README.md", `remembered for ${requestAgeMsMax / 3_600_000} hours`],
  ["openapi/client/README.md", `the next ${number(requestsMax)} requests`],
  ["deploy/SETTINGS.md", `(${options.apiPort.default} by default), and peers listen 100 higher`],
  ["deploy/RUNBOOK.md", `less than ${entriesMax} entries`],
  ["deploy/RUNBOOK.md", `clients have ${number(defaultApiLimits.connectionsMax)} connections`],
  ["deploy/RUNBOOK.md", `any code but 0, ${found(unit, /^RestartPreventExitStatus=(.*)$/m).replace(" ", " and ")}`],
])("%s says: %s", (page, sentence) => {
  expect(readPage(page).replaceAll(/\s+/g, " ")).toContain(sentence);
});

test("the ports of peers are a hundred higher, and five starts within a minute are what systemd allows", () => {
  expect(options.peerPort.default - options.apiPort.default).toBe(100);
  expect([found(unit, /^StartLimitBurst=(\d+)$/m), found(unit, /^StartLimitIntervalSec=(\d+)$/m)]).toEqual(["5", "60"]);
  expect(readPage("deploy/RUNBOOK.md")).toContain("five starts within a minute");
});

test("the margin of a hold is a tenth of its TTL, or half a second where that is at most a quarter", () => {
  expect([60_000, 4_000, 2_000, 1_000].map(marginMs)).toEqual([6_000, 500, 500, 250]);
});

test("every metric that a page names is in METRICS.md, which a test compares with a node", () => {
  const headings = ["Requests and clients", "Watches", "Raft and members", "The store and its disk", "Other nodes"];
  const listed = headings.flatMap((heading) => tableUnder("deploy/METRICS.md", heading)).map(([name = ""]) => name.slice(1, -1));
  const unknown = allPages().flatMap((page) =>
    [...readPage(page).matchAll(/\bkeyhold_[a-z_]+\b/g)].map(String).filter((name) => !listed.includes(name)),
  );
  expect(unknown).toEqual([]);
});
