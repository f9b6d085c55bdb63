/** Paths of the keys that stand more than once in one object of a JSON text, as Kubernetes names them. */
export function findDuplicateFields(text: string): readonly string[] {
  const found: string[] = [];
  const scan = new KeyScan(text, (path) => found.push(path));
  scan.value("");
  return [...new Set(found)];
}

/** Walks valid JSON; only keys are decoded. */
class KeyScan {
  readonly #text: string;
  readonly #onDuplicate: (path: string) => void;
  #at = 0;

  constructor(text: string, onDuplicate: (path: string) => void) {
    this.#text = text;
    this.#onDuplicate = onDuplicate;
  }

  value(path: string): void {
    this.#space();
    const char = this.#text.charAt(this.#at);
    if (char === "{") this.#object(path);
    else if (char === "[") this.#array(path);
    else if (char === '"') this.#skipString();
    else while (!",]} \t\r\n".includes(this.#text.charAt(this.#at) || ",")) this.#at += 1;
  }

  #object(path: string): void {
    const seen = new Set<string>();
    this.#at += 1;
    for (this.#space(); this.#text.charAt(this.#at) !== "}"; this.#space()) {
      const key = this.#key();
      const inner = path === "" ? key : `${path}.${key}`;
      if (seen.has(key)) this.#onDuplicate(inner);
      seen.add(key);
      this.#space();
      this.#at += 1;
      this.value(inner);
      this.#space();
      if (this.#text.charAt(this.#at) === ",") this.#at += 1;
    }
    this.#at += 1;
  }

  #array(path: string): void {
    this.#at += 1;
    let index = 0;
    for (this.#space(); this.#text.charAt(this.#at) !== "]"; this.#space()) {
      this.value(`${path}[${index}]`);
      index += 1;
      this.#space();
      if (this.#text.charAt(this.#at) === ",") this.#at += 1;
    }
    this.#at += 1;
  }

  #key(): string {
    const start = this.#at;
    this.#skipString();
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #skipString(): void {
    for (;;) {
      const quote = this.#text.indexOf('"', this.#at + 1);
      let backslashes = 0;
      while (this.#text.charAt(quote - 1 - backslashes) === "\\") backslashes += 1;
      this.#at = quote;
      if (backslashes % 2 === 0) break;
    }
    this.#at += 1;
  }

  #space(): void {
    while (" \t\r\n".includes(this.#text.charAt(this.#at) || "x")) this.#at += 1;
  }
}
