import type { ReactNode } from 'react';
import type { Flows } from '@/api/flows';
import { AppLink } from '@/components/AppLink';
import type { Place } from '@/place';
import { isListed } from './chosen';

interface Props {
  flows: Flows;
  place: Place;
  /** The search of the list of those who are counted. */
  who: { cause?: string; from?: string; f?: string };
  children: ReactNode;
}

/** A count that opens the list of exactly those whom it counts, where lists know them. */
export function Listed({ flows, place, who, children }: Props) {
  if (!isListed(flows, place)) return children;
  return (
    <AppLink className="link" href={place.href(['customers'], who)}>
      {children}
    </AppLink>
  );
}
