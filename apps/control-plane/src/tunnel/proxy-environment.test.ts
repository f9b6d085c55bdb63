import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { proxyOf } from "./proxy-environment.ts";

const proxy = "http://proxy:3128";
const server = { host: "cp.example.com", port: 8091 };

describe("proxyOf()", () => {
  it("takes the variable in upper case, then in lower case, and supposes http", () => {
    equal(proxyOf(server, {}), undefined);
    equal(proxyOf(server, { HTTPS_PROXY: "", https_proxy: "proxy:3128" }), proxy);
    equal(proxyOf(server, { HTTPS_PROXY: proxy, https_proxy: "other" }), proxy);
    equal(proxyOf(server, { HTTPS_PROXY: "socks5://s:1" }), "socks5://s:1");
  });

  it("never goes through a proxy to loopback", () => {
    for (const host of ["localhost", "127.0.0.1", "127.8.9.1", "::1"]) {
      equal(proxyOf({ host, port: 1 }, { HTTPS_PROXY: proxy }), undefined, host);
    }
  });

  for (const [exceptions, host, isExcepted] of [
    ["*", "cp.example.com", true],
    ["example.com", "cp.example.com", true],
    ["example.com", "example.com", true],
    [".example.com", "example.com", false],
    ["*.example.com", "cp.example.com", true],
    ["ample.com", "example.com", false],
    ["a, CP.example.com ,b", "cp.example.com", true],
    ["cp.example.com:8091", "cp.example.com", true],
    ["cp.example.com:443", "cp.example.com", false],
    ["10.0.0.0/8", "10.1.2.3", true],
    ["10.0.0.0/8", "11.1.2.3", false],
    ["10.0.0.0/40", "10.1.2.3", false],
    ["10.0.0.0/8", "cp.example.com", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["fd00::/8", "fd00::1", true],
    ["[fd00::1]:8091", "fd00::1", true],
    ["fd00::1", "fd00::1", true],
    [",,", "cp.example.com", false],
  ] as const) {
    it(`NO_PROXY=${exceptions} ${isExcepted ? "excepts" : "does not except"} ${host}`, () => {
      const found = proxyOf({ host, port: 8091 }, { HTTPS_PROXY: proxy, no_proxy: exceptions });
      equal(found, isExcepted ? undefined : proxy);
    });
  }
});
