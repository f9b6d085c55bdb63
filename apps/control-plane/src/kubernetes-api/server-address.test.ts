import { deepEqual, equal, ok } from "node:assert/strict";
import { hostname } from "node:os";
import { describe, it } from "node:test";
import { certificateHosts, localUrl, urlOf } from "./server-address.ts";

describe("certificateHosts()", () => {
  it("is the address that was given", () => {
    deepEqual(certificateHosts("10.0.0.1"), ["10.0.0.1"]);
  });

  it("is the host's name and every address of its interfaces where all are listened on", () => {
    for (const host of ["0.0.0.0", "::"]) {
      const hosts = certificateHosts(host);
      ok(hosts.includes(hostname()));
      ok(hosts.includes("127.0.0.1"));
      ok(hosts.every((each) => !each.includes("%")));
    }
  });
});

describe("localUrl()", () => {
  it("reaches a server on every address by the loopback address, and any other where it is", () => {
    equal(localUrl("https://0.0.0.0:6443"), "https://127.0.0.1:6443");
    equal(localUrl("https://[::]:6443"), "https://[::1]:6443");
    equal(localUrl("https://10.0.0.1:6443"), "https://10.0.0.1:6443");
  });
});

describe("urlOf()", () => {
  it("puts an IPv6 address in brackets", () => {
    equal(urlOf({ host: "::1", port: 6443 }), "https://[::1]:6443");
    equal(urlOf({ host: "localhost", port: 6443 }), "https://localhost:6443");
  });
});
