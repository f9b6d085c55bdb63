import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tell, tellHeading } from "./narrate.ts";
import { clusterNames, Stage, tunnelledName } from "./stage.ts";
import { playStory } from "./story.ts";

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== "--once");
  if (unknown !== undefined) {
    process.stderr.write(`Usage: npm run demo [-- --once]\nUnknown argument: ${unknown}\n`);
    process.exitCode = 2;
    return;
  }
  const stopping = Promise.withResolvers<void>();
  let isStopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      isStopping = true;
      stopping.resolve();
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "cellplane-demo-"));
  const stage = new Stage(folder);
  try {
    const played = play(stage);
    const differences = await Promise.race([played, stopping.promise.then(() => [])]);
    for (const difference of differences) tell(`NOT AS TOLD: ${difference}`);
    process.exitCode = differences.length > 0 ? 1 : 0;
    if (!isStopping && differences.length === 0) tellEnding(stage);
    if (!args.includes("--once") && !isStopping) await stopping.promise;
  } catch (error) {
    process.stderr.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  }
  process.exit();
}

async function play(stage: Stage): Promise<readonly string[]> {
  const begun = performance.now();
  tellHeading("Start a control plane (SQLite) and two member clusters, and join them");
  await stage.open();
  tell(`Control plane ${stage.controlPlaneProcess.url}; members ${clusterNames.join(", ")} joined`);
  tell(
    `${tunnelledName} is reached through the tunnel alone: its agent has dialled out (docs/tunnel.md)`,
  );
  tell("Secrets are encrypted in its database, under a key made for this run (docs/encryption.md)");
  const differences = await playStory({
    controlPlane: stage.client(stage.controlPlaneProcess),
    members: new Map(clusterNames.map((name) => [name, stage.client(stage.member(name))])),
    loseCluster: (name) => stage.member(name).crash(),
    returnCluster: (name) => stage.restartMember(name),
  });
  const seconds = Math.round((performance.now() - begun) / 1000);
  tell(
    `\n${differences.length === 0 ? "All went as told" : "Not all went as told"}, in ${seconds} s.`,
  );
  return differences;
}

function tellEnding(stage: Stage): void {
  const { kubeconfig } = stage.controlPlaneProcess;
  tell(`
Kubeconfig files:
  control plane   ${kubeconfig}
${clusterNames.map((name) => `  ${name.padEnd(13)}   ${stage.member(name).kubeconfig}`).join("\n")}

Try next, in another shell:
  export KUBECONFIG=${kubeconfig}
  kubectl -n bank-prod get cells,fdeploy,fsvc,fcm
  kubectl -n bank-prod get fdeploy txnflow -o yaml
  kubectl -n bank-prod get federateddeployments.v1beta1.types.kubefed.io txnflow -o yaml   # by cluster, as KubeFed shows it
  kubectl -n bank-prod patch fdeploy txnflow --type merge -p '{"spec":{"placementMask":{"topologies":[{"name":"rz01a"}]}}}'
  kubectl -n kube-federation-system get kubefedclusters
Ctrl-C ends it all and removes the files.`);
}
