/** What is thrown where a connection is to change its protocol though its client did not ask. */
export function noUpgrade(): Error {
  return new Error("Cannot hand a connection over as its request asked for no other protocol");
}
