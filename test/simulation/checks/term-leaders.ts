/**
 * This file holds that a term has one leader, whoever is asked, whenever: what nodes say of whom they hear.
 */
import type { Told } from "../world/node-world.ts";
import type { Report } from "./finding.ts";

/** The leader of each term, as nodes have named it. */
export class TermLeaders {
  readonly #report: Report;
  readonly #leaders = new Map<number, string>();

  constructor(report: Report) {
    this.#report = report;
  }

  note(nodeId: string, { term, leaderId }: Told): void {
    if (leaderId === null) return;
    const known = this.#leaders.get(term) ?? leaderId;
    this.#leaders.set(term, known);
    if (known !== leaderId)
      this.#report("one leader a term", `${nodeId} hears ${leaderId} in term ${term}, which ${known} leads`);
  }
}
