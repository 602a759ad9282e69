/**
 * This file tests how settings become a configuration, and how wrong or unsafe ones are refused.
 */
import { expect, test } from "vitest";
import { type ConfigSources, loadConfig } from "../../src/config/config.ts";
import { type OptionName, options } from "../../src/config/options.ts";

const nothing: ConfigSources = {
  flags: {},
  env: {},
  configFile: undefined,
  readText: () => {
    throw new Error("no file expected");
  },
};

function load(sources: Partial<ConfigSources>) {
  return loadConfig({ ...nothing, ...sources });
}

test("without any setting a node is a cluster of one on loopback", () => {
  const result = load({});
  expect(result.ok && { api: result.value.apiHost, peer: result.value.peerHost, members: result.value.members }).toEqual({
    api: "127.0.0.1",
    peer: "127.0.0.1",
    members: [{ id: "n1", peerUrl: "http://127.0.0.1:7101", apiUrl: "http://127.0.0.1:7001" }],
  });
});

test("a flag beats the environment, which beats the file, which beats the default", () => {
  const readText = () => "requestTimeoutMs: 300\nacquireHoldMsMax: 300\nshutdownGraceMs: 300\n";
  const env = { KEYHOLD_REQUEST_TIMEOUT_MS: "200", KEYHOLD_ACQUIRE_HOLD_MS_MAX: "200" };
  const result = load({ flags: { requestTimeoutMs: "100" }, env, configFile: "k.yaml", readText });
  if (!result.ok) throw new Error(result.error.message);
  const { requestTimeoutMs, acquireHoldMsMax, shutdownGraceMs, bodyBytesMax, optionSources } = result.value;
  expect([requestTimeoutMs, acquireHoldMsMax, shutdownGraceMs, bodyBytesMax]).toEqual([100, 200, 300, 1_048_576]);
  const names: OptionName[] = ["requestTimeoutMs", "acquireHoldMsMax", "shutdownGraceMs", "bodyBytesMax"];
  expect(names.map((name) => optionSources[name])).toEqual(["flag", "environment", "file", "default"]);
});

test("read leases rest on clock rates: they are off unless asked for", () => {
  const asked = load({ env: { KEYHOLD_READ_LEASES: "true" } });
  const silent = load({});
  expect([silent.ok && silent.value.readLeases, asked.ok && asked.value.readLeases]).toEqual([false, true]);
});

test("the configuration is frozen", () => {
  const result = load({});
  expect(result.ok && Object.isFrozen(result.value)).toBe(true);
});

const secret = "0123456789abcdef0123456789abcdef";
const secretAdvice =
  "peerSecret: there are other nodes and no peer secret: make one (openssl rand -hex 32), and give it to every node as KEYHOLD_PEER_SECRET, or in a file as KEYHOLD_PEER_SECRET_FILE; or pass --insecure (KEYHOLD_INSECURE=true) where no stranger can reach the nodes' ports";
const cluster =
  "n2=http://10.0.0.2:7101|http://10.0.0.2:7001,n1=http://10.0.0.1:7101|http://10.0.0.1:7001,n3=http://10.0.0.3:7101|http://10.0.0.3:7001";

test("the first members are the same whatever their order", () => {
  const membersOf = (env: Record<string, string>) => {
    const result = load({ env: { ...env, KEYHOLD_PEER_SECRET: secret } });
    if (!result.ok) throw new Error(result.error.message);
    return result.value.members;
  };
  const members = membersOf({ KEYHOLD_INITIAL_CLUSTER: cluster });
  expect(members.map(({ id }) => id)).toEqual(["n1", "n2", "n3"]);
  expect(membersOf({ KEYHOLD_INITIAL_CLUSTER: cluster.split(",").reverse().join(","), KEYHOLD_NODE_ID: "n3" })).toEqual(members);
});

