import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { GLOSSARY, type TermId } from '@/lib/glossary';
import classes from './Term.module.css';

/** A word with its meaning, on focus and on hover. */
export function Term({ id, children }: { id: TermId; children?: ReactNode }) {
  const [word, meaning] = GLOSSARY[id];
  return (
    <Tooltip label={meaning}>
      <button type="button" data-term className={classes.term}>
        {children ?? word}
      </button>
    </Tooltip>
  );
}
