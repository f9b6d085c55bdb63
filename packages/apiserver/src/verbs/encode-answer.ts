import { gzip } from "node:zlib";
import {
  encodeProtobuf,
  type JsonObject,
  type ProtobufMessages,
  stringifyJson,
  stringifyYaml,
} from "@cellplane/apimachinery";
import type { ApiResponse } from "../request/api-response.ts";
import type { AuthorizedRequest } from "../request/incoming-request.ts";
import type { RequestedForm } from "./answer-form.ts";

const gzipAboveBytes = 128 << 10;
const gzipLevel = 1;
const indent = 2;

/** An encoded answer. */
export interface EncodedAnswer {
  readonly bytes: Buffer;
  readonly contentType: string;
}

/** The type of JSON answers. */
export const jsonType = "application/json";

/**
 * A value in the form's encoding, JSON with the newline that Kubernetes ends it with. What has no
 * protobuf form is answered in JSON, which every client also takes.
 */
export function encodeAnswer(
  value: JsonObject,
  form: RequestedForm,
  protobuf: ProtobufMessages | undefined,
): EncodedAnswer {
  if (form.encoding === "yaml") {
    return { bytes: Buffer.from(stringifyYaml(value)), contentType: "application/yaml" };
  }
  if (form.encoding === "protobuf" && protobuf) {
    const bytes = encodeProtobuf(value, protobuf);
    if (bytes)
      return { bytes: asBuffer(bytes), contentType: "application/vnd.kubernetes.protobuf" };
  }
  const text = `${stringifyJson(value, form.pretty ? indent : undefined)}\n`;
  return { bytes: Buffer.from(text), contentType: jsonType };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** An answer of these bytes, compressed where it is big and the client takes it. */
export async function answerBytes(
  request: AuthorizedRequest,
  answer: EncodedAnswer & { readonly status: number },
): Promise<ApiResponse> {
  const { status, bytes, contentType } = answer;
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
