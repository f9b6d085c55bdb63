import { deepEqual } from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { createHttpConnections } from "@cellplane/client/node";
import { sendToMember } from "./member-exchange.ts";
import type { MemberRoute } from "./member-routes.ts";

describe("sendToMember()", () => {
  it("lets no part of a body of unknown length become a request of its own, whatever the method", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        seen.push(`${request.method} ${request.url} ${body}`);
        return response.end("ok");
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    using connections = createHttpConnections({ server: endpoint });
    const route: MemberRoute = {
      cluster: "hz-a",
      endpoint,
      token: "",
      connections,
      cellNamespace: undefined,
    };
    const { signal } = new AbortController();
    const smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    const methods = ["DELETE", "POST", "PATCH", "OPTIONS"];
    for (const method of methods) {
      const body = Readable.from([smuggled]);
      const answer = await sendToMember(route, { method, path: "/x", headers: {}, body, signal });
      deepEqual([method, answer.statusCode, await text(answer)], [method, 200, "ok"]);
    }
    const last = await sendToMember(route, { method: "GET", path: "/y", headers: {}, signal });
    deepEqual(await text(last), "ok");
    server.close();
    deepEqual(seen, [...methods.map((method) => `${method} /x ${smuggled}`), "GET /y "]);
  });
});
