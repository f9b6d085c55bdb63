import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { callerHeaders } from "./caller-headers.ts";

describe("callerHeaders()", () => {
  it("tells name, uid, groups and extra as they are, and adds none", () => {
    deepEqual(
      callerHeaders({
        username: "alice",
        uid: "7",
        groups: ["dev", "system:authenticated"],
        extra: { "example.com/scopes": ["read", "write"] },
      }),
      {
        "impersonate-user": "alice",
        "impersonate-uid": "7",
        "impersonate-group": ["dev", "system:authenticated"],
        "impersonate-extra-example.com%2Fscopes": ["read", "write"],
      },
    );
    deepEqual(callerHeaders({ username: "bob", groups: [] }), { "impersonate-user": "bob" });
  });

  it("writes other letters as their UTF-8 bytes", () => {
    deepEqual(callerHeaders({ username: "é", groups: [] }), { "impersonate-user": "\u00c3\u00a9" });
  });

  it("refuses a name that would begin another header", () => {
    for (const username of ["a\r\nimpersonate-group: system:masters", "a\u0000"]) {
      throws(() => callerHeaders({ username, groups: [] }), { reason: "Forbidden" });
    }
  });
});
