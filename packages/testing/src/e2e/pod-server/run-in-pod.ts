import { type ChildProcess, spawn } from "node:child_process";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Spdy } from "./spdy.ts";
import { WebSocket } from "./web-socket.ts";

/** Runs the command of an `exec` on this machine, by either protocol. */
export function runInPod(request: IncomingMessage, socket: Duplex, query: URLSearchParams): void {
  const [program = "", ...args] = query.getAll("command");
  const child = spawn(program, args);
  // A program may end before it has read all of its input.
  child.stdin.on("error", () => undefined);
  socket.once("close", () => child.kill());
  if (request.headers.upgrade?.toLowerCase() === "websocket") byWebSocket(request, socket, child);
  else bySpdy(socket, child, query);
}

/** Channels 0 to 3 are input, output, errors and result; 255 closes one (v5.channel.k8s.io). */
function byWebSocket(request: IncomingMessage, socket: Duplex, child: ChildProcess): void {
  const peer = new WebSocket(request, socket, {
    protocol: "v5.channel.k8s.io",
    onMessage: (message) => {
      if (message[0] === 0) child.stdin?.write(message.subarray(1));
      if (message[0] === 255 && message[1] === 0) child.stdin?.end();
    },
  });
  const send = (channel: number, bytes: Buffer): void =>
    peer.send(Buffer.concat([Buffer.from([channel]), bytes]));
  child.stdout?.on("data", (bytes: Buffer) => send(1, bytes));
  child.stderr?.on("data", (bytes: Buffer) => send(2, bytes));
  child.once("close", (code) => {
    send(3, resultOf(code));
    peer.close();
  });
}

/** Streams come in the order of v4.channel.k8s.io: result, then those of the three that are asked for. */
function bySpdy(socket: Duplex, child: ChildProcess, query: URLSearchParams): void {
  const wanted = ["stdin", "stdout", "stderr"].filter((each) => query.get(each) === "true");
  const names = ["result", ...wanted];
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n",
  );
  const opened = Promise.withResolvers<void>();
  const peer = new Spdy((bytes) => void (socket.writable && socket.write(bytes)), {
    onStream: (at) => {
      if (at === names.length - 1) opened.resolve();
    },
    onData: (at, bytes) => {
      if (names[at] === "stdin") child.stdin?.write(bytes);
    },
    onEnd: (at) => {
      if (names[at] === "stdin") child.stdin?.end();
    },
  });
  socket.on("data", (bytes: Buffer) => peer.take(bytes));
  const output: [string, Buffer][] = [];
  child.stdout?.on("data", (bytes: Buffer) => output.push(["stdout", bytes]));
  child.stderr?.on("data", (bytes: Buffer) => output.push(["stderr", bytes]));
  const finish = async (code: number | null): Promise<void> => {
    await opened.promise;
    for (const [name, bytes] of output) peer.send(names.indexOf(name), bytes);
    for (const name of names.slice(1)) peer.send(names.indexOf(name), Buffer.alloc(0), "last");
    peer.send(0, resultOf(code), "last");
  };
  child.once("close", (code) => void finish(code));
}

function resultOf(code: number | null): Buffer {
  if (code === 0) return Buffer.from(JSON.stringify({ metadata: {}, status: "Success" }));
  return Buffer.from(
    JSON.stringify({
      metadata: {},
      status: "Failure",
      reason: "NonZeroExitCode",
      message: `command terminated with exit code ${code}`,
      details: { causes: [{ reason: "ExitCode", message: String(code ?? 137) }] },
    }),
  );
}
