/** Finds work folders and files that no export, run or store needs after every process has ended. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const WORK_NAME = /\.partial|\.tmp$|\.part$|-old$/;

export function leftOverFolders(root: string): readonly string[] {
  const found: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (WORK_NAME.test(entry.name)) found.push(relative(root, path));
      else if (entry.isDirectory()) walk(path);
    }
  };
  walk(root);
  return found;
}
