import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { answerHeaders, requestHeaders } from "./passed-headers.ts";

describe("requestHeaders()", () => {
  it("passes on what the request says, and nothing of the connection or of who asks", () => {
    const headers = {
      ":path": "/x",
      accept: "application/json",
      authorization: "Bearer control-plane",
      connection: "keep-alive, X-Private",
      cookie: "session=1",
      host: "control-plane",
      "content-type": "application/json",
      "impersonate-user": "root",
      "impersonate-extra-scopes": "all",
      "keep-alive": "timeout=5",
      "transfer-encoding": "chunked",
      upgrade: "websocket",
      "user-agent": "kubectl",
      "x-private": "1",
      "x-remote-group": "system:masters",
      "x-remote-user": "root",
    };
    deepEqual(requestHeaders(headers), {
      accept: "application/json",
      "content-type": "application/json",
      "user-agent": "kubectl",
    });
  });

  it("takes the token out of a browser's list of protocols", () => {
    const token = "base64url.bearer.authorization.k8s.io.c2VjcmV0";
    deepEqual(requestHeaders({ "sec-websocket-protocol": `${token}, v5.channel.k8s.io` }), {
      "sec-websocket-protocol": "v5.channel.k8s.io",
    });
    deepEqual(requestHeaders({ "sec-websocket-protocol": token }), {});
  });
});

describe("answerHeaders()", () => {
  it("passes on nothing of the connection, and no cookie of the member", () => {
    const headers = {
      connection: "keep-alive",
      "content-type": "application/json",
      "set-cookie": ["session=1"],
      "transfer-encoding": "chunked",
      warning: '299 - "deprecated"',
    };
    deepEqual(answerHeaders(headers), {
      "content-type": "application/json",
      warning: '299 - "deprecated"',
    });
  });
});
