import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  compare,
  deleteRangeRequest,
  leaseGrantRequest,
  leaseGrantResponse,
  putRequest,
  rangeRequest,
  requestOp,
  type RequestOp,
} from "@cellplane/etcd-api";
import { OwnClient } from "./own-client.suite.ts";

const b = (text: string): Buffer => Buffer.from(text);
const all = { key: Buffer.of(0), rangeEnd: Buffer.of(0) };

const put = (key: string, value = "v"): RequestOp =>
  requestOp.create({
    request: { kind: "put", value: putRequest.create({ key: b(key), value: b(value) }) },
  });

const keysOf = (kvs: readonly { readonly key: Uint8Array }[]): string =>
  kvs.map(({ key }) => Buffer.from(key).toString()).join("");

describe("KV", () => {
  it("sorts by each target, and cuts after sorting", async () => {
    await using client = await OwnClient.open();
    for (const [key, value] of ["c1", "a3", "b2", "a4"]) await client.put(key ?? "", value ?? "");
    const sorted = async (sortTarget: number, sortOrder: number): Promise<string> =>
      keysOf((await client.range({ ...all, sortTarget, sortOrder, keysOnly: true })).kvs);
    equal(await sorted(0, 0), "abc");
    equal(await sorted(0, 2), "cba");
    equal(await sorted(1, 2).then((keys) => keys.slice(0, 1)), "a");
    equal(await sorted(2, 0), "cab");
    equal(await sorted(3, 1), "cba");
    equal(await sorted(4, 2), "abc");
    const cut = await client.range({ ...all, sortTarget: 4, sortOrder: 1, limit: 2 });
    deepEqual([keysOf(cut.kvs), cut.more, cut.count], ["cb", true, 3]);
    const bare = await client.range({ ...all, sortTarget: 4, keysOnly: true });
    deepEqual(
      bare.kvs.map(({ value }) => value.length),
      [0, 0, 0],
    );
    await rejects(sorted(9, 0), {
      status: "INVALID_ARGUMENT",
      message: "etcdserver: invalid sort option",
    });
  });

  it("limits after the filters, and counts before them", async () => {
    await using client = await OwnClient.open();
    for (const key of ["a", "b", "c", "d"]) await client.put(key, "v");
    const filtered = await client.range({ ...all, minModRevision: 3, limit: 2 });
    deepEqual([keysOf(filtered.kvs), filtered.more, filtered.count], ["bc", true, 4]);
    const created = await client.range({ ...all, maxCreateRevision: 3 });
    deepEqual([keysOf(created.kvs), created.more], ["ab", false]);
  });

  it("reads nothing from a range whose end comes first", async () => {
    await using client = await OwnClient.open();
    await client.put("a", "v");
    const { kvs, count, header } = await client.range({ key: b("b"), rangeEnd: b("a") });
    deepEqual([kvs, count, header?.revision], [[], 0, 2]);
  });

  it("answers a nested transaction, each part with its header", async () => {
    await using client = await OwnClient.open();
    const inner = { compare: [], success: [put("b")], failure: [] };
    const read = rangeRequest.create({ key: b("b") });
    const answer = await client.txn({
      compare: [compare.create({ key: b("a"), target: 2, operand: { kind: "mod", value: 0 } })],
      success: [
        put("a"),
        { request: { kind: "txn", value: inner } },
        { request: { kind: "range", value: read } },
      ],
    });
    equal(answer.succeeded, true);
    const parts = answer.responses.map(({ response }) => response);
    deepEqual(
      parts.map((part) => [part?.kind, part?.value.header?.revision]),
      [
        ["put", 2],
        ["txn", 2],
        ["range", 2],
      ],
    );
  });

  it("refuses in etcd's words, before anything is written", async () => {
    await using client = await OwnClient.open();
    const invalid = (text: string): object => ({
      status: "INVALID_ARGUMENT",
      message: `etcdserver: ${text}`,
    });
    const many = Array.from({ length: 129 }, (_, i) => put(`k${i}`));
    const txn = (success: readonly RequestOp[]): Promise<unknown> => client.txn({ success });
    await rejects(txn(many), invalid("too many operations in txn request"));
    await rejects(txn([put("a"), put("a")]), invalid("duplicate key given in txn request"));
    const remove = deleteRangeRequest.create(all);
    await rejects(
      txn([put("a"), { request: { kind: "delete", value: remove } }]),
      invalid("duplicate key given in txn request"),
    );
    await rejects(txn([put("")]), invalid("key is not provided"));
    await rejects(txn([{ request: undefined }]), invalid("key not found"));
    await rejects(client.range({}), invalid("key is not provided"));
    await rejects(client.put("a", "x".repeat(1.5 * 2 ** 20)), invalid("request is too large"));
    await rejects(client.put("a", "x".repeat(3 * 2 ** 20)), { status: "RESOURCE_EXHAUSTED" });
    equal(await client.store.headRevision(), 1);
  });

  it("refuses puts and leases beyond the quota, and says so in its health", async () => {
    await using client = await OwnClient.open({ quotaBytes: 1000 });
    await client.put("a", "x".repeat(2000));
    const full = {
      status: "RESOURCE_EXHAUSTED",
      message: "etcdserver: mvcc: database space exceeded",
    };
    await rejects(client.put("b", "v"), full);
    const types = { request: leaseGrantRequest, response: leaseGrantResponse };
    await rejects(client.call("Lease/LeaseGrant", types, { ttl: 5 }), full);
    const health = await fetch(`${client.url}/health`);
    equal(health.status, 503);
    deepEqual(await health.json(), { health: "false", reason: "ALARM NOSPACE" });
  });
});

describe("plain requests", () => {
  it("tell health, version and metrics at the same port", async () => {
    await using client = await OwnClient.open();
    await client.put("a", "v");
    const health = await fetch(`${client.url}/health`);
    deepEqual([health.status, await health.json()], [200, { health: "true", reason: "" }]);
    const metrics = await (await fetch(`${client.url}/metrics`)).text();
    match(metrics, /^etcd_debugging_mvcc_current_revision 2$/m);
    match(metrics, /grpc_server_handled_total\{.*grpc_method="Put".*\} 1/);
    equal((await fetch(`${client.url}/nothing`)).status, 404);
  });
});
