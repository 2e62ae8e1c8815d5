/**
 * Changes of the settings that the server proposes: single lines of its own template, so that
 * the comments, which say why, stay. The server checks the whole before it takes it.
 */

export const text = (value: string): string => JSON.stringify(value).replace('\u007f', '\\u007f');

const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const key = (name: string) => (NAME.test(name) ? name : text(name));

export const inlineTable = (pairs: Record<string, string>): string =>
  `{ ${Object.entries(pairs)
    .map(([name, value]) => `${key(name)} = ${text(value)}`)
    .join(', ')} }`;

const blocks = (toml: string): string[][] => toml.split('\n\n').map((block) => block.split('\n'));
const joined = (parts: string[][]): string => parts.map((lines) => lines.join('\n')).join('\n\n');

/** Set a value in the block that has the header, such as "[project]"; null takes it out. */
export function set(toml: string, header: string, name: string, value: string | null): string {
  return change(toml, (lines) => lines.includes(header), name, value);
}

/** What of the settings makes a run one candidate. */
export interface Chosen {
  algorithm?: string | string[];
  k?: unknown;
  basis?: string;
}

/** The settings with a candidate named, in a block that is made if there is none. */
export function withChoice(toml: string, { algorithm, k, basis }: Chosen): string {
  if (typeof algorithm !== 'string' || typeof k !== 'number') return toml;
  const header = '[segmentation]';
  const there = blocks(toml).some((lines) => lines.includes(header));
  let found = there ? toml : `${toml.trimEnd()}\n\n${header}`;
  found = set(found, header, 'algorithm', text(algorithm));
  found = set(found, header, 'k', String(k));
  if (basis) found = set(found, header, 'basis', text(basis));
  return found.endsWith('\n') ? found : `${found}\n`;
}

/** Set a value of the source that reads a file. */
export function setOfSource(
  toml: string,
  file: string,
  name: string,
  value: string | null,
): string {
  return change(toml, (lines) => readsFile(lines, file), name, value);
}

const readsFile = (lines: string[], file: string): boolean =>
  lines.some((line) => line.replace(/^# /, '') === `file = ${text(file)}`);

function change(
  toml: string,
  wanted: (lines: string[]) => boolean,
  name: string,
  value: string | null,
): string {
  const parts = blocks(toml);
  const lines = parts.find(wanted);
  if (!lines) return toml;
  const at = lines.findIndex((line) => line.startsWith(`${name} = `));
  const line = value === null ? [] : [`${name} = ${value}`];
  if (at >= 0) lines.splice(at, 1, ...line);
  else if (value !== null) {
    const off = lines.findIndex((one) => one.startsWith(`# ${name} = `));
    if (off >= 0) lines.splice(off, 1, ...line);
    else lines.push(...line);
  }
  return joined(parts);
}

/** Use a source that was not usable before: its lines were marked off, as comments. */
export function activate(toml: string, file: string): string {
  const parts = blocks(toml);
  const lines = parts.find((block) => readsFile(block, file));
  if (!lines || lines.some((line) => line.startsWith('[sources.'))) return toml;
  const bare = lines.map((line) =>
    /^# (\[sources\.|(?!timestamp_format)[a-z_]+ = )/.test(line) ? line.slice(2) : line,
  );
  lines.splice(0, lines.length, ...bare);
  return joined(parts);
}

/** A name for a project, of a file's name: small letters, digits and hyphens. */
export function slug(name: string): string {
  const plain = name
    .replace(/\.(csv|tsv|txt|xlsx|xls|parquet|jsonl?|ndjson|gz|zst|bz2|xz|zip)(\.\w+)?$/i, '')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return plain.slice(0, 40).replace(/-+$/, '') || 'project';
}
