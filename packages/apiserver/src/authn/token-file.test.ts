import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { createTokenFileAuthenticator, parseTokenFile } from "./token-file.ts";

describe("parseTokenFile()", () => {
  it("reads users with and without groups, and skips empty lines", () => {
    const text =
      'a,admin,admin-uid,"system:masters"\r\n\nb,"al ""x"" ice",,"dev,qa"\nc,bob,bob-uid\n';
    deepEqual(Array.from(parseTokenFile(text, "f")), [
      ["a", { username: "admin", uid: "admin-uid", groups: ["system:masters"] }],
      ["b", { username: 'al "x" ice', groups: ["dev", "qa"] }],
      ["c", { username: "bob", uid: "bob-uid", groups: [] }],
    ]);
  });

  for (const [what, text, message] of [
    [
      "few columns",
      "a,b,c\nx,y\n",
      'Cannot read token file "f" line 2: it has 2 columns, not at least 3',
    ],
    ["open quotes", 'a,b,c,"d\n', 'Cannot read token file "f" line 1: its quotes do not match'],
    ["an empty token", ",b,c\n", 'Cannot read token file "f" line 1: its token is empty'],
    ["an empty name", "a,,c\n", 'Cannot read token file "f" line 1: its user name is empty'],
    [
      "a token twice",
      "a,b,c\n\na,d,e\n",
      'Cannot read token file "f" line 3: its token stands on an earlier line, too',
    ],
  ] as const) {
    it(`refuses ${what}, with the line`, () => {
      throws(() => parseTokenFile(text, "f"), { message });
    });
  }
});

describe("createTokenFileAuthenticator()", () => {
  const user = { username: "a", groups: [] };
  const judge = createTokenFileAuthenticator(new Map([["t", user]]), ["api"]);

  it("knows its tokens for the audiences of the server only", () => {
    deepEqual(judge("t", ["api", "x"]), { kind: "known", user, audiences: ["api"] });
    deepEqual(judge("t", ["x"]), { kind: "unknown" });
    deepEqual(judge("u", ["api"]), { kind: "unknown" });
  });
});
