/** From a file to a run, in five steps: files, columns, check, options, run. */
import { useParams, useSearch } from '@tanstack/react-router';
import { proposalsOf, useProposal } from '@/api/mapping';
import { useProject } from '@/api/projects';
import { LoadState } from '@/components/LoadState';
import { PageHeader } from '@/components/PageHeader';
import type { Search } from '@/lib/urls';
import { useSetSearch } from '@/place';
import { Check } from './Check';
import { Columns } from './Columns';
import { useDraft } from './draft';
import { Files } from './Files';
import { Options } from './Options';
import { STEPS, type Step, Steps } from './Steps';

export default function Start() {
  const { upload = '' } = useParams({ strict: false }) as { upload?: string };
  const search = useSearch({ strict: false }) as Search;
  const project = search.project ?? '';
  const name = useProject(project).data?.title || project;
  const step = (
    upload && STEPS.some((one) => one.id === search.step)
      ? search.step
      : upload
        ? 'columns'
        : 'files'
  ) as Step;
  return (
    <>
      <PageHeader
        title="New run"
        place={name}
        crumbs={[{ label: 'Projects', href: '/' }]}
        sentence={name ? `For the project ${name}.` : undefined}
      />
      <Steps now={step} />
      {upload && project ? (
        <Prepared project={project} upload={upload} step={step} />
      ) : (
        <Files project={project} />
      )}
    </>
  );
}

/** The steps after the files are there. */
function Prepared({ project, upload, step }: { project: string; upload: string; step: Step }) {
  const uploads = upload.split(',');
  const query = useProposal(project, uploads);
  const setSearch = useSetSearch();
  const [draft, change] = useDraft(upload);
  const go = (next: Step) => setSearch({ step: next });
  if (step === 'files') return <Files project={project} />;
  return (
    <LoadState query={query} what="What the files seem to hold">
      {(mapping) => {
        const proposals = proposalsOf(mapping);
        const rest = { project, proposals, draft, change, go };
        if (step === 'check') return <Check {...rest} />;
        if (step === 'options') return <Options {...rest} toml={mapping.toml} />;
        return <Columns {...rest} />;
      }}
    </LoadState>
  );
}
