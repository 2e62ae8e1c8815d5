import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type Access, useAccess, useErase } from '@/api/admin';
import { ApiError } from '@/api/client';
import { hasEnded, type Job, useJob } from '@/api/jobs';
import { useProjects } from '@/api/projects';
import { announce } from '@/components/announce';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { Icon } from '@/components/Icon';
import { JobProgress } from '@/components/JobProgress';
import { Notice } from '@/components/Notice';
import { save } from '@/lib/download';
import { counted } from '@/lib/format';
import classes from './admin.module.css';

/** All that is kept on one customer: to be given to them, or to be erased. */
export function Privacy() {
  const projects = useProjects().data?.items ?? [];
  const [project, setProject] = useState('');
  const [id, setId] = useState('');
  const chosen = project || projects[0]?.name || '';
  const [asking, setAsking] = useState(false);
  const access = useAccess();
  const erase = useErase(chosen);
  const failed = [access.error, erase.error].find((one) => one instanceof ApiError);
  const known = access.data?.customer_id === id.trim() ? access.data : undefined;
  const look = (then: (found: Access) => void) =>
    access.mutate({ project: chosen, id: id.trim() }, { onSuccess: then });
  return (
    <>
      <form
        className={`card ${classes.form}`}
        aria-label="Find a customer"
        onSubmit={(event) => {
          event.preventDefault();
          look((found) => announce(saidOf(found)));
        }}
      >
        <NativeSelect
          label="Project"
          data={projects.map((one) => ({ value: one.name, label: one.title || one.name }))}
          value={chosen}
          onChange={(event) => {
            setProject(event.currentTarget.value);
            access.reset();
            erase.reset();
          }}
        />
        <TextInput
          label="Id of the customer"
          autoComplete="off"
          required
          withAsterisk={false}
          value={id}
          onChange={(event) => {
            setId(event.currentTarget.value);
            access.reset();
            erase.reset();
          }}
        />
        <Button type="submit" loading={access.isPending}>
          Look what is kept
        </Button>
      </form>
      {failed && (
        <Notice tone="danger">
          {failed.message} {(failed as ApiError).hint}
        </Notice>
      )}
      {known && !erase.data && (
        <Kept access={known} project={chosen} onErase={() => setAsking(true)} />
      )}
      {erase.data && <Erasure job={erase.data} project={chosen} customer={id.trim()} />}
      <ConfirmDialog
        opened={asking}
        question={`Erase customer ${id.trim()}?`}
        price={
          <>
            {counted(known?.total ?? 0, 'row')} in{' '}
            {counted(Object.keys(known?.places ?? {}).length, 'place')}: orders, features,
            predictions and list entries are deleted everywhere. A signed certificate stays. This
            cannot be undone.
          </>
        }
        typed={id.trim()}
        verb="Erase customer"
        danger
        busy={erase.isPending}
        onClose={() => setAsking(false)}
        onConfirm={() =>
          erase.mutate({ id: id.trim(), reason: '' }, { onSettled: () => setAsking(false) })
        }
      />
    </>
  );
}

const saidOf = (found: Access): string =>
  found.total === 0
    ? `Nothing is kept on customer ${found.customer_id}.`
    : `${counted(found.total, 'row')} on customer ${found.customer_id}.`;

const asFile = (value: unknown, name: string) =>
  save(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }), name);

interface KeptProps {
  access: Access;
  project: string;
  onErase: () => void;
}

/** Where how many rows stand; all of it as a file. */
function Kept({ access, project, onErase }: KeptProps) {
  return (
    <section className="card" aria-labelledby="kept">
      <h2 id="kept" className="section">
        {saidOf(access)}
      </h2>
      {access.total > 0 && (
        <>
          <dl className={classes.places}>
            {Object.entries(access.places).map(([place, files]) => (
              <div key={place}>
                <dt>{place}</dt>
                <dd>
                  {Object.entries(files)
                    .map(([file, stored]) => `${file}: ${stored.rows.length + stored.named.length}`)
                    .join(', ')}
                </dd>
              </div>
            ))}
          </dl>
          <div className={classes.acts}>
            <Button
              variant="default"
              leftSection={<Icon name="download" />}
              onClick={() => asFile(access, `${project}-${access.customer_id}.json`)}
            >
              All of it, JSON
            </Button>
            <Button
              variant="default"
              onClick={onErase}
              styles={{ root: { color: 'var(--danger)', borderColor: 'var(--danger)' } }}
            >
              Erase…
            </Button>
          </div>
        </>
      )}
    </section>
  );
}

/** What was acted on is gone, with the button that had the focus: what became of it has it now. */
const focusOnce = (element: HTMLElement | null) => element?.focus({ preventScroll: true });

const STAGES = [{ id: 'erase', label: 'Looking through every place' }];

/** The erasure as it goes on; in the end its certificate. */
function Erasure({ job, project, customer }: { job: Job; project: string; customer: string }) {
  const now = useJob(project, job.id).data ?? job;
  if (!hasEnded(now))
    return (
      <section className="card" aria-label="Erasure" tabIndex={-1} ref={focusOnce}>
        <JobProgress
          stages={STAGES}
          stage={now.stage ?? ''}
          done={now.fraction ?? 0}
          state={now.state}
        />
      </section>
    );
  if (now.state !== 'done')
    return (
      <Notice tone="danger">
        <p>
          <strong>The erasure did not end.</strong> {now.error?.message} {now.error?.hint} No new
          row of the customer comes in; run it again.
        </p>
      </Notice>
    );
  const certificates = (now.result?.certificates ?? []) as unknown[];
  return (
    <Notice tone="good">
      <p>Customer {customer} is erased. The signed certificate says what was deleted where.</p>
      <Button
        variant="default"
        mt={8}
        ref={focusOnce}
        leftSection={<Icon name="download" />}
        onClick={() => asFile(certificates, `${project}-certificate.json`)}
      >
        {certificates.length === 1 ? 'Certificate, JSON' : 'Certificates, JSON'}
      </Button>
    </Notice>
  );
}
