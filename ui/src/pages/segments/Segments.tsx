/** All segments of a run: as a list, as a grid of profiles, or two against each other. */
import { SegmentedControl } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useCustomers } from '@/api/customers';
import { useFlows } from '@/api/flows';
import { useCurrency } from '@/api/projects';
import { driversOf, type Segment, useFeatures, useSegments } from '@/api/segments';
import { AppLink } from '@/components/AppLink';
import { type Column, DataTable } from '@/components/DataTable';
import { Hidden } from '@/components/Hidden';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { RangeCell } from '@/components/RangeCell';
import { SegmentChip } from '@/components/SegmentChip';
import { SegmentMark } from '@/components/SegmentMark';
import { Lines } from '@/components/Waiting';
import { netOf } from '@/lib/flows';
import {
  asOfThe,
  change,
  count,
  counted,
  date,
  eve,
  quantity,
  range,
  share,
  shareInWords,
  totalOf,
} from '@/lib/format';
import { type Place, usePlace, useSetSearch } from '@/place';
import { ChangeOfView } from './ChangeOfView';
import { ProfileGrid } from './ProfileGrid';

const VIEWS = [
  { value: 'list', label: 'List' },
  { value: 'grid', label: 'Profile grid' },
  { value: 'map', label: 'Map' },
];
const SegmentMap = lazy(() => import('./SegmentMap'));

export default function Segments() {
  const place = usePlace();
  const query = useSegments(place.project, place.runId);
  const setSearch = useSetSearch();
  const view = VIEWS.find((one) => one.value === place.search.view)?.value ?? 'list';
  const n = query.data?.total;
  return (
    <>
      <PageHeader
        title="Segments"
        place={place.name}
        sentence={
          n !== undefined &&
          `${counted(n, 'segment')}; each customer is in exactly one. ${asOfThe(place.asOf)}`
        }
        actions={
          <>
            <SegmentedControl
              aria-label="How they are shown"
              data={VIEWS}
              value={view}
              onChange={(next) => setSearch({ view: next === 'list' ? undefined : next })}
            />
            <ChangeOfView place={place} />
          </>
        }
      />
      <LoadState
        query={query}
        what="Segments"
        skeleton={<Lines n={8} height={32} />}
        isEmpty={(data) => data.items.length === 0}
        empty={<Notice>This run has no segments: there were too few customers.</Notice>}
      >
        {(data) => (
          <>
            <Verdict segments={data.items} place={place} />
            {view === 'grid' && <ProfileGrid segments={data.items} place={place} />}
            {view === 'list' && <List segments={data.items} place={place} />}
            {view === 'map' && (
              <Suspense fallback={<Lines n={8} height={32} />}>
                <SegmentMap place={place} />
              </Suspense>
            )}
          </>
        )}
      </LoadState>
    </>
  );
}

/** Said above everything else where the groups are only a way to cut. */
function Verdict({ segments }: { segments: Segment[]; place: Place }) {
  if (!segments.some((one) => one.verdict === 'constructed')) return null;
  return (
    <Notice tone="warn">
      No stable groups were found in these columns. What you see is a fixed way to cut, not a
      discovery. Do not read them as kinds of people.
    </Notice>
  );
}

/** How many more or fewer are in each segment than in the run before; empty where it is not told. */
function useGrowth(place: Place): { since: string; by: ReadonlyMap<string, number> } | null {
  const flows = useFlows(place.project, place.runId).data;
  const before = place.runs.find((run) => run.run_id === flows?.from)?.as_of;
  if (!flows || flows.suppressed || !before) return null;
  const by = netOf(flows, 'all').map((one) => [one.segment.id, one.net] as const);
  return { since: date(eve(before)), by: new Map(by) };
}

