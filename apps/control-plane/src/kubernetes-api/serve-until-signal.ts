import type { Controller } from "@cellplane/controllers";
import { createRestClient, type RestClient } from "@cellplane/client";
import { controllerUser, type KubernetesApi } from "./kubernetes-api.ts";

/** A client of the server in this process, as its controllers; no socket lies between them. */
export function connectOwn(api: KubernetesApi, userAgent: string): RestClient {
  const { server } = api;
  const request = server.enterAs({ username: controllerUser, groups: ["system:masters"] });
  const transport = { server: server.url, request, [Symbol.asyncDispose]: async () => undefined };
  return createRestClient(transport, { userAgent });
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
