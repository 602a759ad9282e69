/**
 * This file answers /v1/cluster: the status of the node that was asked, and, at the leader, changes of the membership. The
 * service decides what may be changed, and what a repeated request means.
 */
import { err, ok } from "../../src/base/result.ts";
import { type MembershipChange, type NodeStatus, toNodeId } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { type About, changeProblem, refusalProblem, transferProblem } from "../contract/membership-problem.ts";
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
  const { id, peerUrl, apiUrl } = exchange.body;
  const change = { kind: "addLearner" as const, id: toNodeId(id), address: { peerUrl, apiUrl } };
  return make(exchange, context, { change, about: { id }, status: 201 });
}

function promoteMember(exchange: Exchange<"promoteMember">, context: ApiContext): Promise<Answer> {
  const id = toNodeId(exchange.path.id);
  return make(exchange, context, { change: { kind: "promote", id }, about: { id } });
}

function removeMember(exchange: Exchange<"removeMember">, context: ApiContext): Promise<Answer> {
  const id = toNodeId(exchange.path.id);
  return make(exchange, context, { change: { kind: "remove", id }, about: { id } });
}

function replaceMember(exchange: Exchange<"replaceMember">, context: ApiContext): Promise<Answer> {
  const id = toNodeId(exchange.path.id);
  const by = toNodeId(exchange.body.by);
  return make(exchange, context, { change: { kind: "replace", id, by }, about: { id, by } });
}

function transferLeadership(exchange: Exchange<"transferLeadership">, context: ApiContext): Promise<Answer> {
  const to = exchange.body.to === undefined ? null : toNodeId(exchange.body.to);
  return answerAtLeader(exchange, context, async (timeoutMs) => {
    const end = await context.service.transferLeadership(to, { timeoutMs });
    if (end.kind === "notLeader") return err(end);
    if (end.kind !== "transferred") return ok(err(transferProblem(end, to)));
    return ok(json({ leaderId: end.leaderId, term: end.term }));
  });
}

function make(
  exchange: Forwardable,
  context: ApiContext,
  asked: { readonly change: MembershipChange; readonly about: About; readonly status?: number },
): Promise<Answer> {
  const { change, about, status = 200 } = asked;
  return answerAtLeader(exchange, context, async (timeoutMs) => {
    const end = await context.service.changeMembership(change, { timeoutMs });
    if (end.kind === "refused")
      return end.refusal.kind === "notLeader" ? err(end.refusal) : ok(err(refusalProblem(end.refusal, about)));
    if (end.kind === "unchanged") return ok(json(changedShape(false, context.service.status())));
    if (end.kind !== "made") return ok(err(changeProblem(end)));
    context.logger.info({ change }, "the membership was changed");
    return ok(json(changedShape(true, context.service.status()), { status }));
  });
}

function changedShape(changed: boolean, { members }: NodeStatus): object {
  return { changed, members: members.map(memberShape) };
}
