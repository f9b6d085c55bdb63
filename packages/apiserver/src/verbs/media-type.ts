import { StatusError } from "@cellplane/apimachinery";

/** How bytes are written. */
export type Encoding = "json" | "yaml" | "protobuf";

/** What of an object is written: all of it, a Table, or its metadata. */
export type Shape = "object" | "table" | "partial";

/** The form in which a request wants its answer. */
export interface AnswerForm {
  readonly encoding: Encoding;
  readonly shape: Shape;
  /** `meta.k8s.io/v1` or `/v1beta1`; of a Table or PartialObjectMetadata. */
  readonly metaVersion: string;
  /** Whether the list form was asked for (`PartialObjectMetadataList`). */
  readonly asList: boolean;
  /** Whether the type was chosen for a parameter `pretty=1` of it. */
  readonly pretty: boolean;
}

/** What an endpoint can answer. */
export interface Offer {
  readonly encodings: readonly Encoding[];
  /** What an unknown type is told to be available; absent: as any other. */
  readonly available?: string;
}

const mediaTypes: Readonly<Record<Encoding, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
};
const metaGroup = "meta.k8s.io";
const metaVersions = new Set(["v1", "v1beta1"]);
const shapes: Readonly<Record<string, { readonly shape: Shape; readonly asList: boolean }>> = {
  Table: { shape: "table", asList: false },
  PartialObjectMetadata: { shape: "partial", asList: false },
  PartialObjectMetadataList: { shape: "partial", asList: true },
};

/** Plain JSON: what most requests want. */
export const plainJson: AnswerForm = {
  encoding: "json",
  shape: "object",
  metaVersion: "v1",
  asList: false,
  pretty: false,
};

/** The media type of an encoding. */
export function mediaTypeOf(encoding: Encoding): string {
  return mediaTypes[encoding];
}

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/**
 * Chooses the first acceptable form, in the order of the client's preference.
 *
 * @throws {StatusError} 406
 */
export function negotiate(accept: string | undefined, offer: Offer): AnswerForm {
  if (accept === undefined || accept === "" || accept === "application/json" || accept === "*/*") {
    return plainJson;
  }
  const clauses = parseAccept(accept);
  for (const clause of clauses) {
    for (const encoding of offer.encodings) {
      if (!matches(clause.type, mediaTypes[encoding])) continue;
      const form = formOf(clause, encoding);
      if (form) return form;
    }
  }
  throw notAcceptable(clauses, offer);
}

function formOf({ parameters }: Clause, encoding: Encoding): AnswerForm | undefined {
  const pretty = parameters.get("pretty") === "1";
  const as = parameters.get("as");
  if (as === undefined)
    return pretty ? { ...plainJson, encoding, pretty } : { ...plainJson, encoding };
  const shape = shapes[as];
  const metaVersion = parameters.get("v") ?? "";
  if (!shape || parameters.get("g") !== metaGroup || !metaVersions.has(metaVersion)) {
    return undefined;
  }
  return { ...shape, encoding, metaVersion, pretty };
}

function notAcceptable(clauses: readonly Clause[], offer: Offer): StatusError {
  const names = offer.encodings.map((encoding) => mediaTypes[encoding]);
  const known = clauses.some((clause) => names.some((name) => matches(clause.type, name)));
  if (offer.available !== undefined && !known) {
    const message = `406: Not Acceptable\n\nAvailable representations: ${offer.available}`;
    return new StatusError("NotAcceptable", message, { details: {} });
  }
  const message = `only the following media types are accepted: ${names.join(", ")}`;
  return new StatusError("NotAcceptable", message);
}

function parseAccept(accept: string): readonly Clause[] {
  const clauses = accept.split(",").map(parseClause);
  return clauses.sort((a, b) => b.quality - a.quality);
}

function parseClause(text: string): Clause {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map(
    rest.map((part) => {
      const [key = "", value = ""] = part.split("=");
      return [key.trim(), value.trim()] as const;
    }),
  );
  const quality = Number(parameters.get("q") ?? "1");
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

function matches(pattern: string, type: string): boolean {
  return pattern === type || pattern === "*/*" || pattern === "application/*";
}
