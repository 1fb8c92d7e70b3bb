/**
 * T6: a policy learns a second task and has kept 50 samples of the first. Fine-tuning alone wipes the first task out; replaying the
 * samples is not enough; the old policy's own answers on noised states keep it. Errors are mean squared errors on 2000 fresh samples.
 * The new task is held to an error of 0.01 (a hundredth of the actions' variance), not to twice that of fine-tuning alone: a net that
 * has nothing to keep fits it to a few ten-thousandths, and a ratio to that says little.
 * With touch (recipe R5): the new task needs a sense that the old policy did not have, let in through a gate that begins closed.
 */
import { behaviour } from './behaviour.ts';
import { createTwoTasks, type Samples } from './forgetting.ts';
import { answers, beginning, error, type FineTuning, fineTune, imitate, opening } from './forgetting-policy.ts';

const KEPT = 50;
const FRESH = 2000;
const STEPS = 4000;

behaviour({
  id: 'T6',
  claim: 'a second task, and later a new sense, without forgetting the first task',
  expectations: [
    { measure: 'before', label: 'old task before', role: 'seen' },
    { measure: 'naive', label: 'old task after fine-tuning alone', role: 'control', atLeast: 0.3 },
    { measure: 'replay', label: 'old task with replay of 50', role: 'seen' },
    { measure: 'distill', label: 'old task with distillation', role: 'seen' },
    { measure: 'both', label: 'old task with both', role: 'seen' },
    { measure: 'kept', label: 'fine-tuning alone over both: old task', role: 'claim', atLeast: 50 },
    { measure: 'newNaive', label: 'new task after fine-tuning alone', role: 'seen' },
    { measure: 'newBoth', label: 'new task with both', role: 'claim', atMost: 0.01 },
    {
      measure: 'firstStep',
      label: 'gate closed: answers that differ from the old policy’s in any bit',
      role: 'claim',
      atMost: 0,
    },
    { measure: 'untouched', label: 'new task with touch, a policy without it', role: 'control', atLeast: 0.04 },
    { measure: 'touched', label: 'new task with touch, through the gate', role: 'claim', atMost: 0.03 },
    { measure: 'touchedOld', label: 'old task through the gate: times the error before', role: 'seen' },
    { measure: 'touchedKept', label: 'fine-tuning alone over the gated policy: old task', role: 'claim', atLeast: 50 },
    { measure: 'opening', label: 'gate afterwards, tanh g without its sign', role: 'claim', atLeast: 0.05 },
  ],
  measure: async (rng) => {
    const tasks = createTwoTasks(rng.split('tasks'));
    const draws = rng.split('samples');
    const [oldSamples, newSamples] = [tasks.samples('old', 4000, draws), tasks.samples('new', 4000, draws)];
    const kept = tasks.samples('old', KEPT, draws);
    const [oldFresh, newFresh] = [tasks.samples('old', FRESH, draws), tasks.samples('new', FRESH, draws)];
    const base = await imitate(oldSamples, 4000, rng.split('base'));
    const run = async (options: FineTuning, from: Samples) =>
      fineTune(base, from, kept, options, STEPS, rng.split('fine-tuning'));

    const plain = { replay: false, distill: false, touch: false };
    const naive = await run(plain, newSamples);
    const replay = await run({ ...plain, replay: true }, newSamples);
    const distill = await run({ ...plain, distill: true }, newSamples);
    const both = await run({ ...plain, replay: true, distill: true }, newSamples);
    const [before, forgotten, kept2] = [
      await error(base, oldFresh),
      await error(naive, oldFresh),
      await error(both, oldFresh),
    ];

    const [feltSamples, feltFresh] = [
      tasks.samples('new', 4000, draws, true),
      tasks.samples('new', FRESH, draws, true),
    ];
    const numb = await run({ ...plain, replay: true, distill: true }, feltSamples);
    const feeling = await run({ replay: true, distill: true, touch: true }, feltSamples);
    const closed = { weights: beginning(base, true, rng.split('fine-tuning')), gated: true };
    const [own, first] = [await answers(base, oldFresh), await answers(closed, oldFresh)];
    const touchedOld = await error(feeling, oldFresh);
    return {
      ...{ before, naive: forgotten, both: kept2 },
      replay: await error(replay, oldFresh),
      distill: await error(distill, oldFresh),
      kept: forgotten / kept2,
      newNaive: await error(naive, newFresh),
      newBoth: await error(both, newFresh),
      firstStep: first.filter((action, index) => !Object.is(action, own[index])).length,
      untouched: await error(numb, feltFresh),
      touched: await error(feeling, feltFresh),
      touchedOld: touchedOld / before,
      touchedKept: forgotten / touchedOld,
      opening: Math.abs(await opening(feeling)),
    };
  },
});
