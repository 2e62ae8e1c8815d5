/** The components that say something of a run: what they say, and that axe finds nothing. */
import { MantineProvider } from '@mantine/core';
import { fireEvent, render, screen } from '@testing-library/react';
import axe from 'axe-core';
import type { ReactElement } from 'react';
import { beforeAll, expect, test, vi } from 'vitest';
import { setLocale } from '@/lib/format';
import { type Role, RoleContext } from '@/lib/role';
import { verdictSentence } from '@/lib/verdict';
import { resolver, theme } from '@/theme';
import { ActButton } from './ActButton';
import { GateCell } from './GateCell';
import { HowWeKnow } from './HowWeKnow';
import { Insight } from './Insight';
import { LineBand } from './LineBand';
import { Proofs } from './Proofs';
import { VerdictBand } from './VerdictBand';

beforeAll(() => setLocale('en-GB'));

function show(element: ReactElement, role: Role = 'admin') {
  return render(
    <MantineProvider theme={theme} cssVariablesResolver={resolver}>
      <RoleContext.Provider value={role}>
        <main>{element}</main>
      </RoleContext.Provider>
    </MantineProvider>,
  );
}

const LOYAL = { id: 'seg-002', name: 'Loyal', slot: 2 };
const PROOFS = {
  method: 'out-of-time',
  holds_later: { value: 0.906, low: 0.855, high: 0.937 },
  comes_back: { value: null },
  told_by_rules: { value: 0.92 },
  smallest: { value: 69 },
};

const ALL: Record<string, ReactElement> = {
  insight: (
    <Insight
      parts={[
        { segment: 'seg-002' },
        { text: ' grew by ' },
        { value: 67, unit: 'count' },
        { text: '.' },
      ]}
      segments={new Map([['seg-002', LOYAL]])}
      currency="GBP"
      open={{ href: '/p/shop/segments/seg-002', label: 'Open Loyal' }}
      facts={[['Run', 'r1']]}
    />
  ),
  how: <HowWeKnow of="Loyal grew." facts={[['Run', 'r1']]} />,
  proofs: <Proofs proofs={PROOFS} href="/p/shop/choice" />,
  verdict: <VerdictBand verdict="natural" lead="Natural groups." sentences={['They are there.']} />,
  gate: <GateCell value={0.9} low={0.8} high={0.95} gate={0.75} chosen />,
  line: <LineBand points={[{ x: 2, value: 0.4 }]} write={String} xLabel="number of segments" />,
  act: (
    <ActButton needs="analyst" act="Exporting">
      Export
    </ActButton>
  ),
};

test.each(Object.keys(ALL))('axe finds nothing in %s', async (name) => {
  const { container } = show(ALL[name] as ReactElement, 'viewer');
  const found = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
  expect(found.violations.map((one) => one.id)).toEqual([]);
});

test('a sentence names its segment and opens what is behind it', async () => {
  const { container } = show(ALL.insight as ReactElement);
  expect(container.querySelector('p')?.textContent).toBe('Loyal grew by 67.');
  fireEvent.click(screen.getByRole('button', { name: 'How do we know? Loyal grew by 67.' }));
  expect(await screen.findByRole('dialog')).toBeDefined();
  expect(screen.getByText('r1')).toBeDefined();
});

test('what was not run is said, and a proof has its range', () => {
  show(ALL.proofs as ReactElement);
  expect(screen.getByText('not run')).toBeDefined();
  expect(screen.getByText('of 100, range 86–94')).toBeDefined();
  expect(screen.getByText('69 customers')).toBeDefined();
});

test('the lead sentence says how many memberships come back, where that is known', () => {
  expect(verdictSentence('reproducible', 0.9)).toBe(
    'Reproducible cuts, not natural groups. Refitted on resampled customers, about 90 in 100 memberships come back; there are no empty gaps between the groups.',
  );
  expect(verdictSentence('reproducible', null)).toBe(
    'Reproducible cuts, not natural groups. There are no empty gaps between the groups.',
  );
});

test('an act that one may not do is seen, disabled, with the reason', () => {
  const done = vi.fn();
  const act = (
    <ActButton needs="analyst" act="Exporting" onClick={done}>
      Export
    </ActButton>
  );
  show(act, 'viewer');
  const button = screen.getByRole('button');
  expect(button.textContent).toBe('Export. Exporting needs the role Analyst. Ask an admin.');
  expect(button.getAttribute('aria-disabled')).toBe('true');
  fireEvent.click(button);
  expect(done).not.toHaveBeenCalled();
});

test('whoever may, can', () => {
  const done = vi.fn();
  const act = (
    <ActButton needs="analyst" act="Exporting" onClick={done}>
      Export
    </ActButton>
  );
  show(act, 'analyst');
  fireEvent.click(screen.getByRole('button', { name: 'Export' }));
  expect(done).toHaveBeenCalledOnce();
});
