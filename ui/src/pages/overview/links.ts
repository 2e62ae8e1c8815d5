import type { Told } from '@/api/overview';
import type { NamedSegment } from '@/components/SegmentChip';
import type { Place } from '@/place';

/** Where the customers are that a sentence counts; nothing where the API has no such list. */
export function openOf(
  told: Told,
  place: Pick<Place, 'href'>,
  segments: ReadonlyMap<string, NamedSegment>,
): { href: string; label: string } | undefined {
  const { link, kind } = told;
  if (!link) return undefined;
  if (link.segment) {
    const name = segments.get(link.segment)?.name;
    // Who is overdue has no list of its own: the segment is where most of them are.
    const label = kind === 'overdue' ? `Begin with ${name ?? 'the best'}` : `Open ${name ?? 'it'}`;
    return { href: place.href(['segments', link.segment]), label };
  }
  if (link.from) {
    const name = (id: string) => segments.get(id)?.name ?? id;
    const to = link.to ? ` to ${name(link.to)}` : '';
    return {
      href: place.href(['customers'], { from: link.from, f: link.to, cause: link.cause }),
      label: `List who moved from ${name(link.from)}${to}`,
    };
  }
  return undefined;
}
