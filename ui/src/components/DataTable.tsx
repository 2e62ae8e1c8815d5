import { Button, Checkbox, UnstyledButton } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react';
import { count } from '@/lib/format';
import { AppLink } from './AppLink';
import classes from './DataTable.module.css';
import { Icon } from './Icon';
import { Scrolled } from './Scrolled';

export interface Column<Row> {
  id: string;
  header: ReactNode;
  /** What the header is called where it is not text, such as in the sort button. */
  name?: string;
  cell: (row: Row) => ReactNode;
  /** Right-aligned. */
  figure?: boolean;
  /** The server can sort by it. */
  sortable?: boolean;
  /** Also shown on a phone: the name and two figures. */
  phone?: boolean;
  width?: string;
}

/** One page of a list that the server holds. */
export interface PageOf<Row> {
  rows: Row[];
  total: number;
  /** Number of the first row in the whole list, from 1. */
  from: number;
  onNext?: () => void;
  onBack?: () => void;
}

interface Props<Row> {
  caption: ReactNode;
  columns: Column<Row>[];
  page: PageOf<Row>;
  rowKey: (row: Row) => string;
  /** "monetary" or "-monetary". */
  sort?: string;
  onSort?: (sort: string) => void;
  /** Where a row leads; the first cell is its link. */
  href?: (row: Row) => string;
  onRow?: (row: Row) => void;
  select?: { chosen: ReadonlySet<string>; onChange: (chosen: Set<string>) => void };
  /** Above the table: search and filters. */
  filters?: ReactNode;
  /** Below it: exports. */
  exports?: ReactNode;
  /** A last row that sums up. */
  sum?: Partial<Record<string, ReactNode>>;
  /** What stands in place of the rows when there are none. */
  empty?: ReactNode;
  busy?: boolean;
}

/** A table whose pages, order and filters are the server's; arrows, Space and Enter move in it. */
export function DataTable<Row>(props: Props<Row>) {
  const { caption, columns, page, rowKey, filters, empty, busy, sum } = props;
  const id = useId();
  const body = useRef<HTMLTableSectionElement>(null);
  return (
    <div className={classes.frame}>
      {filters && <div className={classes.filters}>{filters}</div>}
      {page.rows.length === 0 && empty ? (
        empty
      ) : (
        <Scrolled labelledBy={id} busy={busy}>
          <table className={classes.table}>
            <caption id={id} className={classes.caption}>
              {caption}
            </caption>
            <Head {...props} />
            <tbody ref={body} onKeyDown={(event) => move(event, body.current)}>
              {page.rows.map((row) => (
                <Line key={rowKey(row)} row={row} {...props} />
              ))}
            </tbody>
            {sum && (
              <tfoot>
                <tr>
                  {columns.map((column) => (
                    <td key={column.id} {...cellOf(column)}>
                      {sum[column.id]}
                    </td>
                  ))}
                </tr>
              </tfoot>
            )}
          </table>
        </Scrolled>
      )}
      <Foot {...props} />
    </div>
  );
}

function cellOf<Row>(column: Column<Row>) {
  return {
    className: column.figure ? classes.figure : undefined,
    'data-phone': column.phone ? true : undefined,
    style: column.width ? { width: column.width } : undefined,
  };
}

function Head<Row>({ columns, sort, onSort, select, page, rowKey }: Props<Row>) {
  const falling = sort?.startsWith('-') ?? false;
  const by = sort?.replace(/^-/, '');
  const all = page.rows.every((row) => select?.chosen.has(rowKey(row)));
  return (
    <thead>
      <tr>
        {select && (
          <th scope="col" className={classes.pick}>
            <Checkbox
              size="xs"
              aria-label="Select all on this page"
              checked={all && page.rows.length > 0}
              onChange={() => select.onChange(new Set(all ? [] : page.rows.map(rowKey)))}
            />
          </th>
        )}
        {columns.map((column) => {
          const sorted = by === column.id;
          const order = falling ? 'descending' : 'ascending';
          return (
            <th
              key={column.id}
              scope="col"
              aria-sort={sorted ? order : undefined}
              {...cellOf(column)}
            >
              {column.sortable && onSort ? (
                <UnstyledButton
                  className={classes.sort}
                  onClick={() => onSort(sorted && falling ? column.id : `-${column.id}`)}
                >
                  {column.header}
                  <Icon name={sorted ? (falling ? 'down' : 'up') : 'both'} size={12} />
                </UnstyledButton>
              ) : (
                column.header
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function Line<Row>({ row, columns, rowKey, href, onRow, select }: Props<Row> & { row: Row }) {
  const key = rowKey(row);
  const to = href?.(row);
  const chosen = select?.chosen.has(key) ?? false;
  const toggle = () => {
    if (!select) return;
    const next = new Set(select.chosen);
    if (!next.delete(key)) next.add(key);
    select.onChange(next);
  };
  return (
    <tr
      data-row
      data-link={to !== undefined || undefined}
      aria-selected={select ? chosen : undefined}
      onClick={(event) => {
        if ((event.target as Element).closest('a, button, input, label')) return;
        if (window.getSelection()?.toString()) return;
        if (to) event.currentTarget.querySelector<HTMLElement>('a[data-open]')?.click();
        else onRow?.(row);
      }}
      onKeyDown={(event) => {
        if (event.key === ' ' && select && event.target instanceof HTMLAnchorElement) {
          event.preventDefault();
          toggle();
        }
      }}
    >
      {select && (
        <td className={classes.pick}>
          <Checkbox size="xs" aria-label={`Select ${key}`} checked={chosen} onChange={toggle} />
        </td>
      )}
      {columns.map((column, n) =>
        n === 0 ? (
          <th key={column.id} scope="row" {...cellOf(column)}>
            {to ? (
              <AppLink href={to} data-open className={classes.open}>
                {column.cell(row)}
              </AppLink>
            ) : (
              column.cell(row)
            )}
          </th>
        ) : (
          <td key={column.id} {...cellOf(column)}>
            {column.cell(row)}
          </td>
        ),
      )}
    </tr>
  );
}

/** Up and down go from row to row, Home and End to the first and last. */
function move(event: KeyboardEvent, body: HTMLElement | null): void {
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, Home: -1e9, End: 1e9 };
  const step = steps[event.key];
  if (step === undefined || !body || event.target instanceof HTMLInputElement) return;
  const links = [...body.querySelectorAll<HTMLElement>('a[data-open]')];
  const row = (event.target as Element).closest('[data-row]');
  const at = links.findIndex((link) => row?.contains(link));
  const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function Foot<Row>({ page, exports }: Props<Row>) {
  const last = page.from + page.rows.length - 1;
  const paged = page.onNext || page.onBack;
  if (!paged && !exports) return null;
  return (
    <div className={classes.foot}>
      <span className="secondary">
        {page.rows.length > 0 && `${count(page.from)}–${count(last)} of ${count(page.total)}`}
      </span>
      {paged && (
        <div className={classes.turn}>
          <Button
            variant="default"
            disabled={!page.onBack}
            onClick={page.onBack}
            leftSection={<Icon name="left" size={12} />}
          >
            Back
          </Button>
          <Button
            variant="default"
            disabled={!page.onNext}
            onClick={page.onNext}
            rightSection={<Icon name="right" size={12} />}
          >
            Next
          </Button>
        </div>
      )}
      <div className={classes.exports}>{exports}</div>
    </div>
  );
}