function List({ segments, place }: { segments: Segment[]; place: Place }) {
  const none = useCustomers(place.project, { segment: 'none', limit: 1 }, !place.runId);
  const columns = useColumns(segments, place);
  const unplaced = none.data?.total ?? 0;
  const total = totalOf(segments.map((one) => one.n));
  const spend = segments.every((one) => one.value_share != null);
  return (
    <div className="card">
      <DataTable
        caption="Segments, by share of spend where it is known, else by size"
        columns={columns}
        rowKey={(one) => one.id}
        page={{ rows: segments, total: segments.length, from: 1 }}
        href={(one) => place.href(['segments', one.id])}
        sum={{ name: 'All', n: count(total), share: '100%', value: spend ? '100%' : undefined }}
      />
      {unplaced > 0 && (
        <p className="secondary" style={{ margin: '16px 8px 0' }}>
          <SegmentMark slot={null} /> Besides:{' '}
          <AppLink className="link" href={place.href(['customers'], { f: 'none' })}>
            {counted(unplaced, 'customer')} in no segment
          </AppLink>
          , counted and never placed, such as those with nothing bought.
        </p>
      )}
    </div>
  );
}

/** Medians that say most at a glance, where the data have them. */
const GLANCE = [
  { feature: 'recency', header: 'Last order' },
  { feature: 'frequency', header: 'Orders' },
  { feature: 'monetary', header: 'Spend' },
];

const twoLines = (first: string, second: string) => (
  <>
    {first} <br />
    {second}
  </>
);

function useColumns(segments: Segment[], place: Place): Column<Segment>[] {
  const features = useFeatures(place.project).data;
  const currency = useCurrency(place.project, place.run?.run_id);
  const growth = useGrowth(place);
  const most = Math.max(
    0,
    ...segments.map((one) => one.value_share_ci?.[1] ?? one.value_share ?? 0),
  );
  const known = GLANCE.filter(({ feature }) =>
    segments.some((one) => driversOf(one).some((driver) => driver.feature === feature)),
  );
  const columns: Column<Segment>[] = [
    { id: 'name', header: 'Segment', phone: true, cell: (one) => <SegmentChip segment={one} /> },
    { id: 'n', header: 'Customers', figure: true, phone: true, cell: (one) => count(one.n) },
    { id: 'share', header: 'Share', figure: true, cell: (one) => share(one.share) },
  ];
  if (segments.some((one) => one.value_share != null))
    columns.push({
      id: 'value',
      header: twoLines('Share of spend,', 'range'),
      figure: true,
      phone: true,
      cell: (one) => <Spend segment={one} most={most} />,
    });
  for (const { feature, header } of known)
    columns.push({
      id: feature,
      header: twoLines(`${header},`, 'median'),
      figure: true,
      cell: (one) => {
        const driver = driversOf(one).find((found) => found.feature === feature);
        if (driver?.median == null)
          return <Hidden reason="unknown" why="No median is told for this segment." />;
        return quantity(driver.median, features?.get(feature)?.unit ?? '', currency);
      },
    });
  if (growth)
    columns.push({
      id: 'growth',
      header: twoLines('Since', growth.since),
      figure: true,
      cell: (one) => {
        const by = growth.by.get(one.id);
        return by === undefined ? 'new' : change(by);
      },
    });
  if (known.length === 0)
    columns.push({
      id: 'stability',
      header: 'Comes back',
      figure: true,
      cell: (one) => <ComesBack segment={one} />,
    });
  return columns;
}

function Spend({ segment, most }: { segment: Segment; most: number }) {
  const [low, high] = segment.value_share_ci ?? [];
  if (segment.value_share == null) return <Hidden reason="unknown" />;
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 8 }}>
      <span className="wide-only">
        <RangeCell
          value={segment.value_share}
          low={low}
          high={high}
          most={most}
          slot={segment.slot}
        />
      </span>
      <span className="range-text">
        {shareInWords(segment.value_share)}
        {low !== undefined && high !== undefined && (
          <span className="secondary wide-only">
            {' '}
            ({range(low, high, shareInWords).replace('%', '')})
          </span>
        )}
      </span>
    </span>
  );
}

function ComesBack({ segment }: { segment: Segment }) {
  const told = segment.stability;
  const mean = typeof told === 'object' && told ? (told as { mean?: number }).mean : told;
  return mean == null ? <Hidden reason="unknown" /> : <>{count(mean * 100)} in 100</>;
}
