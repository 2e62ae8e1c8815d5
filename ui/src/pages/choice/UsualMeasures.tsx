import type { Choice } from '@/api/overview';
import { LineBand } from '@/components/LineBand';
import { plain, short } from '@/lib/format';
import classes from './choice.module.css';
import { type Usual, usualOf } from './measures';

/** Shown, never deciding: folded, each with what it would have picked. */
export function UsualMeasures({ choice }: { choice: Choice }) {
  const usual = usualOf(choice.candidates, choice.sweep);
  if (usual.length === 0) return null;
  return (
    <details className={`card ${classes.usual}`}>
      <summary>
        <span className={classes.summary}>Usual measures, shown, never deciding</span>
        <span className="secondary">: {usual.map((one) => one.name).join(' · ')}</span>
      </summary>
      <div className={classes.measures}>
        {usual.map((one) => (
          <One key={one.name} usual={one} chosen={choice.chosen_k} />
        ))}
      </div>
    </details>
  );
}

function One({ usual, chosen }: { usual: Usual; chosen: number | null }) {
  const said =
    usual.pick === null
      ? `${usual.name}: ${usual.how}.`
      : usual.pick === chosen
        ? `${usual.name} would have picked k = ${usual.pick}, too.`
        : `${usual.name} would have picked k = ${usual.pick}.`;
  const marked = usual.points.find((one) => one.x === usual.pick);
  return (
    <figure className={classes.measure} aria-label={usual.name}>
      <figcaption>
        <strong>{said}</strong>
        <span className="note">{usual.pick !== null && usual.how}</span>
      </figcaption>
      <LineBand
        points={usual.points}
        write={short}
        xLabel="number of segments"
        height={160}
        mark={marked && { x: marked.x, text: plain(Number(marked.value.toPrecision(3))) }}
      />
      <table className="unseen">
        <caption>{usual.name} by number of segments</caption>
        <thead>
          <tr>
            <th scope="col">Segments</th>
            <th scope="col">{usual.name}</th>
          </tr>
        </thead>
        <tbody>
          {usual.points.map((one) => (
            <tr key={one.x}>
              <th scope="row">{one.x}</th>
              <td>{plain(Number(one.value.toPrecision(3)))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
