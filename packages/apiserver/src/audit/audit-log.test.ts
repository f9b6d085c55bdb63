import { deepEqual, equal, ok } from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { RequestInfo } from "../request/request-info.ts";
import { type AuditOutput, createAuditLog, openAuditLog } from "./audit-log.ts";
import type { AuditRecord } from "./audit-sink.ts";

const info: RequestInfo = {
  isResourceRequest: true,
  path: "/apis/apps/v1/namespaces/ns/deployments/d/scale",
  verb: "update",
  apiPrefix: "apis",
  group: "apps",
  version: "v1",
  namespace: "ns",
  resource: "deployments",
  subresource: "scale",
  name: "d",
  rest: "",
};
const receivedAtMs = Date.parse("2026-11-24T01:02:03.004Z");
const record: AuditRecord = {
  stage: "ResponseComplete",
  auditId: "id",
  info,
  requestUri: `${info.path}?token=secret&x=1`,
  user: { username: "admin", groups: ["system:masters"] },
  impersonatedUser: { username: "carol", groups: [] },
  sourceIps: ["127.0.0.1"],
  userAgent: "kubectl",
  receivedAtMs: receivedAtMs + 0.5,
  stageAtMs: receivedAtMs + 1,
  response: { code: 409, reason: "Conflict", message: "why" },
  objectUid: "u",
  objectResourceVersion: "7",
};

const errors: object[] = [];
const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields: object) => void errors.push(fields),
};

describe("openAuditLog()", () => {
  it("appends events to a file of the owner, and all of them are there once closed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "audit-"));
    const path = join(folder, "audit.log");
    for (const count of [3, 2]) {
      await using log = await openAuditLog(path, { logger });
      for (let index = 0; index < count; index++) log.record({ ...record, auditId: `${index}` });
    }
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    deepEqual(
      lines.map((line) => (JSON.parse(line) as { auditID: string }).auditID),
      ["0", "1", "2", "0", "1"],
    );
    equal((await stat(path)).mode & 0o777, 0o600);
    await rm(folder, { recursive: true });
  });
});

describe("createAuditLog()", () => {
  it("writes Kubernetes' Event, without the token of a query", async () => {
    const output = new SlowOutput();
    {
      await using log = createAuditLog(output, { logger });
      log.record(record);
      output.release.resolve();
    }
    deepEqual(JSON.parse(output.text), {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: "Metadata",
      auditID: "id",
      stage: "ResponseComplete",
      requestURI: `${info.path}?token=…&x=1`,
      verb: "update",
      user: { username: "admin", groups: ["system:masters"] },
      impersonatedUser: { username: "carol" },
      sourceIPs: ["127.0.0.1"],
      userAgent: "kubectl",
      objectRef: {
        resource: "deployments",
        namespace: "ns",
        name: "d",
        uid: "u",
        apiGroup: "apps",
        apiVersion: "v1",
        resourceVersion: "7",
        subresource: "scale",
      },
      responseStatus: {
        metadata: {},
        status: "Failure",
        message: "why",
        reason: "Conflict",
        code: 409,
      },
      requestReceivedTimestamp: "2026-11-24T01:02:03.004500Z",
      stageTimestamp: "2026-11-24T01:02:03.005000Z",
    });
  });

  it("keeps back the message of a refusal that may quote a Secret, and names what was created", async () => {
    const output = new SlowOutput();
    {
      await using log = createAuditLog(output, { logger });
      const created = { ...info, resource: "secrets", subresource: "", group: "", name: "" };
      log.record({ ...record, info: created, objectName: "s" });
      output.release.resolve();
    }
    const event = JSON.parse(output.text) as {
      readonly objectRef: object;
      readonly responseStatus: object;
    };
    equal("message" in event.responseStatus, false);
    deepEqual(event.objectRef, {
      resource: "secrets",
      namespace: "ns",
      name: "s",
      uid: "u",
      apiVersion: "v1",
      resourceVersion: "7",
    });
  });

  it("writes what came meanwhile in one go, in order", async () => {
    const output = new SlowOutput();
    {
      await using log = createAuditLog(output, { logger });
      log.record(record);
      await output.started.promise;
      for (let index = 0; index < 100; index++) log.record({ ...record, auditId: `${index}` });
      output.release.resolve();
    }
    equal(output.writes, 2);
    equal(output.text.split("\n").length, 102);
  });

  it("omits stages on demand", async () => {
    const output = new SlowOutput();
    {
      await using log = createAuditLog(output, { logger, omitStages: ["RequestReceived"] });
      log.record({ ...record, stage: "RequestReceived" });
    }
    equal(output.text, "");
  });

  it("drops events rather than memory when the disk is stuck, and says how many", async () => {
    const output = new SlowOutput();
    errors.length = 0;
    {
      await using log = createAuditLog(output, { logger });
      log.record(record);
      await output.started.promise;
      const userAgent = "x".repeat(16 * 1024 * 1024);
      for (let index = 0; index < 6; index++) log.record({ ...record, userAgent });
      output.release.resolve();
    }
    deepEqual(errors, [{ events: 2 }]);
  });

  it("logs a write that failed and goes on", async () => {
    const output = new SlowOutput();
    output.failures = 1;
    errors.length = 0;
    {
      await using log = createAuditLog(output, { logger });
      log.record(record);
      await output.started.promise;
      log.record({ ...record, auditId: "second" });
      output.release.resolve();
    }
    equal(errors.length, 1);
    ok(output.text.includes('"second"'));
  });
});

/** An output whose first write waits until it is released. */
class SlowOutput implements AuditOutput {
  readonly started = Promise.withResolvers<void>();
  readonly release = Promise.withResolvers<void>();
  text = "";
  writes = 0;
  failures = 0;

  async write(text: string): Promise<void> {
    this.writes++;
    this.started.resolve();
    if (this.failures-- > 0) throw new Error("disk full");
    if (this.writes === 1) await this.release.promise;
    this.text += text;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
