import type { Controller } from "@cellplane/controllers";
import { connectRestClient } from "@cellplane/client/node";
import type { RestClient } from "@cellplane/client";
import type { KubernetesApi } from "./kubernetes-api.ts";
import { localUrl } from "./server-address.ts";

/** A client of one's own server, as its controllers. */
export function connectOwn(api: KubernetesApi, userAgent: string): RestClient {
  const { certificate, key } = api.controllerCertificate;
  const server = localUrl(api.server.url);
  return connectRestClient(
    { server, caBundle: api.pki.ca, clientCertificate: certificate, clientKey: key },
    { userAgent },
  );
}

/** Runs controllers until SIGTERM or SIGINT, then stops them and the server in order. */
export async function serveUntilSignal(
  api: KubernetesApi,
  controllers: readonly Controller[],
  announce: () => void,
): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  const running = controllers.map(async (controller) => {
    try {
      await controller.run(stopping.signal);
    } catch (error) {
      if (!stopping.signal.aborted) {
        api.logger.error({ err: error, controller: controller.name }, "a controller ended");
        process.exitCode = 1;
        stopping.abort();
      }
    }
  });
  api.setReady();
  announce();
  if (!stopping.signal.aborted) {
    await new Promise((resolve) =>
      stopping.signal.addEventListener("abort", resolve, { once: true }),
    );
  }
  await Promise.all(running);
  await api.close();
}
