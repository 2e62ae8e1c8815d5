/** The command palette: pages, segments, customers by the beginning of their id, and terms. */
import { Modal, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useRouter } from '@tanstack/react-router';
import { type KeyboardEvent, type ReactNode, useEffect, useId, useState } from 'react';
import { useCustomers } from './api/customers';
import { useSegments } from './api/segments';
import { announce } from './components/announce';
import { Icon } from './components/Icon';
import { SegmentChip } from './components/SegmentChip';
import { useFocusBack } from './lib/focus';
import { counted } from './lib/format';
import { GLOSSARY } from './lib/glossary';
import { navOf } from './nav';
import classes from './palette.module.css';
import type { Place } from './place';

interface Entry {
  id: string;
  show: ReactNode;
  note: string;
  href?: string;
}

const CUSTOMERS = 7;
const SHORTEST = 2;

export default function Palette({ place, onClose }: { place: Place; onClose: () => void }) {
  useFocusBack();
  const router = useRouter();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const entries = useEntries(place, text.trim());
  const list = useId();
  const found = counted(entries.length, 'result');
  useEffect(() => announce(found), [found]);
  const open = (entry: Entry | undefined) => {
    if (!entry?.href) return;
    onClose();
    router.history.push(entry.href);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((now) => (now + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      open(entries[at]);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      yOffset="12vh"
      centered={false}
      size={560}
      padding={8}
      aria-label="Go to"
    >
      <TextInput
        data-autofocus
        aria-label="Go to a page, segment or customer"
        placeholder="Page, segment or customer id"
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={entries[at] ? `${list}-${at}` : undefined}
        leftSection={<Icon name="search" />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKey}
      />
      <div id={list} role="listbox" aria-label="Results" className={classes.list}>
        {entries.map((entry, n) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={entry.id}
            id={`${list}-${n}`}
            role="option"
            tabIndex={-1}
            aria-selected={n === at}
            className={classes.entry}
            onClick={() => open(entry)}
          >
            <span className={classes.what}>{entry.show}</span>
            <span className="note">{entry.note}</span>
          </div>
        ))}
      </div>
      {entries.length === 0 && <p className="secondary">Nothing is called so.</p>}
    </Modal>
  );
}

function useEntries(place: Place, text: string): Entry[] {
  const [asked] = useDebouncedValue(text, 150);
  const segments = useSegments(place.project, place.runId).data?.items ?? [];
  const long = asked.length >= SHORTEST;
  const customers = useCustomers(place.project, { search: asked, limit: CUSTOMERS }, long);
  const fits = (name: string) => name.toLowerCase().includes(text.toLowerCase());
  const known = navOf(place.live).flatMap((group) => group.pages);
  const pages = known.filter((page) => fits(page.label));
  return [
    ...pages.map((page) => ({
      id: page.id,
      show: page.label,
      note: page.key ? `g ${page.key}` : '',
      href: place.href([page.id]),
    })),
    ...segments
      .filter((one) => fits(one.name))
      .map((one) => ({
        id: one.id,
        show: <SegmentChip segment={one} />,
        note: counted(one.n, 'customer'),
        href: place.href(['segments', one.id]),
      })),
    ...(long ? (customers.data?.items ?? []) : []).map((one) => ({
      id: `customer ${one.customer_id}`,
      show: one.customer_id,
      note: one.segment_name ?? 'in no segment',
      href: place.href(['customers', one.customer_id]),
    })),
    ...Object.entries(GLOSSARY)
      .filter(([, [word]]) => long && fits(word))
      .map(([id, [word, meaning]]) => ({ id: `term ${id}`, show: word, note: meaning })),
  ];
}
