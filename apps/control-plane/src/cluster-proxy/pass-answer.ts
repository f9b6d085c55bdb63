import type { IncomingMessage } from "node:http";
import { isJsonObject, parseJson, StatusError } from "@cellplane/apimachinery";
import type { ApiResponse, StreamedBody } from "@cellplane/apiserver";
import { answerHeaders } from "./passed-headers.ts";
import { proxyPrefixOf } from "./proxy-path.ts";

/** For whom an answer is passed on. */
export interface AnsweredCluster {
  /** As the client calls it. */
  readonly name: string;
  /** The joined cluster. */
  readonly cluster: string;
  /** What comes before all paths of the member. */
  readonly memberPrefix: string;
}

const maxRefusalBytes = 64 * 1024;

/** A member's answer, as it is passed on. */
export async function passAnswer(
  incoming: IncomingMessage,
  of: AnsweredCluster,
): Promise<ApiResponse> {
  const status = incoming.statusCode ?? 502;
  const headers = answerHeaders(incoming.headers);
  const { location } = incoming.headers;
  if (location?.startsWith("/")) headers["location"] = relocated(location, of);
  if (status === 401) {
    incoming.resume();
    throw ownRefusal(of.cluster);
  }
  if (status === 403) return passRefusal(incoming, headers, of);
  return { status, headers, body: streamOf(incoming) };
}

/** Bytes as they come and as the client takes them; ends with either side. */
function streamOf(incoming: IncomingMessage): StreamedBody {
  return {
    kind: "stream",
    open: (sink) => {
      const breakOff = (error: unknown): void => (sink.abort ? sink.abort(error) : sink.end());
      incoming.on("data", (chunk: Buffer) => {
        if (!sink.write(chunk)) incoming.pause();
      });
      sink.onDrain(() => incoming.resume());
      incoming.once("end", () => sink.end());
      incoming.once("error", breakOff);
      incoming.once("close", () => {
        if (!incoming.complete) breakOff(new Error("the member broke its answer off"));
      });
      sink.onClose(() => incoming.destroy());
    },
  };
}

/** The client's credential is not at fault, and 401 would tell it so. */
function ownRefusal(cluster: string): StatusError {
  const message = `Cannot reach cluster "${cluster}": it does not accept the control plane's credential; renew it with "cellplane join" or "cellplane credentials"`;
  return new StatusError("", message, {
    code: 502,
    details: { causes: [{ reason: "CredentialRefused", message }] },
  });
}

/** Where the member lets nobody be impersonated, it is told how to let it. */
async function passRefusal(
  incoming: IncomingMessage,
  headers: Record<string, string | string[]>,
  { cluster }: AnsweredCluster,
): Promise<ApiResponse> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxRefusalBytes) chunks.push(chunk);
  }
  delete headers["content-length"];
  const body = Buffer.concat(chunks);
  if (!body.includes("cannot impersonate")) return { status: 403, headers, body };
  const hint = `cluster "${cluster}" does not let the control plane act for its users; "cellplane join ${cluster} --allow-proxy" lets it`;
  const changed = withHint(body, hint);
  if (changed) return { status: 403, headers, body: changed };
  headers["warning"] = `299 - ${JSON.stringify(hint)}`;
  return { status: 403, headers, body };
}

function withHint(body: Buffer, hint: string): Buffer | undefined {
  try {
    const status = parseJson(body.toString("utf8"));
    if (!isJsonObject(status) || typeof status["message"] !== "string") return undefined;
    return Buffer.from(JSON.stringify({ ...status, message: `${status["message"]}: ${hint}` }));
  } catch {
    return undefined;
  }
}

function relocated(location: string, { name, memberPrefix }: AnsweredCluster): string {
  const path = location.startsWith(`${memberPrefix}/`)
    ? location.slice(memberPrefix.length)
    : location;
  return proxyPrefixOf(name) + path;
}