const refusals = [
  {
    name: "a number out of bounds",
    env: { KEYHOLD_API_PORT: "70000" },
    exitCode: 2,
    message: 'apiPort: "70000" (from KEYHOLD_API_PORT) is not an integer from 0 to 65535 (port)',
  },
  {
    name: "text where a number belongs",
    env: { KEYHOLD_TICK_MS: "20ms" },
    exitCode: 2,
    message: 'tickMs: "20ms" (from KEYHOLD_TICK_MS) is not an integer from 5 to 1000 (ms)',
  },
  {
    name: "a misspelt variable",
    env: { KEYHOLD_API_PROT: "1" },
    exitCode: 2,
    message: "KEYHOLD_API_PROT: no such option; did you mean KEYHOLD_API_PORT?",
  },
  {
    name: "an unknown choice",
    env: { KEYHOLD_LOG_LEVEL: "loud" },
    exitCode: 2,
    message: 'logLevel: "loud" (from KEYHOLD_LOG_LEVEL) is not one of trace, debug, info, warn, error, fatal, silent',
  },
  {
    name: "a member without an API URL",
    env: { KEYHOLD_INITIAL_CLUSTER: "n1=http://10.0.0.1:7101" },
    exitCode: 2,
    message: 'initialCluster: "n1=http://10.0.0.1:7101" is not id=peerUrl|apiUrl',
  },
  {
    name: "one port for API and peers",
    env: { KEYHOLD_API_PORT: "7101" },
    exitCode: 2,
    message: "peerPort: 7101 is the apiPort, too: a node listens on two ports",
  },
  {
    name: "one port for API and peers, on overlapping addresses",
    env: { KEYHOLD_API_PORT: "7101", KEYHOLD_PEER_HOST: "0.0.0.0" },
    exitCode: 2,
    message: "peerPort: 7101 is the apiPort, too: a node listens on two ports",
  },
  {
    name: "a node that is not among the members",
    env: { KEYHOLD_INITIAL_CLUSTER: cluster, KEYHOLD_NODE_ID: "n9" },
    exitCode: 2,
    message: "initialCluster: has no member named n9, which is this node's id",
  },
  {
    name: "an election timeout too close to the heartbeat",
    env: { KEYHOLD_HEARTBEAT_TICKS: "10" },
    exitCode: 2,
    message: "electionTicks: 25 is less than three times heartbeatTicks (10)",
  },
  {
    name: "a member to join that is no URL",
    env: { KEYHOLD_JOIN: "10.0.0.1:7101" },
    exitCode: 2,
    message: 'join: "10.0.0.1:7101" is not an http URL of a host and a port',
  },
  {
    name: "a member to join by TLS",
    env: { KEYHOLD_JOIN: "https://10.0.0.1:7101" },
    exitCode: 2,
    message: 'join: "https://10.0.0.1:7101" is an https URL, and nodes call each other by plain HTTP only: write http://',
  },
  {
    name: "a member with a peer URL by TLS",
    env: { KEYHOLD_INITIAL_CLUSTER: "n1=https://10.0.0.1:7101|http://10.0.0.1:7001" },
    exitCode: 2,
    message:
      'initialCluster: "https://10.0.0.1:7101" is an https URL, and nodes call each other by plain HTTP only: write http://',
  },
  {
    name: "a node that begins a cluster and joins one",
    env: { KEYHOLD_JOIN: "http://10.0.0.1:7101", KEYHOLD_INITIAL_CLUSTER: "n1=http://10.0.0.1:7101|http://10.0.0.1:7001" },
    exitCode: 2,
    message: "join: initialCluster is set, too: a node begins a cluster or joins one",
  },
  {
    name: "an API beyond loopback",
    env: { KEYHOLD_API_HOST: "0.0.0.0" },
    exitCode: 78,
    message:
      "apiHost: 0.0.0.0 is not loopback and the API has no authentication: listen on loopback, or pass --insecure (KEYHOLD_INSECURE=true) where no stranger can reach this network",
  },
  {
    name: "a member among others without a secret, on loopback as well",
    env: { KEYHOLD_INITIAL_CLUSTER: cluster },
    exitCode: 78,
    message: secretAdvice,
  },
  {
    name: "a node that joins without a secret",
    env: { KEYHOLD_NODE_ID: "n4", KEYHOLD_JOIN: "http://127.0.0.1:7101" },
    exitCode: 78,
    message: secretAdvice,
  },
  {
    name: "a secret given twice",
    env: { KEYHOLD_PEER_SECRET: secret, KEYHOLD_PEER_SECRET_FILE: "/run/secrets/peer" },
    exitCode: 2,
    message: "peerSecretFile: peerSecret is set, too: give one of them",
  },
  {
    name: "peers beyond loopback without a secret",
    env: { KEYHOLD_PEER_HOST: "10.0.0.1" },
    exitCode: 78,
    message:
      "peerHost: 10.0.0.1 is not loopback and there is no peer secret: set KEYHOLD_PEER_SECRET or KEYHOLD_PEER_SECRET_FILE, listen on loopback, or pass --insecure (KEYHOLD_INSECURE=true) where no stranger can reach this network",
  },
];
for (const { name, env, exitCode, message } of refusals) {
  test(`${name} is refused with the option, the value and the bound`, () => {
    expect(load({ env })).toEqual({ ok: false, error: { option: expect.any(String), exitCode, message } });
  });
}

