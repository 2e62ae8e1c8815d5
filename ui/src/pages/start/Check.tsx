import { Button, NativeSelect, Radio, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Proposal } from '@/api/mapping';
import { Notice } from '@/components/Notice';
import type { StepProps } from './Columns';
import classes from './start.module.css';

const FORMATS: Record<string, string> = {
  '%d/%m/%Y': 'day first: 03/04/2013 is the 3 April',
  '%m/%d/%Y': 'month first: 03/04/2013 is the 4 March',
};

/** What was found in the rows, and what is to be done about it. */
export function Check({ proposals, draft, change, go }: StepProps) {
  const open = proposals.filter((one) => one.time_question && !draft.time[one.upload]);
  const orders = proposals.filter((one) => one.table === 'orders');
  const currency = orders.find((one) => one.currency);
  return (
    <div className={classes.column}>
      <section className="card" aria-labelledby="found">
        <h2 id="found" className="section">
          What was found
        </h2>
        <ul className={classes.facts}>
          {orders.length > 0 && (
            <Fact
              words={
                currency?.currency_why.replace(/^check: /, '') ||
                'The data do not tell the currency.'
              }
              title="Currency"
            >
              <TextInput
                aria-label="Currency"
                placeholder="EUR"
                maxLength={3}
                value={draft.currency ?? currency?.currency ?? ''}
                onChange={(event) => change({ currency: event.currentTarget.value.toUpperCase() })}
              />
            </Fact>
          )}
          {proposals.map((one) => (
            <OfFile key={one.upload} proposal={one} draft={draft} change={change} />
          ))}
          {orders.length === 0 && proposals.every((one) => one.notes.length === 0) && (
            <li>Nothing has to be decided.</li>
          )}
        </ul>
      </section>
      {open.length > 0 && (
        <Notice tone="warn">One question is open: how dates are to be read.</Notice>
      )}
      <div className={classes.acts}>
        <span className="secondary">Every row is accounted for after the run.</span>
        <Button variant="default" onClick={() => go('columns')}>
          Back
        </Button>
        <Button disabled={open.length > 0} onClick={() => go('options')}>
          Choose options
        </Button>
      </div>
    </div>
  );
}

function Fact({ title, words, children }: { title: string; words: string; children?: ReactNode }) {
  return (
    <li>
      <div>
        <strong>{title}</strong>
        <div className="secondary">{words.charAt(0).toUpperCase() + words.slice(1)}</div>
      </div>
      {children}
    </li>
  );
}

type FileProps = Pick<StepProps, 'draft' | 'change'> & { proposal: Proposal };

function OfFile({ proposal, draft, change }: FileProps) {
  const { upload, time_question: question, time_formats: formats } = proposal;
  return (
    <>
      {question && (
        <Fact title="Dates" words={`${question}.`}>
          <Radio.Group
            aria-label="How dates are read"
            value={draft.time[upload] ?? ''}
            onChange={(format) => change({ time: { ...draft.time, [upload]: format } })}
          >
            {(formats.length ? formats : Object.keys(FORMATS)).map((one) => (
              <Radio key={one} value={one} label={FORMATS[one] ?? one} mb={8} />
            ))}
          </Radio.Group>
        </Fact>
      )}
      {proposal.returns_why && (
        <Fact title="Returns and cancellations" words={`${proposal.returns_why}.`}>
          <Choice
            label="Returns and cancellations"
            value={draft.returns ?? 'net'}
            data={{ net: 'Take them off their sale', drop: 'Leave them out' }}
            onChange={(returns) => change({ returns })}
          />
        </Fact>
      )}
      {proposal.duplicates_why && (
        <Fact title="Exact repeats" words={`${proposal.duplicates_why}.`}>
          <Choice
            label="Exact repeats"
            value={draft.duplicates ?? 'keep'}
            data={{ keep: 'Keep them', drop: 'Leave them out' }}
            onChange={(duplicates) => change({ duplicates })}
          />
        </Fact>
      )}
      {proposal.free_why && (
        <Fact title="Free orders" words={`${proposal.free_why}.`}>
          <Choice
            label="Free orders"
            value={draft.free ?? 'false'}
            data={{
              false: 'A day with nothing else is no order day',
              true: 'They count as order days',
            }}
            onChange={(free) => change({ free })}
          />
        </Fact>
      )}
      {proposal.service_why && <Fact title="Fees and postage" words={`${proposal.service_why}.`} />}
      {proposal.notes.map((note) => (
        <Fact key={note} title="Also" words={`${note}.`} />
      ))}
    </>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  data: Record<string, string>;
  onChange: (value: string) => void;
}

function Choice({ label, value, data, onChange }: ChoiceProps) {
  return (
    <NativeSelect
      aria-label={label}
      value={value}
      data={Object.entries(data).map(([one, words]) => ({ value: one, label: words }))}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
