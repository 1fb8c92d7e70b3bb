/**
 * Tests the reports on critics: errors against ones worked out by hand, the episodes that count, and a well-formed
 * picture.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EpisodeSummary } from '../../../main/api/episode.ts';
import { criticMethods } from '../../../main/study/critic/critic-methods.ts';
import { criticPlot } from '../../../main/study/critic/critic-plot.ts';
import { criticReport, isUnaided } from '../../../main/study/critic/critic-report.ts';

const reading = (episodeId: number, least: number, back: number, mean = least + 1) => ({
  ...{ episodeId, mean, least },
  return: back,
});

test('errors over everything, by bins of the return, and apart for successes and failures', () => {
  const readings = [reading(1, 8, 9), reading(1, 10, 9.5), reading(2, 1, -2.5)];
  const report = criticReport(readings, new Set([1]));
  const { bins, successes, failures, correlation, ...rest } = report;
  assert.deepEqual(rest, {
    ...{ transitions: 3, episodes: 2, bias: 1, overestimation: 2 / 3, biasOfMean: 2 },
    rmse: Math.sqrt((1 + 0.25 + 12.25) / 3),
  });
  assert.ok(correlation > 0.9 && correlation < 1);
  assert.deepEqual(
    bins.map(({ from, to, transitions, meanQ, bias }) => [from, to, transitions, meanQ, bias]),
    [
      [-3, -2, 1, 1, 3.5],
      [9, 10, 2, 9, -0.25],
    ],
  );
  assert.equal(successes?.bias, -0.25);
  assert.deepEqual([failures?.bias, failures?.correlation, failures?.overestimation], [3.5, 0, 1]);
  assert.equal('failures' in criticReport(readings.slice(0, 2), new Set([1])), false);
  assert.throws(() => criticReport([], new Set()), /no readings/);
});

test('unaided: the policy alone from start to end', () => {
  const alone: EpisodeSummary = {
    ...{ id: 1, sessionId: 1, task: 'insert', mode: 'run', observation: 'state', seed: 0, policyIsCandidate: false },
    ...{ startedAtMs: 0, steps: 10, humanSteps: 0, takeovers: 0, return: 9, outcome: 'success', discarded: false },
  };
  const { outcome: _outcome, ...unfinished } = alone;
  assert.ok(isUnaided(alone) && isUnaided({ ...alone, outcome: 'truncated' }));
  for (const other of [
    unfinished,
    { ...alone, outcome: 'aborted' as const },
    { ...alone, takeovers: 1 },
    { ...alone, humanSteps: 1 },
    { ...alone, mode: 'demonstrate' as const },
    { ...alone, discarded: true },
    { ...alone, steps: 0 },
  ])
    assert.equal(isUnaided(other), false);
});

test('the plot: a panel each on one scale, tags that close, text that is escaped, no more points than it can show', () => {
  const points = Array.from({ length: 4000 }, (_, at) => ({ least: at / 400, return: at / 500 - 2, success: at > 99 }));
  const { bins } = criticReport(
    points.map((point) => reading(1, point.least, point.return)),
    new Set([1]),
  );
  const panel = { title: 'a < b', notes: ['bias +1 & more'], points, bins };
  const svg = criticPlot([panel, { ...panel, title: 'other' }]);
  assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(svg, /a &lt; b.*bias \+1 &amp; more/s);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  const open: string[] = [];
  for (const [tag, slash, name, , selfClosing] of svg.matchAll(/<(\/?)([a-z]+)([^>]*?)(\/?)>/g)) {
    if (slash) assert.equal(open.pop(), name, tag);
    else if (!selfClosing) open.push(name ?? '');
  }
  assert.deepEqual(open, []);
  const drawn = svg.match(/h0/g)?.length ?? 0;
  assert.ok(drawn > 2000 && drawn < 3100, `${drawn} points in two panels`);
  assert.throws(() => criticPlot([]), /at least one point/);
});

test('runs are one method when every setting is the same; namesakes are told apart by what differs', () => {
  const settings = { mcFloor: 'uncut', nStep: '1', 'online.eta': '1', tau: '0.005' };
  const studied = (more: object, preset = 'cell') => ({
    algorithm: 'conrft',
    preset,
    settings: { ...settings, ...more },
  });
  const found = criticMethods([
    ...[studied({}), studied({ 'online.eta': '0.3' }), studied({}), studied({ mcFloor: 'off', nStep: '5' })],
    ...[studied({ 'online.eta': '0.3', views: '2' }), studied({}, 'paper')],
  ]);
  assert.deepEqual(found, [
    { name: 'conrft cell, floor uncut', own: ['online.eta 1', 'views absent'], studies: [0, 2] },
    { name: 'conrft cell, floor uncut', own: ['online.eta 0.3', 'views absent'], studies: [1] },
    { name: 'conrft cell, no floor, 5-step', own: [], studies: [3] },
    { name: 'conrft cell, floor uncut', own: ['online.eta 0.3', 'views 2'], studies: [4] },
    { name: 'conrft paper, floor uncut', own: [], studies: [5] },
  ]);
});
