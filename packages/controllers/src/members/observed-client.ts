import { StatusError } from "@cellplane/apimachinery";
import { ConnectionError, type RestClient } from "@cellplane/client";
import type { RequestVerdict } from "./member-limiter.ts";

/** Told of the requests of a client. */
export interface RequestObserver {
  /** Before each request; resolves when it may be sent. */
  readonly before: (signal: AbortSignal | undefined) => Promise<void>;
  /** After each, or once a watch is open; `code` is 0 where there was no answer. */
  readonly after: (method: string, code: number, verdict: RequestVerdict, ms: number) => void;
}

/** A client whose requests are let out and judged by an observer. Closing it closes the client. */
export function observeClient(client: RestClient, observer: RequestObserver): RestClient {
  const run = async <T>(
    method: string,
    signal: AbortSignal | undefined,
    send: () => Promise<T>,
    codeOf: (answer: T) => number = () => 200,
  ): Promise<T> => {
    await observer.before(signal);
    const startedMs = performance.now();
    const tell = (code: number, verdict: RequestVerdict): void =>
      observer.after(method, code, verdict, performance.now() - startedMs);
    try {
      const answer = await send();
      const code = codeOf(answer);
      tell(code, verdictOfCode(code));
      return answer;
    } catch (error) {
      if (!signal?.aborted) tell(codeOfError(error), verdictOfError(error));
      throw error;
    }
  };
  return {
    server: client.server,
    get: (path, name, signal) => run("GET", signal, () => client.get(path, name, signal)),
    list: (path, query, signal) => run("LIST", signal, () => client.list(path, query, signal)),
    create: (path, object, query, signal) =>
      run("POST", signal, () => client.create(path, object, query, signal)),
    update: (path, object, query, signal) =>
      run("PUT", signal, () => client.update(path, object, query, signal)),
    patch: (path, name, patch, query, signal) =>
      run("PATCH", signal, () => client.patch(path, name, patch, query, signal)),
    delete: (path, name, query, signal) =>
      run("DELETE", signal, () => client.delete(path, name, query, signal)),
    deleteCollection: (path, query, signal) =>
      run("DELETE", signal, () => client.deleteCollection(path, query, signal)),
    raw: (request, signal) =>
      run(
        request.method,
        signal,
        () => client.raw(request, signal),
        ({ status }) => status,
      ),
    async *watch(path, query, signal) {
      await observer.before(signal);
      const startedMs = performance.now();
      let isOpen = false;
      const tell = (code: number, verdict: RequestVerdict): void =>
        observer.after("WATCH", code, verdict, performance.now() - startedMs);
      const onOpen = (): void => {
        isOpen = true;
        tell(200, { kind: "fine" });
        query.onOpen?.();
      };
      try {
        yield* client.watch(path, { ...query, onOpen }, signal);
      } catch (error) {
        if (!signal.aborted && !isOpen) tell(codeOfError(error), verdictOfError(error));
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

/** The status code of what was thrown; 0 where there was no answer. */
export function codeOfError(error: unknown): number {
  return error instanceof StatusError ? error.code : 0;
}

function verdictOfError(error: unknown): RequestVerdict {
  if (error instanceof ConnectionError) {
    return error.code === "ETIMEDOUT" ? { kind: "overload", cause: "timeout" } : { kind: "fine" };
  }
  if (!(error instanceof StatusError)) return { kind: "fine" };
  const seconds = error.details?.retryAfterSeconds;
  const verdict = verdictOfCode(error.code);
  if (verdict.kind === "fine" || seconds === undefined) return verdict;
  return { ...verdict, retryAfterMs: seconds * 1000 };
}

function verdictOfCode(code: number): RequestVerdict {
  if (code === 429) return { kind: "overload", cause: "429" };
  return code >= 500 ? { kind: "overload", cause: "5xx" } : { kind: "fine" };
}
