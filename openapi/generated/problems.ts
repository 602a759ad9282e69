// Made from keyhold.yaml by generate.ts. Do not edit.

/** Every problem code with its status, its title and the name of its schema. */
export const problems = {
  invalid_request: { status: 400, title: "The request is malformed", schema: "InvalidRequestProblem" },
  future_revision: { status: 400, title: "The revision does not exist yet", schema: "FutureRevisionProblem" },
  key_not_found: { status: 404, title: "The key does not exist", schema: "KeyNotFoundProblem" },
  lease_not_found: { status: 404, title: "The lease does not exist or has ended", schema: "LeaseNotFoundProblem" },
  ticket_not_found: { status: 404, title: "Nobody waits under this ticket", schema: "TicketNotFoundProblem" },
  not_found: { status: 404, title: "There is nothing at this path", schema: "NotFoundProblem" },
  method_not_allowed: { status: 405, title: "The path does not know this verb", schema: "MethodNotAllowedProblem" },
  lock_held: { status: 409, title: "Somebody holds the lock", schema: "LockHeldProblem" },
  already_held: { status: 409, title: "This lease holds the lock or waits for it", schema: "AlreadyHeldProblem" },
  wait_timeout: { status: 409, title: "The wait ended before the lock was free", schema: "WaitTimeoutProblem" },
  wait_cancelled: { status: 409, title: "Somebody took the waiter out of the queue", schema: "WaitCancelledProblem" },
  not_holder: { status: 409, title: "This fence does not hold the lock", schema: "NotHolderProblem" },
  lease_gone: { status: 410, title: "The lease ended while its owner waited", schema: "LeaseGoneProblem" },
  compacted: { status: 410, title: "The revision is no longer kept", schema: "CompactedProblem" },
  revision_mismatch: { status: 412, title: "The key has another revision", schema: "RevisionMismatchProblem" },
  too_large: { status: 413, title: "The body is too large", schema: "TooLargeProblem" },
  unsupported_media_type: { status: 415, title: "The content type or encoding is not accepted here", schema: "UnsupportedMediaTypeProblem" },
  request_mismatch: { status: 422, title: "The Idempotency-Key named another request before", schema: "RequestMismatchProblem" },
  limit_reached: { status: 429, title: "A limit of the store is reached", schema: "LimitReachedProblem" },
  internal: { status: 500, title: "The node failed", schema: "InternalProblem" },
  no_leader: { status: 503, title: "No leader could be reached", schema: "NoLeaderProblem" },
  overloaded: { status: 503, title: "A queue of the node is full", schema: "OverloadedProblem" },
  shutting_down: { status: 503, title: "The node is shutting down", schema: "ShuttingDownProblem" },
  not_ready: { status: 503, title: "The node should not get traffic", schema: "NotReadyProblem" },
  outcome_unknown: { status: 504, title: "The write may or may not happen", schema: "OutcomeUnknownProblem" },
  revision_not_reached: { status: 504, title: "The node did not reach the revision in time", schema: "RevisionNotReachedProblem" },
} as const;

/** Every code that ends a watch. */
export const watchErrorCodes = ["invalid_request","limit_reached","compacted","future_revision","store_changed","slow_consumer","shutting_down"] as const;
