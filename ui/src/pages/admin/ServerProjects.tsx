import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ApiError } from '@/api/client';
import { type ProjectInfo, useCreateProject, useProjects } from '@/api/projects';
import { type Column, DataTable } from '@/components/DataTable';
import { LoadState } from '@/components/LoadState';
import { SafeText } from '@/components/SafeText';
import { showToast } from '@/components/UndoToast';
import { endOf } from '@/lib/format';
import { homeOf } from '@/shell';
import classes from './admin.module.css';
import { RemoveProject } from './RemoveProject';

const COLUMNS: Column<ProjectInfo>[] = [
  {
    id: 'title',
    header: 'Project',
    phone: true,
    cell: (one) => <SafeText text={one.title || one.name} />,
  },
  { id: 'name', header: 'Folder', cell: (one) => <code>{one.name}</code> },
  {
    id: 'state',
    header: 'State',
    phone: true,
    cell: (one) => {
      if (!one.run_id) return one.mapped ? 'Ready to run' : 'Needs a file';
      return one.as_of ? endOf(one.as_of).replace('end', 'End') : 'No dates in the data';
    },
  },
  {
    id: 'run',
    header: 'Published run',
    cell: (one) =>
      one.run_id ? <code>{one.run_id}</code> : <span className="secondary">none yet</span>,
  },
];

const actsOf = (onRemove: (one: ProjectInfo) => void): Column<ProjectInfo> => ({
  id: 'acts',
  header: <span className="unseen">Acts</span>,
  figure: true,
  phone: true,
  cell: (one) => (
    <Button variant="default" onClick={() => onRemove(one)} aria-label={`Delete ${one.name}…`}>
      Delete…
    </Button>
  ),
});

export function ServerProjects() {
  const query = useProjects();
  const [name, setName] = useState('');
  const [removing, setRemoving] = useState<ProjectInfo | null>(null);
  const create = useCreateProject();
  const error = create.error instanceof ApiError ? create.error : null;
  return (
    <>
      <form
        className={`card ${classes.form}`}
        aria-label="Make a project"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate(name.trim(), {
            onSuccess: () => {
              showToast(`The project ${name.trim()} was made.`);
              setName('');
            },
          });
        }}
      >
        <TextInput
          label="Name of a new project"
          description="Small letters, digits and hyphens."
          required
          withAsterisk={false}
          maxLength={63}
          value={name}
          error={error && `${error.message} ${error.allowed}`}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" loading={create.isPending}>
          Make a project
        </Button>
      </form>
      <div className="card">
        <LoadState
          query={query}
          what="Projects"
          isEmpty={(data) => data.items.length === 0}
          empty={<p className="secondary">No project yet.</p>}
        >
          {(data) => (
            <DataTable
              caption="Projects of this server"
              columns={[...COLUMNS, actsOf(setRemoving)]}
              rowKey={(one) => one.name}
              href={homeOf}
              page={{ rows: data.items, total: data.items.length, from: 1 }}
            />
          )}
        </LoadState>
      </div>
      <RemoveProject project={removing} onClose={() => setRemoving(null)} />
    </>
  );
}
