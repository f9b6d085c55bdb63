import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatMetadata, parseMetadata } from "./metadata.ts";
import { decodeStatusMessage, encodeStatusMessage } from "./status-message.ts";
import { formatTimeout, parseTimeoutMs } from "./timeout.ts";

describe("encodeStatusMessage()", () => {
  it("keeps printable ASCII, and encodes the rest as UTF-8", () => {
    equal(encodeStatusMessage("plain text, really!"), "plain text, really!");
    equal(encodeStatusMessage("50 %\n半"), "50 %25%0A%E5%8D%8A");
  });

  it("is undone by decodeStatusMessage()", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (message) => {
        equal(decodeStatusMessage(encodeStatusMessage(message)), message);
      }),
    );
  });

  it("lets a percent sign that starts no code stand for itself", () => {
    equal(decodeStatusMessage("100% of %zz and %4"), "100% of %zz and %4");
  });
});

describe("formatTimeout()", () => {
  it("uses the finest unit that takes the value, and rounds up", () => {
    equal(formatTimeout(1500), "1500m");
    equal(formatTimeout(0.2), "1m");
    equal(formatTimeout(-5), "0m");
    equal(formatTimeout(100_000_000), "100000S");
    equal(formatTimeout(1e12), "16666667M");
  });

  it("is read back, never as less", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e13, noNaN: true }), (ms) => {
        equal((parseTimeoutMs(formatTimeout(ms)) ?? -1) >= ms, true);
      }),
    );
  });

  it("refuses what is no timeout", () => {
    equal(parseTimeoutMs("250u"), 0.25);
    for (const bad of ["", "m", "1", "1x", "123456789m", "-1m"]) {
      equal(parseTimeoutMs(bad), undefined, bad);
    }
  });
});

describe("formatMetadata()", () => {
  it("writes texts as they are and bytes in base64, and reads them back", () => {
    const metadata = { "x-a": "b", "x-b-bin": Buffer.from([0, 255]), "x-c": ["1", "2"] };
    const headers = formatMetadata(metadata);
    deepEqual(headers, { "x-a": "b", "x-b-bin": "AP8=", "x-c": ["1", "2"] });
    deepEqual(parseMetadata({ "x-a": "b", "x-b-bin": "AP8=", ":path": "/a", "grpc-status": "0" }), {
      "x-a": "b",
      "x-b-bin": metadata["x-b-bin"],
    });
    deepEqual(parseMetadata({ "x-bin": "AP8" }), { "x-bin": Buffer.from([0, 255]) });
  });

  it("refuses names and values that cannot be sent", () => {
    for (const bad of [{ "X-A": "b" }, { "grpc-status": "0" }, { "x-a": "ü" }, { "x-a": "a\nb" }]) {
      throws(() => formatMetadata(bad), /Cannot send metadata/);
    }
    throws(() => formatMetadata({ "x-bin": "text" }), /must be bytes/);
    throws(() => formatMetadata({ "x-a": Buffer.from("b") }), /must be ASCII/);
  });
});
