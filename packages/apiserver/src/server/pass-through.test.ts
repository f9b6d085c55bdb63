import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import type { AuditRecord } from "../audit/audit-sink.ts";
import type { HttpHandler } from "../request/http-handler.ts";
import { type ServerFixture, startServer } from "./server-fixture.suite.ts";

const path = "/pass";

function passing(serve: NonNullable<HttpHandler["serve"]>): HttpHandler {
  return {
    handles: (asked) => asked === path,
    handle: () => {
      throw new Error("Cannot be asked as there is serve()");
    },
    serve,
  };
}

function optionsOf({ server, ca }: ServerFixture): RequestOptions {
  return { host: "127.0.0.1", port: server.port, ca, path, agent: false };
}

const upgrade = { connection: "Upgrade", upgrade: "echo/1" };

describe("HttpHandler.serve()", () => {
  it("streams the body in and out, before either has ended", async () => {
    const echo = passing((request) => ({
      status: 200,
      headers: {},
      body: {
        kind: "stream",
        open: (sink) => {
          const body = request.bodyStream?.();
          body?.on("data", (chunk: Buffer) => void sink.write(chunk));
          body?.once("end", () => sink.end());
        },
      },
    }));
    await using fixture = await startServer({ handlers: [echo] });
    const outgoing = httpsRequest({ ...optionsOf(fixture), method: "POST" });
    outgoing.write("first");
    const [incoming] = await once(outgoing, "response");
    const [first] = await once(incoming, "data");
    equal(String(first), "first");
    outgoing.end("second");
    equal(await text(incoming), "second");
  });

  it("breaks an answer off so that the client sees that it is not whole", async () => {
    const broken = passing(() => ({
      status: 200,
      headers: {},
      body: {
        kind: "stream",
        open: (sink) => {
          sink.write(Buffer.from("half"));
          setImmediate(() => sink.abort?.(new Error("gone")));
        },
      },
    }));
    await using fixture = await startServer({ handlers: [broken] });
    const [incoming] = await once(httpsRequest(optionsOf(fixture)).end(), "response");
    const [error] = await once(incoming.resume(), "error");
    match(String(error), /aborted/);
  });

  it("hands a connection over after the whole pipeline, and tells the audit log of both ends", async () => {
    const stages: AuditRecord["stage"][] = [];
    const ended = Promise.withResolvers<void>();
    const taking = passing((request) => {
      equal(request.isUpgrade, true);
      equal(request.user.username, "admin");
      return {
        status: 101,
        headers: {},
        body: {
          kind: "upgrade",
          take: (socket, head) => {
            socket.write(
              "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo/1\r\n\r\n",
            );
            socket.write(head);
            socket.pipe(socket);
          },
        },
      };
    });
    await using fixture = await startServer({
      handlers: [taking],
      audit: {
        record: ({ stage }) => {
          stages.push(stage);
          if (stage === "ResponseComplete") ended.resolve();
        },
        [Symbol.asyncDispose]: async () => undefined,
      },
    });
    const outgoing = httpsRequest({ ...optionsOf(fixture), headers: upgrade }).end();
    const [, socket] = (await once(outgoing, "upgrade")) as [unknown, Duplex];
    socket.write("ping");
    equal(String((await once(socket, "data"))[0]), "ping");
    socket.destroy();
    await ended.promise;
    deepEqual(stages, ["RequestReceived", "ResponseStarted", "ResponseComplete"]);
  });

  it("answers a request for another protocol like any other where nobody takes it over", async () => {
    await using fixture = await startServer();
    const options = { ...optionsOf(fixture), path: "/api/v1/namespaces/ns/configmaps/none" };
    const [incoming] = await once(httpsRequest({ ...options, headers: upgrade }).end(), "response");
    equal(incoming.statusCode, 404);
    equal(incoming.headers.connection, "close");
    match(await text(incoming), /configmaps \\"none\\" not found/);
  });

  it("refuses a body in a request for another protocol", async () => {
    await using fixture = await startServer();
    const options = { ...optionsOf(fixture), path: "/api/v1/namespaces/ns/configmaps" };
    const sent = { ...options, method: "POST", headers: { ...upgrade, "content-length": 2 } };
    const [incoming] = await once(httpsRequest(sent).end("{}"), "response");
    equal(incoming.statusCode, 400);
    match(await text(incoming), /must have no body/);
  });

  it("ends what was handed over when it stops", async () => {
    const holding = passing(() => ({
      status: 101,
      headers: {},
      body: {
        kind: "upgrade",
        take: (socket) => {
          socket.write(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo/1\r\n\r\n",
          );
          socket.resume();
        },
      },
    }));
    await using fixture = await startServer({ handlers: [holding] });
    const outgoing = httpsRequest({ ...optionsOf(fixture), headers: upgrade }).end();
    const [, socket] = (await once(outgoing, "upgrade")) as [unknown, Duplex];
    socket.on("error", () => undefined).resume();
    const closed = once(socket, "close");
    await fixture.server.close({ limitMs: 30_000 });
    await closed;
  });
});
