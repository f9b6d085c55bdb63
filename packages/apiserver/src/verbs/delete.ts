import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { deleteObject, type DeleteResult } from "../registry/delete-object.ts";
import type { ApiResponse } from "../request/api-response.ts";
import { objectForm, type RequestedForm } from "./answer-form.ts";
import { answerObject } from "./answer-object.ts";
import { parseDeleteRequest } from "./delete-request.ts";
import { answerBytes, encodeAnswer } from "./encode-answer.ts";
import type { ResourceRequest, VerbDependencies } from "./resource-request.ts";
import { writeRequest } from "./write-target.ts";

/** DELETE of one object. */
export async function serveDelete(
  deps: VerbDependencies,
  target: ResourceRequest,
): Promise<ApiResponse> {
  const form = objectForm(target);
  const asked = await parseDeleteRequest(target);
  const { dryRun, fields } = asked;
  const write = writeRequest(deps, target, { kind: "DeleteOptions", dryRun, fields });
  const result = await deleteObject(write, asked.options);
  return await answerDeletion(target, { result, form, nowMs: deps.nowMs() });
}

async function answerDeletion(
  target: ResourceRequest,
  answer: {
    readonly result: DeleteResult;
    readonly form: RequestedForm;
    readonly nowMs: number;
  },
): Promise<ApiResponse> {
  const { result, form, nowMs } = answer;
  const { definition, request } = target;
  const showsObject =
    result.kind === "marked" || definition.strategy.deletion?.answersObject === true;
  if (showsObject) {
    return await answerObject(target, { status: 200, form, object: result.object, nowMs });
  }
  const encoded = encodeAnswer(success(target, result.object), form, target.protobuf);
  return await answerBytes(request, { status: 200, ...encoded });
}

function success({ definition }: ResourceRequest, object: KubernetesObject): JsonObject {
  const { name = "", uid = "" } = object.metadata;
  const { group, resource } = definition;
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, ...(group === "" ? {} : { group }), kind: resource, uid },
  };
}
