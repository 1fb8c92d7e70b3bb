/** The engine's slow state as React sees it: link, status, rig, episodes, runs, policies, exports. Streams bypass it. */
import { create } from 'zustand';
import type {
  CallResult,
  ClassifierState,
  EpisodeSummary,
  Readiness,
  Rig,
  RunStatus,
  SceneShapes,
  ServerMessage,
  Status,
  StepSummary,
} from '../../main/api/index.ts';
import type { LinkState } from '../engine/engine-client.ts';

export type PolicyEntry = CallResult<'policy.list'>['policies'][number];
export type ExportState = Extract<ServerMessage, { kind: 'export' }>;

export interface EngineState {
  readonly link: LinkState;
  /** A first status has been seen since the page opened. */
  readonly everLinked: boolean;
  readonly status: Status | undefined;
  readonly rig: Rig | undefined;
  readonly shapes: SceneShapes | undefined;
  /** Oldest first. */
  readonly episodes: readonly EpisodeSummary[];
  readonly episodesLoaded: boolean;
  /** Newest first. */
  readonly runs: readonly RunStatus[];
  readonly policies: readonly PolicyEntry[];
  readonly readiness: Readiness | undefined;
  readonly exports: readonly ExportState[];
  /** Reward classifiers of the project; undefined until the engine has told. */
  readonly classifier: ClassifierState | undefined;
}

export const useEngine = create<EngineState>(() => ({
  link: { state: 'connecting' },
  everLinked: false,
  status: undefined,
  rig: undefined,
  shapes: undefined,
  episodes: [],
  episodesLoaded: false,
  runs: [],
  policies: [],
  readiness: undefined,
  exports: [],
  classifier: undefined,
}));

/** Puts `item` where its id says, keeping the order of ids. */
function placed<Item extends { readonly id: number }>(items: readonly Item[], item: Item): readonly Item[] {
  const others = items.filter((one) => one.id !== item.id);
  const at = others.findIndex((one) => one.id > item.id);
  return at < 0 ? [...others, item] : [...others.slice(0, at), item, ...others.slice(at)];
}

export function putEpisodes(items: readonly EpisodeSummary[]): void {
  useEngine.setState((state) => ({
    episodes: items.reduce<readonly EpisodeSummary[]>(placed, state.episodes),
    episodesLoaded: true,
  }));
}

export function putRun(run: RunStatus): void {
  useEngine.setState((state) => ({ runs: [...placed([...state.runs].reverse(), run)].reverse() }));
}

export function putExport(message: ExportState): void {
  useEngine.setState((state) => ({
    exports: [message, ...state.exports.filter((one) => one.exportId !== message.exportId)].slice(0, 5),
  }));
}

/** Steps of the episode that runs now, and what the newest set-point is: painted, not rendered. */
export const liveEpisode: {
  episodeId: number | undefined;
  steps: StepSummary[];
  setPoint: readonly number[] | undefined;
  count: number;
} = { episodeId: undefined, steps: [], setPoint: undefined, count: 0 };

export function putStep(episodeId: number, step: StepSummary): void {
  if (liveEpisode.episodeId !== episodeId || step.index === 0) {
    liveEpisode.episodeId = episodeId;
    liveEpisode.steps = [];
  }
  liveEpisode.steps.push(step);
  liveEpisode.count++;
}

/** The run that is under way, if any. */
export function activeRun(runs: readonly RunStatus[]): RunStatus | undefined {
  return runs.find((run) => run.state === 'running' || run.state === 'waiting');
}
