import type { RestClient } from "@cellplane/client";
import { LeaseLostError } from "./election.ts";

/**
 * A client whose writes are refused from the moment on when `mayWrite` says no, whatever is still
 * under way above it: a process that was stopped for a while wakes up in the midst of its work.
 */
export function fenceWrites(client: RestClient, mayWrite: () => boolean): RestClient {
  const guard = (): void => {
    if (!mayWrite()) throw new LeaseLostError("Cannot write as the leader's lease is not held");
  };
  return {
    server: client.server,
    get: (...args) => client.get(...args),
    list: (...args) => client.list(...args),
    watch: (...args) => client.watch(...args),
    async create(...args) {
      guard();
      return client.create(...args);
    },
    async update(...args) {
      guard();
      return client.update(...args);
    },
    async patch(...args) {
      guard();
      return client.patch(...args);
    },
    async delete(...args) {
      guard();
      return client.delete(...args);
    },
    async deleteCollection(...args) {
      guard();
      return client.deleteCollection(...args);
    },
    async raw(request, signal) {
      if (request.method !== "GET" && request.method !== "HEAD") guard();
      return client.raw(request, signal);
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
