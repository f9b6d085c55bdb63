/** `metav1.LabelSelector` as JSON. */
export type LabelSelectorObject = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelSelectorExpression[];
};

/** One expression of a label selector. */
export type LabelSelectorExpression = {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
};
