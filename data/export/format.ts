/** The interface of an export format: it has a name, writes a dataset from a project, and checks what it wrote. */
import type { EpisodeChoice, ExportLine } from '../../main/api/processes/export.ts';
import type { Queries } from '../reading/queries.ts';

export type Progress = Omit<Extract<ExportLine, { kind: 'progress' }>, 'kind'>;

/** Takes warnings about data that could not be exported unchanged. Fatal problems are thrown. */
export interface Reporter {
  warn(message: string): void;
}

/** Describes what an export is going to write, before the work begins. */
export type Chosen = Omit<Extract<ExportLine, { kind: 'chosen' }>, 'kind'>;

export interface ExportOptions {
  /** Must be empty or not exist. */
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

export type ExportResult = Omit<Extract<ExportLine, { kind: 'done' }>, 'kind' | 'problems'>;

export interface DatasetFormat {
  readonly name: string;
  /** Throws a `StoreError` with a remedy, and then leaves nothing behind. */
  write(queries: Queries, options: ExportOptions): Promise<ExportResult>;
  /** Reads a dataset again and returns its faults. An empty list means that it meets the format. */
  validate(folder: string): Promise<readonly string[]>;
}
