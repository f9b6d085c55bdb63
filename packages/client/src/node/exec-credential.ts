import { execFile } from "node:child_process";
import { isJsonObject, type JsonObject, parseJson } from "@cellplane/apimachinery";

/** The `exec` block of a kubeconfig user. */
export interface ExecConfig {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  /** Where a relative command is looked for: the kubeconfig's folder. */
  readonly directory: string;
}

/** What the plug-in gave (client.authentication.k8s.io `ExecCredential.status`). */
export interface ExecCredential {
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Milliseconds since 1970; absent: for as long as it works. */
  readonly expiresAtMs?: number;
}

const execTimeoutMs = 60_000;

/** Runs a credential plug-in. Its standard error is part of the error's message. */
export async function runExecCredential(config: ExecConfig): Promise<ExecCredential> {
  const info = {
    apiVersion: config.apiVersion,
    kind: "ExecCredential",
    spec: { interactive: false },
  };
  const output = await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, ...config.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
    const options = { env, cwd: config.directory, timeout: execTimeoutMs };
    execFile(config.command, config.args, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(new Error(explain(config.command, error, stderr), { cause: error }));
    });
  });
  return parseCredential(config.command, output);
}

function explain(command: string, error: Error & { code?: unknown }, stderr: string): string {
  if (error.code === "ENOENT") {
    return `Cannot run the credential plug-in "${command}" as there is no such program`;
  }
  return `Cannot get a credential as the plug-in "${command}" failed: ${stderr.trim() || error.message}`;
}

function parseCredential(command: string, output: string): ExecCredential {
  const value = parseOutput(output);
  const status = value?.["status"];
  if (!isJsonObject(status)) {
    throw new Error(`Cannot read the credential of "${command}" as it printed no ExecCredential`);
  }
  const text = (key: string): string | undefined => {
    const field = status[key];
    return typeof field === "string" ? field : undefined;
  };
  const token = text("token");
  const clientCertificate = text("clientCertificateData");
  const clientKey = text("clientKeyData");
  const expiresAtMs = Date.parse(text("expirationTimestamp") ?? "");
  return {
    ...(token === undefined ? {} : { token }),
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(Number.isNaN(expiresAtMs) ? {} : { expiresAtMs }),
  };
}

function parseOutput(output: string): JsonObject | undefined {
  try {
    const value = parseJson(output);
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
