/**
 * The main job headless, three seeds: demonstrations, ConRFT's offline stage, rounds of corrected episodes, report.
 * Sessions are kept in `.takeover/main-job/` and continued there, so a second call prints what the first one measured.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { takeover } from './takeover-command.ts';

const SEEDS = [0, 1, 2];
const SETTINGS = ['--demos', '20', '--episodes', '80', '--noise', '0', '--max-minutes', '240'];
const QUICK = [
  '--demos',
  '1',
  '--episodes',
  '1',
  '--round',
  '1',
  '--selection-episodes',
  '1',
  '--report-episodes',
  '1',
];

const sessionSchema = z.object({
  seed: z.number(),
  rounds: z.array(
    z.object({
      name: z.string(),
      successRate: z.number(),
      ci95: z.tuple([z.number(), z.number()]),
      meanSteps: z.number(),
      interventionRate: z.number(),
    }),
  ),
});
type Round = z.infer<typeof sessionSchema>['rounds'][number];

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

function cellOf({ name, successRate, ci95, meanSteps, interventionRate }: Round): string {
  const alone = `${percent(successRate)} (${(100 * ci95[0]).toFixed(0)}–${(100 * ci95[1]).toFixed(0)})`;
  const byHand = /^online/.test(name) ? `, ${percent(interventionRate)} by hand` : '';
  return `${alone}, ${meanSteps.toFixed(1)} steps${byHand}`;
}

export async function run(quick: boolean) {
  const folder = join(import.meta.dirname, '../../.takeover', quick ? 'main-job-quick' : 'main-job');
  const sessions: z.infer<typeof sessionSchema>[] = [];
  for (const seed of quick ? [0] : SEEDS) {
    const data = join(folder, `seed-${seed}`);
    await takeover('hil', ...(quick ? QUICK : SETTINGS), '--seed', String(seed), '--data', data);
    const line = readFileSync(join(data, 'hil-results.jsonl'), 'utf8').trimEnd().split('\n').at(-1) ?? '';
    sessions.push(sessionSchema.parse(JSON.parse(line)));
  }
  const names = sessions[0]!.rounds.map(({ name }) => name);
  const rows = names.map((name) => {
    const cells = sessions.map(({ rounds }) => rounds.find((round) => round.name === name));
    return `| ${[name, ...cells.map((round) => (round ? cellOf(round) : '–'))].join(' | ')} |`;
  });
  const table = [
    `| round | ${sessions.map(({ seed }) => `seed ${seed}`).join(' | ')} |`,
    `| --- | ${sessions.map(() => '---').join(' | ')} |`,
    ...rows,
  ].join('\n');
  const note =
    'Success alone, without help and without acting noise, with its 95 % interval; steps of successful episodes. ' +
    'The report uses seeds that nothing was trained or chosen on. Reward and the end of an episode come from the simulator.';
  return { name: 'main-job', settings: SETTINGS.join(' '), note, table };
}
