import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { TokenKeeper } from "./token-keeper.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const minuteMs = 60_000;

/** A keeper with a clock, whose tokens are numbered. */
function open(
  fails: { request?: boolean; bring?: boolean } = {},
  isTaken: (token: string) => Promise<boolean> = async () => true,
): {
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
    isTaken,
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

  it("goes by the life of a token where its own clock is off", async () => {
    const issuedAtMs = Date.parse("2026-11-24T12:00:00Z");
    for (const offMs of [-60 * minuteMs, 60 * minuteMs]) {
      const times: number[] = [];
      let minutes = 0;
      using keeper = new TokenKeeper({
        request: async () => {
          const iat = issuedAtMs / 1000 + minutes * 60;
          const claims = Buffer.from(JSON.stringify({ iat, exp: iat + 3600 })).toString(
            "base64url",
          );
          const endsAt = new Date((iat + 3600) * 1000).toISOString();
          return { token: `e30.${claims}.signature`, endsAt };
        },
        bring: async () => void times.push(minutes),
        nowMs: () => issuedAtMs + offMs + minutes * minuteMs,
        logger: silent,
      });
      keeper.connected();
      for (; minutes < 90; minutes++) await keeper.look();
      deepEqual(times, [0, 40, 80], `${offMs}`);
    }
  });

  it("asks for another token where the API server takes the present one no more", async () => {
    const refused = new Set<string>();
    const { keeper, brought, clock } = open({}, async (token) => !refused.has(token));
    using _ = keeper;
    keeper.connected();
    await keeper.look();
    clock.nowMs = 2 * minuteMs;
    await keeper.look();
    refused.add("token 1");
    clock.nowMs = 4 * minuteMs;
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
