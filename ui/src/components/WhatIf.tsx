import { NumberInput, Select, Slider } from '@mantine/core';
import { useId } from 'react';
import classes from './WhatIf.module.css';

export interface LeverOf {
  name: string;
  label: string;
  value: number | string | boolean | null;
  unit: string;
  low: number | null;
  high: number | null;
  step: number | null;
  values: (number | string | boolean)[];
}

interface Props {
  levers: LeverOf[];
  changes: Record<string, number | string | boolean>;
  onChange: (changes: Record<string, number | string | boolean>) => void;
  write: (value: number, unit: string) => string;
}

/** What can change of a customer: a slider and a field for numbers, a choice for the rest. */
export function WhatIf({ levers, changes, onChange, write }: Props) {
  const set = (name: string, value: number | string | boolean) =>
    onChange({ ...changes, [name]: value });
  return (
    <div className={classes.levers}>
      {levers.map((lever) =>
        lever.values.length > 0 ? (
          <Choice
            key={lever.name}
            lever={lever}
            value={changes[lever.name]}
            onChange={(value) => value !== undefined && set(lever.name, value)}
          />
        ) : (
          <Amount
            key={lever.name}
            lever={lever}
            value={Number(changes[lever.name] ?? lever.value ?? lever.low ?? 0)}
            onChange={(value) => set(lever.name, value)}
            write={write}
          />
        ),
      )}
    </div>
  );
}

interface OneProps<T> {
  lever: LeverOf;
  value: T;
  onChange: (value: T) => void;
}

function Amount({ lever, value, onChange, write }: OneProps<number> & Pick<Props, 'write'>) {
  const id = useId();
  const [low, high] = [lever.low ?? 0, lever.high ?? 100];
  const step = lever.step ?? 1;
  return (
    <div className={classes.lever}>
      <span id={id}>{lever.label}</span>
      <NumberInput
        aria-labelledby={id}
        value={value}
        step={step}
        min={0}
        hideControls
        onChange={(told) => typeof told === 'number' && onChange(told)}
        className={classes.field}
      />
      <Slider
        className={classes.slider}
        color="ink"
        min={low}
        max={high}
        step={step}
        value={Math.min(high, Math.max(low, value))}
        onChange={onChange}
        label={(told) => write(told, lever.unit)}
        thumbLabel={lever.label}
        thumbProps={{ 'aria-valuetext': write(value, lever.unit) }}
      />
    </div>
  );
}

function Choice({ lever, value, onChange }: OneProps<number | string | boolean | undefined>) {
  const data = lever.values.map((one) => ({ value: String(one), label: String(one) }));
  return (
    <Select
      label={lever.label}
      data={data}
      value={String(value ?? lever.value ?? '')}
      allowDeselect={false}
      onChange={(told) => onChange(lever.values.find((one) => String(one) === told))}
    />
  );
}
