/** The episodes that a run's policies drove, in rounds of ten, below the ten episodes before them. */

import type { Round, RunRecord } from '../../../state/run-record.ts';
import { percent } from '../../../words/format.ts';

/** Number of rounds shown. Older episodes are in the Data tab. */
const SHOWN = 6;

function RoundRow({ round, label }: { readonly round: Round; readonly label: string }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      <td>
        {round.unaided} of {round.episodes}
      </td>
      <td>{percent(round.interventionRate)}</td>
    </tr>
  );
}

export function RoundTable({ record }: { readonly record: RunRecord }) {
  if (record.rounds.length === 0)
    return <p className="muted small">Its policies have driven no episode yet: they take the next one.</p>;
  return (
    <table className="rounds">
      <thead>
        <tr>
          <th scope="col">Episodes</th>
          <th scope="col">Solved alone</th>
          <th scope="col">You drove</th>
        </tr>
      </thead>
      <tbody>
        {record.before ? <RoundRow round={record.before} label="before it" /> : null}
        {record.rounds.slice(-SHOWN).map((round) => (
          <RoundRow
            key={round.firstEpisodeId}
            round={round}
            label={
              round.firstEpisodeId === round.lastEpisodeId
                ? `${round.firstEpisodeId}`
                : `${round.firstEpisodeId}–${round.lastEpisodeId}`
            }
          />
        ))}
      </tbody>
    </table>
  );
}
