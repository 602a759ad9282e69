/**
 * This file says what each cluster version brought (DECISIONS 18). A command may be proposed once every member supports the version that
 * knows it (an entry raises the cluster's version then), so that old and new software can run side by side in an upgrade.
 */
import type { CommandBody } from "./command.ts";

/** The newest cluster version that this software can apply. Raise it with every new command or rule of apply. */
export const clusterVersionSupported = 1;

/** From which cluster version on a command may be proposed. */
export const commandSinceVersion = {
  configPut: 1,
  configDelete: 1,
  leaseGrant: 1,
  leaseRevoke: 1,
  leaseRenew: 1,
  lockAcquire: 1,
  lockRelease: 1,
  lockCancel: 1,
  lockBreak: 1,
  memberHello: 1,
} as const satisfies Record<CommandBody["kind"], number>;
