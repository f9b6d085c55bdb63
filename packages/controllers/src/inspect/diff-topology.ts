import type { KubernetesObject } from "@cellplane/apimachinery";
import {
  type DiffBasis,
  diffMember,
  joinedClusterOf,
  liveOf,
  type MemberDiff,
  type MemberObjectRef,
  type MemberStates,
  overlayObject,
  type RenderingWrite,
  type WritePreview,
} from "@cellplane/federation";
import type { RestClient } from "@cellplane/client";
import { parseApiVersion } from "../shared/parse-api-version.ts";
import { type InspectedControllers, type InspectedObject, refusalOf } from "./inspected-object.ts";

const askWithinMs = 5000;

/** What the members are asked by. */
export interface DiffContext {
  readonly inspected: InspectedObject;
  readonly controllers: InspectedControllers;
  readonly revision: number;
}

/** Compares one topology's object, by the member's own dry run where it can be asked. */
export async function diffTopology(
  preview: WritePreview,
  context: DiffContext,
  signal: AbortSignal,
): Promise<MemberDiff> {
  const { current, next } = preview;
  const found = await statesOf(preview, context, signal);
  const { lastWritten, live, toApply, ...changes } = diffMember(found.states);
  const { topology, cluster = "", member, target, inMask, status, revision } = current;
  return {
    topology,
    cluster,
    kubeFedCluster: member,
    target: target === undefined ? null : targetOf(next.target ?? target),
    operation: next.operation.kind,
    inMask,
    status,
    fromRevision: revision ?? null,
    toRevision: context.revision,
    basis: found.basis,
    messages: found.messages,
    ...changes,
    lastWritten: lastWritten ?? null,
    live: live ?? null,
    toApply: toApply ?? null,
  };
}

function targetOf(ref: MemberObjectRef): Omit<MemberObjectRef, "resource"> {
  const { resource: _, ...target } = ref;
  return target;
}

interface FoundStates {
  readonly states: MemberStates;
  readonly basis: DiffBasis;
  readonly messages: readonly string[];
}

async function statesOf(
  preview: WritePreview,
  context: DiffContext,
  signal: AbortSignal,
): Promise<FoundStates> {
  const { current, next, isOurs, lastWritten } = preview;
  const nothing = { lastWritten: undefined, live: undefined, toApply: undefined };
  if (!isOurs || current.status === "TopologyNotFound") {
    const why = next.status === "" ? current.reason : next.reason;
    return { states: nothing, basis: "NoWrite", messages: [why] };
  }
  const live = liveIn(current.member, context.inspected);
  const asking = { preview, live, context };
  const held = current.status === "" ? [] : [current.reason];
  const before =
    lastWritten.kind === "write"
      ? await ask(lastWritten.write, asking, signal)
      : { object: lastWritten.kind === "live" ? live : undefined, refusal: undefined };
  const unknown = lastWritten.kind === "unknown" && live ? [unknownWords(lastWritten.why)] : [];
  const { operation } = next;
  if (operation.kind !== "create" && operation.kind !== "update") {
    const refused = next.status === "" || next.status === current.status ? [] : [next.reason];
    const stays = operation.kind !== "delete";
    return {
      states: { lastWritten: before.object, live, toApply: stays ? live : undefined },
      basis: "NoWrite",
      messages: [...held, ...unknown, ...refused],
    };
  }
  const after = await ask(operation, asking, signal);
  const refusal = after.refusal === undefined ? [] : [after.refusal];
  return {
    states: { lastWritten: before.object, live, toApply: after.object },
    basis: after.refusal === undefined ? "ServerDryRun" : "LocalRendering",
    messages: [...held.filter((each) => !refusal.includes(each)), ...unknown, ...refusal],
  };
}

function unknownWords(why: string): string {
  return `what was last written is not known: ${why}`;
}

function liveIn(
  member: string,
  { view, controller }: InspectedObject,
): KubernetesObject | undefined {
  const found = view.members.get(member);
  const live = found && liveOf(found);
  if (!live) return undefined;
  // Items of a list come without them.
  const { kind, group = "", version } = controller.type.typeConfig.targetType;
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return { apiVersion, kind, ...live };
}

interface Asking {
  readonly preview: WritePreview;
  readonly live: KubernetesObject | undefined;
  readonly context: DiffContext;
}

/** What the member would store; the rendering itself where it cannot say, and why it cannot. */
async function ask(
  write: RenderingWrite,
  { preview, live, context }: Asking,
  signal: AbortSignal,
): Promise<{ readonly object: KubernetesObject; readonly refusal: string | undefined }> {
  const local = live ? overlayObject(live, write.object) : write.object;
  const { unreadable, current, next } = preview;
  if (unreadable !== undefined) return { object: local, refusal: unreadable };
  const client = clientOf(current.member, context);
  const target = next.target ?? current.target;
  if (!client || !target) {
    return { object: local, refusal: "the cluster cannot be reached" };
  }
  const within = AbortSignal.any([signal, AbortSignal.timeout(askWithinMs)]);
  try {
    return { object: await dryRun(client, target, write, within), refusal: undefined };
  } catch (error) {
    signal.throwIfAborted();
    const isSecret = write.object.kind === "Secret";
    const refusal = `the member did not answer the dry run: ${refusalOf(error, isSecret)}`;
    return { object: local, refusal };
  }
}

function clientOf(member: string, { inspected, controllers }: DiffContext): RestClient | undefined {
  const found = inspected.view.members.get(member);
  return found && controllers.pool.get(joinedClusterOf(found.cluster))?.client;
}

function dryRun(
  client: RestClient,
  { apiVersion, resource, namespace }: MemberObjectRef,
  write: RenderingWrite,
  signal: AbortSignal,
): Promise<KubernetesObject> {
  const home = namespace === undefined ? {} : { namespace };
  const path = { ...parseApiVersion(apiVersion), resource, ...home };
  return write.kind === "create"
    ? client.create(path, write.object, { dryRun: true }, signal)
    : client.update(path, write.object, { dryRun: true }, signal);
}
