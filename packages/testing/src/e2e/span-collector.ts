import {
  bytes,
  field,
  GrpcServer,
  handleUnary,
  int32,
  list,
  type MessageType,
  messageType,
  nested,
  optional,
  text,
  type UnaryMethod,
} from "@cellplane/grpc";
import { waitFor } from "./wait-for.ts";

// Of OTLP (opentelemetry/proto/collector/trace/v1) what tests look at.
interface AnyValue {
  readonly text: string;
}
interface KeyValue {
  readonly key: string;
  readonly value: AnyValue | undefined;
}
interface Status {
  readonly message: string;
  readonly code: number;
}
interface WireSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly name: string;
  readonly attributes: readonly KeyValue[];
  readonly status: Status | undefined;
}
interface ScopeSpans {
  readonly spans: readonly WireSpan[];
}
interface Resource {
  readonly attributes: readonly KeyValue[];
}
interface ResourceSpans {
  readonly resource: Resource | undefined;
  readonly scopes: readonly ScopeSpans[];
}
interface ExportRequest {
  readonly resources: readonly ResourceSpans[];
}

const anyValue: MessageType<AnyValue> = messageType({ text: field(1, text) });
const keyValue: MessageType<KeyValue> = messageType({
  key: field(1, text),
  value: optional(
    2,
    nested(() => anyValue),
  ),
});
const status: MessageType<Status> = messageType({ message: field(2, text), code: field(3, int32) });
const wireSpan: MessageType<WireSpan> = messageType({
  traceId: field(1, bytes),
  spanId: field(2, bytes),
  parentSpanId: field(4, bytes),
  name: field(5, text),
  attributes: list(
    9,
    nested(() => keyValue),
  ),
  status: optional(
    15,
    nested(() => status),
  ),
});
const scopeSpans: MessageType<ScopeSpans> = messageType({
  spans: list(
    2,
    nested(() => wireSpan),
  ),
});
const resource: MessageType<Resource> = messageType({
  attributes: list(
    1,
    nested(() => keyValue),
  ),
});
const resourceSpans: MessageType<ResourceSpans> = messageType({
  resource: optional(
    1,
    nested(() => resource),
  ),
  scopes: list(
    2,
    nested(() => scopeSpans),
  ),
});
const exportMethod: UnaryMethod<ExportRequest, object> = {
  kind: "unary",
  path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  request: messageType<ExportRequest>({
    resources: list(
      1,
      nested(() => resourceSpans),
    ),
  }),
  response: messageType<object>({}),
};

/** A span that came; ids in hex. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** Those that are texts. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Empty unless it failed. */
  readonly failure: string;
}

/** Takes spans by OTLP over gRPC, as a collector does. */
export class SpanCollector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  readonly #server: GrpcServer;
  #port = 0;

  private constructor() {
    this.#server = new GrpcServer({
      handlers: [
        handleUnary(exportMethod, async ({ resources }) => {
          this.spans.push(...resources.flatMap(collect));
          return {};
        }),
      ],
      onError: (error) => {
        throw error;
      },
    });
  }

  static async open(): Promise<SpanCollector> {
    const collector = new SpanCollector();
    const address = await collector.#server.listen({ host: "127.0.0.1", port: 0 });
    collector.#port = "port" in address ? address.port : 0;
    return collector;
  }

  /** `host:port`. */
  get endpoint(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The span of a name in a trace, once it came. */
  find(traceId: string, name: string): Promise<CollectedSpan> {
    return waitFor(`the span ${name} of ${traceId}`, async () =>
      this.spans.find((span) => span.traceId === traceId && span.name === name),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.close(0);
  }
}

function collect({ resource: of, scopes }: ResourceSpans): readonly CollectedSpan[] {
  const service = textsOf(of?.attributes ?? []).get("service.name") ?? "";
  return scopes
    .flatMap(({ spans }) => spans)
    .map((span) => ({
      service,
      name: span.name,
      traceId: hex(span.traceId),
      spanId: hex(span.spanId),
      parentSpanId: hex(span.parentSpanId),
      attributes: textsOf(span.attributes),
      failure: span.status?.code === 2 ? span.status.message : "",
    }));
}

function textsOf(attributes: readonly KeyValue[]): ReadonlyMap<string, string> {
  return new Map(attributes.map(({ key, value }) => [key, value?.text ?? ""]));
}

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString("hex");
}
