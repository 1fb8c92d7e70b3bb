/** While an episode is replayed: what each of its moments is held to show, by whom, and the one on the screen. For reviewing the rule's proposals. */
import { useEffect, useState } from 'react';
import type { FrameLabel, LabelSource } from '../../../main/api/index.ts';
import { call } from '../../engine/engine.ts';
import { CallError } from '../../engine/engine-client.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { Row } from '../../ui/form.tsx';

const BY: Readonly<Record<LabelSource, string>> = {
  live: 'by hand, live',
  episode: 'by hand',
  rule: 'from the verdict',
};

export function MomentLabels() {
  const episodeId = useWindow((state) => state.replay?.recording.episode.id);
  const moments = useWindow((state) => state.replay?.recording.poses.length ?? 0);
  const index = useWindow((state) => state.replay?.index ?? 0);
  const given = useEngine((state) => state.status?.labels);
  // What the rule says follows the verdict, which may change under the replay.
  const verdict = useEngine((state) => {
    const episode = state.episodes.find(({ id }) => id === episodeId);
    return `${episode?.outcome} ${episode?.judge}`;
  });
  const [labels, setLabels] = useState<readonly FrameLabel[]>([]);
  const change = `${given?.positives} ${given?.negatives} ${verdict}`;
  // Asked again whenever counters or verdict change.
  useEffect(() => {
    if (episodeId === undefined) return;
    let current = true;
    call('label.list', { episodeId }).then(
      (answer) => current && setLabels(answer.labels),
      (error: unknown) => {
        // The moments are shown without marks; what is wrong with the link or the store is said elsewhere.
        if (!(error instanceof CallError)) throw error;
      },
    );
    return () => {
      current = false;
    };
  }, [episodeId, change]);
  if (episodeId === undefined) return null;
  const byIndex = new Map(labels.map((label) => [label.index, label]));
  const shown = byIndex.get(index);
  const positives = labels.filter(({ label }) => label === 'positive').length;
  return (
    <>
      <Row label={`Moment ${index} of episode ${episodeId}`}>
        {shown ? (
          <span>
            <b className={shown.label === 'positive' ? 'success-text' : ''}>
              {shown.label === 'positive' ? 'success' : 'not'}
            </b>{' '}
            <span className="muted">{BY[shown.source]}</span>
          </span>
        ) : (
          <span className="muted">left out</span>
        )}
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
