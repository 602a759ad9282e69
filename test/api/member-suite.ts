/**
 * This file tests changes of the membership and transfers over REST: on a node that leads alone what really happens, and
 * what a client is told of ends that one healthy node does not have.
 */
import { afterEach, describe, expect, test } from "vitest";
import { at } from "../../src/base/at.ts";
import { type ChangeEnd, type TransferEnd, toNodeId } from "../../src/node/service.ts";
import { startStranger } from "../transport/stranger.ts";
import { type Answer, type Method, send, startApi, type TestApi, until } from "./harness.ts";

const address = { peerUrl: "http://127.0.0.1:9", apiUrl: "http://127.0.0.1:19" };
const learner = (id: string, port = 9) => ({ id, peerUrl: `http://127.0.0.1:${port}`, apiUrl: `http://127.0.0.1:${port + 10}` });

type Sample = { readonly method: Method; readonly path: string; readonly body?: object };
const add: Sample = { method: "POST", path: "/v1/cluster/members", body: learner("n8", 800) };
const promote: Sample = { method: "POST", path: "/v1/cluster/members/held/promote" };
const remove: Sample = { method: "DELETE", path: "/v1/cluster/members/held" };
const replace: Sample = { method: "POST", path: "/v1/cluster/members/n1/replace", body: { by: "held" } };
const transfer: Sample = { method: "POST", path: "/v1/cluster/transfer", body: {} };
const changes = [add, promote, remove, replace];
const all = [...changes, transfer];

