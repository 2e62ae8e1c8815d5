import { AppLink } from './AppLink';
import { SafeText } from './SafeText';
import classes from './SegmentChip.module.css';
import { SegmentMark } from './SegmentMark';

export interface NamedSegment {
  id: string;
  name: string;
  slot?: number | null;
}

interface Props {
  segment: NamedSegment;
  size?: 'sm' | 'lg';
  href?: string;
  /** Written after the name, as it is. */
  count?: string;
}

/** A segment: its shape in its hue, its name in ink. */
export function SegmentChip({ segment, size = 'sm', href, count }: Props) {
  const inside = (
    <>
      <SegmentMark slot={segment.slot} size={size === 'lg' ? 20 : 12} />
      <span className={classes.name}>
        <SafeText text={segment.name} />
      </span>
      {count !== undefined && <span className={classes.count}>{count}</span>}
    </>
  );
  if (href === undefined) return <span className={classes.chip}>{inside}</span>;
  return (
    <AppLink href={href} className={`${classes.chip} ${classes.link}`}>
      {inside}
    </AppLink>
  );
}
