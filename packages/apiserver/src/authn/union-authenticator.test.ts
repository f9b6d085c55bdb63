import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import type { TokenVerdict } from "./authenticator.ts";
import { createTokenUnion, createUnionAuthenticator } from "./union-authenticator.ts";

const alice = { username: "alice", groups: ["dev"] };
const known: TokenVerdict = { kind: "known", user: alice, audiences: ["api"] };
const options = {
  tokens: [(token: string): TokenVerdict => (token === "a" ? known : { kind: "unknown" })],
  apiAudiences: ["api"],
  allowAnonymous: true,
  clock: () => 0,
};
const unauthorized = { reason: "Unauthorized", code: 401, message: "Unauthorized" };

describe("createUnionAuthenticator()", () => {
  it("adds system:authenticated, in the same object each time", async () => {
    const authenticate = createUnionAuthenticator(options);
    const user = await authenticate({ token: "a" });
    deepEqual(user, { username: "alice", groups: ["dev", "system:authenticated"] });
    equal(await authenticate({ token: "a" }), user);
  });

  it("takes a request without credentials as anonymous, where that is allowed", async () => {
    deepEqual(await createUnionAuthenticator(options)({}), {
      username: "system:anonymous",
      groups: ["system:unauthenticated"],
    });
    throws(() => createUnionAuthenticator({ ...options, allowAnonymous: false })({}), unauthorized);
  });

  it("answers 401 to a bad token or an untrusted certificate, never anonymous", () => {
    const authenticate = createUnionAuthenticator(options);
    throws(() => authenticate({ token: "wrong" }), unauthorized);
    throws(() => authenticate({ token: "" }), unauthorized);
    throws(() => authenticate({ certificateError: "SELF_SIGNED" }), unauthorized);
  });

  it("lets a good token stand for an untrusted certificate", async () => {
    const user = await createUnionAuthenticator(options)({ certificateError: "X", token: "a" });
    equal(user.username, "alice");
  });
});

describe("createTokenUnion()", () => {
  const unknown = (): TokenVerdict => ({ kind: "unknown" });
  const refused = (why: string) => async (): Promise<TokenVerdict> => ({ kind: "refused", why });

  it("asks on after an authenticator that does not know or refuses", async () => {
    deepEqual(await createTokenUnion([unknown, refused("old"), () => known])("t", []), known);
  });

  it("adds up what was refused", async () => {
    deepEqual(await createTokenUnion([refused("one"), unknown, refused("two")])("t", []), {
      kind: "refused",
      why: "[one, two]",
    });
  });

  it("passes on what an authenticator throws", async () => {
    const fails = (): Promise<TokenVerdict> => Promise.reject(new Error("store is down"));
    await rejects(async () => createTokenUnion([fails])("t", []), /store is down/);
  });
});
