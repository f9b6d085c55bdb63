import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import { type OpenApiParts, sortKeys } from "./build-open-api-v3.ts";
import { toSwaggerSchema } from "./swagger-schema.ts";

const methods = ["get", "put", "post", "delete", "patch"] as const;

/** A Swagger 2.0 document of the same paths and schemas. */
export function renderOpenApiV2(parts: OpenApiParts, version: string): JsonObject {
  const definitions = Object.fromEntries(
    Object.entries(parts.schemas).map(([name, schema]) => [
      name,
      toSwaggerSchema(schema, { isRoot: true }),
    ]),
  );
  const paths = Object.fromEntries(
    Object.entries(parts.paths).map(([path, item]) => [path, toSwaggerPath(item)]),
  );
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths: sortKeys(paths),
    definitions: sortKeys(definitions),
  };
}

function toSwaggerPath(item: JsonObject): JsonObject {
  const operations = methods.flatMap((method) => {
    const operation = item[method];
    return isJsonObject(operation) ? [[method, toSwaggerOperation(operation)] as const] : [];
  });
  const parameters = listOf(item["parameters"]).map(toSwaggerParameter);
  return { ...Object.fromEntries(operations), ...(parameters.length > 0 ? { parameters } : {}) };
}

function toSwaggerOperation(operation: JsonObject): JsonObject {
  const { requestBody, responses, parameters, ...rest } = operation;
  const body = isJsonObject(requestBody) ? contentOf(requestBody) : undefined;
  const answers = isJsonObject(responses) ? Object.entries(responses) : [];
  const [, ok] = answers[0] ?? [];
  return {
    ...rest,
    consumes: body && !body.types.includes("*/*") ? body.types : ["*/*"],
    produces: isJsonObject(ok) ? (contentOf(ok)?.types ?? []) : [],
    parameters: [
      ...(body
        ? [
            {
              name: "body",
              in: "body",
              required: isJsonObject(requestBody) && requestBody["required"] === true,
              schema: body.schema,
            },
          ]
        : []),
      ...listOf(parameters).map(toSwaggerParameter),
    ],
    responses: Object.fromEntries(
      answers.map(([status, answer]) => [status, toSwaggerResponse(answer)]),
    ),
  };
}

function toSwaggerResponse(answer: JsonValue | undefined): JsonObject {
  if (!isJsonObject(answer)) return {};
  const content = contentOf(answer);
  return {
    description: answer["description"] ?? "",
    ...(content ? { schema: content.schema } : {}),
  };
}

function toSwaggerParameter(parameter: JsonObject): JsonObject {
  const { schema, ...rest } = parameter;
  return { ...rest, ...(isJsonObject(schema) ? schema : {}) };
}

function contentOf(
  holder: JsonObject,
): { readonly types: readonly string[]; readonly schema: JsonObject } | undefined {
  const { content } = holder;
  if (!isJsonObject(content)) return undefined;
  const first = Object.values(content)[0];
  const schema = isJsonObject(first) && isJsonObject(first["schema"]) ? first["schema"] : {};
  return { types: Object.keys(content), schema: toSwaggerSchema(schema, { isRoot: false }) };
}

function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter((each) => isJsonObject(each)) : [];
}
