import { Button, FileButton } from '@mantine/core';
import { useState } from 'react';
import { ApiError } from '@/api/client';
import { usePredictFile } from '@/api/predict';
import { announce } from '@/components/announce';
import { Icon } from '@/components/Icon';
import { Notice } from '@/components/Notice';
import { SafeText } from '@/components/SafeText';
import { Scrolled } from '@/components/Scrolled';
import { save } from '@/lib/download';
import { counted } from '@/lib/format';
import { cellsOf } from '@/lib/preview';
import type { Place } from '@/place';
import classes from './predict.module.css';

const SHOWN = 20;

interface Scored {
  name: string;
  blob: Blob;
  columns: string[];
  rows: string[][];
  total: number;
  /** Rows that got no answer. */
  refused: number;
}

/** What the columns of the file are called for people; all others keep their name. */
const WORDS: Record<string, string> = {
  id: 'Row or id',
  segment_id: 'Id of the segment',
  segment_name: 'Segment',
  probability: 'Chance',
  margin: 'Clear of the next',
  by: 'Told by',
  problems: 'What is wrong',
};

async function read(name: string, blob: Blob): Promise<Scored> {
  const text = await blob.text();
  const [columns = [], ...rows] = cellsOf(text, ',', Number.POSITIVE_INFINITY);
  const answer = columns.findIndex((one) => one !== 'id');
  const refused = rows.filter((row) => !row[answer]).length;
  return { name, blob, columns, rows: rows.slice(0, SHOWN), total: rows.length, refused };
}

/** A file of people goes in, the same with answers comes out. */
export function AFile({ place }: { place: Place }) {
  const predict = usePredictFile(place.project);
  const [found, setFound] = useState<Scored | null>(null);
  const send = (file: File | null) => {
    if (!file) return;
    setFound(null);
    predict.mutate(file, {
      onSuccess: async (blob) => {
        const scored = await read(file.name.replace(/\.csv$/i, ''), blob);
        setFound(scored);
        announce(saidOf(scored));
      },
    });
  };
  const failed = predict.error instanceof ApiError ? predict.error : null;
  return (
    <section className="card" aria-label="A file of people">
      <p className="lead" style={{ marginBottom: 16 }}>
        A CSV file with a header, a row for each person, and the columns that the form asks for.
      </p>
      <FileButton accept="text/csv,.csv" onChange={send}>
        {(props) => (
          <Button {...props} loading={predict.isPending} leftSection={<Icon name="upload" />}>
            Choose a file
          </Button>
        )}
      </FileButton>
      {failed && (
        <div className={classes.told}>
          <Notice tone="danger">
            {failed.message} {failed.allowed} {failed.hint}
          </Notice>
        </div>
      )}
      {found && <Answers found={found} />}
    </section>
  );
}

const saidOf = ({ total, refused }: Scored): string =>
  `${counted(total - refused, 'row')} scored${refused > 0 ? `, ${refused} refused` : ''}.`;

function Answers({ found }: { found: Scored }) {
  // A column that no row fills says nothing.
  const filled = found.columns
    .map((name, at) => ({ name, at }))
    .filter(({ at }) => found.rows.some((row) => row[at]));
  return (
    <div className={classes.told}>
      <div className={classes.head}>
        <strong>{saidOf(found)}</strong>
        <Button
          variant="default"
          leftSection={<Icon name="download" />}
          onClick={() => save(found.blob, `${found.name}-answers.csv`)}
        >
          Download
        </Button>
      </div>
      <Scrolled label={`The first ${found.rows.length}`}>
        <table className={classes.table}>
          <thead>
            <tr>
              {filled.map(({ name }) => (
                <th key={name} scope="col">
                  {WORDS[name] ?? name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.rows.map((row) => (
              <tr key={row.join('\u0000')}>
                {filled.map(({ name, at }) => (
                  <td key={name}>
                    {row[at] ? (
                      <SafeText text={row[at]} max={60} />
                    ) : (
                      <span className="secondary">
                        {name === 'problems' ? 'nothing' : 'not told'}
                      </span>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
    </div>
  );
}
