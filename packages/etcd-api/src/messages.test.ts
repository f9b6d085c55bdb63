import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { type MessageType, WireWriter } from "@cellplane/grpc";
import { rangeRequest } from "./kv-messages.ts";
import { statusResponse } from "./maintenance-messages.ts";
import { wireKeyValue } from "./shared-messages.ts";
import { compare, txnRequest } from "./txn-messages.ts";
import { watchRequest, watchResponse } from "./watch-messages.ts";

function encode<T>(type: MessageType<T>, message: T): string {
  const writer = new WireWriter();
  type.encode(message, writer);
  return writer.take().toString("hex");
}

const decode = <T>(type: MessageType<T>, hex: string): T => type.decode(Buffer.from(hex, "hex"));

describe("messages of etcd", () => {
  it("have etcd's field numbers, and leave out what is zero", () => {
    const kv = { key: Buffer.from("k"), value: Buffer.from("v"), lease: 5, version: 2 };
    const whole = wireKeyValue.create({ ...kv, createRevision: 3, modRevision: 4 });
    equal(encode(wireKeyValue, whole), "0a016b10031804200 22a01763005".replaceAll(" ", ""));
    equal(encode(rangeRequest, rangeRequest.create({ limit: 1, countOnly: true })), "18014801");
    equal(encode(watchResponse, watchResponse.create({ watchId: -1 })), "10ffffffffffffffffff01");
    equal(encode(statusResponse, statusResponse.create({ version: "3" })), "120133");
  });

  it("read a compare with its operand, and none where it is zero", () => {
    // MOD("a") = 7, and VERSION("a") = 0 as clients send it.
    const mod = decode(compare, "10021a01613007");
    deepEqual([mod.target, mod.operand], [2, { kind: "mod", value: 7 }]);
    const version = decode(compare, "1a0161");
    deepEqual([version.target, version.result, version.operand], [0, 0, undefined]);
    const range = decode(compare, "1a0161820401 62".replaceAll(" ", ""));
    equal(Buffer.from(range.rangeEnd).toString(), "b");
  });

  it("read an empty progress request and a create without fields", () => {
    equal(decode(watchRequest, "1a00").request?.kind, "progress");
    const { request } = decode(watchRequest, "0a00");
    deepEqual(request?.kind === "create" && request.value.watchId, 0);
  });

  it("read packed and single filters alike", () => {
    const filtersOf = (hex: string): readonly number[] => {
      const { request } = decode(watchRequest, hex);
      return request?.kind === "create" ? request.value.filters : [];
    };
    deepEqual(filtersOf("0a042a020001"), [0, 1]);
    deepEqual(filtersOf("0a0428002801"), [0, 1]);
  });

  it("read nested transactions", () => {
    const inner = { compare: [], success: [], failure: [] };
    const success = [{ request: { kind: "txn", value: inner } as const }];
    deepEqual(decode(txnRequest, encode(txnRequest, { ...inner, success })).success, success);
  });
});
