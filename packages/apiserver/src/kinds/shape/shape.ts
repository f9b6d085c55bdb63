import shapes from "./shapes.json" with { type: "json" };

/** What stands under a field: which scalar form is canonical, or which struct it is. */
export type ShapeLeaf =
  | "plain"
  | "quantity"
  | "time"
  | "microTime"
  | "intOrString"
  | "raw"
  | "other"
  | { readonly struct: string };

/** How one field of a built-in type is written when it is empty. */
export interface ShapeField {
  /** Lists and maps around the leaf, outermost first. */
  readonly containers: readonly ("list" | "map")[];
  readonly leaf: ShapeLeaf;
  /** A zero value is a value of its own and kept (`replicas: 0`); else it is left out. */
  readonly keepsZero: boolean;
  /** What is written where the field is absent: `undefined` for nothing. */
  readonly absent: "zero" | "null" | undefined;
  /** The scalar's zero value. */
  readonly zero: "" | 0 | false | null;
}

/** The fields of one struct that need more than "leave out if empty". */
export type Shape = ReadonlyMap<string, ShapeField>;

const leaves: Readonly<Record<string, ShapeLeaf>> = {
  s: "plain",
  n: "plain",
  l: "plain",
  b: "plain",
  q: "quantity",
  t: "time",
  m: "microTime",
  i: "intOrString",
  r: "raw",
  o: "other",
};
const zeros: Readonly<Record<string, "" | 0 | false | null>> = { s: "", n: 0, l: false, i: 0 };

const table: Readonly<Record<string, string>> = shapes;
const compiled = new Map<string, Shape>();

/**
 * The shape of a type such as `core.v1.Pod`; of an unknown one, an empty map. `shapes.json` holds
 * facts about the Go types of Kubernetes 1.36: a line a type, and in it
 * `field[!always written | ^null when absent | ?zero kept]:[list]{map}type`.
 */
export function shapeOf(type: string): Shape {
  const known = compiled.get(type);
  if (known) return known;
  const fields = (table[type] ?? "").split(" ").filter((each) => each !== "");
  const shape = new Map(fields.map(parseField));
  compiled.set(type, shape);
  return shape;
}

function parseField(text: string): [string, ShapeField] {
  const [head = "", tail = "s"] = text.split(":");
  const flag = head.at(-1) ?? "";
  const flagged = flag === "!" || flag === "^" || flag === "?";
  const containers: ("list" | "map")[] = [];
  let type = tail;
  while (type.startsWith("[]") || type.startsWith("{}")) {
    containers.push(type.startsWith("[]") ? "list" : "map");
    type = type.slice(2);
  }
  return [
    flagged ? head.slice(0, -1) : head,
    {
      containers,
      leaf: leaves[type] ?? { struct: type },
      keepsZero: flagged,
      absent: flag === "!" ? "zero" : flag === "^" ? "null" : undefined,
      zero: zeros[type] ?? null,
    },
  ];
}
