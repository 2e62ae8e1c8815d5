import { Button, NativeSelect } from '@mantine/core';
import type { MappedColumn, Proposal, Sure } from '@/api/mapping';
import { Icon } from '@/components/Icon';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { Scrolled } from '@/components/Scrolled';
import { counted } from '@/lib/format';
import { recall } from '@/lib/preview';
import { chosen, type Draft, lacking, rolesOf } from './draft';
import type { Step } from './Steps';
import classes from './start.module.css';
import { roleName, rolesFor, TABLES } from './words';

export interface StepProps {
  project: string;
  proposals: Proposal[];
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  go: (step: Step) => void;
}

const SURE: Record<Sure, string> = {
  sure: 'Sure',
  likely: 'Likely',
  check: 'Check',
  guess: 'Guess',
};

/** What each column is read as, how sure that is, and why. */
export function Columns({ proposals, draft, change, go }: StepProps) {
  const lack = proposals.flatMap((one) => lacking(one, draft));
  return (
    <div className={classes.column}>
      {proposals.map((one) => (
        <File key={one.upload} proposal={one} draft={draft} change={change} />
      ))}
      <div className={classes.acts}>
        <span className="secondary">Nothing is scored until you press Run.</span>
        <Button variant="default" onClick={() => go('files')}>
          Back
        </Button>
        <Button disabled={lack.length > 0} onClick={() => go('check')}>
          Check the data
        </Button>
      </div>
    </div>
  );
}

interface FileProps {
  proposal: Proposal;
  draft: Draft;
  change: (part: Partial<Draft>) => void;
}

function File({ proposal, draft, change }: FileProps) {
  const { columns, unused, upload, table, rows } = proposal;
  const name = proposal.file.split('/').at(-1) ?? proposal.file;
  const roles = rolesOf(proposal, draft);
  const lack = lacking(proposal, draft);
  const theirs = [...columns.map((one) => one.user_column), ...unused];
  const choose = (column: string, role: string) =>
    change({ columns: chosen(draft, upload, column, role) });
  return (
    <section className="card" aria-label={name}>
      <h2 className="section">
        <SafeText text={name} />{' '}
        <span className="note">
          {counted(rows, 'row')} · {counted(theirs.length, 'column')} · read as{' '}
          {TABLES[table] ?? 'nothing that is known'}
        </span>
      </h2>
      {lack.length > 0 && (
        <Notice tone="warn">
          No column is read as {lack.map(roleName).join(', nor as ')} yet. Say which it is.
        </Notice>
      )}
      <table className={classes.map}>
        <caption className="unseen">What each column of {name} is read as</caption>
        <thead>
          <tr>
            <th scope="col">Your column</th>
            <th scope="col">First values</th>
            <th scope="col">We read it as</th>
            <th scope="col">How sure</th>
          </tr>
        </thead>
        <tbody>
          {theirs.map((column) => (
            <Row
              key={column}
              column={column}
              proposal={proposal}
              role={roles[column] ?? ''}
              onChange={(role) => choose(column, role)}
            />
          ))}
        </tbody>
      </table>
      <FirstRows upload={upload} />
    </section>
  );
}

interface RowProps {
  column: string;
  proposal: Proposal;
  role: string;
  onChange: (role: string) => void;
}

function Row({ column, proposal, role, onChange }: RowProps) {
  const found = proposal.columns.find((one) => one.user_column === column);
  const attribute = proposal.attributes.find((one) => one.user_column === column);
  const people = proposal.table === 'customers';
  const none = people ? 'Attribute' : 'Not used';
  return (
    <tr>
      <th scope="row">
        <SafeText text={column} />
      </th>
      <td className="secondary">{valuesOf(column, found, proposal.upload)}</td>
      <td>
        <NativeSelect
          aria-label={`What ${column} is read as`}
          value={role}
          data={[{ value: '', label: none }, ...rolesFor(proposal.table)]}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      </td>
      <td>
        <HowSure
          chosen={found !== undefined && role !== found.column}
          sure={found?.sure ?? attribute?.sure ?? (people ? 'sure' : undefined)}
        />{' '}
        <span className="note">
          {attribute?.protected
            ? `${attribute.protected}: protected, left out of the segments`
            : (found?.why ?? attribute?.why ?? (people ? 'its values say what it is' : ''))}
        </span>
      </td>
    </tr>
  );
}

function HowSure({ sure, chosen }: { sure?: Sure; chosen: boolean }) {
  if (chosen) return <span className={classes.sure}>Your choice</span>;
  if (!sure) return null;
  return (
    <span className={classes.sure} data-sure={sure}>
      <Icon name={sure === 'sure' ? 'check' : 'warn'} size={14} />
      {SURE[sure]}
    </span>
  );
}

function valuesOf(column: string, found: MappedColumn | undefined, upload: string): string {
  const preview = recall(upload);
  const at = preview?.columns.indexOf(column) ?? -1;
  const first =
    at < 0 ? found?.examples : preview?.rows.slice(0, 3).map((row) => row[at] || '(empty)');
  return first?.join(', ').slice(0, 80) || 'not shown';
}

function FirstRows({ upload }: { upload: string }) {
  const preview = recall(upload);
  if (!preview) return null;
  return (
    <details>
      <summary>The first {counted(preview.rows.length, 'row')}</summary>
      <Scrolled label="First rows">
        <table className={`${classes.map} ${classes.rows}`}>
          <thead>
            <tr>
              {preview.columns.map((name) => (
                <th key={name} scope="col">
                  <SafeText text={name} max={24} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {preview.rows.map((row, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of a file have no other name
              <tr key={n}>
                {preview.columns.map((name, at) => (
                  <td key={name}>
                    <SafeText text={row[at] ?? ''} max={24} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
    </details>
  );
}
