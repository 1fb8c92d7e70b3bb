/** Rows of distillation, contrast and preference. */
import {
  distillCategorical,
  distillField,
  distillGaussian,
  distillRegression,
} from '../../../../main/learn/losses/alignment/distillation.ts';
import { infoNce } from '../../../../main/learn/losses/alignment/info-nce.ts';
import { tpo } from '../../../../main/learn/losses/alignment/tpo.ts';
import { flags, real, whole } from '../../../../main/tensor/ops/op.ts';
import { add, reshape } from '../../../../main/tensor/tensor.ts';
import type { LossRow } from '../harness.ts';
import { actions, CHUNK, each, padded, weighted } from './operands.ts';

export const ALIGNMENT_ROWS: Readonly<Record<string, readonly LossRow[]>> = {
  'alignment/info-nce': [
    {
      title: 'contrastive with duplicates',
      inputs: { queries: real([4, 3]), keys: real([4, 3]), logScale: real([], 0, 2), ids: whole([4], 0, 3) },
      by: ['queries', 'keys', 'logScale'],
      loss: (x) => infoNce(x('queries'), x('keys'), x('logScale'), x('ids')),
    },
  ],
  'alignment/distillation': [
    {
      title: 'bins, temperature 2',
      inputs: { teacher: real([...CHUNK, 5]), student: real([...CHUNK, 5]), ...weighted },
      by: ['student'],
      ignored: each(padded, 'teacher', 'student'),
      loss: (x) => distillCategorical(x('teacher'), x('student'), 2, { pad: x('pad') }),
    },
    {
      title: 'Gaussian and regression',
      inputs: { m: actions, s: actions, n: actions, t: actions, ...weighted },
      by: ['n', 't'],
      ignored: each(padded, 'm', 's', 'n', 't'),
      loss: (x) =>
        add(
          distillGaussian({ mean: x('m'), logStd: x('s') }, { mean: x('n'), logStd: x('t') }, { pad: x('pad') }),
          distillRegression(x('m'), x('n'), { pad: x('pad') }),
        ),
    },
    {
      title: 'fields at one point',
      inputs: { teacher: actions, student: actions, x: actions, time: real([3], 0, 1), pad: flags([3, 4]) },
      by: ['student'],
      ignored: each(padded, 'teacher', 'student', 'x'),
      loss: (x) =>
        distillField(
          (at) => add(at, x('teacher')),
          (at, time) => add(add(at, reshape(time, [3, 1, 1])), x('student')),
          x('x'),
          x('time'),
          { pad: x('pad') },
        ),
    },
  ],
  'alignment/tpo': [
    {
      title: 'trajectory preference',
      inputs: { a: real([4]), b: real([4]), c: real([4]), d: real([4]) },
      by: ['a', 'c'],
      loss: (x) => tpo({ policy: x('a'), reference: x('b') }, { policy: x('c'), reference: x('d') }, 0.7).loss,
    },
  ],
};
