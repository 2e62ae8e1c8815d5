/** One segment: who they are, how they differ, what they buy, the rule that tells them. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { useParams } from '@tanstack/react-router';
import { useCurrency } from '@/api/projects';
import { type Segment, type SegmentDetail, useSegment, useSegments } from '@/api/segments';
import { AppLink } from '@/components/AppLink';
import { ExportMenu } from '@/components/ExportMenu';
import { Hidden } from '@/components/Hidden';
import { Icon } from '@/components/Icon';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { SegmentChip } from '@/components/SegmentChip';
import { Lines } from '@/components/Waiting';
import { customerFiles } from '@/lib/exports';
import { type Place, usePlace } from '@/place';
import { CameAndWent } from './CameAndWent';
import { Drivers } from './Drivers';
import { Facts } from './Facts';
import { Members } from './Members';
import { Note } from './Note';
import { Offers } from './Offers';
import { Products } from './Products';
import { Rename } from './Rename';
import { RuleCard } from './RuleCard';
import { Sizes } from './Sizes';
import { Spend } from './Spend';
import classes from './segment.module.css';
import { Value } from './Value';

export default function SegmentPage() {
  const { segment: id = '' } = useParams({ strict: false }) as { segment?: string };
  const place = usePlace();
  const query = useSegment(place.project, id, place.runId);
  return (
    <LoadState
      query={query}
      what="The segment"
      head={
        <PageHeader
          title="Segment"
          place={place.name}
          crumbs={[{ label: 'Segments', href: place.href(['segments']) }]}
        />
      }
      skeleton={<Lines n={8} height={28} />}
      gone={() => <Gone id={id} place={place} />}
    >
      {(segment) => <Shown key={segment.id} segment={segment} place={place} />}
    </LoadState>
  );
}

function Gone({ id, place }: { id: string; place: Place }) {
  return (
    <>
      <PageHeader
        title="This segment is gone"
        place={place.name}
        crumbs={[{ label: 'Segments', href: place.href(['segments']) }]}
      />
      <Notice>
        Segment {id} is not in this run. It may have ended in a refit, or belong to another day.{' '}
        <AppLink className="link" href={place.href(['segments'])}>
          See the segments there are
        </AppLink>
      </Notice>
    </>
  );
}

const PARTS = [
  { id: 'drivers', label: 'Drivers' },
  { id: 'products', label: 'Products' },
  { id: 'value', label: 'Value' },
  { id: 'offers', label: 'Offers' },
  { id: 'rule', label: 'Rule' },
  { id: 'flows', label: 'Flows' },
  { id: 'members', label: 'Members' },
];

function Shown({ segment, place }: { segment: SegmentDetail; place: Place }) {
  const currency = useCurrency(place.project, place.run?.run_id);
  const dated = segment.as_of != null;
  const there: Record<string, boolean> = {
    products: (segment.top_products ?? []).length > 0,
    value: dated,
    offers: dated,
    flows: dated && segment.run_id !== undefined && place.run?.parent_run != null,
  };
  const parts = PARTS.filter((part) => there[part.id] ?? true);
  return (
    <>
      <PageHeader
        title={segment.name}
        place={place.name}
        heading={<SegmentChip segment={segment} size="lg" />}
        crumbs={[{ label: 'Segments', href: place.href(['segments']) }]}
        sentence={segment.description}
        actions={
          <>
            <Step by={-1} segment={segment} place={place} />
            <Step by={1} segment={segment} place={place} />
            {!place.runId && <Rename segment={segment} project={place.project} />}
            <ExportMenu
              main
              count={segment.n}
              asOf={segment.as_of ?? null}
              kinds={customerFiles(place.project, segment.id, { run_id: place.runId })}
            />
          </>
        }
      />
      {segment.suppressed && (
        <Notice>
          <Hidden reason="few" /> Under 25 customers: figures are hidden to protect them.
        </Notice>
      )}
      <Facts segment={segment} place={place} />
      <div className={classes.two}>
        <Note segment={segment} project={place.project} />
        <Sizes segment={segment} place={place} />
      </div>
      <nav aria-label="Parts of this page" className={classes.parts}>
        {parts.map((part) => (
          <a key={part.id} href={`#${part.id}`}>
            {part.label}
          </a>
        ))}
      </nav>
      <Drivers segment={segment} place={place} currency={currency} />
      {there.products && <Products segment={segment} place={place} />}
      {dated && <Spend segment={segment} place={place} currency={currency} />}
      {dated && <Value segment={segment} place={place} />}
      {dated && <Offers segment={segment} place={place} />}
      <RuleCard segment={segment} place={place} />
      {there.flows && (
        <CameAndWent segment={{ ...segment, slot: segment.slot ?? null }} place={place} />
      )}
      <Members segment={segment} place={place} currency={currency} />
    </>
  );
}

/** To the former or next segment, with [ and ]. */
function Step({ by, segment, place }: { by: 1 | -1; segment: Segment; place: Place }) {
  const all = useSegments(place.project, place.runId).data?.items ?? [];
  const at = all.findIndex((one) => one.id === segment.id);
  const next = all[(at + by + all.length) % all.length];
  if (!next || next.id === segment.id) return null;
  const key = by < 0 ? '[' : ']';
  return (
    <Tooltip label={`${next.name}: ${key}`}>
      <ActionIcon
        component={AppLink}
        href={place.href(['segments', next.id])}
        color="ink"
        data-step={key}
        aria-label={`${by < 0 ? 'Former' : 'Next'} segment: ${next.name}`}
      >
        <Icon name={by < 0 ? 'left' : 'right'} size={18} />
      </ActionIcon>
    </Tooltip>
  );
}
