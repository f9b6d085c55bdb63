import { isJsonObject, parseJson } from "@cellplane/apimachinery";
import { statusErrorOf } from "@cellplane/client";
import { type ConnectionSettings, connectRestClient } from "@cellplane/client/node";
import type { AgentCredential } from "@cellplane/tunnel";
import type { MemberAccount } from "./member-account.ts";

/** The Secret that an agent's folder is mounted from, which several agents share. */
export interface CredentialSecret {
  /** The certificate that is there, PEM; another agent may have renewed it. */
  readonly readCertificate: () => Promise<string>;
  readonly write: (credential: AgentCredential) => Promise<void>;
}

/** Reaches it as the agent itself, which needs `get` and `patch` of it. */
export function createCredentialSecret(
  connection: ConnectionSettings,
  { namespace, name }: MemberAccount,
): CredentialSecret {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`;
  const ask = async (method: "GET" | "PATCH", body?: object): Promise<unknown> => {
    await using client = connectRestClient(connection, { userAgent: "cellplane-agent" });
    const response = await client.raw({
      method,
      path,
      ...(body === undefined
        ? {}
        : {
            headers: { "content-type": "application/merge-patch+json" },
            body: JSON.stringify(body),
          }),
    });
    const text = new TextDecoder().decode(response.body);
    if (response.status !== 200) throw statusErrorOf(response.status, text);
    return parseJson(text);
  };
  return {
    readCertificate: async () => {
      const secret = await ask("GET");
      const data = isJsonObject(secret) && isJsonObject(secret["data"]) ? secret["data"] : {};
      const { "tls.crt": certificate } = data;
      return typeof certificate === "string" ? Buffer.from(certificate, "base64").toString() : "";
    },
    // In one write: whoever reads it gets a key and its own certificate.
    write: async ({ cert, key }) => {
      const encode = (text: string): string => Buffer.from(text).toString("base64");
      await ask("PATCH", { data: { "tls.crt": encode(cert), "tls.key": encode(key) } });
    },
  };
}
