import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { GrpcError, type StatusName } from "@cellplane/grpc";
import { readEtcdFailure } from "./etcd-failure.ts";

const kindOf = (status: StatusName, message: string, isUnseen = false): string => {
  const failure = readEtcdFailure(new GrpcError(status, message, { isUnseen }));
  if (failure.kind !== "refused") return failure.kind;
  const reason = "reason" in failure.error ? ` ${String(failure.error.reason)}` : "";
  return `${failure.error.name}${reason}`;
};

describe("readEtcdFailure()", () => {
  it("knows what was surely not written", () => {
    deepEqual(
      [
        kindOf("UNAVAILABLE", "Cannot connect", true),
        kindOf("UNAVAILABLE", "etcdserver: no leader"),
        kindOf("UNAVAILABLE", "etcdserver: leader changed"),
        kindOf("UNKNOWN", "raft proposal dropped"),
        kindOf("RESOURCE_EXHAUSTED", "etcdserver: too many requests"),
      ],
      Array.from({ length: 5 }, () => "unwritten"),
    );
  });

  it("takes a write as open after everything that may have come too late", () => {
    for (const text of ["request timed out", "server stopped", "request timed out, possibly …"]) {
      equal(kindOf("UNAVAILABLE", `etcdserver: ${text}`), "unknown");
    }
    equal(kindOf("UNAVAILABLE", "Connection to http://x lost: ECONNRESET"), "unknown");
    equal(kindOf("DEADLINE_EXCEEDED", "Deadline exceeded"), "unknown");
    equal(kindOf("INTERNAL", "The server reset the call with HTTP/2 error 2"), "unknown");
  });

  it("tells etcd's rules by their reasons", () => {
    equal(
      kindOf("INVALID_ARGUMENT", "etcdserver: duplicate key given in txn request"),
      "InvalidRequestError duplicateKey",
    );
    equal(
      kindOf("NOT_FOUND", "etcdserver: requested lease not found"),
      "InvalidRequestError leaseNotFound",
    );
    equal(
      kindOf("RESOURCE_EXHAUSTED", "grpc: received message larger than max (3 vs. 2)"),
      "InvalidRequestError tooLarge",
    );
    equal(
      kindOf("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded"),
      "NoSpaceError",
    );
    equal(
      kindOf("OUT_OF_RANGE", "etcdserver: mvcc: required revision has been compacted"),
      "compacted",
    );
    equal(
      kindOf("OUT_OF_RANGE", "etcdserver: mvcc: required revision is a future revision"),
      "future",
    );
  });

  it("tells a wrong user, a missing right and a token that is no longer good apart", () => {
    equal(
      kindOf("INVALID_ARGUMENT", "etcdserver: authentication failed, invalid user ID or password"),
      "UnavailableError",
    );
    equal(kindOf("INVALID_ARGUMENT", "etcdserver: user name is empty"), "UnavailableError");
    equal(kindOf("PERMISSION_DENIED", "etcdserver: permission denied"), "UnavailableError");
    equal(kindOf("UNAUTHENTICATED", "etcdserver: invalid auth token"), "token");
  });
});
