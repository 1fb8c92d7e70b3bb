/** Tests which device leads, over every sequence of reports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Vec6 } from '../../main/api/geometry.ts';
import { createLead, DEFAULT_TAKEOVER, deflectionOf, isNeutral } from '../../main/api/teleop.ts';

const along = (x: number): Vec6 => [x, 0, 0, 0, 0, 0];
const REST = along(0);

const reports = fc.array(
  fc.record({
    source: fc.integer({ min: 0, max: 2 }),
    x: fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -0.07, max: 0.07, noNaN: true })),
  }),
  { minLength: 1, maxLength: 40 },
);

test('a source at neutral never leads while another is off neutral, and a full movement always leads at once', () => {
  fc.assert(
    fc.property(reports, (sequence) => {
      const axes = [REST, REST, REST];
      const lead = createLead<number>(
        (source) => axes[source] ?? REST,
        () => DEFAULT_TAKEOVER,
      );
      const off = (source: number) => !isNeutral(deflectionOf(axes[source] ?? REST), DEFAULT_TAKEOVER);
      for (const { source, x } of sequence) {
        const moved = axes[source]?.[0] !== x;
        axes[source] = along(x);
        lead.reported(source);
        const leader = lead.leader();
        assert.ok(leader !== undefined);
        if ([0, 1, 2].some(off)) assert.ok(off(leader), 'the leader is off neutral whenever any source is');
        if (moved && Math.abs(x) >= DEFAULT_TAKEOVER.engageDeflection) assert.equal(leader, source);
      }
    }),
  );
});

test('hysteresis: a small movement takes no lead from another device, and keeps the one that it has', () => {
  const axes = [along(0.5), REST];
  const lead = createLead<number>(
    (source) => axes[source] ?? REST,
    () => DEFAULT_TAKEOVER,
  );
  const moves = (source: number, x: number) => {
    axes[source] = along(x);
    lead.reported(source);
    return lead.leader();
  };
  moves(0, 0.51);
  assert.equal(moves(1, 0.08), 0, 'between neutral and takeover');
  assert.equal(moves(1, 0.12), 1, 'at the deflection that takes over');
  assert.equal(moves(1, 0.08), 1, 'kept until it is neutral');
  assert.equal(moves(1, 0.06), 0);
});

test('a repeated report is no movement, and neutral follows the settings at once', () => {
  let takeover = DEFAULT_TAKEOVER;
  const axes = [along(1), along(0.5)];
  const lead = createLead<number>(
    (source) => axes[source] ?? REST,
    () => takeover,
  );
  lead.reported(0);
  lead.reported(1);
  lead.reported(0);
  assert.equal(lead.leader(), 1);
  takeover = { ...takeover, engageDeflection: 0.9, neutralDeflection: 0.6 };
  assert.equal(lead.leader(), 0);
  lead.forget(0);
  assert.notEqual(lead.leader(), 0);
});
