import type { ReactNode } from 'react';
import classes from './Scrolled.module.css';

interface Props {
  /** What is in it, for readers; or the id of what names it. */
  label?: string;
  labelledBy?: string;
  busy?: boolean;
  children: ReactNode;
}

/** A wide table in its own frame: it is scrolled by keys, the page is not. */
export function Scrolled({ label, labelledBy, busy, children }: Props) {
  return (
    <section
      className={`sideways ${classes.scroll}`}
      aria-label={label}
      aria-labelledby={labelledBy}
      aria-busy={busy}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: without it keys could not scroll
      tabIndex={0}
    >
      {children}
    </section>
  );
}
