/**
 * This file is how operators ask over the API: at whatever node, which forwards what only a leader can do.
 */
import { assert } from "../../../src/base/assert.ts";
import type { MembershipChange, NodeId } from "../../../src/raft/types.ts";
import type { Report } from "../checks/finding.ts";
import { codeOf, type RestAnswer } from "../clients/rest-form.ts";
import { messageOf } from "../world/node-world.ts";
import type { SimNode } from "../world/sim-node.ts";

/** Told what came of it: "made", "unchanged", "transferred", "refused", or a code, mostly of why nobody knows. */
type Told = (ended: string) => void;

type Call = { readonly method: string; readonly path: string; readonly body: object | null };

/** Asks `node` for a change of members; `done` is not called when it dies first. */
export function askForChange(node: SimNode, change: MembershipChange, report: Report, done: Told): void {
  ask(node, changeCall(change), report, (answer) => {
    if (answer.status >= 300) done(endOf(answer));
    else {
      const { changed } = answer.body;
      assert(typeof changed === "boolean", `a change was answered ${JSON.stringify(answer.body)}`);
      done(changed ? "made" : "unchanged");
    }
  });
}

/** Asks `node` that leadership goes to `to`, or to anybody when null. */
export function askForTransfer(node: SimNode, to: NodeId | null, report: Report, done: Told): void {
  const call = { method: "POST", path: "/v1/cluster/transfer", body: to === null ? {} : { to } };
  ask(node, call, report, (answer) => done(answer.status === 200 ? "transferred" : endOf(answer)));
}

function changeCall(change: MembershipChange): Call {
  const members = "/v1/cluster/members";
  switch (change.kind) {
    case "addLearner":
      return { method: "POST", path: members, body: { id: change.id, ...change.address } };
    case "promote":
      return { method: "POST", path: `${members}/${change.id}/promote`, body: null };
    case "remove":
      return { method: "DELETE", path: `${members}/${change.id}`, body: null };
    case "replace":
      return { method: "POST", path: `${members}/${change.id}/replace`, body: { by: change.by } };
  }
}

/** A client error was refused by the leader; of anything else the code tells. */
function endOf(answer: RestAnswer): string {
  const code = codeOf(answer);
  return answer.status >= 500 ? code : "refused";
}

function ask(node: SimNode, { method, path, body }: Call, report: Report, done: (answer: RestAnswer) => void): void {
  const { process, id } = node;
  if (process === null) return;
  const sent = body === null ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  process.api.fetch(new Request(`http://${id}:2${path}`, { method, ...sent })).then(
    async (response) => {
      try {
        const text = await response.text();
        done({ status: response.status, headers: response.headers, body: JSON.parse(text) as RestAnswer["body"] });
      } catch (error) {
        report("what the wire says", `${id} to ${method} ${path}: ${messageOf(error)}`);
      }
    },
    // The process is gone, and nobody knows what came of it.
    () => undefined,
  );
}
