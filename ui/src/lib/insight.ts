/** The sentences of a run: their parts written as numbers are written here. */
import type { InsightPart } from '@/api/overview';
import { count, estimate, quantity, range, shareInWords } from './format';

const writer = (unit: string, currency: string) => (x: number) => {
  if (unit === 'share') return shareInWords(x);
  if (unit === 'money') return estimate(x, currency);
  if (unit === 'count') return count(x);
  return quantity(x, unit, currency);
};

/** A number of a sentence, with its range behind it where it has one. */
export function writePart(part: InsightPart, currency: string): string {
  if (part.value === undefined) return part.text ?? '';
  const write = writer(part.unit ?? 'count', currency);
  const { low, high } = part;
  if (low == null || high == null) return write(part.value);
  return `${write(part.value)} (${range(low, high, write)})`;
}

/** A whole sentence as text. */
export const sentenceOf = (
  parts: InsightPart[],
  names: ReadonlyMap<string, string>,
  currency: string,
): string =>
  parts
    .map((part) =>
      part.segment ? (names.get(part.segment) ?? part.segment) : writePart(part, currency),
    )
    .join('');
