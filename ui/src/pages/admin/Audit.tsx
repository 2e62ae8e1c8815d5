import { useState } from 'react';
import { type AuditEntry, useAudit, useUsers } from '@/api/admin';
import { type Column, DataTable } from '@/components/DataTable';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { Lines } from '@/components/Waiting';
import { clock, count, date, moment } from '@/lib/format';

type Names = ReadonlyMap<string, string>;

const columnsOf = (names: Names): Column<AuditEntry>[] => [
  { id: 'number', header: 'Entry', cell: (one) => count(one.number) },
  {
    id: 'at',
    header: 'When',
    phone: true,
    cell: (one) => (
      <time dateTime={one.at} title={moment(one.at)}>
        {date(one.at)}, {clock(one.at)}
      </time>
    ),
  },
  { id: 'event', header: 'What', phone: true, cell: (one) => one.event },
  {
    id: 'actor',
    header: 'Who',
    cell: (one) => <SafeText text={actorOf(one.actor, names)} max={40} />,
  },
  { id: 'project', header: 'Project', cell: (one) => one.project || 'the server' },
  {
    id: 'told',
    header: 'More',
    cell: (one) => (
      <span style={{ whiteSpace: 'normal' }}>
        <SafeText text={toldOf(one, names)} max={120} />
      </span>
    ),
  },
];

const SHORT = 24;

const shortened = (text: string): string =>
  text.length > SHORT ? `${text.slice(0, SHORT / 2)}…` : text;

/** Who it was, by name where there is one: "user:ID", "key:ID", "local" or "nobody". */
function actorOf(actor: string, names: Names): string {
  const [kind = '', id = ''] = actor.split(':');
  if (!id) return actor === 'local' ? 'this machine' : actor;
  return names.get(id) ?? `${kind} ${shortened(id)}`;
}

/** What else is told; of keyed hashes the beginning is enough to know them again. */
const toldOf = (entry: AuditEntry, names: Names): string =>
  Object.entries(entry.told)
    .map(([name, value]) => {
      const text = names.get(String(value)) ?? String(value);
      return `${name}: ${shortened(text)}`;
    })
    .join(', ');

/** The log a page at a time; whether its chain is whole is said first. */
export function Audit() {
  const [cursors, setCursors] = useState<string[]>(['']);
  const query = useAudit(cursors.at(-1) ?? '');
  const first = useAudit('');
  const users = useUsers().data?.items ?? [];
  const names = new Map(users.map((one) => [one.id, one.name || one.email]));
  const chain = first.data?.chain;
  return (
    <>
      {chain && (
        <Notice tone={chain.ok ? 'good' : 'danger'}>
          <p>{chain.said}</p>
          {!chain.ok && (
            <p>
              Somebody changed or removed entries from there on. Keep the file as it is, compare the
              head <code>{chain.head.slice(0, 24)}…</code> with the one you noted, and look on the
              server: <code>coterie audit verify FOLDER</code>.
            </p>
          )}
        </Notice>
      )}
      <div className="card">
        <LoadState
          query={query}
          what="The audit log"
          skeleton={<Lines n={10} height={28} />}
          isEmpty={(data) => data.items.length === 0}
          empty={<p className="secondary">Nothing was written yet.</p>}
        >
          {(data) => (
            <DataTable
              caption="Audit log, the newest first"
              columns={columnsOf(names)}
              rowKey={(one) => String(one.number)}
              page={{
                rows: data.items,
                total: data.total,
                from: (cursors.length - 1) * 50 + 1,
                onNext: data.next ? () => setCursors([...cursors, data.next ?? '']) : undefined,
                onBack: cursors.length > 1 ? () => setCursors(cursors.slice(0, -1)) : undefined,
              }}
            />
          )}
        </LoadState>
      </div>
    </>
  );
}
