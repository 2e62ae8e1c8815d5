import { Drawer } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import classes from './HowWeKnow.module.css';
import { Icon } from './Icon';

interface Props {
  /** What is asked about, for readers. */
  of: string;
  /** Name and value: n, dates, range, test, run. */
  facts: [name: string, value: ReactNode][];
  /** What else there is to read, such as the proof. */
  more?: ReactNode;
}

/** "How do we know?": one side sheet with the dates, the test and the run. */
export function HowWeKnow({ of, facts, more }: Props) {
  const [open, sheet] = useDisclosure(false);
  return (
    <>
      <button
        type="button"
        className={classes.ask}
        onClick={sheet.open}
        aria-label={`How do we know? ${of}`}
      >
        <Icon name="help" size={14} />
        How do we know?
      </button>
      <Drawer
        opened={open}
        onClose={sheet.close}
        position="right"
        size={400}
        title={<strong>How do we know?</strong>}
      >
        <p className={classes.of}>{of}</p>
        <dl className={classes.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {more}
      </Drawer>
    </>
  );
}
