import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ApiError } from '@/api/client';
import { type Segment, useNote, useSaveNote } from '@/api/segments';
import { useSession } from '@/api/session';
import { ActButton } from '@/components/ActButton';
import { LoadState } from '@/components/LoadState';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { showToast } from '@/components/UndoToast';
import classes from './segment.module.css';

type Told = { owner: string; action: string };

/** Who cares for the segment, and what is done for it. */
export function Note({ segment, project }: { segment: Segment; project: string }) {
  const query = useNote(project, segment.id);
  const [editing, setEditing] = useState(false);
  const [opened, setOpened] = useState(false);
  return (
    <section className="card" aria-labelledby="care">
      <h2 id="care" className="section">
        Who cares for it
      </h2>
      <LoadState query={query} what="Who cares for it">
        {(note) =>
          editing ? (
            <Edit
              note={{ owner: note.owner ?? '', action: note.action ?? '' }}
              segment={segment}
              project={project}
              onClose={() => setEditing(false)}
            />
          ) : (
            <div className={classes.note}>
              <div>
                <p>
                  {note.action ? <SafeText text={note.action} max={280} /> : 'Nothing planned yet.'}
                </p>
                <p className="secondary">
                  {note.owner ? (
                    <>
                      Owner: <SafeText text={note.owner} max={80} />
                    </>
                  ) : (
                    'No owner yet.'
                  )}
                </p>
              </div>
              <ActButton
                needs="analyst"
                act="Changing this"
                variant="default"
                autoFocus={opened}
                onClick={() => {
                  setOpened(true);
                  setEditing(true);
                }}
              >
                {note.owner || note.action ? 'Change' : 'Take it'}
              </ActButton>
            </div>
          )
        }
      </LoadState>
    </section>
  );
}

interface EditProps {
  note: Told;
  segment: Segment;
  project: string;
  onClose: () => void;
}

function Edit({ note, segment, project, onClose }: EditProps) {
  const me = useSession().data?.name ?? '';
  const [owner, setOwner] = useState(note.owner || me);
  const [action, setAction] = useState(note.action);
  const save = useSaveNote(project, segment.id);
  const error = save.error instanceof ApiError ? save.error : null;
  const send = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(
      { owner, action },
      {
        onSuccess: () => {
          onClose();
          showToast('Kept.', () => save.mutate(note));
        },
      },
    );
  };
  return (
    <form
      className={classes.care}
      onSubmit={send}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <TextInput
        autoFocus
        label="Owner"
        value={owner}
        maxLength={80}
        onChange={(event) => setOwner(event.currentTarget.value)}
      />
      <TextInput
        label="What is done next"
        value={action}
        maxLength={280}
        onChange={(event) => setAction(event.currentTarget.value)}
      />
      <div className={classes.acts}>
        <Button type="submit" variant="default" loading={save.isPending}>
          Save
        </Button>
        <Button variant="subtle" color="ink" onClick={onClose}>
          Leave it
        </Button>
      </div>
      {error && (
        <Notice tone="danger">
          {error.message} {error.hint}
        </Notice>
      )}
    </form>
  );
}
