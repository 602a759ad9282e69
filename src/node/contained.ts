/**
 * This file keeps what a client's request throws away from the turn that answers it. A turn that fails stops the node,
 * because the state may be wrong then; a question that cannot be answered says nothing about the state.
 */

/** `call`, which never throws: what it throws goes to `failed`. */
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
