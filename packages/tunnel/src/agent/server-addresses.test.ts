import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { ServerAddresses } from "./server-addresses.ts";

describe("ServerAddresses", () => {
  it("wants what was given until servers tell, and then also what they tell", () => {
    const addresses = new ServerAddresses(["lb.test:1"]);
    deepEqual(addresses.wanted, ["lb.test:1"]);
    addresses.tell("a", ["a.test:1", "b.test:1"]);
    deepEqual(addresses.wanted, ["lb.test:1", "a.test:1", "b.test:1"]);
  });

  it("gives up one that is told no longer, also where it was given", () => {
    const addresses = new ServerAddresses(["a.test:1", "b.test:1"]);
    addresses.tell("a", ["a.test:1", "b.test:1", "c.test:1"]);
    addresses.tell("a", ["a.test:1"]);
    deepEqual(addresses.wanted, ["a.test:1"]);
  });

  it("keeps one that any server tells of", () => {
    const addresses = new ServerAddresses(["a.test:1"]);
    addresses.tell("a", ["a.test:1", "b.test:1"]);
    addresses.tell("b", ["a.test:1", "b.test:1"]);
    addresses.tell("a", ["a.test:1"]);
    deepEqual(addresses.wanted, ["a.test:1", "b.test:1"]);
    addresses.forget("b");
    deepEqual(addresses.wanted, ["a.test:1"]);
  });

  it("remembers what was told last while no server is connected", () => {
    const addresses = new ServerAddresses(["lb.test:1"]);
    addresses.tell("a", ["b.test:1"]);
    addresses.forget("a");
    deepEqual(addresses.wanted, ["lb.test:1", "b.test:1"]);
  });

  it("resolves an address as it is, and a name that nobody knows as a name", async () => {
    const addresses = new ServerAddresses(["127.0.0.1:1", "nobody.invalid:2"]);
    deepEqual(await addresses.resolve(), [
      { server: "127.0.0.1:1", host: "127.0.0.1", address: "127.0.0.1:1" },
      { server: "nobody.invalid:2", host: "nobody.invalid", address: "nobody.invalid:2" },
    ]);
  });
});
