/**
 * This file says which addresses a member can have: those that others can call. With any other address it would be a member that
 * nobody ever reaches.
 */
import type { MemberAddress } from "../../raft/types.ts";

/** Which of the two addresses it is, and what is wrong with it, as the end of a sentence that begins with its name. */
export type AddressFault = { readonly field: keyof MemberAddress; readonly fault: string };

/** What is wrong with `address`; undefined when nothing is, as far as one can tell without calling it. */
export function addressFault(address: MemberAddress): AddressFault | undefined {
  for (const field of ["peerUrl", "apiUrl"] as const) {
    if (!URL.canParse(address[field])) return { field, fault: "is not a URL that can be called" };
    const { protocol } = new URL(address[field]);
    if (protocol === "http:" || (protocol === "https:" && field === "apiUrl")) continue;
    const fault = field === "peerUrl" ? "must begin with http://: nodes call each other by plain HTTP only" : "is no HTTP URL";
    return { field, fault };
  }
  return undefined;
}
