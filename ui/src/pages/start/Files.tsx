import { Button, Checkbox, FileButton, Progress, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type DragEvent, useEffect, useState } from 'react';
import { ApiError, at, changing } from '@/api/client';
import { sendFile, type Upload, useCreateProject, useProjects, useUploads } from '@/api/projects';
import { Icon } from '@/components/Icon';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { bytes } from '@/lib/format';
import { previewOf, remember } from '@/lib/preview';
import { slug } from '@/lib/settings';
import { startHref } from '@/lib/urls';
import { useGo } from '@/place';
import { free } from './draft';
import { Sample } from './Sample';
import classes from './start.module.css';

interface Sending {
  name: string;
  share: number;
  error?: string;
}

/** Files come in: dropped anywhere on the page, chosen, or those that are there already. */
export function Files({ project }: { project: string }) {
  const [name, setName] = useState('');
  const work = useSending(project, name);
  const over = useDropAnywhere(work.send);
  const there = useUploads(project);
  return (
    <div className={classes.column}>
      <div className={classes.drop} data-over={over || undefined}>
        <Icon name="upload" size={32} />
        <p className="lead">Drop orders or customers here: CSV, Excel, Parquet, JSON.</p>
        <FileButton multiple onChange={work.send}>
          {(props) => (
            <Button {...props} variant={there.data?.items.length ? 'default' : 'filled'}>
              Choose files
            </Button>
          )}
        </FileButton>
        <Sample project={project} />
        {!project && (
          <TextInput
            label="Name of the project"
            description="Small letters, digits and hyphens. Left empty, it is named after the file."
            value={name}
            maxLength={63}
            onChange={(event) => setName(event.currentTarget.value)}
            className={classes.name}
          />
        )}
      </div>
      {work.sending.map((one) => (
        <div key={one.name} className="card" role="status">
          <strong>
            <SafeText text={one.name} />
          </strong>
          {one.error ? (
            <Notice tone="danger">{one.error}</Notice>
          ) : (
            <>
              <Progress
                value={one.share * 100}
                color="ink"
                size="sm"
                my={8}
                aria-label={`Sending ${one.name}`}
              />
              <span className="secondary">
                {one.share < 1
                  ? `${Math.round(one.share * 100)}% sent`
                  : 'Sent. Reading it once to see that it holds rows…'}
              </span>
            </>
          )}
        </div>
      ))}
      {there.data && there.data.items.length > 0 && (
        <Before project={project} uploads={there.data.items} />
      )}
    </div>
  );
}

function useSending(project: string, wanted: string) {
  const [sending, setSending] = useState<Sending[]>([]);
  const go = useGo();
  const client = useQueryClient();
  const create = useCreateProject();
  const projects = useProjects();
  const tell = (name: string, part: Partial<Sending>) =>
    setSending((now) => now.map((one) => (one.name === name ? { ...one, ...part } : one)));
  const send = async (files: File[]) => {
    if (files.length === 0) return;
    setSending(files.map((file) => ({ name: file.name, share: 0 })));
    let to = project;
    try {
      if (!to) {
        const taken = new Set(projects.data?.items.map((one) => one.name));
        to = (await create.mutateAsync(free(slug(wanted || (files[0]?.name ?? '')), taken))).name;
      }
      const ids: string[] = [];
      for (const file of files) {
        const kept = await sendOne(to, file, (share) => tell(file.name, { share }));
        const preview = await previewOf(file);
        if (preview) remember(kept.id, preview);
        ids.push(kept.id);
      }
      void client.invalidateQueries({ queryKey: ['project', to, 'uploads'] });
      go(startHref(to, ids, 'columns'));
    } catch (error) {
      const told =
        error instanceof ApiError
          ? `${error.message} ${error.allowed} ${error.hint}`
          : String(error);
      setSending((now) =>
        now.map((one) => (one.share < 1 || now.length === 1 ? { ...one, error: told } : one)),
      );
    }
  };
  return { sending, send };
}

async function sendOne(
  project: string,
  file: File,
  onProgress: (share: number) => void,
): Promise<Upload> {
  const { done } = sendFile(at(project, 'uploads'), file, changing(), onProgress);
  const { status, body, requestId } = await done.catch(() => {
    throw new ApiError(0, { detail: 'The connection broke while the file was being sent.' });
  });
  if (status !== 201) {
    let told = {};
    try {
      told = JSON.parse(body) as object;
    } catch {
      told = { detail: `The server answered ${status}.` };
    }
    throw new ApiError(status, told, requestId);
  }
  return JSON.parse(body) as Upload;
}

/** Files may be dropped anywhere on the page. */
function useDropAnywhere(send: (files: File[]) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const holds = (event: Event) =>
      (event as unknown as DragEvent).dataTransfer?.types.includes('Files');
    const onOver = (event: Event) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: Event) => {
      if ((event as MouseEvent).relatedTarget === null) setOver(false);
    };
    const onDrop = (event: Event) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(false);
      send([...((event as unknown as DragEvent).dataTransfer?.files ?? [])]);
    };
    window.addEventListener('dragover', onOver);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, [send]);
  return over;
}

/** Files that were uploaded before. */
function Before({ project, uploads }: { project: string; uploads: Upload[] }) {
  const [chosen, setChosen] = useState<string[]>(
    uploads.length === 1 && uploads[0] ? [uploads[0].id] : [],
  );
  const go = useGo();
  return (
    <section className="card" aria-labelledby="before">
      <h2 id="before" className="section">
        Or go on with files that are here
      </h2>
      <Checkbox.Group value={chosen} onChange={setChosen} aria-labelledby="before">
        <div className={classes.files}>
          {uploads.map((one) => (
            <Checkbox
              key={one.id}
              value={one.id}
              label={
                <>
                  <SafeText text={one.name} /> <span className="note">{bytes(one.bytes)}</span>
                </>
              }
            />
          ))}
        </div>
      </Checkbox.Group>
      <Button
        mt={16}
        disabled={chosen.length === 0}
        onClick={() => go(startHref(project, chosen, 'columns'))}
      >
        Read the columns
      </Button>
    </section>
  );
}
