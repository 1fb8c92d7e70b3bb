/** The Data tab: success, the recorded episodes with replay and verdicts, and export. Discarding never deletes. */
import { useState } from 'react';
import { type EpisodeSummary, interventionRate } from '../../../main/api/index.ts';
import { loadOlderEpisodes, tell } from '../../engine/engine.ts';
import { openReplay } from '../../engine/replay.ts';
import { useEngine } from '../../state/engine-store.ts';
import { useWindow } from '../../state/window-store.ts';
import { Button } from '../../ui/button.tsx';
import { Choice, type Option, Row, Section, Select } from '../../ui/form.tsx';
import { OutcomeMark } from '../../ui/glyph.tsx';
import { bytes, clockTime, percent } from '../../words/format.ts';
import { ExportPart } from './export-part.tsx';
import { SuccessPart } from './success-part.tsx';

type Filter = 'all' | 'success' | 'failure' | 'helped' | 'discarded';
const FILTERS: readonly Option<Filter>[] = [
  { value: 'all', label: 'All' },
  { value: 'success', label: 'Success' },
  { value: 'failure', label: 'Failure' },
  { value: 'helped', label: 'By hand' },
  { value: 'discarded', label: 'Discarded' },
];

const ALL_TASKS = '';

function passes(episode: EpisodeSummary, filter: Filter, task: string): boolean {
  if (task !== ALL_TASKS && episode.task !== task) return false;
  if (filter === 'discarded') return episode.discarded;
  if (filter === 'success' || filter === 'failure') return !episode.discarded && episode.outcome === filter;
  if (filter === 'helped') return !episode.discarded && episode.humanSteps > 0;
  return true;
}

interface EpisodeRowProps {
  readonly episode: EpisodeSummary;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

function EpisodeRow({ episode, chosen, onChoose }: EpisodeRowProps) {
  const replayed = useWindow((state) => state.replay?.recording.episode.id === episode.id);
  const share = interventionRate(episode);
  return (
    <div className="episode" data-discarded={episode.discarded} data-chosen={chosen || replayed}>
      <button type="button" className="episode-head" aria-expanded={chosen} onClick={onChoose}>
        <b>{episode.id}</b>
        <OutcomeMark outcome={episode.outcome} />
        <span className="who" title={`${percent(share)} by hand`}>
          <i style={{ flexGrow: episode.steps - episode.humanSteps }} className="policy" />
          <i style={{ flexGrow: episode.humanSteps }} className="human" />
        </span>
        <span className="episode-share">{episode.mode === 'demonstrate' ? 'demo' : percent(share)}</span>
        <span className="muted">{episode.steps}</span>
      </button>
      {chosen ? (
        <div className="episode-body">
          <p className="muted small">
            {episode.task} · {episode.policy ?? 'demonstration'}
            {episode.policyIsCandidate ? ' (candidate)' : ''} · {clockTime(episode.startedAtMs)} · {episode.takeovers}{' '}
            takeovers
            {episode.judge ? ` · judged by ${episode.judge}` : ''}
          </p>
          <div className="buttons two">
            <Button kind="strong" onClick={() => void openReplay(episode.id)}>
              Replay
            </Button>
            <Button
              blocked={episode.discarded ? 'It is discarded already; undo takes it back.' : undefined}
              onClick={() => void tell('episode.discard', { episodeId: episode.id })}
            >
              Discard
            </Button>
            {(['success', 'failure'] as const).map((verdict) => (
              <Button key={verdict} onClick={() => void tell('episode.verdict', { episodeId: episode.id, verdict })}>
                Label {verdict}
              </Button>
            ))}
          </div>
        </div>
      ) : null}
    </div>
  );
}

/** The button that loads episodes before those that the window loaded at its start. */
function Older({ oldestId }: { readonly oldestId: number | undefined }) {
  const [asking, setAsking] = useState(false);
  return (
    <div className="buttons older">
      <Button
        blocked={asking ? 'They are being read.' : undefined}
        title={`Episodes before ${oldestId}`}
        onClick={() => {
          setAsking(true);
          void loadOlderEpisodes().finally(() => setAsking(false));
        }}
      >
        Older
      </Button>
    </div>
  );
}

export function DataTab() {
  const episodes = useEngine((state) => state.episodes);
  const loaded = useEngine((state) => state.episodesLoaded);
  const before = useEngine((state) => state.episodesBefore);
  const perHour = useEngine((state) => state.status?.storeBytesPerHour);
  const free = useEngine((state) => state.status?.diskFreeBytes);
  const [filter, setFilter] = useState<Filter>('all');
  const [task, setTask] = useState<string>(ALL_TASKS);
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const shown = episodes.filter((episode) => passes(episode, filter, task)).toReversed();
  const tasks = [...new Set(episodes.map((episode) => episode.task))];
  return (
    <>
      <SuccessPart />
      <Section
        title="Episodes"
        aside={
          <span className="muted small">
            {perHour === undefined || free === undefined ? '' : `${bytes(perHour)}/h · ${bytes(free)} free`}
          </span>
        }
      >
        <div className="episode-filter">
          <Choice label="Filter" value={filter} options={FILTERS} onChange={setFilter} />
        </div>
        {tasks.length > 1 || task !== ALL_TASKS ? (
          <Row label="Task">
            <Select
              label="Episodes of the task"
              value={task}
              options={[{ value: ALL_TASKS, label: 'All tasks' }, ...tasks.map((one) => ({ value: one, label: one }))]}
              onChange={setTask}
            />
          </Row>
        ) : null}
        {episodes.length === 0 ? (
          <p className="muted">
            {loaded ? 'Nothing is recorded yet. Every step of an episode is stored.' : 'Reading the project …'}
          </p>
        ) : (
          <div className="episodes">
            <div className="episode-titles">
              <span>No.</span>
              <span>Outcome</span>
              <span>Who drove</span>
              <span>Hand</span>
              <span>Steps</span>
            </div>
            {shown.map((episode) => (
              <EpisodeRow
                key={episode.id}
                episode={episode}
                chosen={episode.id === chosen}
                onChoose={() => setChosen(episode.id === chosen ? undefined : episode.id)}
              />
            ))}
            {shown.length === 0 ? <p className="muted">No episode is of this kind.</p> : null}
            {before ? <Older oldestId={episodes[0]?.id} /> : null}
          </div>
        )}
      </Section>
      <ExportPart />
    </>
  );
}
