/** Every shared component: what it says, what its keys do, and that axe finds nothing. */
import { MantineProvider } from '@mantine/core';
import { act, fireEvent, render, screen, within } from '@testing-library/react';
import axe from 'axe-core';
import type { ReactElement } from 'react';
import { expect, test, vi } from 'vitest';
import { ApiError } from '@/api/client';
import { resolver, theme } from '@/theme';
import { ChartFrame } from './ChartFrame';
import { ConfirmDialog } from './ConfirmDialog';
import { DataTable } from './DataTable';
import { DotRange } from './DotRange';
import { Dumbbell } from './Dumbbell';
import { Figure } from './Figure';
import { Hidden } from './Hidden';
import { JobProgress } from './JobProgress';
import { LoadState } from './LoadState';
import { Lollipop } from './Lollipop';
import { SafeText } from './SafeText';
import { SchemaForm } from './SchemaForm';
import { SegmentChip } from './SegmentChip';
import { SmallLines } from './SmallLines';
import { Term } from './Term';
import { showToast, Toasts } from './UndoToast';
import { WhatIf } from './WhatIf';

function show(element: ReactElement) {
  return render(
    <MantineProvider theme={theme} cssVariablesResolver={resolver}>
      <main>{element}</main>
    </MantineProvider>,
  );
}

const LOYAL = { id: 'seg-002', name: 'Loyal', slot: 2 };
const write = (x: number) => String(x);
const ROWS = [
  { label: 'Orders', value: 0.9, low: 0.8, high: 0.95, text: '12 · rest 2' },
  { label: 'Gap', value: null, text: 'not known' },
];
const LEVER = {
  name: 'orders',
  label: 'More orders',
  value: 1,
  unit: '',
  low: 0,
  high: 5,
  step: 1,
  values: [],
};
const FIELD = {
  name: 'age',
  label: 'Age',
  kind: 'number',
  choices: [],
  low: 18,
  high: 76,
  required: true,
  example: '36',
};
const PLAN = { ...FIELD, name: 'plan', label: 'Plan', choices: [{ code: 'g', word: 'gold' }] };

const table = (extra = {}) => (
  <DataTable
    caption="Customers"
    columns={[
      { id: 'id', header: 'Id', sortable: true, cell: (row: { id: string }) => row.id },
      { id: 'n', header: 'Orders', figure: true, cell: () => '7' },
    ]}
    page={{ rows: [{ id: 'a' }, { id: 'b' }], total: 100, from: 1, onNext: () => undefined }}
    rowKey={(row) => row.id}
    href={(row) => `/p/shop/customers/${row.id}`}
    {...extra}
  />
);

const ALL: Record<string, ReactElement> = {
  chip: <SegmentChip segment={LOYAL} href="/p/shop/segments/seg-002" count="339" />,
  figure: <Figure label="Customers" value="4,334" asOf="2011-12-10" n={4334} range="1–2" />,
  unknown: <Figure label="Spend" value={null} help="There are no orders." />,
  hidden: <Hidden reason="few" />,
  term: <Term id="median" />,
  table: table({
    sort: '-id',
    onSort: () => undefined,
    select: { chosen: new Set(['a']), onChange: () => undefined },
  }),
  chart: (
    <ChartFrame
      title="Orders set them apart."
      file="x"
      table={{ columns: ['What', 'n'], rows: [['Orders', 1]] }}
      chart={<DotRange rows={ROWS} axis={{ write }} />}
    />
  ),
  pairs: (
    <Dumbbell
      rows={[{ label: 'x', a: 1, b: 2, text: '1 · 2' }]}
      aName="then"
      bName="now"
      axis={{ write }}
    />
  ),
  stems: <Lollipop rows={[{ label: 'x', value: -3, text: '−3' }]} write={write} />,
  lines: (
    <SmallLines
      series={[{ label: 'Loyal', slot: 2, points: [{ day: '2011-12-09', value: 3 }] }]}
      write={write}
    />
  ),
  job: (
    <JobProgress
      stages={[
        { id: 'read', label: 'Read' },
        { id: 'write', label: 'Write' },
      ]}
      stage="write"
      done={0.5}
      state="running"
      onCancel={() => undefined}
    />
  ),
  form: (
    <SchemaForm
      fields={[FIELD, PLAN]}
      value={{}}
      errors={{ age: 'Age 250: up to 120 is accepted.' }}
      onChange={() => undefined}
      onSubmit={() => undefined}
      verb="Predict"
      write={write}
    />
  ),
  levers: <WhatIf levers={[LEVER]} changes={{}} onChange={() => undefined} write={write} />,
};

