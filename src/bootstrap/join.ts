/**
 * This file lets a node that is not a first member learn from a member which cluster it is to join.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { askGenesis, type Genesis } from "../transport/genesis.ts";
import { type BootstrapLog, callerOf, NotAdmitted } from "./form.ts";

const retryMs = 250;
/** Time to start a first member by hand; after it the supervisor decides. */
const joinMsMax = 60_000;

/** No member was there for a minute; starting again helps once one is. */
class NoMemberAnswered extends Error {
  override readonly name = "NoMemberAnswered";
  readonly code = "noMemberAnswered";
}

/** What a member says of the cluster. Rejects with NotAdmitted, when none answers in a minute, or with the signal's reason. */
export async function findCluster(
  config: Config,
  { log, signal }: { readonly log: BootstrapLog; readonly signal: AbortSignal },
): Promise<Genesis> {
  const deadlineMs = performance.now() + joinMsMax;
  let last = "";
  while (performance.now() < deadlineMs) {
    let refusals = 0;
    for (const url of config.joinUrls) {
      signal.throwIfAborted();
      const answer = await askGenesis(url, callerOf(config, null));
      if (answer.ok && answer.value.kind === "established") return answer.value;
      const detail = answer.ok ? `${url}: its cluster has not begun yet` : answer.error.detail;
      if (!answer.ok && answer.error.kind !== "unreachable") refusals += 1;
      // One address may belong to somebody else by now; another may be that of a member.
      if (refusals === config.joinUrls.length) throw new NotAdmitted(`no member lets this node in: ${detail}`);
      if (last !== detail) log.warn({ detail }, "waiting for a member to answer");
      last = detail;
    }
    await delay(retryMs, undefined, { signal });
  }
  throw new NoMemberAnswered(`no member answered within ${joinMsMax / 1000} s; the last try: ${last}`);
}
