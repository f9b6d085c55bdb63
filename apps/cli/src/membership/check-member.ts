import { isJsonObject, parseJson, StatusError } from "@cellplane/apimachinery";
import { ConnectionError, type RestClient } from "@cellplane/client";
import { CliError } from "../program/cli-error.ts";

/** Reads the member's version before anything is written, and says what to do where that fails. */
export async function checkMember(member: RestClient, kubeconfig: string): Promise<string> {
  try {
    const response = await member.raw({ method: "GET", path: "/version" });
    const text = new TextDecoder().decode(response.body);
    if (response.status === 401) {
      throw new CliError(
        `Cannot join as the member refused the credential of "${kubeconfig}" (401): it is unknown there or has expired; get a new kubeconfig`,
      );
    }
    if (response.status !== 200) {
      throw new CliError(
        `Cannot join as ${member.server}/version answered ${response.status}: ${text.trim()}`,
      );
    }
    const version = parseJson(text);
    const git = isJsonObject(version) ? version["gitVersion"] : undefined;
    return typeof git === "string" ? git : "unknown version";
  } catch (error) {
    if (error instanceof ConnectionError) {
      throw new CliError(
        `Cannot join: ${error.message}; nothing was changed. Check cluster.server and certificate-authority of "${kubeconfig}"`,
        { cause: error },
      );
    }
    if (error instanceof SyntaxError) {
      throw new CliError(
        `Cannot join as ${member.server}/version answered no JSON; is it an API server?`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Says what a refused write in the member means. */
export function explainMemberRefusal(error: unknown): unknown {
  if (error instanceof StatusError && error.code === 403) {
    return new CliError(
      `Cannot join as the member's kubeconfig may not do all that joining needs: ${error.message}`,
      { cause: error },
    );
  }
  return error;
}
