/**
 * Checks the numbers of every record before it is stored. A record with a number that is not finite is refused whole.
 * One such number would spoil every batch that it is drawn into, and every statistic of a dataset.
 */
import { findNotFinite, type NamedNumbers } from '../../main/api/finite.ts';
import type { EpisodeStart, ObservationRecord, StepRecord } from '../records.ts';
import { StoreError } from '../store-error.ts';

function* numbersOf(record: ObservationRecord): Generator<NamedNumbers> {
  const { positionM, orientation } = record.baseFromTool;
  yield ['time', [record.timeMs]];
  yield ['tool pose', [...positionM, ...orientation]];
  yield ['twist', record.twistInTool];
  yield ['wrench', record.wrenchInTool];
  yield ['joint positions', record.jointPositionsRad];
  yield ['gripper opening', [record.gripperOpeningM]];
  yield ['proprioception', record.proprioception];
  if (record.embedding) yield ['embedding', record.embedding];
  for (const { pad, forceN, total } of record.tactile) {
    yield [`tactile pad ${pad}`, forceN];
    yield [`total of tactile pad ${pad}`, total];
  }
  yield ['scene poses', record.scenePoses];
}

function* actionsOf(step: StepRecord): Generator<NamedNumbers> {
  yield ['action', step.action];
  if (step.policyAction) yield ["policy's action", step.policyAction];
  if (step.humanAction) yield ["person's action", step.humanAction];
  yield ['reward', [step.reward]];
  yield ['effect delay', [step.effectDelayMs]];
}

const REMEDY = 'Check the sensor or the policy that the number comes from, then record again.';

function refuse(where: string, parts: Iterable<NamedNumbers>): void {
  const found = findNotFinite(parts);
  if (found)
    throw new StoreError(
      'not-finite',
      `The ${found.name} of ${where} holds ${found.value} as its number ${found.index + 1}; expected finite numbers.`,
      REMEDY,
    );
}

/** Throws a `not-finite` error that names the observation and the sensor. */
export function refuseNotFiniteStart(episodeId: number, start: EpisodeStart): void {
  refuse(`episode ${episodeId}`, [
    ['acting noise', [start.actingNoiseStd]],
    ['control period', [start.periodMs]],
  ]);
  refuse(`observation 0 of episode ${episodeId}`, numbersOf(start.first));
}

export function refuseNotFiniteStep(episodeId: number, step: StepRecord): void {
  refuse(`step ${step.index} of episode ${episodeId}`, actionsOf(step));
  refuse(`observation ${step.index + 1} of episode ${episodeId}`, numbersOf(step.next));
}

export function refuseNotFiniteEmbedding(episodeId: number, index: number, embedding: Float32Array): void {
  refuse(`observation ${index} of episode ${episodeId}`, [['embedding', embedding]]);
}
