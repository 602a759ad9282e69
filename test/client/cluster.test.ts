/**
 * This file tests how the client asks for changes of the membership: what it sends, and what it makes of refusals.
 */
import { expect, test } from "vitest";
import { createClient } from "../../openapi/client/index.ts";
import { json, problem, startFakeNode } from "./fake-node.ts";

const changed = { changed: true, members: [] };

test("each call is the request that the contract has for it", async () => {
  const node = await startFakeNode((asked) =>
    json(200, asked.path === "/v1/cluster/transfer" ? { leaderId: "n2", term: 5 } : changed),
  );
  const { cluster, close } = createClient({ endpoints: [node.url] });
  try {
    const member = { id: "n4", peerUrl: "http://n4:7101", apiUrl: "http://n4:7001" };
    expect(await cluster.addLearner(member)).toEqual({ ok: true, value: changed });
    await cluster.promote("n4");
    await cluster.replace("n3", { by: "n4" });
    await cluster.remove("n3");
    expect(await cluster.transfer({ to: "n2" })).toEqual({ ok: true, value: { leaderId: "n2", term: 5 } });
    await cluster.transfer();
    expect(node.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/cluster/members",
      "POST /v1/cluster/members/n4/promote",
      "POST /v1/cluster/members/n3/replace",
      "DELETE /v1/cluster/members/n3",
      "POST /v1/cluster/transfer",
      "POST /v1/cluster/transfer",
    ]);
    const bodies = node.asked.filter(({ body }) => body.length > 0).map((asked) => asked.json());
    expect(bodies).toEqual([member, { by: "n4" }, { to: "n2" }, {}]);
  } finally {
    close();
    await node.close();
  }
});

test("a refusal comes back as it is, and a leader that moved is asked for again", async () => {
  const node = await startFakeNode((_asked, count) =>
    count === 1 ? problem(508, "forward_loop", { retryAfterMs: 1 }) : problem(409, "not_caught_up", { lagEntries: 1234 }),
  );
  const { cluster, close } = createClient({ endpoints: [node.url], retry: { delayMsMin: 1, delayMsMax: 1 } });
  try {
    const refused = await cluster.promote("n4");
    expect(refused.ok ? undefined : refused.error).toMatchObject({ code: "not_caught_up", lagEntries: 1234 });
    expect(node.asked).toHaveLength(2);
  } finally {
    close();
    await node.close();
  }
});
