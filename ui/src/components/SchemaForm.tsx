import { Button, NativeSelect, Radio, TextInput } from '@mantine/core';
import { type FormEvent, Fragment, useRef } from 'react';
import classes from './SchemaForm.module.css';

export interface FormField {
  name: string;
  label: string;
  /** number, whole, category, ordinal, boolean, text, date … */
  kind: string;
  unit?: string;
  /** What is sent, and its word. */
  choices: { code: string; word: string }[];
  /** What was seen in the data. */
  low: number | null;
  high: number | null;
  required: boolean;
  example: string;
  note?: string;
}

interface Props {
  fields: FormField[];
  value: Record<string, string>;
  errors: Record<string, string>;
  onChange: (value: Record<string, string>) => void;
  onSubmit: () => void;
  verb: string;
  busy?: boolean;
  write: (value: number) => string;
}

const FEW = 4;

/** A form as the server describes it; Enter sends it, the first wrong field gets the focus. */
export function SchemaForm({
  fields,
  value,
  errors,
  onChange,
  onSubmit,
  verb,
  busy,
  write,
}: Props) {
  const form = useRef<HTMLFormElement>(null);
  const set = (name: string, text: string) => onChange({ ...value, [name]: text });
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form ref={form} onSubmit={send} noValidate className={classes.form}>
      {fields.map((field) => (
        <One
          key={field.name}
          field={field}
          value={value[field.name] ?? ''}
          error={errors[field.name]}
          onChange={(text) => set(field.name, text)}
          write={write}
        />
      ))}
      <div className={classes.acts}>
        <Button type="submit" loading={busy}>
          {verb}
        </Button>
        <Button variant="default" onClick={() => onChange({})}>
          Clear
        </Button>
      </div>
    </form>
  );
}

/** Give the focus to the first field of a form that is wrong. */
export function focusFirstError(errors: Record<string, string>, fields: FormField[]): void {
  const first = fields.find((field) => errors[field.name]);
  if (first) document.querySelector<HTMLElement>(`[name=${CSS.escape(first.name)}]`)?.focus();
}

interface OneProps {
  field: FormField;
  value: string;
  error?: string;
  onChange: (text: string) => void;
  write: (value: number) => string;
}

function noteOf(field: FormField, write: (value: number) => string): string {
  const seen =
    field.low !== null && field.high !== null && field.choices.length === 0
      ? `${write(field.low)} to ${write(field.high)}${field.unit ? ` ${field.unit}` : ''} in your data`
      : '';
  const optional = field.required ? '' : 'may be left out';
  return [seen, optional, field.note].filter(Boolean).join(' · ');
}

/** A name of a column, broken where its words are joined rather than within one. */
function Broken({ text }: { text: string }) {
  return text.split(/(?<=_)/).map((part, n) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of one name stay where they are
    <Fragment key={n}>
      {n > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}

function One({ field, value, error, onChange, write }: OneProps) {
  const rest = {
    label: <Broken text={field.label} />,
    name: field.name,
    error,
    description: noteOf(field, write),
  };
  if (field.choices.length > FEW)
    return (
      <NativeSelect
        {...rest}
        value={value}
        data={[
          { value: '', label: 'Choose…' },
          ...field.choices.map(({ code, word }) => ({ value: code, label: word })),
        ]}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (field.choices.length > 0)
    return (
      <Radio.Group {...rest} value={value} onChange={onChange}>
        <div className={classes.choices}>
          {field.choices.map(({ code, word }) => (
            <Radio key={code} value={code} label={word} name={field.name} />
          ))}
        </div>
      </Radio.Group>
    );
  return (
    <TextInput
      {...rest}
      value={value}
      inputMode={field.low !== null || field.kind === 'number' ? 'decimal' : undefined}
      placeholder={field.example}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="off"
    />
  );
}
