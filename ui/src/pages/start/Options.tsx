import { Button, NativeSelect, NumberInput, Radio, TextInput } from '@mantine/core';
import { ApiError } from '@/api/client';
import { useStartJob } from '@/api/jobs';
import { useAcceptMapping } from '@/api/mapping';
import { Notice } from '@/components/Notice';
import { jobHref } from '@/lib/urls';
import { useGo } from '@/place';
import type { StepProps } from './Columns';
import { settingsOf } from './draft';
import classes from './start.module.css';

const DAY = 86_400_000;
const HORIZONS = [
  { value: '30d', label: '30 days' },
  { value: '90d', label: '90 days' },
  { value: '180d', label: '180 days' },
  { value: '365d', label: '365 days' },
];

/** The few things that may be decided, each with a default that does. */
export function Options({
  project,
  proposals,
  draft,
  change,
  go,
  toml,
}: StepProps & { toml: string }) {
  const orders = proposals.some((one) => one.table === 'orders');
  const { run, busy, error } = useRun(project);
  const between = draft.k === 'auto' ? ([4, 12] as [number, number]) : draft.k;
  return (
    <div className={classes.column}>
      <section className="card">
        <div className={classes.options}>
          <Radio.Group
            label="How many segments?"
            value={draft.k === 'auto' ? 'auto' : 'between'}
            onChange={(value) => change({ k: value === 'auto' ? 'auto' : between })}
          >
            <Radio value="auto" label="Let Coterie decide" my={8} />
            <Radio value="between" label="Between" />
            {draft.k !== 'auto' && (
              <div className={classes.pair}>
                {between.map((value, n) => (
                  <NumberInput
                    // biome-ignore lint/suspicious/noArrayIndexKey: the first is the least, always
                    key={n}
                    aria-label={n ? 'At most' : 'At least'}
                    min={2}
                    max={30}
                    value={value}
                    onChange={(told) => {
                      const next = [...between] as [number, number];
                      next[n] = Number(told) || value;
                      change({ k: next });
                    }}
                  />
                ))}
              </div>
            )}
          </Radio.Group>
          {orders && (
            <>
              <NativeSelect
                label="How far ahead should the segments tell customers apart?"
                data={HORIZONS}
                value={draft.horizon ?? '90d'}
                onChange={(event) => change({ horizon: event.currentTarget.value })}
              />
              <TextInput
                type="date"
                label="As of the end of"
                description="Left empty, it is the last day in the data."
                value={draft.lastDay ?? ''}
                onChange={(event) => change({ lastDay: event.currentTarget.value })}
              />
            </>
          )}
        </div>
      </section>
      {error && (
        <Notice tone="danger">
          <p>
            <strong>The settings were not taken.</strong> {error.message} {error.allowed}{' '}
            {error.hint}
          </p>
        </Notice>
      )}
      <div className={classes.acts}>
        <span className="secondary">
          The run replaces what is published; the former one can be restored.
        </span>
        <Button variant="default" onClick={() => go('check')}>
          Back
        </Button>
        <Button
          loading={busy}
          onClick={() => run(settingsOf(toml, proposals, draft), draft.lastDay)}
        >
          Run
        </Button>
      </div>
    </div>
  );
}

function useRun(project: string) {
  const accept = useAcceptMapping(project);
  const start = useStartJob(project);
  const go = useGo();
  const failed = accept.error ?? start.error;
  const run = async (toml: string, lastDay?: string) => {
    await accept.mutateAsync(toml);
    const params = lastDay
      ? { as_of: new Date(Date.parse(lastDay) + DAY).toISOString().slice(0, 10) }
      : {};
    const job = await start.mutateAsync({ kind: 'run', params });
    go(jobHref(project, job.id));
  };
  return {
    // What fails is kept by the mutations, and shown.
    run: (toml: string, lastDay?: string) => void run(toml, lastDay).catch(() => undefined),
    busy: accept.isPending || start.isPending,
    error: failed instanceof ApiError ? failed : null,
  };
}