test("a node that joins has no members of its own, and learns from those that it asks", () => {
  const join = { KEYHOLD_JOIN: "http://10.0.0.1:7101, http://10.0.0.2:7101", KEYHOLD_PEER_SECRET: secret };
  const result = load({ env: { KEYHOLD_NODE_ID: "n4", ...join } });
  expect(result.ok && [result.value.joinUrls, result.value.members]).toEqual([
    ["http://10.0.0.1:7101", "http://10.0.0.2:7101"],
    [],
  ]);
});

test("a secret that is too short is refused without being shown", () => {
  const result = load({ env: { KEYHOLD_PEER_SECRET: "hunter2" } });
  expect(result.ok ? "" : result.error.message).toBe(
    "peerSecret: the value (from KEYHOLD_PEER_SECRET) is not empty, or 32 to 1024 printable characters without spaces",
  );
});

test("peers beyond loopback are allowed with a secret", () => {
  expect(load({ env: { KEYHOLD_PEER_HOST: "10.0.0.1", KEYHOLD_PEER_SECRET: secret } }).ok).toBe(true);
});

test("the secret may be in a file, with white space around it, and is not shown when it is wrong", () => {
  const env = { KEYHOLD_INITIAL_CLUSTER: cluster, KEYHOLD_PEER_SECRET_FILE: "/run/secrets/peer" };
  const result = load({ env, readText: () => `  ${secret}\n` });
  expect(result.ok && [result.value.peerSecret, result.value.optionSources.peerSecret]).toEqual([secret, "peerSecretFile"]);
  for (const text of ["hunter2\n", "", "\n"]) {
    expect(load({ env, readText: () => text })).toEqual({
      ok: false,
      error: {
        option: "peerSecretFile",
        exitCode: 2,
        message: "peerSecretFile: /run/secrets/peer does not hold 32 to 1024 printable characters without spaces",
      },
    });
  }
  const missing = load({
    env,
    readText: () => {
      throw new Error("no such file");
    },
  });
  expect(missing.ok ? "" : missing.error.message).toBe("peerSecretFile: /run/secrets/peer cannot be read: no such file");
});

test("a node alone needs no secret, and insecure allows several nodes without one", () => {
  expect(load({ env: {} }).ok).toBe(true);
  expect(load({ env: { KEYHOLD_INITIAL_CLUSTER: cluster, KEYHOLD_INSECURE: "true" } }).ok).toBe(true);
});

test("variables that Kubernetes makes for a service named keyhold are no settings", () => {
  const env = {
    KEYHOLD_SERVICE_HOST: "10.96.0.7",
    KEYHOLD_PORT: "tcp://10.96.0.7:7001",
    KEYHOLD_PORT_7001_TCP_ADDR: "10.96.0.7",
  };
  expect(load({ env }).ok).toBe(true);
});

test("a misspelt name in the file is refused by its name", () => {
  expect(load({ configFile: "k.yaml", readText: () => "apiProt: 7001\n" })).toEqual({
    ok: false,
    error: { option: "config", exitCode: 2, message: "config file k.yaml: apiProt is no option; did you mean apiPort?" },
  });
});

test("every default is inside its own bounds, and no two options share a variable", () => {
  expect(load({}).ok).toBe(true);
  const variables = Object.values(options).map((spec) => spec.env);
  expect(new Set(variables).size).toBe(variables.length);
});
