import { useMediaQuery } from '@mantine/hooks';
import { useMemo } from 'react';
import type { Flows } from '@/api/flows';
import { ChartFrame, type ChartTable } from '@/components/ChartFrame';
import { FlowPlot } from '@/components/FlowPlot';
import { ABSENT, type CauseView, FLOOR, linksOf, matrixOf, NOBODY, sumOf } from '@/lib/flows';
import { count, shareInWords } from '@/lib/format';
import { type Place, useGo } from '@/place';

/** Everybody from where they were to where they are; the table has every move. */
export function FlowChart({ flows, view, place }: { flows: Flows; view: CauseView; place: Place }) {
  const go = useGo();
  const phone = useMediaQuery('(max-width: 640px)');
  const links = useMemo(() => linksOf(flows, view), [flows, view]);
  const sum = sumOf(flows.causes);
  const stayed = sum.before > 0 ? shareInWords(sum.stayed / sum.before) : '';
  return (
    <ChartFrame
      title={`${stayed} are where they were: ${count(sum.stayed)} of ${count(sum.before)}.`}
      note={
        phone
          ? 'Every move is in the table; the drawing needs a wider window.'
          : `Pale: stayed. Moves of fewer than ${FLOOR} are drawn together. The table has all moves, whatever their cause.`
      }
      file={`${place.project}-flows`}
      table={tableOf(flows)}
      chart={
        phone ? null : (
          <FlowPlot
            segments={flows.segments}
            links={links}
            onPick={(id) => go(place.href(['segments', id]))}
          />
        )
      }
    />
  );
}

function tableOf(flows: Flows): ChartTable {
  const matrix = matrixOf(flows);
  const names = new Map(flows.segments.map((one) => [one.id, one.name]));
  const nameOf = (id: string, missing: string) =>
    names.get(id) ?? (id === NOBODY ? 'In no segment' : id === ABSENT ? missing : id);
  const last = ['All', ...matrix.columnSums, matrix.sum];
  const rows = matrix.rows.map((id, n) => [
    nameOf(id, 'New'),
    ...(matrix.cells[n] ?? []),
    matrix.rowSums[n] ?? null,
  ]);
  const read = [...rows, last].map((row) =>
    row.map((cell) => (cell === null ? '<25' : typeof cell === 'number' ? count(cell) : cell)),
  );
  return {
    columns: ['From', ...matrix.columns.map((id) => `To ${nameOf(id, 'Gone')}`), 'All'],
    rows: [...rows, last].map((row) => row.map((cell) => cell ?? '<25')),
    read,
  };
}
