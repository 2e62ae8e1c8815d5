/** The words that a page may use without explaining them where they stand. */
export const GLOSSARY = {
  'as-of': [
    'As of',
    'Everything on the page is what was known at the end of this day. Later orders are not in it.',
  ],
  range: [
    'Range',
    'If we drew customers like yours again, 95 in 100 such ranges would hold the true value.',
  ],
  median: ['Median', 'Half of the customers lie below this value, half above.'],
  'holds-later': [
    'Holds later',
    'How much of what tells customers apart later the segments told beforehand; 100 is a model made for each single customer.',
  ],
  'outcome-told': [
    'Outcome told',
    'How much of the outcome column the segments tell; 100 is a model made for each single customer.',
  ],
  'columns-told': [
    'Columns told',
    'How well the segments tell each column from the others; 100 is a model of all other columns.',
  ],
  'comes-back': [
    'Comes back',
    'Of 100 memberships, how many come back when the segments are made again from other customers like yours.',
  ],
  'told-by-rules': [
    'Told by rules',
    'Of 100 customers, how many plain rules put into the segment they are in.',
  ],
  'big-enough': ['Big enough', 'Whether the smallest segment has enough customers to act on.'],
  rest: ['The rest', 'All customers who are not in this segment.'],
  fit: ['Fit', 'How clearly a customer is in the segment rather than in the next nearest.'],
  stability: [
    'Comes back',
    'Of 100 memberships, how many come back when the segments are made again from other customers like yours.',
  ],
  'above-in-100': [
    'Above … in 100',
    'Take one customer of the segment and one of the rest: so often, of 100 times, the first has more.',
  ],
  lift: [
    'Times as often',
    'How many times as often customers of this segment buy it, against all customers.',
  ],
  candidate: ['Candidate', 'A run that is kept but not published. Looking at it changes nothing.'],
  expected: [
    'Expected spend',
    'What a model that was checked on past orders expects the customer to spend within the horizon.',
  ],
} as const satisfies Record<string, readonly [string, string]>;

export type TermId = keyof typeof GLOSSARY;
