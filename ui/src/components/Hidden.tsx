import { Tooltip } from '@mantine/core';

export type HiddenReason = 'few' | 'role' | 'stale' | 'unknown';

const WORDS: Record<HiddenReason, { short: string; why: string }> = {
  few: { short: '<25', why: 'Under 25 customers: hidden to protect them.' },
  role: { short: '●●●●', why: 'Names need the role Analyst.' },
  stale: { short: 'out of date', why: 'This was worked out for an earlier run.' },
  unknown: { short: 'not known', why: 'The data do not tell.' },
};

/** What stands where a number would: a word, never a blank, and why. */
export function Hidden({ reason, why, n }: { reason: HiddenReason; why?: string; n?: number }) {
  const words = WORDS[reason];
  const text = why ?? words.why;
  return (
    <Tooltip label={n === undefined ? text : `${text} There are ${n}.`}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the reason opens on focus as on hover */}
      <span className="secondary" tabIndex={0}>
        {words.short}
        <span className="unseen">. {text}</span>
      </span>
    </Tooltip>
  );
}
