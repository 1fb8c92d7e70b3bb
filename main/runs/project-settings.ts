/**
 * The operator's settings of a project, kept over restarts in `settings.json`: how she takes over and drives, the
 * limits of the arm, whether episodes start by themselves, and for each task what ends an episode. Acting noise is not
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
    takeover: takeoverSettingsSchema.optional(),
    teleop: teleopMapSchema.optional(),
    limits: safetyLimitsSchema.optional(),
    autoStart: z.boolean().optional(),
    success: z.partialRecord(taskIdSchema, successSettingsSchema).optional(),
  })
  .readonly();
type SettingsFile = z.infer<typeof fileSchema>;

/** The settings for one task. */
export type ProjectSettings = { readonly [Name in Exclude<keyof SettingsFile, 'success'>]?: SettingsFile[Name] } & {
  readonly success?: z.infer<typeof successSettingsSchema> | undefined;
};

/** `problem` is set when the file could not be read. The settings are then the program's own. */
export function openProjectSettings(projectFolder: string, task: TaskId) {
  const path = join(projectFolder, FILE);
  const { file, problem } = read(path);
  let kept = file;
  return {
    settings: forTask(file, task),
    problem,
    /** Keeps the given settings and leaves the others as they are. Refuses when the file cannot be written. */
    keep: ({ success, ...change }: ProjectSettings): Answer<undefined> => {
      const changed = { ...given(change), ...(success && { success: { ...kept.success, [task]: success } }) };
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

function forTask({ success, ...shared }: SettingsFile, task: TaskId): ProjectSettings {
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
