/** One HTTP request to the server. `path` holds the query. */
export interface TransportRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** Its answer; `body` can be read once. Whoever stops early ends the exchange. */
export interface TransportResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Gets a request to one server and its answer back, credentials included.
 * `request` rejects with `ConnectionError` where there was no answer, and with the signal's reason
 * where it aborts.
 */
export interface Transport extends AsyncDisposable {
  readonly server: string;
  request(request: TransportRequest, signal: AbortSignal | undefined): Promise<TransportResponse>;
}
