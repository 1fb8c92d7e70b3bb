/** The engine's state for React: link, status, rig, episodes, runs, policies, exports. Streams bypass this store. */
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
/** `unknown`: the link was lost while the export ran, and no message about it has come since. */
export type ExportState = Omit<ExportMessage, 'state'> & { readonly state: ExportMessage['state'] | 'unknown' };

export interface EngineState {
  readonly link: LinkState;
  /** True once the page has been linked to the engine. */
  readonly everLinked: boolean;
  readonly status: Status | undefined;
  readonly rig: Rig | undefined;
  readonly shapes: SceneShapes | undefined;
  /** Oldest first. */
  readonly episodes: readonly EpisodeSummary[];
  readonly episodesLoaded: boolean;
  /** True when the store may have older episodes. */
  readonly episodesBefore: boolean;
  /** Newest first. */
  readonly runs: readonly RunStatus[];
  readonly policies: readonly PolicyEntry[];
  readonly readiness: Readiness | undefined;
  readonly exports: readonly ExportState[];
  /** Reward classifiers of the project; `undefined` until the engine has sent them. */
  readonly classifier: ClassifierState | undefined;
}

const NO_PROJECT = {
  episodes: [],
  episodesLoaded: false,
  episodesBefore: false,
  runs: [],
  policies: [],
  readiness: undefined,
  exports: [],
  classifier: undefined,
} satisfies Partial<EngineState>;

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

/** Returns the engine's status; `undefined` without a link, because the last status is then out of date. */
export function liveStatus(state: Pick<EngineState, 'link' | 'status'>): Status | undefined {
  return state.link.state === 'open' ? state.status : undefined;
}

/** Adds or replaces `item`, keeping the order of ids. */
function withItem<Item extends { readonly id: number }>(items: readonly Item[], item: Item): readonly Item[] {
  const others = items.filter((one) => one.id !== item.id);
  const at = others.findIndex((one) => one.id > item.id);
  return at < 0 ? [...others, item] : [...others.slice(0, at), item, ...others.slice(at)];
}

export function putEpisodes(items: readonly EpisodeSummary[]): void {
  useEngine.setState((state) => ({
    episodes: items.reduce<readonly EpisodeSummary[]>(withItem, state.episodes),
    episodesLoaded: true,
  }));
}

/** Adds the newest episodes, or those before the oldest known. A full page means that there may be more. */
export function putEpisodePage(page: readonly EpisodeSummary[], asked: number): void {
  const oldestKnown = useEngine.getState().episodes[0]?.id ?? Number.POSITIVE_INFINITY;
  putEpisodes(page);
  // The newest page, requested again after a lost link, does not show whether there are older episodes.
  if (page.every(({ id }) => id >= oldestKnown) && page.length > 0) return;
  useEngine.setState({ episodesBefore: page.length >= asked });
}

export function putRun(run: RunStatus): void {
  useEngine.setState((state) => ({ runs: [...withItem([...state.runs].reverse(), run)].reverse() }));
}

export function putExport(message: ExportState): void {
  useEngine.setState((state) => ({
    exports: [message, ...state.exports.filter((one) => one.exportId !== message.exportId)].slice(0, 5),
  }));
}

/** Marks running exports as unknown after a lost link, because they may have ended. One that runs reports soon. */
export function markExportsUnknown(): void {
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

/** Steps of the running episode and the newest set-point. They are painted, not rendered by React. */
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

export const isUnderWay = ({ state }: RunStatus): boolean => state === 'running' || state === 'waiting';

/** Returns the run that is under way, if any. */
export const activeRun = (runs: readonly RunStatus[]): RunStatus | undefined => runs.find(isUnderWay);
