import { UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import type { Finding } from '@/api/quality';
import { type Column, DataTable } from '@/components/DataTable';
import { Icon } from '@/components/Icon';
import { SafeText } from '@/components/SafeText';
import { count, moneyIn, share } from '@/lib/format';
import classes from './quality.module.css';

const FIRST = 10;
/** What was done, in words; others are told as they are. */
const DONE: Record<string, string> = {
  kept: 'Kept and listed',
  netted: 'Netted against its order',
  dropped: 'Left out',
  quarantined: 'Quarantined',
  changed: 'Changed',
};

interface Props {
  name: string;
  findings: Finding[];
  currency: string;
}

/** Findings whose words hold money, which the server writes without its currency. */
const OF_MONEY = new Set(['cancelled_order', 'returns_netted']);

/** What was found, by the money it touches where that is told, then by rows. */
export function Findings({ name, findings, currency }: Props) {
  const [all, setAll] = useState(false);
  const sorted = [...findings].sort(
    (a, b) =>
      Number(b.action === 'quarantined') - Number(a.action === 'quarantined') ||
      b.rows - a.rows ||
      (b.amount ?? 0) - (a.amount ?? 0),
  );
  const columns: Column<Finding>[] = [
    {
      id: 'what',
      header: 'Finding',
      phone: true,
      cell: (one) => <What finding={one} currency={currency} />,
    },
    {
      id: 'rows',
      header: 'Rows',
      figure: true,
      phone: true,
      cell: (one) => count(one.rows),
    },
    {
      id: 'share',
      header: 'Share',
      figure: true,
      cell: (one) =>
        one.share === null ? (
          <span className="secondary">{one.amount === undefined ? 'not known' : 'one order'}</span>
        ) : (
          tinyShare(one.share)
        ),
    },
    {
      id: 'done',
      header: 'What we did',
      phone: true,
      cell: (one) => <span className={classes.done}>{DONE[one.action] ?? one.action}</span>,
    },
  ];
  return (
    <DataTable
      caption={`Findings in ${name}`}
      columns={columns}
      rowKey={(one) => one.message}
      page={{ rows: all ? sorted : sorted.slice(0, FIRST), total: sorted.length, from: 1 }}
      exports={
        sorted.length > FIRST && (
          <button type="button" className="plain" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? `Show the first ${FIRST}` : `Show all ${count(sorted.length)}`}
          </button>
        )
      }
    />
  );
}

const SMALL = 0.001;

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const tinyShare = (x: number): string => (x > 0 && x < SMALL ? 'under 0.1%' : share(x));

/** The finding in words, with up to three rows of it. */
function What({ finding, currency }: { finding: Finding; currency: string }) {
  const [open, setOpen] = useState(false);
  const examples = finding.examples ?? [];
  const words = OF_MONEY.has(finding.code) ? moneyIn(finding.message, currency) : finding.message;
  return (
    <div className={classes.what}>
      <SafeText text={upper(words)} max={240} />
      {examples.length > 0 && (
        <UnstyledButton
          className={classes.more}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? 'up' : 'down'} size={12} />
          {open ? 'Hide' : 'See'} {examples.length === 1 ? 'one row' : `${examples.length} rows`} of
          it
        </UnstyledButton>
      )}
      {open && (
        <ul className={classes.examples}>
          {examples.map((one) => (
            <li key={one.row}>
              Row {count(one.row)}
              {one.value !== null && (
                <>
                  {': '}
                  <SafeText text={one.value} max={120} />
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
