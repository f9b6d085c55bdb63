import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { HttpRequest, HttpResponse } from "../../request/http-handler.ts";
import { computeDocumentHash, matchesHash } from "../http-answers.ts";

const compress = promisify(gzip);
const minBytes = 1024;

/** A document rendered, hashed and compressed at most once each, when first asked for. */
export class CachedDocument {
  readonly #render: () => Buffer;
  readonly #modified = new Date().toUTCString();
  #plain: Buffer | undefined;
  #hash: string | undefined;
  #compressed: Promise<Buffer> | undefined;

  constructor(render: () => Buffer) {
    this.#render = render;
  }

  /** Answers 200, or 304 where the client has it. `headers` win over its own. */
  async answer(
    request: HttpRequest,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpResponse> {
    this.#plain ??= this.#render();
    this.#hash ??= computeDocumentHash(this.#plain);
    const all = {
      etag: `"${this.#hash}"`,
      vary: "Accept-Encoding, Accept",
      "last-modified": this.#modified,
      ...headers,
    };
    if (matchesHash(request.headers["if-none-match"], this.#hash))
      return { status: 304, headers: all, body: "" };
    const accepted = request.headers["accept-encoding"] ?? "";
    if (this.#plain.length < minBytes || !/\bgzip\b/.test(accepted))
      return { status: 200, headers: all, body: this.#plain };
    this.#compressed ??= compress(this.#plain);
    const body = await this.#compressed;
    return { status: 200, headers: { ...all, "content-encoding": "gzip" }, body };
  }
}
