/** A tunnel server of ours with its frontend for stock clients; the frontend's port is told. */
import { createServer } from "node:http";
import { TunnelFrontend } from "../../../packages/tunnel/src/index.ts";
import { openServer, type ServerConfig } from "../open-server.ts";
import { runRole } from "./role.ts";

runRole<ServerConfig>(async (config) => {
  const server = await openServer(config);
  const frontend = new TunnelFrontend({
    tls: config.tls,
    dial: (dial) => server.dial(dial),
    authorize: () => true,
    suffix: undefined,
    onError: (error) => console.error(error),
  });
  if (config.statusPort !== undefined) {
    const status = createServer((_, response) => response.end(String(server.links().length)));
    status.listen(config.statusPort, "127.0.0.1");
  }
  const address = await frontend.listen({ host: "127.0.0.1", port: 0 });
  return "port" in address ? address.port : 0;
});
