/** The first rows of a text file, as they stand in it; only to be looked at. */

const BYTES = 65_536;
const ROWS = 20;
const SEPARATORS = [',', ';', '\t', '|'];

export interface Preview {
  columns: string[];
  rows: string[][];
}

const seen = new Map<string, Preview>();

export const remember = (upload: string, preview: Preview): void => void seen.set(upload, preview);
export const recall = (upload: string): Preview | undefined => seen.get(upload);

/** Return the first rows, or null if this is no plain text. */
export async function previewOf(file: File): Promise<Preview | null> {
  if (!/\.(csv|tsv|txt)$/i.test(file.name)) return null;
  const words = await file.slice(0, BYTES).text();
  const head = words.slice(0, words.search(/\r?\n/) >>> 0);
  const count = (mark: string) => head.split(mark).length;
  const separator = SEPARATORS.reduce((best, mark) => (count(mark) > count(best) ? mark : best));
  const rows = cellsOf(words.replace(/^\ufeff/, ''), separator, ROWS + 1);
  const [columns = [], ...rest] = rows;
  return { columns, rows: rest };
}

/** Split text into cells; quotes may hold separators, line breaks and doubled quotes. */
export function cellsOf(words: string, separator: string, most: number): string[][] {
  const rows: string[][] = [];
  let [row, cell, quoted] = [[] as string[], '', false];
  for (let at = 0; at < words.length && rows.length < most; at += 1) {
    const letter = words[at];
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (words[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (letter === '"' && cell === '') quoted = true;
    else if (letter === separator) {
      row.push(cell);
      cell = '';
    } else if (letter === '\n') {
      rows.push([...row, cell.replace(/\r$/, '')]);
      [row, cell] = [[], ''];
    } else cell += letter;
  }
  if (rows.length < most && (cell || row.length)) rows.push([...row, cell]);
  return rows;
}
