#!/usr/bin/env node
/** The command line: `takeover <verb>`. Each verb is one file, loaded only when it is asked for. */
import { errorInWords, UsageError } from '../api/error-words.ts';

const VERBS = {
  serve: { summary: 'start the engine and the window', load: () => import('./serve.ts') },
  demo: { summary: 'record demonstrations, scripted or by hand', load: () => import('./demo.ts') },
  rollout: { summary: 'run episodes headless and record them', load: () => import('./rollout.ts') },
  finetune: { summary: 'fine-tune a policy on what is recorded', load: () => import('./finetune.ts') },
  evaluate: { summary: 'measure a policy on seeds it has never seen', load: () => import('./evaluate.ts') },
  hil: {
    summary: 'the whole loop headless: demonstrations, offline stage, corrected rounds',
    load: () => import('./hil.ts'),
  },
  critic: { summary: 'Q against the returns of unaided episodes', load: () => import('./critic.ts') },
  compare: { summary: 'compare methods and encoders in the cell', load: () => import('./compare.ts') },
  classifier: {
    summary: 'train the reward classifier on labelled frames and report on held-out ones',
    load: () => import('./classifier.ts'),
  },
  export: { summary: 'write the recordings as a standard dataset', load: () => import('./export.ts') },
  doctor: {
    summary: 'check devices, permissions, versions and execution providers',
    load: () => import('./doctor.ts'),
  },
} as const;

function usage(): string {
  const lines = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return [
    'usage: takeover <verb> [options]',
    '',
    ...lines,
    '',
    'takeover <verb> --help lists the options of a verb.',
  ].join('\n');
}

async function main(): Promise<number> {
  if (Number(process.versions.node.split('.')[0]) < 24) {
    console.error(
      `takeover needs Node 24, which comes with it; this is Node ${process.versions.node}. Run it as \`npx takeover\` or \`npm run takeover -- …\`.`,
    );
    return 2;
  }
  const [verb, ...rest] = process.argv.slice(2);
  if (verb === undefined || verb === '--help' || verb === '-h') {
    console.log(usage());
    return verb === undefined ? 2 : 0;
  }
  if (!Object.hasOwn(VERBS, verb)) {
    console.error(`takeover: there is no verb "${verb}".\n\n${usage()}`);
    return 2;
  }
  const { run } = await VERBS[verb as keyof typeof VERBS].load();
  try {
    return await run(rest);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`takeover ${verb}: ${error.message}`);
      return 2;
    }
    console.error(`takeover ${verb}: ${errorInWords(error)}`);
    if (process.env['TAKEOVER_DEBUG'] && error instanceof Error) console.error(error.stack);
    return 1;
  }
}

process.exitCode = await main();