test.each(Object.keys(ALL))('axe finds nothing wrong: %s', async (name) => {
  const { container } = show(ALL[name] as ReactElement);
  const rules = { 'color-contrast': { enabled: false } };
  const { violations } = await axe.run(container, { rules });
  expect(violations.map((one) => `${one.id}: ${one.nodes[0]?.html}`)).toEqual([]);
});

test('text from outside is text, of its own direction, and cut', () => {
  const { container } = show(
    <SafeText text={`<img src=x onerror=alert(1)>${'a'.repeat(10_000)}`} />,
  );
  expect(container.querySelector('img')).toBeNull();
  const shown = container.querySelector('bdi')?.textContent ?? '';
  expect(shown.startsWith('<img')).toBe(true);
  expect(shown.length).toBe(60);
});

test('what is not known is a word', () => {
  show(ALL.unknown as ReactElement);
  expect(screen.getByText('Not known')).toBeTruthy();
  expect(screen.getByText('There are no orders.')).toBeTruthy();
});

test('a sort button asks for the largest first, then for the smallest', () => {
  const onSort = vi.fn();
  const { rerender } = show(table({ sort: 'n', onSort }));
  fireEvent.click(screen.getByRole('button', { name: 'Id' }));
  expect(onSort).toHaveBeenLastCalledWith('-id');
  rerender(<MantineProvider theme={theme}>{table({ sort: '-id', onSort })}</MantineProvider>);
  expect(screen.getByRole('columnheader', { name: 'Id' }).getAttribute('aria-sort')).toBe(
    'descending',
  );
  fireEvent.click(screen.getByRole('button', { name: 'Id' }));
  expect(onSort).toHaveBeenLastCalledWith('id');
});

test('arrows go from row to row', () => {
  show(table());
  const links = within(screen.getByRole('table')).getAllByRole('link');
  links[0]?.focus();
  fireEvent.keyDown(links[0] as Element, { key: 'ArrowDown' });
  expect(document.activeElement).toBe(links[1]);
  fireEvent.keyDown(links[1] as Element, { key: 'Home' });
  expect(document.activeElement).toBe(links[0]);
});

const failing = (error: ApiError) => ({
  data: undefined,
  error,
  isPending: false,
  refetch: vi.fn(),
});

test('a failure says what, why, what to try, and its request', () => {
  const query = failing(
    new ApiError(500, { detail: 'It broke.', hint: 'Look at the log.' }, '7f3a'),
  );
  show(
    <LoadState query={query} what="Members">
      {() => null}
    </LoadState>,
  );
  expect(screen.getByText(/Members could not be loaded/).parentElement?.textContent).toContain(
    'It broke.',
  );
  expect(screen.getByText('7f3a')).toBeTruthy();
  fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(query.refetch).toHaveBeenCalledOnce();
});

test('what is gone and what is not made yet are no failures', () => {
  const at = (status: number) => (
    <LoadState
      query={failing(new ApiError(status, { detail: 'x' }))}
      what="It"
      gone={() => 'gone'}
      notReady={() => 'not yet'}
    >
      {() => null}
    </LoadState>
  );
  show(at(404));
  expect(screen.getByText('gone')).toBeTruthy();
  show(at(409));
  expect(screen.getByText('not yet')).toBeTruthy();
});

test('loading shows nothing at first, then a shape, then words', () => {
  vi.useFakeTimers();
  const query = { data: undefined, error: null, isPending: true, refetch: vi.fn() };
  const { container } = show(
    <LoadState query={query} what="Members">
      {() => null}
    </LoadState>,
  );
  expect(container.querySelector('.mantine-Skeleton-root')).toBeNull();
  act(() => vi.advanceTimersByTime(200));
  expect(container.querySelector('.mantine-Skeleton-root')).toBeTruthy();
  act(() => vi.advanceTimersByTime(10_000));
  expect(screen.getByText(/Slower than usual/)).toBeTruthy();
  vi.useRealTimers();
});

test('what cannot be undone asks for the word first', () => {
  const done = vi.fn();
  show(
    <ConfirmDialog
      opened
      question="Erase customer 12347?"
      price="This cannot be undone."
      typed="12347"
      verb="Erase customer"
      onConfirm={done}
      onClose={() => undefined}
    />,
  );
  const act = screen.getByRole('button', { name: 'Erase customer' }) as HTMLButtonElement;
  expect(act.disabled).toBe(true);
  fireEvent.change(screen.getByLabelText('Type 12347 to go on'), { target: { value: '12347' } });
  expect(act.disabled).toBe(false);
});

test('an act can be undone for a while, by the button or by Control Z', () => {
  const undo = vi.fn();
  show(<Toasts />);
  act(() => showToast('Renamed to Gift shops.', undo));
  fireEvent.keyDown(window, { key: 'z', ctrlKey: true });
  expect(undo).toHaveBeenCalledOnce();
  expect(screen.queryByText('Renamed to Gift shops.')).toBeNull();
});
