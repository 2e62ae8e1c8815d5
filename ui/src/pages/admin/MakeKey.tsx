import { Button, Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type NewKey, useMakeKey } from '@/api/admin';
import { ApiError } from '@/api/client';
import { useProjects } from '@/api/projects';
import classes from './admin.module.css';

type Scope = NewKey['scopes'][number];

/** What a key may be made for, in the words of its use. */
const SCOPES: { value: Scope; label: string }[] = [
  { value: 'read', label: 'read: segments, flows, quality, reports' },
  { value: 'customers', label: 'customers: also lists of customers, exports' },
  { value: 'identities', label: 'identities: names and e-mails that are kept encrypted' },
  { value: 'predict', label: 'predict: segments of people who are typed in' },
  { value: 'run', label: 'run: upload, run, publish, schedule' },
  { value: 'feedback', label: 'feedback: tell what came of offers' },
  { value: 'events', label: 'events: tell what happens, orders and other events' },
  { value: 'admin', label: 'admin: all of these, and the log' },
];
const DAYS = { first: 90, most: 3650 };

/** A key for one program: its name, what it may, where, and until when. */
export function MakeKey({ onDone }: { onDone: (made: { name: string; key: string }) => void }) {
  const projects = useProjects().data?.items ?? [];
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['read']);
  const [project, setProject] = useState('');
  const [days, setDays] = useState<number>(DAYS.first);
  const make = useMakeKey();
  const error = make.error instanceof ApiError ? make.error : null;
  return (
    <form
      className={`card ${classes.column}`}
      aria-label="Make a key"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate(
          { name: name.trim(), scopes: scopes as Scope[], project, days },
          {
            onSuccess: (made) => {
              setName('');
              onDone(made);
            },
          },
        );
      }}
    >
      <div className={classes.form}>
        <TextInput
          label="Name of the program"
          autoComplete="off"
          maxLength={100}
          required
          withAsterisk={false}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          label="Project"
          data={[
            { value: '', label: 'All projects' },
            ...projects.map((one) => ({ value: one.name, label: one.title || one.name })),
          ]}
          value={project}
          onChange={(event) => setProject(event.currentTarget.value)}
        />
        <NumberInput
          label="Ends after days"
          min={1}
          max={DAYS.most}
          allowDecimal={false}
          value={days}
          onChange={(value) => setDays(typeof value === 'number' ? value : DAYS.first)}
        />
      </div>
      <Checkbox.Group label="What it may" value={scopes} onChange={setScopes}>
        <div className={classes.scopes}>
          {SCOPES.map((one) => (
            <Checkbox key={one.value} value={one.value} label={one.label} />
          ))}
        </div>
      </Checkbox.Group>
      {error && (
        <p role="alert" className={classes.error}>
          {error.message} {error.hint}
        </p>
      )}
      <div>
        <Button type="submit" loading={make.isPending} disabled={scopes.length === 0}>
          Make a key
        </Button>
      </div>
    </form>
  );
}
