import { ApiError } from '@/api/client';
import { useSample } from '@/api/jobs';
import { useCreateProject, useProject, useProjects } from '@/api/projects';
import { Notice } from '@/components/Notice';
import { jobHref } from '@/lib/urls';
import { useGo } from '@/place';
import { free } from './draft';

const NAME = 'sample-shop';

/** The way to segments for who has no file at hand: a simulated shop, run at once. */
export function Sample({ project }: { project: string }) {
  const projects = useProjects();
  const here = useProject(project);
  const create = useCreateProject();
  const sample = useSample();
  const go = useGo();
  const failed = create.error ?? sample.error;
  const error = failed instanceof ApiError ? failed : null;
  const busy = create.isPending || sample.isPending;
  const start = async () => {
    const taken = new Set(projects.data?.items.map((one) => one.name));
    const name = project || (await create.mutateAsync(free(NAME, taken))).name;
    const job = await sample.mutateAsync(name);
    go(jobHref(name, job.id));
  };
  if (project && here.data?.mapped !== false) return null;
  return (
    <>
      <p className="secondary">
        Or{' '}
        <button
          type="button"
          className="plain link"
          disabled={busy}
          // What fails is kept by the mutations, and shown.
          onClick={() => void start().catch(() => undefined)}
        >
          try the sample shop
        </button>
        : 2,000 made-up customers and two years of orders.
      </p>
      {error && (
        <Notice tone="danger">
          {error.message} {error.allowed} {error.hint}
        </Notice>
      )}
    </>
  );
}
