import { Skeleton } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';

const STEPS = [150, 3_000, 10_000] as const;

/** What is seen while something loads: nothing, then its shape, then words. */
export function Waiting({ what, skeleton }: { what: string; skeleton?: ReactNode }) {
  const [step, setStep] = useState(0);
  useEffect(() => {
    const timers = STEPS.map((after, n) => setTimeout(() => setStep(n + 1), after));
    return () => timers.forEach(clearTimeout);
  }, []);
  return (
    <div aria-busy="true" style={{ minHeight: 48 }}>
      {step > 0 && <div aria-hidden="true">{skeleton ?? <Lines />}</div>}
      <p className="secondary" role="status" style={{ margin: '8px 0 0' }}>
        {step === 1 && <span className="unseen">Loading: {what}</span>}
        {step === 2 && `Loading: ${what}…`}
        {step === 3 && 'Slower than usual. You can leave; the result is kept.'}
      </p>
    </div>
  );
}

/** The shape of a few lines, or rows of a table. */
export function Lines({ n = 4, height = 20 }: { n?: number; height?: number }) {
  return (
    <div style={{ display: 'grid', gap: 12 }}>
      {Array.from({ length: n }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={at} height={height} width={`${100 - (at % 3) * 12}%`} />
      ))}
    </div>
  );
}
