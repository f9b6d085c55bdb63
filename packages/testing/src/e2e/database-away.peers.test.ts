import { deepEqual, equal, match, ok } from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { parseJson } from "@cellplane/apimachinery";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import type { RawResponse, ResourcePath, RestClient } from "@cellplane/client";
import { acceptMysqlLoss } from "@cellplane/kv";
import { CuttingProxy } from "../../../kv/src/mysql/cutting-proxy.suite.ts";
import { MysqlTestServer } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { databaseKind, SharedControlPlanes } from "./shared-control-planes.ts";
import { waitFor } from "./wait-for.ts";

const password = "s3cret-word";
const configMaps: ResourcePath = {
  group: "",
  version: "v1",
  resource: "configmaps",
  namespace: "default",
};
const path = "/api/v1/namespaces/default/configmaps";

/** What came of a write, in words: `201`, `503 ServiceUnavailable …`. */
interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly headers: RawResponse["headers"];
  readonly tookMs: number;
}

describe("a control plane whose database is away", () => {
  let database: MysqlTestServer;
  let relay: CuttingProxy;
  let url: string;
  let planes: SharedControlPlanes;
  /** Its way to the database leads through the relay. */
  const cut = (): RestClient => planes.plane(0).client;
  const other = (): RestClient => planes.plane(1).client;
  const passwordFile = join(tmpdir(), `cellplane-password-${process.pid}`);

  before(async () => {
    database = await MysqlTestServer.start(databaseKind());
    url = await database.newDatabase();
    relay = await CuttingProxy.open(database.port);
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    const { pathname: name } = new URL(url);
    // With these rights and no others: see `docs/operations.md`.
    await database.admin(
      `CREATE USER 'cellplane'@'%' IDENTIFIED BY '${password}'`,
      `GRANT CREATE, SELECT, INSERT, UPDATE, DELETE ON ${name.slice(1)}.* TO 'cellplane'@'%'`,
    );
    planes = await SharedControlPlanes.open({
      urls: [
        database.urlOf(name.slice(1), relay.port),
        `mysql://tester@127.0.0.1:${database.port}${name}?password-file=${passwordFile}`,
        `mysql://cellplane@127.0.0.1:${database.port}${name}?read-connections=2`,
      ],
      env: { CELLPLANE_DATASTORE_PASSWORD: password },
    });
  });
  after(async () => {
    await planes[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  it("shows its password neither to who lists processes nor in what it prints", async () => {
    for (const { pid, output } of planes.planes) {
      const title = await readFile(`/proc/${pid}/cmdline`, "utf8");
      ok(!title.includes(password), title);
      ok(!output.includes(password), output);
    }
  });

  it("refuses what must be new, tells how old the rest is, and goes on by itself", async () => {
    const seen: string[] = [];
    const watching = new AbortController();
    const { metadata } = await cut().list(configMaps);
    const watch = readNames(cut(), metadata.resourceVersion ?? "", { seen, watching });
    const asRobot = await robot(planes, 0);
    equal((await asRobot.raw({ method: "GET", path: `${path}?limit=1` })).status, 403);

    relay.goAway();
    await waitFor("/readyz to fail", async () => ((await ready(cut())).ok ? undefined : true));
    match(
      (await ready(cut())).text,
      /\[-\]datastore failed: the database has not answered for \d+s/,
    );
    const alive = await cut().raw({ method: "GET", path: "/livez" });
    deepEqual([alive.status, textOf(alive)], [200, "ok"]);

    const read = await ask(cut(), "GET", path);
    deepEqual(
      [read.status, read.reason, read.headers["retry-after"]],
      [503, "ServiceUnavailable", "1"],
    );
    match(read.message, /database is not available: the newest state cannot be told/);
    const written = await create(cut(), "while-away");
    deepEqual([written.status, written.reason], [503, "ServiceUnavailable"]);
    match(written.message, /database is not available: the write was not made/);
    const kubectl = await planes.kubectl(0).run(["get", "--raw", `${path}?resourceVersion=0`]);
    equal(kubectl.code, 0, kubectl.stderr);
    match(kubectl.stderr, /Warning: the database cannot be reached; this is what it had \d+s ago/);
    // Its account cannot be looked up, and was there when it was last seen.
    const old = await asRobot.raw({ method: "GET", path: `${path}?resourceVersion=0` });
    equal(old.status, 403);
    const metrics = textOf(await cut().raw({ method: "GET", path: "/metrics" }));
    match(metrics, /^cellplane_store_up 0$/m);
    match(metrics, /^cellplane_store_outages_total 1$/m);
    match(metrics, /^cellplane_store_failed_requests_total\{outcome="refused"\} \d+$/m);

    equal((await create(other(), "meanwhile")).status, 201);
    relay.comeBack();
    await waitFor("/readyz to be fine", async () => ((await ready(cut())).ok ? true : undefined));
    await waitFor("the watch to go on", async () =>
      seen.includes("meanwhile") ? true : undefined,
    );
    equal((await create(cut(), "back")).status, 201);
    watching.abort();
    equal(await watch, "still open");
    await asRobot[Symbol.asyncDispose]();
    const { output } = planes.plane(0);
    equal(output.split("the store is away").length, 2, output);
    equal(output.split("the store is back").length, 2, output);
    ok(output.split("\n").length < 20, output);
  });

  it("answers within the deadline while the database hangs, and what it says is true", async () => {
    process.kill(database.pid, "SIGSTOP");
    const answers = new Map<string, Answer>();
    try {
      const names = Array.from({ length: 24 }, (_, at) => `hang-${at}`);
      await Promise.all(
        names.map(async (name, at) => {
          answers.set(name, await create(planes.plane(at % 3).client, name, "2s"));
        }),
      );
    } finally {
      process.kill(database.pid, "SIGCONT");
    }
    for (const { status, tookMs } of answers.values()) {
      ok(status >= 500, `${status}`);
      ok(tookMs < 20_000, `took ${tookMs} ms`);
    }
    await allReady();
    await checkAnswers(answers);
  });

  it("tells a write whose outcome is unknown from one that was not made", async () => {
    await allReady();
    relay.cutNext("before-answer");
    const before = relay.cuts;
    const answering = create(cut(), "unknown-0", "3s");
    // The server has the commit now, and its answer is still on the way.
    const limit = AbortSignal.timeout(20_000);
    while (relay.cuts === before && !limit.aborted) await setImmediate();
    relay.goAway();
    const answer = await answering;
    deepEqual([answer.status, answer.reason], [504, "Timeout"]);
    match(answer.message, /did not tell in time whether the write was made/);
    equal(answer.headers["retry-after"], undefined);
    relay.comeBack();
    await allReady();
    const names = (await cut().list(configMaps)).items.map((item) => item.metadata.name);
    deepEqual(
      names,
      (await other().list(configMaps)).items.map((item) => item.metadata.name),
    );
  });

  it("loses nothing when the database is killed under load, and needs no restart", async () => {
    const answers = new Map<string, Answer>();
    const stop = new AbortController();
    const load = [0, 1, 2].map(async (at) => {
      for (let i = 0; !stop.signal.aborted; i += 1) {
        const name = `kill-${at}-${i}`;
        answers.set(name, await create(planes.plane(at).client, name, "10s"));
      }
    });
    const made = (): number =>
      Array.from(answers.values()).filter(({ status }) => status === 201).length;
    await waitFor("some load", async () => (made() > 60 ? true : undefined));
    await database.kill();
    await database.run();
    const already = made();
    await waitFor("more load", async () => (made() > already + 60 ? true : undefined));
    stop.abort();
    await Promise.all(load);
    await allReady();
    await checkAnswers(answers);
  });

  it("serves nothing of a database that went back, and goes on when the loss is accepted", async () => {
    const { metadata } = await cut().list(configMaps);
    const from = metadata.resourceVersion ?? "";
    await turnBack();
    for (const { client } of planes.planes) {
      await waitFor("/readyz to fail", async () => ((await ready(client)).ok ? undefined : true));
      const told =
        /datastore failed: .*acknowledged writes are gone: revision \d+ .* accept the loss/;
      match((await ready(client)).text, told);
      for (const query of ["", "?resourceVersion=0"]) {
        const read = await ask(client, "GET", `${path}${query}`);
        deepEqual([read.status, /writes are gone/.test(read.message)], [503, true]);
      }
      equal((await create(client, "lost")).status, 503);
    }
    const loss = await acceptMysqlLoss(url);
    await allReady();
    equal((await create(cut(), "gone-on")).status, 201);
    const { items, metadata: after } = await other().list(configMaps);
    ok(Number(after.resourceVersion) > loss.to);
    ok(items.some((item) => item.metadata.name === "gone-on"));
    for (const { client } of planes.planes) {
      const watch = readNames(client, from, { seen: [], watching: new AbortController() });
      match(await watch, /too old resource version/);
    }
  });

  it("has never shown its password", async () => {
    for (const { output } of planes.planes) ok(!output.includes(password), output);
  });

  /** As if an older backup had been restored: the last revision, which each process has seen, is forgotten. */
  async function turnBack(): Promise<void> {
    const db = new URL(url).pathname.slice(1);
    equal((await create(other(), "forgotten")).status, 201);
    await using session = await database.openSession();
    const run = (statement: string): Promise<unknown> => session.run([statement], 30_000);
    // Nobody writes between the look of each process and the loss.
    await run("START TRANSACTION");
    await run(`SELECT revision FROM ${db}.kv_meta FOR UPDATE`);
    for (const { client } of planes.planes) {
      const { items } = await client.list(configMaps);
      ok(items.some((item) => item.metadata.name === "forgotten"));
    }
    const last = `(SELECT MAX(revision) FROM ${db}.kv_log)`;
    await run(`DELETE c FROM ${db}.kv_current c WHERE c.revision = ${last}`);
    await run(`DELETE FROM ${db}.kv_log WHERE revision = (SELECT revision FROM ${db}.kv_meta)`);
    await run(
      `UPDATE ${db}.kv_meta m SET revision = ${last}, token = (SELECT token FROM ${db}.kv_log l ORDER BY revision DESC LIMIT 1)`,
    );
    await run("COMMIT");
  }

  async function allReady(): Promise<void> {
    for (const { client } of planes.planes) {
      await waitFor("all to be ready", async () => ((await ready(client)).ok ? true : undefined));
    }
  }

  /** What was acknowledged is there, and what was not made is not. */
  async function checkAnswers(answers: ReadonlyMap<string, Answer>): Promise<void> {
    const { items } = await other().list(configMaps);
    const there = new Set(items.map((item) => item.metadata.name));
    for (const [name, { status, message }] of answers) {
      const isThere = there.has(name);
      if (status === 201) ok(isThere, `${name} was acknowledged, and is lost`);
      else if (/was not made/.test(message)) ok(!isThere, `${name} was made: ${message}`);
      else match(message, /did not tell in time/);
    }
  }
});

/** Reads the names that a watch tells; what became of it when nobody read it any more. */
async function readNames(
  client: RestClient,
  resourceVersion: string,
  to: { readonly seen: string[]; readonly watching: AbortController },
): Promise<string> {
  try {
    const { signal } = to.watching;
    for await (const { object } of client.watch(configMaps, { resourceVersion }, signal)) {
      to.seen.push(object.metadata.name ?? "");
    }
    return to.watching.signal.aborted ? "still open" : "ended";
  } catch (error) {
    return to.watching.signal.aborted ? "still open" : String(error);
  }
}

/** A client that shows nothing but the token of a new account without rights. */
async function robot(planes: SharedControlPlanes, at: number): Promise<RestClient> {
  const kubectl = planes.kubectl(at);
  await kubectl.ok(["-n", "default", "create", "serviceaccount", "robot"]);
  const token = (await kubectl.ok(["-n", "default", "create", "token", "robot"])).trim();
  const { connection } = await loadKubeconfig({ file: planes.plane(at).kubeconfig });
  const { clientCertificate: _c, clientKey: _k, ...rest } = connection;
  return connectRestClient({ ...rest, token: async () => token }, { userAgent: "robot" });
}

async function ready(client: RestClient): Promise<{ readonly ok: boolean; readonly text: string }> {
  const answer = await client.raw({ method: "GET", path: "/readyz" });
  return { ok: answer.status === 200, text: textOf(answer) };
}

function create(client: RestClient, name: string, timeout = "20s"): Promise<Answer> {
  const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
  return ask(client, "POST", `${path}?timeout=${timeout}`, body);
}

async function ask(client: RestClient, method: string, to: string, body?: string): Promise<Answer> {
  const beganMs = performance.now();
  const headers = { "content-type": "application/json" };
  const answer = await client.raw({
    method,
    path: to,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const status = parseJson(textOf(answer)) as {
    readonly reason?: string;
    readonly message?: string;
  };
  const { reason = "", message = "" } = status;
  const tookMs = performance.now() - beganMs;
  return { status: answer.status, reason, message, headers: answer.headers, tookMs };
}

function textOf({ body }: RawResponse): string {
  return Buffer.from(body).toString();
}
