import { discoverResources, findResource, type RestClient } from "@cellplane/client";
import type { ConnectionSettings } from "@cellplane/client/node";
import { CliError } from "../program/cli-error.ts";
import { groupsIn } from "../program/groups-in.ts";

/** What a kubeconfig's user proves itself with, for the fields of a Secret. Texts, not base64. */
export interface MemberCredential {
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/**
 * The credential of the member's own kubeconfig. A token that a plug-in or a file gives is taken
 * as it is now.
 */
export async function ownCredential(
  { token, clientCertificate, clientKey }: ConnectionSettings,
  kubeconfig: string,
): Promise<MemberCredential> {
  if (clientCertificate !== undefined && clientKey !== undefined) {
    return { clientCertificate, clientKey };
  }
  const found = await token?.("cached");
  if (found !== undefined && found !== "") return { token: found };
  throw new CliError(
    `Cannot use the member's own credential as the user of "${kubeconfig}" has neither a token nor a client certificate`,
  );
}

/** Makes sure that a member serves the kinds that are to be written there. @throws {CliError} */
export async function checkServedTypes(
  member: RestClient,
  types: readonly string[],
): Promise<void> {
  if (types.length === 0) return;
  const { resources } = await discoverResources(member, undefined, { groups: groupsIn(types) });
  const missing = types.filter((type) => findResource(resources, type).length === 0);
  if (missing.length === 0) return;
  const names = missing.map((type) => `"${type}"`).join(", ");
  throw new CliError(`Cannot join as ${member.server} does not serve ${names} of --types`);
}
