/** What stands for a member's API server: `/` 1 KiB of JSON, `/down` and `/up` bytes, `/watch` nothing much. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { downBytes, floodBytes } from "../sizes.ts";
import { runRole } from "./role.ts";

const body = JSON.stringify({ kind: "ConfigMap", data: { value: "v".repeat(985) } });
const chunk = Buffer.alloc(64 * 1024, "d");
const eventEveryMs = 5000;

runRole<object>(async () => {
  const server = createServer({ noDelay: true }, (request, response) => {
    response.on("error", () => undefined);
    if (request.url === "/down") sendMany(response, downBytes);
    else if (request.url === "/flood") sendMany(response, floodBytes);
    else if (request.url === "/watch") sendEvents(response);
    else {
      request.resume().once("end", () => {
        response.setHeader("content-length", Buffer.byteLength(body));
        response.end(body);
      });
    }
  });
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1", 4096);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
});

function sendMany(response: ServerResponse, bytes: number): void {
  response.setHeader("content-length", bytes);
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      if (!response.write(chunk)) break;
    }
    if (left <= 0) response.end();
  };
  response.on("drain", more);
  more();
}

function sendEvents(response: ServerResponse): void {
  response.setHeader("content-length", downBytes);
  response.write(`${body}\n`);
  const timer = setInterval(() => response.write(`${body}\n`), eventEveryMs);
  response.once("close", () => clearInterval(timer));
}
