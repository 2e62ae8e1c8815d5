/** What is said of a segmentation as a whole, and what its measure is called. */
import type { TermId } from './glossary';

export type Verdict = 'natural' | 'reproducible' | 'constructed';

/** Said where no stable groups were found, on every page that shows them. */
export const CONSTRUCTED =
  'No stable groups were found in these columns. What you see is a fixed way to cut, not a discovery. Do not read them as kinds of people.';

const SHORT: Record<Verdict, string> = {
  natural: 'Natural groups: there are gaps between them, and they come back.',
  reproducible: 'Reproducible cuts, not natural groups.',
  constructed: CONSTRUCTED,
};

export const verdictOf = (told: string | null | undefined): Verdict | null =>
  told === 'natural' || told === 'reproducible' || told === 'constructed' ? told : null;

export const shortVerdict = (verdict: Verdict): string => SHORT[verdict];

/** The verdict as one lead sentence; `back` is the share of memberships that come back. */
export function verdictSentence(verdict: Verdict, back: number | null): string {
  if (verdict !== 'reproducible') return SHORT[verdict];
  const gaps = 'here are no empty gaps between the groups.';
  if (back === null) return `${SHORT.reproducible} T${gaps}`;
  const again = `about ${Math.round(back * 100)} in 100 memberships come back`;
  return `${SHORT.reproducible} Refitted on resampled customers, ${again}; t${gaps}`;
}

export interface Measure {
  name: string;
  term: TermId;
  /** What 100 would be. */
  ceiling: string;
  /** Said where nothing is proven on later behaviour, of data with dates or without. */
  instead?: (found: number, dated: boolean) => string;
}

const EACH = '100 = a model made for each single customer.';

const MEASURES: Record<string, Measure> = {
  'out-of-time': { name: 'Holds later', term: 'holds-later', ceiling: EACH },
  outcome: { name: 'Outcome told', term: 'outcome-told', ceiling: EACH },
  'leave-one-out': {
    name: 'Columns told',
    term: 'columns-told',
    ceiling: '100 = a model of all other columns.',
    instead: (found, dated) => {
      const why = dated
        ? 'Nothing is proven on later behaviour here.'
        : 'No dates here, so nothing can be proven on later behaviour.';
      return `${why} Instead each column was predicted from the others: ${Math.round(found * 100)} of 100.`;
    },
  },
};

export const measureOf = (method: string): Measure =>
  MEASURES[method] ?? { name: 'Holds later', term: 'holds-later', ceiling: EACH };

const ALGORITHMS: Record<string, string> = {
  agglomerative: 'Average linkage',
  'bisecting-kmeans': 'Bisecting k-means',
  dbscan: 'DBSCAN',
  'gaussian-mixture': 'Gaussian mixture',
  hdbscan: 'HDBSCAN',
  kmeans: 'k-means',
  'latent-class': 'Latent classes',
  'rfm-cells': 'RFM cells',
  'rfm-grid': 'RFM grid',
  som: 'Self-organising map',
  spectral: 'Spectral clustering',
  tree: 'A tree of customer value',
  ward: 'Ward’s method',
};

export const algorithmWords = (name: string): string => ALGORITHMS[name] ?? name;
