/**
 * This file keeps new commands out of the log until every member can read them, and raises the cluster's version when they
 * all can (a member publishes what it supports with `memberHello`, DECISIONS 18).
 */
import type { CommandBody } from "../../machine/command.ts";
import { readMeta } from "../../machine/state/meta.ts";
import type { TableReader } from "../../machine/state/tables.ts";
import { clusterVersionSupported, commandSinceVersion } from "../../machine/versions.ts";
import { membersOf, type RaftStatus } from "../../raft/index.ts";
import type { Entry, Term } from "../../raft/types.ts";

/** The newest cluster version that a software supports, and for each command the version from which on it may be proposed. */
export type SoftwareVersion = {
  readonly supported: number;
  readonly commandSince: Readonly<Record<CommandBody["kind"], number>>;
};

/** The version of this software. */
export const softwareVersion: SoftwareVersion = { supported: clusterVersionSupported, commandSince: commandSinceVersion };

/** The cluster has a version that this software does not know. The node stops: it must not guess what entries mean. */
export class UnsupportedClusterVersion extends Error {
  override readonly name = "UnsupportedClusterVersion";
  readonly code = "unsupportedClusterVersion";
}

/** Compares this software's version with the cluster's. */
export class VersionGate {
  readonly #software: SoftwareVersion;
  /** One proposal in a term is enough: it is lost only with the term. */
  #proposed: { readonly term: Term; readonly version: number } | undefined;

  constructor(software: SoftwareVersion) {
    this.#software = software;
  }

  /** Why a command may not be proposed yet; undefined when it may. */
  refusal(
    kind: CommandBody["kind"],
    tables: TableReader,
  ): { readonly kind: "upgradeInProgress"; readonly needs: number; readonly clusterVersion: number } | undefined {
    const needs = this.#software.commandSince[kind];
    const { clusterVersion } = readMeta(tables);
    return needs > clusterVersion ? { kind: "upgradeInProgress", needs, clusterVersion } : undefined;
  }

  /** Throws UnsupportedClusterVersion when the state is of a version that this software does not know. */
  checkState(tables: TableReader): void {
    this.#check(readMeta(tables).clusterVersion);
  }

  /** As `checkState`, for an entry that is about to be decoded and applied. */
  checkEntry({ payload }: Entry): void {
    if (payload.kind === "clusterVersion") this.#check(payload.version);
  }

  /** The version that this node, a leader, should propose now; undefined when there is none. */
  wanted(status: Pick<RaftStatus, "role" | "currentTerm" | "membership">, tables: TableReader): number | undefined {
    if (status.role !== "leader") return undefined;
    const { clusterVersion } = readMeta(tables);
    // This software supports no newer version, so there is nothing to raise.
    if (clusterVersion >= this.#software.supported) return undefined;
    const supported = membersOf(status.membership).map((id) => tables.get("nodes", id)?.version ?? 0);
    const version = Math.min(this.#software.supported, ...supported);
    if (version <= clusterVersion) return undefined;
    const proposed = this.#proposed;
    if (proposed?.term === status.currentTerm && proposed.version >= version) return undefined;
    this.#proposed = { term: status.currentTerm, version };
    return version;
  }

  #check(version: number): void {
    const { supported } = this.#software;
    if (version <= supported) return;
    throw new UnsupportedClusterVersion(
      `the cluster has moved on to version ${version} and this software supports versions up to ${supported}: start this node with the software that the others run`,
    );
  }
}
