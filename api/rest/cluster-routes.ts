/**
 * This file answers /v1/cluster: where the node that was asked stands, and, at the leader, changes of who takes part. Asking
 * again for what is so already changes nothing, so that a request may be repeated.
 */
import { err } from "../../src/base/result.ts";
import { type MembershipChange, type NodeId, type NodeStatus, toNodeId } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { type About, alreadyMember, changeProblem, notMember, transferProblem } from "../contract/membership-problem.ts";
import { invalidRequest } from "../contract/problem.ts";
import { clusterShape, memberShape } from "../contract/wire-format.ts";
import { json } from "./exchange-options.ts";
import { answerAtLeader, type Forwardable } from "./leader-forwarding.ts";
import type { Answer, Exchange, Router } from "./routing.ts";

/** Binds the operations on the cluster. */
export function bindClusterRoutes(router: Router, context: ApiContext): void {
  router.bind("getCluster", () => json(clusterShape(context.service.status())), { waitsForRoom: "never" });
  router.bind("addMember", (exchange) => addMember(exchange, context));
  router.bind("promoteMember", (exchange) => promoteMember(exchange, context));
  router.bind("removeMember", (exchange) => removeMember(exchange, context));
  router.bind("replaceMember", (exchange) => replaceMember(exchange, context));
  router.bind("transferLeadership", (exchange) => transferLeadership(exchange, context));
}

function addMember(exchange: Exchange<"addMember">, context: ApiContext): Promise<Answer> {
  const { peerUrl, apiUrl } = exchange.body;
  const id = toNodeId(exchange.body.id);
  for (const [name, url] of Object.entries({ peerUrl, apiUrl })) {
    if (!URL.canParse(url))
      return Promise.resolve(err(invalidRequest(`${name} is not a URL that can be called.`, `body/${name}`)));
  }
  // Accepted, it would be a member that nobody ever reaches.
  if (peerUrl.startsWith("https:"))
    return Promise.resolve(
      err(invalidRequest("Nodes call each other by plain HTTP only: peerUrl begins with http://.", "body/peerUrl")),
    );
  return answerAtLeader(exchange, context, (status, timeoutMs) => {
    const present = status.members.find((member) => member.id === id);
    const same = present?.kind === "learner" && present.address.peerUrl === peerUrl && present.address.apiUrl === apiUrl;
    if (present !== undefined && !same) {
      return err(alreadyMember(`${id} is a ${present.kind} at ${present.address.peerUrl}, ${present.address.apiUrl}.`));
    }
    const neighbour = status.members.find(({ address }) => address.peerUrl === peerUrl || address.apiUrl === apiUrl);
    if (neighbour !== undefined && !same) return err(alreadyMember(`${neighbour.id} has this address.`));
    const change = { kind: "addLearner" as const, id, address: { peerUrl, apiUrl } };
    return make(change, context, { about: { id }, status: 201, timeoutMs });
  });
}

function promoteMember(exchange: Exchange<"promoteMember">, context: ApiContext): Promise<Answer> {
  const id = toNodeId(exchange.path.id);
  return answerAtLeader(exchange, context, (status, timeoutMs) => {
    if (!isMember(status, id)) return err(notMember(id));
    return make({ kind: "promote", id }, context, { about: { id }, timeoutMs });
  });
}

function removeMember(exchange: Forwardable & Exchange<"removeMember">, context: ApiContext): Promise<Answer> {
  const id = toNodeId(exchange.path.id);
  return answerAtLeader(exchange, context, (status, timeoutMs) => {
    if (!isMember(status, id) && !status.removed.includes(id)) return err(notMember(id));
    return make({ kind: "remove", id }, context, { about: { id }, timeoutMs });
  });
}

function replaceMember(exchange: Exchange<"replaceMember">, context: ApiContext): Promise<Answer> {
  const id = toNodeId(exchange.path.id);
  const by = toNodeId(exchange.body.by);
  return answerAtLeader(exchange, context, (status, timeoutMs) => {
    if (!isMember(status, id) && !(status.removed.includes(id) && isMember(status, by))) return err(notMember(id));
    return make({ kind: "replace", id, by }, context, { about: { id, by }, timeoutMs });
  });
}

function transferLeadership(exchange: Exchange<"transferLeadership">, context: ApiContext): Promise<Answer> {
  const to = exchange.body.to === undefined ? null : toNodeId(exchange.body.to);
  return answerAtLeader(exchange, context, async (status, timeoutMs) => {
    if (to === status.nodeId) return json({ leaderId: status.nodeId, term: status.term });
    const end = await context.service.transferLeadership(to, { timeoutMs });
    if (end.kind !== "transferred") return err(transferProblem(end, to));
    return json({ leaderId: end.leaderId, term: end.term });
  });
}

async function make(
  change: MembershipChange,
  context: ApiContext,
  options: { readonly about: About; readonly status?: number; readonly timeoutMs: number },
): Promise<Answer> {
  const end = await context.service.changeMembership(change, { timeoutMs: options.timeoutMs });
  if (end.kind === "unchanged") return json(changedShape(false, context.service.status()));
  if (end.kind !== "made") return err(changeProblem(end, options.about));
  context.logger.info({ change }, "the membership was changed");
  return json(changedShape(true, context.service.status()), { status: options.status ?? 200 });
}

function changedShape(changed: boolean, { members }: NodeStatus): object {
  return { changed, members: members.map(memberShape) };
}

function isMember({ members }: NodeStatus, id: NodeId): boolean {
  return members.some((member) => member.id === id);
}
