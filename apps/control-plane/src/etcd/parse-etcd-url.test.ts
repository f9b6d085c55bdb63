import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEtcdUrl } from "./parse-etcd-url.ts";
import { readEtcdTls } from "./read-etcd-tls.ts";

describe("parseEtcdUrl()", () => {
  it("takes host and port, with etcd's port where there is none", () => {
    const read = (text: string): readonly unknown[] => {
      const { isSecure, host, port } = parseEtcdUrl(text);
      return [isSecure, host, port];
    };
    deepEqual(read("http://127.0.0.1:80"), [false, "127.0.0.1", 80]);
    deepEqual(read("https://etcd.example/"), [true, "etcd.example", 2379]);
    deepEqual(read("http://[::1]:0"), [false, "::1", 0]);
  });

  it("refuses anything else", () => {
    for (const text of [
      "127.0.0.1:2379",
      "unix:///s",
      "http://h:99999",
      "http://h/path",
      "http://",
    ]) {
      throws(() => parseEtcdUrl(text), { name: "ServerError", message: /--listen must be http/ });
    }
  });
});

describe("readEtcdTls()", () => {
  it("refuses certificates for http, and https without them", () => {
    throws(() => readEtcdTls(false, { certFile: "c" }), { message: /is no https:\/\/ address/ });
    throws(() => readEtcdTls(true, { certFile: "c" }), {
      message: /without --cert-file and --key/,
    });
    const missing = { certFile: "/nowhere/c", keyFile: "/nowhere/k" };
    throws(() => readEtcdTls(true, missing), {
      message: 'Cannot read --cert-file "/nowhere/c": ENOENT',
    });
    throws(() => readEtcdTls(true, { ...missing, clientCertAuth: true }), {
      message: /without --trusted-ca-file/,
    });
  });
});
