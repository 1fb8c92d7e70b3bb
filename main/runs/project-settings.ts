/**
 * The operator's settings of a project, kept over restarts in `settings.json`: the task, how she takes over and drives,
 * the limits of the arm, whether episodes start by themselves, and for each task what ends an episode. Acting noise is not
 * among them, because it belongs to a policy.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { successSettingsSchema } from '../api/classifier.ts';
import { safetyLimitsSchema } from '../api/limits.ts';
import { type TaskId, taskIdSchema } from '../api/task.ts';
import { takeoverSettingsSchema, teleopMapSchema } from '../api/teleop.ts';
import { type Answer, done, refused } from '../engine/services.ts';

const FILE = 'settings.json';

const fileSchema = z
  .object({
    /** The task that was chosen last. */
    task: taskIdSchema.optional(),
    takeover: takeoverSettingsSchema.optional(),
    teleop: teleopMapSchema.optional(),
    limits: safetyLimitsSchema.optional(),
    autoStart: z.boolean().optional(),
    success: z.partialRecord(taskIdSchema, successSettingsSchema).optional(),
  })
  .readonly();
type SettingsFile = z.infer<typeof fileSchema>;

/** The settings for one task. */
export type ProjectSettings = {
  readonly [Name in Exclude<keyof SettingsFile, 'success' | 'task'>]?: SettingsFile[Name];
} & {
  readonly success?: z.infer<typeof successSettingsSchema> | undefined;
};

/** Returns the task that was chosen last in the window; `undefined` when none was. */
export const rememberedTask = (projectFolder: string): TaskId | undefined => read(join(projectFolder, FILE)).file.task;

/** `problem` is set when the file could not be read. The settings are then the program's own. */
export function openProjectSettings(projectFolder: string, first: TaskId) {
  const path = join(projectFolder, FILE);
  const { file, problem } = read(path);
  let kept = file;
  let current = first;
  return {
    settings: forTask(file, first),
    problem,
    /** Returns what ends an episode of a task. */
    successOf: (task: TaskId) => kept.success?.[task],
    /**
     * Keeps the given settings and leaves the others as they are; `success` belongs to the task that was kept last.
     * Refuses when the file cannot be written.
     */
    keep: ({ success, ...change }: ProjectSettings & { readonly task?: TaskId | undefined }): Answer<undefined> => {
      current = change.task ?? current;
      const changed = { ...given(change), ...(success && { success: { ...kept.success, [current]: success } }) };
      if (Object.keys(changed).length === 0) return done(undefined);
      kept = { ...kept, ...changed };
      try {
        writeFileSync(`${path}.part`, `${JSON.stringify(kept, undefined, 2)}\n`);
        renameSync(`${path}.part`, path);
        return done(undefined);
      } catch (error) {
        return refused(
          `What you set is in force, and will be lost when the program ends: ${path} could not be written (${String(error)}).`,
          'Free some space, or make the folder writable, and set it again.',
        );
      }
    },
  };
}

function forTask({ success, task: _, ...shared }: SettingsFile, task: TaskId): ProjectSettings {
  const own = success?.[task];
  return { ...shared, ...(own && { success: own }) };
}

const given = (change: object) => Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));

function read(path: string) {
  const file: SettingsFile = {};
  if (!existsSync(path)) return { file };
  try {
    return { file: fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) };
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const why = issue ? `${issue.path.join('.')}: ${issue.message}` : String(error);
    return {
      file,
      problem: {
        message: `The settings kept in ${path} could not be read (${why}); those that the program comes with are in force.`,
        remedy: 'Correct the file and start again, or set anew what you need: the file is then replaced.',
      },
    };
  }
}
