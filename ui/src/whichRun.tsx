/** Says when what is seen is not what is published, and publishes it. */
import { useState } from 'react';
import { useKeepChoice, useManifest } from './api/projects';
import { usePublish } from './api/runs';
import { AppLink } from './components/AppLink';
import { ConfirmDialog } from './components/ConfirmDialog';
import { Icon } from './components/Icon';
import band from './components/OfflineBand.module.css';
import { showToast } from './components/UndoToast';
import { date, eve } from './lib/format';
import { useWhyNot } from './lib/role';
import { pageHref } from './lib/urls';
import { NAV } from './nav';
import { type Place, useSetSearch } from './place';

export function WhichRun({ place }: { place: Place }) {
  const { run, search } = place;
  const mayNot = useWhyNot('analyst', 'Publishing');
  if (!run || run.published) return null;
  const home = pageHref(place.project, [NAV[0]?.pages[0]?.id ?? 'segments']);
  const past = run.as_of
    ? `You are looking at ${date(eve(run.as_of))}.`
    : 'You are looking at a former run.';
  return (
    <section aria-label="Which run" className={band.band}>
      <Icon name="clock" />
      <span>
        {run.trial ? 'Preview of a candidate, not published.' : past}{' '}
        {search.candidate && mayNot === null && (
          <>
            <Publish place={place} runId={run.run_id} trial={run.trial === true} />
            {' · '}
          </>
        )}
        <AppLink href={home}>{run.trial ? 'Leave' : 'Go to latest'}</AppLink>
      </span>
    </section>
  );
}

function Publish({ place, runId, trial }: { place: Place; runId: string; trial: boolean }) {
  const setSearch = useSetSearch();
  const publish = usePublish(place.project);
  const manifest = useManifest(place.project, runId).data;
  const keep = useKeepChoice(place.project);
  const [asking, setAsking] = useState(false);
  const done = async () => {
    await publish.mutateAsync(runId);
    setAsking(false);
    setSearch({ candidate: undefined, asof: undefined });
    if (trial && manifest) await keep.mutateAsync(manifest.choice);
    showToast('Published.');
  };
  const failed = publish.error ?? keep.error;
  const goesOn = trial ? ' The settings then name it, so that the next run goes on with it.' : '';
  return (
    <>
      <button type="button" className={band.act} onClick={() => setAsking(true)}>
        Publish
      </button>
      {failed && ` ${failed.message}`}
      <ConfirmDialog
        opened={asking}
        question="Publish this segmentation?"
        price={`Everybody sees it from now on, and new customers are placed by it. The former one can be restored.${goesOn}`}
        verb="Publish"
        keep="Not yet"
        busy={publish.isPending}
        onClose={() => setAsking(false)}
        // What fails is kept by the mutations, and shown.
        onConfirm={() => void done().catch(() => setAsking(false))}
      />
    </>
  );
}
