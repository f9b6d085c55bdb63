import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  chooseExpositionFormat,
  expositionMediaTypes,
  type MetricRegistry,
  renderMetrics,
} from "@cellplane/metrics";
import { ServerError } from "../options/server-error.ts";

/** What an agent tells of itself. */
export interface AgentHealth {
  readonly metrics: MetricRegistry;
  /** To at least one server. */
  readonly isConnected: () => boolean;
}

/** The endpoint, and where it is. */
export interface AgentHealthServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Serves `/healthz`, `/readyz` and `/metrics` over plain HTTP, for the kubelet and Prometheus. Not
 * at all where no address is given.
 * @throws {ServerError} The address is taken.
 */
export async function openAgentHealth(
  listen: { readonly host: string; readonly port: number } | undefined,
  health: AgentHealth,
): Promise<AgentHealthServer> {
  if (!listen) return { port: 0, [Symbol.asyncDispose]: async () => undefined };
  const server = createServer((request, response) => answer(request, response, health));
  server.listen({ ...listen });
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const where = `${listen.host} port ${listen.port}`;
    throw new ServerError(`Cannot serve --health-listen on ${where}: ${code}`, { cause: error });
  }
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, isConnected }: AgentHealth,
): void {
  const send = (status: number, body: string, type = "text/plain"): void => {
    response.writeHead(status, { "content-type": type }).end(body);
  };
  if (request.method !== "GET" && request.method !== "HEAD") return send(405, "only GET\n");
  switch (request.url?.split("?")[0]) {
    case "/healthz":
    case "/livez":
      return send(200, "ok");
    case "/ready":
    case "/readyz":
      return isConnected() ? send(200, "ok") : send(503, "connected to no control plane\n");
    case "/metrics": {
      const format = chooseExpositionFormat(request.headers.accept);
      return send(200, renderMetrics(metrics.collect(), format), expositionMediaTypes[format]);
    }
    default:
      return send(404, "not found\n");
  }
}
