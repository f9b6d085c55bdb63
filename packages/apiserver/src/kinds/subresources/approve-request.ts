import { notFound } from "@cellplane/apimachinery";
import type { ObjectHandler } from "../../registry/resource.ts";
import { objectAt, valueAt } from "../plain/plain.ts";

const requests = { group: "certificates.k8s.io", resource: "certificatesigningrequests" } as const;

/** `certificatesigningrequests/approval`: the conditions Approved and Denied. */
export const approveRequest: ObjectHandler = async ({ objects, name, object, verb }) => {
  const current = await objects.get(requests, name);
  if (!current) throw notFound({ ...requests, name });
  if (verb === "get" || !object) return current;
  const conditions = valueAt(object, "status", "conditions");
  return await objects.update(
    requests,
    name,
    (each) => ({
      ...each,
      status: {
        ...objectAt(each, "status"),
        ...(conditions === undefined ? {} : { conditions }),
      },
    }),
    "status",
  );
};
