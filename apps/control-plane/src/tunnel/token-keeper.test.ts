import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { TokenKeeper } from "./token-keeper.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const minuteMs = 60_000;

/** A keeper with a clock, whose tokens are numbered. */
function open(fails: { request?: boolean; bring?: boolean } = {}): {
  readonly keeper: TokenKeeper;
  readonly brought: string[];
  readonly clock: { nowMs: number };
  readonly fails: { request?: boolean; bring?: boolean };
} {
  const brought: string[] = [];
  const clock = { nowMs: 0 };
  let asked = 0;
  const keeper = new TokenKeeper({
    request: async () => {
      if (fails.request) throw new Error("the account is not there");
      asked += 1;
      const endsAt = new Date(clock.nowMs + 60 * minuteMs).toISOString();
      return { token: `token ${asked}`, endsAt };
    },
    bring: async ({ token }) => {
      if (fails.bring) throw new Error("no server answers");
      brought.push(token);
    },
    nowMs: () => clock.nowMs,
    logger: silent,
  });
  return { keeper, brought, clock, fails };
}

describe("TokenKeeper", () => {
  it("asks for no token before the agent is connected", async () => {
    const { keeper, brought } = open();
    using _ = keeper;
    await keeper.look();
    deepEqual(brought, []);
  });

  it("brings a token on connect, and another one well before it ends", async () => {
    const { keeper, brought, clock } = open();
    using _ = keeper;
    keeper.connected();
    await keeper.look();
    clock.nowMs = 39 * minuteMs;
    await keeper.look();
    deepEqual(brought, ["token 1"]);
    clock.nowMs = 40 * minuteMs;
    await keeper.look();
    deepEqual(brought, ["token 1", "token 2"]);
  });

  it("brings the same token to a server that it is connected to anew", async () => {
    const { keeper, brought } = open();
    using _ = keeper;
    keeper.connected();
    await keeper.look();
    keeper.connected();
    await keeper.look();
    deepEqual(brought, ["token 1", "token 1"]);
  });

  it("tries again after a failure of either side", async () => {
    const { keeper, brought, fails } = open({ request: true });
    using _ = keeper;
    keeper.connected();
    await keeper.look();
    fails.request = false;
    fails.bring = true;
    await keeper.look();
    equal(brought.length, 0);
    fails.bring = false;
    await keeper.look();
    deepEqual(brought, ["token 1"]);
  });
});
