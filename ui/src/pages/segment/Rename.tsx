import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ApiError } from '@/api/client';
import { type Segment, useRenameSegment } from '@/api/segments';
import { ActButton } from '@/components/ActButton';
import { Icon } from '@/components/Icon';
import { showToast } from '@/components/UndoToast';
import classes from './segment.module.css';

const MOST = 40;

/** Rename in place: Enter saves, Esc leaves, and it can be undone. */
export function Rename({ segment, project }: { segment: Segment; project: string }) {
  const [name, setName] = useState<string | null>(null);
  const [opened, setOpened] = useState(false);
  const rename = useRenameSegment(project);
  const save = () => {
    const wanted = name?.trim() ?? '';
    if (!wanted || wanted === segment.name) return setName(null);
    const former = segment.name_source === 'user' ? segment.name : '';
    rename.mutate(
      { id: segment.id, name: wanted, was: segment.name },
      {
        onSuccess: () => {
          setName(null);
          showToast(`Renamed to ${wanted}.`, () => rename.mutate({ id: segment.id, name: former }));
        },
      },
    );
  };
  if (name === null)
    return (
      <ActButton
        needs="analyst"
        act="Renaming"
        variant="default"
        leftSection={<Icon name="edit" />}
        autoFocus={opened}
        onClick={() => {
          setOpened(true);
          setName(segment.name);
        }}
      >
        Rename
      </ActButton>
    );
  const error =
    rename.error instanceof ApiError ? `${rename.error.message} ${rename.error.hint}` : undefined;
  return (
    <form
      className={classes.rename}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <TextInput
        autoFocus
        aria-label="New name"
        value={name}
        maxLength={MOST}
        error={error}
        onChange={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && setName(null)}
      />
      <Button type="submit" variant="default" loading={rename.isPending}>
        Save
      </Button>
    </form>
  );
}
