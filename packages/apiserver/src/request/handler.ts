import type { ApiResponse } from "./api-response.ts";

/** Answers a request. Refuses by throwing a `StatusError`. */
export type Handler<Req> = (request: Req) => Promise<ApiResponse> | ApiResponse;

/** One step of the way of a request: asks for `In`, hands on `Out`. */
export type Stage<In, Out> = (
  request: In,
  next: Handler<Out>,
) => Promise<ApiResponse> | ApiResponse;

/** A way under construction: requests come in as `In`, and are `Out` after the last stage so far. */
export interface Way<In, Out> {
  through<More extends Out>(stage: Stage<Out, More>): Way<In, More>;
  into(handler: Handler<Out>): Handler<In>;
}

/** Starts a way; the first stage given is the first that a request passes. */
export function receive<In>(): Way<In, In> {
  return extendWay<In, In>((handler) => handler);
}

function extendWay<In, Out>(build: (handler: Handler<Out>) => Handler<In>): Way<In, Out> {
  return {
    through: <More extends Out>(stage: Stage<Out, More>) =>
      extendWay<In, More>((handler) => build((request) => stage(request, handler))),
    into: build,
  };
}
