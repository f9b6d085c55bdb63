import { randomBytes } from "node:crypto";
import { isStatus } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import type { ConnectionSettings } from "@cellplane/client/node";
import { connectRestClient } from "@cellplane/client/node";
import type { Envelope, SecretData } from "@cellplane/kms";
import {
  createAccountToken,
  listAccountTokens,
  removeQuietly,
} from "../membership/member-account.ts";
import { isSealed, renderCredential, replaceCredential } from "../membership/stored-credential.ts";
import { systemSecrets } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import { getCredential, readCredential } from "./cluster-credentials.ts";

/** What `credentials rotate` is asked to do. */
export interface RotateRequest {
  readonly cluster: string;
  readonly controlPlane: RestClient;
  /** The name of the account that `join` made in the member. */
  readonly account: string;
  readonly envelope: Envelope | undefined;
  /** Administrator's access to the member; otherwise the stored credential rotates itself. */
  readonly member?: ConnectionSettings;
  /** Time for the control plane to take up the new token before the old one is revoked. */
  readonly graceMs: number;
  readonly wait: (ms: number) => Promise<void>;
}

/**
 * Gives a member's account a new token, stores it sealed as the old one was, and revokes the old
 * one. At every moment the stored token is one that the member accepts.
 */
export async function rotateCredential(request: RotateRequest): Promise<void> {
  const { cluster, controlPlane, account, envelope } = request;
  const credential = await getCredential(controlPlane, cluster);
  const data = await readCredential(credential, envelope);
  if (data["tls.key"] !== undefined) {
    throw new CliError(
      `Cannot rotate the credential of "${cluster}" as it is the member's own: join it again with a new kubeconfig`,
    );
  }
  const stored = connectionOf(credential.object.spec, data);
  await using member = connectRestClient(request.member ?? stored, { userAgent: "cellplane" });
  try {
    const old = await listAccountTokens(member, account);
    const name = `${account}-${randomBytes(4).toString("hex")}`;
    let token: string;
    try {
      token = await createAccountToken(member, { account, name });
      await checkToken(stored, token);
      const fresh = { ...data, token: Buffer.from(token, "utf8").toString("base64") };
      const seal = isSealed(credential.secret) ? envelope : undefined;
      const { data: rendered } = await renderCredential(fresh, credential, seal);
      await replaceCredential(controlPlane, credential.name, rendered);
    } catch (error) {
      await removeQuietly(member, systemSecrets, name);
      throw error;
    }
    await request.wait(request.graceMs);
    // With the stored credential this is the old token's last act; the new one does it.
    await using renewed = connectRestClient(
      request.member ?? { ...stored, token: async () => token },
      { userAgent: "cellplane" },
    );
    for (const each of old) await removeQuietly(renewed, systemSecrets, each);
  } catch (error) {
    if (!isStatus(error, "Forbidden") && !isStatus(error, "Unauthorized")) throw error;
    throw new CliError(
      `Cannot rotate the credential of "${cluster}" as the member refused: ${error.message}; give --member-kubeconfig with admin rights there`,
      { cause: error },
    );
  }
}

function connectionOf(
  spec: {
    readonly apiEndpoint: string;
    readonly caBundle?: string;
    readonly disabledTLSValidations?: readonly string[];
    readonly proxyURL?: string;
  },
  data: SecretData,
): ConnectionSettings {
  const decode = (base64: string): string => Buffer.from(base64, "base64").toString("utf8");
  const { caBundle, apiEndpoint, proxyURL = "", disabledTLSValidations = [] } = spec;
  const token = decode(data["token"] ?? "");
  return {
    server: /^https?:/.test(apiEndpoint) ? apiEndpoint : `https://${apiEndpoint}`,
    token: async () => token,
    ...(caBundle === undefined || caBundle === "" ? {} : { caBundle: decode(caBundle) }),
    insecureSkipTlsVerify: disabledTLSValidations.includes("*"),
    disabledTlsChecks: disabledTLSValidations,
    ...(proxyURL === "" ? {} : { proxyUrl: proxyURL }),
  };
}

/** Nothing is stored that does not work: the member must let the new token read its API groups. */
async function checkToken(stored: ConnectionSettings, token: string): Promise<void> {
  await using client = connectRestClient(
    { ...stored, token: async () => token },
    { userAgent: "cellplane" },
  );
  const { status } = await client.raw({ method: "GET", path: "/api" });
  if (status !== 200) {
    throw new CliError(`Cannot rotate as the member answered ${status} to the new token`);
  }
}
