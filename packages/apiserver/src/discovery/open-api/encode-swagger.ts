import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "@cellplane/apimachinery";
import { encodeSwaggerSchema, writeExtensions, writeStrings } from "./encode-swagger-schema.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/**
 * A Swagger 2.0 document as protobuf, which kubectl up to 1.26 asks for. The messages are those of
 * gnostic's `openapi.v2.Document`.
 */
export function encodeSwagger(document: JsonObject): Buffer {
  const writer = new ProtobufWriter();
  writer.string(1, document["swagger"]);
  writer.message(2, () => {
    const info = memberOf(document, "info");
    writer.string(1, info["title"]);
    writer.string(2, info["version"]);
  });
  writer.message(8, () => {
    for (const [path, item] of Object.entries(memberOf(document, "paths")))
      writeNamed(writer, 2, path, () => writePathItem(writer, objectOf(item)));
  });
  writer.message(9, () => {
    for (const [name, schema] of Object.entries(memberOf(document, "definitions")))
      writeNamed(writer, 1, name, () => encodeSwaggerSchema(writer, objectOf(schema)));
  });
  return writer.finish();
}

const methodFields = { get: 2, put: 3, post: 4, delete: 5, patch: 8 } as const;

function writePathItem(writer: ProtobufWriter, item: JsonObject): void {
  for (const [method, field] of Object.entries(methodFields)) {
    const operation = item[method];
    if (isJsonObject(operation)) writer.message(field, () => writeOperation(writer, operation));
  }
  for (const parameter of listOf(item["parameters"])) writeParameter(writer, 9, parameter);
}

function writeOperation(writer: ProtobufWriter, operation: JsonObject): void {
  writeStrings(writer, 1, operation["tags"]);
  writer.string(3, operation["description"]);
  writer.string(5, operation["operationId"]);
  writeStrings(writer, 6, operation["produces"]);
  writeStrings(writer, 7, operation["consumes"]);
  for (const parameter of listOf(operation["parameters"])) writeParameter(writer, 8, parameter);
  writer.message(9, () => {
    for (const [status, response] of Object.entries(memberOf(operation, "responses")))
      writeNamed(writer, 1, status, () => writeResponse(writer, objectOf(response)));
  });
  writeExtensions(writer, 13, operation);
}

function writeResponse(writer: ProtobufWriter, response: JsonObject): void {
  writer.message(1, () => {
    writer.string(1, response["description"]);
    const { schema } = response;
    if (isJsonObject(schema))
      writer.message(2, () => writer.message(1, () => encodeSwaggerSchema(writer, schema)));
  });
}

function writeParameter(writer: ProtobufWriter, field: number, parameter: JsonObject): void {
  const isBody = parameter["in"] === "body";
  writer.message(field, () =>
    writer.message(1, () =>
      isBody
        ? writer.message(1, () => writeBodyParameter(writer, parameter))
        : writer.message(2, () => writePlainParameter(writer, parameter)),
    ),
  );
}

function writeBodyParameter(writer: ProtobufWriter, parameter: JsonObject): void {
  writer.string(2, parameter["name"]);
  writer.string(3, parameter["in"]);
  writer.bool(4, parameter["required"]);
  writer.message(5, () => encodeSwaggerSchema(writer, memberOf(parameter, "schema")));
}

function writePlainParameter(writer: ProtobufWriter, parameter: JsonObject): void {
  const isQuery = parameter["in"] === "query";
  writer.message(isQuery ? 3 : 4, () => {
    writer.bool(1, parameter["required"]);
    writer.string(2, parameter["in"]);
    writer.string(4, parameter["name"]);
    writer.string(isQuery ? 6 : 5, parameter["type"]);
    writer.bool(isQuery ? 20 : 19, parameter["uniqueItems"]);
  });
}

function writeNamed(
  writer: ProtobufWriter,
  field: number,
  ...[name, write]: readonly [string, () => void]
): void {
  writer.message(field, () => {
    writer.string(1, name);
    writer.message(2, write);
  });
}

function memberOf(holder: JsonObject, name: string): JsonObject {
  return objectOf(holder[name]);
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter((each) => isJsonObject(each)) : [];
}
