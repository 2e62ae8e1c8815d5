import { type Look, lookOf } from '@/tokens';

/** The path of a segment's shape around a point; areas are alike, so none looks bigger. */
export function shapePath(shape: Look['shape'], x: number, y: number, r: number): string {
  if (shape === 'square') {
    const a = r * 0.89;
    return `M${x - a} ${y - a}h${2 * a}v${2 * a}h${-2 * a}z`;
  }
  if (shape === 'triangle') {
    const a = r * 1.2;
    return `M${x} ${y - a}L${x + a * 1.04} ${y + a * 0.75}H${x - a * 1.04}z`;
  }
  if (shape === 'diamond') {
    const a = r * 1.25;
    return `M${x} ${y - a}L${x + a} ${y}L${x} ${y + a}L${x - a} ${y}z`;
  }
  if (shape === 'cross') {
    const a = r * 0.8;
    return `M${x - a} ${y - a}L${x + a} ${y + a}M${x + a} ${y - a}L${x - a} ${y + a}`;
  }
  return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
}

/** A segment's mark inside an SVG. */
export function Mark({
  slot,
  x,
  y,
  r = 5,
}: {
  slot: number | null | undefined;
  x: number;
  y: number;
  r?: number;
}) {
  const look = lookOf(slot);
  return (
    <path
      d={shapePath(look.shape, x, y, r)}
      fill={look.hollow ? 'none' : look.colour}
      stroke={look.hollow ? look.colour : 'var(--card)'}
      strokeWidth={look.hollow ? 1.75 : 1}
    />
  );
}

/** A segment's mark beside text. */
export function SegmentMark({
  slot,
  size = 12,
}: {
  slot: number | null | undefined;
  size?: number;
}) {
  return (
    <svg aria-hidden="true" width={size} height={size} viewBox="0 0 16 16" style={{ flex: 'none' }}>
      <Mark slot={slot} x={8} y={8} r={6} />
    </svg>
  );
}
