import { useEffect, useRef, useState } from 'react';
import { ApiError } from '@/api/client';
import { type Answer, type Field, type Form, fieldsOf, usePredict } from '@/api/predict';
import { announce } from '@/components/announce';
import { Notice } from '@/components/Notice';
import { type FormField, focusFirstError, SchemaForm } from '@/components/SchemaForm';
import { plain } from '@/lib/format';
import type { Place } from '@/place';
import classes from './predict.module.css';
import { Result } from './Result';

interface Problem {
  field: string;
  message: string;
  fatal: boolean;
}

export const problemsOf = (answer: Answer): Problem[] =>
  (answer.problems ?? []) as unknown as Problem[];

const KEPT = 'coterie.form.';

/** The form, and beside it what comes out. */
export function OnePerson({ form, place }: { form: Form; place: Place }) {
  const fields = fieldsOf(form)
    .filter((one) => one.used)
    .map(fieldOf);
  const [value, setValue] = useValue(place.project);
  const predict = usePredict(place.project);
  const answer = predict.data?.rows[0];
  const problems = answer ? problemsOf(answer) : [];
  const errors = Object.fromEntries(
    problems.filter((one) => one.fatal).map((one) => [one.field, one.message]),
  );
  const result = useRef<HTMLDivElement>(null);
  const send = () =>
    predict.mutate(rowOf(value, fields), {
      onSuccess: (told) => {
        const first = told.rows[0];
        const wrong = first ? problemsOf(first).filter((one) => one.fatal) : [];
        announce(wrong.length ? `${wrong.length} answers will not do.` : 'Predicted.');
        if (wrong.length)
          focusFirstError(Object.fromEntries(wrong.map((one) => [one.field, one.message])), fields);
        else if (window.innerWidth < 1024) result.current?.focus();
      },
    });
  const failed = predict.error instanceof ApiError ? predict.error : null;
  const fits = answer && Object.keys(errors).length === 0;
  return (
    <div className={classes.two}>
      <section className="card" aria-label="What is known">
        <SchemaForm
          fields={fields}
          value={value}
          errors={errors}
          onChange={setValue}
          onSubmit={send}
          verb="Predict"
          busy={predict.isPending}
          write={plain}
        />
      </section>
      <div ref={result} tabIndex={-1} className={classes.result}>
        {failed && (
          <Notice tone="danger">
            {failed.message} {failed.allowed} {failed.hint}
          </Notice>
        )}
        {fits ? (
          <Result answer={answer} form={form} place={place} />
        ) : (
          <section className="card" aria-label="Result">
            <p className="secondary" style={{ margin: 0 }}>
              {answer
                ? 'Some answers will not do yet; the fields say why.'
                : 'The result appears here. Placeholders show what half of your customers lie below.'}
            </p>
          </section>
        )}
      </div>
    </div>
  );
}

function fieldOf(field: Field): FormField {
  const note = field.protected
    ? `protected (${field.protected}), used because the settings list it`
    : undefined;
  return { ...field, unit: field.unit || undefined, note };
}

/** Numbers as numbers; what is left empty is not sent. */
function rowOf(value: Record<string, string>, fields: FormField[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const field of fields) {
    const told = value[field.name]?.trim();
    if (!told) continue;
    const number = Number(told.replace(/\s|,(?=\d{3}(\D|$))/g, ''));
    row[field.name] = field.choices.length === 0 && !Number.isNaN(number) ? number : told;
  }
  return row;
}

/** What was typed stays in this tab. */
function useValue(
  project: string,
): [Record<string, string>, (value: Record<string, string>) => void] {
  const key = KEPT + project;
  const [value, setValue] = useState<Record<string, string>>(
    () => JSON.parse(sessionStorage.getItem(key) ?? '{}') as Record<string, string>,
  );
  useEffect(() => sessionStorage.setItem(key, JSON.stringify(value)), [key, value]);
  return [value, setValue];
}
