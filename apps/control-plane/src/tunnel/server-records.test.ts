import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { addServer, awayAfterMs, goneAfterMs, listServers, seeServer } from "./server-records.ts";

const nowMs = Date.parse("2026-03-01T00:00:00Z");
const empty: KubernetesObject = { apiVersion: "v1", kind: "ConfigMap", metadata: {} };
const a = { id: "a", address: "a.test:8091", ca: "CA" };
const b = { id: "b", address: "b.test:8091", ca: "CA" };

describe("addServer()", () => {
  it("adds its address, beside those of others and the authority", () => {
    const config = addServer(addServer(empty, a, nowMs), b, nowMs);
    deepEqual(config["data"], {
      "a.test_8091": "a.test:8091",
      "b.test_8091": "b.test:8091",
      "ca.crt": "CA",
    });
    deepEqual(listServers(config, nowMs), { servers: ["a.test:8091", "b.test:8091"], count: 2 });
  });

  it("takes out the address that the same server had before", () => {
    const moved = { ...a, address: "[::1]:9000" };
    const config = addServer(addServer(empty, a, nowMs), moved, nowMs);
    deepEqual(config["data"], { "--1_9000": "[::1]:9000", "ca.crt": "CA" });
  });

  it("leaves an address to the others that share it", () => {
    const balanced = { id: "b", address: a.address, ca: "CA" };
    const both = addServer(addServer(empty, a, nowMs), balanced, nowMs);
    deepEqual(listServers(both, nowMs), { servers: [a.address], count: 2 });
    const moved = addServer(both, { ...b, address: "c.test:1" }, nowMs);
    deepEqual(listServers(moved, nowMs), { servers: [a.address, "c.test:1"], count: 2 });
  });

  it("keeps what somebody wrote by hand", () => {
    const config = addServer({ ...empty, data: { own: "lb.test:443" } }, a, nowMs);
    deepEqual(listServers(config, nowMs).servers, ["a.test:8091", "lb.test:443"]);
  });
});

describe("seeServer()", () => {
  const both = addServer(addServer(empty, a, nowMs), b, nowMs);

  it("does not count one that is away, and takes it out when it is gone", () => {
    const later = nowMs + awayAfterMs;
    deepEqual(listServers(seeServer(both, a, later), later), {
      servers: ["a.test:8091", "b.test:8091"],
      count: 1,
    });
    const muchLater = nowMs + goneAfterMs;
    const left = seeServer(both, a, muchLater);
    deepEqual(listServers(left, muchLater), { servers: ["a.test:8091"], count: 1 });
    equal(
      left.metadata.annotations?.["federation.cellplane.io/tunnel-servers"]?.includes("b"),
      false,
    );
  });

  it("does not put back an address that somebody took out", () => {
    const taken = { ...both, data: { "b.test_8091": "b.test:8091", "ca.crt": "CA" } };
    deepEqual(listServers(seeServer(taken, a, nowMs), nowMs), {
      servers: ["b.test:8091"],
      count: 1,
    });
  });
});
