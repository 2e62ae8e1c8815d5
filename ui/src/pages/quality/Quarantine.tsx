import { useMutation } from '@tanstack/react-query';
import { ApiError } from '@/api/client';
import { type Quality, quarantineOf, type Refused } from '@/api/quality';
import { ActButton } from '@/components/ActButton';
import { announce } from '@/components/announce';
import { type Column, DataTable } from '@/components/DataTable';
import { Icon } from '@/components/Icon';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { save, toCsv } from '@/lib/download';
import { count, counted } from '@/lib/format';
import type { Place } from '@/place';
import classes from './quality.module.css';

const COLUMNS: Column<Refused>[] = [
  {
    id: 'reason',
    header: 'Reason',
    phone: true,
    cell: (one) => `${one.table}: ${one.reason.replaceAll('_', ' ')}`,
  },
  { id: 'rows', header: 'Rows', figure: true, phone: true, cell: (one) => count(one.rows) },
  {
    id: 'examples',
    header: 'First of them',
    cell: (one) =>
      one.examples.length === 0 ? (
        <span className="secondary">Rows need the role Analyst.</span>
      ) : (
        <ul className={classes.examples}>
          {one.examples.map((example) => (
            <li key={`${example.source} ${example.row}`}>
              Row {count(example.row)}: <SafeText text={example.message} max={120} />
            </li>
          ))}
        </ul>
      ),
  },
];

/** Rows that were set aside: why, and all of them as a file. */
export function Quarantine({ quality, place }: { quality: Quality; place: Place }) {
  const total = quality.quarantine.reduce((sum, one) => sum + one.rows, 0);
  const download = useMutation({
    mutationFn: () => quarantineOf(place.project, place.runId),
    onSuccess: (rows) => {
      const cells = rows.map((one) => [
        one.table,
        one.source,
        one.row,
        one.reason,
        one.message,
        one.raw,
      ]);
      const columns = ['table', 'source', 'row', 'reason', 'message', 'raw'];
      const text = `\ufeff${toCsv(columns, cells)}`;
      save(new Blob([text], { type: 'text/csv' }), `${place.project}-quarantine.csv`);
      announce(`${counted(rows.length, 'row')} downloaded.`);
    },
  });
  if (total === 0) return null;
  return (
    <section className="card" aria-labelledby="quarantine">
      <div className={classes.top}>
        <h2 id="quarantine" className="section">
          {counted(total, 'row')} set aside
        </h2>
        <ActButton
          needs="analyst"
          act="Downloading rows"
          variant="default"
          leftSection={<Icon name="download" />}
          loading={download.isPending}
          onClick={() => download.mutate()}
        >
          Download {counted(total, 'row')}
        </ActButton>
      </div>
      {download.error instanceof ApiError && (
        <Notice tone="danger">
          The rows could not be downloaded. {download.error.message} {download.error.hint}
        </Notice>
      )}
      <DataTable
        caption="Rows that were set aside, by reason"
        columns={COLUMNS}
        rowKey={(one) => `${one.table} ${one.reason}`}
        page={{ rows: quality.quarantine, total: quality.quarantine.length, from: 1 }}
      />
    </section>
  );
}
