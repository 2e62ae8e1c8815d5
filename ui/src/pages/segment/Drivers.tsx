import { Button } from '@mantine/core';
import { useState } from 'react';
import {
  type Driver,
  driversOf,
  type SegmentDetail,
  useFeatures,
  useSegments,
} from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { DotRange } from '@/components/DotRange';
import { Notice } from '@/components/Notice';
import { asOfThe, chance, count, ofHundred, placeOf, quantity, totalOf } from '@/lib/format';
import type { Place } from '@/place';
import classes from './segment.module.css';

const FIRST = 6;

interface Props {
  segment: SegmentDetail;
  place: Place;
  currency: string;
}

/** What sets a segment apart: where its members stand among the rest, feature by feature. */
export function Drivers({ segment, place, currency }: Props) {
  const [all, setAll] = useState(false);
  const features = useFeatures(place.project).data;
  const others = useSegments(place.project, place.runId).data?.items ?? [];
  const drivers = driversOf(segment);
  const first = drivers[0];
  if (!first) return <Notice>No feature tells this segment clearly from the rest.</Notice>;
  const shown = all ? drivers : drivers.slice(0, FIRST);
  const rest = totalOf(others.filter((one) => one.id !== segment.id).map((one) => one.n)) ?? 0;
  const told = (x: number | null, driver: Driver) =>
    x === null ? 'not known' : quantity(x, features?.get(driver.feature)?.unit ?? '', currency);
  const against = rest > 0 ? `the other ${count(rest)}` : 'the rest';
  return (
    <section id="drivers" className={`card ${classes.part}`} aria-label="Drivers">
      <ChartFrame
        title={titleOf(first)}
        note={
          <>
            {segment.name} against {against}, medians of both at the end of the row.{' '}
            {asOfThe(place.asOf)}
          </>
        }
        file={`${place.project}-${segment.id}-drivers`}
        table={{
          columns: ['Feature', 'Here, median', 'Rest, median', 'Has more, in 100'],
          rows: shown.map((one) => [
            one.label,
            told(one.median, one),
            told(one.rest, one),
            ofHundred(placeOf(one.effect)),
          ]),
        }}
        chart={
          <DotRange
            rows={shown.map((one) => ({
              label: one.label,
              value: placeOf(one.effect),
              text: `${told(one.median, one)} · rest ${told(one.rest, one)}`,
              slot: undefined,
            }))}
            axis={{
              low: 0,
              high: 1,
              write: ofHundred,
              label: 'of 100 times, a member has more than one of the rest',
            }}
            mark={0.5}
          />
        }
      />
      {drivers.length > FIRST && (
        <Button variant="default" mt={16} onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? `Show the first ${FIRST}` : `Show all ${drivers.length}`}
        </Button>
      )}
    </section>
  );
}

/** The first row as a sentence. */
function titleOf(driver: Driver): string {
  const p = placeOf(driver.effect);
  const [word, times] = p >= 0.5 ? ['more', p] : ['less', 1 - p];
  return `${driver.label}: a member has ${word} than one of the rest ${chance(times)} times.`;
}
