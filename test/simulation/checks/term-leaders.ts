/**
 * This file holds that a term has one leader, whoever is asked, whenever: what nodes say of whom they hear.
 */
import type { Told } from "../world/node-world.ts";

export class TermLeaders {
  readonly #report: (finding: string) => void;
  readonly #leaders = new Map<number, string>();

  constructor(report: (finding: string) => void) {
    this.#report = report;
  }

  note(nodeId: string, { term, leaderId }: Told): void {
    if (leaderId === null) return;
    const known = this.#leaders.get(term) ?? leaderId;
    this.#leaders.set(term, known);
    if (known !== leaderId) this.#report(`two leaders: ${nodeId} hears ${leaderId} in term ${term}, which ${known} leads`);
  }
}
