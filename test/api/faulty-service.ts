/**
 * This file puts a thin skin around a service that can be told to fail: for the failures of a cluster that one healthy
 * node does not have. Without an order to fail it is the service.
 */
import { err, type Result } from "../../src/base/result.ts";
import type { KeyholdService, QueryRefusal, ServiceError, Watch, WatchOptions } from "../../src/node/service.ts";

/** A failure to be had: an expected one, or the kind that nobody expects. */
export type Fault = ServiceError | Error;

export class FaultyService implements KeyholdService {
  readonly #service: KeyholdService;
  #faults: Fault[] = [];
  #watchFaults: QueryRefusal[] = [];

  constructor(service: KeyholdService) {
    this.#service = service;
  }

  /** The next call of `execute`, `acquire`, `read` or `status` ends with `fault`. */
  failNext(fault: Fault): void {
    this.#faults.push(fault);
  }

  /** The next `openWatch` is refused. */
  refuseNextWatch(refusal: QueryRefusal): void {
    this.#watchFaults.push(refusal);
  }

  /** Faults that were ordered and not had; a test that leaves some behind tested nothing. */
  get pendingFaults(): number {
    return this.#faults.length + this.#watchFaults.length;
  }

  execute: KeyholdService["execute"] = (command, options) => this.#fault() ?? this.#service.execute(command, options);

  acquire: KeyholdService["acquire"] = (command, options) => this.#fault() ?? this.#service.acquire(command, options);

  read: KeyholdService["read"] = (query, options) => this.#fault() ?? this.#service.read(query, options);

  changeMembership: KeyholdService["changeMembership"] = (change, options) => this.#service.changeMembership(change, options);

  transferLeadership: KeyholdService["transferLeadership"] = (to, options) => this.#service.transferLeadership(to, options);

  openWatch(options: WatchOptions): Result<Watch, QueryRefusal> {
    const refusal = this.#watchFaults.shift();
    return refusal === undefined ? this.#service.openWatch(options) : err(refusal);
  }

  snapshot: KeyholdService["snapshot"] = (targets) => this.#service.snapshot(targets);

  position: KeyholdService["position"] = () => this.#service.position();

  status: KeyholdService["status"] = () => {
    const fault = this.#faults.shift();
    if (fault instanceof Error) throw fault;
    return this.#service.status();
  };

  #fault(): Promise<Result<never, ServiceError>> | undefined {
    const fault = this.#faults.shift();
    if (fault === undefined) return undefined;
    return fault instanceof Error ? Promise.reject(fault) : Promise.resolve(err(fault));
  }
}
