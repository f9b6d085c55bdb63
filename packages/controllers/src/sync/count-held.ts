import type { Informer } from "@cellplane/client";
import type { FederatedObject } from "@cellplane/federation";
import type { Gauge } from "@cellplane/metrics";

/** Keeps in a gauge how many topologies of these objects are held, until `signal` aborts. */
export function countHeld(
  objects: Informer<FederatedObject>,
  gauge: Gauge,
  signal: AbortSignal,
): void {
  let sum = 0;
  const add = (change: number): void => {
    if (change === 0) return;
    sum += change;
    gauge.add({}, change);
  };
  gauge.add({}, 0);
  objects.addHandler(
    {
      onAdd: (object) => add(heldIn(object)),
      onUpdate: (object, old) => {
        if (object.status !== old.status) add(heldIn(object) - heldIn(old));
      },
      onDelete: (object) => add(-heldIn(object)),
    },
    signal,
  );
  signal.addEventListener("abort", () => gauge.add({}, -sum), { once: true });
}

function heldIn({ status }: FederatedObject): number {
  return status?.clusters?.filter((each) => each.status === "Held").length ?? 0;
}
