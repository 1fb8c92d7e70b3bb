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
type ExportMessage = Extract<ServerMessage, { kind: 'export' }>;
/** `unknown`: the link was lost while it ran, and nothing has been heard of it since. */
export type ExportState = Omit<ExportMessage, 'state'> & { readonly state: ExportMessage['state'] | 'unknown' };

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
  /** The store may have episodes before the oldest of these. */
  readonly episodesBefore: boolean;
  /** Newest first. */
  readonly runs: readonly RunStatus[];
  readonly policies: readonly PolicyEntry[];
  readonly readiness: Readiness | undefined;
  readonly exports: readonly ExportState[];
  /** Reward classifiers of the project; undefined until the engine has told. */
  readonly classifier: ClassifierState | undefined;
}

type ProjectState = Pick<
  EngineState,
  'episodes' | 'episodesLoaded' | 'episodesBefore' | 'runs' | 'policies' | 'readiness' | 'exports' | 'classifier'
>;
const NO_PROJECT: ProjectState = {
  episodes: [],
  episodesLoaded: false,
  episodesBefore: false,
  runs: [],
  policies: [],
  readiness: undefined,
  exports: [],
  classifier: undefined,
};

export const useEngine = create<EngineState>(() => ({
  link: { state: 'connecting' },
  everLinked: false,
  status: undefined,
  rig: undefined,
  shapes: undefined,
  ...NO_PROJECT,
}));

export function forgetProject(): void {
  useEngine.setState(NO_PROJECT);
  liveEpisode.episodeId = undefined;
  liveEpisode.steps = [];
  liveEpisode.count++;
}

/** What the engine says now; undefined without a link, when what it said last is no longer true. */
export function liveStatus(state: Pick<EngineState, 'link' | 'status'>): Status | undefined {
  return state.link.state === 'open' ? state.status : undefined;
}

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

/** The newest episodes, or those before the oldest known: as many as asked for means that there may be more. */
export function putEpisodePage(page: readonly EpisodeSummary[], asked: number): void {
  const oldestKnown = useEngine.getState().episodes[0]?.id ?? Number.POSITIVE_INFINITY;
  putEpisodes(page);
  // The newest page, asked again after a lost link, says nothing of what lies before the oldest.
  if (page.every(({ id }) => id >= oldestKnown) && page.length > 0) return;
  useEngine.setState({ episodesBefore: page.length >= asked });
}

export function putRun(run: RunStatus): void {
  useEngine.setState((state) => ({ runs: [...placed([...state.runs].reverse(), run)].reverse() }));
}

export function putExport(message: ExportState): void {
  useEngine.setState((state) => ({
    exports: [message, ...state.exports.filter((one) => one.exportId !== message.exportId)].slice(0, 5),
  }));
}

/** After a lost link: an export that ran then may have ended meanwhile. One that still runs is heard of soon. */
export function doubtExports(): void {
  useEngine.setState((state) => ({
    exports: state.exports.map((one) =>
      one.state === 'running'
        ? {
            ...one,
            state: 'unknown',
            message: 'The link was lost meanwhile: look into the folder whether it is whole.',
          }
        : one,
    ),
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
