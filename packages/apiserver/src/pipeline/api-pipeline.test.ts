import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { StatusError } from "@cellplane/apimachinery";
import type { Authorizer } from "../authz/authorizer.ts";
import { receive } from "../request/handler.ts";
import type { AuthorizedRequest, IncomingRequest } from "../request/incoming-request.ts";
import type { Logger } from "../request/logger.ts";
import type { UserInfo } from "../request/user.ts";
import { apiPipeline } from "./api-pipeline.ts";
import { authenticate } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { resolveRequestInfo } from "./resolve-request-info.ts";

const logger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const alice: UserInfo = { username: "alice", groups: [] };
const allow: Authorizer = () => ({ allowed: true, reason: "" });

function requestTo(uri: string, headers: Readonly<Record<string, string>> = {}): IncomingRequest {
  const [path = "", search = ""] = uri.split("?");
  return {
    auditId: "id",
    method: "GET",
    path,
    uri,
    query: new URLSearchParams(search),
    headers,
    rawHeaders: [],
    peer: { address: "127.0.0.1", certificate: undefined, certificateError: undefined },
    receivedAtMs: 0,
    body: async () => Buffer.alloc(0),
    signal: new AbortController().signal,
    warnings: [],
  };
}

interface Asked {
  readonly authorize?: Authorizer;
  readonly user?: UserInfo | undefined;
  readonly serve?: (request: AuthorizedRequest) => void;
}

async function ask(
  request: IncomingRequest,
  asked: Asked = {},
): Promise<readonly [number, string]> {
  const handle = apiPipeline({
    logger,
    authenticate: () => ("user" in asked ? asked.user : alice),
    impersonate: undefined,
    audit: undefined,
    authorize: asked.authorize ?? allow,
    nowMs: () => 0,
    serve: (served) => {
      asked.serve?.(served);
      return { status: 200, headers: {}, body: Buffer.from("fine") };
    },
  });
  const { status, body } = await handle(request);
  ok(Buffer.isBuffer(body));
  return [status, body.toString()];
}

describe("apiPipeline()", () => {
  it("compiles only in its order: authorize asks for a user, which authenticate adds", () => {
    const way = receive<IncomingRequest>().through(resolveRequestInfo());
    ok(way.through(authenticate(() => alice)).through(authorize(allow)));
    // @ts-expect-error -- nobody has authenticated yet
    ok(way.through(authorize(allow)).through(authenticate(() => alice)));
  });

  it("hands on a request with its info and its user", async () => {
    let seen: AuthorizedRequest | undefined;
    const uri = "/api/v1/namespaces/ns/configmaps/a";
    deepEqual(await ask(requestTo(uri), { serve: (request) => (seen = request) }), [200, "fine"]);
    equal(seen?.user.username, "alice");
    equal(seen?.info.name, "a");
  });

  it("answers 401 to whom nobody knows, before it asks who may", async () => {
    const never: Authorizer = () => {
      throw new Error("asked");
    };
    const [status] = await ask(requestTo("/x"), { user: undefined, authorize: never });
    equal(status, 401);
  });

  it("answers 403 in Kubernetes' words", async () => {
    const refuse: Authorizer = () => ({ allowed: false, reason: "" });
    const [status, body] = await ask(requestTo("/metrics"), { authorize: refuse });
    equal(status, 403);
    ok(body.includes('forbidden: User \\"alice\\" cannot get path \\"/metrics\\"'));
  });

  it("hides what broke, and answers 500", async () => {
    const serve = (): void => {
      throw new Error("a secret");
    };
    const [status, body] = await ask(requestTo("/x"), { serve });
    equal(status, 500);
    ok(!body.includes("secret"));
  });

  it("refuses a timeout that is no duration, and ends a request at its own", async () => {
    const [bad, why] = await ask(requestTo("/x?timeout=5y"));
    equal(bad, 400);
    ok(why.includes('time: unknown unit \\"y\\" in duration \\"5y\\"'));
    let signal: AbortSignal | undefined;
    const request = requestTo("/x?timeout=1ms");
    const handle = apiPipeline({
      logger,
      authenticate: () => alice,
      impersonate: undefined,
      audit: undefined,
      authorize: allow,
      nowMs: () => 0,
      serve: async (served) => {
        signal = served.deadline();
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => reject(signal?.reason as StatusError));
        return await promise;
      },
    });
    equal((await handle(request)).status, 504);
  });
});
