/**
 * Examines the machine and reports what it lacks, each with its remedy. Every finding is a function of injected probes.
 * A probe that throws becomes a finding too. Nothing native is loaded in this process.
 */
import { dirname } from 'node:path';
import { messageOf } from '../../api/error-words.ts';
import { type Check, checkTable, fail } from './check.ts';
import { checkHid, checkSpaceMouse } from './device-checks.ts';
import { checkBackends, checkLibraries, checkTelemetry } from './library-checks.ts';
import { checkDisk, checkLoopback, checkMachine, checkPython } from './machine-checks.ts';
import { type Probes, realProbes } from './probes.ts';
import { checkWindow } from './window-checks.ts';

export interface DoctorOptions {
  /** The project folder whose disk is examined. It need not exist. */
  readonly projectFolder: string;
  /** Print one JSON object as the last line. */
  readonly json: boolean;
  readonly probes?: Probes;
  readonly print?: (text: string) => void;
}

export interface DoctorReport {
  /** False when something must be mended. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

export async function examine(probes: Probes, projectFolder: string): Promise<DoctorReport> {
  const groups: readonly (readonly [string, () => Promise<Check | readonly Check[]> | Check | readonly Check[]])[] = [
    ['machine', () => checkMachine(probes)],
    ['disk', () => checkDisk(probes, projectFolder)],
    ['loopback', () => checkLoopback(probes)],
    ['libraries', () => checkLibraries(probes)],
    ['backends', () => checkBackends(probes)],
    ['telemetry', () => checkTelemetry(probes)],
    ['hid', () => checkHid(probes)],
    ['spacemouse', () => checkSpaceMouse(probes)],
    ['window', () => checkWindow(probes)],
    ['python with torch', () => checkPython(probes)],
  ];
  const found = await Promise.all(
    groups.map(async ([name, look]) => {
      try {
        return await look();
      } catch (error) {
        const value = `could not be examined: ${messageOf(error)}`;
        return fail(name, value, 'This is a fault of the doctor; report it with this line.');
      }
    }),
  );
  const checks = found.flat();
  return { ok: checks.every((check) => check.state !== 'fail'), checks };
}

/** Prints the findings. Returns the exit status: 1 when something must be mended. */
export async function runDoctor(options: DoctorOptions): Promise<number> {
  const print = options.print ?? console.log;
  const root = dirname(dirname(import.meta.dirname));
  const report = await examine(options.probes ?? realProbes(root), options.projectFolder);
  print(checkTable(report.checks));
  if (options.json) print(JSON.stringify(report));
  return report.ok ? 0 : 1;
}
