import { deepEqual, equal, match, ok } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parseYaml } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { type ProgramResult, runProgram } from "../e2e/run-program.ts";
import { CommandLineSession } from "./command-line-session.suite.ts";
import { Federation, memberName } from "./federation.suite.ts";

let federation: Federation;
const session = new CommandLineSession();
before(async () => {
  federation = await Federation.open();
});
after(async () => {
  await session[Symbol.asyncDispose]();
  await federation[Symbol.asyncDispose]();
});

const run = (...args: readonly string[]): Promise<ProgramResult> =>
  session.run([...args, "--kubeconfig", federation.controlPlane.kubeconfig]);

const joinMember = (...more: readonly string[]): Promise<ProgramResult> =>
  run("join", memberName, "--member-kubeconfig", federation.member.kubeconfig, ...more);

const namesOf = async (client: RestClient, group: string, resource: string, version = "v1") => {
  const { items } = await client.list({ group, version, resource });
  return items.map(({ metadata }) => metadata.name ?? "");
};

/** What joining makes on both sides, by name. */
async function leftovers(): Promise<readonly string[]> {
  const { controlPlane, member } = federation;
  const rbac = "rbac.authorization.k8s.io";
  const names = await Promise.all([
    namesOf(member.client, rbac, "clusterroles"),
    namesOf(member.client, rbac, "clusterrolebindings"),
    namesOf(member.client, "", "serviceaccounts"),
    namesOf(member.client, "", "secrets"),
    namesOf(controlPlane.client, "", "secrets"),
    namesOf(controlPlane.client, "core.kubefed.io", "kubefedclusters", "v1beta1"),
  ]);
  return names.flat().filter((name) => name.includes(memberName));
}

describe("cellplane join and unjoin", () => {
  it("leaves nothing behind where the cluster does not become Ready", async () => {
    await federation.stop();
    const result = await joinMember("--timeout", "1");
    equal(result.code, 1);
    match(
      result.stderr,
      /Error: Cluster "hz-a" did not become Ready within 1 s: no controller has looked at it yet\n$/,
    );
    equal(result.stdout, "");
    deepEqual(await leftovers(), []);
    await federation.start();
  });

  it("prints the name, renews in YAML, and takes out what it made", async () => {
    const named = await joinMember("-o", "name");
    equal(named.code, 0, named.stderr);
    equal(named.stdout, "kubefedcluster.core.kubefed.io/hz-a\n");
    const again = await joinMember("-o", "yaml");
    equal(again.code, 0, again.stderr);
    const printed = parseYaml(again.stdout) as {
      readonly spec?: { readonly apiEndpoint?: string };
    };
    equal(printed.spec?.apiEndpoint, federation.member.url);
    // The account, its role, its binding and its token; then the credential and the cluster.
    equal((await leftovers()).length, 6);

    const preview = await run("enable", "deployments.apps", "-o", "json");
    equal(preview.code, 0, preview.stderr);
    const { kind, items } = JSON.parse(preview.stdout) as { kind: string; items: unknown[] };
    deepEqual([kind, items.length], ["List", 2]);
    const names = await run("enable", "networkpolicies", "-o", "name");
    match(
      names.stdout,
      /^federatedtypeconfig\.core\.kubefed\.io\/networkpolicies\.networking\.k8s\.io$/m,
    );
    const unknown = await run("enable", "unicorns");
    equal(unknown.code, 1);
    match(unknown.stderr, /^Error: Cannot enable "unicorns" as the API serves no such resource/);
    const enabled = await run("enable", "networkpolicies");
    equal(enabled.code, 0, enabled.stderr);
    match(enabled.stdout, /federatednetworkpolicies\.types\.kubefed\.io created\n/);

    const refused = await run("unjoin", memberName);
    equal(refused.code, 1);
    match(refused.stderr, /give --member-kubeconfig, or leave it with --keep-member-account\n$/);
    const { kubeconfig } = federation.member;
    const left = await run("unjoin", memberName, "--member-kubeconfig", kubeconfig);
    equal(left.code, 0, left.stderr);
    equal(left.stdout, 'Cluster "hz-a" is no longer joined; its workloads were left running\n');
    deepEqual(await leftovers(), []);
    const gone = await run("unjoin", memberName, "--keep-member-account");
    equal(gone.code, 1);
    match(gone.stderr, /Error: Cannot unjoin "hz-a" as no such cluster is joined: none is\n$/);
  });
});

