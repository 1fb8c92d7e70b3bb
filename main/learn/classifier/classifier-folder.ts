/**
 * The classifiers of a project: `classifiers/<n>/` holds a model and its manifest. Loads no tensor library, so the
 * engine may use it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClassifierManifest, classifierManifestSchema } from '../../api/classifier.ts';
import { writeFileAtomically } from '../../models/atomic-files.ts';

export interface MadeClassifier {
  readonly manifest: ClassifierManifest;
  readonly manifestPath: string;
}

export const manifestIn = (folder: string): string => join(folder, 'manifest.json');

const classifiersFolder = (projectFolder: string): string => join(projectFolder, 'classifiers');
const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
const text = (manifest: ClassifierManifest) => `${JSON.stringify(manifest, undefined, 2)}\n`;

/** Returns the number and the folder of the next classifier. The folder does not exist yet. */
export function nextClassifierFolder(projectFolder: string): { readonly number: number; readonly folder: string } {
  const parent = classifiersFolder(projectFolder);
  const number = Math.max(0, ...namesIn(parent).map(Number).filter(Number.isInteger)) + 1;
  return { number, folder: join(parent, String(number)) };
}

export function writeClassifierManifest(folder: string, manifest: ClassifierManifest): void {
  writeFileSync(manifestIn(folder), text(manifest));
}

/** Lists the classifiers, newest first. Leaves out folders without a readable manifest. */
export function listClassifiers(projectFolder: string): MadeClassifier[] {
  const parent = classifiersFolder(projectFolder);
  return namesIn(parent)
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a))
    .flatMap((name) => {
      const manifestPath = manifestIn(join(parent, name));
      try {
        return [
          { manifest: classifierManifestSchema.parse(JSON.parse(readFileSync(manifestPath, 'utf8'))), manifestPath },
        ];
      } catch {
        return [];
      }
    });
}

/** Writes another threshold into the classifier's manifest. */
export function withThreshold({ manifest, manifestPath }: MadeClassifier, threshold: number): MadeClassifier {
  const changed = { ...manifest, threshold };
  writeFileAtomically(manifestPath, [new TextEncoder().encode(text(changed))]);
  return { manifest: changed, manifestPath };
}
