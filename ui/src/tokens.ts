/**
 * Every colour of the application, once: text, surfaces, states and the twelve segments.
 * Tested against the contrast and the distances that the palette promises (tokens.test.ts).
 */

export type Theme = 'light' | 'dark';
type Pair = readonly [light: string, dark: string];

export const COLOURS = {
  page: ['#F7F8FA', '#121418'],
  card: ['#FFFFFF', '#1B1E24'],
  raised: ['#FFFFFF', '#22262D'],
  ink: ['#14181F', '#EEF1F5'],
  'ink-2': ['#465060', '#B7C0CC'],
  'ink-3': ['#5F6B7A', '#98A3B2'],
  edge: ['#7A8492', '#737D8C'],
  line: ['#DCE1E8', '#2E333C'],
  hover: ['#EFF1F5', '#262A32'],
  series: ['#3A4452', '#C3CAD4'],
  danger: ['#B3261E', '#FF8F85'],
  'danger-tint': ['#FDECEA', '#3A1B1A'],
  warn: ['#8A5300', '#F0B95A'],
  'warn-tint': ['#FFF4DC', '#362A12'],
  good: ['#17693B', '#6FCF97'],
  'good-tint': ['#E6F4EA', '#16301F'],
  less2: ['#C9DCF2', '#1F3F63'],
  less1: ['#E4EEF9', '#1E2C3C'],
  more1: ['#FBE6CF', '#3A2B19'],
  more2: ['#F5CB9C', '#5C3D17'],
} as const satisfies Record<string, Pair>;

export type Token = keyof typeof COLOURS;

export type Shape = 'circle' | 'square' | 'triangle' | 'diamond';

export interface Slot {
  readonly name: string;
  readonly shape: Shape;
  readonly colour: Pair;
}

/** Slot n of a segment is SLOTS[n - 1]; it is stored with the segment, never worked out. */
export const SLOTS: readonly Slot[] = [
  { name: 'blue', shape: 'circle', colour: ['#264AB6', '#5179E1'] },
  { name: 'amber', shape: 'square', colour: ['#A45A00', '#DC8834'] },
  { name: 'teal', shape: 'triangle', colour: ['#019F8C', '#79EBDC'] },
  { name: 'berry', shape: 'diamond', colour: ['#8B3260', '#C44381'] },
  { name: 'gold', shape: 'triangle', colour: ['#A58B08', '#FDDB6B'] },
  { name: 'violet', shape: 'square', colour: ['#9579E7', '#D7C2FF'] },
  { name: 'forest', shape: 'triangle', colour: ['#1B5D3D', '#72A37E'] },
  { name: 'rust', shape: 'circle', colour: ['#6D1F05', '#956954'] },
  { name: 'sky', shape: 'diamond', colour: ['#27799E', '#40A5DE'] },
  { name: 'rose', shape: 'circle', colour: ['#D66885', '#F4A1B5'] },
  { name: 'olive', shape: 'diamond', colour: ['#70824C', '#C0D49A'] },
  { name: 'plum', shape: 'square', colour: ['#4A176A', '#9A7AA4'] },
];

export interface Look {
  shape: Shape | 'cross';
  /** A CSS colour that follows the theme. */
  colour: string;
  hollow: boolean;
}

/** How a segment looks by its slot: past the twelfth the slots come again, hollow. */
export function lookOf(slot: number | null | undefined): Look {
  if (slot == null || slot < 1) return { shape: 'cross', colour: 'var(--edge)', hollow: true };
  const at = (slot - 1) % SLOTS.length;
  const shape = SLOTS[at]?.shape ?? 'circle';
  return { shape, colour: `var(--seg-${at + 1})`, hollow: slot > SLOTS.length };
}

/** The CSS variables of a theme. */
export function variables(theme: Theme): Record<string, string> {
  const at = theme === 'light' ? 0 : 1;
  const found: Record<string, string> = {};
  for (const [name, pair] of Object.entries(COLOURS)) found[`--${name}`] = pair[at];
  SLOTS.forEach((slot, n) => {
    found[`--seg-${n + 1}`] = slot.colour[at];
  });
  return found;
}
