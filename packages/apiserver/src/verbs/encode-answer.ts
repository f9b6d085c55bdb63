import { gzip } from "node:zlib";
import { type JsonValue, stringifyJson, stringifyYaml } from "@cellplane/apimachinery";
import type { ApiResponse } from "../request/api-response.ts";
import type { AuthorizedRequest } from "../request/incoming-request.ts";
import type { RequestedForm } from "./answer-form.ts";

const gzipAboveBytes = 128 << 10;
const gzipLevel = 1;
const indent = 2;

/** The bytes of a value in the form's encoding, with the newline that Kubernetes ends JSON with. */
export function encodeValue(value: JsonValue, form: RequestedForm): Buffer {
  if (form.encoding === "yaml") return Buffer.from(stringifyYaml(value));
  return Buffer.from(`${stringifyJson(value, form.pretty ? indent : undefined)}\n`);
}

/** The content type of an answer in this form. */
export function contentTypeOf(form: RequestedForm): string {
  return form.encoding === "yaml" ? "application/yaml" : "application/json";
}

/** An answer of these bytes, compressed where it is big and the client takes it. */
export async function answerBytes(
  request: AuthorizedRequest,
  answer: { readonly status: number; readonly form: RequestedForm; readonly bytes: Buffer },
): Promise<ApiResponse> {
  const { status, form, bytes } = answer;
  const contentType = contentTypeOf(form);
  if (bytes.length <= gzipAboveBytes || !takesGzip(request)) {
    return { status, headers: { "content-type": contentType }, body: bytes };
  }
  return {
    status,
    headers: {
      "content-type": contentType,
      "content-encoding": "gzip",
      vary: "Accept-Encoding",
    },
    body: await compress(bytes),
  };
}

/** Whether the client takes a compressed answer. */
export function takesGzip({ headers }: AuthorizedRequest): boolean {
  return (headers["accept-encoding"] ?? "").includes("gzip");
}

// On the thread pool: big lists must not stop the loop.
async function compress(bytes: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  gzip(bytes, { level: gzipLevel }, (error, compressed) => {
    if (error) reject(error);
    else resolve(compressed);
  });
  return await promise;
}
