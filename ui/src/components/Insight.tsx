import type { ReactNode } from 'react';
import type { InsightPart } from '@/api/overview';
import { sentenceOf, writePart } from '@/lib/insight';
import { AppLink } from './AppLink';
import { HowWeKnow } from './HowWeKnow';
import classes from './Insight.module.css';
import { type NamedSegment, SegmentChip } from './SegmentChip';

interface Props {
  parts: InsightPart[];
  segments: ReadonlyMap<string, NamedSegment>;
  currency: string;
  /** Where the customers are that it counts, and what the link is called. */
  open?: { href: string; label: string };
  /** What was tested before it was said, and other facts. */
  facts: [name: string, value: ReactNode][];
}

/** One sentence that passed its test: numbers stand out, segments have their shape. */
export function Insight({ parts, segments, currency, open, facts }: Props) {
  const names = new Map([...segments].map(([id, one]) => [id, one.name]));
  return (
    <div className={classes.insight}>
      <p className={classes.sentence}>
        {parts.map((part, n) => {
          const segment = part.segment && segments.get(part.segment);
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of a sentence stay where they are
          if (segment) return <SegmentChip key={n} segment={segment} />;
          const text = part.segment ?? writePart(part, currency);
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of a sentence stay where they are
          return part.value === undefined ? text : <strong key={n}>{text}</strong>;
        })}
      </p>
      <div className={classes.ways}>
        {open && (
          <AppLink className="link" href={open.href}>
            {open.label}
          </AppLink>
        )}
        <HowWeKnow of={sentenceOf(parts, names, currency)} facts={facts} />
      </div>
    </div>
  );
}
