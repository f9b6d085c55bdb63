import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ApiResponse } from "../request/api-response.ts";
import type { RequestedForm } from "./answer-form.ts";
import { answerBytes, encodeAnswer } from "./encode-answer.ts";
import type { ResourceRequest } from "./resource-request.ts";
import { partialOf, tableOf } from "./shape-object.ts";

/** An object to answer. */
export interface ObjectAnswer {
  readonly status: number;
  readonly form: RequestedForm;
  readonly object: KubernetesObject;
  readonly nowMs: number;
}

/** Answers one object in the form that was asked for. */
export async function answerObject(
  target: ResourceRequest,
  answer: ObjectAnswer,
): Promise<ApiResponse> {
  const encoded = encodeAnswer(shape(target, answer), answer.form, target.protobuf);
  return await answerBytes(target.request, { status: answer.status, ...encoded });
}

function shape(target: ResourceRequest, { form, object, nowMs }: ObjectAnswer): JsonObject {
  switch (form.shape) {
    case "object":
      return object as unknown as JsonObject;
    case "partial":
      return partialOf(object, form.metaVersion);
    case "table": {
      const { resourceVersion = "" } = object.metadata;
      return tableOf([object], { resourceVersion }, { version: target.version, form, nowMs });
    }
  }
}
