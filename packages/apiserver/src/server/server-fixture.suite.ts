import { mkdtemp, rm } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileSchema, type JsonObject } from "@cellplane/apimachinery";
import { openMemoryStore } from "@cellplane/kv";
import { definitionOf, versionOf } from "../discovery/discovery-fixture.suite.ts";
import { ensurePki } from "../pki/ensure-pki.ts";
import { createResourceRegistry } from "../registry/create-resource-registry.ts";
import type { ResourceRegistry } from "../registry/resource-registry.ts";
import type { Logger } from "../request/logger.ts";
import {
  type ApiServer,
  type ApiServerCore,
  type ApiServerOptions,
  createApiServer,
} from "./create-api-server.ts";

/** An answer as a test sees it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  readonly json: JsonObject;
}

/** What a test sends. */
export interface Sent {
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server over the memory store, and a way to ask it. */
export interface ServerFixture extends AsyncDisposable {
  readonly server: ApiServer;
  readonly registry: ResourceRegistry;
  readonly ca: string;
  readonly ask: (method: string, path: string, sent?: Sent) => Promise<Answer>;
}

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => console.error(message, fields),
};

const string = { type: "string" };
const stringMap = { type: "object", additionalProperties: string };

/** A registry with ConfigMaps and a kind with spec, status and generation. */
export function testRegistry(): ResourceRegistry {
  const configMap = {
    type: "object",
    properties: { data: stringMap, immutable: { type: "boolean" } },
  };
  const widget = {
    type: "object",
    properties: {
      spec: {
        type: "object",
        properties: { size: { type: "integer", default: 1 }, color: string },
      },
      status: { type: "object", properties: { phase: string } },
    },
  };
  const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
  return createResourceRegistry([
    definitionOf({
      resource: "configmaps",
      kind: "ConfigMap",
      verbs,
      versions: [versionOf("v1", { schema: compileSchema(configMap) })],
      strategy: {
        tracksGeneration: false,
        allowsUnconditionalUpdate: true,
        allowsCreateOnUpdate: false,
        validateName: () => undefined,
      },
    }),
    definitionOf({
      group: "ex.test",
      resource: "widgets",
      kind: "Widget",
      origin: "crd",
      verbs,
      versions: [versionOf("v1", { schema: compileSchema(widget), hasStatus: true })],
    }),
  ]);
}

/** Starts a server on a free port; over an open core where admission needs its objects. */
export async function startServer(
  overrides: Partial<ApiServerOptions> = {},
  core?: ApiServerCore,
): Promise<ServerFixture> {
  const folder = await mkdtemp(join(tmpdir(), "apiserver-"));
  const pki = await ensurePki(folder, { hosts: [], nowMs: Date.now() });
  const store = overrides.store ?? (await openMemoryStore());
  const registry = overrides.registry ?? testRegistry();
  const server = await createApiServer(
    {
      store,
      registry,
      authenticate: () => ({ username: "admin", groups: ["system:masters"] }),
      authorize: () => ({ allowed: true, reason: "" }),
      admission: [],
      handlers: [],
      tls: { key: pki.server.key, cert: pki.server.certificate },
      listen: { host: "127.0.0.1", port: 0 },
      logger: silent,
      nowMs: Date.now,
      ...overrides,
    },
    core,
  );
  return {
    server,
    registry,
    ca: pki.ca,
    ask: (method, path, sent = {}) => ask({ server, ca: pki.ca, method, path, sent }),
    [Symbol.asyncDispose]: async () => {
      await server.close({ limitMs: 0 });
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

interface Question {
  readonly server: ApiServer;
  readonly ca: string;
  readonly method: string;
  readonly path: string;
  readonly sent: Sent;
}

async function ask({ server, ca, method, path, sent }: Question): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { body, type, headers } = sent;
  const request = httpsRequest(
    `${server.url}${path}`,
    {
      method,
      ca,
      headers: {
        "user-agent": "test/1.0",
        ...(body === undefined ? {} : { "content-type": type ?? "application/json" }),
        ...headers,
      },
    },
    (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          text,
          json: text.startsWith("{") ? (JSON.parse(text) as JsonObject) : {},
        });
      });
    },
  );
  request.on("error", reject);
  if (typeof body === "string") request.end(body);
  else request.end(body === undefined ? undefined : JSON.stringify(body));
  return await promise;
}
