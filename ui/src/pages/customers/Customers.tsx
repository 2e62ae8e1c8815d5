/** All customers, a page at a time; search, order and filters are in the address. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useCustomers } from '@/api/customers';
import { useCurrency, useManifest } from '@/api/projects';
import { useSegments } from '@/api/segments';
import { DataTable } from '@/components/DataTable';
import { ExportMenu } from '@/components/ExportMenu';
import { Icon } from '@/components/Icon';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { PageHeader } from '@/components/PageHeader';
import { Lines } from '@/components/Waiting';
import { customerFiles } from '@/lib/exports';
import { causeOf, LISTED } from '@/lib/flows';
import { asOfThe, counted, date, eve } from '@/lib/format';
import { type Place, usePlace, useSetSearch } from '@/place';
import { customerColumns } from './columns';
import { Views } from './Views';

const ROWS = 50;

export default function Customers() {
  const place = usePlace();
  const { q = '', f = '', from: left = '', sort = '', after = '', page = '1' } = place.search;
  const cause = causeOf(place.search.cause);
  const who = { search: q, moved_from: left, cause };
  const listing = {
    ...who,
    segment: f,
    sort: sort || 'customer_id',
    cursor: after,
    limit: ROWS,
  };
  const query = useCustomers(place.project, listing);
  const setSearch = useSetSearch();
  const currency = useCurrency(place.project, place.run?.run_id);
  const horizon = useManifest(place.project, place.run?.run_id).data?.horizon;
  const from = (Number(page) - 1) * ROWS + 1;
  const total = query.data?.total;
  return (
    <>
      <PageHeader
        title="Customers"
        place={place.name}
        sentence={total !== undefined && <Sentence total={total} place={place} />}
        actions={
          total !== undefined &&
          total > 0 && (
            <ExportMenu
              main
              count={total}
              asOf={place.asOf}
              kinds={customerFiles(place.project, f, who)}
            />
          )
        }
      />
      {place.runId && (
        <Notice>Lists of customers are kept for the published run alone; this is that one.</Notice>
      )}
      <div className="card">
        <LoadState query={query} what="Customers" skeleton={<Lines n={12} height={28} />}>
          {(data) => (
            <DataTable
              caption="Customers"
              busy={query.isPlaceholderData}
              columns={customerColumns(place, currency)}
              rowKey={(one) => one.customer_id}
              href={(one) => place.href(['customers', one.customer_id])}
              sort={sort || 'customer_id'}
              onSort={(next) => setSearch({ sort: next, after: undefined, page: undefined })}
              filters={
                <>
                  <Filters place={place} />
                  <Views place={place} />
                </>
              }
              empty={<Empty place={place} />}
              page={{
                rows: data.items,
                total: data.total,
                from,
                onNext: data.next
                  ? () =>
                      setSearch({ after: data.next ?? undefined, page: String(Number(page) + 1) })
                  : undefined,
                onBack: after ? () => window.history.back() : undefined,
              }}
            />
          )}
        </LoadState>
      </div>
      {place.asOf && horizon && (
        <p className="note">
          Expected, by formula: what the formula of customer value expects within{' '}
          {horizon.replace('d', ' days')}. The page of a customer tells the forecast, with its
          range, beside it.
        </p>
      )}
    </>
  );
}

/** How many, which, and as of when. */
function Sentence({ total, place }: { total: number; place: Place }) {
  const { q, f, from } = place.search;
  const cause = causeOf(place.search.cause);
  const segments = useSegments(place.project).data?.items ?? [];
  const before = place.runs.find((run) => run.run_id === place.run?.parent_run)?.as_of;
  const name = (id: string) => segments.find((one) => one.id === id)?.name ?? 'no segment';
  const since = before ? ` since ${date(eve(before))}` : ' since the run before';
  const which = [
    f && !from && (f === 'none' ? 'in no segment' : `in ${name(f)}`),
    from
      ? `${LISTED[cause ?? 'moved'].said} from ${name(from)}${f ? ` to ${name(f)}` : ''}${since}`
      : cause && `${LISTED[cause].said}${since}`,
    q && `whose id begins with ${q}`,
  ].filter(Boolean);
  return (
    <>
      {counted(total, 'customer')}
      {which.length > 0 && ` ${which.join(', ')}`}. {asOfThe(place.asOf)}
    </>
  );
}

function Filters({ place }: { place: Place }) {
  const { q = '', f = '', from = '' } = place.search;
  const cause = causeOf(place.search.cause) ?? '';
  const setSearch = useSetSearch();
  const segments = useSegments(place.project).data?.items ?? [];
  const some = [
    ...segments.map((one) => ({ value: one.id, label: one.name })),
    { value: 'none', label: 'In no segment' },
  ];
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  const first = { after: undefined, page: undefined };
  const search = useDebouncedCallback(
    (next: string) => setSearch({ q: next, ...first }, true),
    250,
  );
  return (
    <>
      <TextInput
        data-search
        aria-label="Search by the beginning of the id"
        placeholder="Id begins with…   /"
        leftSection={<Icon name="search" />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          search(event.currentTarget.value.trim());
        }}
      />
      <NativeSelect
        aria-label="Segment"
        value={f}
        data={[{ value: '', label: 'All segments' }, ...some]}
        onChange={(event) => setSearch({ f: event.currentTarget.value, ...first })}
      />
      {(from || cause || place.run?.parent_run) && (
        <NativeSelect
          aria-label="Moved, and why"
          value={cause}
          data={[
            { value: '', label: 'Moved or not' },
            ...Object.entries(LISTED).map(([value, { label }]) => ({ value, label })),
          ]}
          onChange={(event) => setSearch({ cause: event.currentTarget.value, ...first })}
        />
      )}
      {(from || place.run?.parent_run) && (
        <NativeSelect
          aria-label="Moved from"
          value={from}
          data={[
            { value: '', label: 'From anywhere' },
            ...some.map((one) => ({ ...one, label: `From: ${one.label}` })),
          ]}
          onChange={(event) => setSearch({ from: event.currentTarget.value, ...first })}
        />
      )}
    </>
  );
}

function Empty({ place }: { place: Place }) {
  const { q, f, from, cause } = place.search;
  const setSearch = useSetSearch();
  const some = useCustomers(place.project, { limit: 1 }).data?.items[0]?.customer_id;
  return (
    <Notice>
      {q
        ? `No customer has an id that begins with ${q}${f ? ' in this segment' : ''}.`
        : from || cause
          ? 'Nobody moved so.'
          : 'There is no customer here.'}{' '}
      {q && some && `Ids here look like ${some}. `}
      <button
        type="button"
        className="plain link"
        onClick={() =>
          setSearch({
            ...(q
              ? { q: undefined }
              : from || cause
                ? { from: undefined, cause: undefined }
                : { f: undefined }),
            after: undefined,
            page: undefined,
          })
        }
      >
        {q ? 'Drop the search' : from || cause ? 'Show all, moved or not' : 'Show all segments'}
      </button>
    </Notice>
  );
}
