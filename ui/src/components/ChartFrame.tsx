import { Menu, SegmentedControl, UnstyledButton } from '@mantine/core';
import { type ReactNode, useId, useRef, useState } from 'react';
import { save, savePng, toCsv } from '@/lib/download';
import classes from './ChartFrame.module.css';
import { Icon } from './Icon';

export interface ChartTable {
  columns: string[];
  /** Figures are right-aligned; texts are written as they are. */
  rows: (string | number | null)[][];
  /** The same as it is to be read, if it differs from the figures. */
  read?: ReactNode[][];
}

interface Props {
  /** The sentence that the chart shows. */
  title: ReactNode;
  /** Unit and date. */
  note?: ReactNode;
  table: ChartTable;
  /** Null where there is no room for it: then the table stands alone. */
  chart: ReactNode | null;
  /** Name of the files, without their ending. */
  file: string;
  help?: ReactNode;
}

/** A chart with its sentence, its table, and both as files. */
export function ChartFrame({ title, note, table, chart, file, help }: Props) {
  const [wanted, setView] = useState('chart');
  const view = chart === null ? 'table' : wanted;
  const body = useRef<HTMLDivElement>(null);
  const id = useId();
  const asCsv = () =>
    save(
      new Blob([`\ufeff${toCsv(table.columns, table.rows)}`], { type: 'text/csv' }),
      `${file}.csv`,
    );
  const asPng = () => {
    const drawn = body.current?.querySelector('svg[data-chart], [data-echart] svg, canvas');
    if (drawn instanceof SVGSVGElement) void savePng(drawn, file);
    else if (drawn instanceof HTMLCanvasElement)
      drawn.toBlob((blob) => blob && save(blob, `${file}.png`), 'image/png');
  };
  return (
    <figure className={classes.frame} aria-labelledby={id}>
      <figcaption className={classes.head}>
        <div>
          <div id={id} className={classes.title}>
            {title}
          </div>
          {note && <div className="note">{note}</div>}
        </div>
        <div className={classes.tools}>
          {help}
          {chart !== null && (
            <SegmentedControl
              aria-label="How it is shown"
              data={[
                { value: 'chart', label: 'Chart' },
                { value: 'table', label: 'Table' },
              ]}
              value={view}
              onChange={setView}
            />
          )}
          <Menu position="bottom-end">
            <Menu.Target>
              <UnstyledButton className={classes.tool} aria-label="Download">
                <Icon name="download" />
              </UnstyledButton>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={asCsv}>Table as CSV</Menu.Item>
              <Menu.Item onClick={asPng} disabled={view !== 'chart'}>
                Chart as PNG
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </figcaption>
      <div ref={body} className={classes.body}>
        {view === 'chart' && <div className={classes.chart}>{chart}</div>}
        <div className={view === 'chart' ? 'unseen' : 'sideways'}>
          <PlainTable table={table} label={id} />
        </div>
      </div>
    </figure>
  );
}

function PlainTable({ table, label }: { table: ChartTable; label: string }) {
  const rows = table.read ?? table.rows;
  return (
    <table className={classes.table} aria-labelledby={label}>
      <thead>
        <tr>
          {table.columns.map((name, at) => (
            <th key={name} scope="col" className={at ? 'figures' : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows of a chart have no other name
          <tr key={n}>
            {row.map((value, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns stay where they are
              <td key={at} className={at ? 'figures' : undefined}>
                {value ?? 'not known'}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
