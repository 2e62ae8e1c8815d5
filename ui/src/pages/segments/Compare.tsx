/** Two segments on the same rows: the gap between the dots is the message. */
import { NativeSelect } from '@mantine/core';
import { useCurrency } from '@/api/projects';
import { type Driver, driversOf, type Segment, useFeatures, useSegments } from '@/api/segments';
import { ChartFrame } from '@/components/ChartFrame';
import { Dumbbell } from '@/components/Dumbbell';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { SegmentChip } from '@/components/SegmentChip';
import { asOfThe, count, counted, ofHundred, placeOf, quantity } from '@/lib/format';
import { type Place, usePlace, useSetSearch } from '@/place';
import classes from './Compare.module.css';

const MOST = 12;

export default function Compare() {
  const place = usePlace();
  const query = useSegments(place.project, place.runId);
  return (
    <>
      <PageHeader
        title="Compare two segments"
        place={place.name}
        crumbs={[{ label: 'Segments', href: place.href(['segments']) }]}
      />
      <LoadState
        query={query}
        what="Segments"
        isEmpty={(data) => data.items.length < 2}
        empty={<Notice>There is only one segment, so there is nothing to compare it with.</Notice>}
      >
        {(data) => <Two segments={data.items} place={place} />}
      </LoadState>
    </>
  );
}

function Two({ segments, place }: { segments: Segment[]; place: Place }) {
  const setSearch = useSetSearch();
  const pick = (id: string | undefined, other: number) =>
    segments.find((one) => one.id === id) ?? segments[other];
  const [a, b] = [pick(place.search.a, 0), pick(place.search.b, 1)];
  if (!a || !b) return null;
  const choices = segments.map((one) => ({ value: one.id, label: one.name }));
  return (
    <>
      <div className={classes.choose}>
        <NativeSelect
          label="One"
          data={choices}
          value={a.id}
          onChange={(event) => setSearch({ a: event.currentTarget.value }, true)}
        />
        <NativeSelect
          label="The other"
          data={choices}
          value={b.id}
          onChange={(event) => setSearch({ b: event.currentTarget.value }, true)}
        />
      </div>
      <div className="card">
        <Chart a={a} b={b} place={place} />
      </div>
    </>
  );
}

interface Gap {
  label: string;
  a: Driver;
  b: Driver;
}

function gapsOf(a: Segment, b: Segment): Gap[] {
  const others = new Map(driversOf(b).map((driver) => [driver.feature, driver]));
  return driversOf(a)
    .flatMap((driver) => {
      const other = others.get(driver.feature);
      return other ? [{ label: driver.label, a: driver, b: other }] : [];
    })
    .sort(
      (one, two) => Math.abs(two.a.effect - two.b.effect) - Math.abs(one.a.effect - one.b.effect),
    );
}

function Chart({ a, b, place }: { a: Segment; b: Segment; place: Place }) {
  const features = useFeatures(place.project).data;
  const currency = useCurrency(place.project, place.run?.run_id);
  const gaps = gapsOf(a, b).slice(0, MOST);
  const first = gaps[0];
  if (!first || a.id === b.id)
    return (
      <Notice>Choose two different segments: here the rows of one would lie on themselves.</Notice>
    );
  const told = (driver: Driver) =>
    driver.median === null
      ? 'not known'
      : quantity(driver.median, features?.get(driver.feature)?.unit ?? '', currency);
  return (
    <ChartFrame
      title={`${first.label} tells them apart most: ${told(first.a)} in ${a.name}, ${told(first.b)} in ${b.name}.`}
      note={
        <>
          Each against all who are not in it: how many of 100 have less. Medians at the end of the
          row. {asOfThe(place.asOf)} {counted(a.n, 'customer')} and {count(b.n)}.
        </>
      }
      file={`${place.project}-compare`}
      table={{
        columns: [
          'Feature',
          a.name,
          b.name,
          `${a.name}: has more, in 100`,
          `${b.name}: has more, in 100`,
        ],
        rows: gaps.map((gap) => [
          gap.label,
          told(gap.a),
          told(gap.b),
          ofHundred(placeOf(gap.a.effect)),
          ofHundred(placeOf(gap.b.effect)),
        ]),
      }}
      help={
        <span className={classes.key}>
          <SegmentChip segment={a} />
          <SegmentChip segment={b} />
        </span>
      }
      chart={
        <Dumbbell
          rows={gaps.map((gap) => ({
            label: gap.label,
            a: placeOf(gap.a.effect),
            b: placeOf(gap.b.effect),
            text: `${told(gap.a)} · ${told(gap.b)}`,
            slots: [a.slot ?? null, b.slot ?? null],
          }))}
          axis={{ low: 0, high: 1, write: ofHundred, label: 'of 100 others, how many have less' }}
        />
      }
    />
  );
}
