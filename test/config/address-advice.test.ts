/**
 * This file checks that a node which is started at other addresses than its cluster knows says so, and that one that others may reach says
 * nothing.
 */
import { expect, test } from "vitest";
import { addressAdvice, addressWatch, isUnreachable, reachAdvice } from "../../src/config/address-advice.ts";

const member = (port: number) => ({ id: "n1", peerUrl: `http://10.0.0.1:${port}`, apiUrl: "http://10.0.0.1:7001" });
const settings = {
  ...{ nodeId: "n1", initialCluster: "", members: [] },
  ...{ peerHost: "10.0.0.1", peerPort: 7101, apiHost: "10.0.0.1", apiPort: 7001 },
};

test("other addresses in the settings than in the membership are said with the way out", () => {
  const named = { ...settings, initialCluster: "given", members: [member(7101)] };
  expect(addressAdvice(named, member(7101))).toBe(undefined);
  expect(addressAdvice(named, member(8101))).toMatch(
    /knows n1 at the peer address http:\/\/10.0.0.1:8101, and its settings \(initialCluster\) name .*:7101: .*start this node with the old ones, or/,
  );
  // A port that is forwarded: what the settings name is what counts.
  expect(addressAdvice({ ...named, peerPort: 9, peerHost: "0.0.0.0" }, member(7101))).toBe(undefined);
});

test("a node that joined is compared by where it listens", () => {
  expect(addressAdvice(settings, member(7101))).toBe(undefined);
  expect(addressAdvice({ ...settings, peerPort: 7102 }, member(7101))).toContain("it listens on 10.0.0.1, port 7102");
});

test("each address is said with what does not work without it", () => {
  const noLeader = "may never find a leader";
  expect(addressAdvice({ ...settings, peerPort: 7102 }, member(7101))).toContain(noLeader);
  const api = addressAdvice({ ...settings, apiPort: 7009 }, member(7101));
  expect(api).toContain("at the API address http://10.0.0.1:7001, and it listens on 10.0.0.1, port 7009: other nodes do not");
  expect(api).not.toContain(noLeader);
});

for (const [host, port, url, missed] of [
  ["127.0.0.1", 7101, "http://127.0.0.1:7101", false],
  ["127.0.0.1", 7101, "http://localhost:7101", false],
  ["127.0.0.1", 31101, "http://127.0.0.1:7101", true],
  ["127.0.0.1", 7101, "http://10.0.0.4:7101", true],
  ["::1", 7101, "http://n4:7101", true],
  ["10.0.0.4", 7101, "http://10.0.0.5:7101", true],
  ["0.0.0.0", 7101, "http://10.0.0.4:8101", false],
  ["10.0.0.4", 7101, "http://n4:8101", false],
  ["::2", 7101, "http://[::2]:7101", false],
  ["127.0.0.1", 0, "http://127.0.0.1:7001", false],
] as const) {
  test(`who listens on ${host} ${port} ${missed ? "misses" : "may get"} what is sent to ${url}`, () => {
    expect(isUnreachable({ host, port }, url)).toBe(missed);
  });
}

const two = [member(7101), { id: "n2", peerUrl: "http://10.0.0.2:7101", apiUrl: "http://10.0.0.2:7001" }];
for (const [name, changed, advice] of [
  ["loopback", { members: two, peerHost: "127.0.0.1" }, /at the peer address .* listens on 127.0.0.1, .*KEYHOLD_PEER_HOST/],
  ["a loopback API", { members: two, apiHost: "127.0.0.1" }, /at the API address .*KEYHOLD_API_HOST/],
  ["its address", { members: two }, undefined],
  ["every address", { members: two, peerHost: "0.0.0.0", apiHost: "::" }, undefined],
  ["loopback, alone", { members: [member(7101)], peerHost: "127.0.0.1" }, undefined],
  [
    "loopback, to join others",
    { peerHost: "127.0.0.1", joinUrls: ["http://10.0.0.1:7101"] },
    /n1 joins members.*KEYHOLD_PEER_HOST/,
  ],
  ["loopback, to join loopback", { peerHost: "127.0.0.1", apiHost: "::1", joinUrls: ["http://[::1]:7101"] }, undefined],
] as const) {
  test(`settings by which a node listens on ${name} ${advice === undefined ? "are well" : "get a warning"}`, () => {
    const text = reachAdvice({ ...settings, joinUrls: [], ...changed });
    if (advice === undefined) expect(text).toBe(undefined);
    else expect(text).toMatch(advice);
  });
}

test("it is said once, and not by the only member", () => {
  const warnings: string[] = [];
  const check = addressWatch(settings, (advice) => warnings.push(advice));
  check({ addresses: { n1: member(9) } });
  expect(warnings).toEqual([]);
  const both = { addresses: { n1: member(9), n2: member(7102) } };
  check(both);
  check(both);
  expect(warnings.length).toBe(1);
});
