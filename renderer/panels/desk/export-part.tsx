/**
 * The export form of the Data tab: which episodes, the target folder, and the progress. Episodes that differ must be
 * exported separately, so the form can choose among them.
 */
import { exportBufferSchema, observationKindSchema, outcomeSchema, taskIdSchema } from '../../../main/api/index.ts';
import { exportProject } from '../../commands/export-project.ts';
import { type ExportState, useEngine } from '../../state/engine-store.ts';
import { choiceOf, type ExportWishes } from '../../state/export-wishes.ts';
import { useWindow } from '../../state/window-store.ts';
import { Button } from '../../ui/button.tsx';
import { type Option, PathLine, Progress, Row, Section, Select, Switch } from '../../ui/form.tsx';

interface FieldSpec {
  readonly field: 'task' | 'observation' | 'buffer' | 'outcome';
  readonly label: string;
  readonly title: string;
  readonly all: string;
  readonly options: readonly Option<string>[];
}

const plain = (values: readonly string[]) => values.map((value) => ({ value, label: value }));
const BUFFERS = { rl: 'RL', demo: 'Demo' } as const;
const FIELDS: readonly FieldSpec[] = [
  {
    field: 'task',
    label: 'Task',
    title: 'Only episodes of this task',
    all: 'All tasks',
    options: plain(taskIdSchema.options),
  },
  {
    field: 'observation',
    label: 'Observation',
    title: 'Only episodes that were recorded with this observation; a dataset has one',
    all: 'All observations',
    options: plain(observationKindSchema.options),
  },
  {
    field: 'buffer',
    label: 'Buffer',
    title: 'Only episodes with at least one step in this buffer; they are exported whole',
    all: 'Both buffers',
    options: exportBufferSchema.options.map((value) => ({ value, label: BUFFERS[value] })),
  },
  {
    field: 'outcome',
    label: 'Outcome',
    title: 'Only episodes that ended so',
    all: 'All outcomes',
    options: plain(outcomeSchema.options),
  },
];

const wish = (change: Partial<ExportWishes>) =>
  useWindow.setState(({ exportWishes }) => ({ exportWishes: { ...exportWishes, ...change } }));

function ChoiceField({ field, label, title, all, options }: FieldSpec) {
  const value = useWindow((state) => state.exportWishes[field]);
  return (
    <Row label={label} title={title}>
      <Select
        label={`Export: ${label}`}
        value={value}
        options={[{ value: '', label: all }, ...options]}
        onChange={(chosen) => wish({ [field]: chosen })}
      />
    </Row>
  );
}

function ExportLine({ line }: { readonly line: ExportState }) {
  return (
    <div className="export" data-state={line.state}>
      <PathLine path={line.directory} />
      {line.state === 'running' ? (
        <Progress fraction={line.fraction} label="Progress of the export" />
      ) : (
        <span className={line.state === 'failed' ? 'danger-text' : 'muted'}>
          {line.message ?? (line.state === 'failed' ? 'failed' : 'finished')}
        </span>
      )}
    </div>
  );
}

export function ExportPart() {
  const exports = useEngine((state) => state.exports);
  const wishes = useWindow((state) => state.exportWishes);
  const wished = choiceOf(wishes);
  const wrong = wished.kind === 'wrong' ? wished.message : undefined;
  return (
    <Section title="Export">
      <Row label="Format">LeRobotDataset v3.0</Row>
      {FIELDS.map((spec) => (
        <ChoiceField key={spec.field} {...spec} />
      ))}
      <input
        className="path"
        placeholder="Episode numbers, 1-5,8 (empty: all)"
        aria-label="Episode numbers to export"
        aria-invalid={wrong !== undefined}
        title={wrong}
        value={wishes.episodes}
        onChange={(event) => wish({ episodes: event.target.value })}
      />
      {wrong === undefined ? null : <p className="danger-text">{wrong}</p>}
      <input
        className="path"
        placeholder="Folder (empty: in the project)"
        aria-label="Folder to export to"
        value={wishes.directory}
        onChange={(event) => wish({ directory: event.target.value })}
      />
      <Switch
        label="With discarded episodes"
        on={wishes.includeDiscarded}
        onChange={(includeDiscarded) => wish({ includeDiscarded })}
      />
      <div className="buttons">
        <Button kind="strong" blocked={wrong} onClick={() => void exportProject()}>
          {wished.kind === 'everything' ? 'Export the project' : 'Export the chosen episodes'}
        </Button>
      </div>
      {exports.map((line) => (
        <ExportLine key={line.exportId} line={line} />
      ))}
    </Section>
  );
}