describe("cellplane join, refusing", () => {
  const refusal = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr, stdout } = await run("join", ...args);
    deepEqual([code, stdout], [1, ""]);
    return stderr.split("\n").at(-2) ?? "";
  };

  it("says what is wrong with a name, a time-out or a kubeconfig", async () => {
    const { kubeconfig, folder } = federation.member;
    const missing = join(folder, "missing");
    const deaf = join(folder, "deaf");
    await writeFile(
      deaf,
      JSON.stringify({
        "current-context": "a",
        clusters: [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }],
        contexts: [{ name: "a", context: { cluster: "a" } }],
      }),
    );
    const refusals = await Promise.all([
      refusal("A.b", "--member-kubeconfig", kubeconfig),
      refusal("a", "--member-kubeconfig", kubeconfig, "--timeout", "soon"),
      refusal("a", "--member-kubeconfig", missing),
      refusal("a", "--member-kubeconfig", deaf),
    ]);
    match(refusals[0] ?? "", /must be a DNS label .*: it is "A\.b"$/);
    equal(
      refusals[1],
      'Error: Cannot wait as --timeout must be a positive number of seconds: it is "soon"',
    );
    match(
      refusals[2] ?? "",
      /^Error: Cannot read the kubeconfig ".*missing": there is no such file/,
    );
    match(
      refusals[3] ?? "",
      /the connection was refused.*nothing was changed\. Check cluster\.server/,
    );
    deepEqual(await leftovers(), []);
  });
});

describe("cellplane completion bash", () => {
  it("registers itself and suggests commands, then the options of each", async () => {
    const script = `
      source <(${process.execPath} bin/cellplane completion bash)
      complete -p cellplane
      suggest() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cellplane; echo "\${COMPREPLY[*]}"; }
      suggest cellplane j
      suggest cellplane ""
      suggest cellplane join hz-a --member-k
      suggest cellplane unjoin --ab
      suggest cellplane mask s
      suggest cellplane mask set deployment/web --hold`;
    const { stdout, stderr, code } = await runProgram("bash", ["-c", script]);
    equal(code, 0, stderr);
    const [registered, one, all = "", option, abandon, verbs, hold] = stdout.split("\n");
    equal(registered, "complete -F _cellplane cellplane");
    equal(one, "join");
    for (const name of ["up", "member", "join", "unjoin", "enable", "completion", "version"]) {
      ok(all.split(" ").includes(name), `${name} in ${all}`);
    }
    equal(option, "--member-kubeconfig");
    equal(abandon, "--abandon");
    equal(verbs, "set show");
    equal(hold, "--hold-all");
  });
});

describe("cellplane --help", () => {
  it("teaches each command by an example, and gives times in seconds", async () => {
    const [all, help, wrong] = await Promise.all([
      session.run(["--help"]),
      session.run(["join", "--help"]),
      session.run(["jion"]),
    ]);
    equal(all.code, 0);
    match(all.stdout, /kubectl --kubeconfig DIR\/admin\.kubeconfig get cells/);
    equal(help.code, 0);
    match(help.stdout, /Examples:\n {2}cellplane join hz-a --member-kubeconfig/);
    match(help.stdout.replace(/\s+/g, " "), /until it is Ready \(default: 60\)/);
    equal(wrong.code, 1);
    match(wrong.stderr, /unknown command 'jion'\n\(Did you mean join\?\)/);
  });
});