/** Tests that need a running API. */
export function describeMembers(api: () => TestApi): void {
  const ask = ({ method, path, body }: Sample, on = api()): Promise<Answer> =>
    send(on, method, path, body === undefined ? {} : { body });
  const membersOf = (answer: Answer) =>
    (answer.body["members"] as { id: string; kind: string }[]).map(({ id, kind }) => `${id} ${kind}`);
  afterEach(() => api().service.show({}));

  describe("a learner", () => {
    test("is added once, shown, refused its promotion while it lags, removed, and its id never taken again", async () => {
      const added = await ask({ ...add, body: learner("n4") });
      expect([added.status, added.body["changed"], membersOf(added)]).toEqual([201, true, ["n1 voter", "n4 learner"]]);
      const again = await ask({ ...add, body: learner("n4") });
      expect([again.status, again.body["changed"]]).toEqual([200, false]);
      const shown = await send(api(), "GET", "/v1/cluster");
      const member = at(shown.body["members"] as Record<string, unknown>[], 1);
      expect(member).toMatchObject({ id: "n4", kind: "learner", ...address, matchIndex: 0, version: null });
      expect(member["lagEntries"]).toBe(shown.body["lastIndex"]);

      const behind = await ask({ method: "POST", path: "/v1/cluster/members/n4/promote" });
      expect([behind.status, behind.body["code"]]).toEqual([409, "not_caught_up"]);
      expect(behind.body["lagEntries"]).toBeGreaterThan(0);
      expect(behind.body["detail"]).toContain(`n4 is ${String(behind.body["lagEntries"])} entries behind`);
      const replaced = await ask({ ...replace, body: { by: "n4" } });
      expect(replaced.body["code"]).toBe("not_caught_up");

      const removed = await ask({ method: "DELETE", path: "/v1/cluster/members/n4" });
      expect([removed.status, removed.body["changed"], membersOf(removed)]).toEqual([200, true, ["n1 voter"]]);
      const once = await ask({ method: "DELETE", path: "/v1/cluster/members/n4" });
      expect([once.status, once.body["changed"]]).toEqual([200, false]);
      const reused = await ask({ ...add, body: learner("n4") });
      expect([reused.status, reused.body["code"]]).toEqual([409, "id_reused"]);
      expect((await send(api(), "GET", "/v1/cluster")).body["removed"]).toEqual(["n4"]);
    });

    test("is one too many beyond fifteen members, until one of them goes", async () => {
      const crowd = Array.from({ length: 14 }, (_, i) => `crowd-${i}`);
      const crowded = (id: string) => learner(id, 2000 + Number(id.slice(6)) * 100);
      for (const id of crowd) expect((await ask({ ...add, body: crowded(id) })).status).toBe(201);
      expect((await ask({ ...add, body: crowded("crowd-14") })).body).toMatchObject({
        code: "too_many_members",
        status: 409,
        max: 15,
      });
      for (const id of crowd) await ask({ method: "DELETE", path: `/v1/cluster/members/${id}` });
      expect((await ask({ ...add, body: crowded("crowd-14") })).status).toBe(201);
      await ask({ method: "DELETE", path: "/v1/cluster/members/crowd-14" });
    });

    test("cannot take the id or an address of a member", async () => {
      expect((await ask({ ...add, body: learner("n1") })).body).toMatchObject({ code: "already_member", status: 409 });
      const stolen = { id: "n5", peerUrl: "http://n1.test:7101", apiUrl: "http://n5.test:7001" };
      const answer = await ask({ ...add, body: stolen });
      expect(answer.body).toMatchObject({ code: "already_member", detail: "n1 has this address." });
    });

    test("has an id and addresses that can be used", async () => {
      for (const body of [
        { ...learner("N4") },
        { ...learner("n4"), peerUrl: "n4:7101" },
        { ...learner("n4"), peerUrl: "https://n4:7101" },
        { ...learner("n4"), apiUrl: "http://n4:7001/path" },
        { ...learner("n4"), peerUrl: "http://\u0142:7101" },
        { ...learner("n4"), peerUrl: "http://n\u00e4:7101" },
        { ...learner("n4"), peerUrl: "http://n4:70000" },
        { ...learner("n4"), peerUrl: "http://300.1.1.1:7101" },
        { ...learner("n4"), apiUrl: "http://[::1:7001" },
        { id: "n4", peerUrl: "http://n4:7101" },
      ]) {
        expect((await ask({ ...add, body })).body["code"]).toBe("invalid_request");
      }
      expect((await ask({ method: "DELETE", path: "/v1/cluster/members/N4" })).body["code"]).toBe("invalid_request");
    });
  });

  describe("the only voter", () => {
    test("cannot leave, is a voter already, and has nobody to hand over to but itself", async () => {
      expect((await ask({ method: "DELETE", path: "/v1/cluster/members/n1" })).body).toMatchObject({
        code: "last_voter",
        status: 409,
      });
      expect((await ask({ method: "POST", path: "/v1/cluster/members/n1/promote" })).body["changed"]).toBe(false);
      expect((await ask(transfer)).body).toMatchObject({ code: "no_transfer_target", status: 409 });
      expect((await ask({ ...transfer, body: { to: "n1" } })).body["leaderId"]).toBe("n1");
    });
  });

  test("a node that is no member cannot be promoted, removed, replaced or take a place", async () => {
    for (const [method, path] of [
      ["POST", "/v1/cluster/members/n77/promote"],
      ["DELETE", "/v1/cluster/members/n77"],
    ] as const) {
      expect((await send(api(), method, path)).body).toMatchObject({ code: "not_member", status: 404 });
    }
    const nobody = await ask({ method: "POST", path: "/v1/cluster/members/n77/replace", body: { by: "n1" } });
    expect(nobody.body).toMatchObject({ code: "not_member", status: 404 });
    expect((await ask({ ...replace, body: { by: "n77" } })).body).toMatchObject({ code: "not_learner", status: 409 });
  });

  describe("an end that a healthy node does not have", () => {
    const held = { id: toNodeId("held"), address, kind: "learner" as const, matchIndex: null, lagEntries: null, version: null };
    const ends: readonly (readonly [end: ChangeEnd, status: number, code: string, samples: readonly Sample[]])[] = [
      [{ kind: "refused", refusal: { kind: "changeInProgress" } }, 409, "change_in_progress", changes],
      [{ kind: "refused", refusal: { kind: "leadershipTransfer" } }, 409, "transfer_in_progress", changes],
      [{ kind: "refused", refusal: { kind: "notLeader", leaderId: null } }, 503, "no_leader", changes],
      [{ kind: "refused", refusal: { kind: "alreadyMember", as: "voter", address } }, 409, "already_member", [add, replace]],
      [{ kind: "refused", refusal: { kind: "instanceUnknown" } }, 409, "instance_unknown", [promote, replace]],
      [{ kind: "refused", refusal: { kind: "tooManyIds", max: 8192 } }, 409, "membership_limit", [add]],
      [{ kind: "refused", refusal: { kind: "impossible", fault: "it is none" } }, 400, "invalid_request", [add]],
      [{ kind: "lost" }, 503, "no_leader", changes],
      [{ kind: "shuttingDown" }, 503, "shutting_down", changes],
      [{ kind: "outcomeUnknown" }, 504, "outcome_unknown", changes],
    ];
    for (const [end, status, code, samples] of ends) {
      test(`${end.kind === "refused" ? end.refusal.kind : end.kind} of a change is ${status} ${code}`, async () => {
        api().service.show({ members: [...api().service.status().members, held] });
        for (const sample of samples) {
          api().service.endNextChange(end);
          const answer = await ask(sample);
          expect([answer.status, answer.body["code"]], sample.path).toEqual([status, code]);
          const retries = status === 503 || code.endsWith("_in_progress") || code === "instance_unknown";
          expect(answer.headers["retry-after"], sample.path).toBe(retries ? "1" : undefined);
        }
      });
    }

    test("a change that was made says who belongs to the cluster", async () => {
      const { members } = api().service.status();
      api().service.show({ members: [...members, held] });
      const membership = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], addresses: {}, removed: [] };
      for (const sample of [promote, replace]) {
        api().service.endNextChange({ kind: "made", membership });
        expect((await ask(sample)).body["changed"]).toBe(true);
      }
    });

    test("a change that is made already is answered once the leader confirms it, with the members", async () => {
      const { members } = api().service.status();
      api().service.show({ members: [...members, held], removed: [toNodeId("gone")] });
      const again: Sample = { ...add, body: { id: "held", ...address } };
      const gone: Sample = { method: "DELETE", path: "/v1/cluster/members/gone" };
      const replaced: Sample = { method: "POST", path: "/v1/cluster/members/gone/replace", body: { by: "n1" } };
      for (const sample of [again, promote, gone, replaced]) {
        api().service.endNextChange({ kind: "unchanged" });
        const answer = await ask(sample);
        expect([answer.status, answer.body["changed"]], sample.path).toEqual([200, false]);
        api().service.endNextChange({ kind: "outcomeUnknown" });
        expect((await ask(sample)).body["code"], sample.path).toBe("outcome_unknown");
      }
    });

    const transferEnds: readonly (readonly [end: TransferEnd, status: number, code: string])[] = [
      [{ kind: "notLeader", leaderId: null }, 503, "no_leader"],
      [{ kind: "inProgress" }, 409, "transfer_in_progress"],
      [{ kind: "timedOut" }, 409, "transfer_timed_out"],
      [{ kind: "outcomeUnknown" }, 504, "outcome_unknown"],
      [{ kind: "shuttingDown" }, 503, "shutting_down"],
    ];
    for (const [end, status, code] of transferEnds) {
      test(`${end.kind} of a transfer is ${status} ${code}`, async () => {
        api().service.endNextTransfer(end);
        const answer = await ask({ ...transfer, body: { to: "n2" } });
        expect([answer.status, answer.body["code"]]).toEqual([status, code]);
      });
    }
  });

  describe("a node that does not lead", () => {
    const leaderAt = (apiUrl: string) => ({
      role: "follower" as const,
      leaderId: toNodeId("n2"),
      members: [
        {
          id: toNodeId("n2"),
          address: { peerUrl: "", apiUrl },
          kind: "voter" as const,
          matchIndex: null,
          lagEntries: null,
          version: 1,
        },
      ],
    });

    test("forwards to the leader and answers what that answered", async () => {
      const leader = await startApi();
      // Before something of its own term is agreed on, a leader changes nothing.
      await until(() => leader.service.status().commitIndex > 0);
      try {
        api().service.show(leaderAt(leader.url));
        const added = await ask({ ...add, body: learner("n6") });
        expect([added.status, membersOf(added)]).toEqual([201, ["n1 voter", "n6 learner"]]);
        expect(added.headers["keyhold-served-by"]).toBe("n1");
        expect((await send(leader, "GET", "/v1/cluster")).body["members"]).toHaveLength(2);
        expect((await ask({ method: "POST", path: "/v1/cluster/members/n6/promote" })).body["code"]).toBe("not_caught_up");
        expect((await ask({ method: "DELETE", path: "/v1/cluster/members/n6" })).status).toBe(200);
        leader.service.endNextTransfer({ kind: "inProgress" });
        const refused = await ask(transfer);
        expect([refused.body["code"], refused.headers["retry-after"]]).toEqual(["transfer_in_progress", "1"]);
      } finally {
        await leader.stop();
      }
    });

    test("is asked by another node only once: it refuses to send the request on", async () => {
      const other = await startApi();
      try {
        api().service.show(leaderAt(other.url));
        other.service.show(leaderAt(api().url));
        for (const sample of all) {
          const answer = await ask(sample);
          expect([answer.status, answer.body["code"]], sample.path).toEqual([508, "forward_loop"]);
          expect(answer.headers["retry-after"]).toBe("1");
        }
      } finally {
        await other.stop();
      }
    });

    test("says so when there is no leader, or none that answers, and that nothing was changed", async () => {
      api().service.show({ role: "follower", leaderId: null });
      for (const sample of all) {
        const answer = await ask(sample);
        expect([answer.status, answer.body["code"]], sample.path).toEqual([503, "no_leader"]);
      }
      api().service.show(leaderAt("http://127.0.0.1:9"));
      expect((await ask(transfer)).body["code"]).toBe("no_leader");
      const gone = await startApi();
      await gone.stop();
      api().service.show(leaderAt(gone.url));
      const answer = await ask(transfer);
      expect([answer.status, answer.body["code"]]).toEqual([503, "no_leader"]);
    });

    test("believes nobody who answers in the leader's place without end, in interim answers or in one", async () => {
      for (const { head, unit } of [
        { head: "", unit: "HTTP/1.1 103 E\r\n\r\n".repeat(3600) },
        { head: "HTTP/1.1 200 OK\r\n\r\n", unit: "x".repeat(64 * 1024) },
        { head: "HTTP/1.1 307 T\r\nContent-Length: 0\r\nLocation: /v1/cluster\r\n\r\n", unit: "" },
      ]) {
        const stranger = await startStranger(head, unit);
        api().service.show(leaderAt(stranger.url));
        const startedMs = performance.now();
        const answer = await ask(transfer);
        expect([answer.status, answer.body["code"]]).toEqual([504, "outcome_unknown"]);
        expect(performance.now() - startedMs).toBeLessThan(2_000);
        expect(stranger.calls()).toBe(1);
        stranger.close();
      }
    });

    test("does not claim to know what a leader did that did not answer in time", async () => {
      const leader = await startApi();
      const asking = await startApi({ limits: { requestTimeoutMs: 1000 } });
      try {
        asking.service.show(leaderAt(leader.url));
        leader.service.changeMembership = () => new Promise(() => undefined);
        leader.service.transferLeadership = () => new Promise(() => undefined);
        for (const sample of [add, transfer]) {
          const answer = await ask(sample, asking);
          expect([answer.status, answer.body["code"]]).toEqual([504, "outcome_unknown"]);
        }
      } finally {
        await asking.stop();
        await leader.stop();
      }
    });
  });

  test("an error that nobody expected is a 500, a stray parameter a 400, wherever it can happen", async () => {
    for (const sample of all) {
      api().service.failNext(new Error("secret detail"));
      expect((await ask(sample)).body["code"], sample.path).toBe("internal");
      expect((await ask({ ...sample, path: `${sample.path}?colour=red` })).body["code"], sample.path).toBe("invalid_request");
      if (sample.body === undefined) continue;
      const large = { headers: { "content-type": "application/json" }, body: Buffer.alloc(2 * 1024 * 1024, 32) };
      expect((await send(api(), sample.method, sample.path, large)).body["code"], sample.path).toBe("too_large");
      const form = { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1" };
      expect((await send(api(), sample.method, sample.path, form)).body["code"], sample.path).toBe("unsupported_media_type");
    }
  });
}
