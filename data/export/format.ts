/** What every export format is: it describes itself, writes a dataset from a project, and can check what it wrote. */
import type { EpisodeChoice, LeftOut } from '../../main/api/processes/export.ts';
import type { Queries } from '../reading/queries.ts';

export interface Progress {
  readonly doneEpisodes: number;
  readonly totalEpisodes: number;
  readonly doneFrames: number;
}

/** Hears what could not be taken over as it was; what is fatal is thrown. */
export interface Reporter {
  warn(message: string): void;
}

/** Describes what an export is going to write, before the work begins. */
export interface Chosen {
  readonly episodes: number;
  readonly leftOut: LeftOut;
}

export interface ExportOptions {
  /** Must not exist, or be empty. */
  readonly outFolder: string;
  /** Default: all finished episodes. */
  readonly choice?: EpisodeChoice;
  /** Default false: discarded episodes are left out, and counted. */
  readonly includeDiscarded?: boolean;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** Called once, after the episodes are chosen and the target folder is claimed. */
  readonly onChosen?: (chosen: Chosen) => void;
  readonly onProgress?: (progress: Progress) => void;
}

export interface ExportResult {
  readonly format: string;
  readonly out: string;
  readonly episodes: number;
  readonly frames: number;
  readonly bytes: number;
  readonly leftOut: LeftOut;
}

export interface DatasetFormat {
  readonly name: string;
  readonly description: string;
  /** Throws a `StoreError` that says what to do; leaves nothing behind then. */
  write(queries: Queries, options: ExportOptions): Promise<ExportResult>;
  /** Reads a dataset again; returns what is wrong with it, nothing when it is as the format wants it. */
  validate(folder: string): Promise<readonly string[]>;
}
