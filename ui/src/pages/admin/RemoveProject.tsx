import { ApiError, type Schemas } from '@/api/client';
import { type ProjectInfo, useRemoveProject, useUses } from '@/api/projects';
import { ConfirmDialog } from '@/components/ConfirmDialog';
import { Notice } from '@/components/Notice';
import { showToast } from '@/components/UndoToast';
import { counted } from '@/lib/format';

/** "4,372 customers, 2 runs and 1 upload": what there is none of is left out. */
function listed(parts: [n: number, one: string, many?: string][]): string {
  const told = parts.filter(([n]) => n > 0).map(([n, one, many]) => counted(n, one, many));
  const last = told.pop();
  return told.length > 0 ? `${told.join(', ')} and ${last}` : (last ?? '');
}

function priceOf(uses: Schemas['Uses']): string {
  const holds = listed([
    [uses.customers, 'customer'],
    [uses.runs, 'run'],
    [uses.uploads, 'upload'],
  ]);
  const leans = listed([
    [uses.schedules, 'schedule'],
    [uses.keys, 'key'],
    [uses.members, 'role of a user', 'roles of users'],
    [uses.live ? 1 : 0, 'stream of events'],
  ]);
  const gone = holds ? `${holds} are deleted, with all that was made of them. ` : '';
  return `${gone}${leans ? `It is used by ${leans}; all of that ends too. ` : 'Nothing else uses it. '}This cannot be undone.`;
}

interface Props {
  /** Null while none is to be deleted. */
  project: ProjectInfo | null;
  onClose: () => void;
}

/** Says what a project holds and what uses it before its name is to be typed. */
export function RemoveProject({ project, onClose }: Props) {
  const name = project?.name ?? '';
  const uses = useUses(name);
  const remove = useRemoveProject();
  const failed = remove.error instanceof ApiError ? remove.error : null;
  const busy = (uses.data?.jobs ?? 0) > 0;
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmDialog
      opened={project !== null}
      question={`Delete the project ${project?.title || name}?`}
      price={
        <>
          {uses.data ? priceOf(uses.data) : 'Looking what uses it…'}
          {busy && (
            <Notice tone="warn">
              {counted(uses.data?.jobs ?? 0, 'job')} of it still at work or waiting. It can be
              deleted once they have ended.
            </Notice>
          )}
          {failed && (
            <Notice tone="danger">
              {failed.message} {failed.hint}
            </Notice>
          )}
        </>
      }
      typed={name}
      verb="Delete project"
      danger
      busy={remove.isPending}
      refused={busy || !uses.data}
      onClose={close}
      onConfirm={() =>
        remove.mutate(name, {
          onSuccess: () => {
            showToast(`The project ${name} was deleted.`);
            close();
          },
        })
      }
    />
  );
}
