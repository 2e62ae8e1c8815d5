/** What became of every row: the sum first, then what was found, then what is missing. */
import { useCurrency } from '@/api/projects';
import { type Quality, type TableQuality, useQuality } from '@/api/quality';
import { ChartFrame } from '@/components/ChartFrame';
import { Icon } from '@/components/Icon';
import { LoadState } from '@/components/LoadState';
import { Lollipop } from '@/components/Lollipop';
import { PageHeader } from '@/components/PageHeader';
import { Lines } from '@/components/Waiting';
import { asOfThe, axisShare, count, counted, share, shareInWords } from '@/lib/format';
import { type Place, usePlace } from '@/place';
import { Findings } from './Findings';
import { Quarantine } from './Quarantine';
import classes from './quality.module.css';

export default function QualityPage() {
  const place = usePlace();
  const query = useQuality(place.project, place.runId);
  return (
    <>
      <PageHeader
        title="Data quality"
        place={place.name}
        sentence={query.data && sentenceOf(query.data)}
      />
      <LoadState query={query} what="Data quality" skeleton={<Lines n={10} height={32} />}>
        {(data) => (
          <>
            {Object.entries(data.tables).map(([name, table]) => (
              <Table key={name} name={name} table={table} place={place} />
            ))}
            <Quarantine quality={data} place={place} />
          </>
        )}
      </LoadState>
    </>
  );
}

const isFlaw = (finding: TableQuality['findings'][number]): boolean => finding.action !== 'read';

function sentenceOf(data: Quality): string {
  const tables = Object.values(data.tables);
  const rows = tables.reduce((sum, one) => sum + one.rows_in, 0);
  const aside = tables.reduce((sum, one) => sum + one.quarantined, 0);
  const day = asOfThe(data.as_of);
  if (aside === 0 && tables.every((one) => !one.findings.some(isFlaw)))
    return `Nothing to mend. ${counted(rows, 'row')} read, all accepted. ${day}`;
  const set = aside === 0 ? 'none was set aside' : `${counted(aside, 'row')} set aside`;
  return `${counted(rows, 'row')} came in; ${set}. ${day}`;
}

function Table({ name, table, place }: { name: string; table: TableQuality; place: Place }) {
  const currency = useCurrency(place.project, place.run?.run_id);
  const found = table.findings.filter(isFlaw);
  const read = table.findings.filter((one) => !isFlaw(one));
  return (
    <section className="card" aria-labelledby={`table-${name}`}>
      <h2 id={`table-${name}`} className="section">
        {name.charAt(0).toUpperCase() + name.slice(1)}
      </h2>
      <Sum table={table} />
      {found.length > 0 ? (
        <Findings name={name} findings={found} currency={currency} />
      ) : (
        <p className="secondary">Nothing was found in these rows.</p>
      )}
      {read.length > 0 && (
        <details className={classes.read}>
          <summary>How the file was read</summary>
          <ul>
            {read.map((one) => (
              <li key={one.message}>{one.message}</li>
            ))}
          </ul>
        </details>
      )}
      <Missing name={name} missing={table.missing} rows={table.rows_in} place={place} />
    </section>
  );
}

/** All rows are accounted for, or it is said that they are not. */
function Sum({ table }: { table: TableQuality }) {
  const fits = table.rows_in === table.accepted + table.quarantined;
  return (
    <p className={classes.sum}>
      <span>
        <strong>{count(table.rows_in)}</strong> rows in = {count(table.accepted)} accepted +{' '}
        {count(table.quarantined)} quarantined
      </span>
      <span className={classes.fits} data-fits={fits}>
        <Icon name={fits ? 'check' : 'warn'} />
        {fits
          ? 'adds up'
          : `${count(Math.abs(table.rows_in - table.accepted - table.quarantined))} not accounted for`}
      </span>
    </p>
  );
}

interface MissingProps {
  name: string;
  missing: Record<string, number>;
  rows: number;
  place: Place;
}

function Missing({ name, missing, rows, place }: MissingProps) {
  const columns = Object.entries(missing)
    .map(([column, of]) => ({ column: column.replace(`${name}.`, ''), of }))
    .sort((a, b) => b.of - a.of);
  const [most] = columns;
  if (!most) return null;
  return (
    <div className={classes.missing}>
      <ChartFrame
        title={`${most.column} is missing most: in ${shareInWords(most.of)} of the rows.`}
        note={`Share of ${counted(rows, 'row')} without a value. Columns that are not named miss none.`}
        file={`${place.project}-missing`}
        table={{
          columns: ['Column', 'Share missing'],
          rows: columns.map((one) => [one.column, one.of]),
          read: columns.map((one) => [one.column, share(one.of)]),
        }}
        chart={
          <Lollipop
            rows={columns.map((one) => ({
              label: one.column,
              value: one.of,
              text: share(one.of),
            }))}
            write={axisShare}
          />
        }
      />
    </div>
  );
}
