/**
 * The moments of the episode that is replayed: how each is labelled and by whom. It is for reviewing the rule's labels.
 */
import type { FrameLabel, LabelSource } from '../../../main/api/index.ts';
import { call } from '../../engine/engine.ts';
import { useAnswer } from '../../engine/use-answer.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { Row } from '../../ui/form.tsx';

const BY: Readonly<Record<LabelSource, string>> = {
  live: 'by hand, live',
  episode: 'by hand',
  rule: 'from the verdict',
};

/** Returns the labels of an episode. Asks for them again when the number of labels or the verdict changes. */
function useLabels(episodeId: number | undefined): readonly FrameLabel[] {
  const given = useEngine((state) => state.status?.labels);
  // The rule's labels follow the verdict, which may change under the replay.
  const verdict = useEngine((state) => {
    const episode = state.episodes.find(({ id }) => id === episodeId);
    return `${episode?.outcome} ${episode?.judge}`;
  });
  // Without an answer the moments are shown without marks. Other notices tell what is wrong with the link or the store.
  const answer = useAnswer(
    () => (episodeId === undefined ? undefined : call('label.list', { episodeId })),
    [episodeId, given, verdict],
  );
  return answer?.labels ?? [];
}

function MomentWords({ label }: { readonly label: FrameLabel | undefined }) {
  if (!label) return <span className="muted">left out</span>;
  return (
    <span>
      <b className={label.label === 'positive' ? 'success-text' : ''}>
        {label.label === 'positive' ? 'success' : 'not'}
      </b>{' '}
      <span className="muted">{BY[label.source]}</span>
    </span>
  );
}

export function MomentLabels() {
  const episodeId = useWindow((state) => state.replay?.recording.episode.id);
  const moments = useWindow((state) => state.replay?.recording.poses.length ?? 0);
  const index = useWindow((state) => state.replay?.index ?? 0);
  const labels = useLabels(episodeId);
  if (episodeId === undefined) return null;
  const byIndex = new Map(labels.map((label) => [label.index, label]));
  const positives = labels.filter(({ label }) => label === 'positive').length;
  return (
    <>
      <Row label={`Moment ${index} of episode ${episodeId}`}>
        <MomentWords label={byIndex.get(index)} />
      </Row>
      <div
        className="moments"
        role="img"
        aria-label={`${positives} moments of success, ${labels.length - positives} of none, ${moments - labels.length} left out`}
      >
        {Array.from({ length: moments }, (_, moment) => {
          const label = byIndex.get(moment);
          return (
            <i
              key={moment}
              className="moment"
              data-label={label?.label}
              data-by-hand={label !== undefined && label.source !== 'rule'}
              data-shown={moment === index}
            />
          );
        })}
      </div>
    </>
  );
}
