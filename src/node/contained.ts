/**
 * This file keeps an error that one client's request causes away from the turn that answers it (DECISIONS 30). A turn that fails stops
 * the node, because the state may be wrong then; a request that cannot be answered says nothing about the state.
 */

/** Wraps `call` so that it never throws: an error goes to `failed` instead. */
export function contained<Arguments extends readonly unknown[]>(
  call: (...values: Arguments) => void,
  failed: (error: unknown) => void,
): (...values: Arguments) => void {
  return (...values) => {
    try {
      call(...values);
    } catch (error) {
      failed(error);
    }
  };
}
