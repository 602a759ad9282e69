/**
 * This file wraps a service so that it can be told to fail: for the failures of a cluster that one healthy
 * node does not have. Without an order to fail it is the service.
 */
import { err, ok, type Result } from "../../src/base/result.ts";
import type {
  ChangeEnd,
  KeyholdService,
  NodeId,
  NodeStatus,
  ServiceError,
  TransferEnd,
  Watch,
  WatchOptions,
  WatchRefusal,
} from "../../src/node/service.ts";

/** A failure to be had: an expected one, or the kind that nobody expects. */
export type Fault = ServiceError | Error;

/** Passes every call to `service`, unless a test has ordered a fault for it. */
export class FaultyService implements KeyholdService {
  readonly #service: KeyholdService;
  #faults: Fault[] = [];
  #watchFaults: WatchRefusal[] = [];
  #readFaults: Error[] = [];
  #changeEnds: ChangeEnd[] = [];
  #transferEnds: TransferEnd[] = [];
  #shown: Partial<NodeStatus> = {};

  constructor(service: KeyholdService) {
    this.#service = service;
  }

  /** The next call ends with `fault`, one of `openWatch` apart; what changes members, and `status`, only when nobody expects it. */
  failNext(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** The next `openWatch` is refused. */
  refuseNextWatch(refusal: WatchRefusal): void {
    this.#watchFaults.push(refusal);
  }

  /** The next `openWatch` succeeds, and what it opens throws when it is read. */
  failNextWatch(error: Error): void {
    this.#readFaults.push(error);
  }

  /** The next change of the membership is not made, but ends so. */
  endNextChange(end: ChangeEnd): void {
    this.#changeEnds.push(end);
  }

  /** The next transfer of leadership is not made, but ends so. */
  endNextTransfer(end: TransferEnd): void {
    this.#transferEnds.push(end);
  }

  /** From here on `status` says this in place of the truth, and who does not lead by it changes no members; `{}` ends it. */
  show(status: Partial<NodeStatus>): void {
    this.#shown = status;
  }

  /** Faults that were ordered and not had; a test that leaves some behind tested nothing. */
  get pendingFaults(): number {
    return (
      this.#faults.length +
      this.#watchFaults.length +
      this.#readFaults.length +
      this.#changeEnds.length +
      this.#transferEnds.length
    );
  }

  execute: KeyholdService["execute"] = (command, options) => this.#fault() ?? this.#service.execute(command, options);

  acquire: KeyholdService["acquire"] = (command, options) => this.#fault() ?? this.#service.acquire(command, options);

  read: KeyholdService["read"] = (query, options) => this.#fault() ?? this.#service.read(query, options);

  changeMembership: KeyholdService["changeMembership"] = (change, options) => {
    const fault = this.#unexpected();
    if (fault !== undefined) return Promise.reject(fault);
    const end = this.#changeEnds.shift() ?? this.#shownNotLeader<ChangeEnd>((refusal) => ({ kind: "refused", refusal }));
    return end === undefined ? this.#service.changeMembership(change, options) : Promise.resolve(end);
  };

  transferLeadership: KeyholdService["transferLeadership"] = (to, options) => {
    const fault = this.#unexpected();
    if (fault !== undefined) return Promise.reject(fault);
    const end = this.#transferEnds.shift() ?? this.#shownNotLeader<TransferEnd>((told) => told);
    return end === undefined ? this.#service.transferLeadership(to, options) : Promise.resolve(end);
  };

  openWatch(options: WatchOptions): Result<Watch, WatchRefusal> {
    const refusal = this.#watchFaults.shift();
    if (refusal !== undefined) return err(refusal);
    const opened = this.#service.openWatch(options);
    const fault = this.#readFaults.shift();
    return fault === undefined || !opened.ok ? opened : ok(unreadable(opened.value, fault));
  }

  openSnapshot: KeyholdService["openSnapshot"] = (targets) => this.#service.openSnapshot(targets);

  whenReached: KeyholdService["whenReached"] = (revision, options) => this.#service.whenReached(revision, options);

  position: KeyholdService["position"] = () => this.#service.position();

  status: KeyholdService["status"] = () => {
    const fault = this.#unexpected();
    if (fault !== undefined) throw fault;
    return { ...this.#service.status(), ...this.#shown };
  };

  #shownNotLeader<End>(say: (told: { readonly kind: "notLeader"; readonly leaderId: NodeId | null }) => End): End | undefined {
    const { role, leaderId = null } = this.#shown;
    return role === undefined || role === "leader" ? undefined : say({ kind: "notLeader", leaderId });
  }

  #unexpected(): Error | undefined {
    const fault = this.#faults.shift();
    return fault instanceof Error ? fault : undefined;
  }

  #fault(): Promise<Result<never, ServiceError>> | undefined {
    const fault = this.#faults.shift();
    if (fault === undefined) return undefined;
    return fault instanceof Error ? Promise.reject(fault) : Promise.resolve(err(fault));
  }
}

function unreadable(watch: Watch, fault: Error): Watch {
  return {
    get revision() {
      return watch.revision;
    },
    next() {
      throw fault;
    },
    close: () => watch.close(),
  };
}
