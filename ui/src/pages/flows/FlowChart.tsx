import { useMediaQuery } from '@mantine/hooks';
import { useMemo } from 'react';
import type { Flows } from '@/api/flows';
import { ChartFrame, type ChartTable } from '@/components/ChartFrame';
import { FlowPlot, type FlowSizes } from '@/components/FlowPlot';
import { ABSENT, type CauseView, FLOOR, linksOf, matrixOf, NOBODY, sumOf } from '@/lib/flows';
import { count, shareInWords } from '@/lib/format';
import { type Place, useGo } from '@/place';
import { Listed } from './Listed';

/** Everybody from where they were to where they are; the table has every move. */
export function FlowChart({ flows, view, place }: { flows: Flows; view: CauseView; place: Place }) {
  const go = useGo();
  const phone = useMediaQuery('(max-width: 640px)');
  const links = useMemo(() => linksOf(flows, view), [flows, view]);
  const sum = sumOf(flows.causes);
  const sizes = useMemo(() => sizesOf(flows), [flows]);
  const title =
    sum !== null && sum.before > 0
      ? `${shareInWords(sum.stayed / sum.before)} are where they were: ${count(sum.stayed)} of ${count(sum.before)}.`
      : 'From where they were to where they are.';
  return (
    <ChartFrame
      title={title}
      note={noteOf(flows, phone ?? false)}
      file={`${place.project}-flows`}
      table={tableOf(flows, place)}
      chart={
        phone ? null : (
          <FlowPlot
            segments={flows.segments}
            links={links}
            sizes={sizes}
            onPick={(id) => go(place.href(['segments', id]))}
          />
        )
      }
    />
  );
}

function noteOf(flows: Flows, phone: boolean): string {
  const few = flows.suppressed ? ' Moves that would tell of a few are left out.' : '';
  if (phone) return `All moves, whatever their cause. A wider window draws them, too.${few}`;
  const drawn = `Pale: stayed. Moves of fewer than ${FLOOR} are drawn together.`;
  return `${drawn} The table has all moves, whatever their cause.${few}`;
}

/** How many were and are in every segment, whatever is drawn of their moves. */
function sizesOf(flows: Flows): FlowSizes {
  const { rows, columns, rowSums, columnSums } = matrixOf(flows);
  const of = (ids: string[], sums: (number | null)[]) =>
    new Map(ids.map((id, n) => [id, sums[n] ?? null]));
  return { from: of(rows, rowSums), to: of(columns, columnSums) };
}

function tableOf(flows: Flows, place: Place): ChartTable {
  const matrix = matrixOf(flows);
  const names = new Map(flows.segments.map((one) => [one.id, one.name]));
  const nameOf = (id: string, missing: string) =>
    names.get(id) ?? (id === NOBODY ? 'In no segment' : id === ABSENT ? missing : id);
  const last = ['All', ...matrix.columnSums, matrix.sum];
  const rows = matrix.rows.map((id, n) => [
    nameOf(id, 'Not yet there'),
    ...(matrix.cells[n] ?? []),
    matrix.rowSums[n] ?? null,
  ]);
  const read = [...rows, last].map((row, n) =>
    row.map((cell, at) => {
      if (typeof cell === 'string') return cell;
      const who = whoOf(matrix.rows[n], matrix.columns[at - 1]);
      if (!cell || !who) return count(cell);
      return (
        <Listed key={row[0]} flows={flows} place={place} who={who}>
          {count(cell)}
        </Listed>
      );
    }),
  );
  return {
    columns: ['From', ...matrix.columns.map((id) => `To ${nameOf(id, 'No longer there')}`), 'All'],
    rows: [...rows, last].map((row) => row.map((cell) => cell ?? 'hidden')),
    read,
  };
}

/** How a cell of the matrix is listed: by where from and where to; sums and who is gone are not. */
function whoOf(from: string | undefined, to: string | undefined) {
  if (from === undefined || to === undefined || to === ABSENT) return undefined;
  if (from === ABSENT) return { f: to, cause: 'new' };
  return from === to ? { f: to, cause: 'stayed' } : { f: to, from };
}
