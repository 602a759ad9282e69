/**
 * This file holds everything under deploy/, the table of settings among it, against the table of options.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/config.ts";
import { configFileEnv, options } from "../../src/config/options.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const variables: ReadonlySet<string> = new Set([configFileEnv, ...Object.values(options).map((spec) => spec.env)]);
const secret = "0123456789abcdef0123456789abcdef";

function load(env: Readonly<Record<string, string>>) {
  const result = loadConfig({ flags: {}, env, configFile: undefined, readText: () => "" });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

for (const path of [
  "deploy/Dockerfile",
  "deploy/compose.yaml",
  "deploy/README.md",
  "deploy/systemd/keyhold.service",
  "deploy/systemd/keyhold.env.example",
  "deploy/SETTINGS.md",
]) {
  test(`${path} names no variable that is not an option`, () => {
    const unknown = [...read(path).matchAll(/KEYHOLD_[A-Z0-9_]*[A-Z0-9]/g)].map(String).filter((name) => !variables.has(name));
    expect(unknown).toEqual([]);
  });
}

describe("Dockerfile", () => {
  const text = read("deploy/Dockerfile");

  test("it exposes the ports that its settings and the defaults name", () => {
    expect(/^EXPOSE (.*)$/m.exec(text)?.[1]).toBe(`${options.apiPort.default} ${options.peerPort.default}`);
    expect(/KEYHOLD_API_PORT=(\d+)/.exec(text)?.[1]).toBe(String(options.apiPort.default));
    expect(/KEYHOLD_PEER_PORT=(\d+)/.exec(text)?.[1]).toBe(String(options.peerPort.default));
  });

  test("the last stage runs as a user, checks its health and copies nothing but the build", () => {
    const last = text.slice(text.lastIndexOf("\nFROM "));
    expect(last).toMatch(/^USER node$/m);
    expect(last).toMatch(/^HEALTHCHECK [^\n]*\\\n +CMD .*\/readyz/m);
    expect([...last.matchAll(/^COPY (.*)$/gm)].map((match) => match[1])).toEqual([
      "package.json package-lock.json ./",
      "openapi/package.json openapi/",
      "--from=build /keyhold/dist dist",
    ]);
  });

  test("the volume is the data folder, and belongs to the user", () => {
    const folder = /KEYHOLD_DATA_DIR=(\S+)/.exec(text)?.[1];
    expect(folder).toBe("/var/lib/keyhold");
    expect(text).toContain(`VOLUME ${folder}\n`);
    expect(text).toContain(`chown node:node ${folder}`);
  });
});

type Compose = {
  readonly services: Readonly<
    Record<string, { readonly environment: Record<string, string>; readonly ports: string[]; readonly volumes: string[] }>
  >;
};

describe("compose.yaml", () => {
  const compose = parse(read("deploy/compose.yaml"), { merge: true }) as Compose;
  const nodes = Object.entries(compose.services);

  test("it starts three nodes whose settings are valid, in one cluster", () => {
    const configs = nodes.map(([, service]) => load({ ...service.environment, KEYHOLD_PEER_SECRET: secret }));
    expect(configs.map((config) => config.nodeId)).toEqual(["n1", "n2", "n3"]);
    expect(new Set(configs.map(({ clusterName, members }) => JSON.stringify([clusterName, members]))).size).toBe(1);
    expect(configs[0]?.members.map((member) => member.id)).toEqual(["n1", "n2", "n3"]);
  });

  test("every member is reached at its own service, on the ports that it listens on", () => {
    for (const [name, service] of nodes) {
      const config = load({ ...service.environment, KEYHOLD_PEER_SECRET: secret });
      expect(config.members.find((member) => member.id === name)).toEqual({
        id: name,
        peerUrl: `http://${name}:${config.peerPort}`,
        apiUrl: `http://${name}:${config.apiPort}`,
      });
    }
  });

  test("every API port is published on loopback only, and no peer port is", () => {
    expect(nodes.map(([, service]) => service.ports)).toEqual([
      ["127.0.0.1:7001:7001"],
      ["127.0.0.1:7002:7001"],
      ["127.0.0.1:7003:7001"],
    ]);
  });

  test("every node keeps its data on a volume of its own", () => {
    expect(nodes.map(([, service]) => service.volumes)).toEqual([
      ["n1:/var/lib/keyhold"],
      ["n2:/var/lib/keyhold"],
      ["n3:/var/lib/keyhold"],
    ]);
  });
});

describe("systemd", () => {
  test("the example settings are valid once the secret is set", () => {
    const lines = read("deploy/systemd/keyhold.env.example").split("\n");
    const settings = lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split(/=(.*)/s, 2) as [string, string]);
    const example = Object.fromEntries(settings);
    expect(() => load(example)).toThrow(/^peerSecret: the placeholder .*openssl rand -hex 32/);
    const config = load({ ...example, KEYHOLD_PEER_SECRET: secret });
    expect(config.members.find((member) => member.id === config.nodeId)).toEqual({
      id: "n1",
      peerUrl: `http://${config.peerHost}:${config.peerPort}`,
      apiUrl: `http://${config.apiHost}:${config.apiPort}`,
    });
  });

  test("the unit stops a node with more patience than the node has itself", () => {
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(read("deploy/systemd/keyhold.service"))?.[1]);
    expect(seconds * 1000).toBeGreaterThan(options.shutdownGraceMs.default);
  });

  const found = spawnSync("systemd-analyze", ["--version"]).status === 0;
  test.skipIf(!found && process.env["CI"] !== "true")("systemd accepts the unit without a warning", () => {
    const path = new URL("../../deploy/systemd/keyhold.service", import.meta.url).pathname;
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path], { encoding: "utf8" });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
  });
});

describe("SETTINGS.md", () => {
  const rows = [...read("deploy/SETTINGS.md").matchAll(/^\| `(KEYHOLD_[A-Z_]+)` \| `([^`]*)` \| `([^`]*)` \|/gm)].map((match) =>
    match.slice(1, 4),
  );

  test("its table lists every option with its default and its bounds, in the order of the table of options", () => {
    const expected = Object.values(options).map((spec) => [
      spec.env,
      String(spec.default) || "none",
      bound(spec).replaceAll("|", "\\|"),
    ]);
    expect(rows).toEqual(expected);
  });
});

/** The bounds of an option as the page writes them. */
function bound(spec: (typeof options)[keyof typeof options]): string {
  if (spec.kind === "integer") return `${spec.min} to ${spec.max} ${spec.unit}`;
  if (spec.kind === "choice") return spec.choices.join(", ");
  return spec.kind === "boolean" ? "true, false" : spec.bound;
}
