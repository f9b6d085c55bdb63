import { StatusError } from "@cellplane/apimachinery";
import type { AuditRecord, AuditSink, AuditStage } from "../audit/audit-sink.ts";
import type { ApiResponse } from "../request/api-response.ts";
import type { Stage } from "../request/handler.ts";
import type { IncomingRequest, WithInfo, WithUser } from "../request/incoming-request.ts";
import type { WithImpersonator } from "./impersonate.ts";
import { toStatusError } from "./to-status-error.ts";

type Audited = IncomingRequest & WithInfo & WithUser & WithImpersonator;

/** Tells the audit sink of each request: on arrival and at its end, and at the start of a watch. */
export function recordAudit<Req extends Audited>(
  sink: AuditSink | undefined,
  nowMs: () => number,
): Stage<Req, Req> {
  if (!sink) return (request, next) => next(request);
  return async (request, next) => {
    const record = (stage: AuditStage, response?: AuditRecord["response"]): void => {
      sink.record(describe(request, { stage, stageAtMs: nowMs(), response }));
    };
    record("RequestReceived");
    try {
      const response = await next(request);
      return followEnd(response, record);
    } catch (thrown) {
      const error = toStatusError(thrown, request.method);
      record(thrown instanceof StatusError ? "ResponseComplete" : "Panic", {
        code: error.code,
        ...(error.reason === "" ? {} : { reason: error.reason }),
        message: error.message,
      });
      throw error;
    }
  };
}

type Record = (stage: AuditStage, response?: AuditRecord["response"]) => void;

// A stream is complete when it ends, not when it is opened.
function followEnd(response: ApiResponse, record: Record): ApiResponse {
  const { status, body } = response;
  if (Buffer.isBuffer(body) || body.kind === "chunks") {
    record("ResponseComplete", { code: status });
    return response;
  }
  if (body.kind === "upgrade") {
    const { take } = body;
    return {
      ...response,
      body: {
        kind: "upgrade",
        take: (socket, head) => {
          record("ResponseStarted", { code: status });
          socket.once("close", () => record("ResponseComplete", { code: status }));
          take(socket, head);
        },
      },
    };
  }
  const { open } = body;
  return {
    ...response,
    body: {
      kind: "stream",
      open: (sink) => {
        record("ResponseStarted", { code: status });
        sink.onClose(() => record("ResponseComplete", { code: status }));
        open(sink);
      },
    },
  };
}

function describe(
  request: Audited,
  at: {
    readonly stage: AuditStage;
    readonly stageAtMs: number;
    readonly response: AuditRecord["response"];
  },
): AuditRecord {
  const { headers, impersonator, user, peer, sent } = request;
  const forwarded = headers["x-forwarded-for"]?.split(",").map((each) => each.trim()) ?? [];
  const userAgent = headers["user-agent"];
  return {
    stage: at.stage,
    auditId: request.auditId,
    info: request.info,
    requestUri: request.uri,
    user: impersonator ?? user,
    ...(impersonator === undefined ? {} : { impersonatedUser: user }),
    sourceIps: [...forwarded, peer.address],
    ...(userAgent === undefined ? {} : { userAgent }),
    receivedAtMs: request.receivedAtMs,
    stageAtMs: at.stageAtMs,
    ...(at.response === undefined ? {} : { response: at.response }),
    ...(sent?.name === undefined ? {} : { objectName: sent.name }),
    ...(sent?.uid === undefined ? {} : { objectUid: sent.uid }),
    ...(sent?.resourceVersion === undefined ? {} : { objectResourceVersion: sent.resourceVersion }),
  };
}
