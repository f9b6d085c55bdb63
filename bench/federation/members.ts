/**
 * Runs several members in one process, over memory: `node members.ts FOLDER NAME…`. Each prints a
 * line when it serves; all stop at SIGTERM.
 */
import { join } from "node:path";
import { createApiControllers } from "../../apps/control-plane/src/kubernetes-api/api-controllers.ts";
import { openKubernetesApi } from "../../apps/control-plane/src/kubernetes-api/kubernetes-api.ts";
import { connectOwn } from "../../apps/control-plane/src/kubernetes-api/serve-until-signal.ts";

const ignore = (): undefined => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const [folder = "", ...names] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());

async function runMember(name: string): Promise<void> {
  await using api = await openKubernetesApi({
    name,
    dataDir: join(folder, name),
    listen: { host: "127.0.0.1", port: 0 },
    datastore: "memory",
    auditLogPath: join(folder, `${name}.audit.jsonl`),
    logLevel: "error",
    logger: silent,
    version: "0.0.0",
    extension: {},
  });
  await using client = connectOwn(api, "controllers");
  const deps = { client, caBundle: api.pki.ca, nowMs: Date.now, onError: ignore };
  const running = createApiControllers(deps).map((controller) => controller.run(stop.signal));
  api.setReady();
  console.log(`${name} ${api.kubeconfig}`);
  await Promise.all(running);
}

await Promise.all(names.map(runMember));
